/* The engine's contract: what it takes, in which order it starts, what it tells; equal runs. */
#include <criterion/criterion.h>

#include "fixture.h"

#include "core/pair.h"
#include "core/relay.h"
#include "core/trace.h"

Test(engine, init__unknown_names)
{
    static const struct {
        const char *sched;
        const char *routes;
        const char *why;
    } rows[] = {
        {"fast", "all", "setting sched: not one of pull, direct, static, roundrobin"},
        {"", "all", "setting sched: not one of pull, direct, static, roundrobin"},
        {"pull", "shortest",
         "setting routes: not one of all, direct, staged, transit:gpu1[,gpu2...]"},
        {"pull", "transit:gpu7", "setting routes: the machine has no such transit device"},
    };
    static _Alignas(64) char memory[WEFT_MIB(2)];
    struct fixture *fixture = fixture_prepare();
    struct weft_engine_input input = {
        &fixture->config, &fixture->topo, &fixture->hops, fixture->blocks, 0, 0};

    cr_assert_leq(weft_engine_size(&input), sizeof(memory));
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        const char *why = NULL;

        weft_config_set(&fixture->config, WEFT_SETTING_sched, rows[i].sched, WEFT_CONFIG_CALL);
        weft_config_set(&fixture->config, WEFT_SETTING_routes, rows[i].routes, WEFT_CONFIG_CALL);
        cr_expect_null(weft_engine_init(&input, memory, 0, &why), "row %zu", i);
        cr_expect_str_eq(why == NULL ? "" : why, rows[i].why, "row %zu", i);
    }
}

Test(engine, cookies__chunks_and_probes)
{
    struct weft_config config;

    fixture_config(&config);
    cr_expect_eq(weft_engine_cookies(&config), 4160); /* 16 chunks of 4, 4,096 hops */
}

Test(engine, window_add__wrong_arguments)
{
    struct weft_engine *engine = fixture_open()->engine;

    cr_expect_eq(weft_engine_window_add(engine, FIXTURE_WINDOWS, FIXTURE_DRAM0, 1, 1),
                 weftInvalidArgument);
    cr_expect_eq(weft_engine_window_add(engine, WEFT_NONE, FIXTURE_DRAM0, 1, 1),
                 weftInvalidArgument);
    cr_expect_eq(weft_engine_window_add(engine, FIXTURE_SPARE, FIXTURE_DEVICES, 1, 1),
                 weftInvalidArgument);
    cr_expect_eq(weft_engine_window_add(engine, FIXTURE_DST, FIXTURE_DRAM0, 1, 1),
                 weftInvalidUsage);
    cr_expect_eq(weft_engine_window_add(engine, FIXTURE_SPARE, FIXTURE_DRAM0, 1, 1), weftSuccess);
}

Test(engine, window_remove__wrong_arguments)
{
    struct weft_engine *engine = fixture_open()->engine;

    cr_expect_eq(weft_engine_window_remove(engine, WEFT_NONE), weftInvalidArgument);
    cr_expect_eq(weft_engine_window_remove(engine, FIXTURE_SPARE), weftInvalidUsage);
    cr_expect_eq(weft_engine_window_remove(engine, FIXTURE_DST), weftSuccess);
    cr_expect_eq(weft_engine_window_remove(engine, FIXTURE_DST), weftInvalidUsage);
    cr_expect_eq(weft_engine_window_copies(engine, WEFT_NONE), 0);
}

Test(engine, window_remove__in_use)
{
    struct fixture *fixture = fixture_open();

    fixture_put(fixture, 0, 1000);
    cr_expect_eq(weft_engine_window_remove(fixture->engine, FIXTURE_DST), weftInProgress);
    fixture_pump(fixture);
    cr_expect_eq(weft_engine_window_copies(fixture->engine, FIXTURE_DST), 1);
    cr_expect_eq(weft_engine_window_copies(fixture->engine, FIXTURE_SRC), 1);
    cr_expect_eq(weft_engine_window_copies(fixture->engine, FIXTURE_PEER), 0);
    cr_expect_eq(weft_engine_window_remove(fixture->engine, FIXTURE_SRC), weftInProgress);
    cr_expect_eq(weft_engine_window_remove(fixture->engine, FIXTURE_PEER), weftSuccess);
    fixture_finish(fixture);
    cr_expect_eq(weft_engine_window_copies(fixture->engine, FIXTURE_DST), 0);
    cr_expect_eq(weft_engine_window_remove(fixture->engine, FIXTURE_DST), weftSuccess);
    cr_expect_eq(weft_engine_window_remove(fixture->engine, FIXTURE_SRC), weftSuccess);
}

