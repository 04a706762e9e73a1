/* The rounds of who drives, and how the progress thread sleeps between them; see loop.h. */
#include "loop.h"

#include <sys/prctl.h>

#include "log.h"
#include "peers.h"
#include "status.h"

#define COMPLETIONS_MAX 64

/* A full queue is tried again when a copy has ended, or after this. */
#define STALL_NS 2000u

/* Least time between two polls while there are copies to issue. */
#define POLL_NS 8000u

/* Real: longest sleep of an emulated comm that peers may call. */
#define PEERS_POLL_REAL_NS 100000u

/* Real: so long the progress thread leaves the turn to callers that drove last; longer, the longer
 * they do: each of its looks would take a core from them. */
#define NAP_REAL_NS     100000u
#define NAP_REAL_NS_MAX 1000000u

/* A caller that may not drive looks on this long before it sleeps: a short transfer ends sooner
 * than a thread wakes. */
#define SPIN_NS 20000u

/* How the time of looking on grows, and how often it is tried anew where it does not pay. */
#define SPIN_NS_MIN 1000u
#define SPIN_ANEW   32u

/* A caller for which nothing has happened for so long drives no more; until then it sleeps with the
 * turn, at most HELPER_REAL_NS at once. */
#define HELP_NS_MAX    2000000u
#define HELPER_REAL_NS 1000000u

static weftResult_t port_copy(struct weft_loop *loop, const struct weft_action *action,
                              struct weft_copy *copy)
{
    const struct weft_machine_lane *lane = &loop->machine->lanes[action->hop];
    const struct weft_machine_port *port = &loop->machine->ports[lane->port];

    copy->lane = lane->lane;
    if (action->after != WEFT_COOKIE_NONE)
        copy->after_port = loop->machine->ports[loop->machine->lanes[action->after_hop].port].port;
    WEFT_TRY(port->ops->copy(port->port, copy));
    loop->in_flight[lane->port]++;
    loop->in_flight_total++;
    return weftSuccess;
}

static void perform_copy(struct weft_loop *loop, const struct weft_action *action)
{
    struct weft_copy copy = {
        .dst_window = action->dst_window,
        .src_window = action->src_window,
        .extent_count = action->extent_count,
        .extents = action->extents,
        .size_bytes = action->size_bytes,
        .lent = action->lent,
        .cookie = action->cookie,
        .after = action->after,
    };
    weftResult_t result;
    weft_ns now;

    /* What went along with an earlier copy did not arrive: that one failed. */
    if (action->owner != WEFT_NONE)
        loop->slots.slots[action->owner].signalled = false;
    if (action->hop < loop->machine->hops.count)
        result = port_copy(loop, action, &copy);
    else
        result =
            weft_peers_copy(loop, action->hop, action->is_whole ? action->owner : WEFT_NONE, &copy);
    if (result == weftSuccess) {
        loop->copy_count++;
        return;
    }
    now = weft_clock_now(&loop->clock);
    loop->refused_count++;
    weft_engine_refused(loop->engine, action, result, now);
    if (result == weftNoResource)
        loop->stalled_until = now + STALL_NS;
}

static void perform_complete(struct weft_loop *loop, const struct weft_action *action)
{
    const struct weft_slot *slot = &loop->slots.slots[action->tag];
    struct weft_slot_end end = {
        .result = action->result,
        .cause = action->cause,
        .hop = action->cause_hop,
        .since = weft_sub_sat(weft_clock_now(&loop->clock), action->cause_since),
        .moved_bytes = action->moved_bytes,
    };

    if (loop->peers != NULL && weft_peers_fetch_passed(loop, action->tag, action->result))
        return;
    if (action->cause_hop == WEFT_NONE || action->cause_since == WEFT_NEVER)
        end.since = 0;
    if (slot->signalled && action->moved_bytes == slot->op.size_bytes) {
        /* All of it has arrived, and who waited for it was told: what came after that, a cancel or
         * the deadline, came too late. */
        end.result = weftSuccess;
        weft_loop_end(loop, action->tag, end);
        return;
    }
    weft_loop_complete(loop, action->tag, &action->signal, end);
}

