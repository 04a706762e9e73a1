/* The thousand servers: their traffic, and what it took. */

#include "fleet_many.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "core/plan.h"
#include "core/result.h"
#include "fleet_draw.h"
#include "fleet_make.h"
#include "fleet_run.h"
#include "host/peers.h"

#define PRESET       "hgx-h100"
#define PRESET_GPUS  8
#define CALLS_EACH   4
#define AWAYS        4                /* others that a server calls; it is called by as many */
#define MEET_NS      UINT64_C(600000) /* until then every server has met those that it calls */
#define COPIES_MAX   64
#define HOP_NS       3000
#define ROUTE_NS_MAX 50000
#define SAMPLES_MAX  (1u << 20)
#define MMAP_BYTES   (128 * 1024)

/* ---- what routes and plans cost: CPU time, so that others on this computer do not count ---- */

struct cost {
    const char *what;
    uint32_t count;
    uint32_t *samples_ns;
};

static struct cost route_cost = {.what = "route computation"};
static struct cost plan_cost = {.what = "plan"};

static uint64_t cpu_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void add_cost(struct cost *cost, uint64_t ns)
{
    if (cost->samples_ns != NULL && cost->count < SAMPLES_MAX)
        cost->samples_ns[cost->count++] = (uint32_t)weft_min(ns, UINT32_MAX);
}

/* The linker's --wrap puts these between the engine and the functions (tests/CMakeLists.txt). */
uint32_t __real_weft_route_find(const struct weft_topo *, const struct weft_hop_table *,
                                const bool *, const struct weft_route_filter *, uint32_t, uint32_t,
                                struct weft_route *);
uint32_t __wrap_weft_route_find(const struct weft_topo *, const struct weft_hop_table *,
                                const bool *, const struct weft_route_filter *, uint32_t, uint32_t,
                                struct weft_route *);
uint64_t __real_weft_plan_make(struct weft_capacity *, struct weft_pair *const *, uint32_t,
                               struct weft_path *, const struct weft_lane *);
uint64_t __wrap_weft_plan_make(struct weft_capacity *, struct weft_pair *const *, uint32_t,
                               struct weft_path *, const struct weft_lane *);

uint32_t __wrap_weft_route_find(const struct weft_topo *topo, const struct weft_hop_table *hops,
                                const bool *relays, const struct weft_route_filter *filter,
                                uint32_t src_device, uint32_t dst_device, struct weft_route *routes)
{
    uint64_t from = route_cost.samples_ns == NULL ? 0 : cpu_ns();
    uint32_t count =
        __real_weft_route_find(topo, hops, relays, filter, src_device, dst_device, routes);

    if (from > 0)
        add_cost(&route_cost, cpu_ns() - from);
    return count;
}

uint64_t __wrap_weft_plan_make(struct weft_capacity *capacity, struct weft_pair *const *pairs,
                               uint32_t count, struct weft_path *paths,
                               const struct weft_lane *lanes)
{
    uint64_t from = plan_cost.samples_ns == NULL ? 0 : cpu_ns();
    uint64_t sum = __real_weft_plan_make(capacity, pairs, count, paths, lanes);

    if (from > 0)
        add_cost(&plan_cost, cpu_ns() - from);
    return sum;
}

static int by_size(const void *a, const void *b)
{
    const uint32_t *x = a;
    const uint32_t *y = b;

    return (*x > *y) - (*x < *y);
}

/* True when the mean and the 99th percentile are within the bound of routes. */
static bool print_cost(struct cost *cost)
{
    uint64_t sum = 0;
    uint32_t p99;

    if (cost->count == 0)
        return false;
    for (uint32_t i = 0; i < cost->count; i++)
        sum += cost->samples_ns[i];
    qsort(cost->samples_ns, cost->count, sizeof(cost->samples_ns[0]), by_size);
    p99 = cost->samples_ns[(uint64_t)cost->count * 99 / 100];
    printf("%s: %u, mean %.1f us, p50 %.1f us, p99 %.1f us, max %.1f us of CPU time\n", cost->what,
           cost->count, (double)sum / cost->count / 1000,
           (double)cost->samples_ns[cost->count / 2] / 1000, (double)p99 / 1000,
           (double)cost->samples_ns[cost->count - 1] / 1000);
    return sum / cost->count <= ROUTE_NS_MAX && p99 <= ROUTE_NS_MAX;
}

/* ---- the machines ---- */

/* The preset with fewer GPUs: hops of the others are not offered. */
static void keep_gpus(struct sim_world *world, uint32_t gpu_count)
{
    struct weft_hop_table all = world->hops;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < world->holder_count; i++) {
        uint32_t device = world->holders[i];
        bool is_gpu = world->topo.devices[device].kind == weftDeviceGpu;
        bool is_kept = !is_gpu || gpu_count > 0;

        if (is_gpu && is_kept)
            gpu_count--;
        world->has_relay[device] = is_kept;
        if (is_kept)
            world->holders[kept++] = device;
    }
    world->holder_count = kept;
    weft_hop_init(&world->hops);
    for (uint32_t i = 0; i < all.count; i++)
        if (world->has_relay[all.hops[i].src_device] && world->has_relay[all.hops[i].dst_device])
            (void)weft_hop_add_given(&world->hops, &world->topo, &all.hops[i], HOP_NS);
}