/* Windows of every wrong kind, behind those of the fixture. */
enum { READ_ONLY = FIXTURE_SPARE + 1, WRITE_ONLY, REVOKED, ON_CPU, UNUSED, LIMIT };

static struct fixture *with_wrong_windows(void)
{
    struct fixture *fixture = fixture_prepare();
    struct weft_event revoke = {.kind = WEFT_EVENT_REVOKE, .window = REVOKED};

    fixture->config.windows_max = LIMIT;
    fixture_start(fixture);
    fixture_window(fixture, READ_ONLY, FIXTURE_DRAM0, 4096, WEFT_RIGHT_READ);
    fixture_window(fixture, WRITE_ONLY, FIXTURE_GPU0, 4096, WEFT_RIGHT_WRITE);
    fixture_window(fixture, REVOKED, FIXTURE_DRAM0, 4096, WEFT_RIGHTS_ALL);
    fixture_window(fixture, ON_CPU, FIXTURE_CPU0, 4096, WEFT_RIGHTS_ALL);
    fixture_event(fixture, &revoke);
    return fixture;
}

static void expect_refused(struct fixture *fixture, const struct weft_op *op, weftResult_t result,
                           size_t row)
{
    cr_expect_eq(fixture_submit(fixture, op), result, "row %zu", row);
    fixture_pump(fixture);
    cr_expect_eq(weft_engine_live(fixture->engine), 0, "row %zu", row);
    cr_expect_eq(fixture->complete_count, 0, "row %zu", row);
    cr_expect_eq(fixture->copy_count, 0, "row %zu", row);
}

Test(engine, submit__wrong_windows)
{
    static const struct {
        uint32_t dst;
        uint32_t src;
        uint32_t signal;
        weftResult_t result;
    } rows[] = {
        {LIMIT, FIXTURE_SRC, WEFT_NONE, weftInvalidArgument},
        {WEFT_NONE, FIXTURE_SRC, WEFT_NONE, weftInvalidArgument},
        {FIXTURE_DST, LIMIT, WEFT_NONE, weftInvalidArgument},
        {FIXTURE_DST, FIXTURE_SRC, LIMIT, weftInvalidArgument},
        {UNUSED, FIXTURE_SRC, WEFT_NONE, weftInvalidUsage},
        {FIXTURE_DST, UNUSED, WEFT_NONE, weftInvalidUsage},
        {FIXTURE_DST, FIXTURE_SRC, UNUSED, weftInvalidUsage},
        {READ_ONLY, FIXTURE_SRC, WEFT_NONE, weftInvalidUsage},
        {FIXTURE_DST, WRITE_ONLY, WEFT_NONE, weftInvalidUsage},
        {FIXTURE_DST, FIXTURE_SRC, READ_ONLY, weftInvalidUsage},
        {REVOKED, FIXTURE_SRC, WEFT_NONE, weftInvalidUsage},
        {FIXTURE_DST, REVOKED, WEFT_NONE, weftInvalidUsage},
        {FIXTURE_DST, FIXTURE_SRC, REVOKED, weftInvalidUsage},
        {ON_CPU, FIXTURE_SRC, WEFT_NONE, weftInvalidUsage},
        {FIXTURE_DST, ON_CPU, WEFT_NONE, weftInvalidUsage},
    };
    struct fixture *fixture = with_wrong_windows();
    uint32_t block = fixture_block(fixture, 0, 0, 1000);

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct weft_op op = {.dst_window = rows[i].dst,
                             .src_window = rows[i].src,
                             .first_block = block,
                             .size_bytes = 1000,
                             .deadline_at = FIXTURE_DEADLINE,
                             .signal = {.window = rows[i].signal}};

        expect_refused(fixture, &op, rows[i].result, i);
    }
    fixture_put(fixture, 0, 1000);
    fixture_finish(fixture);
    cr_expect_eq(fixture_complete(fixture, 0)->result, weftSuccess);
}