static bool poll_port(struct weft_loop *loop, uint32_t index)
{
    const struct weft_machine_port *port = &loop->machine->ports[index];
    struct weft_completion completions[COMPLETIONS_MAX];
    uint32_t count = port->ops->poll(port->port, completions, COMPLETIONS_MAX);

    weft_assert(count <= loop->in_flight[index]);
    for (uint32_t i = 0; i < count; i++) {
        struct weft_event event = {
            .kind = WEFT_EVENT_COPY_ENDED,
            .cookie = completions[i].cookie,
            .result = completions[i].result,
        };

        loop->in_flight[index]--;
        loop->in_flight_total--;
        weft_engine_event(loop->engine, &event, weft_clock_now(&loop->clock));
    }
    return count > 0;
}

static bool poll_ports(struct weft_loop *loop)
{
    bool any = false;

    for (uint32_t i = 0; i < loop->machine->port_count && loop->in_flight_total > 0; i++)
        if (loop->in_flight[i] > 0)
            any |= poll_port(loop, i);
    if (any)
        loop->stalled_until = 0;
    return any;
}

/* Issuing takes time in which transfers begin and copies end. What begins together is to be planned
 * together, and what has ended makes room on the path that should be served next: so both are
 * looked at between two actions, the ports not more often than every POLL_NS. */
static bool perform_actions(struct weft_loop *loop)
{
    weft_ns polled_at = weft_clock_now(&loop->clock);
    struct weft_action action;
    bool any = false;

    for (;;) {
        weft_ns now = weft_clock_now(&loop->clock);

        if (now < loop->stalled_until || !weft_engine_next(loop->engine, &action, now))
            return any;
        any = true;
        if (action.kind == WEFT_ACTION_COPY)
            perform_copy(loop, &action);
        else
            perform_complete(loop, &action);
        (void)weft_loop_take_ops(loop);
        if (now < polled_at + POLL_NS)
            continue;
        (void)poll_ports(loop);
        weft_loop_share_loads(loop);
        if (loop->peers != NULL)
            (void)weft_peers_poll(loop);
        polled_at = weft_clock_now(&loop->clock);
    }
}

/* ---- looking on ---- */

static weft_ns spin_time(const struct weft_loop *loop)
{
    return atomic_load_explicit(&loop->spin_ns, memory_order_relaxed);
}

static void spin_set(struct weft_loop *loop, weft_ns spin_ns)
{
    spin_ns = weft_min(spin_ns, loop->config.idle_spin_us * WEFT_NS_PER_US);
    atomic_store_explicit(&loop->spin_ns, spin_ns, memory_order_relaxed);
}

/* Looking on pays where the other side answers meanwhile. Where it is not, because it takes long or
 * needs this very core, it costs time: so it becomes shorter, and is tried anew now and then. */
static void spin_paid(struct weft_loop *loop)
{
    spin_set(loop, spin_time(loop) * 2 + SPIN_NS_MIN);
}

static void spin_wasted(struct weft_loop *loop)
{
    bool anew = ++loop->wasted_spins % SPIN_ANEW == 0;

    loop->looks = 0;
    spin_set(loop, anew ? WEFT_NEVER : spin_time(loop) / 2);
}

/* One look at everything; true when something happened. What was submitted goes out with the net's
 * poll, which comes behind it. */
static bool round_once(struct weft_loop *loop)
{
    bool any = weft_loop_take_ops(loop);
    weft_ns now;

    if (loop->waiting_first != WEFT_NONE || loop->mark_count > 0)
        any |= weft_loop_poll_streams(loop);
    any |= poll_ports(loop);
    weft_loop_share_loads(loop);
    now = weft_clock_now(&loop->clock);
    if (now >= weft_engine_deadline(loop->engine))
        weft_engine_expire(loop->engine, now);
    any |= perform_actions(loop);
    if (loop->peers != NULL && weft_peers_poll(loop)) {
        (void)perform_actions(loop);
        any = true;
        if (loop->looks > 0)
            spin_paid(loop);
        loop->looks = 0;
    }
    loop->looks += !any;
    any |= weft_loop_run_command(loop);
    if (loop->status != NULL)
        any |= weft_status_answer(loop->status);
    return any;
}

