/* The machine that a program measures: a comm that owns its memory, its description, its clock, and
 * on an emulated machine the controls of its links.
 *
 * Every time is the machine's own (dilation removed). Memory of a GPU is written and checked here
 * without Weft: what verifies a transfer must not be a transfer. */
#ifndef WEFT_TOOLS_TESTBED_H
#define WEFT_TOOLS_TESTBED_H

#include "common/units.h"
#include "core/topo.h"
#include "weft.h"

#define WEFT_TESTBED_PATH_BYTES 4096

struct weft_testbed_controls; /* the emulated machine's functions */

struct weft_testbed {
    weftComm_t home; /* owns all memory; carries no measured transfer */
    bool emulated;
    unsigned gpu_count;
    char node[WEFT_UNIT_BYTES * 8];  /* the preset or file; "this machine" for the real one */
    char server_id[WEFT_UNIT_BYTES]; /* of all its comms; empty: the default */
    unsigned dilation;               /* 1 on the real machine */
    struct weft_topo *topo;          /* NULL where no description is known (real machines) */
    struct weft_testbed_controls *controls; /* NULL on the real machine */
};

/* A setting by name, as weftConfigSet takes it. */
struct weft_testbed_setting {
    const char *name;
    const char *value;
};

/* Opens the emulated machine `node`, or with NULL the real one. `dilation` 0: the default.
 * False with a sentence; an unknown node lists the known ones. */
bool weft_testbed_open(struct weft_testbed *testbed, const char *node, unsigned dilation,
                       char why[WEFT_WHY_BYTES]);
void weft_testbed_close(struct weft_testbed *testbed);

/* The same for one of several servers, "127.0.0.2". */
bool weft_testbed_open_server(struct weft_testbed *testbed, const char *server_id, const char *node,
                              unsigned dilation, char why[WEFT_WHY_BYTES]);

/* The description that the library itself would use of the emulated machine `node`, or with NULL of
 * the real one. The caller frees it. NULL with a sentence. */
struct weft_topo *weft_testbed_describe(const char *node, unsigned dilation,
                                        char why[WEFT_WHY_BYTES]);

/* "hgx-h100, hgx-h20, ..." */
void weft_testbed_nodes(char *text, size_t size);

/* The file of the CUDA driver in use; empty: the system's. */
void weft_testbed_driver(const struct weft_testbed *testbed, char path[WEFT_TESTBED_PATH_BYTES]);

/* Another comm on the same testbed, with settings. The caller destroys it. */
bool weft_testbed_comm(const struct weft_testbed *testbed,
                       const struct weft_testbed_setting *settings, size_t count, weftComm_t *comm,
                       char why[WEFT_WHY_BYTES]);

/* A device by alias ("gpu0"); the reason lists those that hold windows. */
bool weft_testbed_device(const struct weft_testbed *testbed, const char *name, weftDevId_t *id,
                         char why[WEFT_WHY_BYTES]);

/* ns of the machine's own time. */
weft_ns weft_testbed_now(const struct weft_testbed *testbed);

/* Sleeps about `duration_ns` of the machine's own time, at least 50 us of real time. */
void weft_testbed_sleep(const struct weft_testbed *testbed, weft_ns duration_ns);

enum weft_link_change {
    WEFT_LINK_SCALE,
    WEFT_LINK_CUT,
    WEFT_LINK_HANG,
    WEFT_LINK_HANG_OUT, /* one direction alone: of a NIC, to the network */
    WEFT_LINK_HANG_IN,
    WEFT_LINK_LOSE,  /* of a NIC to its network: one packet in `permille` */
    WEFT_LINK_DELAY, /* the same: by `permille` us */
};

/* Changes both directions of a link now. `permille` is the number
 * that the change takes: of its described rate for SCALE. False on the
 * real testbed, or for an unknown link: the reason lists the known ones. */
bool weft_testbed_link(const struct weft_testbed *testbed, const char *link,
                       enum weft_link_change change, unsigned permille, char why[WEFT_WHY_BYTES]);

/* True when the link exists; else the reason lists those that do. */
bool weft_testbed_link_known(const struct weft_testbed *testbed, const char *link,
                             char why[WEFT_WHY_BYTES]);

/* The same for a machine that is only described; `node` names it in the reason. */
bool weft_testbed_link_listed(const struct weft_topo *topo, const char *node, const char *link,
                              char why[WEFT_WHY_BYTES]);

/* Bytes written to a device by copies since the machine started; 0 on the real machine. */
uint64_t weft_testbed_written(const struct weft_testbed *testbed, const char *device);

/* CPU time that the driver's calls would have cost, ns of the machine's time; 0 on the real one. */
weft_ns weft_testbed_submit_ns(const struct weft_testbed *testbed);

/* Fills device memory with a pattern (common/checksum.h), and counts the bytes that differ from it.
 * `is_gpu` says that host code may not be able to touch it. False when the driver fails. */
bool weft_testbed_fill(const struct weft_testbed *testbed, bool is_gpu, void *memory, size_t size,
                       uint64_t seed, uint64_t position);
bool weft_testbed_wrong(const struct weft_testbed *testbed, bool is_gpu, const void *memory,
                        size_t size, uint64_t seed, uint64_t position, uint64_t *wrong);

/* Bytes of device memory that host code may read: the memory itself where that is possible, else a
 * copy in `staging` of at least `size` bytes. NULL when the driver fails. */
const void *weft_testbed_view(const struct weft_testbed *testbed, bool is_gpu, const void *memory,
                              size_t size, void *staging);

#endif
