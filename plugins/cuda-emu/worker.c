/* The worker: lets modelled time pass up to now, event by event, and memory follow it.
 *
 * Events have exact modelled instants, so waking up late delays what is seen but not what is
 * computed. Bytes are moved without the locks; meanwhile calls may append and order faults, but
 * only the worker starts, ends and frees. Between its passes over the model it sleeps on its seat's
 * bell, which calls ring, and other processes when what they do changes what it has to do. It
 * leaves rates to fluid.c, stages to copy.c, and what processes have in common to state.c. */
#include <time.h>

#include "emulator.h"

#define SLICE_BYTES      262144  /* memory lags flowing copies by about as much, all together, */
#define SLICE_NS_MIN     50000   /* real: but is moved no more often, */
#define SLICE_NS_MAX     1000000 /* real: and no less */
#define WATCH_NS_MIN     100000  /* real: the shortest wait between two looks at a value */
#define WATCH_NS_MAX     1000000 /* real: the longest */
#define WATCH_QUIET_PART 8       /* looks come at this part of the time since the last news */
#define BOARD_WAIT_NS    1000000 /* real: how long calls wait while the worker wants the board */
#define BOARD_PAUSE_NS   200000  /* real: how long the worker waits for them in turn */

/* Other processes have had the engines of this one, or it did what it did for nothing: its copies
 * are in line again. */
static void resume(struct weft_emu *emu)
{
    struct weft_emu_state *state = &emu->board.state;

    emu->is_lost = false;
    state->members[emu->board.seat].is_suspended = false;
    weft_emu_state_withdraw(state, emu->board.seat);
    for (uint32_t i = 0; i < state->engine_count; i++) {
        struct weft_emu_engine *engine = &emu->engines[i];

        if (engine->current != NULL) {
            weft_emu_copy_suspend(engine->current);
            weft_emu_engine_put_back(engine);
        }
        weft_emu_engine_ask(engine, &state->arbiters[i], emu->board.seat);
    }
}

/* Takes the board. What keeps it must not keep the calls of this process: they get the emulator's
 * lock meanwhile. */
static void take_board(struct weft_emu *emu)
{
    struct weft_emu_member *own = &emu->board.state.members[emu->board.seat];

    while (!weft_emu_board_lock(&emu->board, BOARD_WAIT_NS)) {
        struct timespec wait = {0, BOARD_PAUSE_NS};

        pthread_mutex_unlock(&emu->lock);
        nanosleep(&wait, NULL);
        pthread_mutex_lock(&emu->lock);
    }
    emu->at = emu->board.state.at;
    own->plan_at = 0;
    if (own->is_suspended || emu->is_lost)
        resume(emu);
}

void weft_emu_let_go(struct weft_emu *emu)
{
    if (!weft_emu_board_unlock(&emu->board))
        emu->is_lost = true;
    pthread_mutex_unlock(&emu->lock);
}

void weft_emu_take_up(struct weft_emu *emu)
{
    pthread_mutex_lock(&emu->lock);
    take_board(emu);
}

/* Lets what flows flow until `until`. */
static void flow(struct weft_emu *emu, weft_ns until)
{
    weft_emu_state_flow(&emu->board.state, until);
    emu->at = emu->board.state.at;
}

/* Moves the bytes that have flowed; with `ending`, only of copies whose stage ends now. */
static void move(struct weft_emu *emu, bool ending)
{
    for (uint32_t i = 0; i < emu->board.state.engine_count; i++) {
        struct weft_emu_copy *copy = emu->engines[i].current;
        uint64_t due;
        uint64_t moved;

        if (copy == NULL || (ending && copy->stage->next_at > emu->at))
            continue;
        due = weft_emu_stage_due(copy->stage, emu->at);
        if (due <= copy->moved_bytes)
            continue;
        /* Whoever unregisters its memory meanwhile waits for weft_emu_apply's answer. */
        weft_emu_let_go(emu);
        moved = weft_emu_copy_move(copy, due);
        weft_emu_take_up(emu);
        atomic_fetch_add(&emu->board.common->bytes[copy->from][0], moved);
        atomic_fetch_add(&emu->board.common->bytes[copy->to][1], moved);
        emu->news_count++;
    }
}

/* Frees the engine of a copy that has ended and has its stream look at it. */
static void end(struct weft_emu *emu, uint32_t index)
{
    struct weft_emu_copy *copy = emu->engines[index].current;
    struct weft_emu_operation *operation = WEFT_CONTAINER_OF(copy, struct weft_emu_operation, copy);

    emu->board.state.arbiters[index].holder = WEFT_NONE;
    emu->engines[index].current = NULL;
    weft_emu_stream_touch(emu, operation->stream);
}

