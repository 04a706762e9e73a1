/* perf/weft-kv/handoff: slots, filling and times of a request, on plain memory without a comm. */
#include <criterion/criterion.h>

#include <string.h>

#include "../../perf/weft-kv/handoff.h"
#include "kv_fixture.h"

#define PAGES 7 /* of a block */
#define RUN   2

static struct weft_kv_server server;
static struct weft_kv_handoff handoffs[2];
static struct weft_kv_worker worker;
static const uint64_t keys[] = {11, 22, 33, 44};
static const struct weft_kv_arrival two_blocks = {.block_count = 2};
static const struct weft_kv_arrival four_blocks = {.block_count = 4};

static void server_make(void)
{
    kv_server_make(&server, PAGES);
    memset(handoffs, 0, sizeof(handoffs));
    for (uint32_t i = 0; i < 2; i++) {
        handoffs[i].server = &server;
        handoffs[i].run = RUN;
        handoffs[i].seat = i;
    }
}

static void server_free(void)
{
    kv_server_free(&server);
}

TestSuite(handoff, .init = server_make, .fini = server_free);

static void fill(struct weft_kv_handoff *handoff)
{
    static const uint32_t far_slots[WEFT_KV_REQUEST_BLOCKS_MAX] = {3, 1};

    cr_assert(weft_kv_worker_start(&worker));
    weft_kv_handoff_fill(handoff, &worker, 6, far_slots);
    weft_kv_worker_stop(&worker);
    cr_assert(weft_kv_task_done(&handoff->task));
}

Test(handoff, begin__blocks_that_the_gpu_has)
{
    cr_assert(weft_kv_handoff_begin(&handoffs[0], &two_blocks, keys, 0, 1));
    cr_expect_eq(handoffs[0].new_count, 2);
    cr_assert(weft_kv_handoff_begin(&handoffs[1], &two_blocks, keys + 1, 0, 2));
    cr_expect_eq(handoffs[1].new_count, 1);
    cr_expect_not(handoffs[1].is_new[0]);
    cr_expect_eq(handoffs[1].slots[0], handoffs[0].slots[1]);
}

Test(handoff, begin__no_room_changes_nothing)
{
    cr_assert(weft_kv_handoff_begin(&handoffs[0], &two_blocks, keys, 0, 1));
    cr_expect_not(weft_kv_handoff_begin(&handoffs[1], &four_blocks, keys, 0, 2));
    cr_expect_eq(handoffs[1].state, WEFT_KV_HANDOFF_FREE);
    cr_expect_eq(server.store.gpus[0].tier.used_count, 2);
}

Test(handoff, fill__bytes_and_checksums)
{
    uint64_t sum = 0;

    cr_assert(weft_kv_handoff_begin(&handoffs[0], &two_blocks, keys, 0, 1));
    fill(&handoffs[0]);
    cr_expect(handoffs[0].is_filled);
    for (uint32_t i = 0; i < 2; i++)
        cr_expect_eq(weft_kv_pool_wrong(&server.store, &server.store.gpus[0], handoffs[0].slots[i],
                                        weft_kv_server_pattern(keys[i], RUN)),
                     0);
    for (uint32_t i = 0; i < KV_PARTS; i++) {
        cr_assert(weft_kv_server_checksum(&server, 0, handoffs[0].slots, 2, i, &sum));
        cr_expect_eq(handoffs[0].checksums[i], sum);
        cr_expect_eq(weft_kv_server_place(&server, 0, i)->checksum, sum, "what is sent");
    }
    cr_expect_neq(handoffs[0].checksums[0], handoffs[0].checksums[1]);
}

Test(handoff, due__parts_spread_over_the_prefill)
{
    cr_assert(weft_kv_handoff_begin(&handoffs[0], &two_blocks, keys, 0, 1));
    fill(&handoffs[0]);
    weft_kv_handoff_hand(&handoffs[0], 1000, 300);
    cr_expect_eq(weft_kv_handoff_due(&handoffs[0], 0), 1100);
    cr_expect_eq(weft_kv_handoff_due(&handoffs[0], 1), 1200);
    cr_expect_eq(weft_kv_handoff_due(&handoffs[0], 2), 1300);
}

/* 7 pages in 3 parts: 2, 2 and 3, of 2 blocks. */
Test(handoff, part_bytes__all_pages_once)
{
    cr_assert(weft_kv_handoff_begin(&handoffs[0], &two_blocks, keys, 0, 1));
    cr_expect_eq(weft_kv_handoff_part_bytes(&handoffs[0], 0), 8192);
    cr_expect_eq(weft_kv_handoff_part_bytes(&handoffs[0], 1), 8192);
    cr_expect_eq(weft_kv_handoff_part_bytes(&handoffs[0], 2), 12288);
    cr_expect_eq(weft_kv_server_span(&server, 1).first, 2);
    cr_expect_eq(weft_kv_server_span(&server, 2).first, 4);
}

Test(handoff, free__slots_can_be_taken)
{
    cr_assert(weft_kv_handoff_begin(&handoffs[0], &two_blocks, keys, 0, 1));
    cr_expect_eq(weft_kv_tier_room(&server.store.gpus[0].tier), 2);
    fill(&handoffs[0]);
    weft_kv_handoff_hand(&handoffs[0], 0, 0);
    weft_kv_handoff_free(&handoffs[0]);
    cr_expect_eq(weft_kv_tier_room(&server.store.gpus[0].tier), KV_SLOTS);
    cr_expect_eq(handoffs[0].state, WEFT_KV_HANDOFF_FREE);
}
