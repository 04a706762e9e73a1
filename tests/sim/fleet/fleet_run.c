/* The run of a fleet, from the drawing to the last check. */
#include "fleet_run.h"

#include <string.h>

#include "fleet_draw.h"
#include "fleet_record.h"
#include "fleet_system.h"
#include "host/log.h"

#define SETTLE_NS UINT64_C(400000000)
#define STEPS_MAX UINT64_C(20000000)

void sim_fleet_run_due(struct sim_fleet *fleet, uint32_t timer)
{
    const struct sim_faults *faults = &fleet->schedule.faults;

    if (timer == SIM_FLEET_TIMER_CALL) {
        sim_fleet_calls_due(fleet);
        return;
    }
    while (fleet->next_fault < faults->count && faults->faults[fleet->next_fault].at <= fleet->now)
        sim_fleet_fault(fleet, &faults->faults[fleet->next_fault++]);
    /* What is calm is sound: faults that count copies have counted to the end. */
    for (uint32_t i = 0; fleet->next_fault == faults->count && i < fleet->server_count; i++)
        memset(fleet->servers[i].failing, 0, sizeof(fleet->servers[i].failing));
}

static void set_timers(struct sim_fleet *fleet)
{
    uint32_t first = fleet->shape.items_max + fleet->shape.server_count;
    weft_ns fault_at = WEFT_NEVER;

    if (fleet->next_fault < fleet->schedule.faults.count)
        fault_at = fleet->schedule.faults.faults[fleet->next_fault].at;
    weft_heap_set(&fleet->timers, first + SIM_FLEET_TIMER_FAULT, fault_at);
    weft_heap_set(&fleet->timers, first + SIM_FLEET_TIMER_CALL, sim_fleet_calls_next_at(fleet));
}

static void reset(struct sim_fleet *fleet, uint64_t seed, bool is_verbose)
{
    const struct sim_fleet_shape *shape = &fleet->shape;
    uint32_t timers = shape->items_max + shape->server_count + SIM_FLEET_TIMERS;

    sim_system_use(fleet);
    sim_port_use(fleet);
    sim_net_use(fleet);
    weft_log_level_set(is_verbose ? WEFT_LOG_INFO : WEFT_LOG_NONE);
    sim_history_begin(&fleet->history, seed, is_verbose);
    sim_shadow_begin(&fleet->shadow, &fleet->history, SIM_WINDOWS_MAX, shape->call_count);
    weft_heap_init(&fleet->timers, fleet->timer_items, fleet->timer_places, timers);
    weft_pool_init(&fleet->item_pool, fleet->item_indices, shape->items_max);
    fleet->source = (struct sim_source){.seed = seed};
    fleet->dice = sim_dice_fork(&fleet->source, SIM_LABEL_FABRIC);
    fleet->hash = WEFT_HASH_SEED;
    fleet->now = 0;
    fleet->link_count = 0;
    fleet->memory_count = 0;
    fleet->randoms = 0;
    fleet->next_fault = 0;
    fleet->disturbances = 0;
    fleet->healed_at = WEFT_NEVER;
    fleet->tells_nics = false;
    if (fleet->record != NULL)
        sim_record_fleet_begin(fleet->record);
    fleet->is_closing = false;
    fleet->item_count = 0;
    fleet->landed_bytes = 0;
    fleet->failed_writes = 0;
    fleet->rounds = 0;
    fleet->steps = 0;
}

static void print_schedule(const void *context)
{
    const struct sim_fleet *fleet = context;

    sim_schedule_print(stderr, &fleet->schedule);
}

/* Only what the schedule lists, as large as it says. */
static void apply(struct sim_fleet *fleet, const struct sim_schedule *schedule)
{
    for (uint32_t i = 0; schedule != NULL && i < fleet->call_count; i++) {
        struct sim_call *call = &fleet->calls[i];
        uint64_t each = weft_max(schedule->op_bytes_max[i] / call->extent_count, 1);

        call->is_left_out = schedule->is_only && !schedule->keeps_op[i];
        for (uint32_t k = 0; k < call->extent_count && each < call->extents[k].size_bytes; k++) {
            call->size_bytes -= call->extents[k].size_bytes - each;
            call->extents[k].size_bytes = each;
        }
        call->op.size_bytes = call->size_bytes;
    }
    fleet->calls_live = 0;
    for (uint32_t i = 0; i < fleet->call_count; i++)
        fleet->calls_live += !fleet->calls[i].is_left_out;
}