/* One extent in windows of 2 MiB, and the size that the operation says. */
Test(engine, submit__wrong_ranges)
{
    static const struct {
        uint64_t dst_offset;
        uint64_t src_offset;
        uint64_t extent_bytes;
        uint64_t op_bytes;
        weftResult_t result;
    } rows[] = {
        {1, 0, 2097152, 2097152, weftInvalidArgument},
        {0, 1, 2097152, 2097152, weftInvalidArgument},
        {0, 0, 2097153, 2097153, weftInvalidArgument},
        {2097152, 0, 1, 1, weftInvalidArgument},
        {0, 2097152, 1, 1, weftInvalidArgument},
        {UINT64_MAX, 0, 1, 1, weftInvalidArgument},
        {0, UINT64_MAX, 1, 1, weftInvalidArgument},
        {UINT64_MAX - 99, 0, 200, 200, weftInvalidArgument},
        {0, UINT64_MAX - 99, 100, 100, weftInvalidArgument},
        {0, 0, UINT64_MAX, UINT64_MAX, weftInvalidArgument},
        {1, 1, UINT64_MAX, UINT64_MAX, weftInvalidArgument},
        {0, 0, 1000, 999, weftInvalidArgument},
        {0, 0, 1000, 1001, weftInvalidArgument},
    };
    struct fixture *fixture = fixture_open();

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct weft_op op = fixture_op(fixture, 0, rows[i].op_bytes);

        fixture->blocks[op.first_block].extents[0] =
            (struct weft_extent){rows[i].dst_offset, rows[i].src_offset, rows[i].extent_bytes};
        expect_refused(fixture, &op, rows[i].result, i);
    }
}

Test(engine, submit__largest_range)
{
    struct fixture *fixture = fixture_open();

    fixture_put(fixture, 0, 2097152);
    fixture_finish(fixture);
    cr_expect_eq(fixture_complete(fixture, 0)->result, weftSuccess);
    cr_expect_eq(fixture_wrong(fixture, 2097152), 0);
}

Test(engine, submit__no_extents)
{
    struct fixture *fixture = fixture_open();
    struct weft_op op = fixture_op(fixture, 0, 1000);

    op.first_block = WEFT_NONE;
    expect_refused(fixture, &op, weftInvalidArgument, 0);
}

/* Every extent lies inside the windows, and their sum is 100 only because it wraps. */
Test(engine, submit__sizes_that_wrap)
{
    struct fixture *fixture = fixture_open();
    struct weft_op op = fixture_op(fixture, 0, 100);
    struct weft_extent_block *block = &fixture->blocks[op.first_block];

    fixture_window(fixture, FIXTURE_SPARE, FIXTURE_DRAM0, UINT64_MAX, WEFT_RIGHTS_ALL);
    cr_assert_eq(weft_engine_window_remove(fixture->engine, FIXTURE_PEER), weftSuccess);
    fixture_window(fixture, FIXTURE_PEER, FIXTURE_GPU1, UINT64_MAX, WEFT_RIGHTS_ALL);
    op.dst_window = FIXTURE_SPARE;
    op.src_window = FIXTURE_PEER;
    block->count = 3;
    block->extents[0] = (struct weft_extent){0, 0, UINT64_C(1) << 63};
    block->extents[1] = (struct weft_extent){UINT64_C(1) << 63, 0, (UINT64_C(1) << 63) - 1};
    block->extents[2] = (struct weft_extent){0, 0, 101};
    expect_refused(fixture, &op, weftInvalidArgument, 0);
}

Test(engine, submit__wrong_signals)
{
    static const struct {
        uint64_t offset;
        int op;
    } rows[] = {{4, weftSignalSet},
                {4096, weftSignalSet},
                {UINT64_MAX - 7, weftSignalSet},
                {0, weftNumSignalOps}};
    struct fixture *fixture = fixture_open();

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct weft_op op = fixture_op(fixture, 0, 1000);

        op.signal =
            (struct weft_signal){FIXTURE_WORDS, rows[i].offset, 1, (weftSignalOp_t)rows[i].op};
        expect_refused(fixture, &op, weftInvalidArgument, i);
    }
}

Test(engine, submit__tags)
{
    struct fixture *fixture = fixture_open();
    struct weft_op op = fixture_op(fixture, 16, 1000);

    cr_expect_eq(fixture_submit(fixture, &op), weftNoResource, "past transfers_max");
    op.tag = WEFT_NONE;
    cr_expect_eq(fixture_submit(fixture, &op), weftNoResource);
    op.tag = 15;
    cr_expect_eq(fixture_submit(fixture, &op), weftSuccess);
    cr_expect_eq(fixture_submit(fixture, &op), weftNoResource, "under way");
    cr_expect_eq(weft_engine_live(fixture->engine), 1);
    fixture_finish(fixture);
    cr_expect_eq(fixture_complete(fixture, 15)->result, weftSuccess);
    cr_expect_eq(weft_engine_live(fixture->engine), 0);
    cr_expect_eq(fixture_submit(fixture, &op), weftSuccess, "told: the tag is free");
    fixture_finish(fixture);
    cr_expect_eq(fixture->complete_count, 2);
}

