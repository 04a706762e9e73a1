/* The worker: lets modelled time pass up to now, event by event, and memory follow it.
 *
 * Events have exact modelled instants, so waking up late delays what is seen but not what is
 * computed. Bytes are moved without the lock; meanwhile calls may append and order faults, but only
 * the worker starts, ends and frees. It leaves rates to fluid.c and stages to copy.c. */
#include <time.h>

#include "emulator.h"

#define SLICE_BYTES      262144  /* memory lags flowing copies by about as much, all together, */
#define SLICE_NS_MIN     50000   /* real: but is moved no more often, */
#define SLICE_NS_MAX     1000000 /* real: and no less */
#define WATCH_NS_MIN     100000  /* real: the shortest wait between two looks at a value */
#define WATCH_NS_MAX     1000000 /* real: the longest */
#define WATCH_QUIET_PART 8       /* looks come at this part of the time since the last news */
#define SECOND           1000000000ull

static uint32_t engine_count(const struct weft_emu *emu)
{
    return emu->machine.gpu_count * WEFT_EMU_ENGINE_KINDS;
}

static weft_ns next_event_at(const struct weft_emu *emu)
{
    weft_ns next_at = WEFT_NEVER;

    for (uint32_t i = 0; i < engine_count(emu); i++)
        next_at = weft_min(next_at, weft_emu_engine_next_at(&emu->engines[i], emu->at));
    return next_at;
}

/* Gives the flowing copies their rates anew. */
static void share(struct weft_emu *emu)
{
    struct weft_emu_copy *copies[WEFT_EMU_ENGINES_MAX];
    struct weft_emu_flow flows[WEFT_EMU_ENGINES_MAX];
    uint32_t count = 0;

    if (!emu->is_stale)
        return;
    emu->is_stale = false;
    for (uint32_t i = 0; i < engine_count(emu); i++) {
        struct weft_emu_copy *copy = emu->engines[i].current;

        if (copy == NULL || copy->state != WEFT_EMU_COPY_FLOWING)
            continue;
        flows[count] =
            (struct weft_emu_flow){copy->path.links, copy->path.count, copy->limit_bytes_per_us, 0};
        copies[count++] = copy;
    }
    weft_emu_fluid_share(emu->machine.links, flows, count);
    for (uint32_t i = 0; i < count; i++)
        if (flows[i].rate_bytes_per_us != copies[i]->rate_bytes_per_us ||
            copies[i]->next_at == WEFT_NEVER)
            weft_emu_copy_set_rate(copies[i], flows[i].rate_bytes_per_us, emu->at);
}

/* Lets what flows flow until `until`. */
static void flow(struct weft_emu *emu, weft_ns until)
{
    for (uint32_t i = 0; i < engine_count(emu); i++)
        if (emu->engines[i].current != NULL)
            weft_emu_copy_flow(emu->engines[i].current, until - emu->at);
    emu->at = until;
}

/* Where memory of a copy must be: at the end of a stage exactly at its goal. */
static uint64_t bytes_due(const struct weft_emu_copy *copy, weft_ns at)
{
    if (copy->state == WEFT_EMU_COPY_FLOWING && copy->next_at <= at)
        return copy->goal_bytes;
    return (uint64_t)copy->flowed_bytes;
}

/* Moves the bytes that have flowed; with `ending`, only of copies whose stage ends now. */
static void move(struct weft_emu *emu, bool ending)
{
    for (uint32_t i = 0; i < engine_count(emu); i++) {
        struct weft_emu_copy *copy = emu->engines[i].current;
        uint64_t due;
        uint64_t moved;

        if (copy == NULL || (ending && copy->next_at > emu->at))
            continue;
        due = bytes_due(copy, emu->at);
        if (due <= copy->moved_bytes)
            continue;
        /* Whoever unregisters its memory meanwhile waits for weft_emu_apply's answer. */
        pthread_mutex_unlock(&emu->lock);
        moved = weft_emu_copy_move(copy, due);
        pthread_mutex_lock(&emu->lock);
        emu->machine.bytes[copy->from][0] += moved;
        emu->machine.bytes[copy->to][1] += moved;
        emu->news_count++;
    }
}

/* Frees the engine of a copy that has ended and has its stream look at it. */
static void end(struct weft_emu *emu, struct weft_emu_engine *engine)
{
    struct weft_emu_copy *copy = engine->current;
    struct weft_emu_operation *operation = WEFT_CONTAINER_OF(copy, struct weft_emu_operation, copy);

    engine->current = NULL;
    weft_emu_stream_touch(emu, operation->stream);
}

static void start(struct weft_emu *emu, struct weft_emu_engine *engine)
{
    struct weft_emu_copy *copy = weft_emu_engine_take(engine);

    if (weft_emu_copy_is_orphan(copy)) {
        weft_emu_copy_fail(copy, WEFT_CUDA_ILLEGAL_ADDRESS);
        end(emu, engine);
        return;
    }
    if (weft_emu_machine_take_failure(&emu->machine, copy->from, copy->to))
        copy->fail_bytes = copy->size_bytes / 2;
    weft_emu_copy_start(copy, emu->at);
}

