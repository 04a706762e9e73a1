/* perf/weft-kv/kv_cache: hits, eviction by use, pins, and a long random run against a list. */
#include <criterion/criterion.h>

#include "../../perf/weft-kv/kv_cache.h"
#include "base/prng.h"

static void take_ready(struct weft_kv_tier *tier, uint64_t key)
{
    uint32_t slot = weft_kv_tier_take(tier, key);

    cr_assert_neq(slot, WEFT_NONE);
    weft_kv_tier_unpin(tier, slot);
}

Test(kv_cache, take__least_recently_used_goes_first)
{
    struct weft_kv_tier tier;

    cr_assert(weft_kv_tier_init(&tier, 3));
    take_ready(&tier, 10);
    take_ready(&tier, 20);
    take_ready(&tier, 30);
    weft_kv_tier_touch(&tier, weft_kv_tier_find(&tier, 10));
    take_ready(&tier, 40);
    cr_expect_eq(weft_kv_tier_find(&tier, 20), WEFT_NONE);
    cr_expect_neq(weft_kv_tier_find(&tier, 10), WEFT_NONE);
    take_ready(&tier, 50);
    cr_expect_eq(weft_kv_tier_find(&tier, 30), WEFT_NONE);
    cr_expect_eq(tier.evicted_count, 2);
    cr_expect_null(weft_kv_tier_check(&tier));
    weft_kv_tier_fini(&tier);
}

Test(kv_cache, take__pinned_slots_stay)
{
    struct weft_kv_tier tier;
    uint32_t first;
    uint32_t second;

    cr_assert(weft_kv_tier_init(&tier, 2));
    first = weft_kv_tier_take(&tier, 1);
    second = weft_kv_tier_take(&tier, 2);
    cr_expect_eq(weft_kv_tier_room(&tier), 0);
    cr_expect_eq(weft_kv_tier_take(&tier, 3), WEFT_NONE);
    weft_kv_tier_unpin(&tier, second);
    cr_expect_eq(weft_kv_tier_room(&tier), 1);
    cr_expect_eq(weft_kv_tier_take(&tier, 3), second);
    cr_expect_eq(weft_kv_tier_find(&tier, 1), first);
    cr_expect_eq(weft_kv_tier_find(&tier, 2), WEFT_NONE);
    weft_kv_tier_fini(&tier);
}

Test(kv_cache, take__slot_is_not_ready_and_forgets_its_past)
{
    struct weft_kv_tier tier;
    uint32_t slot;

    cr_assert(weft_kv_tier_init(&tier, 1));
    slot = weft_kv_tier_take(&tier, 1);
    tier.slots[slot].ready = true;
    tier.slots[slot].checksum = 99;
    weft_kv_tier_unpin(&tier, slot);
    slot = weft_kv_tier_take(&tier, 2);
    cr_expect_not(tier.slots[slot].ready);
    cr_expect_eq(tier.slots[slot].checksum, 0);
    weft_kv_tier_drop(&tier, slot);
    cr_expect_eq(weft_kv_tier_find(&tier, 2), WEFT_NONE);
    cr_expect_eq(weft_kv_tier_room(&tier), 1);
    cr_expect_null(weft_kv_tier_check(&tier));
    weft_kv_tier_fini(&tier);
}

/* 20,000 steps over few keys and a small table: long probe runs, many deletions. The other side is
 * a list of keys in order of use. */
Test(kv_cache, tier__long_run_equals_a_list)
{
    enum { CAPACITY = 16, KEYS = 40, STEPS = 20000 };
    struct weft_kv_tier tier;
    struct weft_prng prng;
    uint64_t list[CAPACITY];
    uint32_t count = 0;

    weft_prng_init(&prng, 1);
    cr_assert(weft_kv_tier_init(&tier, CAPACITY));
    for (int step = 0; step < STEPS; step++) {
        uint64_t key = weft_prng_below(&prng, KEYS) * 64;
        uint32_t slot = weft_kv_tier_find(&tier, key);
        uint32_t at = 0;

        while (at < count && list[at] != key)
            at++;
        cr_assert_eq(slot != WEFT_NONE, at < count, "step %d", step);
        if (slot != WEFT_NONE)
            weft_kv_tier_touch(&tier, slot);
        else
            take_ready(&tier, key);
        /* Move to the front, or push in and let the last one fall out. */
        if (at == count && count < CAPACITY)
            count++;
        if (at == CAPACITY)
            at = CAPACITY - 1;
        for (; at > 0; at--)
            list[at] = list[at - 1];
        list[0] = key;
        cr_assert_null(weft_kv_tier_check(&tier), "step %d", step);
    }
    weft_kv_tier_fini(&tier);
}

Test(kv_cache, hold__its_own_slot_or_a_new_one)
{
    struct weft_kv_tier tier;
    uint32_t first = WEFT_NONE;
    uint32_t again = WEFT_NONE;

    cr_assert(weft_kv_tier_init(&tier, 2));
    cr_expect_not(weft_kv_tier_hold(&tier, 7, &first), "it was not there");
    cr_expect(weft_kv_tier_hold(&tier, 7, &again));
    cr_expect_eq(again, first);
    cr_expect_eq(tier.slots[first].pins, 2);
    weft_kv_tier_fini(&tier);
}
