/* Paths of a session: states, round trips, timeouts. */
#include "mp_path.h"

#define TO(state) (1u << WEFT_MP_PATH_##state)

#define TIMEOUT_FACTOR 4 /* an answer may take this often the smoothed round trip */
#define VAR_FACTOR     4 /* or this often the deviation more than that round trip */
#define PACKET_PART    2 /* a packet is sent again after this part of the timeout */
#define RTT_PART       4 /* what a round trip may be longer, at least */
#define BACKOFF_MOST   6
#define SUSPECT_PROBES 3 /* so many without an answer: dead */
#define PROBES_AT_ONCE 2 /* where packets that wait serve as probes */
#define TRIAL_LEAST    2 /* packets that may be out at first */
#define TRIAL_ENOUGH   16
#define SKIP_NS_MOST   10000000
#define GENERATION     256 /* ids of a slot are this far apart */

static const unsigned next_states[WEFT_MP_PATH_STATES] = {
    [WEFT_MP_PATH_FRESH] = TO(GOOD) | TO(SKIP) | TO(SUSPECT) | TO(DEAD),
    [WEFT_MP_PATH_GOOD] = TO(SKIP) | TO(SUSPECT) | TO(DEAD),
    [WEFT_MP_PATH_SKIP] = TO(GOOD) | TO(SUSPECT) | TO(DEAD),
    [WEFT_MP_PATH_SUSPECT] = TO(GOOD) | TO(DEAD),
    [WEFT_MP_PATH_DEAD] = TO(TRIAL) | TO(SUSPECT),
    [WEFT_MP_PATH_TRIAL] = TO(GOOD) | TO(SUSPECT) | TO(DEAD),
};

static const char *const state_names[WEFT_MP_PATH_STATES] = {
    [WEFT_MP_PATH_FRESH] = "fresh", [WEFT_MP_PATH_GOOD] = "good",
    [WEFT_MP_PATH_SKIP] = "skip",   [WEFT_MP_PATH_SUSPECT] = "suspect",
    [WEFT_MP_PATH_DEAD] = "dead",   [WEFT_MP_PATH_TRIAL] = "trial",
};

const char *weft_mp_path_state_name(enum weft_mp_path_state state)
{
    return (unsigned)state < WEFT_MP_PATH_STATES ? state_names[state] : "?";
}

static void set_state(struct weft_mp_path *path, enum weft_mp_path_state state)
{
    weft_assert((next_states[path->state] >> state & 1) != 0);
    path->state = state;
    path->unanswered = 0;
    path->trial_packets = state == WEFT_MP_PATH_TRIAL ? TRIAL_LEAST : 0;
    path->wake_at = WEFT_NEVER;
    path->probes_due = 0;
    path->asked_at = WEFT_NEVER;
    if (state != WEFT_MP_PATH_SUSPECT && state != WEFT_MP_PATH_DEAD)
        path->backoff = 0;
}

void weft_mp_path_init(struct weft_mp_path *path, uint32_t slot)
{
    *path = (struct weft_mp_path){
        .state = WEFT_MP_PATH_FRESH,
        .id = slot,
        .reorder_packets = WEFT_MP_PATH_REORDER_LEAST,
        .wake_at = WEFT_NEVER,
        .asked_at = WEFT_NEVER,
    };
    weft_list_init(&path->out);
    weft_mp_least_init(&path->base_rtt);
}

bool weft_mp_path_alive(const struct weft_mp_path *path)
{
    return path->state != WEFT_MP_PATH_SUSPECT && path->state != WEFT_MP_PATH_DEAD;
}

weft_ns weft_mp_path_timeout(const struct weft_mp_path *path, const struct weft_mp_config *config,
                             weft_ns group_rtt_ns)
{
    weft_ns rtt_ns = weft_max(path->rtt_ns, group_rtt_ns);
    weft_ns timeout_ns = weft_max(config->rto_ns_first, config->rtt_ns_first * TIMEOUT_FACTOR);

    if (rtt_ns != 0) {
        timeout_ns = weft_max(rtt_ns * TIMEOUT_FACTOR, rtt_ns + path->rtt_var_ns * VAR_FACTOR);
        timeout_ns = weft_max(timeout_ns, config->rto_ns_min);
    }
    return timeout_ns << path->backoff;
}

/* Half of the timeout, or, of a round trip that varies little, what RFC 9002 (6.2.1) says. */
weft_ns weft_mp_path_packet_timeout(const struct weft_mp_path *path,
                                    const struct weft_mp_config *config, weft_ns group_rtt_ns)
{
    weft_ns rtt_ns = weft_max(path->rtt_ns, group_rtt_ns);
    weft_ns half_ns = weft_mp_path_timeout(path, config, group_rtt_ns) / PACKET_PART;
    weft_ns more_ns = weft_max(path->rtt_var_ns * VAR_FACTOR, rtt_ns / RTT_PART);

    if (path->rtt_ns == 0)
        return half_ns;
    more_ns = weft_max(more_ns, weft_max(config->host_ns, config->rto_ns_min / PACKET_PART));
    return weft_min(half_ns, (rtt_ns + more_ns) << path->backoff);
}

weft_ns weft_mp_path_patience(const struct weft_mp_path *path, const struct weft_mp_config *config)
{
    return path->rtt_ns + weft_max(path->rtt_ns / RTT_PART, config->host_ns);
}

void weft_mp_path_asked(struct weft_mp_path *path, weft_ns now)
{
    path->asked_at = weft_min(path->asked_at, now);
}

void weft_mp_path_probed(struct weft_mp_path *path, uint64_t number, weft_ns now)
{
    if (path->probe_first == 0) {
        path->probe_first = number;
        path->probe_first_at = now;
    }
    path->probe_number = number;
    path->probe_order = path->order_next++;
    path->probe_sent_at = now;
    weft_mp_path_asked(path, now);
}