/* ---- sleeping ---- */

/* Devices and streams tell of nothing by themselves. */
static bool must_poll(const struct weft_loop *loop)
{
    return loop->in_flight_total > 0 || loop->waiting_first != WEFT_NONE || loop->mark_count > 0;
}

/* How long to sleep after a round in which nothing happened. */
static weft_ns idle_time(const struct weft_loop *loop, weft_ns now)
{
    weft_ns until = weft_engine_deadline(loop->engine);

    if (loop->peers != NULL)
        until = weft_min(until, weft_peers_agent_at(loop->peers));
    if (loop->stalled_until > now)
        until = weft_min(until, loop->stalled_until);
    if (!loop->machine->emulation.on) {
        if (must_poll(loop) || now - loop->busy_at < spin_time(loop))
            return 0;
    } else if (must_poll(loop) || (loop->peers != NULL && weft_peers_busy(loop->peers))) {
        /* An emulated machine shares this one's few cores: its time stands nearly still anyway. */
        until = weft_min(until, now + loop->config.poll_ns);
    }
    return until == WEFT_NEVER ? WEFT_NEVER : weft_sub_sat(until, now);
}

/* The net of an emulated machine is looked at in turn, any other one tells when to. */
static uint64_t sleep_real_ns(const struct weft_loop *loop, weft_ns now)
{
    uint64_t real_ns = weft_clock_real(&loop->clock, idle_time(loop, now));

    if (loop->peers == NULL || real_ns == 0)
        return real_ns;
    return weft_min(real_ns, loop->machine->emulation.on ? PEERS_POLL_REAL_NS
                                                         : weft_peers_idle_real_ns(loop));
}

/* ---- who drives ---- */

static bool turn_take(struct weft_loop *loop)
{
    return weft_flag_move(&loop->turn, WEFT_TURN_FREE, WEFT_TURN_TAKEN);
}

static void turn_give(struct weft_loop *loop)
{
    weft_flag_set(&loop->turn, WEFT_TURN_FREE);
}

/* The progress thread sleeps longer than it would, had it seen what is under way now. */
static bool oversleeps(const struct weft_loop *loop, weft_ns now)
{
    /* relaxed: it wakes once too often, or when its sleep ends */
    weft_ns till = atomic_load_explicit(&loop->sleeps_till, memory_order_relaxed);

    return till != 0 && (weft_engine_deadline(loop->engine) < till ||
                         weft_add_sat(now, weft_peers_idle_real_ns(loop)) < till);
}

weftResult_t weft_loop_help(struct weft_loop *loop)
{
    bool sleeps_long;
    weft_ns now;
    bool any;

    if (!loop->helps || !turn_take(loop))
        return weftInvalidUsage;
    any = round_once(loop);
    now = weft_clock_now(&loop->clock);
    if (any)
        loop->busy_at = now;
    sleeps_long = oversleeps(loop, now);
    /* relaxed: late news make the progress thread nap once more, or once less */
    atomic_store_explicit(&loop->helped_at, now, memory_order_relaxed);
    turn_give(loop);
    if (sleeps_long)
        weft_bell_ring(&loop->bell);
    return any ? weftSuccess : weftInProgress;
}

void weft_loop_ring(struct weft_loop *loop)
{
    weft_bell_ring(&loop->bell);
    if (loop->helps)
        weft_bell_ring(&loop->helper_bell);
}

