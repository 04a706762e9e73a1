/* Fault plans and the thread that carries them out while a transfer runs. */
#include "fault.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "peer.h"
#include "subject.h"

#define WATCH_INTERVAL_NS  500     /* of the machine's time */
#define SAMPLE_INTERVAL_NS 20000   /* the same */
#define NUMBER_MAX         1000000 /* of packets or us */
#define PROCESS            "peer:"
#define ALL                "all"

/* Splits "@30%" off the end of `text`, which becomes shorter. */
static bool percent_take(char *text, struct weft_perf_fault *fault, char why[WEFT_WHY_BYTES])
{
    char *at = strrchr(text, '@');
    uint64_t percent;
    size_t size;

    if (at == NULL)
        return true;
    *at++ = '\0';
    size = strlen(at);
    if (size > 0 && at[size - 1] == '%')
        at[size - 1] = '\0';
    if (!weft_count_parse(at, "percentage of the bytes", 0, 99, &percent, why))
        return false;
    fault->percent = (unsigned)percent;
    fault->during = true;
    return true;
}

/* Reads what follows "peer:". */
static bool signal_take(const char *text, enum weft_link_change change, int *signal,
                        char why[WEFT_WHY_BYTES])
{
    *signal = strcmp(text, "stop") == 0 ? SIGSTOP : strcmp(text, "kill") == 0 ? SIGKILL : 0;
    if (*signal != 0 && change == WEFT_LINK_CUT)
        return true;
    (void)snprintf(why, WEFT_WHY_BYTES,
                   "the second server's process can be stopped or killed: --fail peer:stop@30%% or "
                   "peer:kill@30%%, not '%.40s'",
                   text);
    return false;
}

/* Splits ":out" or ":in" off the end of `text`, which is hung in that direction alone. */
static bool direction_take(char *text, struct weft_perf_fault *fault, char why[WEFT_WHY_BYTES])
{
    enum weft_perf_side side;
    char *colon = strchr(weft_perf_side_take(text, &side), ':');

    if (colon == NULL)
        return true;
    *colon++ = '\0';
    if (strcmp(colon, "out") == 0)
        fault->change = WEFT_LINK_HANG_OUT;
    else if (strcmp(colon, "in") == 0)
        fault->change = WEFT_LINK_HANG_IN;
    if (fault->change != WEFT_LINK_HANG)
        return true;
    (void)snprintf(
        why, WEFT_WHY_BYTES,
        "a NIC hangs in both directions, or in one, as nic0:out or nic0:in, not ':%.40s'", colon);
    return false;
}

/* Splits the number that the change takes off the end of `text`. */
static bool number_take(char *text, struct weft_perf_fault *fault, char why[WEFT_WHY_BYTES])
{
    static const char *const shown[] = {[WEFT_LINK_SCALE] = "FACTOR, as gpu0-pcie=0.25@30%",
                                        [WEFT_LINK_LOSE] = "N, one packet in so many, as nic0=100",
                                        [WEFT_LINK_DELAY] = "US, so many us, as nic0=50"};
    char *number = strchr(text, '=');
    uint32_t millionths;
    uint64_t count;

    if (fault->change >= WEFT_ARRAY_COUNT(shown) || shown[fault->change] == NULL)
        return true;
    if (number == NULL) {
        (void)snprintf(why, WEFT_WHY_BYTES,
                       "'%.80s' has no number: write LINK=%s, and @PERCENT%% for when", text,
                       shown[fault->change]);
        return false;
    }
    *number++ = '\0';
    if (fault->change == WEFT_LINK_SCALE) {
        if (!weft_part_parse(number, "factor", &millionths, why))
            return false;
        fault->permille = (unsigned)weft_max(millionths / 1000, 1);
        return true;
    }
    if (!weft_count_parse(number, fault->change == WEFT_LINK_LOSE ? "packets" : "us", 1, NUMBER_MAX,
                          &count, why))
        return false;
    fault->permille = (unsigned)count;
    return true;
}

bool weft_perf_fault_add(struct weft_perf_fault_plan *plan, enum weft_link_change change,
                         bool restore, const char *text, char why[WEFT_WHY_BYTES])
{
    struct weft_perf_fault fault = {.change = change, .permille = 1000};
    char buffer[128];

    if (plan->count == WEFT_PERF_FAULTS_MAX) {
        (void)snprintf(why, WEFT_WHY_BYTES, "more than %d faults", WEFT_PERF_FAULTS_MAX);
        return false;
    }
    weft_text_copy(buffer, sizeof(buffer), text);
    if (!percent_take(buffer, &fault, why) ||
        (weft_text_starts(buffer, PROCESS) &&
         !signal_take(buffer + strlen(PROCESS), change, &fault.signal, why)))
        return false;
    if (change == WEFT_LINK_HANG && !direction_take(buffer, &fault, why))
        return false;
    if (!restore && !number_take(buffer, &fault, why))
        return false;
    weft_text_copy(fault.link, sizeof(fault.link), weft_perf_side_take(buffer, &fault.side));
    plan->faults[plan->count++] = fault;
    return true;
}

