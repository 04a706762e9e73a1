/* What a seed makes of a fleet: servers of presets and random ones, NICs of uneven rates, callers,
 * and faults of which half of the kinds are off. */
#include "fleet_draw.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "core/preset.h"
#include "fleet_make.h"
#include "fleet_run.h"

#define NOTICE_NS_MAX     300000
#define NICS_DRAWN_MAX    4
#define SPAN_NS_MAX       20000000
#define FAULTS_MAX        14
#define COPIES_DRAWN_MAX  6
#define REVOKES_DRAWN_MAX 3
#define CLOSING_BYTES     200000
#define LISTS_PERCENT     8
#define LIST_EXTENTS_MIN  2049 /* more than a message asks for */
#define DEATHS_PERCENT    20
#define TELLS_PERCENT     30

/* A stream of dice for part `number` of what `label` is about. */
static struct sim_dice fork_dice(const struct sim_fleet *fleet, enum sim_label label,
                                 uint64_t number)
{
    struct sim_source source = {.seed = weft_hash_word(fleet->source.seed, number + 1)};

    return sim_dice_fork(&source, label);
}

/* ---- servers ---- */

static void add_nics(struct weft_topo *topo, struct sim_dice *dice)
{
    uint32_t count = (uint32_t)sim_dice_between(dice, 1, NICS_DRAWN_MAX);
    uint64_t rate = sim_dice_scaled(dice, 1000, 50000);
    uint32_t net = WEFT_NONE;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t cpu = weft_topo_nth(topo, weftDeviceCpu, i % 2);
        uint64_t own = sim_dice_chance(dice, 30) ? sim_dice_scaled(dice, 1000, 50000) : rate;
        uint32_t nic;

        if (cpu == WEFT_NONE)
            cpu = weft_topo_nth(topo, weftDeviceCpu, 0);
        nic = weft_topo_add_device(topo, weftDeviceNic, NULL, topo->devices[cpu].numa_node, NULL);
        if (net == WEFT_NONE)
            net = weft_topo_add_device(topo, weftDeviceSwitch, "net", -1, NULL);
        (void)weft_topo_add_pair(topo, nic, cpu, WEFT_LINK_PCI, 2 * own, 2 * own, 0, 500);
        (void)weft_topo_add_pair(topo, nic, net, WEFT_LINK_NET, own, own, 0, 2000);
    }
}

/* The settings of all: those of the first server's seed, and times that fit a network. */
static void draw_config(struct sim_fleet *fleet, struct sim_dice *dice)
{
    struct weft_config *config = &fleet->config;

    *config = fleet->servers[0].world->config;
    config->transfers_max = 256;
    config->extents_max = 65536;
    config->peer_slots = sim_dice_between(dice, 1, 4);
    fleet->is_hurried = sim_dice_chance(dice, 35);
    fleet->notice_ns_max =
        sim_dice_chance(dice, 60) ? 0 : sim_dice_scaled(dice, 1000, NOTICE_NS_MAX);
    fleet->is_jammed = sim_dice_chance(dice, 40);
    config->timeout_ms =
        fleet->is_hurried ? sim_dice_between(dice, 10, 40) : sim_dice_between(dice, 150, 400);
    config->abort_ms = 50;
    config->net_silence_ms = sim_dice_between(dice, 1, 5);
    config->net_dial_ms = sim_dice_between(dice, 10, 40);
    config->suspect_us = weft_max(config->suspect_us, 50);
    config->probe_us_max = 20000;
    weft_text_copy(config->routes, sizeof(config->routes), "all");
    sim_fleet_fit_config(fleet);
}

static void draw_server(struct sim_fleet *fleet, uint32_t index)
{
    struct sim_server *server = &fleet->servers[index];
    struct sim_dice machine = fork_dice(fleet, SIM_LABEL_WORLD, index);
    struct sim_dice settings = fork_dice(fleet, SIM_LABEL_CONFIG, index);

    sim_world_draw(server->world, &machine, &settings);
    server->gpus = sim_dice_chance(&settings, 80);
    sim_fleet_add_host_copies(server->world);
    if (weft_topo_nth(&server->world->topo, weftDeviceNic, 0) == WEFT_NONE)
        add_nics(&server->world->topo, &machine);
    sim_fleet_begin_server(fleet, index);
}