/* Both ends on one memory: no hop leads there. */
Test(engine, submit__no_route)
{
    struct fixture *fixture = fixture_open();
    struct weft_op op = fixture_op(fixture, 0, 1000);

    op.src_window = FIXTURE_WORDS;
    cr_expect_eq(fixture_submit(fixture, &op), weftSuccess);
    fixture_pump(fixture);
    cr_expect_eq(fixture_complete(fixture, 0)->result, weftRemoteError);
    cr_expect_eq(fixture_complete(fixture, 0)->cause, WEFT_CAUSE_NO_ROUTE);
    cr_expect_eq(fixture_complete(fixture, 0)->cause_hop, WEFT_NONE);
    cr_expect_eq(fixture->copy_count, 0);
    cr_expect_eq(weft_engine_window_remove(fixture->engine, FIXTURE_DST), weftSuccess);
}

Test(engine, submit__nothing_to_move)
{
    struct fixture *fixture = fixture_open();
    struct weft_op op = {.tag = 3,
                         .dst_window = WEFT_NONE,
                         .src_window = WEFT_NONE,
                         .first_block = WEFT_NONE,
                         .deadline_at = FIXTURE_DEADLINE,
                         .signal = {.window = WEFT_NONE}};

    cr_expect_eq(fixture_submit(fixture, &op), weftSuccess);
    fixture_pump(fixture);
    cr_expect_eq(fixture_complete(fixture, 3)->result, weftSuccess);
    cr_expect_eq(fixture_complete(fixture, 3)->moved_bytes, 0);
    cr_expect_eq(weft_engine_deadline(fixture->engine), WEFT_NEVER);
}

/* ---- fences ---- */

static void put_behind(struct fixture *fixture, uint32_t tag, uint64_t size, uint64_t fence)
{
    struct weft_op op = fixture_op(fixture, tag, size);

    op.fence = fence;
    cr_assert_eq(fixture_submit(fixture, &op), weftSuccess);
}

/* Two of fence 0, one of fence 1 without bytes, one of fence 2: in this order. */
Test(engine, submit__fence_order)
{
    static const uint32_t order[] = {1, 0, 2, 3};
    struct fixture *fixture = fixture_open();
    struct weft_op empty = {.tag = 2,
                            .first_block = WEFT_NONE,
                            .fence = 1,
                            .deadline_at = FIXTURE_DEADLINE,
                            .signal = {.window = WEFT_NONE}};

    put_behind(fixture, 0, 1000, 0);
    put_behind(fixture, 1, 2000, 0);
    cr_assert_eq(fixture_submit(fixture, &empty), weftSuccess);
    put_behind(fixture, 3, 3000, 2);
    fixture_pump(fixture);
    cr_expect_eq(fixture_out(fixture), 2, "those of fence 0 go together");
    fixture_end(fixture, 1, weftSuccess);
    fixture_pump(fixture);
    cr_expect_eq(fixture->complete_count, 1);
    cr_expect_eq(fixture_out(fixture), 1);
    fixture_end(fixture, 0, weftSuccess);
    fixture_pump(fixture);
    cr_expect_eq(fixture_out(fixture), 1);
    cr_expect_eq(fixture->copies[2].action.size_bytes, 3000);
    fixture_finish(fixture);
    cr_assert_eq(fixture->complete_count, 4);
    for (uint32_t i = 0; i < 4; i++)
        cr_expect_eq(fixture->completes[i].tag, order[i], "place %u", i);
}

/* One that ended badly is no obstacle for those behind it. */
Test(engine, submit__fence_behind_a_cancelled_one)
{
    struct fixture *fixture = fixture_open();
    struct weft_event cancel = {.kind = WEFT_EVENT_CANCEL, .tag = 0};

    put_behind(fixture, 0, 1000, 0);
    put_behind(fixture, 1, 1000, 1);
    fixture_pump(fixture);
    fixture_event(fixture, &cancel);
    fixture_pump(fixture);
    cr_expect_eq(fixture_out(fixture), 1, "its copy is out: not ended yet");
    fixture_finish(fixture);
    cr_expect_eq(fixture_complete(fixture, 0)->result, weftCancelled);
    cr_expect_eq(fixture_complete(fixture, 1)->result, weftSuccess);
}

Test(engine, submit__fence_number_with_nothing_before)
{
    struct fixture *fixture = fixture_open();

    put_behind(fixture, 0, 1000, 7);
    fixture_pump(fixture);
    cr_expect_eq(fixture_out(fixture), 1);
}

