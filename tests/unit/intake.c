/* perf/weft-kv/intake: pages, and the check of what arrived, on plain memory without a comm. */
#include <criterion/criterion.h>

#include <string.h>

#include "../../perf/weft-kv/intake.h"
#include "kv_fixture.h"

#define PAGES 6 /* of a block */
#define RUN   1

static struct weft_kv_server server;
static struct weft_kv_intake intake;
static struct weft_kv_worker worker;
static const uint64_t keys[] = {11, 22, 33};

static void server_make(void)
{
    kv_server_make(&server, PAGES);
    memset(&intake, 0, sizeof(intake));
    intake.server = &server;
    intake.seat = 5;
    intake.run = RUN;
}

static void server_free(void)
{
    kv_server_free(&server);
}

TestSuite(intake, .init = server_make, .fini = server_free);

/* Everything arrives as the prefill server would have sent it. */
static void arrive(void)
{
    weft_kv_intake_ask(&intake, 1, 0, keys, 3);
    cr_assert(weft_kv_intake_grant(&intake));
    for (uint32_t i = 0; i < 3; i++)
        cr_assert(weft_kv_pool_fill(&server.store, &server.store.gpus[0], intake.slots[i],
                                    weft_kv_server_pattern(keys[i], RUN)));
    for (uint32_t i = 0; i < KV_PARTS; i++)
        cr_assert(weft_kv_server_checksum(&server, 0, intake.slots, 3, i,
                                          &weft_kv_server_place(&server, 5, i)->checksum));
}

static void check(void)
{
    cr_assert(weft_kv_worker_start(&worker));
    weft_kv_intake_check(&intake, &worker);
    weft_kv_worker_stop(&worker);
    cr_assert(weft_kv_task_done(&intake.task));
}

static char *page(uint32_t slot, uint32_t index)
{
    const struct weft_kv_pool *pool = &server.store.gpus[0];

    return (char *)pool->memory +
           (size_t)weft_kv_pool_pages(&server.store, pool, slot)[index] * KV_PAGE_BYTES;
}

Test(intake, check__all_is_right)
{
    arrive();
    check();
    cr_expect_eq(intake.wrong_bytes, 0);
    for (uint32_t i = 0; i < KV_PARTS; i++)
        cr_expect_eq(intake.checksums[i], weft_kv_server_place(&server, 5, i)->checksum);
}

Test(intake, check__wrong_bytes_are_counted)
{
    arrive();
    page(intake.slots[0], 0)[7] ^= 1;
    page(intake.slots[2], PAGES - 1)[KV_PAGE_BYTES - 1] ^= 0x40;
    check();
    cr_expect_eq(intake.wrong_bytes, 2);
}

/* Right by the pattern, but not what the other side says it sent. */
Test(intake, check__another_checksum_was_sent)
{
    arrive();
    weft_kv_server_place(&server, 5, 1)->checksum ^= 1;
    check();
    cr_expect_eq(intake.wrong_bytes, 1);
}

/* What an earlier request left must not pass for what a later one with the same blocks brings. */
Test(intake, free__pages_are_spoiled)
{
    uint32_t slots[3];

    arrive();
    memcpy(slots, intake.slots, sizeof(slots));
    check();
    weft_kv_intake_free(&intake);
    for (uint32_t i = 0; i < 3; i++)
        cr_expect_gt(weft_kv_pool_wrong(&server.store, &server.store.gpus[0], slots[i],
                                        weft_kv_server_pattern(keys[i], RUN)),
                     PAGES * KV_PAGE_BYTES / 2);
}

Test(intake, grant__when_there_is_room)
{
    static struct weft_kv_intake second;

    second = intake;
    second.seat = 6;
    weft_kv_intake_ask(&intake, 1, 0, keys, 3);
    weft_kv_intake_ask(&second, 2, 0, keys, 2);
    cr_assert(weft_kv_intake_grant(&intake));
    cr_expect_not(weft_kv_intake_grant(&second), "one slot is left");
    cr_expect_eq(second.state, WEFT_KV_INTAKE_ASKED);
    weft_kv_intake_free(&intake);
    cr_expect(weft_kv_intake_grant(&second));
    cr_expect_neq(second.slots[0], second.slots[1]);
    weft_kv_intake_free(&second);
    cr_expect_eq(server.store.gpus[0].tier.free_count, KV_SLOTS);
    weft_kv_intake_ask(&intake, 3, 0, keys, 3);
    weft_kv_intake_free(&intake);
    cr_expect_eq(intake.state, WEFT_KV_INTAKE_FREE);
    cr_expect_null(weft_kv_tier_check(&server.store.gpus[0].tier));
}
