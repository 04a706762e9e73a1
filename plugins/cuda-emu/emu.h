/* Control of the emulated machine: functions that libweft-cuda-emu.so exports beside the CUDA
 * driver's.
 *
 * Weft's host and the tools find them by dlsym. All may be called from any thread. Functions that
 * return int give 0, or -1 with a sentence in `why` that lists what is valid. */
#ifndef WEFT_EMU_H
#define WEFT_EMU_H

#include <stddef.h>
#include <stdint.h>

#define WEFT_EMU_WHY_BYTES 512

enum weft_emu_link_state {
    WEFT_EMU_LINK_UP,       /* `permille` of its described rate, 1 .. 1000 */
    WEFT_EMU_LINK_CUT,      /* copies over it fail, those in flight too; what they moved stays */
    WEFT_EMU_LINK_HUNG,     /* copies over it stop and go on when it is up again */
    WEFT_EMU_LINK_HUNG_OUT, /* the same of its outgoing direction alone: of a NIC, to the network */
    WEFT_EMU_LINK_HUNG_IN,  /* and of the other */
    WEFT_EMU_LINK_LOSSY,    /* of a NIC to its network: one packet in `permille` is lost */
    WEFT_EMU_LINK_FAR,      /* the same: packets take so many us of the machine's time longer */
    WEFT_EMU_LINK_STATES
};

/* Starts the machine: a preset's name or the path of a topology XML file. Opening it again with the
 * same arguments is allowed and does nothing. Before cuInit; without it cuInit takes WEFT_EMULATE
 * and WEFT_DILATION. Every modelled time is stretched by `dilation`. With WEFT_EMU_MACHINE set, the
 * process joins the machine of that name. */
typedef int weft_emu_open_fn(const char *node, unsigned dilation, char why[WEFT_EMU_WHY_BYTES]);

/* The same, for the machine of that name: all processes of a user that join it share one. They see
 * one clock, their copies share its links and engines, and each may open the others' device memory
 * (cuIpcOpenMemHandle). Faults act on all; placed memory is each process's own. The first one says
 * what the machine is, the others must say the same. It ends with its last process. */
typedef int weft_emu_join_fn(const char *node, unsigned dilation, const char *machine_name,
                             char why[WEFT_EMU_WHY_BYTES]);

/* Degrades, cuts, hangs or restores both directions of a link, now ("gpu0-pcie"; see
 * weft_topo_link_name). What was before is over. `permille` is the number that the state takes. */
typedef int weft_emu_link_fn(const char *link, enum weft_emu_link_state state, unsigned permille,
                             char why[WEFT_EMU_WHY_BYTES]);

/* The next `count` copies that leave or reach `device` fail with an error half-way. */
typedef int weft_emu_fail_copies_fn(const char *device, unsigned count,
                                    char why[WEFT_EMU_WHY_BYTES]);

/* Says on which NUMA node host memory lies: the emulated machine's nodes are not this machine's.
 * Memory nobody placed is on node 0. */
typedef int weft_emu_place_fn(const void *base, size_t size, int numa_node);

/* What a link is now. Rates are bytes per us of the machine's time; 0: nothing, `is_cut` then says
 * whether it is cut or hung. */
struct weft_emu_link_now {
    uint64_t out_bytes_per_us;
    uint64_t in_bytes_per_us;
    int is_cut;
    uint32_t loss_one_in; /* 0: none is lost */
    uint64_t delay_us;    /* beside what is described, of the machine's time */
};

/* -1: no such link, or the machine is busy. For what models links that no copy of the driver
 * crosses, such as those of NICs. */
typedef int weft_emu_link_look_fn(const char *link, struct weft_emu_link_now *now);

/* Bytes that copies have read from (direction 0) or written to (1) a device since the start, those
 * of all processes. */
typedef uint64_t weft_emu_bytes_fn(const char *device, int direction);

/* The machine's own time, ns since it started: real time divided by the dilation. */
typedef uint64_t weft_emu_now_fn(void);

/* CPU time that driver calls would have cost, ns of the machine's time, all threads of this
 * process. */
typedef uint64_t weft_emu_submit_ns_fn(void);

#define WEFT_EMU_OPEN        "weftEmuOpen"
#define WEFT_EMU_JOIN        "weftEmuJoin"
#define WEFT_EMU_LINK        "weftEmuLink"
#define WEFT_EMU_FAIL_COPIES "weftEmuFailCopies"
#define WEFT_EMU_PLACE       "weftEmuPlace"
#define WEFT_EMU_LINK_LOOK   "weftEmuLinkLook"
#define WEFT_EMU_BYTES       "weftEmuBytes"
#define WEFT_EMU_NOW         "weftEmuNow"
#define WEFT_EMU_SUBMIT_NS   "weftEmuSubmitNs"

#endif