/* ---- equal runs ---- */

static uint64_t run_hash(weft_ns deadline_at, uint32_t failing)
{
    struct fixture *fixture = fixture_open();
    struct weft_op op = fixture_op(fixture, 0, 1500000);

    op.deadline_at = deadline_at;
    cr_assert_eq(fixture_submit(fixture, &op), weftSuccess);
    fixture_put(fixture, 1, 70000);
    fixture_pump(fixture);
    fixture_pass(fixture, 500);
    fixture_end(fixture, failing, weftSystemError);
    fixture_finish(fixture);
    fixture_pass(fixture, FIXTURE_DEADLINE);
    fixture_finish(fixture);
    return weft_engine_trace(fixture->engine)->hash;
}

Test(engine, trace__equal_runs_have_equal_hashes)
{
    uint64_t first = run_hash(FIXTURE_DEADLINE, 1);

    cr_expect_eq(run_hash(FIXTURE_DEADLINE, 1), first);
    cr_expect_neq(run_hash(FIXTURE_DEADLINE, 0), first, "another copy failed");
    cr_expect_neq(run_hash(400, 1), first, "another deadline");
}

/* ---- peers ---- */

/* What a peer asks for is not held up by the fences of this comm, and holds up none of them. */
Test(engine, begin__unfenced)
{
    struct fixture *fixture = fixture_open();
    struct weft_op behind = fixture_op(fixture, 1, 1000);
    struct weft_op asked = fixture_op(fixture, 2, 1000);

    behind.fence = 1;
    asked.unfenced = true;
    fixture_put(fixture, 0, 1000);
    cr_assert_eq(fixture_submit(fixture, &behind), weftSuccess);
    cr_assert_eq(fixture_submit(fixture, &asked), weftSuccess);
    fixture_pump(fixture);
    cr_assert_eq(fixture_out(fixture), 2, "the first, and the one asked for");
    fixture_end(fixture, 0, weftSuccess);
    fixture_pump(fixture);
    cr_expect_eq(fixture_out(fixture), 2, "the one behind the fence has begun");
    fixture_finish(fixture);
    cr_expect_eq(fixture->complete_count, 3);
}

/* A window that its owner, a peer, has revoked: the transfer ends, the lane stays up. */
Test(engine, copy_ended__refused_by_its_window)
{
    struct fixture *fixture = fixture_open();
    struct weft_op again = fixture_op(fixture, 1, 1000);
    struct weft_route_report row;

    fixture_put(fixture, 0, 1000);
    fixture_pump(fixture);
    fixture_end(fixture, 0, weftInvalidUsage);
    fixture_pump(fixture);
    cr_expect_eq(fixture_complete(fixture, 0)->result, weftCancelled);
    cr_expect_eq(fixture_complete(fixture, 0)->cause, WEFT_CAUSE_REVOKED);
    cr_assert_eq(weft_engine_routes(fixture->engine, FIXTURE_GPU0, FIXTURE_DRAM0, &row, 1), 1);
    cr_expect_not(row.down);
    cr_expect_eq(fixture_submit(fixture, &again), weftInvalidUsage);
}

Test(engine, view__tables_and_their_ends)
{
    struct fixture *fixture = fixture_open();
    struct weft_engine *engine = fixture->engine;

    cr_expect_null(weft_engine_pair_at(engine, 0));
    fixture_put(fixture, 1, 4096);
    cr_assert_not_null(weft_engine_pair_at(engine, 0));
    cr_expect_eq(weft_engine_pair_at(engine, 0)->src_device, FIXTURE_GPU0);
    cr_expect_eq(weft_engine_pair_at(engine, 0)->dst_device, FIXTURE_DRAM0);
    cr_expect_null(weft_engine_pair_at(engine, 1));
    cr_expect_eq(weft_engine_path_at(engine, 0)->route.hops[0], FIXTURE_GPU0_DRAM0);
    cr_expect_null(weft_engine_path_at(engine, weft_engine_pair_at(engine, 0)->path_count));
    cr_expect_eq(weft_engine_lane_at(engine, FIXTURE_GPU0_DRAM0)->state, WEFT_LANE_UP);
    cr_expect_null(weft_engine_lane_at(engine, FIXTURE_HOPS));
    cr_expect_eq(weft_engine_relay_at(engine, FIXTURE_GPU1)->window, FIXTURE_RELAY + FIXTURE_GPU1);
    cr_expect_null(weft_engine_relay_at(engine, FIXTURE_CPU0));
    cr_expect_null(weft_engine_relay_at(engine, FIXTURE_DEVICES));
}
