/* Communicators: the table of those that live, and what each has.
 *
 *             finalize              all ended
 *     OPEN ------------> FINALIZING ---------> FINALIZED
 *       \                     |                    |
 *        \________ abort _____|____________________|
 *                   v
 *                ABORTED
 *
 * Only OPEN takes transfers. A comm's windows lie in a table; an entry is
 *
 *     FREE --> OPENING --> LIVE <--> CLOSING --> FREE
 *
 * and what an entry says does not change while it is LIVE, but for `revoked`. */
#ifndef WEFT_COMM_H
#define WEFT_COMM_H

#include "../host/loop.h"
#include "../host/share.h"
#include "handle.h"
#include "rendezvous.h"

enum weft_comm_state {
    WEFT_COMM_OPEN,
    WEFT_COMM_FINALIZING,
    WEFT_COMM_FINALIZED,
    WEFT_COMM_ABORTED,
    WEFT_COMM_STATES
};

enum weft_entry_state {
    WEFT_ENTRY_FREE,
    WEFT_ENTRY_OPENING,
    WEFT_ENTRY_LIVE,
    WEFT_ENTRY_CLOSING,
    WEFT_ENTRY_STATES
};

/* A window as its holder has it. Its index is its number in the engine and in the ports. */
struct weft_entry {
    struct weft_flag word; /* generation * 4 + state */
    bool own;
    uint32_t device;
    unsigned rights;
    char *base;
    uint64_t size_bytes;
    struct weft_share *share;
};

/* Memory of weftMemAlloc. */
struct weft_memory {
    struct weft_memory *next;
    char *base;
    size_t size;
    uint32_t device;
};

struct weft_comm {
    uint32_t number; /* entry of the table of comms */
    uint32_t generation;
    struct weft_rank rank; /* of a comm of one: it has met nobody */
    struct weft_flag state;
    struct weft_loop *loop;
    uint32_t entry_count;
    struct weft_entry *entries;
    struct weft_ring free_entries;
    pthread_mutex_t memory_lock; /* guards `memory` */
    struct weft_memory *memory;
};

/* The comm of a handle, or NULL. */
struct weft_comm *weft_comm_find(weftComm_t handle);

/* The same for entry `number` of the table, whatever its generation. */
struct weft_comm *weft_comm_at(uint32_t number);

weftComm_t weft_comm_handle(const struct weft_comm *comm);

/* The comm of a handle; the last error names the call when it is none. */
weftResult_t weft_comm_get(const char *call, weftComm_t handle, struct weft_comm **comm);

/* weftInvalidUsage unless the comm takes transfers. */
weftResult_t weft_comm_takes(const char *call, const struct weft_comm *comm);

enum weft_comm_state weft_comm_state(const struct weft_comm *comm);

/* The name of a device for sentences. */
const char *weft_comm_device_name(const struct weft_comm *comm, uint32_t device);

/* now + timeout_ns of the comm's clock; WEFT_TIMEOUT_DEFAULT is `timeout_ms`.
 * weftInvalidArgument: negative, but not the default. */
weftResult_t weft_comm_deadline(const char *call, const struct weft_comm *comm, int64_t timeout_ns,
                                weft_ns *deadline_at);

/* ---- comm_meet.c ---- */

/* Says how making the comm went (NULL where it went wrong), meets all others of its id, and reaches
 * them where the setting boot_connect says so. Results as weftCommInitRank. */
weftResult_t weft_comm_meet(struct weft_comm *comm, struct weft_rank *rank,
                            const struct weft_config *settings, weftResult_t made);

/* ---- comm_make.c ---- */

/* Makes a comm and enters it into the table. */
weftResult_t weft_comm_open(const char *call, const struct weft_config *settings,
                            struct weft_comm **comm);

/* Takes the comm out of the table and frees it. weftUnknown: a copy hangs; all of it is kept. */
weftResult_t weft_comm_close(struct weft_comm *comm);

#endif
