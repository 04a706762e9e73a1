/* The engine's chunks: every byte once, over several paths; copies that fail or are refused; who
 * goes first. */
#include <criterion/criterion.h>

#include "fixture.h"

#include "core/trace.h"

#define SLOT_BYTES 262144

/* Every size, by every scheduler: each byte once, nothing behind them. */
Test(engine_chunk, put__every_byte_once)
{
    static const char *const schedulers[] = {"pull", "direct", "static", "roundrobin"};
    static const uint64_t sizes[] = {1,      4095,   65536,  65537,   262143,
                                     262144, 262145, 786432, 1060921, 2097152};

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(schedulers); i++)
        for (size_t k = 0; k < WEFT_ARRAY_COUNT(sizes); k++) {
            struct fixture *fixture = fixture_prepare();

            weft_config_set(&fixture->config, WEFT_SETTING_sched, schedulers[i], WEFT_CONFIG_CALL);
            fixture_start(fixture);
            fixture_put(fixture, 0, sizes[k]);
            fixture_finish(fixture);
            cr_expect_eq(fixture_complete(fixture, 0)->result, weftSuccess, "%s", schedulers[i]);
            cr_expect_eq(fixture_complete(fixture, 0)->moved_bytes, sizes[k], "%s", schedulers[i]);
            cr_expect_eq(fixture_wrong(fixture, sizes[k]), 0, "%s, %lu bytes", schedulers[i],
                         (unsigned long)sizes[k]);
            cr_expect_eq(weft_engine_copies(fixture->engine), 0, "%s", schedulers[i]);
        }
}

/* 1 MiB: all three paths carry some of it, and together all of it. */
Test(engine_chunk, put__over_all_paths)
{
    struct fixture *fixture = fixture_open();
    struct weft_route_report rows[4];
    uint64_t moved = 0;

    fixture_put(fixture, 0, 1048576);
    fixture_finish(fixture);
    cr_assert_eq(weft_engine_routes(fixture->engine, FIXTURE_GPU0, FIXTURE_DRAM0, rows, 4), 3);
    for (uint32_t i = 0; i < 3; i++) {
        cr_expect_gt(rows[i].moved_bytes, 0, "%s", rows[i].name);
        moved += rows[i].moved_bytes;
    }
    cr_expect_eq(moved, 1048576);
}

/* Neither sources nor destinations are in order, over two blocks. */
Test(engine_chunk, put__a_list_of_extents)
{
    struct fixture *fixture = fixture_open();
    struct weft_op op = fixture_op(fixture, 0, 1);
    uint32_t second = fixture_block(fixture, 0, 0, 1);
    struct weft_extent_block *blocks = fixture->blocks;

    blocks[op.first_block] =
        (struct weft_extent_block){.count = 3,
                                   .next = second,
                                   .extents = {{500000, 500000, 100000}, {0, 0, 1}, {1, 1, 99999}}};
    blocks[second] =
        (struct weft_extent_block){.count = 2,
                                   .next = WEFT_NONE,
                                   .extents = {{100000, 100000, 400000}, {600000, 600000, 150000}}};
    op.size_bytes = 750000;
    cr_assert_eq(fixture_submit(fixture, &op), weftSuccess);
    fixture_finish(fixture);
    cr_expect_eq(fixture_complete(fixture, 0)->result, weftSuccess);
    cr_expect_eq(fixture_wrong(fixture, 750000), 0);
}

Test(engine_chunk, put__few_chunks)
{
    struct fixture *fixture = fixture_prepare();

    fixture->config.chunks_max = 2;
    fixture_start(fixture);
    fixture_put(fixture, 0, 1048576);
    fixture_pump(fixture);
    cr_expect_eq(fixture_out(fixture), 1, "one chunk; the other is for splitting one that fails");
    fixture_finish(fixture);
    cr_expect_eq(fixture_complete(fixture, 0)->result, weftSuccess);
    cr_expect_eq(fixture_wrong(fixture, 1048576), 0);
}

