/* The checks on the plan, and on trials, by what the engine reports of its routes. */
#include <inttypes.h>

#include "core/lane.h"
#include "oracle.h"

#define ROUTES_MAX        16
#define PAIRS_MAX         8            /* that are looked at: of many the first ones */
#define CHUNK_BYTES_LEAST WEFT_KIB(64) /* a chunk on a lane that is up may have so many */

/* The routes of a pair of devices with a transfer under way. */
struct pair {
    uint32_t src_device;
    uint32_t dst_device;
    uint32_t count;
    struct weft_route_report rows[ROUTES_MAX];
};

static bool is_known(const struct pair *pairs, uint32_t count, uint32_t src, uint32_t dst)
{
    for (uint32_t i = 0; i < count; i++)
        if (pairs[i].src_device == src && pairs[i].dst_device == dst)
            return true;
    return false;
}

static uint32_t find_pairs(struct sim_run *run, struct pair pairs[PAIRS_MAX])
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < run->next_op && count < PAIRS_MAX; i++) {
        const struct sim_op *op = &run->workload.ops[i];
        uint32_t src = sim_run_device(run, op->src_window);
        uint32_t dst = sim_run_device(run, op->dst_window);

        if (run->ops[i].state != SIM_OP_ACTIVE || op->is_signal || is_known(pairs, count, src, dst))
            continue;
        pairs[count] = (struct pair){.src_device = src, .dst_device = dst};
        pairs[count].count =
            weft_engine_routes(run->engine, src, dst, pairs[count].rows, ROUTES_MAX);
        count++;
    }
    return count;
}

/* All shares are of one plan. Those of its pairs that are not looked at only add to the sums. */
static void check_shares(struct sim_run *run, const struct pair *pairs, uint32_t count)
{
    const struct weft_topo *topo = &run->world.topo;
    uint64_t shares[WEFT_LINKS_MAX] = {0};
    uint64_t uses[WEFT_LINKS_MAX] = {0}; /* a share is 1 at the least */

    for (uint32_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < pairs[i].count; k++)
            for (uint32_t h = 0; pairs[i].rows[k].admitted && h < pairs[i].rows[k].hop_count; h++) {
                const struct weft_hop *hop = sim_run_hop(run, pairs[i].rows[k].hops[h]);

                for (uint32_t l = 0; l < hop->link_count; l++) {
                    shares[hop->links[l]] += pairs[i].rows[k].rate_bytes_per_us;
                    uses[hop->links[l]]++;
                }
            }
    for (uint32_t i = 0; i < topo->link_count; i++)
        SIM_CHECK(&run->history, shares[i] <= topo->links[i].rate_bytes_per_us + uses[i], PLAN,
                  "the plan gives %" PRIu64 " B/us of link %u, which has %" PRIu64, shares[i], i,
                  topo->links[i].rate_bytes_per_us);
}

/* The plan is made of what was told of other processes. */
static bool knows_others(const struct sim_run *run)
{
    return weft_engine_plans(run->engine) > run->foreign_plans;
}

/* Does a direct path of the plan cross the link, or another process's own path? */
static bool is_owned(const struct sim_run *run, const struct pair *pairs, uint32_t count,
                     uint32_t link)
{
    if (knows_others(run) && run->foreign[link].own_bytes_per_us > 0)
        return true;
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < pairs[i].count; k++) {
            const struct weft_route_report *row = &pairs[i].rows[k];
            const struct weft_hop *hop = sim_run_hop(run, row->hops[0]);

            for (uint32_t l = 0; row->admitted && row->hop_count == 1 && l < hop->link_count; l++)
                if (hop->links[l] == link)
                    return true;
        }
    return false;
}

/* A path that borrows another device's engine borrows that device's links. */
static bool is_borrowed_from_owner(const struct sim_run *run, const struct pair *pairs,
                                   uint32_t count, const struct pair *pair,
                                   const struct weft_route_report *row)
{
    for (uint32_t h = 0; h < row->hop_count; h++) {
        const struct weft_hop *hop = sim_run_hop(run, row->hops[h]);

        if (hop->port_device == pair->src_device || hop->port_device == pair->dst_device)
            continue;
        for (uint32_t l = 0; l < hop->link_count; l++) {
            const struct weft_link *link = &run->world.topo.links[hop->links[l]];

            if ((link->from == hop->port_device || link->to == hop->port_device) &&
                is_owned(run, pairs, count, hop->links[l]))
                return true;
        }
    }
    return false;
}

