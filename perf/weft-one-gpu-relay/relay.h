/* One GPU on the CUDA transport's own functions: its bytes to host memory directly, or over staging
 * slots in its own memory.
 *
 * No engine, no other GPU: what is left of a relay is what its second copy costs. A chunk's second
 * copy waits for its first on the device (`after`), and a slot is used again when the second copy
 * out of it has ended. One thread. */
#ifndef WEFT_ONE_GPU_RELAY_H
#define WEFT_ONE_GPU_RELAY_H

#include "common/testbed.h"
#include "weft_transport.h"

#define WEFT_RELAY_SLOTS      4
#define WEFT_RELAY_SLOT_BYTES WEFT_MIB(4)
#define WEFT_RELAY_COOKIES    (2 * WEFT_RELAY_SLOTS) /* of each slot: the first and second copy */

#define WEFT_RELAY_WAIT_NS ((weft_ns)10000000000) /* for a transfer, in the machine's own time */

/* Windows and lanes of the port. */
enum weft_relay_window {
    WEFT_RELAY_SOURCE,
    WEFT_RELAY_STAGING,
    WEFT_RELAY_HOST,
    WEFT_RELAY_WINDOWS
};
enum weft_relay_lane { WEFT_RELAY_INSIDE, WEFT_RELAY_OUT, WEFT_RELAY_LANES };

struct weft_relay_rig {
    const struct weft_testbed *testbed;
    const struct weft_transport_ops *ops;
    struct weft_transport_env env;
    char driver[WEFT_TESTBED_PATH_BYTES];
    struct weft_device_found found; /* the GPU */
    struct weft_device_ref gpu;
    struct weft_device_ref dram;
    struct weft_port *port;
    uint32_t lanes[WEFT_RELAY_LANES];
    uint32_t lane_count; /* opened; lanes[] is whole when it is WEFT_RELAY_LANES */
    void *memory[WEFT_RELAY_WINDOWS];
    bool added[WEFT_RELAY_WINDOWS];
    uint32_t flying;
    bool flies[WEFT_RELAY_COOKIES];
    weftResult_t failed; /* the first copy's that ended badly; else weftSuccess */
};

/* Opens the first GPU of the testbed with room for transfers of `size_max` bytes. `driver` is the
 * driver's file of a real machine, empty for the system's. False with a sentence. */
bool weft_relay_rig_open(struct weft_relay_rig *rig, const struct weft_testbed *testbed,
                         const char *driver, uint64_t size_max, char why[WEFT_WHY_BYTES]);
void weft_relay_rig_close(struct weft_relay_rig *rig);

/* Fills the first `size` bytes of the source with the pattern `seed`. */
bool weft_relay_rig_fill(struct weft_relay_rig *rig, uint64_t size, uint64_t seed,
                         char why[WEFT_WHY_BYTES]);

/* Moves `size` bytes to host memory and says how long that took, in the machine's own time: in one
 * copy, or chunk by chunk over the slots. False with a sentence. */
bool weft_relay_direct(struct weft_relay_rig *rig, uint64_t size, weft_ns *time_ns,
                       char why[WEFT_WHY_BYTES]);
bool weft_relay_staged(struct weft_relay_rig *rig, uint64_t size, weft_ns *time_ns,
                       char why[WEFT_WHY_BYTES]);

/* Makes host memory's bytes wrong; counts those that are not the pattern's. */
void weft_relay_rig_spoil(struct weft_relay_rig *rig, uint64_t size);
uint64_t weft_relay_rig_wrong(const struct weft_relay_rig *rig, uint64_t size, uint64_t seed);

#endif