/* Both copies go out at once, the second behind the first, through the first slot. */
Test(engine_chunk, next__two_hops_chained)
{
    struct fixture *fixture = fixture_open_over_gpu1();
    const struct weft_action *first = &fixture->copies[0].action;
    const struct weft_action *second = &fixture->copies[1].action;

    fixture_put(fixture, 0, 60000);
    fixture_pump(fixture);
    cr_assert_eq(fixture->copy_count, 2);
    cr_expect_eq(first->hop, FIXTURE_GPU0_GPU1);
    cr_expect_eq(first->src_window, FIXTURE_SRC);
    cr_expect_eq(first->dst_window, FIXTURE_RELAY + FIXTURE_GPU1);
    cr_expect_eq(first->after, WEFT_COOKIE_NONE);
    cr_expect_eq(first->after_hop, WEFT_NONE);
    cr_expect_eq(second->hop, FIXTURE_GPU1_DRAM0);
    cr_expect_eq(second->src_window, FIXTURE_RELAY + FIXTURE_GPU1);
    cr_expect_eq(second->dst_window, FIXTURE_DST);
    cr_expect_eq(second->after, first->cookie);
    cr_expect_eq(second->after_hop, FIXTURE_GPU0_GPU1);
    cr_expect_neq(second->cookie, first->cookie);
    cr_expect_eq(fixture->copies[0].extents[0].dst_offset, 0);
    cr_expect_eq(fixture->copies[1].extents[0].src_offset, 0);
    cr_expect_eq(fixture->copies[1].extents[0].size_bytes, 60000);
}

/* Chunks of one time have slots of their own. */
Test(engine_chunk, next__slots)
{
    struct fixture *fixture = fixture_open_over_gpu1();

    fixture_put(fixture, 0, 1048576);
    fixture_pump(fixture);
    cr_assert_eq(fixture->copy_count, 4, "two chunks fill the window of a borrowed link");
    for (uint32_t i = 0; i < 2; i++)
        cr_expect_eq(fixture->copies[2 * i].extents[0].dst_offset, i * SLOT_BYTES, "chunk %u", i);
}

/* Hops of two domains: the second copy waits until the first has ended. */
Test(engine_chunk, next__two_domains)
{
    struct fixture *fixture = fixture_prepare();

    weft_config_set(&fixture->config, WEFT_SETTING_routes, "transit:gpu1", WEFT_CONFIG_CALL);
    fixture->hops.hops[FIXTURE_GPU1_DRAM0].domain = 2;
    fixture_start(fixture);
    fixture_put(fixture, 0, 60000);
    fixture_pump(fixture);
    cr_assert_eq(fixture->copy_count, 1);
    fixture_end(fixture, 0, weftSuccess);
    fixture_pump(fixture);
    cr_assert_eq(fixture->copy_count, 2);
    cr_expect_eq(fixture->copies[1].action.hop, FIXTURE_GPU1_DRAM0);
    cr_expect_eq(fixture->copies[1].action.after, WEFT_COOKIE_NONE);
    fixture_finish(fixture);
    cr_expect_eq(fixture_wrong(fixture, 60000), 0);
}

/* Issuing takes time: every path has its first copy before any has its second. */
Test(engine_chunk, next__first_copies_first)
{
    static const struct {
        uint32_t hop;
        uint32_t behind; /* the copy that it waits for */
    } rows[] = {{FIXTURE_GPU0_DRAM0, WEFT_NONE},
                {FIXTURE_GPU0_GPU1, WEFT_NONE},
                {FIXTURE_GPU0_GPU2, WEFT_NONE},
                {FIXTURE_GPU1_DRAM0, 1},
                {FIXTURE_GPU2_DRAM0, 2}};
    struct fixture *fixture = fixture_open();

    fixture_put(fixture, 0, 1048576);
    fixture_pump(fixture);
    cr_assert_geq(fixture->copy_count, WEFT_ARRAY_COUNT(rows));
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        const struct weft_action *action = &fixture->copies[i].action;
        uint32_t after = WEFT_COOKIE_NONE;

        if (rows[i].behind != WEFT_NONE)
            after = fixture->copies[rows[i].behind].action.cookie;
        cr_expect_eq(action->hop, rows[i].hop, "copy %zu: hop %u", i, action->hop);
        cr_expect_eq(action->after, after, "copy %zu", i);
    }
}

/* The copy that is out and has this cookie. */
static uint32_t find_cookie(const struct fixture *fixture, uint32_t cookie)
{
    for (uint32_t i = 0; i < fixture->copy_count; i++)
        if (fixture->copies[i].out && fixture->copies[i].action.cookie == cookie)
            return i;
    cr_assert_fail("no copy with cookie %u is out", cookie);
    return FIXTURE_COPIES_MAX;
}