/* ---- callers ---- */

/* Pieces one after the other, with gaps, somewhere in both windows. */
void sim_fleet_place(struct sim_call *call, struct sim_dice *dice)
{
    uint64_t piece = weft_max(call->size_bytes / call->extent_count, 1);
    uint64_t gap = sim_dice_chance(dice, 50) ? 0 : sim_dice_below(dice, 5000);
    uint64_t whole = call->extent_count * (piece + gap);
    uint64_t dst = sim_dice_below(dice, SIM_DATA_BYTES - whole);
    uint64_t src = sim_dice_below(dice, SIM_DATA_BYTES - whole);

    if (call->extent_count <= SIM_FLEET_EXTENTS_MAX)
        call->extents = call->few;
    for (uint32_t i = 0; i < call->extent_count; i++)
        call->extents[i] = (struct weft_extent){dst + i * (piece + gap), src + i * piece, piece};
    call->size_bytes = piece * call->extent_count;
    call->op = (struct sim_op){.extent_count = call->extent_count,
                               .size_bytes = call->size_bytes,
                               .signal = {.window = WEFT_NONE}};
}

static void draw_call(struct sim_fleet *fleet, uint32_t number, weft_ns span_ns)
{
    struct sim_dice dice = fork_dice(fleet, SIM_LABEL_WORKLOAD, number);
    struct sim_call *call = &fleet->calls[number];
    const struct sim_server *server;
    const struct sim_server *peer;
    uint64_t kind = sim_dice_below(&dice, 10);

    *call = (struct sim_call){.cancel_ns = WEFT_NEVER};
    call->kind = kind < 5 ? SIM_CALL_PUT : kind < 9 ? SIM_CALL_GET : SIM_CALL_LOCAL;
    call->server = (uint32_t)sim_dice_below(&dice, fleet->server_count);
    call->peer = (call->server + 1 + (uint32_t)sim_dice_below(&dice, fleet->server_count - 1)) %
                 fleet->server_count;
    call->to = call->peer;
    server = &fleet->servers[call->server];
    peer = &fleet->servers[call->peer];
    call->src = (uint32_t)sim_dice_below(&dice, call->kind == SIM_CALL_GET ? peer->holder_count
                                                                           : server->holder_count);
    call->dst = (uint32_t)sim_dice_below(&dice, call->kind == SIM_CALL_PUT ? peer->holder_count
                                                                           : server->holder_count);
    if (call->kind != SIM_CALL_LOCAL && (!server->gpus || !peer->gpus)) {
        call->src = 0;
        call->dst = 0;
    }
    call->size_bytes = sim_dice_scaled(&dice, 1, WEFT_MIB(8));
    call->extent_count = (uint32_t)sim_dice_between(&dice, 1, SIM_FLEET_EXTENTS_MAX);
    call->is_signalled = sim_dice_chance(&dice, 50);
    call->is_fenced = sim_dice_chance(&dice, 15);
    if (sim_dice_chance(&dice, 8))
        call->cancel_ns = sim_dice_scaled(&dice, 1000, 20000000);
    call->at = sim_dice_below(&dice, span_ns);
    sim_fleet_place(call, &dice);
}

