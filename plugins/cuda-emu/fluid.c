/* Progressive filling: all rates grow alike until a resource is full or a flow has all it may take;
 * those flows are settled, the others go on.
 *
 * A resource is a directed link or a pair with a duplex bound. What a flow is, is copy.c's matter.
 * */
#include "fluid.h"

#define RESOURCES_MAX (2 * WEFT_LINKS_MAX)

struct resources {
    double left[RESOURCES_MAX];    /* not yet given to settled flows */
    uint32_t users[RESOURCES_MAX]; /* unsettled flows */
};

/* The duplex resource of a pair is that of its lower index. */
static uint32_t duplex_of(const struct weft_emu_fluid_link *links, uint32_t link)
{
    uint32_t reverse = links[link].reverse;

    return WEFT_LINKS_MAX + (reverse < link ? reverse : link);
}

static void resources_reset(struct resources *resources, const struct weft_emu_fluid_link *links,
                            const struct weft_emu_flow *flow)
{
    for (uint32_t i = 0; i < flow->link_count; i++) {
        uint32_t link = flow->links[i];
        uint32_t duplex = duplex_of(links, link);

        resources->left[link] = links[link].rate_bytes_per_us;
        resources->users[link] = 0;
        resources->left[duplex] = links[link].duplex_bytes_per_us;
        resources->users[duplex] = 0;
    }
}

static void resources_join(struct resources *resources, const struct weft_emu_fluid_link *links,
                           const struct weft_emu_flow *flow)
{
    for (uint32_t i = 0; i < flow->link_count; i++) {
        resources->users[flow->links[i]]++;
        resources->users[duplex_of(links, flow->links[i])]++;
    }
}

/* Takes a settled flow's rate out of what it crosses. */
static void resources_leave(struct resources *resources, const struct weft_emu_fluid_link *links,
                            const struct weft_emu_flow *flow)
{
    for (uint32_t i = 0; i < flow->link_count; i++) {
        uint32_t link = flow->links[i];
        uint32_t duplex = duplex_of(links, link);

        resources->left[link] -= flow->rate_bytes_per_us;
        resources->users[link]--;
        resources->left[duplex] -= flow->rate_bytes_per_us;
        resources->users[duplex]--;
    }
}

static double at_least_0(double value)
{
    return value > 0 ? value : 0;
}

/* The rate up to which this flow may grow if all unsettled ones grow alike. */
static double flow_bound(const struct resources *resources, const struct weft_emu_fluid_link *links,
                         const struct weft_emu_flow *flow)
{
    double bound = flow->limit_bytes_per_us > 0 ? flow->limit_bytes_per_us : 1e18;

    for (uint32_t i = 0; i < flow->link_count; i++) {
        uint32_t link = flow->links[i];
        uint32_t duplex = duplex_of(links, link);
        double share = at_least_0(resources->left[link]) / resources->users[link];

        if (share < bound)
            bound = share;
        if (links[link].duplex_bytes_per_us <= 0)
            continue;
        share = at_least_0(resources->left[duplex]) / resources->users[duplex];
        if (share < bound)
            bound = share;
    }
    return bound;
}

void weft_emu_fluid_share(const struct weft_emu_fluid_link *links, struct weft_emu_flow *flows,
                          uint32_t flow_count)
{
    struct resources resources;
    uint32_t unsettled = flow_count;

    for (uint32_t i = 0; i < flow_count; i++) {
        resources_reset(&resources, links, &flows[i]);
        flows[i].rate_bytes_per_us = -1;
    }
    for (uint32_t i = 0; i < flow_count; i++)
        resources_join(&resources, links, &flows[i]);
    /* Each round settles the flow whose bound is the least: its tightest resource cannot give any
     * of its users more. Ties are settled one after the other, with the same result. */
    for (; unsettled > 0; unsettled--) {
        uint32_t least = WEFT_NONE;
        double least_bound = 0;

        for (uint32_t i = 0; i < flow_count; i++) {
            double bound;

            if (flows[i].rate_bytes_per_us >= 0)
                continue;
            bound = flow_bound(&resources, links, &flows[i]);
            if (least == WEFT_NONE || bound < least_bound) {
                least = i;
                least_bound = bound;
            }
        }
        flows[least].rate_bytes_per_us = least_bound;
        resources_leave(&resources, links, &flows[least]);
    }
}
