/* The rounds of who drives; see loop.h. */
#include "loop.h"

#include "peers.h"
#include "status.h"

#define COMPLETIONS_MAX 64

/* A full queue is tried again when a copy has ended, or after this. */
#define STALL_NS 2000u

/* Least time between two polls while there are copies to issue. */
#define POLL_NS 8000u

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

/* What was submitted goes out with the net's poll, which comes behind it. */
bool weft_loop_round(struct weft_loop *loop)
{
    bool any = weft_loop_take_ops(loop);
    weft_ns now;

    if (loop->waiting_first != WEFT_NONE || loop->mark_count > 0)
        any |= weft_loop_poll_streams(loop);
    any |= poll_ports(loop);
    weft_loop_share_loads(loop);
    now = weft_clock_now(&loop->clock);
    if (now >= weft_engine_deadline(loop->engine)) {
        /* The round may be late, after a stop of the process: what ended in time is heard first. */
        any |= loop->peers != NULL && weft_peers_poll(loop);
        weft_engine_expire(loop->engine, weft_clock_now(&loop->clock));
    }
    any |= perform_actions(loop);
    loop->net_news = loop->peers != NULL && weft_peers_poll(loop);
    if (loop->net_news)
        (void)perform_actions(loop);
    any |= loop->net_news;
    any |= weft_loop_run_command(loop);
    if (loop->status != NULL)
        any |= weft_status_answer(loop->status);
    return any;
}
