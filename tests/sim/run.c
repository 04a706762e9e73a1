/* The run: the host's part of the engine's contract, played in virtual time. */
#include "run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "core/result.h"
#include "core/trace.h"
#include "oracle.h"

#define SAME_NOW_MAX 20000 /* rounds without time passing: more is a loop */
#define ACTIONS_MAX  100000
#define SETTLE_NS    UINT64_C(2000000000)

struct sim_run *sim_run_open(void)
{
    return calloc(1, sizeof(struct sim_run));
}

void sim_run_close(struct sim_run *run)
{
    if (run == NULL)
        return;
    sim_fabric_fini(&run->fabric);
    sim_shadow_fini(&run->shadow);
    free(run->memory);
    free(run);
}

static void hash_action(struct sim_run *run, const struct weft_action *action)
{
    const uint64_t words[] = {run->now,
                              (uint64_t)action->kind,
                              action->hop,
                              action->dst_window,
                              action->src_window,
                              action->size_bytes,
                              action->cookie,
                              action->after,
                              action->tag,
                              (uint64_t)action->result,
                              (uint64_t)action->cause,
                              action->moved_bytes};

    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(words); i++)
        run->hash = weft_hash_word(run->hash, words[i]);
    for (uint32_t i = 0; action->kind == WEFT_ACTION_COPY && i < action->extent_count; i++) {
        run->hash = weft_hash_word(run->hash, action->extents[i].dst_offset);
        run->hash = weft_hash_word(run->hash, action->extents[i].src_offset);
    }
}

static void perform_copy(struct sim_run *run, const struct weft_action *action)
{
    struct sim_copy copy = sim_oracle_copy(run, action);
    weftResult_t result;

    /* It may have ended already, unnoticed: then only how it ended counts. */
    bool is_after_ended =
        copy.after != WEFT_COOKIE_NONE && run->fabric.copies[copy.after].state == SIM_COPY_ENDED;
    bool is_doomed = is_after_ended && run->fabric.copies[copy.after].result != weftSuccess;

    if (is_after_ended)
        copy.after = WEFT_COOKIE_NONE;
    result = sim_fabric_issue(&run->fabric, &copy, run->now);
    SIM_NOTE(&run->history, "copy %llu on hop %llu, %llu bytes, after %lld, window %llu > %llu",
             copy.cookie, copy.hop, copy.size_bytes,
             action->after == WEFT_COOKIE_NONE ? -1ULL : action->after, copy.src_window,
             copy.dst_window);
    if (result == weftSuccess) {
        run->fabric.copies[copy.cookie].is_doomed = is_doomed;
        return;
    }
    SIM_NOTE(&run->history, "  refused copy %llu with result %llu", copy.cookie, result);
    weft_engine_refused(run->engine, action, result, run->now);
    if (result != weftNoResource)
        sim_health_ended(run, &copy, false);
}

static void perform_complete(struct sim_run *run, const struct weft_action *action,
                             struct sim_totals *totals)
{
    uint32_t number;

    SIM_CHECK(&run->history, action->tag < SIM_OPS_MAX, TAG, "COMPLETE of tag %u", action->tag);
    number = run->op_of_tag[action->tag];
    SIM_CHECK(&run->history, number != WEFT_NONE, TWICE, "COMPLETE of tag %u, which is not in use",
              action->tag);
    SIM_NOTE(&run->history, "op %llu ended, tag %llu, result %llu, cause %llu, moved %llu", number,
             action->tag, action->result, action->cause, action->moved_bytes);
    sim_oracle_complete(run, action, number);
    totals->results[action->result]++;
    sim_calls_ended(run, number, action->result);
}

static void pump(struct sim_run *run, struct sim_totals *totals)
{
    struct weft_action action;
    uint32_t count = 0;

    while (weft_engine_next(run->engine, &action, run->now)) {
        SIM_CHECK(&run->history, count++ < ACTIONS_MAX, ENDLESS, "%u actions at one instant",
                  count);
        run->actions++;
        hash_action(run, &action);
        if (action.kind == WEFT_ACTION_COPY)
            perform_copy(run, &action);
        else
            perform_complete(run, &action, totals);
    }
    SIM_CHECK(&run->history, weft_engine_live(run->engine) == run->live, LIVE,
              "the engine has %u live transfers, %u were not ended", weft_engine_live(run->engine),
              run->live);
    SIM_CHECK(&run->history, weft_engine_copies(run->engine) == run->fabric.inflight, COPIES,
              "the engine counts %u copies, %u are in flight", weft_engine_copies(run->engine),
              run->fabric.inflight);
}

