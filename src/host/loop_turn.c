/* Who drives, how long he looks on, and how he sleeps between rounds; see loop.h. */
#include "loop.h"

#include <sys/prctl.h>

#include "loads.h"
#include "peer_agent.h"
#include "peers.h"

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

static bool look(struct weft_loop *loop)
{
    bool any = weft_loop_round(loop);

    if (loop->net_news && loop->looks > 0)
        spin_paid(loop);
    if (loop->net_news)
        loop->looks = 0;
    loop->looks += !any;
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
    any = look(loop);
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

/* With the turn: siblings are told that this comm sleeps. True when the wait has looked at its word
 * since: what they write from now on they will wake it for. */
static bool siblings_know(struct weft_loop *loop, struct weft_loop_wait *wait)
{
    bool known;

    if (!wait->for_word || loop->loads == NULL)
        return true;
    if (!loop->is_told) {
        weft_loads_sleep(loop->loads, true);
        loop->is_told = true;
        loop->tellings++;
    }
    known = wait->told == loop->tellings;
    wait->told = loop->tellings;
    return known;
}

static void tell_awake(struct weft_loop *loop)
{
    if (loop->is_told)
        weft_loads_sleep(loop->loads, false);
    loop->is_told = false;
}

/* Sleeps with the turn until the net has news, and drives on. False: another thread has it. */
static bool sleep_helping(struct weft_loop *loop, struct weft_loop_wait *wait)
{
    uint32_t key = weft_bell_key(&loop->helper_bell);
    weft_ns now = weft_clock_now(&loop->clock);
    uint64_t real_ns;

    if (!turn_take(loop))
        return false;
    if (!siblings_know(loop, wait)) {
        turn_give(loop);
        return true;
    }
    wait->looks = 0;
    real_ns = weft_min(HELPER_REAL_NS, sleep_real_ns(loop, now));
    /* What was asked for before the key was taken rings no more. */
    if (weft_loop_take_ops(loop) || weft_flag_get(&loop->command_state) == WEFT_COMMAND_ASKED)
        real_ns = 0;
    if (real_ns > 0)
        spin_wasted(loop);
    atomic_store_explicit(&loop->helped_at, now + real_ns, memory_order_relaxed);
    weft_bell_wait_or_watch(&loop->helper_bell, key, real_ns);
    tell_awake(loop);
    if (look(loop))
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
        bool any = weft_loop_help(loop) == weftSuccess;

        wait->looks = any ? 0 : wait->looks + 1;
        if (any)
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

void weft_loop_await_end(struct weft_loop *loop, const struct weft_loop_wait *wait)
{
    /* Its word changed without news of the net: a sibling wrote it while it looked on. */
    if (wait->for_word && wait->looks > 0)
        spin_paid(loop);
    if (wait->told > 0 && turn_take(loop)) {
        tell_awake(loop);
        turn_give(loop);
    }
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

    if (look(loop)) {
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