/* Sleeps with the turn until the net has news, and drives on. False: another thread has it. */
static bool sleep_helping(struct weft_loop *loop, struct weft_loop_wait *wait)
{
    uint32_t key = weft_bell_key(&loop->helper_bell);
    weft_ns now = weft_clock_now(&loop->clock);
    uint64_t real_ns;

    if (!turn_take(loop))
        return false;
    real_ns = weft_min(HELPER_REAL_NS, sleep_real_ns(loop, now));
    /* What was asked for before the key was taken rings no more. */
    if (weft_loop_take_ops(loop) || weft_flag_get(&loop->command_state) == WEFT_COMMAND_ASKED)
        real_ns = 0;
    if (real_ns > 0)
        spin_wasted(loop);
    atomic_store_explicit(&loop->helped_at, now + real_ns, memory_order_relaxed);
    weft_bell_wait_or_watch(&loop->helper_bell, key, real_ns);
    if (round_once(loop))
        wait->busy_at = weft_clock_now(&loop->clock);
    loop->busy_at = wait->busy_at;
    atomic_store_explicit(&loop->helped_at, weft_clock_now(&loop->clock), memory_order_relaxed);
    turn_give(loop);
    return true;
}

static void help_end(struct weft_loop *loop, struct weft_loop_wait *wait)
{
    wait->is_over = true;
    if (!loop->helps)
        return;
    atomic_store_explicit(&loop->helped_at, 0, memory_order_relaxed);
    weft_bell_ring(&loop->bell);
}

bool weft_loop_await(struct weft_loop *loop, struct weft_loop_wait *wait, weft_ns now)
{
    weft_ns idle_ns = now - wait->busy_at;

    if (loop->machine->emulation.on || wait->is_over)
        return false;
    if (idle_ns < (loop->helps ? spin_time(loop) : SPIN_NS)) {
        if (weft_loop_help(loop) == weftSuccess)
            wait->busy_at = now;
        else if (loop->helps)
            /* Also when another thread has the turn: the progress thread then leaves it. */
            atomic_store_explicit(&loop->helped_at, now, memory_order_relaxed);
        return true;
    }
    if (loop->helps && idle_ns < HELP_NS_MAX && sleep_helping(loop, wait))
        return true;
    help_end(loop, wait);
    return false;
}

/* Do callers drive, so that the progress thread may leave the turn to them? */
static bool are_helping(const struct weft_loop *loop)
{
    weft_ns helped_at = atomic_load_explicit(&loop->helped_at, memory_order_relaxed);

    return helped_at != 0 && weft_clock_now(&loop->clock) < helped_at + NAP_REAL_NS;
}

/* A round with the turn, and how long to sleep after it. */
static uint64_t round_or_rest(struct weft_loop *loop)
{
    uint64_t real_ns = 0;
    weft_ns now;

    if (round_once(loop)) {
        loop->busy_at = weft_clock_now(&loop->clock);
        return 0;
    }
    now = weft_clock_now(&loop->clock);
    real_ns = sleep_real_ns(loop, now);
    if (real_ns > 0)
        spin_wasted(loop);
    if (loop->helps)
        atomic_store_explicit(&loop->sleeps_till, real_ns == 0 ? 0 : weft_add_sat(now, real_ns),
                              memory_order_relaxed);
    return real_ns;
}

static void *run(void *argument)
{
    struct weft_loop *loop = argument;
    uint64_t nap_ns = NAP_REAL_NS;
    bool stopping = false;

    /* The kernel may add 50 us to every sleep unless told not to. */
    (void)prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
    (void)prctl(PR_SET_NAME, "weft-progress", 0, 0, 0);
    while (!stopping) {
        uint32_t key = weft_bell_key(&loop->bell);
        uint64_t real_ns;

        if (are_helping(loop) || !turn_take(loop)) {
            weft_bell_wait(&loop->bell, key, nap_ns);
            nap_ns = weft_min(nap_ns * 2, NAP_REAL_NS_MAX);
            continue;
        }
        nap_ns = NAP_REAL_NS;
        real_ns = round_or_rest(loop);
        stopping = loop->stopping;
        turn_give(loop);
        weft_bell_wait_or_watch(&loop->bell, key, real_ns);
        atomic_store_explicit(&loop->sleeps_till, 0, memory_order_relaxed);
    }
    return NULL;
}

weftResult_t weft_loop_start(struct weft_loop *loop)
{
    loop->running = pthread_create(&loop->thread, NULL, run, loop) == 0;
    return loop->running ? weftSuccess : weftSystemError;
}
