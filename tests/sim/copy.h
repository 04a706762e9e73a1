/* A copy in flight: what the engine issued, as the fabric and the shadow memory know it.
 *
 *     issued          starts            ends                 noticed
 *     ------> QUEUED --------> RUNNING -------> ENDED ------------------> FREE
 *                \_______________________________/
 *                 the copy before it failed, or its link is cut: it moves nothing */
#ifndef SIM_COPY_H
#define SIM_COPY_H

#include "core/engine.h"

#define SIM_COPIES_MAX 16384

enum sim_copy_state {
    SIM_COPY_FREE,
    SIM_COPY_QUEUED,
    SIM_COPY_RUNNING,
    SIM_COPY_ENDED,
    SIM_COPY_STATES
};

struct sim_copy {
    enum sim_copy_state state;
    uint32_t cookie;
    uint32_t hop;
    uint32_t dst_window;
    uint32_t src_window;
    uint32_t after; /* WEFT_COOKIE_NONE, also once that copy has ended well */
    uint32_t op;    /* whose destination it writes, or WEFT_NONE */
    uint32_t extent_count;
    uint32_t extent_capacity;
    struct weft_extent *extents;
    uint64_t size_bytes;
    uint64_t left_units; /* thousandths of bytes still to be moved */
    uint64_t rate_bytes_per_us;
    weft_ns ready_at; /* it may start from then on */
    bool is_probe;
    bool is_doomed; /* the copy before it failed */
    bool will_fail; /* a fault says so */
    bool is_orphan; /* its transfer may have been given up: what it reads may change */
    bool is_stuck;  /* it makes no progress unless something is restored */
    weftResult_t result;
};

#endif
