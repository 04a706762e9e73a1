/* Runs scenarios: the machine, the calls and the faults that a row asks for, and what must have
 * come of them. */
#include "scenario.h"

#include <stdio.h>
#include <string.h>

#include "core/result.h"
#include "fleet_make.h"
#include "fleet_run.h"

#define PRESET      "hgx-h100"
#define RUNS        3 /* with other latencies, and other orders of what fails */
#define SERVERS_MAX 3
#define CALLS_MAX   8192
#define COPIES_MAX  64

/* ---- what a row asks for ---- */

static void make_config(struct sim_fleet *fleet, const struct sim_scenario *row)
{
    struct weft_config *config = &fleet->config;

    weft_config_init(config);
    config->transfers_max = 256;
    config->extents_max = 8192;
    config->timeout_ms = row->timeout_ns / WEFT_NS_PER_MS;
    sim_fleet_fit_config(fleet);
    fleet->is_hurried = false;
    fleet->is_jammed = false;
    fleet->notice_ns_max = 0;
}

static void make_servers(struct sim_fleet *fleet, const struct sim_scenario *row)
{
    fleet->server_count = row->servers;
    for (uint32_t i = 0; i < row->servers; i++) {
        struct sim_server *server = &fleet->servers[i];

        sim_world_preset(server->world, PRESET);
        sim_fleet_add_host_copies(server->world);
        server->world->port_copies_max = COPIES_MAX;
        server->gpus = true;
        sim_fleet_begin_server(fleet, i);
        server->nic_count = row->nics < server->nic_count ? row->nics : server->nic_count;
        sim_fleet_take_config(fleet, server);
    }
}

/* Calls lie one behind the other in their windows, over and over: none meets one under way. */
static void add_call(struct sim_fleet *fleet, const struct sim_scenario *row, uint32_t round,
                     unsigned asks, uint32_t peer)
{
    uint32_t number = fleet->call_count++;
    struct sim_call *call = &fleet->calls[number];
    uint64_t offset = number * row->size_bytes % (SIM_DATA_BYTES - row->size_bytes);
    uint32_t holders = fleet->servers[0].holder_count;

    weft_assert(number < CALLS_MAX);
    offset -= offset % row->size_bytes;
    *call = (struct sim_call){.kind = asks == SIM_ASKS_GET ? SIM_CALL_GET : SIM_CALL_PUT,
                              .is_signalled = asks == SIM_ASKS_MESSAGE,
                              .at = round * row->round_ns,
                              .cancel_ns = WEFT_NEVER,
                              .peer = peer,
                              .to = peer,
                              .src = row->on_gpus ? 1 + number % (holders - 1) : 0,
                              .dst = row->on_gpus ? 1 + number / 2 % (holders - 1) : 0,
                              .size_bytes = row->size_bytes,
                              .extent_count = 1,
                              .few = {{offset, offset, row->size_bytes}}};
    call->extents = call->few;
    call->op = (struct sim_op){
        .extent_count = 1, .size_bytes = row->size_bytes, .signal = {.window = WEFT_NONE}};
}

static void add_calls(struct sim_fleet *fleet, const struct sim_scenario *row)
{
    fleet->call_count = 0;
    for (uint32_t round = 0; round < row->rounds; round++) {
        for (uint32_t i = 0; i < row->calls; i++)
            for (uint32_t peer = 1; peer < row->servers; peer++)
                for (unsigned asks = SIM_ASKS_PUT; asks < SIM_ASKS_FLUSH; asks *= 2)
                    if ((row->asks & asks) != 0)
                        add_call(fleet, row, round, asks, peer);
        if ((row->asks & SIM_ASKS_FLUSH) != 0) {
            fleet->calls[fleet->call_count - 1].is_fenced = true;
            fleet->calls[fleet->call_count - 1].is_signalled = true;
        }
    }
    fleet->calls_live = fleet->call_count;
}

/* ---- faults ---- */

static void add_fault(struct sim_faults *faults, weft_ns at, enum sim_fault_kind kind,
                      uint32_t target)
{
    weft_assert(faults->count < SIM_FAULTS_MAX);
    faults->faults[faults->count++] = (struct sim_fault){at, kind, target, 0};
}

