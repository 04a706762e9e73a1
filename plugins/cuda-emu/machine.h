/* The emulated machine: its topology, what its links can carry now, and what faults wait for
 * copies.
 *
 * What changes while the machine runs is apart: it belongs to the common state (state.h). The rest
 * is this process's and guarded by the emulator's lock. Knows no copies: the emulator tells them
 * about a change. */
#ifndef WEFT_EMU_MACHINE_H
#define WEFT_EMU_MACHINE_H

#include "emu.h"
#include "fluid.h"

#define WEFT_EMU_GPUS_MAX 32

/* The links that a copy crosses, each once. */
struct weft_emu_path {
    uint32_t count;
    uint32_t links[WEFT_EMU_PATH_MAX];
};

/* What changes while the machine runs. */
struct weft_emu_live {
    struct weft_emu_fluid_link links[WEFT_LINKS_MAX]; /* what they carry now */
    bool cut[WEFT_LINKS_MAX];
    uint32_t loss_one_in[WEFT_LINKS_MAX]; /* of NICs, as the next; 0: none */
    uint32_t delay_us[WEFT_LINKS_MAX];
    uint32_t failing[WEFT_DEVICES_MAX]; /* copies of the device that shall still fail */
};

struct weft_emu_machine {
    char node[256]; /* as it was opened */
    struct weft_topo topo;
    struct weft_emu_live *live;
    uint32_t gpu_count;
    uint32_t gpus[WEFT_EMU_GPUS_MAX];                  /* by ordinal: the device */
    bool access[WEFT_EMU_GPUS_MAX][WEFT_EMU_GPUS_MAX]; /* from the first to the second's memory */
};

/* Builds the machine, without its live part, from a preset's name or a topology file; -1 with
 * `why`. */
int weft_emu_machine_init(struct weft_emu_machine *machine, const char *node,
                          char why[WEFT_EMU_WHY_BYTES]);

/* Sets the live part, zeroed memory, to what the topology describes. */
void weft_emu_live_init(struct weft_emu_live *live, const struct weft_topo *topo);

/* A number that says which machine the topology describes, whatever it is called. */
uint64_t weft_emu_machine_hash(const struct weft_emu_machine *machine);

/* Sets both directions of a link by name; -1 with `why`. */
int weft_emu_machine_set_link(struct weft_emu_machine *machine, const char *link,
                              enum weft_emu_link_state state, unsigned permille,
                              char why[WEFT_EMU_WHY_BYTES]);

/* A device by name; WEFT_NONE with `why`. */
uint32_t weft_emu_machine_device(const struct weft_emu_machine *machine, const char *name,
                                 char why[WEFT_EMU_WHY_BYTES]);

/* The links from one device to another. Between GPUs without `direct` access the copy goes through
 * the host memory beside the source. A count of 0: inside one device, or no way. */
void weft_emu_machine_path(const struct weft_emu_machine *machine, uint32_t from, uint32_t to,
                           bool direct, struct weft_emu_path *path);

/* True when a link of the path is cut. */
bool weft_emu_machine_is_cut(const struct weft_emu_machine *machine,
                             const struct weft_emu_path *path);

/* True when a copy between the two is to fail; uses up one of the failures ordered. */
bool weft_emu_machine_take_failure(struct weft_emu_machine *machine, uint32_t from, uint32_t to);

#endif