static void start(struct weft_emu *emu, uint32_t index)
{
    struct weft_emu_arbiter *arbiter = &emu->board.state.arbiters[index];
    struct weft_emu_copy *copy = weft_emu_engine_take(&emu->engines[index]);

    weft_emu_engine_ask(&emu->engines[index], arbiter, emu->board.seat);
    if (weft_emu_copy_is_orphan(copy)) {
        weft_emu_copy_fail(copy, WEFT_CUDA_ILLEGAL_ADDRESS);
        end(emu, index);
        return;
    }
    if (weft_emu_machine_take_failure(&emu->machine, copy->from, copy->to))
        copy->fail_bytes = copy->size_bytes / 2;
    arbiter->holder = emu->board.seat;
    weft_emu_copy_start(copy, &arbiter->stage, emu->at);
}

/* Starts and steps what is due at this instant, in the order of the engines. */
static void step(struct weft_emu *emu)
{
    for (uint32_t i = 0; i < emu->board.state.engine_count; i++) {
        const struct weft_emu_arbiter *arbiter = &emu->board.state.arbiters[i];
        uint32_t turn = weft_emu_arbiter_turn(arbiter, emu->board.state.seat_end);
        struct weft_emu_copy *copy = emu->engines[i].current;

        if (turn != emu->board.seat || weft_emu_arbiter_next_at(arbiter, turn, emu->at) > emu->at)
            continue;
        if (copy == NULL) {
            start(emu, i);
            continue;
        }
        emu->board.state.is_stale = true;
        weft_emu_copy_step(copy, weft_emu_machine_is_cut(&emu->machine, &copy->path), emu->at);
        if (weft_emu_copy_has_ended(copy))
            end(emu, i);
    }
}

static bool has_applied(const struct weft_emu *emu)
{
    return emu->applied_count == emu->change_count &&
           emu->board.state.members[emu->board.seat].applied_count == emu->board.state.fault_count;
}

/* Takes account of faults: what crosses a cut link, or lost its memory, fails where it is. */
static void apply(struct weft_emu *emu)
{
    if (has_applied(emu))
        return;
    emu->applied_count = emu->change_count;
    emu->board.state.members[emu->board.seat].applied_count = emu->board.state.fault_count;
    emu->board.state.is_stale = true;
    for (uint32_t i = 0; i < emu->board.state.engine_count; i++) {
        struct weft_emu_copy *copy = emu->engines[i].current;

        if (copy == NULL)
            continue;
        if (weft_emu_copy_is_orphan(copy))
            weft_emu_copy_fail(copy, WEFT_CUDA_ILLEGAL_ADDRESS);
        else if (copy->state == WEFT_EMU_COPY_FLOWING &&
                 weft_emu_machine_is_cut(&emu->machine, &copy->path))
            weft_emu_copy_fail(copy, WEFT_CUDA_UNKNOWN);
        else
            continue;
        end(emu, i);
    }
}

/* Lets the model come up to `now`, event by event, or to where another process has something to do.
 * */
static void run_events(struct weft_emu *emu, weft_ns now)
{
    weft_ns own_at;
    weft_ns other_at;

    for (;;) {
        weft_emu_state_next(&emu->board.state, emu->board.seat, &own_at, &other_at);
        if (own_at > weft_min(now, other_at))
            break;
        flow(emu, own_at);
        move(emu, true);
        step(emu);
        weft_emu_state_share(&emu->board.state);
        weft_emu_stream_settle(emu);
    }
    flow(emu, weft_min(now, other_at));
}

static void advance(struct weft_emu *emu)
{
    weft_ns now = weft_emu_clock_now(&emu->clock);

    run_events(emu, now);
    move(emu, false);
    apply(emu);
    weft_emu_state_share(&emu->board.state);
    weft_emu_stream_admit(emu);
    weft_emu_stream_settle(emu);
    run_events(emu, now);
}

/* Real: how long it takes until a slice of bytes has flowed; WEFT_NEVER when nothing flows. */
static uint64_t slice_ns(const struct weft_emu *emu)
{
    double rate_bytes_per_us = 0;
    double duration_ns;

    for (uint32_t i = 0; i < emu->board.state.engine_count; i++)
        if (emu->engines[i].current != NULL)
            rate_bytes_per_us += emu->engines[i].current->stage->rate_bytes_per_us;
    if (rate_bytes_per_us <= 0)
        return WEFT_NEVER;
    duration_ns = SLICE_BYTES * 1000.0 / rate_bytes_per_us * emu->clock.dilation;
    if (duration_ns > SLICE_NS_MAX)
        return SLICE_NS_MAX;
    return weft_max((uint64_t)duration_ns, SLICE_NS_MIN);
}