/* Starts and steps what is due at this instant, in the order of the engines. */
static void step(struct weft_emu *emu)
{
    for (uint32_t i = 0; i < engine_count(emu); i++) {
        struct weft_emu_engine *engine = &emu->engines[i];
        struct weft_emu_copy *copy = engine->current;

        if (weft_emu_engine_next_at(engine, emu->at) > emu->at)
            continue;
        if (copy == NULL) {
            start(emu, engine);
            continue;
        }
        emu->is_stale = true;
        weft_emu_copy_step(copy, weft_emu_machine_is_cut(&emu->machine, &copy->path), emu->at);
        if (weft_emu_copy_has_ended(copy))
            end(emu, engine);
    }
}

/* Takes account of faults: what crosses a cut link, or lost its memory, fails where it is. */
static void apply(struct weft_emu *emu)
{
    if (emu->applied_count == emu->change_count)
        return;
    emu->applied_count = emu->change_count;
    emu->is_stale = true;
    for (uint32_t i = 0; i < engine_count(emu); i++) {
        struct weft_emu_engine *engine = &emu->engines[i];
        struct weft_emu_copy *copy = engine->current;

        if (copy == NULL)
            continue;
        if (weft_emu_copy_is_orphan(copy))
            weft_emu_copy_fail(copy, WEFT_CUDA_ILLEGAL_ADDRESS);
        else if (copy->state == WEFT_EMU_COPY_FLOWING &&
                 weft_emu_machine_is_cut(&emu->machine, &copy->path))
            weft_emu_copy_fail(copy, WEFT_CUDA_UNKNOWN);
        else
            continue;
        end(emu, engine);
    }
}

/* Lets the model come up to `now`, event by event. */
static void run_events(struct weft_emu *emu, weft_ns now)
{
    for (;;) {
        weft_ns next_at = next_event_at(emu);

        if (next_at > now)
            break;
        flow(emu, next_at);
        move(emu, true);
        step(emu);
        share(emu);
        weft_emu_stream_settle(emu);
    }
    flow(emu, now);
}

static void advance(struct weft_emu *emu)
{
    weft_ns now = weft_emu_clock_now(&emu->clock);

    run_events(emu, now);
    move(emu, false);
    apply(emu);
    share(emu);
    weft_emu_stream_admit(emu);
    weft_emu_stream_settle(emu);
    run_events(emu, now);
}

/* Real: how long it takes until a slice of bytes has flowed; WEFT_NEVER when nothing flows. */
static uint64_t slice_ns(const struct weft_emu *emu)
{
    double rate_bytes_per_us = 0;
    double duration_ns;

    for (uint32_t i = 0; i < engine_count(emu); i++)
        if (emu->engines[i].current != NULL)
            rate_bytes_per_us += emu->engines[i].current->rate_bytes_per_us;
    if (rate_bytes_per_us <= 0)
        return WEFT_NEVER;
    duration_ns = SLICE_BYTES * 1000.0 / rate_bytes_per_us * emu->clock.dilation;
    if (duration_ns > SLICE_NS_MAX)
        return SLICE_NS_MAX;
    return weft_max((uint64_t)duration_ns, SLICE_NS_MIN);
}

/* Real: when the worker must look again, if nobody wakes it before. */
static uint64_t wake_at(struct weft_emu *emu, uint64_t now_ns)
{
    uint64_t at_ns = weft_emu_clock_real(&emu->clock, next_event_at(emu));

    at_ns = weft_min(at_ns, weft_add_sat(now_ns, slice_ns(emu)));
    if (emu->watching.first != NULL) {
        uint64_t quiet_ns = (now_ns - emu->news_at_ns) / WATCH_QUIET_PART;

        at_ns = weft_min(at_ns, now_ns + weft_min(weft_max(quiet_ns, WATCH_NS_MIN), WATCH_NS_MAX));
    }
    return at_ns;
}

static void doze(struct weft_emu *emu)
{
    uint64_t at_ns = wake_at(emu, weft_emu_clock_real_now());
    struct timespec time = {(time_t)(at_ns / SECOND), (long)(at_ns % SECOND)};

    emu->is_asleep = true;
    if (at_ns == WEFT_NEVER)
        pthread_cond_wait(&emu->work, &emu->lock);
    else
        pthread_cond_timedwait(&emu->work, &emu->lock, &time);
    emu->is_asleep = false;
}

void *weft_emu_work(void *argument)
{
    struct weft_emu *emu = argument;
    uint64_t news_seen = 0;

    weft_emu_clock_sharpen();
    pthread_mutex_lock(&emu->lock);
    while (!emu->is_stopping) {
        advance(emu);
        if (emu->news_count != news_seen)
            emu->news_at_ns = weft_emu_clock_real_now();
        news_seen = emu->news_count;
        if (emu->listener_count > 0)
            pthread_cond_broadcast(&emu->news);
        if (emu->fresh.first == NULL && emu->applied_count == emu->change_count &&
            !emu->is_stopping)
            doze(emu);
    }
    pthread_cond_broadcast(&emu->news);
    pthread_mutex_unlock(&emu->lock);
    return NULL;
}