static void add_faults(struct sim_fleet *fleet, const struct sim_scenario *row,
                       const uint32_t order[WEFT_NET_NICS_MAX])
{
    struct sim_faults *faults = &fleet->schedule.faults;
    enum sim_fault_kind undo = row->fault == SIM_FAULT_SERVER_KILL
                                   ? SIM_FAULT_SERVER_RESTART
                                   : sim_fault_row(row->fault)->undo;
    uint32_t nics = row->way == SIM_WAY_ALL ? row->nics : 1;

    for (uint32_t i = 0; i < row->fault_rounds && row->way != SIM_WAY_NONE; i++) {
        uint32_t round = row->first_round + i * (row->every_rounds == 0 ? 1 : row->every_rounds);
        weft_ns at = round * row->round_ns + row->after_ns;

        for (uint32_t k = 0; k < nics; k++) {
            uint32_t target = sim_fault_target(row->server, order[(i + k) % row->nics], 0);

            add_fault(faults, at, row->fault, target);
            if (row->down_ns > 0)
                add_fault(faults, at + row->down_ns, undo, target);
        }
    }
    sim_faults_finish(faults);
}

static void shuffle(struct sim_dice *dice, uint32_t order[WEFT_NET_NICS_MAX], uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t place = (uint32_t)sim_dice_below(dice, i + 1);

        order[i] = order[place];
        order[place] = i;
    }
}

/* ---- what came of it ---- */

/* Is it a call that the row's faults are to end? */
static bool is_struck(const struct sim_scenario *row, const struct sim_call *call, uint32_t round)
{
    return row->end == SIM_ENDS_LOST && round >= row->first_round &&
           round < row->first_round + row->fault_rounds &&
           (row->server == 0 || call->peer == row->server);
}

static void check_call(struct sim_fleet *fleet, const struct sim_scenario *row, uint32_t number)
{
    const struct sim_call *call = &fleet->calls[number];
    uint32_t round = number / (fleet->call_count / row->rounds);
    weft_ns took_ns = call->ended_at - round * row->round_ns;
    bool is_well = call->state == SIM_CALL_ENDED && call->result == weftSuccess;

    if (row->end == SIM_ENDS_UNREACHED)
        SIM_CHECK(&fleet->history,
                  call->state == SIM_CALL_SKIPPED && call->result != weftSuccess &&
                      call->result != weftInProgress,
                  RESULT, "call %u has reached its peer", number);
    else if (is_struck(row, call, round))
        SIM_CHECK(&fleet->history, call->state == SIM_CALL_ENDED && !is_well, RESULT,
                  "call %u ended well", number);
    else
        SIM_CHECK(&fleet->history, is_well, LIVENESS, "call %u ended with %s", number,
                  call->state == SIM_CALL_ENDED ? weft_result_name(call->result) : "nothing");
    SIM_CHECK(&fleet->history, took_ns <= row->bound_ns, DEADLINE,
              "call %u has taken %llu us, the bound is %llu us", number,
              (unsigned long long)took_ns / 1000, (unsigned long long)row->bound_ns / 1000);
}

/* Lanes that nothing happened to are the very same still, and no peer was told to be lost. */
static void check_lanes(struct sim_fleet *fleet, const struct sim_scenario *row,
                        const uint32_t order[WEFT_NET_NICS_MAX])
{
    uint32_t failed =
        row->way == SIM_WAY_ALL || row->fault_rounds > row->nics ? row->nics : row->fault_rounds;
    bool is_before = row->first_round == 0 && row->after_ns == 0 && row->down_ns > 0;
    bool is_struck[WEFT_NET_NICS_MAX] = {false};

    /* What was mended before there were lanes is no fault of theirs. */
    for (uint32_t i = 0; i < failed && !is_before; i++)
        is_struck[order[i]] = true;
    for (uint32_t i = 0; i < fleet->link_count; i++)
        for (uint32_t lane = 0; lane < fleet->links[i].lane_count; lane++) {
            const struct sim_fleet_lane *entry = &fleet->links[i].lanes[lane];
            bool is_same = entry->generation == 1 && !entry->is_closed[0] && !entry->is_closed[1];

            SIM_CHECK(&fleet->history, is_same != is_struck[lane], CREDITS,
                      is_same ? "lane %u of link %u has not failed"
                              : "lane %u of link %u has failed with others",
                      lane, i);
        }
    for (uint32_t i = 0; i < fleet->server_count; i++)
        for (uint32_t k = 0; k < fleet->servers[i].net->env.peers_max; k++)
            SIM_CHECK(&fleet->history,
                      !fleet->servers[i].net->peers[k].is_gone &&
                          !fleet->servers[i].net->peers[k].is_told_down,
                      RESULT, "server %u was told that peer %u is lost", i, k);
}

