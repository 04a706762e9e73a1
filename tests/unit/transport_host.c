/* The host transport: copies, chains, words and memory of one process. */
#include <criterion/criterion.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "base/base.h"
#include "base/prng.h"
#include "host/host.h"

#define COOKIES 64
#define SIZE    WEFT_MIB(1)
#define WAIT_S  20

struct bench {
    struct weft_port *ports[2]; /* dram0, dram1 */
    uint32_t lanes[2];          /* from dram0 to dram1, and back */
    char *memory[2];            /* windows 0 and 1, known to both ports */
    bool ended[COOKIES];
    weftResult_t results[COOKIES];
};

static struct bench bench;

static const struct weft_device_ref devices[] = {
    {.device = 0, .kind = weftDeviceDram, .numa_node = 0},
    {.device = 1, .kind = weftDeviceDram, .numa_node = 1},
    {.device = 2, .kind = weftDeviceGpu, .bus = "0000:01:00.0"},
};

static void no_log(int level, const char *text)
{
    (void)level;
    (void)text;
}

static const struct weft_transport_env env = {
    .cookies_max = COOKIES, .windows_max = 4, .driver = "", .log = no_log};

static void bench_open(void)
{
    char why[256] = "";

    for (uint32_t i = 0; i < 2; i++) {
        struct weft_hop_offer hop = {.src_device = i, .dst_device = 1 - i, .port_device = i};
        void *memory;

        cr_assert_eq(weft_host_transport.open(&env, &devices[i], &bench.ports[i]), weftSuccess);
        cr_assert_eq(weft_host_transport.connect(bench.ports[i], &hop, &bench.lanes[i]),
                     weftSuccess);
        cr_assert_eq(weft_host_transport.alloc(bench.ports[i], SIZE, &memory), weftSuccess);
        bench.memory[i] = memory;
    }
    for (uint32_t i = 0; i < 4; i++)
        cr_assert_eq(weft_host_transport.window_add(bench.ports[i / 2], i % 2, &devices[i % 2],
                                                    bench.memory[i % 2], SIZE, why),
                     weftSuccess, "%s", why);
}

static void bench_close(void)
{
    for (uint32_t i = 0; i < 2; i++)
        weft_host_transport.free(bench.ports[i], bench.memory[i]);
    for (uint32_t i = 0; i < 2; i++)
        weft_host_transport.close(bench.ports[i]);
}

/* A copy out of memory `from` into the other. */
static weftResult_t bench_copy(uint32_t from, uint32_t cookie, const struct weft_extent *extents,
                               uint32_t count, uint32_t after, uint32_t after_from)
{
    struct weft_copy copy = {
        .lane = bench.lanes[from],
        .dst_window = 1 - from,
        .src_window = from,
        .extent_count = count,
        .extents = extents,
        .cookie = cookie,
        .after = after,
        .after_port = after == WEFT_COOKIE_NONE ? NULL : bench.ports[after_from],
    };

    return weft_host_transport.copy(bench.ports[from], &copy);
}

static void bench_wait(uint32_t cookie)
{
    time_t deadline_at = time(NULL) + WAIT_S;

    while (!bench.ended[cookie]) {
        struct weft_completion ended[4];

        cr_assert_lt(time(NULL), deadline_at, "cookie %u does not end", cookie);
        for (uint32_t i = 0; i < 2; i++) {
            uint32_t count = weft_host_transport.poll(bench.ports[i], ended, 4);

            for (uint32_t k = 0; k < count; k++) {
                cr_assert_not(bench.ended[ended[k].cookie]);
                bench.ended[ended[k].cookie] = true;
                bench.results[ended[k].cookie] = ended[k].result;
            }
        }
        sched_yield();
    }
}

Test(transport_host, hops__between_all_host_memories)
{
    struct weft_hop_offer offers[9];
    uint32_t count = 0;

    cr_assert_eq(weft_host_transport.hops(&env, devices, 3, offers, &count), weftSuccess);
    cr_assert_eq(count, 4);
    for (uint32_t i = 0; i < count; i++) {
        cr_assert_eq(offers[i].src_device, i / 2);
        cr_assert_eq(offers[i].dst_device, i % 2);
        cr_assert_eq(offers[i].port_device, i / 2);
        cr_assert_not(offers[i].peer);
    }
}

