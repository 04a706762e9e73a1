/* A tier: slots in a list by use, and a hash table with linear probing whose deletions close the
 * gap, so that no tombstones gather. */
#include "kv_cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

static uint32_t bucket_of(const struct weft_kv_tier *tier, uint64_t key)
{
    return (uint32_t)(weft_hash_word(WEFT_HASH_SEED, key) >> 7) & tier->bucket_mask;
}

bool weft_kv_tier_init(struct weft_kv_tier *tier, uint32_t capacity)
{
    uint32_t buckets = 4;

    weft_assert(capacity >= 1);
    weft_assert(capacity <= WEFT_KV_SLOTS_MAX);
    while (buckets < capacity * 2)
        buckets *= 2;
    memset(tier, 0, sizeof(*tier));
    tier->capacity = capacity;
    tier->bucket_mask = buckets - 1;
    tier->newest = tier->oldest = WEFT_NONE;
    tier->slots = calloc(capacity, sizeof(*tier->slots));
    tier->buckets = malloc(buckets * sizeof(*tier->buckets));
    tier->free_slots = malloc(capacity * sizeof(*tier->free_slots));
    if (tier->slots == NULL || tier->buckets == NULL || tier->free_slots == NULL) {
        weft_kv_tier_fini(tier);
        return false;
    }
    for (uint32_t i = 0; i < buckets; i++)
        tier->buckets[i] = WEFT_NONE;
    /* Slot 0 is given out first. */
    for (uint32_t i = 0; i < capacity; i++)
        tier->free_slots[i] = capacity - 1 - i;
    tier->free_count = capacity;
    return true;
}

void weft_kv_tier_fini(struct weft_kv_tier *tier)
{
    free(tier->slots);
    free(tier->buckets);
    free(tier->free_slots);
    memset(tier, 0, sizeof(*tier));
}

/* The bucket that holds the key, or the empty one where it would go. */
static uint32_t bucket_find(const struct weft_kv_tier *tier, uint64_t key)
{
    uint32_t bucket = bucket_of(tier, key);

    while (tier->buckets[bucket] != WEFT_NONE && tier->slots[tier->buckets[bucket]].key != key)
        bucket = (bucket + 1) & tier->bucket_mask;
    return bucket;
}

/* Empties a bucket and moves later ones of its run forward where they may go. */
static void bucket_clear(struct weft_kv_tier *tier, uint32_t bucket)
{
    uint32_t gap = bucket;

    for (uint32_t at = (gap + 1) & tier->bucket_mask; tier->buckets[at] != WEFT_NONE;
         at = (at + 1) & tier->bucket_mask) {
        uint32_t home = bucket_of(tier, tier->slots[tier->buckets[at]].key);

        /* It may not go before its home: its distance from home must reach back to the gap. */
        if (((at - home) & tier->bucket_mask) < ((at - gap) & tier->bucket_mask))
            continue;
        tier->buckets[gap] = tier->buckets[at];
        gap = at;
    }
    tier->buckets[gap] = WEFT_NONE;
}

static void list_remove(struct weft_kv_tier *tier, uint32_t slot)
{
    struct weft_kv_slot *s = &tier->slots[slot];

    if (s->newer != WEFT_NONE)
        tier->slots[s->newer].older = s->older;
    else
        tier->newest = s->older;
    if (s->older != WEFT_NONE)
        tier->slots[s->older].newer = s->newer;
    else
        tier->oldest = s->newer;
}

static void list_add_newest(struct weft_kv_tier *tier, uint32_t slot)
{
    struct weft_kv_slot *s = &tier->slots[slot];

    s->newer = WEFT_NONE;
    s->older = tier->newest;
    if (tier->newest != WEFT_NONE)
        tier->slots[tier->newest].newer = slot;
    else
        tier->oldest = slot;
    tier->newest = slot;
}

