/* perf/weft-perf/recovery: when goodput is back. Times are ns, or ms where they say so. */
#include <criterion/criterion.h>

#include <string.h>

#include "../../perf/weft-perf/recovery.h"

#define MS UINT64_C(1000000)

static struct weft_perf_curve curve;
static struct weft_perf_back backs[WEFT_PERF_BACK_KINDS];

static const struct weft_perf_fault_plan plan = {
    .count = 3,
    .faults = {{.link = "nic0-net", .change = WEFT_LINK_CUT, .permille = 1000, .during = true},
               {.link = "nic1-net", .change = WEFT_LINK_CUT, .permille = 1000, .during = true},
               {.link = "nic0-net", .change = WEFT_LINK_SCALE, .permille = 1000, .during = true}}};

/* Adds samples every 0.1 ms from the last one to `end_at`, so many permille each. */
static void curve_go(weft_ns end_at, uint32_t permille)
{
    if (curve.count == 0)
        weft_perf_curve_add(&curve, 0, 0);
    for (weft_ns at = curve.samples[curve.count - 1].at + MS / 10; at <= end_at; at += MS / 10)
        weft_perf_curve_add(&curve, at, curve.samples[curve.count - 1].permille + permille);
}

static void reset(void)
{
    curve.count = 0;
    memset(backs, 0, sizeof(backs));
}

/* 10 permille per 0.1 ms, then a fault: nothing for 1.2 ms, then the 5 that are left to go. */
Test(perf_recovery, add__dip)
{
    const struct weft_perf_fault_event events[] = {{.fault = 0, .at = 3 * MS}};
    const weft_ns whole_ns[] = {20 * MS};
    const struct weft_perf_recovery_case transfer = {&curve, &plan, events, whole_ns, 1};

    reset();
    curve_go(3 * MS, 10);
    curve_go(3 * MS + 12 * MS / 10, 0);
    curve_go(9 * MS, 5);
    weft_perf_recovery_add(backs, &transfer);
    cr_assert_eq(backs[WEFT_PERF_BACK_FAULT].count, 1);
    cr_assert_eq(backs[WEFT_PERF_BACK_FAULT].not_count, 0);
    cr_assert_eq(backs[WEFT_PERF_BACK_REPAIR].count, 0);
    cr_assert_eq(backs[WEFT_PERF_BACK_FAULT].times_ns[0], 12 * MS / 10);
}

/* A second fault within the dip belongs to it; the repair counts on its own. */
Test(perf_recovery, add__second_fault_in_the_dip)
{
    const struct weft_perf_fault_event events[] = {
        {.fault = 0, .at = 2 * MS}, {.fault = 1, .at = 25 * MS / 10}, {.fault = 2, .at = 6 * MS}};
    const weft_ns whole_ns[] = {15 * MS, 20 * MS, 10 * MS};
    const struct weft_perf_recovery_case transfer = {&curve, &plan, events, whole_ns, 3};

    reset();
    curve_go(2 * MS, 10);
    curve_go(3 * MS, 0);
    curve_go(7 * MS, 5);
    curve_go(10 * MS, 10);
    weft_perf_recovery_add(backs, &transfer);
    cr_assert_eq(backs[WEFT_PERF_BACK_FAULT].count, 1);
    cr_assert_eq(backs[WEFT_PERF_BACK_FAULT].times_ns[0], MS);
    cr_assert_eq(backs[WEFT_PERF_BACK_REPAIR].count, 1);
    /* One of five samples may be a slow one: 45 of 50 permille. */
    cr_assert_eq(backs[WEFT_PERF_BACK_REPAIR].times_ns[0], 9 * MS / 10);
}

/* Too slow up to the end, or too near to it. */
Test(perf_recovery, add__not_before_the_end)
{
    const struct weft_perf_fault_event slow[] = {{.fault = 0, .at = 2 * MS}};
    const struct weft_perf_fault_event late[] = {{.fault = 2, .at = 49 * MS / 10}};
    const weft_ns whole_ns[] = {10 * MS};
    struct weft_perf_recovery_case transfer = {&curve, &plan, slow, whole_ns, 1};

    reset();
    curve_go(2 * MS, 10);
    curve_go(5 * MS, 8);
    weft_perf_recovery_add(backs, &transfer);
    cr_assert_eq(backs[WEFT_PERF_BACK_FAULT].not_count, 1);
    transfer.events = late;
    weft_perf_recovery_add(backs, &transfer);
    cr_assert_eq(backs[WEFT_PERF_BACK_REPAIR].not_count, 1);
    cr_assert_eq(weft_perf_back_rank(&backs[WEFT_PERF_BACK_REPAIR], 500), 0);
}

Test(perf_recovery, curve_add__thins_out)
{
    reset();
    for (uint32_t i = 0; i <= WEFT_PERF_SAMPLES_MAX; i++)
        weft_perf_curve_add(&curve, i, i);
    cr_assert_eq(curve.count, WEFT_PERF_SAMPLES_MAX / 2 + 1);
    cr_assert_eq(curve.samples[1].at, 2);
    cr_assert_eq(curve.samples[curve.count - 1].at, WEFT_PERF_SAMPLES_MAX);
}
