/* A wrapped port: what is held back, what was made to fail, and what the rules have counted.
 *
 * What always holds: a cookie in `held` has ended, inside or by decree, and waits to be told; `bad`
 * says of a cookie that its last copy was made to fail, so that what comes after it fails too. */
#ifndef WEFT_FAULT_PORT_H
#define WEFT_FAULT_PORT_H

#include "base/list.h"
#include "fault_tally.h"
#include "weft_transport.h"

#define WEFT_FAULT_LANES_MAX   256 /* of one port */
#define WEFT_FAULT_DEVICES_MAX 256 /* of one topology */
#define WEFT_FAULT_PLAN_BYTES  256

struct weft_fault_cookie {
    weftResult_t result;
    uint64_t due_poll; /* held until that poll */
    bool spoiled;      /* it will end badly whatever the inside says */
    bool hung;         /* its end is never told */
    bool bad;
};

/* A transport with a plan. */
struct weft_fault_wrap {
    const struct weft_transport_ops *inner;
    struct weft_transport_ops ops;
    struct weft_fault_plan plan;
    char plan_text[WEFT_FAULT_PLAN_BYTES];
    struct weft_fault_tally *tally; /* of the plan: its own, or that of the first with its text */
    struct weft_fault_tally own_tally;
    uint32_t device_count;
    char names[WEFT_FAULT_DEVICES_MAX][WEFT_FAULT_NAME_MAX]; /* as the topology names them */
};

struct weft_fault_port {
    struct weft_port_base base;
    const struct weft_fault_wrap *wrap;
    struct weft_port *inner;
    struct weft_prng prng;
    struct weft_fault_count counts[WEFT_FAULT_RULES_MAX];
    uint32_t lane_rules[WEFT_FAULT_LANES_MAX]; /* bits of the rules that cover the lane */
    uint64_t poll_count;
    struct weft_fault_cookie *cookies;
    struct weft_list_link *links; /* of the cookies, in `held` */
    struct weft_list held;
};

static inline struct weft_fault_port *weft_fault_port_of(struct weft_port *port)
{
    return (struct weft_fault_port *)(void *)port;
}

weftResult_t weft_fault_connect(struct weft_port *port, const struct weft_hop_offer *hop,
                                uint32_t *lane);
weftResult_t weft_fault_copy(struct weft_port *port, const struct weft_copy *copy);
uint32_t weft_fault_poll(struct weft_port *port, struct weft_completion *completions, uint32_t max);

#endif
