/* The bounds on undisturbed transfers. */
#include "efficiency.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/maxflow.h"

/* Over 4,276 transfers of 316 undisturbed seeds the worst took 2.3 times the least time and these
 * 100 us, 99 % of them 1.3 times. The factor is what a plan does not do: engines that relays share,
 * shares too small to be worth a path, what the last chunks wait for. The time is that of chunks
 * that nothing overlaps, the first and the last one, through two hops. */
#define TIME_FACTOR   4
#define TIME_SLACK_NS UINT64_C(100000)

/* Those transfers together took 101 % of the least time. */
#define MEAN_PERCENT_MAX 105
#define MEAN_OPS_MIN     1000

/* Of the bytes that copies bring into relays, so many may be brought again: none, since nothing
 * fails. */
#define DUPLICATE_PERCENT_MAX 0

/* A flow may go from link to link where no hop does: from one socket to the other without the GPU
 * that both copies of a route cross. So in two layers, first hops have the links of one, second
 * hops those of the other, and flows change over at relays alone. In one layer they share the links
 * that both cross. Both are bounds. */
struct layers {
    struct weft_topo topo; /* the world's devices twice */
    uint64_t rates[WEFT_LINKS_MAX];
    bool has_link[2][WEFT_LINKS_MAX]; /* of the world, by layer */
};

static void join(struct layers *layers, uint32_t from, uint32_t to, uint64_t rate)
{
    uint32_t link = layers->topo.link_count++;

    weft_assert(link < WEFT_LINKS_MAX);
    layers->topo.links[link] = (struct weft_link){.from = from, .to = to};
    layers->rates[link] = rate;
}

static void add_hop(struct layers *layers, const struct sim_world *world, uint32_t layer,
                    uint32_t hop)
{
    const struct weft_hop *h = &world->hops.hops[hop];
    uint32_t base = layer * world->topo.device_count;

    for (uint32_t i = 0; i < h->link_count; i++) {
        const struct weft_link *link = &world->topo.links[h->links[i]];

        if (layers->has_link[layer][h->links[i]])
            continue;
        layers->has_link[layer][h->links[i]] = true;
        join(layers, base + link->from, base + link->to, link->rate_bytes_per_us);
    }
}

/* The direct path comes first, also where it keeps an engine that a relay would use better:
 * ARCHITECTURE.md, Decisions. */
static bool shares_engine(const struct sim_world *world, uint32_t direct, uint32_t hop)
{
    return direct != WEFT_NONE && world->hops.hops[direct].engine == world->hops.hops[hop].engine;
}

/* The largest flow over a direct hop and over two hops with one relay, bytes per microsecond.
 * Longer ways do not count: a route is longer only where there is no other. */
static uint64_t flow_rate(const struct sim_world *world, uint32_t src_device, uint32_t dst_device,
                          bool has_two_layers)
{
    static struct layers layers;
    uint32_t devices = world->topo.device_count;
    uint32_t direct = weft_hop_find(&world->hops, src_device, dst_device);

    weft_assert(2 * devices <= WEFT_DEVICES_MAX);
    memset(&layers, 0, sizeof(layers));
    layers.topo.device_count = 2 * devices;
    for (uint32_t i = 0; i < 2 * devices; i++)
        layers.topo.devices[i].kind = world->topo.devices[i % devices].kind;
    if (direct != WEFT_NONE)
        add_hop(&layers, world, 0, direct);
    join(&layers, dst_device, devices + dst_device, UINT32_MAX);
    for (uint32_t i = 0; i < world->hops.count; i++) {
        const struct weft_hop *first = &world->hops.hops[i];
        uint32_t second = weft_hop_find(&world->hops, first->dst_device, dst_device);

        if (first->src_device != src_device || second == WEFT_NONE ||
            !world->has_relay[first->dst_device] ||
            first->domain != world->hops.hops[second].domain || shares_engine(world, direct, i) ||
            shares_engine(world, direct, second))
            continue;
        add_hop(&layers, world, 0, i);
        add_hop(&layers, world, has_two_layers, second);
        join(&layers, first->dst_device, devices + first->dst_device, UINT32_MAX);
    }
    return weft_maxflow_between(&layers.topo, layers.rates, src_device, devices + dst_device);
}

/* The least time that the transfer could take; WEFT_NEVER where no such route leads. */
static weft_ns least_time(const struct sim_run *run, const struct sim_op *op)
{
    uint32_t src = sim_run_device(run, op->src_window);
    uint32_t dst = sim_run_device(run, op->dst_window);
    uint64_t rate =
        weft_min(flow_rate(&run->world, src, dst, false), flow_rate(&run->world, src, dst, true));

    /* Small ones are not worth several routes. */
    if (rate > 0 && op->size_bytes < run->world.config.multipath_bytes_min)
        rate = sim_world_rate(&run->world, src, dst);
    return weft_bytes_time(op->size_bytes, rate);
}

static void check_op(struct sim_run *run, uint32_t number, struct sim_totals *totals)
{
    const struct sim_op *op = &run->workload.ops[number];
    const struct sim_op_run *state = &run->ops[number];
    weft_ns took_ns = state->ended_at - state->active_at;
    weft_ns least_ns = least_time(run, op);

    if (least_ns == WEFT_NEVER)
        return;
    totals->quiet_ops++;
    totals->quiet_ns += took_ns;
    totals->quiet_least_ns += least_ns;
    SIM_CHECK(&run->history, took_ns <= TIME_FACTOR * least_ns + TIME_SLACK_NS, EFFICIENCY,
              "op %u of %" PRIu64 " bytes took %" PRIu64 " ns, the maximum flow takes %" PRIu64,
              number, op->size_bytes, took_ns, least_ns);
}

void sim_efficiency_check(struct sim_run *run, struct sim_totals *totals)
{
    uint64_t in_bytes = run->shadow.relay_in_bytes;
    uint64_t out_bytes = run->shadow.relay_out_bytes;

    if (!run->world.is_quiet)
        return;
    for (uint32_t i = 0; i < run->first_closing; i++)
        if (run->ops[i].state == SIM_OP_ENDED && run->ops[i].result == weftSuccess &&
            run->workload.ops[i].size_bytes > 0 && !run->workload.ops[i].is_left_out)
            check_op(run, i, totals);
    SIM_CHECK(&run->history, in_bytes <= out_bytes + out_bytes * DUPLICATE_PERCENT_MAX / 100,
              DUPLICATE, "%" PRIu64 " bytes went into relays and %" PRIu64 " out of them", in_bytes,
              out_bytes);
}

bool sim_efficiency_check_mean(const struct sim_totals *totals)
{
    if (totals->quiet_ops < MEAN_OPS_MIN)
        return true;
    if (totals->quiet_ns <= totals->quiet_least_ns / 100 * MEAN_PERCENT_MAX)
        return true;
    fprintf(stderr,
            "weft-sim: FAILED seed 0 oracle %s: %" PRIu64 " transfers took %" PRIu64
            " ns, %d %% of %" PRIu64 " ns is allowed\n",
            sim_oracle_row(SIM_ORACLE_EFFICIENCY)->name, totals->quiet_ops, totals->quiet_ns,
            MEAN_PERCENT_MAX, totals->quiet_least_ns);
    return false;
}