/* Ends the copy behind another, or before it: those of one chunk have cookies in a row. */
static void end_behind(struct fixture *fixture, uint32_t copy, weftResult_t result)
{
    fixture_end(fixture, find_cookie(fixture, fixture->copies[copy].action.cookie + 1), result);
}

static void end_before(struct fixture *fixture, uint32_t copy, weftResult_t result)
{
    fixture_end(fixture, find_cookie(fixture, fixture->copies[copy].action.cookie - 1), result);
}

/* A copy fails: its bytes go another way. The hop may be any of the three paths'. */
Test(engine_chunk, copy_ended__failed)
{
    static const uint32_t hops[] = {FIXTURE_GPU0_DRAM0, FIXTURE_GPU0_GPU1, FIXTURE_GPU1_DRAM0,
                                    FIXTURE_GPU0_GPU2, FIXTURE_GPU2_DRAM0};

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(hops); i++) {
        struct fixture *fixture = fixture_open();
        bool first_hop = hops[i] == FIXTURE_GPU0_GPU1 || hops[i] == FIXTURE_GPU0_GPU2;
        uint32_t copy;

        fixture_put(fixture, 0, 1048576);
        fixture_pump(fixture);
        copy = fixture_find(fixture, hops[i]);
        cr_assert_lt(copy, FIXTURE_COPIES_MAX);
        if (hops[i] == FIXTURE_GPU1_DRAM0 || hops[i] == FIXTURE_GPU2_DRAM0)
            end_before(fixture, copy, weftSuccess);
        fixture_end(fixture, copy, weftSystemError);
        if (first_hop) /* the copy behind it ends badly too, and moves nothing */
            end_behind(fixture, copy, weftSystemError);
        fixture_finish(fixture);
        cr_expect_eq(fixture_complete(fixture, 0)->result, weftSuccess, "hop %u", hops[i]);
        cr_expect_eq(fixture_wrong(fixture, 1048576), 0, "hop %u", hops[i]);
        cr_expect_eq(weft_engine_trace(fixture->engine)->counts[WEFT_TRACE_chunk_failed], 1);
    }
}

/* It is blamed on the hop whose copy failed first, not on the one behind it. */
Test(engine_chunk, copy_ended__guilty_hop_only)
{
    static const bool down[] = {false, true, false}; /* direct, over gpu1, over gpu2 */
    struct fixture *fixture = fixture_open();
    struct weft_route_report rows[3];
    uint32_t copy;

    fixture_put(fixture, 0, 1048576);
    fixture_pump(fixture);
    copy = fixture_find(fixture, FIXTURE_GPU0_GPU1);
    fixture_end(fixture, copy, weftSystemError);
    end_behind(fixture, copy, weftSystemError);
    cr_assert_eq(weft_engine_routes(fixture->engine, FIXTURE_GPU0, FIXTURE_DRAM0, rows, 3), 3);
    for (uint32_t i = 0; i < 3; i++)
        cr_expect_eq(rows[i].down, down[i], "%s", rows[i].name);
    cr_assert_eq(weft_engine_routes(fixture->engine, FIXTURE_GPU1, FIXTURE_DRAM0, rows, 1), 1);
    cr_expect_str_eq(rows[0].name, "gpu1>dram0");
    cr_expect_not(rows[0].down);
}

/* Two of three paths die while a third is left: all arrives. */
Test(engine_chunk, copy_ended__all_but_one_path_fail)
{
    struct fixture *fixture = fixture_open();

    fixture_put(fixture, 0, 2097152);
    fixture_pump(fixture);
    fixture_end(fixture, fixture_find(fixture, FIXTURE_GPU0_DRAM0), weftSystemError);
    fixture_end(fixture, fixture_find(fixture, FIXTURE_GPU0_GPU1), weftSystemError);
    fixture_end(fixture, fixture_find(fixture, FIXTURE_GPU1_DRAM0), weftSystemError);
    fixture_finish(fixture);
    cr_expect_eq(fixture_complete(fixture, 0)->result, weftSuccess);
    cr_expect_eq(fixture_wrong(fixture, 2097152), 0);
}

