/* Fault plans, and the wrapper that acts on them, over the host transport. */
#include <criterion/criterion.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "hook/fault.h"
#include "hook/fault_plan.h"
#include "host/host.h"

#define SIZE    4096
#define COOKIES 16
#define WAIT_S  20 /* for a copy that ends: the copying thread is another one */

struct bench {
    const struct weft_transport_ops *ops;
    struct weft_port *port;
    uint32_t lane;
    char src[SIZE];
    char dst[SIZE];
};

static struct bench bench;

static void no_log(int level, const char *text)
{
    (void)level;
    (void)text;
}

/* A port on dram0 of a machine with two, wrapped, with a lane from dram0 to dram1. */
static void bench_open(const char *plan)
{
    static const struct weft_device_ref devices[] = {
        {.device = 0, .kind = weftDeviceDram, .numa_node = 0},
        {.device = 1, .kind = weftDeviceDram, .numa_node = 1},
    };
    static const struct weft_transport_env env = {
        .cookies_max = COOKIES, .windows_max = 2, .driver = "", .log = no_log};
    const struct weft_hop_offer hop = {.src_device = 0, .dst_device = 1, .port_device = 0};
    struct weft_hop_offer offers[4];
    uint32_t count;
    char why[256] = "";

    memset(bench.src, 'a', SIZE);
    memset(bench.dst, 'z', SIZE);
    cr_assert_eq(weft_fault_wrap(&weft_host_transport, plan, &bench.ops, why), weftSuccess, "%s",
                 why);
    cr_assert_eq(bench.ops->hops(&env, devices, 2, offers, &count), weftSuccess);
    cr_assert_eq(count, 4);
    cr_assert_eq(bench.ops->open(&env, &devices[0], &bench.port), weftSuccess);
    cr_assert_eq(bench.ops->connect(bench.port, &hop, &bench.lane), weftSuccess);
    cr_assert_eq(bench.ops->window_add(bench.port, 0, &devices[0], bench.src, SIZE, why),
                 weftSuccess, "%s", why);
    cr_assert_eq(bench.ops->window_add(bench.port, 1, &devices[1], bench.dst, SIZE, why),
                 weftSuccess, "%s", why);
}

static void bench_close(void)
{
    bench.ops->disconnect(bench.port, bench.lane);
    bench.ops->close(bench.port);
}

/* Copies byte number `cookie`, after another copy or none. */
static weftResult_t bench_copy(uint32_t cookie, uint32_t after)
{
    struct weft_extent extent = {cookie, cookie, 1};
    struct weft_copy copy = {
        .lane = bench.lane,
        .dst_window = 1,
        .src_window = 0,
        .extent_count = 1,
        .extents = &extent,
        .size_bytes = 1,
        .cookie = cookie,
        .after = after,
        .after_port = after == WEFT_COOKIE_NONE ? NULL : bench.port,
    };

    return bench.ops->copy(bench.port, &copy);
}

/* Polls until one has ended. */
static struct weft_completion bench_wait(void)
{
    struct weft_completion ended = {.cookie = WEFT_COOKIE_NONE};
    time_t deadline_at = time(NULL) + WAIT_S;

    while (bench.ops->poll(bench.port, &ended, 1) == 0) {
        cr_assert_lt(time(NULL), deadline_at, "nothing ends");
        sched_yield();
    }
    return ended;
}

/* Issues one copy and says how it went: refused, rejected, or its end. */
static weftResult_t bench_move(uint32_t cookie)
{
    weftResult_t result = bench_copy(cookie, WEFT_COOKIE_NONE);
    struct weft_completion ended;

    if (result != weftSuccess)
        return result;
    ended = bench_wait();
    cr_assert_eq(ended.cookie, cookie);
    return ended.result;
}

