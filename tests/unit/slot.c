/* Slots of transfers: their states, generations, extents and waits. */
#include <criterion/criterion.h>
#include <pthread.h>

#include "host/slot.h"

static struct weft_slot_table table;
static struct weft_config config;

static void setup(void)
{
    weft_config_init(&config);
    config.transfers_max = 16;
    config.extents_max = 4 * WEFT_EXTENT_BLOCK_MAX;
    cr_assert_eq(weft_slot_init(&table, &config, 5), weftSuccess);
}

static void teardown(void)
{
    weft_slot_fini(&table);
}

TestSuite(slot, .init = setup, .fini = teardown);

static const struct weft_slot_end good = {.result = weftSuccess, .hop = WEFT_NONE};

Test(slot, life__watched)
{
    struct weft_slot_end end = {.result = weftInternalError};
    uint32_t slot = weft_slot_take(&table);

    cr_assert_neq(slot, WEFT_NONE);
    cr_assert_eq(weft_slot_state(&table, slot), WEFT_SLOT_PREPARED);
    cr_assert_eq(weft_slot_generation(&table, slot), 5);
    table.slots[slot].watched = true;
    weft_slot_live(&table, slot);
    cr_assert_not(weft_slot_collect(&table, slot, 5, &end));
    cr_assert_eq(end.result, weftInternalError);
    weft_slot_end(&table, slot, &good);
    cr_assert(weft_slot_is(&table, slot, 5));
    cr_assert_not(weft_slot_collect(&table, slot, 4, &end));
    cr_assert(weft_slot_collect(&table, slot, 5, &end));
    cr_assert_eq(end.result, weftSuccess);
    cr_assert_not(weft_slot_is(&table, slot, 5));
    cr_assert_not(weft_slot_collect(&table, slot, 5, &end));
    cr_assert_eq(weft_slot_generation(&table, slot), 6);
}

Test(slot, life__unwatched_frees_itself)
{
    uint32_t slot = weft_slot_take(&table);

    weft_slot_live(&table, slot);
    weft_slot_end(&table, slot, &good);
    cr_assert_eq(weft_slot_state(&table, slot), WEFT_SLOT_FREE);
}

Test(slot, take__all_then_none_then_again)
{
    for (uint32_t turn = 0; turn < 3; turn++) {
        for (uint32_t i = 0; i < 16; i++)
            cr_assert_neq(weft_slot_take(&table), WEFT_NONE);
        cr_assert_eq(weft_slot_take(&table), WEFT_NONE);
        for (uint32_t i = 0; i < 16; i++)
            weft_slot_drop(&table, i);
    }
}

Test(slot, is__nonsense)
{
    cr_assert_not(weft_slot_is(&table, 16, 5));
    cr_assert_not(weft_slot_is(&table, UINT32_MAX, 5));
    cr_assert_not(weft_slot_is(&table, 0, 5), "a free slot is nobody's");
}

Test(slot, append__chains_merges_and_gives_back)
{
    uint32_t slot = weft_slot_take(&table);

    /* Neighbours merge: one block holds them all. */
    for (uint64_t i = 0; i < 1000; i++)
        cr_assert_eq(weft_slot_append(&table, slot, &(struct weft_extent){i * 8, i * 8, 8}),
                     weftSuccess);
    cr_assert_eq(table.slots[slot].op.size_bytes, 8000);
    cr_assert_eq(table.blocks[table.slots[slot].op.first_block].count, 1);
    weft_slot_drop(&table, slot);
    /* Four blocks are all there is. */
    slot = weft_slot_take(&table);
    for (uint64_t i = 0; i < 4 * WEFT_EXTENT_BLOCK_MAX; i++)
        cr_assert_eq(weft_slot_append(&table, slot, &(struct weft_extent){i * 16, i * 16, 8}),
                     weftSuccess);
    cr_assert_eq(weft_slot_append(&table, slot, &(struct weft_extent){0, 1 << 20, 8}),
                 weftNoResource);
    weft_slot_drop(&table, slot);
    slot = weft_slot_take(&table);
    cr_assert_eq(weft_slot_append(&table, slot, &(struct weft_extent){0, 0, 8}), weftSuccess);
    weft_slot_drop(&table, slot);
}

Test(slot, flush__waits_for_older_ones_alone)
{
    struct weft_clock clock;
    uint32_t old = weft_slot_take(&table);
    uint32_t young = weft_slot_take(&table);

    weft_clock_init(&clock, 1);
    atomic_store(&table.slots[old].sequence, 1);
    atomic_store(&table.slots[young].sequence, 2);
    weft_slot_live(&table, old);
    weft_slot_live(&table, young);
    cr_assert_eq(weft_slot_flush(&table, 1, &clock, 0), weftTimeout);
    weft_slot_end(&table, old, &good);
    cr_assert_eq(weft_slot_flush(&table, 1, &clock, 0), weftSuccess);
    cr_assert_eq(weft_slot_flush(&table, 2, &clock, 0), weftTimeout);
    weft_slot_end(&table, young, &good);
    cr_assert_eq(weft_slot_flush(&table, 2, &clock, 0), weftSuccess);
}

static void *wait_for_end(void *argument)
{
    uint32_t slot = *(const uint32_t *)argument;
    struct weft_slot_end end;

    while (!weft_slot_collect(&table, slot, 5, &end))
        weft_slot_wait(&table, slot, 5, 10000000000u);
    cr_assert_eq(end.result, weftSuccess);
    return NULL;
}

Test(slot, wait__is_woken, .timeout = 30)
{
    uint32_t slot = weft_slot_take(&table);
    pthread_t thread;

    table.slots[slot].watched = true;
    weft_slot_live(&table, slot);
    cr_assert_eq(pthread_create(&thread, NULL, wait_for_end, &slot), 0);
    while (weft_slot_state(&table, slot) != WEFT_SLOT_WAITED)
        sched_yield();
    weft_slot_end(&table, slot, &good);
    pthread_join(thread, NULL);
    cr_assert_eq(weft_slot_state(&table, slot), WEFT_SLOT_FREE);
}