/* Copies between others, from dice of their own: what the seed draws besides stays as it is. */
static void draw_copies(struct sim_fleet *fleet, weft_ns span_ns)
{
    struct sim_dice dice = fork_dice(fleet, SIM_LABEL_WORKLOAD, SIM_FLEET_CALLS_MAX);
    uint32_t count = (uint32_t)sim_dice_below(&dice, COPIES_DRAWN_MAX + 1);

    for (uint32_t i = 0; i < count && fleet->call_count < SIM_FLEET_CALLS_MAX; i++) {
        struct sim_call *call = &fleet->calls[fleet->call_count++];
        const struct sim_server *peer;
        const struct sim_server *to;

        *call = (struct sim_call){.kind = SIM_CALL_COPY, .cancel_ns = WEFT_NEVER};
        call->server = (uint32_t)sim_dice_below(&dice, fleet->server_count);
        call->peer = (call->server + 1 + (uint32_t)sim_dice_below(&dice, fleet->server_count - 1)) %
                     fleet->server_count;
        call->to = (call->server + 1 + (uint32_t)sim_dice_below(&dice, fleet->server_count - 1)) %
                   fleet->server_count;
        peer = &fleet->servers[call->peer];
        to = &fleet->servers[call->to];
        if (peer->gpus && to->gpus) {
            call->src = (uint32_t)sim_dice_below(&dice, peer->holder_count);
            call->dst = (uint32_t)sim_dice_below(&dice, to->holder_count);
        }
        call->size_bytes = sim_dice_scaled(&dice, 1, WEFT_MIB(8));
        call->extent_count = (uint32_t)sim_dice_between(&dice, 1, SIM_FLEET_EXTENTS_MAX);
        call->is_signalled = sim_dice_chance(&dice, 50);
        call->is_fenced = sim_dice_chance(&dice, 15);
        if (sim_dice_chance(&dice, 15))
            call->cancel_ns = sim_dice_scaled(&dice, 1000, 20000000);
        call->at = sim_dice_below(&dice, span_ns);
        if (i % 3 == 2)
            call->at += fleet->schedule.faults.ends_at + SIM_FLEET_CALM_NS;
        sim_fleet_place(call, &dice);
    }
}

/* One put and one get from each server to its next one, small. */
void sim_fleet_add_closing(struct sim_fleet *fleet)
{
    for (uint32_t i = 0; i < 2 * fleet->server_count; i++) {
        struct sim_call *call = &fleet->calls[fleet->call_count];
        struct sim_dice dice = fork_dice(fleet, SIM_LABEL_WORKLOAD, fleet->call_count);

        *call = (struct sim_call){.kind = i % 2 == 0 ? SIM_CALL_PUT : SIM_CALL_GET,
                                  .is_closing = true,
                                  .is_signalled = i % 4 < 2,
                                  .at = fleet->now + i * 1000,
                                  .cancel_ns = WEFT_NEVER,
                                  .server = i / 2,
                                  .peer = (i / 2 + 1) % fleet->server_count,
                                  .to = (i / 2 + 1) % fleet->server_count,
                                  .size_bytes = CLOSING_BYTES,
                                  .extent_count = 1};
        sim_fleet_place(call, &dice);
        fleet->call_count++;
        fleet->calls_live++;
    }
}

/* ---- faults ---- */

static void add(struct sim_faults *faults, weft_ns at, enum sim_fault_kind kind, uint32_t target,
                uint64_t argument)
{
    if (faults->count < SIM_FAULTS_MAX)
        faults->faults[faults->count++] = (struct sim_fault){at, kind, target, argument};
}

static uint32_t draw_target(const struct sim_fleet *fleet, struct sim_dice *dice,
                            enum sim_fault_kind kind)
{
    uint32_t server = (uint32_t)sim_dice_below(dice, fleet->server_count);
    uint32_t other = (server + 1 + (uint32_t)sim_dice_below(dice, fleet->server_count - 1)) %
                     fleet->server_count;
    uint32_t nic = (uint32_t)sim_dice_below(dice, fleet->servers[server].nic_count);
    uint32_t hops = fleet->servers[server].world->hops.count;

    switch (sim_fault_row(kind)->of[0]) {
    case 'n':
        return sim_fault_target(server, nic, 0);
    case 'l':
        return sim_fault_target(server, other, nic);
    case 'c':
        return sim_fault_target(server, hops == 0 ? 0 : (uint32_t)sim_dice_below(dice, hops), 0);
    default:
        return sim_fault_target(server, 0, 0);
    }
}