Test(fault, weft_fault_plan_parse__what_is_understood)
{
    struct weft_fault_plan plan;
    char why[256] = "";

    cr_assert_eq(weft_fault_plan_parse("seed=7;copy:every=7:fail;copy:hop=gpu1>dram0:percent=20:"
                                       "times=3:refuse;copy:nth=2:spoil;copy:reject;poll:delay=5;"
                                       "poll:reorder",
                                       &plan, why),
                 weftSuccess, "%s", why);
    cr_assert_eq(plan.seed, 7);
    cr_assert_eq(plan.rule_count, 4);
    cr_assert_eq(plan.rules[0].every, 7);
    cr_assert_eq(plan.rules[0].action, WEFT_FAULT_FAIL);
    cr_assert_str_eq(plan.rules[1].src, "gpu1");
    cr_assert_str_eq(plan.rules[1].dst, "dram0");
    cr_assert_eq(plan.rules[1].percent, 20);
    cr_assert_eq(plan.rules[1].times, 3);
    cr_assert_eq(plan.rules[1].action, WEFT_FAULT_REFUSE);
    cr_assert_eq(plan.rules[2].nth, 2);
    cr_assert_eq(plan.rules[2].action, WEFT_FAULT_SPOIL);
    cr_assert_eq(plan.rules[3].action, WEFT_FAULT_REJECT);
    cr_assert_eq(plan.delay_polls, 5);
    cr_assert(plan.reorder);
    cr_assert_eq(weft_fault_plan_parse("", &plan, why), weftSuccess);
    cr_assert_eq(plan.seed, 1);
    cr_assert_eq(plan.rule_count, 0);
}

Test(fault, weft_fault_plan_parse__what_is_not)
{
    static const char *const plans[] = {
        "copy",
        "copy:",
        "copy:every=3",
        "copy:every=0:fail",
        "copy:fail:",
        "copy:fall",
        "copy:every=x:fail",
        "copy:percent=101:fail",
        "poll:delay=",
        "poll:delay=-1",
        "poll:",
        "poll",
        "seed=",
        "seed=4294967296",
        "copy:hop=gpu1:fail",
        "copy:hop=>dram0:fail",
        "frog",
        "copy:nth=1:fail;x",
        "copy:hop=a>b:b:fail",
        "copy:hop=a234567890123456>b:fail",
    };
    struct weft_fault_plan plan;

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(plans); i++) {
        char why[256] = "";

        cr_assert_eq(weft_fault_plan_parse(plans[i], &plan, why), weftInvalidArgument, "%s",
                     plans[i]);
        cr_assert_not_null(strstr(why, "refuse|reject|fail|spoil"), "%s: %s", plans[i], why);
    }
}

Test(fault, weft_fault_wrap__same_plan_same_table)
{
    const struct weft_transport_ops *first;
    const struct weft_transport_ops *second;
    char why[256] = "";
    char plan[32];

    cr_assert_eq(weft_fault_wrap(&weft_host_transport, "poll:delay=1", &first, why), weftSuccess);
    cr_assert_eq(weft_fault_wrap(&weft_host_transport, "poll:delay=1", &second, why), weftSuccess);
    cr_assert_eq(first, second);
    cr_assert_str_eq(first->name, "host");
    for (int i = 2; i <= WEFT_FAULT_WRAPS_MAX; i++) {
        snprintf(plan, sizeof(plan), "poll:delay=%d", i);
        cr_assert_eq(weft_fault_wrap(&weft_host_transport, plan, &second, why), weftSuccess);
        cr_assert_neq(first, second);
    }
    cr_assert_eq(weft_fault_wrap(&weft_host_transport, "poll:reorder", &second, why),
                 weftNoResource);
}