static void tell_rate(struct sim_run *run, uint32_t link)
{
    struct weft_event event = {.kind = WEFT_EVENT_LINK_RATE,
                               .link = link,
                               .rate_bytes_per_us = sim_fabric_link_rate(&run->fabric, link)};

    weft_engine_event(run->engine, &event, run->now);
    sim_health_told(run, link, event.rate_bytes_per_us);
}

/* `permille` as the fault's argument says; 0: nobody takes anything. */
static void tell_load(struct sim_run *run, uint32_t link, uint64_t permille)
{
    uint64_t rate = run->world.topo.links[link].rate_bytes_per_us;
    struct weft_event event = {.kind = WEFT_EVENT_LINK_LOAD, .link = link};

    if (permille > 1000)
        event.load.lent_bytes_per_us = rate * (permille - 1000) / 1000;
    else
        event.load.own_bytes_per_us = rate * permille / 1000;
    if (memcmp(&event.load, &run->foreign[link], sizeof(event.load)) == 0)
        return;
    run->foreign[link] = event.load;
    run->foreign_plans = weft_engine_plans(run->engine);
    weft_engine_event(run->engine, &event, run->now);
}

static void apply_faults(struct sim_run *run, struct sim_totals *totals)
{
    while (run->next_fault < run->schedule.faults.count &&
           run->schedule.faults.faults[run->next_fault].at <= run->now) {
        const struct sim_fault *fault = &run->schedule.faults.faults[run->next_fault++];

        totals->faults[fault->kind]++;
        SIM_NOTE(&run->history, sim_fault_row(fault->kind)->note, fault->target, fault->argument);
        if (fault->kind == SIM_FAULT_LOAD || fault->kind == SIM_FAULT_RESTORE) {
            tell_load(run, fault->target, fault->argument);
            tell_load(run, run->world.topo.links[fault->target].reverse, fault->argument);
        }
        if (fault->kind == SIM_FAULT_LOAD)
            continue;
        if (fault->kind != SIM_FAULT_ANNOUNCE) {
            sim_fabric_fault(&run->fabric, fault, run->now);
            continue;
        }
        tell_rate(run, fault->target);
        tell_rate(run, run->world.topo.links[fault->target].reverse);
    }
}

static void set_timers(struct sim_run *run)
{
    struct weft_heap *timers = &run->fabric.timers;
    uint32_t first = run->fabric.copies_max;
    weft_ns deadline_at = weft_engine_deadline(run->engine);
    weft_ns fault_at = WEFT_NEVER;

    if (run->next_fault < run->schedule.faults.count)
        fault_at = run->schedule.faults.faults[run->next_fault].at;
    if (deadline_at != WEFT_NEVER && run->world.wakeup_ns_max > 0)
        deadline_at += sim_dice_below(&run->dice, run->world.wakeup_ns_max);
    weft_heap_set(timers, first + SIM_TIMER_FAULT, fault_at);
    weft_heap_set(timers, first + SIM_TIMER_CALL, sim_calls_next_at(run));
    weft_heap_set(timers, first + SIM_TIMER_ENGINE, deadline_at);
}

static void copy_noticed(struct sim_run *run, uint32_t cookie)
{
    struct weft_event event = {.kind = WEFT_EVENT_COPY_ENDED,
                               .cookie = cookie,
                               .result = run->fabric.copies[cookie].result};

    sim_fabric_forget(&run->fabric, cookie);
    weft_engine_event(run->engine, &event, run->now);
    sim_health_ended(run, &run->fabric.copies[cookie], event.result == weftSuccess);
}

static void dispatch(struct sim_run *run, uint32_t timer, struct sim_totals *totals)
{
    uint32_t first = run->fabric.copies_max;

    if (timer < first) {
        if (sim_fabric_due(&run->fabric, timer, run->now))
            copy_noticed(run, timer);
    } else if (timer == first + SIM_TIMER_FAULT) {
        apply_faults(run, totals);
    } else if (timer == first + SIM_TIMER_CALL) {
        sim_calls_due(run, totals);
    } else {
        weft_engine_expire(run->engine, run->now);
    }
}

