/* One tier of the cache: which block lies in which slot, least recently used first out.
 *
 * Pure: it moves no bytes. A pinned slot is in use by a transfer or a request and is never given
 * away. A slot whose bytes are still on their way is taken but not ready: it is found, but a reader
 * must wait or go elsewhere. */
#ifndef WEFT_KV_CACHE_H
#define WEFT_KV_CACHE_H

#include "base/base.h"

#define WEFT_KV_SLOTS_MAX (1u << 22)

struct weft_kv_slot {
    uint64_t key;
    uint64_t checksum; /* the user's: of the bytes in it */
    uint32_t pins;
    uint32_t newer; /* in order of use; WEFT_NONE at the ends */
    uint32_t older;
    bool used;
    bool ready;
};

struct weft_kv_tier {
    uint32_t capacity; /* slots */
    uint32_t used_count;
    uint32_t free_count;
    uint32_t newest;
    uint32_t oldest;
    uint32_t bucket_mask;
    struct weft_kv_slot *slots;
    uint32_t *buckets; /* slot numbers, open addressing; WEFT_NONE: empty */
    uint32_t *free_slots;
    uint64_t evicted_count;
};

/* False when there is no memory. Needs capacity in 1 .. WEFT_KV_SLOTS_MAX. */
bool weft_kv_tier_init(struct weft_kv_tier *tier, uint32_t capacity);
void weft_kv_tier_fini(struct weft_kv_tier *tier);

/* The slot of a block, or WEFT_NONE. Does not count as a use. */
uint32_t weft_kv_tier_find(const struct weft_kv_tier *tier, uint64_t key);

/* Makes the slot the most recently used one. */
void weft_kv_tier_touch(struct weft_kv_tier *tier, uint32_t slot);

/* A slot for a block that is not in the tier, evicting the least recently used slot that is not
 * pinned. It is pinned once, not ready, the most recently used. WEFT_NONE when all are pinned. */
uint32_t weft_kv_tier_take(struct weft_kv_tier *tier, uint64_t key);

/* The block's slot, pinned and the most recently used: its own (true), or one from take (false).
 * Needs room for it. */
bool weft_kv_tier_hold(struct weft_kv_tier *tier, uint64_t key, uint32_t *slot);

/* Slots that take could give one after the other now. */
uint32_t weft_kv_tier_room(const struct weft_kv_tier *tier);

void weft_kv_tier_pin(struct weft_kv_tier *tier, uint32_t slot);
void weft_kv_tier_unpin(struct weft_kv_tier *tier, uint32_t slot);

/* Forgets a block whose only pin is the caller's. */
void weft_kv_tier_drop(struct weft_kv_tier *tier, uint32_t slot);

/* Everything that must hold; NULL or a sentence. */
const char *weft_kv_tier_check(const struct weft_kv_tier *tier);

#endif
