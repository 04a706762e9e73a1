/* Rules that count over all ports, and what their calls give back. */
#include <criterion/criterion.h>
#include <string.h>

#include "hook/fault.h"
#include "hook/fault_tally.h"
#include "host/host.h"

static void no_log(int level, const char *text)
{
    (void)level;
    (void)text;
}

static const struct weft_transport_env env = {
    .cookies_max = 4, .windows_max = 2, .driver = "", .log = no_log};
static const struct weft_device_ref dram = {.device = 0, .kind = weftDeviceDram, .numa_node = 0};

static const struct weft_transport_ops *wrap(const char *plan)
{
    const struct weft_transport_ops *ops = NULL;
    char why[256] = "";

    cr_assert_eq(weft_fault_wrap(&weft_host_transport, plan, &ops, why), weftSuccess, "%s", why);
    return ops;
}

Test(fault_tally, weft_fault_tally_decide__selectors)
{
    static const struct {
        const char *plan;
        weftResult_t results[6];
    } cases[] = {
        {"open:nth=3:system", {0, 0, 2, 0, 0, 0}},
        {"open:from=4:resource", {0, 0, 0, 9, 9, 9}},
        {"open:from=2:times=2:cuda", {0, 1, 1, 0, 0, 0}},
        {"open:every=2:usage", {0, 5, 0, 5, 0, 5}},
        {"open:nth=1:argument;open:nth=1:timeout", {4, 8, 0, 0, 0, 0}},
        {"open:nth=2:unknown;alloc:system", {0, 11, 0, 0, 0, 0}},
        {"copy:together:fail", {0, 0, 0, 0, 0, 0}},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(cases); i++) {
        struct weft_fault_tally tally = {0};
        struct weft_fault_plan plan;
        char why[256] = "";

        cr_assert_eq(weft_fault_plan_parse(cases[i].plan, &plan, why), weftSuccess, "%s", why);
        weft_fault_tally_init(&tally, &plan);
        for (int call = 0; call < 6; call++)
            cr_assert_eq(weft_fault_tally_decide(&tally, &plan, WEFT_FAULT_OPEN),
                         cases[i].results[call], "%s: call %d", cases[i].plan, call);
    }
}

Test(fault_tally, weft_fault_plan_parse__what_no_slot_has)
{
    static const char *const plans[] = {
        "open:hop=gpu0>gpu1:system",
        "open:together:system",
        "open:refuse",
        "copy:system",
        "shut:system",
        "open",
        "open:nth=1",
    };
    struct weft_fault_plan plan;

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(plans); i++) {
        char why[256] = "";

        cr_assert_eq(weft_fault_plan_parse(plans[i], &plan, why), weftInvalidArgument, "%s",
                     plans[i]);
        cr_assert_not_null(strstr(why, "SLOT[:SELECTOR]...:ERROR"), "%s", why);
    }
}

Test(fault_tally, weft_fault_done__counts_over_ports)
{
    static const char plan[] = "alloc:nth=2:resource";
    const struct weft_transport_ops *ops = wrap(plan);
    struct weft_port *ports[2];
    void *memory[2];

    for (int i = 0; i < 2; i++)
        cr_assert_eq(ops->open(&env, &dram, &ports[i]), weftSuccess);
    cr_assert_eq(weft_fault_done(plan), 0);
    cr_assert_eq(ops->alloc(ports[0], 64, &memory[0]), weftSuccess);
    cr_assert_eq(ops->alloc(ports[1], 64, &memory[1]), weftNoResource);
    cr_assert_eq(weft_fault_done(plan), 1);
    cr_assert_eq(ops->alloc(ports[1], 64, &memory[1]), weftSuccess);
    cr_assert_eq(weft_fault_done(plan), 1);
    cr_assert_eq(weft_fault_done("alloc:nth=3:resource"), 0);
    for (int i = 0; i < 2; i++) {
        ops->free(ports[i], memory[i]);
        ops->close(ports[i]);
    }
}

/* The transports of a comm are wrapped each, with one plan: its N-th call is one call of them. */
Test(fault_tally, weft_fault_wrap__one_tally_for_all_transports)
{
    static const char plan[] = "open:nth=2:system";
    struct weft_transport_ops other = weft_host_transport;
    const struct weft_transport_ops *first = wrap(plan);
    const struct weft_transport_ops *second = NULL;
    struct weft_port *port;
    char why[256] = "";

    cr_assert_eq(weft_fault_wrap(&other, plan, &second, why), weftSuccess);
    cr_assert_neq(first, second);
    cr_assert_eq(first->open(&env, &dram, &port), weftSuccess);
    first->close(port);
    cr_assert_eq(second->open(&env, &dram, &port), weftSystemError);
    cr_assert_eq(weft_fault_done(plan), 1);
}

/* Its bytes are there, and nobody says so. */
Test(fault_tally, weft_fault_copy__hang)
{
    static char bytes[2] = "ab";
    const struct weft_transport_ops *ops = wrap("copy:together:nth=1:hang");
    const struct weft_hop_offer hop = {.src_device = 0, .dst_device = 0, .port_device = 0};
    const struct weft_device_ref devices[] = {dram};
    struct weft_extent extent = {1, 0, 1};
    struct weft_copy copy = {
        .extent_count = 1, .extents = &extent, .size_bytes = 1, .after = WEFT_COOKIE_NONE};
    struct weft_hop_offer offers[1];
    struct weft_completion ended;
    struct weft_port *port;
    char why[256] = "";
    uint32_t count;

    cr_assert_eq(ops->hops(&env, devices, 1, offers, &count), weftSuccess);
    cr_assert_eq(ops->open(&env, &dram, &port), weftSuccess);
    cr_assert_eq(ops->connect(port, &hop, &copy.lane), weftSuccess);
    cr_assert_eq(ops->window_add(port, 0, &dram, bytes, sizeof(bytes), why), weftSuccess);
    cr_assert_eq(ops->copy(port, &copy), weftSuccess);
    while (ops->fence(port, copy.lane) == weftInProgress)
        ;
    cr_assert_eq(bytes[1], 'a');
    for (int poll = 0; poll < 100; poll++)
        cr_assert_eq(ops->poll(port, &ended, 1), 0);
    /* The next one, and what comes after it on the port, ends as ever. */
    copy.cookie = 1;
    cr_assert_eq(ops->copy(port, &copy), weftSuccess);
    while (ops->poll(port, &ended, 1) == 0)
        ;
    cr_assert_eq(ended.cookie, 1);
    cr_assert_eq(ended.result, weftSuccess);
    ops->disconnect(port, copy.lane);
    ops->close(port);
}