static void draw_one(struct sim_fleet *fleet, struct sim_dice *dice, enum sim_fault_kind kind,
                     weft_ns span_ns)
{
    struct sim_faults *faults = &fleet->schedule.faults;
    const struct sim_fault_row *row = sim_fault_row(kind);
    uint32_t target = draw_target(fleet, dice, kind);
    weft_ns at = sim_dice_below(dice, span_ns);
    weft_ns lasts_ns = sim_dice_scaled(dice, 10000, 40000000);
    uint64_t argument = row->argument_max == 0 ? 0 : sim_dice_scaled(dice, 1, row->argument_max);
    uint32_t flaps = kind == SIM_FAULT_NIC_CUT || kind == SIM_FAULT_LANE_BREAK
                         ? (uint32_t)sim_dice_between(dice, 1, 4)
                         : 1;

    if (kind == SIM_FAULT_NIC_DEGRADE)
        argument = weft_max(argument, 50);
    for (uint32_t i = 0; i < flaps; i++) {
        add(faults, at, kind, target, argument);
        at += lasts_ns / flaps;
        if (row->undo != SIM_FAULT_ALL_KINDS)
            add(faults, at, row->undo, target, 0);
        at += lasts_ns / flaps;
    }
}

/* Cuts for good: of some servers all NICs but one, of others some of those behind the first. */
static void keep_core(struct sim_fleet *fleet, struct sim_dice *dice, weft_ns at)
{
    for (uint32_t i = 0; i < fleet->server_count; i++) {
        bool is_alone = sim_dice_chance(dice, 50);
        uint32_t kept = is_alone ? (uint32_t)sim_dice_below(dice, fleet->servers[i].nic_count) : 0;

        for (uint32_t nic = 0; nic < fleet->servers[i].nic_count; nic++)
            if (nic != kept && (is_alone || sim_dice_chance(dice, 40)))
                add(&fleet->schedule.faults, at,
                    sim_dice_chance(dice, 50) ? SIM_FAULT_NIC_CUT : SIM_FAULT_NIC_SILENCE,
                    sim_fault_target(i, nic, 0), 0);
    }
}

static void draw_faults(struct sim_fleet *fleet, weft_ns span_ns)
{
    struct sim_dice dice = fork_dice(fleet, SIM_LABEL_FAULTS, 0);
    struct sim_faults *faults = &fleet->schedule.faults;
    uint32_t count = (uint32_t)sim_dice_below(&dice, FAULTS_MAX + 1);
    unsigned on = 0;

    for (uint32_t i = SIM_FAULT_KINDS; i < SIM_FAULT_WINDOW_REVOKE; i++)
        if (sim_fault_row((enum sim_fault_kind)i)->is_drawn && sim_dice_chance(&dice, 50))
            on |= 1u << i;
    faults->kinds_on = on;
    for (uint32_t i = 0; i < count && on != 0; i++) {
        uint32_t kind = SIM_FAULT_KINDS +
                        (uint32_t)sim_dice_below(&dice, SIM_FAULT_WINDOW_REVOKE - SIM_FAULT_KINDS);

        while ((on >> kind & 1) == 0)
            kind = kind + 1 == SIM_FAULT_WINDOW_REVOKE ? SIM_FAULT_KINDS : kind + 1;
        draw_one(fleet, &dice, (enum sim_fault_kind)kind, span_ns);
    }
    sim_faults_finish(faults);
    faults->ending = SIM_ENDING_HEALED;
    if (count > 0 && sim_dice_chance(&dice, 40)) {
        faults->ending = SIM_ENDING_CORE;
        keep_core(fleet, &dice, faults->ends_at + 10);
        sim_faults_finish(faults);
    }
}

/* Windows that are taken back, and comms that are aborted, while all else goes on; from dice of
 * their own, too. */