/* Moves on to the next thing that happens. False when there is nothing. */
static bool step(struct sim_run *run, struct sim_totals *totals)
{
    weft_ns at;
    uint32_t timer;

    pump(run, totals);
    sim_calls_remove_windows(run);
    sim_fabric_advance(&run->fabric, run->now);
    set_timers(run);
    at = weft_heap_next_at(&run->fabric.timers);
    if (at == WEFT_NEVER)
        return false;
    sim_oracle_rest(run, at);
    run->steps_left--;
    run->same_now = at > run->now ? 0 : run->same_now + 1;
    SIM_CHECK(&run->history, run->same_now < SAME_NOW_MAX, ENDLESS,
              "time stands still; the engine's deadline is %" PRIu64,
              weft_engine_deadline(run->engine));
    run->now = weft_max(run->now, at);
    run->history.now = run->now;
    sim_oracle_time(run);
    while ((timer = weft_heap_due(&run->fabric.timers, run->now)) != WEFT_NONE)
        dispatch(run, timer, totals);
    sim_fabric_advance(&run->fabric, run->now);
    return true;
}

static bool is_left(const struct sim_run *run)
{
    if (run->steps_left == 0)
        return false;
    return run->live > 0 || run->next_op < run->workload.op_count ||
           run->next_fault < run->schedule.faults.count || sim_calls_left(run);
}

static void run_until_ended(struct sim_run *run, struct sim_totals *totals)
{
    while (is_left(run)) {
        SIM_CHECK(&run->history, step(run, totals) || !is_left(run), STUCK,
                  "nothing will ever happen again and %u transfers have not ended",
                  weft_engine_live(run->engine));
        if (run->calm_at == WEFT_NEVER && run->next_fault == run->schedule.faults.count &&
            !sim_calls_left(run))
            sim_oracle_calm(run);
    }
}

/* Restores what the schedule left broken, and lets copies and probes end. */
static void settle(struct sim_run *run, struct sim_totals *totals)
{
    const struct weft_config *config = &run->world.config;
    weft_ns until = run->now + SETTLE_NS + 1000 * (200 * config->probe_us_max) +
                    1000 * (400 * config->suspect_us);

    for (uint32_t i = 0; i < run->world.topo.link_count; i += 2) {
        struct sim_fault restore = {.kind = SIM_FAULT_RESTORE, .target = i};

        sim_fabric_fault(&run->fabric, &restore, run->now);
        tell_rate(run, i);
        tell_rate(run, i + 1);
        tell_load(run, i, 0);
        tell_load(run, i + 1, 0);
    }
    for (uint32_t i = 0; i < run->world.hops.count; i++) {
        struct sim_fault resume = {.kind = SIM_FAULT_RESUME, .target = i};

        sim_fabric_fault(&run->fabric, &resume, run->now);
    }
    while (run->steps_left > 0 && step(run, totals))
        SIM_CHECK(&run->history, run->now < until, RESTLESS,
                  "all is restored and idle; the engine's deadline is %" PRIu64
                  " with %u copies in flight",
                  weft_engine_deadline(run->engine), weft_engine_copies(run->engine));
    SIM_CHECK(&run->history, run->steps_left == 0 || weft_engine_copies(run->engine) == 0, CREDITS,
              "%u copies in flight at rest", weft_engine_copies(run->engine));
}

static void add_windows(struct sim_run *run)
{
    uint64_t relay_bytes = run->world.config.relay_slots * run->world.config.relay_slot_bytes;

    run->all_windows = run->workload.window_count;
    for (uint32_t i = 0; i < run->workload.window_count; i++)
        sim_calls_add_window(run, i);
    for (uint32_t i = 0; i < run->world.topo.device_count; i++) {
        if (!run->world.has_relay[i])
            continue;
        sim_shadow_add(&run->shadow, run->all_windows, i, relay_bytes + WEFT_RELAY_PROBE_BYTES,
                       true);
        weft_engine_relay_add(run->engine, i, run->all_windows++,
                              (uint32_t)run->world.config.relay_slots);
    }
}

static void make_engine(struct sim_run *run, uint64_t seed)
{
    struct weft_engine_input input = {.config = &run->world.config,
                                      .topo = &run->world.topo,
                                      .hops = &run->world.hops,
                                      .blocks = run->blocks,
                                      .seed = seed};
    size_t bytes = weft_engine_size(&input);
    const char *why = "";

    if (bytes > run->memory_bytes) {
        free(run->memory);
        run->memory_bytes = (bytes + 63) / 64 * 64;
        run->memory = aligned_alloc(64, run->memory_bytes);
        weft_assert(run->memory != NULL);
    }
    run->engine = weft_engine_init(&input, run->memory, run->now, &why);
    SIM_CHECK(&run->history, run->engine != NULL, INIT, "%s", why);
}