/* More extents than a block holds, in reverse order. */
Test(transport_host, copy__many_extents)
{
    enum { EXTENTS = 1000, PIECE = 1000 };
    static struct weft_extent extents[EXTENTS];
    struct weft_prng prng;

    bench_open();
    weft_prng_init(&prng, 1);
    for (size_t i = 0; i < SIZE; i++)
        bench.memory[0][i] = (char)weft_prng_next(&prng);
    for (uint32_t i = 0; i < EXTENTS; i++)
        extents[i] =
            (struct weft_extent){(uint64_t)(EXTENTS - 1 - i) * PIECE, (uint64_t)i * PIECE, PIECE};
    cr_assert_eq(bench_copy(0, 3, extents, EXTENTS, WEFT_COOKIE_NONE, 0), weftSuccess);
    memset(extents, 0xff, sizeof(extents)); /* the port has its own copy of the list */
    bench_wait(3);
    cr_assert_eq(bench.results[3], weftSuccess);
    for (uint32_t i = 0; i < EXTENTS; i++)
        cr_assert_arr_eq(bench.memory[1] + (EXTENTS - 1 - i) * PIECE, bench.memory[0] + i * PIECE,
                         PIECE, "extent %u", i);
    bench_close();
}

/* 16 KiB and no more than 64 extents: no other thread is woken for them. */
Test(transport_host, copy__small_has_landed_when_the_call_returns)
{
    enum { EXTENTS = 64, PIECE = 256 };
    struct weft_extent extents[EXTENTS];
    struct weft_completion ended[2];

    bench_open();
    memset(bench.memory[0], 'x', SIZE);
    memset(bench.memory[1], '-', SIZE);
    for (uint32_t i = 0; i < EXTENTS; i++)
        extents[i] = (struct weft_extent){(uint64_t)i * PIECE * 2, (uint64_t)i * PIECE, PIECE};
    cr_assert_eq(bench_copy(0, 9, extents, EXTENTS, WEFT_COOKIE_NONE, 0), weftSuccess);
    cr_assert_eq(weft_host_transport.fence(bench.ports[0], bench.lanes[0]), weftSuccess);
    for (uint32_t i = 0; i < EXTENTS * PIECE * 2; i++)
        cr_assert_eq(bench.memory[1][i], i / PIECE % 2 == 0 ? 'x' : '-', "byte %u", i);
    cr_assert_eq(weft_host_transport.poll(bench.ports[0], ended, 2), 1);
    cr_assert_eq(ended[0].cookie, 9);
    cr_assert_eq(ended[0].result, weftSuccess);
    bench_close();
}

/* A byte goes back and forth between the two memories, one place further each time. */
Test(transport_host, copy__chain_over_two_ports)
{
    bench_open();
    bench.memory[0][0] = 'w';
    for (uint32_t i = 0; i < COOKIES; i++) {
        struct weft_extent extent = {i + 1, i, 1};

        cr_assert_eq(
            bench_copy(i % 2, i, &extent, 1, i == 0 ? WEFT_COOKIE_NONE : i - 1, (i + 1) % 2),
            weftSuccess);
    }
    bench_wait(COOKIES - 1);
    for (uint32_t i = 0; i < COOKIES; i++) {
        bench_wait(i);
        cr_assert_eq(bench.results[i], weftSuccess);
        cr_assert_eq(bench.memory[(i + 1) % 2][i + 1], 'w', "hop %u", i);
    }
    bench_close();
}

Test(transport_host, copy__refused)
{
    static const struct weft_extent outside[] = {
        {0, SIZE, 1}, {SIZE, 0, 1}, {UINT64_MAX, 0, 2}, {0, 1, SIZE}};
    struct weft_extent inside = {0, 0, 1};
    struct weft_copy copy = {.lane = 0,
                             .dst_window = 0,
                             .src_window = 0,
                             .extent_count = 1,
                             .extents = &inside,
                             .after = WEFT_COOKIE_NONE};

    bench_open();
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(outside); i++)
        cr_assert_eq(bench_copy(0, 0, &outside[i], 1, WEFT_COOKIE_NONE, 0), weftInvalidArgument,
                     "extent %zu", i);
    /* The window is not of the lane's destination. */
    cr_assert_eq(weft_host_transport.copy(bench.ports[0], &copy), weftInvalidArgument);
    copy.dst_window = 3;
    cr_assert_eq(weft_host_transport.copy(bench.ports[0], &copy), weftInvalidArgument);
    bench_close();
}