static void draw_ends(struct sim_fleet *fleet, weft_ns span_ns)
{
    struct sim_dice dice = fork_dice(fleet, SIM_LABEL_FAULTS, 1);
    struct sim_faults *faults = &fleet->schedule.faults;
    uint32_t revokes =
        sim_dice_chance(&dice, 50) ? (uint32_t)sim_dice_between(&dice, 1, REVOKES_DRAWN_MAX) : 0;

    for (uint32_t i = 0; i < revokes; i++) {
        uint32_t server = (uint32_t)sim_dice_below(&dice, fleet->server_count);
        uint32_t window = (uint32_t)sim_dice_below(&dice, 2 * fleet->servers[server].holder_count);

        add(faults, sim_dice_below(&dice, span_ns), SIM_FAULT_WINDOW_REVOKE,
            sim_fault_target(server, window, 0), 0);
    }
    if (sim_dice_chance(&dice, 15)) {
        uint32_t target =
            sim_fault_target((uint32_t)sim_dice_below(&dice, fleet->server_count), 0, 0);
        weft_ns at = sim_dice_below(&dice, span_ns);

        add(faults, at, SIM_FAULT_SERVER_ABORT, target, 0);
        add(faults, at + sim_dice_scaled(&dice, 100000, 80000000), SIM_FAULT_SERVER_RESTART, target,
            0);
    }
    sim_faults_finish(faults);
}

/* Lists of so many extents that a peer is asked for them in parts, for gets and for copies between
 * others; from dice of their own, too. No two pieces are one. */
static void draw_lists(struct sim_fleet *fleet, weft_ns span_ns)
{
    struct sim_dice dice = fork_dice(fleet, SIM_LABEL_WORKLOAD, SIM_FLEET_CALLS_MAX + 1);
    uint32_t count = sim_dice_chance(&dice, LISTS_PERCENT)
                         ? (uint32_t)sim_dice_between(&dice, 1, SIM_FLEET_LISTS_MAX)
                         : 0;

    for (uint32_t i = 0; i < count && fleet->call_count < SIM_FLEET_CALLS_MAX; i++) {
        struct sim_call *call = &fleet->calls[fleet->call_count++];
        uint32_t away = 1 + (uint32_t)sim_dice_below(&dice, fleet->server_count - 1);

        *call = (struct sim_call){.cancel_ns = WEFT_NEVER};
        call->kind = sim_dice_chance(&dice, 60) ? SIM_CALL_GET : SIM_CALL_COPY;
        call->server = (uint32_t)sim_dice_below(&dice, fleet->server_count);
        call->peer = (call->server + away) % fleet->server_count;
        call->to = call->peer;
        if (call->kind == SIM_CALL_COPY)
            call->to = (call->server + 1 + away % (fleet->server_count - 1)) % fleet->server_count;
        call->extent_count =
            (uint32_t)sim_dice_between(&dice, LIST_EXTENTS_MIN, SIM_LIST_EXTENTS_MAX);
        call->extents = &fleet->lists[i * SIM_LIST_EXTENTS_MAX];
        call->size_bytes = call->extent_count * sim_dice_scaled(&dice, 1, 2000);
        call->is_signalled = sim_dice_chance(&dice, 50);
        if (sim_dice_chance(&dice, 15))
            call->cancel_ns = sim_dice_scaled(&dice, 1000, 20000000);
        call->at = sim_dice_below(&dice, span_ns);
        if (i % 2 == 1)
            call->at += fleet->schedule.faults.ends_at + SIM_FLEET_CALM_NS;
        sim_fleet_place(call, &dice);
        for (uint32_t k = 0; k < call->extent_count; k++)
            call->extents[k].dst_offset += k;
    }
    /* So that parts are refused, and asked for again. */
    for (uint32_t i = 0; count > 0 && i < fleet->server_count; i++)
        if (sim_dice_chance(&dice, 50))
            fleet->servers[i].world->config.peer_ops_per_s = sim_dice_between(&dice, 10, 100);
}

/* A long copy between others, of which the one that carries it out ends meanwhile, with slow writes
 * on their way; from dice of its own, too. */
