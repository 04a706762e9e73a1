/* Copies of a wrapped port: which are let through, which are made to fail, when their end is
 * told. */
#include "fault_port.h"

#define INNER_POLL 32 /* completions taken from inside at once */
#define INJECTED   weftUnhandledCudaError

weftResult_t weft_fault_connect(struct weft_port *base, const struct weft_hop_offer *hop,
                                uint32_t *lane)
{
    struct weft_fault_port *port = weft_fault_port_of(base);
    const struct weft_fault_wrap *wrap = port->wrap;
    uint32_t rules = 0;

    WEFT_TRY(weft_fault_tally_decide(wrap->tally, &wrap->plan, WEFT_FAULT_CONNECT));
    if (hop->src_device >= wrap->device_count || hop->dst_device >= wrap->device_count)
        return weftInvalidArgument;
    for (uint32_t i = 0; i < wrap->plan.rule_count; i++)
        if (wrap->plan.rules[i].slot == WEFT_FAULT_COPY &&
            weft_fault_rule_covers(&wrap->plan.rules[i], wrap->names[hop->src_device],
                                   wrap->names[hop->dst_device]))
            rules |= 1u << i;
    WEFT_TRY(wrap->inner->connect(port->inner, hop, lane));
    weft_assert(*lane < WEFT_FAULT_LANES_MAX);
    port->lane_rules[*lane] = rules;
    return weftSuccess;
}

static void cookie_hold(struct weft_fault_port *port, uint32_t index, weftResult_t result)
{
    port->cookies[index].result = result;
    port->cookies[index].due_poll = port->poll_count + 1 + port->wrap->plan.delay_polls;
    weft_list_append(&port->held, port->links, index);
}

/* What happens to the next copy on a lane. Counts. */
static enum weft_fault_action copy_decide(struct weft_fault_port *port, uint32_t lane)
{
    const struct weft_fault_plan *plan = &port->wrap->plan;

    for (uint32_t i = 0; i < plan->rule_count; i++) {
        const struct weft_fault_rule *rule = &plan->rules[i];

        if ((port->lane_rules[lane] >> i & 1u) == 0)
            continue;
        if (rule->together ? weft_fault_tally_hits(port->wrap->tally, plan, i)
                           : weft_fault_rule_hits(rule, &port->counts[i], &port->prng))
            return rule->action;
    }
    return WEFT_FAULT_NONE;
}

weftResult_t weft_fault_copy(struct weft_port *base, const struct weft_copy *copy)
{
    struct weft_fault_port *port = weft_fault_port_of(base);
    struct weft_fault_cookie *cookie = &port->cookies[copy->cookie];
    struct weft_copy inside = *copy;
    enum weft_fault_action action;

    if (copy->after != WEFT_COOKIE_NONE) {
        if (weft_fault_port_of(copy->after_port)->cookies[copy->after].bad)
            return INJECTED;
        inside.after_port = weft_fault_port_of(copy->after_port)->inner;
    }
    action = copy_decide(port, copy->lane);
    if (action == WEFT_FAULT_REFUSE)
        return weftNoResource;
    if (action == WEFT_FAULT_REJECT)
        return INJECTED;
    if (action != WEFT_FAULT_FAIL)
        WEFT_TRY(port->wrap->inner->copy(port->inner, &inside));
    cookie->spoiled = action == WEFT_FAULT_SPOIL;
    cookie->hung = action == WEFT_FAULT_HANG;
    cookie->bad = cookie->spoiled || action == WEFT_FAULT_FAIL;
    if (action == WEFT_FAULT_FAIL)
        cookie_hold(port, copy->cookie, INJECTED);
    return weftSuccess;
}

/* Takes what has ended inside. */
static void inside_poll(struct weft_fault_port *port)
{
    struct weft_completion ended[INNER_POLL];
    uint32_t count = port->wrap->inner->poll(port->inner, ended, INNER_POLL);

    for (uint32_t i = 0; i < count; i++) {
        const struct weft_fault_cookie *cookie = &port->cookies[ended[i].cookie];

        if (!cookie->hung)
            cookie_hold(port, ended[i].cookie, cookie->spoiled ? INJECTED : ended[i].result);
    }
}

/* A held cookie that is due: the oldest, or any of them; WEFT_NONE when there is none. */
static uint32_t due_choose(struct weft_fault_port *port)
{
    uint32_t due_count = 0;
    uint32_t wanted = 0;

    for (uint32_t i = port->held.first; i != WEFT_NONE; i = port->links[i].next)
        due_count += port->cookies[i].due_poll <= port->poll_count;
    if (due_count == 0)
        return WEFT_NONE;
    if (port->wrap->plan.reorder)
        wanted = (uint32_t)weft_prng_below(&port->prng, due_count);
    for (uint32_t i = port->held.first; i != WEFT_NONE; i = port->links[i].next)
        if (port->cookies[i].due_poll <= port->poll_count && wanted-- == 0)
            return i;
    return WEFT_NONE;
}

uint32_t weft_fault_poll(struct weft_port *base, struct weft_completion *completions, uint32_t max)
{
    struct weft_fault_port *port = weft_fault_port_of(base);
    uint32_t count = 0;

    inside_poll(port);
    port->poll_count++;
    while (count < max) {
        uint32_t index = due_choose(port);

        if (index == WEFT_NONE)
            break;
        weft_list_remove(&port->held, port->links, index);
        completions[count++] =
            (struct weft_completion){.cookie = index, .result = port->cookies[index].result};
    }
    return count;
}
