/* The trace: counters, sums, the ring of records, the hash. */
#include <criterion/criterion.h>

#include <signal.h>

#include "core/trace.h"

#define RECORDS 4

static _Alignas(64) char memory[4096];

static struct weft_trace made(void)
{
    struct weft_arena arena = {memory, sizeof(memory), 0};
    struct weft_trace trace;

    weft_trace_init(&trace, &arena, RECORDS);
    return trace;
}

Test(trace, init__empty)
{
    struct weft_trace trace = made();

    cr_expect_eq(trace.written, 0);
    cr_expect_eq(trace.record_count, 4);
    cr_expect_eq(trace.hash, UINT64_C(0xcbf29ce484222325));
    for (uint32_t i = 0; i < WEFT_TRACE_EVENTS; i++) {
        cr_expect_eq(trace.counts[i], 0);
        cr_expect_eq(trace.sums[i], 0);
    }
}

Test(trace, init__takes_what_it_counted)
{
    struct weft_arena counting = {NULL, 0, 0};
    struct weft_arena taking = {memory, sizeof(memory), 0};
    struct weft_trace trace;

    weft_trace_init(&trace, &counting, RECORDS);
    cr_expect_null(trace.records);
    weft_trace_init(&trace, &taking, RECORDS);
    cr_expect_not_null(trace.records);
    cr_expect_eq(taking.used_bytes, counting.used_bytes);
    cr_expect_eq(counting.used_bytes, 192); /* four records of 40 bytes, in steps of 64 */
}

Test(trace, init__no_records, .signal = SIGABRT)
{
    struct weft_arena arena = {memory, sizeof(memory), 0};
    struct weft_trace trace;

    weft_trace_init(&trace, &arena, 0);
}

Test(trace, row__names)
{
    const struct weft_trace_row *lane = weft_trace_row(WEFT_TRACE_lane_state);
    const struct weft_trace_row *copy = weft_trace_row(WEFT_TRACE_copy_ended);

    cr_expect_str_eq(lane->name, "lane_state");
    cr_expect_str_eq(lane->arguments[0], "hop");
    cr_expect_str_eq(lane->arguments[1], "previous");
    cr_expect_str_eq(lane->arguments[2], "state");
    cr_expect_str_eq(copy->name, "copy_ended");
    cr_expect_str_eq(copy->arguments[1], "took_ns");
    cr_expect_str_eq(weft_trace_row(0)->name, "transfer_submitted");
}

Test(trace, row__past_the_last, .signal = SIGABRT)
{
    weft_trace_row(WEFT_TRACE_EVENTS);
}

Test(trace, add__counts_and_sums)
{
    struct weft_trace trace = made();

    weft_trace_chunk_done(&trace, 10, 1, 100, 7);
    weft_trace_chunk_done(&trace, 20, 2, 50, 7);
    weft_trace_lane_state(&trace, 30, 5, 0, 2);
    cr_expect_eq(trace.counts[WEFT_TRACE_chunk_done], 2);
    cr_expect_eq(trace.sums[WEFT_TRACE_chunk_done], 150);
    cr_expect_eq(trace.counts[WEFT_TRACE_lane_state], 1);
    cr_expect_eq(trace.sums[WEFT_TRACE_lane_state], 0);
    cr_expect_eq(trace.counts[WEFT_TRACE_chunk_failed], 0);
    cr_expect_eq(trace.written, 3);
    cr_expect_eq(trace.records[1].at, 20);
    cr_expect_eq(trace.records[1].event, WEFT_TRACE_chunk_done);
    cr_expect_eq(trace.records[1].arguments[0], 2);
    cr_expect_eq(trace.records[1].arguments[1], 50);
    cr_expect_eq(trace.records[1].arguments[2], 7);
}

/* The oldest records are overwritten; counters keep all. */
Test(trace, add__past_the_ring)
{
    static const weft_ns at[RECORDS] = {50, 60, 30, 40};
    struct weft_trace trace = made();

    for (uint64_t i = 1; i <= 6; i++)
        weft_trace_copy_ended(&trace, i * 10, i, 1, 0);
    for (size_t i = 0; i < RECORDS; i++)
        cr_expect_eq(trace.records[i].at, at[i], "record %zu", i);
    cr_expect_eq(trace.written, 6);
    cr_expect_eq(trace.counts[WEFT_TRACE_copy_ended], 6);
    cr_expect_eq(trace.sums[WEFT_TRACE_copy_ended], 6);
}

/* Each way in which one event can differ from (copy_ended, at 10, 1, 2, 3) changes the hash. */
Test(trace, add__hash_sees_everything)
{
    static const struct {
        weft_ns at;
        uint32_t event;
        uint64_t a;
        uint64_t b;
        uint64_t c;
        bool equal;
    } rows[] = {
        {10, WEFT_TRACE_copy_ended, 1, 2, 3, true},   {11, WEFT_TRACE_copy_ended, 1, 2, 3, false},
        {10, WEFT_TRACE_copy_failed, 1, 2, 3, false}, {10, WEFT_TRACE_copy_ended, 2, 2, 3, false},
        {10, WEFT_TRACE_copy_ended, 1, 3, 3, false},  {10, WEFT_TRACE_copy_ended, 1, 2, 4, false},
        {10, WEFT_TRACE_copy_ended, 2, 1, 3, false},
    };
    struct weft_trace first = made();

    weft_trace_copy_ended(&first, 10, 1, 2, 3);
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct weft_trace second = made();

        weft_trace_add(&second, rows[i].at, rows[i].event, rows[i].a, rows[i].b, rows[i].c);
        cr_expect_eq(second.hash == first.hash, rows[i].equal, "row %zu", i);
    }
}

Test(trace, add__hash_sees_the_order)
{
    struct weft_trace first = made();
    struct weft_trace second = made();

    weft_trace_copy_ended(&first, 10, 1, 2, 3);
    weft_trace_copy_ended(&first, 10, 2, 2, 3);
    weft_trace_copy_ended(&second, 10, 2, 2, 3);
    weft_trace_copy_ended(&second, 10, 1, 2, 3);
    cr_expect_neq(first.hash, second.hash);
}