static void draw_death(struct sim_fleet *fleet, weft_ns span_ns)
{
    struct sim_dice dice = fork_dice(fleet, SIM_LABEL_FAULTS, 2);
    struct sim_call *call = &fleet->calls[fleet->call_count];
    weft_ns at = sim_dice_below(&dice, span_ns);
    weft_ns killed_at;
    uint32_t target;

    if (fleet->server_count < 3 || fleet->call_count == SIM_FLEET_CALLS_MAX ||
        !sim_dice_chance(&dice, DEATHS_PERCENT))
        return;
    fleet->call_count++;
    *call = (struct sim_call){.kind = SIM_CALL_COPY, .cancel_ns = WEFT_NEVER, .at = at};
    call->server = (uint32_t)sim_dice_below(&dice, fleet->server_count);
    call->peer = (call->server + 1) % fleet->server_count;
    call->to = (call->server + 2) % fleet->server_count;
    call->size_bytes = sim_dice_between(&dice, WEFT_MIB(1), WEFT_MIB(8));
    call->extent_count = 1;
    sim_fleet_place(call, &dice);
    target = sim_fault_target(call->peer, 0, 0);
    killed_at = at + sim_dice_scaled(&dice, 400000, 8000000);
    for (uint32_t nic = 0; nic < fleet->servers[call->peer].nic_count; nic++) {
        uint32_t slow = sim_fault_target(call->peer, nic, 0);

        add(&fleet->schedule.faults, at, SIM_FAULT_NIC_DEGRADE, slow,
            sim_dice_between(&dice, 50, 300));
        add(&fleet->schedule.faults, killed_at, SIM_FAULT_NIC_RESTORE, slow, 0);
    }
    add(&fleet->schedule.faults, killed_at, SIM_FAULT_SERVER_KILL, target, 0);
    add(&fleet->schedule.faults, killed_at + sim_dice_scaled(&dice, 100000, 20000000),
        SIM_FAULT_SERVER_RESTART, target, 0);
}

/* Whose machines say what becomes of their NICs; from dice of its own, too. */
static void draw_telling(struct sim_fleet *fleet)
{
    struct sim_dice dice = fork_dice(fleet, SIM_LABEL_CONFIG, SIM_SERVERS_DRAWN_MAX);

    if (!sim_dice_chance(&dice, TELLS_PERCENT))
        return;
    for (uint32_t i = 0; i < fleet->server_count; i++)
        if (sim_dice_chance(&dice, 80))
            add(&fleet->schedule.faults, 0, SIM_FAULT_SERVER_ANNOUNCE, sim_fault_target(i, 0, 0),
                0);
    sim_faults_finish(&fleet->schedule.faults);
}

void sim_fleet_draw(struct sim_fleet *fleet)
{
    struct sim_dice dice = fork_dice(fleet, SIM_LABEL_FABRIC, 0);
    weft_ns span_ns = sim_dice_scaled(&dice, 1000000, SPAN_NS_MAX);

    fleet->server_count = (uint32_t)sim_dice_between(
        &dice, 2, sim_dice_chance(&dice, 30) ? SIM_SERVERS_DRAWN_MAX : 3);
    for (uint32_t i = 0; i < fleet->server_count; i++)
        draw_server(fleet, i);
    draw_config(fleet, &dice);
    for (uint32_t i = 0; i < fleet->server_count; i++)
        sim_fleet_take_config(fleet, &fleet->servers[i]);
    fleet->call_count = (uint32_t)sim_dice_between(&dice, 4, SIM_FLEET_CALLS_MAX);
    draw_faults(fleet, span_ns);
    for (uint32_t i = 0; i < fleet->call_count; i++) {
        draw_call(fleet, i, span_ns);
        if (i % 4 == 0)
            fleet->calls[i].at += fleet->schedule.faults.ends_at + SIM_FLEET_CALM_NS;
    }
    draw_copies(fleet, span_ns);
    draw_ends(fleet, span_ns);
    draw_lists(fleet, span_ns);
    draw_death(fleet, span_ns);
    draw_telling(fleet);
}