/* The machine of a server, or NULL. */
static const struct weft_topo *topo_of(const struct weft_perf_subject *subject,
                                       enum weft_perf_side side)
{
    if (subject->joint != NULL)
        return subject->joint->servers[side];
    return side == WEFT_PERF_A ? subject->testbed->topo : NULL;
}

/* Puts a cut of every NIC in the place of entry `index`. */
static bool all_expand(struct weft_perf_fault_plan *plan, uint32_t index,
                       const struct weft_topo *topo, char why[WEFT_WHY_BYTES])
{
    struct weft_perf_fault fault = plan->faults[index];
    uint32_t nic;

    plan->faults[index] = plan->faults[--plan->count];
    for (uint32_t n = 0; (nic = weft_topo_nth(topo, weftDeviceNic, n)) != WEFT_NONE; n++) {
        if (plan->count == WEFT_PERF_FAULTS_MAX) {
            (void)snprintf(why, WEFT_WHY_BYTES, "more than %d faults", WEFT_PERF_FAULTS_MAX);
            return false;
        }
        (void)snprintf(fault.link, sizeof(fault.link), "%s-net", topo->devices[nic].name);
        plan->faults[plan->count++] = fault;
    }
    return true;
}

static bool is_net(const struct weft_topo *topo, const char *name)
{
    uint32_t link = topo == NULL ? WEFT_NONE : weft_topo_link_find(topo, name);

    return link != WEFT_NONE && topo->links[link].kind == WEFT_LINK_NET;
}

static bool fault_check(struct weft_perf_fault *fault, const struct weft_perf_subject *subject,
                        const struct weft_topo *topo, char why[WEFT_WHY_BYTES])
{
    char longer[sizeof(fault->link) + 8];

    (void)snprintf(longer, sizeof(longer), "%s-net", fault->link);
    if (topo != NULL && weft_topo_link_find(topo, longer) != WEFT_NONE)
        weft_text_copy(fault->link, sizeof(fault->link), longer);
    /* The testbed refuses what cannot be changed at all. */
    if (subject->joint == NULL || fault->side == WEFT_PERF_A
            ? !weft_testbed_link_known(subject->testbed, fault->link, why)
            : !weft_testbed_link_listed(topo, "the second server", fault->link, why))
        return false;
    if (fault->change <= WEFT_LINK_HANG || is_net(topo, fault->link))
        return true;
    (void)snprintf(why, WEFT_WHY_BYTES,
                   "'%s' is no NIC: only NICs lose or delay packets or hang in one direction, as "
                   "nic0",
                   fault->link);
    return false;
}

bool weft_perf_fault_plan_check(struct weft_perf_fault_plan *plan,
                                const struct weft_perf_subject *subject, char why[WEFT_WHY_BYTES])
{
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct weft_topo *topo = topo_of(subject, plan->faults[i].side);
        bool is_all = strcmp(plan->faults[i].link, ALL) == 0;

        if ((is_all && subject->joint == NULL) ||
            (plan->faults[i].signal != 0 && subject->peer == NULL)) {
            (void)snprintf(why, WEFT_WHY_BYTES,
                           "%s is of two servers: name the second one with --peer",
                           is_all ? "all" : "peer:");
            return false;
        }
        if (is_all && !all_expand(plan, i, topo, why))
            return false;
        if (plan->faults[i].signal == 0 && !fault_check(&plan->faults[i], subject, topo, why))
            return false;
    }
    return true;
}

static bool plan_signals(const struct weft_perf_fault_plan *plan, int signal)
{
    for (uint32_t i = 0; i < plan->count; i++)
        if (plan->faults[i].signal == signal)
            return true;
    return false;
}

bool weft_perf_fault_plan_stops(const struct weft_perf_fault_plan *plan)
{
    return plan_signals(plan, SIGSTOP);
}

bool weft_perf_fault_plan_kills(const struct weft_perf_fault_plan *plan)
{
    return plan_signals(plan, SIGKILL);
}

bool weft_perf_fault_plan_during(const struct weft_perf_fault_plan *plan)
{
    for (uint32_t i = 0; i < plan->count; i++)
        if (plan->faults[i].during)
            return true;
    return false;
}

bool weft_perf_fault_plan_has(const struct weft_perf_fault_plan *plan, enum weft_link_change change)
{
    for (uint32_t i = 0; i < plan->count; i++)
        if (plan->faults[i].change == change)
            return true;
    return false;
}

/* Changes the link in the process that has it. */
static bool link_change(const struct weft_perf_subject *subject,
                        const struct weft_perf_fault *fault, enum weft_link_change change,
                        unsigned permille, char why[WEFT_WHY_BYTES])
{
    if (fault->side == WEFT_PERF_A)
        return weft_testbed_link(subject->testbed, fault->link, change, permille, why);
    if (weft_perf_peer_link(subject->peer, fault->link, change, permille))
        return true;
    weft_text_copy(why, WEFT_WHY_BYTES, weft_perf_peer_error(subject->peer));
    return false;
}