/* What becomes of six copies under a plan, and which bytes were moved. */
Test(fault, weft_fault_copy__actions)
{
    static const struct {
        const char *plan;
        weftResult_t results[6];
        const char *moved;
    } cases[] = {
        {"", {0, 0, 0, 0, 0, 0}, "aaaaaa"},
        {"copy:every=2:fail", {0, 1, 0, 1, 0, 1}, "azazaz"},
        {"copy:nth=3:refuse", {0, 0, 9, 0, 0, 0}, "aazaaa"},
        {"copy:nth=1:reject;copy:nth=2:spoil", {1, 0, 1, 0, 0, 0}, "zaaaaa"},
        {"copy:times=2:fail", {1, 1, 0, 0, 0, 0}, "zzaaaa"},
        {"copy:hop=dram0>dram1:nth=2:spoil", {0, 1, 0, 0, 0, 0}, "aaaaaa"},
        {"copy:hop=dram1>dram0:fail", {0, 0, 0, 0, 0, 0}, "aaaaaa"},
        {"copy:percent=100:fail", {1, 1, 1, 1, 1, 1}, "zzzzzz"},
        {"poll:delay=3;poll:reorder", {0, 0, 0, 0, 0, 0}, "aaaaaa"},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(cases); i++) {
        bench_open(cases[i].plan);
        for (uint32_t cookie = 0; cookie < 6; cookie++)
            cr_assert_eq(bench_move(cookie), cases[i].results[cookie], "%s: copy %u", cases[i].plan,
                         cookie);
        cr_assert_arr_eq(bench.dst, cases[i].moved, 6, "%s", cases[i].plan);
        bench_close();
    }
}

/* A failed copy takes those after it along, whether it was polled for or not. */
Test(fault, weft_fault_copy__after_a_failed_one)
{
    struct weft_completion ended;

    bench_open("copy:nth=1:fail");
    cr_assert_eq(bench_copy(0, WEFT_COOKIE_NONE), weftSuccess);
    cr_assert_eq(bench_copy(1, 0), weftUnhandledCudaError);
    ended = bench_wait();
    cr_assert_eq(ended.cookie, 0);
    cr_assert_eq(ended.result, weftUnhandledCudaError);
    cr_assert_eq(bench_copy(1, 0), weftUnhandledCudaError);
    cr_assert_eq(bench_move(1), weftSuccess);
    cr_assert_eq(bench_copy(2, 1), weftSuccess);
    ended = bench_wait();
    cr_assert_eq(ended.cookie, 2);
    cr_assert_eq(ended.result, weftSuccess);
    cr_assert_arr_eq(bench.dst, "zaa", 3);
    bench_close();
}

/* The same plan gives the same order of ends, another seed another one. */
Test(fault, weft_fault_poll__reorder_is_deterministic)
{
    static const char *const plans[] = {"seed=1;copy:fail;poll:reorder",
                                        "seed=1;copy:fail;poll:reorder",
                                        "seed=2;copy:fail;poll:reorder"};
    uint32_t orders[3][COOKIES];
    uint32_t moved = 0;

    for (int run = 0; run < 3; run++) {
        bench_open(plans[run]);
        for (uint32_t cookie = 0; cookie < COOKIES; cookie++)
            cr_assert_eq(bench_copy(cookie, WEFT_COOKIE_NONE), weftSuccess);
        for (uint32_t i = 0; i < COOKIES; i++)
            orders[run][i] = bench_wait().cookie;
        bench_close();
    }
    cr_assert_arr_eq(orders[0], orders[1], sizeof(orders[0]));
    cr_assert(memcmp(orders[0], orders[2], sizeof(orders[0])) != 0);
    for (uint32_t i = 0; i < COOKIES; i++)
        moved += orders[0][i] != i;
    cr_assert_gt(moved, 0);
}

Test(fault, weft_fault_poll__delay)
{
    struct weft_completion ended;

    bench_open("copy:fail;poll:delay=4");
    cr_assert_eq(bench_copy(5, WEFT_COOKIE_NONE), weftSuccess);
    for (int poll = 0; poll < 4; poll++)
        cr_assert_eq(bench.ops->poll(bench.port, &ended, 1), 0, "poll %d", poll);
    cr_assert_eq(bench.ops->poll(bench.port, &ended, 1), 1);
    cr_assert_eq(ended.cookie, 5);
    bench_close();
}