static void print_schedule(const void *context)
{
    const struct sim_run *run = context;

    sim_schedule_print(stderr, &run->schedule);
    fprintf(stderr,
            "# again: weft-sim --seed %" PRIu64 " -v, or --schedule FILE of these lines; "
            "--shrink finds fewer\n",
            run->schedule.seed);
}

void sim_run_draw(struct sim_run *run, const struct sim_source *source,
                  const struct sim_schedule *schedule)
{
    struct sim_dice machine = sim_dice_fork(source, SIM_LABEL_WORLD);
    struct sim_dice settings = sim_dice_fork(source, SIM_LABEL_CONFIG);
    struct sim_dice workload = sim_dice_fork(source, SIM_LABEL_WORKLOAD);
    struct sim_dice faults = sim_dice_fork(source, SIM_LABEL_FAULTS);

    sim_world_draw(&run->world, &machine, &settings);
    sim_workload_draw(&run->workload, &workload, &run->world);
    if (schedule != NULL) {
        run->schedule = *schedule;
    } else {
        sim_schedule_init(&run->schedule, source->seed);
        sim_faults_draw(&run->schedule.faults, &faults, &run->world,
                        weft_max(run->workload.span_ns, 1000));
    }
    sim_schedule_apply(&run->schedule, &run->workload);
}

/* Copies use cookies below this: those of probes are numbered by hop. */
static uint32_t cookies_of(const struct sim_world *world)
{
    return weft_engine_cookies(&world->config) - WEFT_HOPS_MAX + world->hops.count;
}

static void begin(struct sim_run *run, const struct sim_source *source,
                  const struct sim_options *options)
{
    sim_history_begin(&run->history, source->seed, options->is_verbose);
    sim_run_draw(run, source, options->schedule);
    run->history.more = print_schedule;
    run->history.context = run;
    run->now = 0;
    run->hash = WEFT_HASH_SEED;
    run->actions = 0;
    run->next_fault = 0;
    run->is_closing = false;
    run->first_closing = run->workload.op_count;
    run->same_now = 0;
    run->steps_left = options->steps_max > 0 ? options->steps_max : UINT64_MAX;
    run->calm_at = WEFT_NEVER;
    run->dice = sim_dice_fork(source, SIM_LABEL_FABRIC);
    weft_pool_init(&run->block_pool, run->block_indices, SIM_BLOCKS_MAX);
    sim_calls_begin(run);
    sim_shadow_begin(&run->shadow, &run->history, SIM_WINDOWS_MAX, SIM_OPS_MAX);
    sim_health_begin(run);
    sim_fabric_begin(&run->fabric, &run->world, &run->shadow, &run->history, run->dice,
                     cookies_of(&run->world), SIM_TIMERS);
    run->fabric.record = options->record;
    if (options->record != NULL)
        sim_record_begin(options->record);
    make_engine(run, source->seed);
    add_windows(run);
}

static void add_totals(const struct sim_run *run, struct sim_totals *totals)
{
    totals->seeds++;
    totals->simulated_ns += run->now;
    totals->verified_bytes += run->shadow.verified_bytes;
    totals->copies += run->fabric.copy_count;
    totals->actions += run->actions;
}

uint64_t sim_run_once(struct sim_run *run, const struct sim_source *source,
                      const struct sim_options *options, struct sim_totals *totals)
{
    begin(run, source, options);
    if (options->is_verbose) {
        sim_world_print(&run->world);
        sim_workload_print(&run->workload, &run->world);
        sim_faults_print_swarm(&run->schedule.faults);
        sim_schedule_print(stdout, &run->schedule);
    }
    sim_calls_explain(run);
    run_until_ended(run, totals);
    settle(run, totals);
    if (!run->is_aborted && run->steps_left > 0) {
        sim_calls_close(run);
        run_until_ended(run, totals);
        settle(run, totals);
    }
    sim_calls_explain(run);
    if (run->steps_left > 0)
        sim_calls_fini(run);
    add_totals(run, totals);
    return weft_hash_word(run->hash, weft_engine_trace(run->engine)->hash);
}