static bool fault_apply(const struct weft_perf_fault *fault,
                        const struct weft_perf_subject *subject, char why[WEFT_WHY_BYTES])
{
    if (fault->signal != 0) {
        weft_perf_peer_signal(subject->peer, fault->signal);
        return true;
    }
    return link_change(subject, fault, fault->change, fault->permille, why);
}

bool weft_perf_fault_apply_all(const struct weft_perf_fault_plan *plan,
                               const struct weft_perf_subject *subject, char why[WEFT_WHY_BYTES])
{
    for (uint32_t i = 0; i < plan->count; i++)
        if (!fault_apply(&plan->faults[i], subject, why))
            return false;
    return true;
}

bool weft_perf_fault_apply_before(const struct weft_perf_fault_plan *plan,
                                  const struct weft_perf_subject *subject, char why[WEFT_WHY_BYTES])
{
    for (uint32_t i = 0; i < plan->count; i++)
        if (!plan->faults[i].during && !fault_apply(&plan->faults[i], subject, why))
            return false;
    return true;
}

void weft_perf_fault_restore(const struct weft_perf_fault_plan *plan,
                             const struct weft_perf_subject *subject)
{
    char why[WEFT_WHY_BYTES];

    if (weft_perf_fault_plan_stops(plan))
        weft_perf_peer_signal(subject->peer, SIGCONT);
    for (uint32_t i = 0; i < plan->count; i++)
        if (plan->faults[i].signal == 0)
            (void)link_change(subject, &plan->faults[i], WEFT_LINK_SCALE, 1000, why);
}

/* Applies what is due at `percent` of the bytes; true while something is left to wait for. */
static bool faults_due(struct weft_perf_fault_watch *watch, uint64_t percent, bool applied[])
{
    char why[WEFT_WHY_BYTES];
    bool left = false;

    for (uint32_t i = 0; i < watch->plan->count; i++) {
        const struct weft_perf_fault *fault = &watch->plan->faults[i];

        if (!fault->during || applied[i])
            continue;
        if (percent < fault->percent) {
            left = true;
            continue;
        }
        applied[i] = true;
        if (fault_apply(fault, watch->subject, why))
            watch->events[watch->event_count++] = (struct weft_perf_fault_event){
                .fault = i, .at = weft_testbed_now(watch->subject->testbed)};
        else
            (void)fprintf(stderr, "weft-perf: a fault could not be applied: %s\n", why);
    }
    return left;
}

void weft_perf_curve_add(struct weft_perf_curve *curve, weft_ns at, uint32_t permille)
{
    if (curve->count == WEFT_PERF_SAMPLES_MAX) {
        curve->count /= 2;
        for (uint32_t i = 0; i < curve->count; i++)
            curve->samples[i] = curve->samples[2 * i];
    }
    curve->samples[curve->count++] = (struct weft_perf_sample){at, permille};
}

static void curve_sample(struct weft_perf_fault_watch *watch, uint32_t permille)
{
    struct weft_perf_curve *curve = watch->curve;
    weft_ns now = weft_testbed_now(watch->subject->testbed);

    if (curve != NULL &&
        (curve->count == 0 || now - curve->samples[curve->count - 1].at >= SAMPLE_INTERVAL_NS))
        weft_perf_curve_add(curve, now, permille);
}

static void *watch_run(void *argument)
{
    struct weft_perf_fault_watch *watch = argument;
    bool applied[WEFT_PERF_FAULTS_MAX] = {false};

    while (!atomic_load_explicit(&watch->stop, memory_order_acquire)) {
        uint32_t permille = weft_perf_subject_arrived(watch->subject);
        bool is_left = faults_due(watch, permille / 10, applied);

        curve_sample(watch, permille);
        if (!is_left && watch->curve == NULL)
            break;
        weft_testbed_sleep(watch->subject->testbed,
                           is_left ? WATCH_INTERVAL_NS : SAMPLE_INTERVAL_NS);
    }
    return NULL;
}

bool weft_perf_fault_watch_start(struct weft_perf_fault_watch *watch,
                                 struct weft_perf_subject *subject,
                                 const struct weft_perf_fault_plan *plan,
                                 struct weft_perf_curve *curve)
{
    watch->subject = subject;
    watch->plan = plan;
    watch->curve = curve;
    watch->event_count = 0;
    watch->running = false;
    atomic_init(&watch->stop, false);
    if (!weft_perf_fault_plan_during(plan))
        return true;
    watch->running = pthread_create(&watch->thread, NULL, watch_run, watch) == 0;
    return watch->running;
}

void weft_perf_fault_watch_stop(struct weft_perf_fault_watch *watch)
{
    if (!watch->running)
        return;
    /* release: pairs with the acquire in watch_run */
    atomic_store_explicit(&watch->stop, true, memory_order_release);
    (void)pthread_join(watch->thread, NULL);
    watch->running = false;
}