/* A queue without room refuses, and takes the copy when there is room again. */
Test(transport_host, copy__too_many_extents)
{
    enum { EXTENTS = 4096 };
    static struct weft_extent extents[EXTENTS];
    uint32_t taken = 0;

    bench_open();
    for (uint32_t i = 0; i < EXTENTS; i++)
        extents[i] = (struct weft_extent){i, i, 1};
    while (taken < COOKIES &&
           bench_copy(0, taken, extents, EXTENTS, WEFT_COOKIE_NONE, 0) == weftSuccess)
        taken++;
    /* 131,072 extents are in flight at most: 32 copies of 4,096. */
    cr_assert_eq(taken, 32);
    cr_assert_eq(bench_copy(0, taken, extents, EXTENTS, WEFT_COOKIE_NONE, 0), weftNoResource);
    bench_wait(0);
    cr_assert_eq(bench_copy(0, taken, extents, EXTENTS, WEFT_COOKIE_NONE, 0), weftSuccess);
    bench_wait(taken);
    bench_close();
}

Test(transport_host, fence__needs_no_poll)
{
    struct weft_extent extent = {0, 0, SIZE};
    time_t deadline_at = time(NULL) + WAIT_S;

    bench_open();
    cr_assert_eq(weft_host_transport.fence(bench.ports[0], bench.lanes[0]), weftSuccess);
    memset(bench.memory[0], 'x', SIZE);
    cr_assert_eq(bench_copy(0, 0, &extent, 1, WEFT_COOKIE_NONE, 0), weftSuccess);
    while (weft_host_transport.fence(bench.ports[0], bench.lanes[0]) == weftInProgress) {
        cr_assert_lt(time(NULL), deadline_at);
        sched_yield();
    }
    cr_assert_eq(bench.memory[1][SIZE - 1], 'x');
    bench_wait(0);
    bench_close();
}

Test(transport_host, store__set_add_and_bounds)
{
    uint64_t value = 0;

    bench_open();
    cr_assert_eq(weft_host_transport.store(bench.ports[0], 0, 8, 5, weftSignalSet), weftSuccess);
    cr_assert_eq(weft_host_transport.store(bench.ports[1], 0, 8, 7, weftSignalAdd), weftSuccess);
    cr_assert_eq(weft_host_transport.load(bench.ports[0], 0, 8, &value), weftSuccess);
    cr_assert_eq(value, 12);
    cr_assert_eq(weft_host_transport.store(bench.ports[0], 0, 4, 1, weftSignalSet),
                 weftInvalidArgument);
    cr_assert_eq(weft_host_transport.store(bench.ports[0], 0, SIZE - 4, 1, weftSignalSet),
                 weftInvalidArgument);
    cr_assert_eq(weft_host_transport.load(bench.ports[0], 2, 0, &value), weftInvalidArgument);
    cr_assert_eq(value, 12);
    bench_close();
}

Test(transport_host, window_add__no_host_memory)
{
    char why[256] = "";
    void *memory;

    bench_open();
    memory = mmap(NULL, SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(memory, MAP_FAILED);
    cr_assert_eq(munmap(memory, SIZE), 0);
    cr_assert_eq(weft_host_transport.window_add(bench.ports[0], 2, &devices[0], memory, SIZE, why),
                 weftInvalidArgument);
    cr_assert_not_null(strstr(why, "not mapped"), "%s", why);
    cr_assert_eq(
        weft_host_transport.window_add(bench.ports[0], 2, &devices[2], bench.memory[0], SIZE, why),
        weftInvalidArgument);
    cr_assert_not_null(strstr(why, "host memory only"), "%s", why);
    bench_close();
}

Test(transport_host, alloc__more_than_there_is)
{
    void *memory = &bench;

    bench_open();
    cr_assert_eq(weft_host_transport.alloc(bench.ports[0], (size_t)1 << 46, &memory),
                 weftNoResource);
    cr_assert_eq(weft_host_transport.alloc(bench.ports[0], SIZE_MAX, &memory), weftNoResource);
    cr_assert_eq(memory, &bench);
    bench_close();
}
