/* A request as the decode server takes it in.
 *
 *           asked             room               all words set           checked, told
 *   FREE ----------> ASKED ----------> GRANTED ---------------> CHECKING -------------> FREE
 *     ^                |                  |
 *     +-----dropped----+------dropped-----+           (dropped while CHECKING: nothing is told)
 *
 * Its slots are its own from GRANTED until it is FREE. When they are given back their pages are
 * written over, so that bytes which do not arrive cannot be taken for right ones of an earlier
 * request with the same prefix. Only the decode server's thread changes it, but for what its worker
 * writes while it is CHECKING. */
#ifndef WEFT_KV_INTAKE_H
#define WEFT_KV_INTAKE_H

#include "server.h"
#include "worker.h"

enum weft_kv_intake_state {
    WEFT_KV_INTAKE_FREE,
    WEFT_KV_INTAKE_ASKED,
    WEFT_KV_INTAKE_GRANTED,
    WEFT_KV_INTAKE_CHECKING,
    WEFT_KV_INTAKE_STATES
};

struct weft_kv_intake {
    struct weft_kv_task task; /* the check */
    enum weft_kv_intake_state state;
    struct weft_kv_server *server;
    uint64_t run;
    uint64_t serial; /* what its words will be */
    uint32_t seat;
    uint32_t gpu;
    uint32_t block_count;
    const uint64_t *keys;
    uint32_t slots[WEFT_KV_REQUEST_BLOCKS_MAX];
    uint32_t arrived_count; /* parts, from the first on, whose words were seen */
    bool is_dropped;        /* while CHECKING */
    /* found by the check */
    uint64_t wrong_bytes;
    uint64_t checksums[WEFT_KV_PARTS_MAX];
};

/* FREE to ASKED. */
void weft_kv_intake_ask(struct weft_kv_intake *intake, uint64_t serial, uint32_t gpu,
                        const uint64_t *keys, uint32_t block_count);

/* Takes slots if the GPU has room for all blocks now. */
bool weft_kv_intake_grant(struct weft_kv_intake *intake);

/* Looks at the words of a GRANTED one: weftInProgress until all parts have arrived. */
weftResult_t weft_kv_intake_look(struct weft_kv_intake *intake);

/* Hands the check to the worker. */
void weft_kv_intake_check(struct weft_kv_intake *intake, struct weft_kv_worker *worker);

/* FREE again, its slots too. Needs: no byte of it can land any more. */
void weft_kv_intake_free(struct weft_kv_intake *intake);

#endif