/* Of two chunks one is kept for splitting what comes back: 256 KiB from the direct path, of which a
 * borrowed link takes 64 KiB at first. */
Test(engine_chunk, cut__last_chunk_is_for_splitting)
{
    struct fixture *fixture = fixture_prepare();

    fixture->config.chunks_max = 2;
    fixture_start(fixture);
    fixture_put(fixture, 0, 1048576);
    fixture_pump(fixture);
    cr_assert_eq(fixture->copy_count, 1);
    cr_expect_eq(fixture->copies[0].action.hop, FIXTURE_GPU0_DRAM0);
    cr_expect_eq(fixture->copies[0].action.size_bytes, 262144);
    fixture_end(fixture, 0, weftSystemError);
    fixture_pump(fixture);
    cr_assert_eq(fixture->copy_count, 3);
    cr_expect_eq(fixture->copies[1].action.hop, FIXTURE_GPU0_GPU1);
    cr_expect_eq(fixture->copies[1].action.size_bytes, 65536);
    cr_expect_eq(fixture->copies[1].extents[0].src_offset, 0);
    cr_expect_eq(fixture->copies[2].action.hop, FIXTURE_GPU1_DRAM0);
    fixture_finish(fixture);
    cr_expect_eq(fixture_complete(fixture, 0)->result, weftSuccess);
    cr_expect_eq(fixture_wrong(fixture, 1048576), 0);
}

/* The split-off part fails, too: it and the rest become one again, which the next path splits. */
Test(engine_chunk, cut__parts_that_came_back_are_joined)
{
    struct fixture *fixture = fixture_prepare();

    fixture->config.chunks_max = 2;
    fixture_start(fixture);
    fixture_put(fixture, 0, 1048576);
    fixture_pump(fixture);
    fixture_end(fixture, 0, weftSystemError);
    fixture_pump(fixture);
    cr_assert_eq(fixture->copies[1].action.hop, FIXTURE_GPU0_GPU1);
    fixture_end(fixture, 1, weftSystemError);
    fixture_end(fixture, 2, weftSystemError);
    fixture_pump(fixture);
    cr_assert_eq(fixture->copy_count, 5);
    cr_expect_eq(fixture->copies[3].action.hop, FIXTURE_GPU0_GPU2);
    cr_expect_eq(fixture->copies[3].action.size_bytes, 65536);
    cr_expect_eq(fixture->copies[3].extents[0].src_offset, 0);
    fixture_finish(fixture);
    cr_expect_eq(fixture_complete(fixture, 0)->result, weftSuccess);
    cr_expect_eq(fixture_wrong(fixture, 1048576), 0);
}

/* The copy after `count` has these bytes. */
static uint64_t next_size(struct fixture *fixture, uint32_t count)
{
    fixture_pump(fixture);
    return fixture->copy_count > count ? fixture->copies[count].action.size_bytes : 0;
}

/* A small transfer does not wait for what is left of a large one. */
Test(engine_chunk, cut__small_first)
{
    struct fixture *fixture = fixture_open();
    uint32_t count;

    fixture_put(fixture, 0, 2097152);
    fixture_pump(fixture);
    fixture_put(fixture, 1, 1000);
    count = fixture->copy_count;
    cr_expect_eq(next_size(fixture, count), 0, "every window is full");
    fixture->now = 20000;
    fixture_end(fixture, fixture_find(fixture, FIXTURE_GPU0_DRAM0), weftSuccess);
    cr_expect_eq(next_size(fixture, count), 1000);
    fixture_finish(fixture);
    cr_expect_eq(fixture_complete(fixture, 0)->result, weftSuccess);
    cr_expect_eq(fixture_complete(fixture, 1)->result, weftSuccess);
    cr_expect_eq(fixture->completes[0].tag, 1);
}

/* Large ones in the order in which they came. */
Test(engine_chunk, cut__first_come_first_served)
{
    static const uint32_t order[] = {0, 1, 2};
    struct fixture *fixture = fixture_open();

    for (uint32_t tag = 0; tag < 3; tag++)
        fixture_put(fixture, tag, 524288 + tag);
    fixture_finish(fixture);
    cr_assert_eq(fixture->complete_count, 3);
    for (uint32_t i = 0; i < 3; i++)
        cr_expect_eq(fixture->completes[i].tag, order[i]);
}