uint32_t weft_kv_tier_find(const struct weft_kv_tier *tier, uint64_t key)
{
    return tier->buckets[bucket_find(tier, key)];
}

void weft_kv_tier_touch(struct weft_kv_tier *tier, uint32_t slot)
{
    weft_assert(tier->slots[slot].used);
    list_remove(tier, slot);
    list_add_newest(tier, slot);
}

static void slot_free(struct weft_kv_tier *tier, uint32_t slot)
{
    bucket_clear(tier, bucket_find(tier, tier->slots[slot].key));
    list_remove(tier, slot);
    tier->slots[slot].used = false;
    tier->slots[slot].ready = false;
    tier->used_count--;
    tier->free_slots[tier->free_count++] = slot;
}

uint32_t weft_kv_tier_take(struct weft_kv_tier *tier, uint64_t key)
{
    uint32_t slot;

    weft_assert(weft_kv_tier_find(tier, key) == WEFT_NONE);
    if (tier->free_count == 0) {
        slot = tier->oldest;
        while (slot != WEFT_NONE && tier->slots[slot].pins > 0)
            slot = tier->slots[slot].newer;
        if (slot == WEFT_NONE)
            return WEFT_NONE;
        slot_free(tier, slot);
        tier->evicted_count++;
    }
    slot = tier->free_slots[--tier->free_count];
    tier->slots[slot] = (struct weft_kv_slot){.key = key, .pins = 1, .used = true};
    tier->buckets[bucket_find(tier, key)] = slot;
    list_add_newest(tier, slot);
    tier->used_count++;
    return slot;
}

bool weft_kv_tier_hold(struct weft_kv_tier *tier, uint64_t key, uint32_t *slot)
{
    *slot = weft_kv_tier_find(tier, key);
    if (*slot != WEFT_NONE) {
        weft_kv_tier_pin(tier, *slot);
        weft_kv_tier_touch(tier, *slot);
        return true;
    }
    *slot = weft_kv_tier_take(tier, key);
    weft_assert(*slot != WEFT_NONE);
    return false;
}

uint32_t weft_kv_tier_room(const struct weft_kv_tier *tier)
{
    uint32_t room = tier->free_count;

    for (uint32_t slot = tier->oldest; slot != WEFT_NONE; slot = tier->slots[slot].newer)
        room += tier->slots[slot].pins == 0;
    return room;
}

void weft_kv_tier_pin(struct weft_kv_tier *tier, uint32_t slot)
{
    weft_assert(tier->slots[slot].used);
    tier->slots[slot].pins++;
}

void weft_kv_tier_unpin(struct weft_kv_tier *tier, uint32_t slot)
{
    weft_assert(tier->slots[slot].pins > 0);
    tier->slots[slot].pins--;
}

void weft_kv_tier_drop(struct weft_kv_tier *tier, uint32_t slot)
{
    weft_assert(tier->slots[slot].used);
    weft_assert(tier->slots[slot].pins == 1);
    tier->slots[slot].pins = 0;
    slot_free(tier, slot);
}

const char *weft_kv_tier_check(const struct weft_kv_tier *tier)
{
    uint32_t listed = 0;
    uint32_t hashed = 0;

    for (uint32_t slot = tier->oldest; slot != WEFT_NONE; slot = tier->slots[slot].newer) {
        if (!tier->slots[slot].used)
            return "a free slot is in the list of use";
        if (weft_kv_tier_find(tier, tier->slots[slot].key) != slot)
            return "a listed slot is not found by its key";
        if (++listed > tier->capacity)
            return "the list of use is a ring";
    }
    for (uint32_t i = 0; i <= tier->bucket_mask; i++)
        hashed += tier->buckets[i] != WEFT_NONE;
    if (listed != tier->used_count || hashed != tier->used_count)
        return "list, table and count disagree";
    if (tier->used_count + tier->free_count != tier->capacity)
        return "slots are lost";
    return NULL;
}