/* An answer may come after the next probe has gone: the round trip is longer than was thought, so
 * the larger guess is the better one. */
weft_ns weft_mp_path_probe_at(const struct weft_mp_path *path, uint64_t number)
{
    if (path->probe_first == 0 || number < path->probe_first || number > path->probe_number)
        return WEFT_NEVER;
    return number == path->probe_number ? path->probe_sent_at : path->probe_first_at;
}

void weft_mp_path_acked(struct weft_mp_path *path, uint64_t order, weft_ns now)
{
    path->asked_at = path->out.count > 1 ? now : WEFT_NEVER;
    path->tail_at = now;
    path->order_acked = weft_max(path->order_acked, order + 1);
    path->skip_ns -= path->skip_ns / 8;
    if (path->state == WEFT_MP_PATH_FRESH)
        set_state(path, WEFT_MP_PATH_GOOD);
    if (path->state != WEFT_MP_PATH_TRIAL)
        return;
    path->trial_packets += 1;
    if (path->trial_packets >= TRIAL_ENOUGH)
        set_state(path, WEFT_MP_PATH_GOOD);
}

/* RFC 6298, section 2. */
static void smooth(struct weft_mp_path *path, weft_ns rtt_ns)
{
    weft_ns off_ns = rtt_ns > path->rtt_ns ? rtt_ns - path->rtt_ns : path->rtt_ns - rtt_ns;

    if (path->rtt_ns == 0) {
        path->rtt_ns = weft_max(rtt_ns, 1);
        path->rtt_var_ns = rtt_ns / 2;
        return;
    }
    path->rtt_var_ns = path->rtt_var_ns - path->rtt_var_ns / 4 + off_ns / 4;
    path->rtt_ns = weft_max(path->rtt_ns - path->rtt_ns / 8 + rtt_ns / 8, 1);
}

/* A dead path is raised only by what was sent since it died: a late ack may be old news. */
bool weft_mp_path_answered(struct weft_mp_path *path, uint64_t number, weft_ns rtt_ns, weft_ns now)
{
    bool is_raised = true;

    if (path->state == WEFT_MP_PATH_DEAD && number < path->since_number)
        return false;
    smooth(path, rtt_ns);
    weft_mp_least_add(&path->base_rtt, rtt_ns, now);
    path->backoff = 0;
    path->tail_at = now;
    if (path->probe_first != 0 && number == path->probe_number)
        path->order_acked = weft_max(path->order_acked, path->probe_order + 1);
    if (number >= path->probe_number)
        path->probe_first = 0;
    if (path->state == WEFT_MP_PATH_SUSPECT)
        set_state(path, WEFT_MP_PATH_GOOD);
    else if (path->state == WEFT_MP_PATH_DEAD)
        set_state(path, WEFT_MP_PATH_TRIAL);
    else
        is_raised = false;
    path->asked_at = path->out.count > 0 ? now : WEFT_NEVER;
    return is_raised;
}

void weft_mp_path_skip(struct weft_mp_path *path, const struct weft_mp_config *config, weft_ns now)
{
    if (path->state == WEFT_MP_PATH_FRESH || path->state == WEFT_MP_PATH_GOOD)
        set_state(path, WEFT_MP_PATH_SKIP);
    if (path->state != WEFT_MP_PATH_SKIP)
        return;
    path->skip_ns = weft_min(weft_max(path->skip_ns * 2, config->rto_ns_min), SKIP_NS_MOST);
    path->skip_until = now + path->skip_ns;
}

void weft_mp_path_rest(struct weft_mp_path *path, weft_ns now)
{
    if (path->state == WEFT_MP_PATH_SKIP && now >= path->skip_until)
        set_state(path, WEFT_MP_PATH_GOOD);
}

void weft_mp_path_late(struct weft_mp_path *path)
{
    path->reorder_packets =
        (uint32_t)weft_min((uint64_t)path->reorder_packets * 2, WEFT_MP_PATH_REORDER_MOST);
}

bool weft_mp_path_timed_out(struct weft_mp_path *path, const struct weft_mp_config *config,
                            weft_ns group_rtt_ns, uint64_t next_number, weft_ns now)
{
    bool was_alive = weft_mp_path_alive(path);
    uint32_t unanswered = path->unanswered + 1;

    weft_assert(path->state != WEFT_MP_PATH_DEAD);
    if (was_alive) {
        set_state(path, WEFT_MP_PATH_SUSPECT);
    } else if (unanswered > SUSPECT_PROBES) {
        weft_mp_path_down(path, next_number);
        return false;
    }
    path->unanswered = unanswered;
    path->probes_due = PROBES_AT_ONCE;
    path->wake_at = now + weft_mp_path_timeout(path, config, group_rtt_ns);
    if (path->backoff < BACKOFF_MOST)
        path->backoff++;
    return was_alive;
}

void weft_mp_path_down(struct weft_mp_path *path, uint64_t next_number)
{
    if (path->state == WEFT_MP_PATH_DEAD)
        return;
    set_state(path, WEFT_MP_PATH_DEAD);
    path->since_number = next_number;
    path->probe_first = 0;
}

void weft_mp_path_renew(struct weft_mp_path *path, weft_ns now)
{
    if (path->state != WEFT_MP_PATH_SUSPECT)
        set_state(path, WEFT_MP_PATH_SUSPECT);
    if (path->id <= UINT32_MAX - GENERATION)
        path->id += GENERATION;
    path->backoff = 0;
    path->unanswered = 0;
    path->rtt_ns = 0;
    path->rtt_var_ns = 0;
    weft_mp_least_init(&path->base_rtt);
    path->probe_first = 0;
    path->wake_at = now;
}