void sim_fleet_prepare(struct sim_fleet *fleet, uint64_t seed, const struct sim_schedule *schedule,
                       bool is_verbose)
{
    reset(fleet, seed, is_verbose);
    sim_schedule_init(&fleet->schedule, seed);
    fleet->schedule.is_fleet = true;
    fleet->history.more = print_schedule;
    fleet->history.context = fleet;
    if (fleet->shape.is_plain || fleet->shape.is_given)
        return; /* the rest is fleet_many.c's, or scenario.c's */
    sim_fleet_draw(fleet);
    if (schedule != NULL)
        fleet->schedule = *schedule;
    sim_faults_finish(&fleet->schedule.faults);
    apply(fleet, schedule);
}

void sim_fleet_list(const struct sim_fleet *fleet, struct sim_schedule *schedule)
{
    for (uint32_t i = 0; i < fleet->call_count; i++) {
        schedule->keeps_op[i] = schedule->is_only ? schedule->keeps_op[i] : true;
        schedule->op_bytes_max[i] = weft_min(schedule->op_bytes_max[i], fleet->calls[i].size_bytes);
    }
    schedule->is_only = true;
}

void sim_fleet_run_until(struct sim_fleet *fleet, weft_ns until)
{
    for (;;) {
        set_timers(fleet);
        if (until != WEFT_NEVER && weft_heap_next_at(&fleet->timers) > until) {
            fleet->now = until;
            fleet->history.now = until;
            return;
        }
        if (until == WEFT_NEVER && fleet->calls_live == 0 &&
            fleet->next_fault == fleet->schedule.faults.count)
            return;
        SIM_CHECK(&fleet->history, weft_heap_next_at(&fleet->timers) != WEFT_NEVER, STUCK,
                  "nothing will ever happen again and %u calls have not ended", fleet->calls_live);
        (void)sim_fleet_step(fleet);
        sim_calls_overdue(fleet);
        SIM_CHECK(&fleet->history, fleet->steps < STEPS_MAX, ENDLESS, "%u calls have not ended",
                  fleet->calls_live);
    }
}

void sim_fleet_run_calls(struct sim_fleet *fleet)
{
    for (uint32_t i = 0; i < fleet->server_count; i++)
        sim_server_open(fleet, i);
    sim_fleet_run_until(fleet, WEFT_NEVER);
}

uint64_t sim_fleet_run_end(struct sim_fleet *fleet)
{
    SIM_NOTE(&fleet->history, "all is restored");
    fleet->healed_at = fleet->now;
    sim_fleet_heal(fleet);
    sim_fleet_run_until(fleet, fleet->now + SETTLE_NS);
    sim_revokes_check_done(fleet);
    sim_calls_forget(fleet);
    fleet->is_closing = true;
    sim_fleet_add_closing(fleet);
    sim_fleet_run_until(fleet, WEFT_NEVER);
    sim_fleet_run_until(fleet, fleet->now + SETTLE_NS);
    sim_agents_check_rest(fleet);
    for (uint32_t i = 0; i < fleet->server_count; i++)
        sim_server_rest(fleet, i);
    for (uint32_t i = 0; i < fleet->server_count; i++)
        sim_server_close(fleet, i);
    for (uint32_t i = 0; i < fleet->shape.items_max; i++)
        if (fleet->items[i].kind != SIM_ITEM_FREE)
            sim_item_give(fleet, i);
    return weft_hash_word(fleet->hash, fleet->steps);
}

uint64_t sim_fleet_run(struct sim_fleet *fleet, uint64_t seed, const struct sim_schedule *schedule,
                       bool is_verbose)
{
    sim_fleet_prepare(fleet, seed, schedule, is_verbose);
    sim_fleet_run_calls(fleet);
    return sim_fleet_run_end(fleet);
}