/* ---- runs ---- */

struct figures {
    weft_ns longest_ns; /* of a call that a fault struck, or of any */
    uint64_t failed_writes;
    uint64_t results[weftNumResults];
};

static void add_figures(const struct sim_fleet *fleet, const struct sim_scenario *row,
                        struct figures *figures)
{
    figures->failed_writes += fleet->failed_writes;
    for (uint32_t i = 0; i < fleet->call_count; i++) {
        weft_ns begun = i / (fleet->call_count / row->rounds) * row->round_ns;

        figures->results[fleet->calls[i].result]++;
        figures->longest_ns = weft_max(figures->longest_ns, fleet->calls[i].ended_at - begun);
    }
}

static void print_name(const void *context)
{
    const struct sim_scenario *row = context;

    fprintf(stderr, "again: weft-sim --scenarios=%s -v\n", row->name);
}

static void run_one(struct sim_fleet *fleet, const struct sim_scenario *row, uint64_t seed,
                    bool is_verbose, struct figures *figures)
{
    uint32_t order[WEFT_NET_NICS_MAX] = {0};
    struct sim_dice dice;

    sim_fleet_prepare(fleet, seed, NULL, is_verbose);
    fleet->history.more = print_name;
    fleet->history.context = row;
    dice = sim_dice_fork(&fleet->source, SIM_LABEL_FAULTS);
    shuffle(&dice, order, row->nics);
    make_config(fleet, row);
    make_servers(fleet, row);
    add_calls(fleet, row);
    add_faults(fleet, row, order);
    sim_fleet_run_calls(fleet);
    sim_fleet_run_until(fleet, fleet->now + 2 * fleet->silence_ns);
    for (uint32_t i = 0; i < fleet->call_count; i++)
        check_call(fleet, row, i);
    if (row->fault != SIM_FAULT_SERVER_KILL && row->end != SIM_ENDS_UNREACHED)
        check_lanes(fleet, row, order);
    add_figures(fleet, row, figures);
    (void)sim_fleet_run_end(fleet);
}

static void print_row(const struct sim_scenario *row, const struct figures *figures)
{
    printf("%-28s %12.3f %12.3f %8llu ", row->name, (double)figures->longest_ns / 1e6,
           (double)row->bound_ns / 1e6, (unsigned long long)figures->failed_writes);
    for (uint32_t i = 0; i < weftNumResults; i++)
        if (figures->results[i] > 0)
            printf(" %s %llu", weft_result_name((weftResult_t)i),
                   (unsigned long long)figures->results[i]);
    printf("  (%s)\n", row->source);
}

bool sim_scenarios_run(const char *only, bool is_verbose)
{
    static const struct sim_fleet_shape shape = {.server_count = SERVERS_MAX,
                                                 .call_count = CALLS_MAX + 2 * SERVERS_MAX,
                                                 .items_max = SIM_FLEET_ITEMS_MAX,
                                                 .is_given = true};
    struct sim_fleet *fleet = sim_fleet_open(&shape);
    uint32_t count = 0;

    printf("%-28s %12s %12s %8s  %s\n", "scenario", "longest ms", "bound ms", "failed", "calls");
    for (uint32_t i = 0; i < sim_scenario_count; i++) {
        const struct sim_scenario *row = &sim_scenarios[i];
        struct figures figures = {0};

        if (only != NULL && strstr(row->name, only) == NULL)
            continue;
        for (uint64_t seed = 1; seed <= RUNS; seed++)
            run_one(fleet, row, seed, is_verbose, &figures);
        SIM_CHECK(&fleet->history, !row->fails_copies || figures.failed_writes > 0, LIVENESS,
                  "no copy has failed: %s shows nothing", row->name);
        print_row(row, &figures);
        count++;
    }
    sim_fleet_close(fleet);
    if (count == 0)
        fprintf(stderr, "weft-sim: there is no scenario with '%s' in its name\n", only);
    return count > 0;
}