static void make_config(struct sim_fleet *fleet)
{
    struct weft_config *config = &fleet->config;

    weft_config_init(config);
    config->transfers_max = 64;
    config->extents_max = 8192;
    config->chunks_max = 128;
    sim_fleet_fit_config(fleet);
}

static void draw_call(struct sim_fleet *fleet, uint32_t number)
{
    struct sim_call *call = &fleet->calls[number];
    struct sim_dice *dice = &fleet->dice;
    uint32_t away = 1u << sim_dice_below(dice, fleet->shape.peers_each);
    uint32_t holders = fleet->servers[0].holder_count;

    *call = (struct sim_call){.cancel_ns = WEFT_NEVER};
    call->server = number / fleet->shape.calls_each;
    call->kind = sim_dice_chance(dice, 50) ? SIM_CALL_PUT : SIM_CALL_GET;
    call->peer = (call->server + away) % fleet->server_count;
    call->to = call->peer;
    call->src = (uint32_t)sim_dice_below(dice, holders);
    call->dst = (uint32_t)sim_dice_below(dice, holders);
    call->size_bytes = sim_dice_scaled(dice, WEFT_KIB(4), WEFT_MIB(4));
    call->extent_count = 1;
    call->is_signalled = sim_dice_chance(dice, 50);
    call->at = fleet->now;
    sim_fleet_place(call, dice);
}

void sim_many_renew(struct sim_fleet *fleet, uint32_t number)
{
    struct sim_call *call = &fleet->calls[number];

    if (call->state == SIM_CALL_ENDED || call->state == SIM_CALL_SKIPPED) {
        if (call->state == SIM_CALL_ENDED)
            fleet->call_results[call->result]++;
        if (fleet->now >= fleet->renew_until) {
            call->state = SIM_CALL_VOID;
            return;
        }
        draw_call(fleet, number);
        fleet->shadow.landed_bytes[number] = 0;
        fleet->calls_live++;
    }
    if ((call->state == SIM_CALL_WAITING || call->state == SIM_CALL_IMPORTING) &&
        call->at <= fleet->now)
        sim_call_begin(fleet, call);
    if (call->state == SIM_CALL_IMPORTING || call->state == SIM_CALL_SKIPPED)
        sim_server_wake(fleet, call->server, weft_max(call->at, fleet->now + 1000));
}

static void prepare(struct sim_fleet *fleet, const struct sim_many *many)
{
    struct sim_world *world = fleet->servers[0].world;

    sim_fleet_prepare(fleet, 1, NULL, false);
    fleet->server_count = many->server_count;
    make_config(fleet);
    sim_world_preset(world, PRESET);
    keep_gpus(world, many->gpu_count);
    sim_fleet_add_host_copies(world);
    world->port_copies_max = COPIES_MAX;
    for (uint32_t i = 0; i < fleet->server_count; i++) {
        fleet->servers[i].world = world;
        fleet->servers[i].gpus = true;
        sim_fleet_begin_server(fleet, i);
    }
    sim_fleet_take_config(fleet, &fleet->servers[0]);
    fleet->call_count = fleet->shape.call_count;
    fleet->calls_live = fleet->call_count;
    for (uint32_t i = 0; i < fleet->call_count; i++)
        draw_call(fleet, i);
}

/* ---- figures ---- */

static uint64_t resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    unsigned long long pages = 0;

    if (file == NULL || fscanf(file, "%*u %llu", &pages) != 1)
        pages = 0;
    if (file != NULL)
        (void)fclose(file);
    return pages * 4096;
}

static uint64_t wall_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint32_t peers_of(const struct sim_fleet *fleet, uint32_t server)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < WEFT_PEERS_MAX; i++)
        count += fleet->servers[server].loop->peers->peers[i].state == WEFT_PEER_READY;
    return count;
}

static void print_memory(const struct sim_fleet *fleet, uint64_t before, uint64_t opened,
                         uint64_t after)
{
    const struct weft_world *world = &fleet->servers[0].loop->peers->world;
    uint64_t peers = 0;

    for (uint32_t i = 0; i < fleet->server_count; i++)
        peers += peers_of(fleet, i);
    printf("memory: %" PRIu64 " MiB resident, %" PRIu64 " KiB per server, of which %" PRIu64
           " KiB when it knew no peer\n",
           (after - before) >> 20, (after - before) / fleet->server_count >> 10,
           (opened - before) / fleet->server_count >> 10);
    printf("peers: %.1f known by each server; %" PRIu64
           " bytes of state per peer (both sides' relays are the simulator's)\n",
           (double)peers / fleet->server_count, (after - opened) / weft_max(peers, 1));
    printf("world of server 0: %u servers, %u devices, %u links, %u hops; room for %u, %u, %u\n",
           world->server_count, world->topo.device_count, world->topo.link_count, world->hops.count,
           WEFT_DEVICES_MAX, WEFT_LINKS_MAX, WEFT_HOPS_MAX);
}

