/* Where the ranks of a comm meet: at the root of their id, over the network, or, by an id without
 * an address, in this process.
 *
 * A rank knows its id and settings first, so that what is wrong with them costs no comm; then it
 * makes its comm, and begins with how that went. */
#ifndef WEFT_RENDEZVOUS_H
#define WEFT_RENDEZVOUS_H

#include "../core/config.h"
#include "../host/boot_id.h"
#include "../host/boot_meeting.h"

struct weft_rank {
    bool has_met;
    struct weft_boot_id id;
    uint32_t number;
    uint32_t count;
    uint64_t member; /* random: tells this comm from another one that says it is the rank */
};

/* weftInvalidArgument: `bytes` is no id. weftInvalidUsage: the ranks cannot meet by it, as things
 * are set. */
weftResult_t weft_rank_init(struct weft_rank *rank, const weftUniqueId *bytes, int number,
                            int count, const struct weft_config *settings);

/* Says how making the comm went and waits for all others; `mine` and `all` as weftCommExchange.
 * weftTimeout: not all came; `made`, when that was bad; others as weftCommInitRank. */
weftResult_t weft_rank_begin(struct weft_rank *rank, const struct weft_config *settings,
                             weftResult_t made, const void *mine, void *all, size_t each);

/* `mine` and `all` as weftCommExchange. */
weftResult_t weft_rank_exchange(const struct weft_rank *rank, const struct weft_config *settings,
                                const void *mine, void *all, size_t each);

/* A rank that has not begun is allowed. */
void weft_rank_leave(struct weft_rank *rank, const struct weft_config *settings);

#endif