/* True when this process has a copy at an engine or in line for one. */
static bool is_waiting(const struct weft_emu *emu)
{
    for (uint32_t i = 0; i < emu->board.state.engine_count; i++)
        if (emu->engines[i].current != NULL || emu->engines[i].first != NULL)
            return true;
    return false;
}

/* Looks after the other processes, when this one depends on them: those that have died, and those
 * that keep the model from going on. */
static void mind_others(struct weft_emu *emu, uint64_t now_ns)
{
    weft_ns now = weft_emu_clock_now(&emu->clock);
    weft_ns own_at;
    weft_ns other_at;

    if (!emu->board.is_shared || now_ns < emu->looked_at_ns + WEFT_EMU_BOARD_LIFE_NS)
        return;
    emu->looked_at_ns = now_ns;
    weft_emu_board_bury(&emu->board);
    weft_emu_state_next(&emu->board.state, emu->board.seat, &own_at, &other_at);
    if (other_at > now || other_at >= own_at || !is_waiting(emu)) {
        emu->late_at = WEFT_NEVER;
    } else if (emu->late_at != other_at) {
        emu->late_at = other_at;
        emu->late_since_ns = now_ns;
    } else if (now_ns > emu->late_since_ns + WEFT_EMU_BOARD_PATIENCE_NS) {
        weft_emu_state_suspend(&emu->board.state, emu->board.seat, other_at);
    }
}

/* Real: when the worker must look again, if nobody wakes it before; the board is told. */
static uint64_t wake_at(struct weft_emu *emu, uint64_t now_ns)
{
    uint64_t at_ns = weft_add_sat(now_ns, slice_ns(emu));
    weft_ns own_at;
    weft_ns other_at;

    weft_emu_state_next(&emu->board.state, emu->board.seat, &own_at, &other_at);
    if (own_at > other_at) /* whoever does what comes first rings then */
        own_at = WEFT_NEVER;
    emu->board.state.members[emu->board.seat].plan_at = own_at;
    at_ns = weft_min(at_ns, weft_emu_clock_real(&emu->clock, own_at));
    if (emu->board.is_shared && is_waiting(emu))
        at_ns = weft_min(at_ns, now_ns + WEFT_EMU_BOARD_LIFE_NS);
    if (emu->watching.first != NULL) {
        uint64_t quiet_ns = (now_ns - emu->news_at_ns) / WATCH_QUIET_PART;

        at_ns = weft_min(at_ns, now_ns + weft_min(weft_max(quiet_ns, WATCH_NS_MIN), WATCH_NS_MAX));
    }
    return at_ns;
}

static void doze(struct weft_emu *emu)
{
    uint64_t at_ns = wake_at(emu, weft_emu_clock_real_now());
    uint32_t bell = weft_emu_board_bell(&emu->board);

    emu->is_asleep = true;
    weft_emu_let_go(emu);
    if (!emu->is_lost)
        weft_emu_board_listen(&emu->board, bell, at_ns);
    weft_emu_take_up(emu);
    emu->is_asleep = false;
}

/* One pass, and sleep until the next one is due. */
static void pass(struct weft_emu *emu, uint64_t *news_seen)
{
    mind_others(emu, weft_emu_clock_real_now());
    advance(emu);
    if (emu->news_count != *news_seen)
        emu->news_at_ns = weft_emu_clock_real_now();
    *news_seen = emu->news_count;
    if (emu->listener_count > 0)
        pthread_cond_broadcast(&emu->news);
    if (emu->fresh.first == NULL && has_applied(emu) && !emu->is_stopping)
        doze(emu);
}

void *weft_emu_work(void *argument)
{
    struct weft_emu *emu = argument;
    uint64_t news_seen = 0;
    bool has_seat;

    weft_emu_clock_sharpen();
    pthread_mutex_lock(&emu->lock);
    has_seat = weft_emu_board_sit(&emu->board);
    emu->is_ready = true;
    pthread_cond_broadcast(&emu->news);
    if (has_seat) {
        take_board(emu);
        while (!emu->is_stopping)
            pass(emu, &news_seen);
        weft_emu_board_unlock(&emu->board);
        weft_emu_board_rise(&emu->board);
        pthread_cond_broadcast(&emu->news);
    }
    pthread_mutex_unlock(&emu->lock);
    return NULL;
}