static void print_meeting(const struct sim_fleet *fleet, uint64_t took_ms, uint64_t took_ns)
{
    uint64_t peers = 0;

    for (uint32_t i = 0; i < fleet->server_count; i++)
        peers += peers_of(fleet, i);
    printf("met: %" PRIu64 " peers joined the worlds of others in %" PRIu64 " ms, %" PRIu64
           " us of CPU time each, the traffic of the first %u us included\n",
           peers, took_ms, took_ns / weft_max(peers, 1) / 1000, (unsigned)(MEET_NS / 1000));
}

static bool print_results(const struct sim_fleet *fleet, uint64_t took_ms, uint64_t took_ns)
{
    double seconds = (double)(fleet->now - MEET_NS) / 1e9;

    uint64_t failed = 0;

    for (uint32_t i = 0; i < weftNumResults; i++)
        failed += i == weftSuccess ? 0 : fleet->call_results[i];
    printf("transfers: %" PRIu64 " ended well, %" PRIu64 " failed; %" PRIu64
           " bytes verified, %" PRIu64 " bytes landed\n",
           fleet->call_results[weftSuccess], failed, fleet->shadow.verified_bytes,
           fleet->landed_bytes);
    printf("time: %.3f ms simulated in %" PRIu64 ".%03" PRIu64
           " s: %.0f s of wall time per simulated "
           "second, %.0f s of CPU time; %" PRIu64 " events, %" PRIu64 " rounds\n",
           seconds * 1e3, took_ms / 1000, took_ms % 1000, (double)took_ms / 1e3 / seconds,
           (double)took_ns / 1e9 / seconds, fleet->steps, fleet->rounds);
    return failed == 0 && fleet->call_results[weftSuccess] > 0;
}

/* Until an instant, or until all calls have ended. */
static void run_until(struct sim_fleet *fleet, weft_ns until)
{
    while (fleet->calls_live > 0 && weft_heap_next_at(&fleet->timers) <= until)
        SIM_CHECK(&fleet->history, sim_fleet_step(fleet), STUCK,
                  "nothing will ever happen again and %u calls have not ended", fleet->calls_live);
}

bool sim_many_run(const struct sim_many *many)
{
    uint32_t aways = 1;
    struct sim_fleet_shape shape = {.server_count = many->server_count,
                                    .call_count = many->server_count * CALLS_EACH,
                                    .items_max = many->server_count * 256 + 4096,
                                    .is_plain = true,
                                    .calls_each = CALLS_EACH};
    struct sim_fleet *fleet;
    uint64_t before;
    uint64_t opened;
    uint64_t begun_ms;
    uint64_t begun_ns;
    bool is_good;

    /* Large tables are mapped one by one, so that what is never touched costs nothing. */
    (void)mallopt(M_MMAP_THRESHOLD, MMAP_BYTES);
    while (aways < AWAYS && 1u << aways < many->server_count)
        aways++;
    shape.peers_each = aways;
    fleet = sim_fleet_open(&shape);
    route_cost.samples_ns = calloc(SAMPLES_MAX, sizeof(uint32_t));
    plan_cost.samples_ns = calloc(SAMPLES_MAX, sizeof(uint32_t));
    prepare(fleet, many);
    printf("%u servers like " PRESET
           " with %u GPUs; %u calls of each at a time, 4 KiB to 4 MiB, to "
           "%u others\n",
           many->server_count, many->gpu_count, CALLS_EACH, aways);
    before = resident_bytes();
    begun_ms = wall_ms();
    for (uint32_t i = 0; i < fleet->server_count; i++)
        sim_server_open(fleet, i);
    opened = resident_bytes();
    printf("opened in %" PRIu64 " ms\n", wall_ms() - begun_ms);
    begun_ms = wall_ms();
    begun_ns = cpu_ns();
    fleet->renew_until = MEET_NS + many->traffic_ns;
    run_until(fleet, MEET_NS);
    print_meeting(fleet, wall_ms() - begun_ms, cpu_ns() - begun_ns);
    begun_ms = wall_ms();
    begun_ns = cpu_ns();
    run_until(fleet, WEFT_NEVER);
    is_good = print_results(fleet, wall_ms() - begun_ms, cpu_ns() - begun_ns);
    print_memory(fleet, before, opened, resident_bytes());
    is_good = print_cost(&route_cost) && is_good;
    (void)print_cost(&plan_cost);
    fleet->is_closing = true;
    free(route_cost.samples_ns);
    free(plan_cost.samples_ns);
    route_cost.samples_ns = NULL;
    plan_cost.samples_ns = NULL;
    return is_good;
}