static bool has_direct_path(const struct pair *pair)
{
    for (uint32_t i = 0; i < pair->count; i++)
        if (pair->rows[i].admitted && pair->rows[i].hop_count == 1)
            return true;
    return false;
}

/* A pair without a direct path lives on the relay, and is not bound to be modest. */
static void check_owners(struct sim_run *run, const struct pair *pairs, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < pairs[i].count; k++) {
            const struct weft_route_report *row = &pairs[i].rows[k];

            if (!row->admitted || !has_direct_path(&pairs[i]) ||
                row->chunk_bytes <= run->world.config.lent_chunk_bytes)
                continue;
            SIM_CHECK(&run->history, !is_borrowed_from_owner(run, pairs, count, &pairs[i], row),
                      OWNER,
                      "route %s has chunks of %" PRIu64 " bytes on a link that its owner uses",
                      row->name, row->chunk_bytes);
        }
}

/* A path that borrows takes nothing that another process's own paths take. */
static void check_lent(struct sim_run *run, const struct pair *pair,
                       const struct weft_route_report *row)
{
    for (uint32_t h = 0; h < row->hop_count; h++) {
        const struct weft_hop *hop = sim_run_hop(run, row->hops[h]);

        for (uint32_t l = 0; l < hop->link_count; l++) {
            uint64_t rate = run->world.topo.links[hop->links[l]].rate_bytes_per_us;
            uint64_t left = weft_sub_sat(rate, run->foreign[hop->links[l]].own_bytes_per_us);

            SIM_CHECK(&run->history, row->rate_bytes_per_us <= left + 1, OWNER,
                      "route %s of device %u gets %" PRIu64 " B/us of link %u, of which others "
                      "leave %" PRIu64,
                      row->name, pair->src_device, row->rate_bytes_per_us, hop->links[l], left);
        }
    }
}

static void check_others(struct sim_run *run, const struct pair *pairs, uint32_t count)
{
    for (uint32_t i = 0; i < count && knows_others(run); i++)
        for (uint32_t k = 0; has_direct_path(&pairs[i]) && k < pairs[i].count; k++)
            if (pairs[i].rows[k].admitted && pairs[i].rows[k].hop_count > 1)
                check_lent(run, &pairs[i], &pairs[i].rows[k]);
}

/* A lane that is on trial is told by its chunks, where those are less than any other's. */
static void check_healed(struct sim_run *run, const struct pair *pair)
{
    uint64_t trial_bytes = run->world.config.lent_chunk_bytes;

    for (uint32_t i = 0; i < pair->count && trial_bytes < CHUNK_BYTES_LEAST; i++) {
        const struct weft_route_report *row = &pair->rows[i];
        uint32_t good_copies;

        if (row->hop_count > 1 || row->chunk_bytes > trial_bytes)
            continue;
        good_copies = sim_health_good_copies(run, row->hops[0]);
        SIM_CHECK(&run->history, good_copies < WEFT_LANE_TRIAL_COPIES, HEALED,
                  "hop %u is on trial after %u good copies", row->hops[0], good_copies);
    }
}

void sim_oracle_plan(struct sim_run *run)
{
    static struct pair pairs[PAIRS_MAX];
    uint32_t count = find_pairs(run, pairs);

    check_shares(run, pairs, count);
    check_owners(run, pairs, count);
    check_others(run, pairs, count);
    for (uint32_t i = 0; i < count; i++)
        check_healed(run, &pairs[i]);
}

bool sim_oracle_is_up(struct sim_run *run, uint32_t number)
{
    static struct weft_route_report rows[ROUTES_MAX];
    const struct sim_op *op = &run->workload.ops[number];
    uint32_t count;

    if (!sim_health_is_unchanged(run, run->ops[number].deadline_at))
        return false;
    count = weft_engine_routes(run->engine, sim_run_device(run, op->src_window),
                               sim_run_device(run, op->dst_window), rows, ROUTES_MAX);
    for (uint32_t i = 0; i < count; i++)
        if (!rows[i].down)
            return true;
    return false;
}
