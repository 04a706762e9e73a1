/* Joins two descriptions: all of a, then all of b, then one link between their networks. */
#include "joint.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* Where a server's NICs meet, or WEFT_NONE. */
static uint32_t network_of(const struct weft_topo *topo)
{
    for (uint32_t i = 0; i < topo->link_count; i++) {
        const struct weft_link *link = &topo->links[i];

        if (link->kind == WEFT_LINK_NET)
            return topo->devices[link->from].kind == weftDeviceNic ? link->to : link->from;
    }
    return WEFT_NONE;
}

/* Is it a NET link of a NIC that is not among the first `nic_count`? */
static bool link_unused(const struct weft_topo *topo, const struct weft_link *link,
                        uint32_t nic_count)
{
    uint32_t nic = topo->devices[link->from].kind == weftDeviceNic ? link->from : link->to;
    uint32_t number = 0;

    if (link->kind != WEFT_LINK_NET || nic_count == 0)
        return false;
    for (uint32_t i = 0; i < nic; i++)
        number += topo->devices[i].kind == weftDeviceNic;
    return number >= nic_count;
}

/* Returns the rate of all its NICs that are in use, in bytes per microsecond. */
static uint64_t server_add(struct weft_topo *topo, const struct weft_topo *server,
                           enum weft_perf_side side, uint32_t nic_count)
{
    uint32_t first_device = topo->device_count;
    uint32_t first_link = topo->link_count;
    uint64_t rate = 0;

    for (uint32_t i = 0; i < server->device_count; i++) {
        struct weft_device *device = &topo->devices[topo->device_count++];

        *device = server->devices[i];
        device->server = side;
        (void)snprintf(device->name, sizeof(device->name), "%s%.29s",
                       side == WEFT_PERF_A ? "" : "b:", server->devices[i].name);
    }
    for (uint32_t i = 0; i < server->link_count; i++) {
        struct weft_link *link = &topo->links[topo->link_count++];

        *link = server->links[i];
        link->from += first_device;
        link->to += first_device;
        link->reverse += first_link;
        if (link_unused(server, &server->links[i], nic_count))
            link->rate_bytes_per_us = 0;
        else if (link->kind == WEFT_LINK_NET)
            rate += link->rate_bytes_per_us;
    }
    return rate;
}

static bool nics_enough(const struct weft_topo *topo, uint32_t nic_count, char why[WEFT_WHY_BYTES])
{
    uint32_t count = 0;

    while (weft_topo_nth(topo, weftDeviceNic, count) != WEFT_NONE)
        count++;
    if (count > 0 && nic_count <= count && network_of(topo) != WEFT_NONE)
        return true;
    (void)snprintf(why, WEFT_WHY_BYTES, "%s has %u NICs on a network: --nics is 1 to that",
                   topo->name, network_of(topo) == WEFT_NONE ? 0 : count);
    return false;
}

bool weft_perf_joint_init(struct weft_perf_joint *joint, const struct weft_topo *a,
                          const struct weft_topo *b, uint32_t nic_count, char why[WEFT_WHY_BYTES])
{
    uint64_t rate;

    if (!nics_enough(a, nic_count, why) || !nics_enough(b, nic_count, why))
        return false;
    if (a->device_count + b->device_count > WEFT_DEVICES_MAX ||
        a->link_count + b->link_count + 2 > WEFT_LINKS_MAX) {
        (void)snprintf(why, WEFT_WHY_BYTES,
                       "the two servers together have more than %d devices or %d links",
                       WEFT_DEVICES_MAX, WEFT_LINKS_MAX);
        return false;
    }
    weft_topo_init(&joint->topo, "two servers");
    joint->servers[WEFT_PERF_A] = a;
    joint->servers[WEFT_PERF_B] = b;
    rate = server_add(&joint->topo, a, WEFT_PERF_A, nic_count) +
           server_add(&joint->topo, b, WEFT_PERF_B, nic_count);
    (void)weft_topo_add_pair(&joint->topo, network_of(a), a->device_count + network_of(b),
                             WEFT_LINK_NET, rate, rate, 0, 0);
    return true;
}

uint32_t weft_perf_joint_device(const struct weft_perf_joint *joint, enum weft_perf_side side,
                                const char *name)
{
    uint32_t device = weft_topo_find(joint->servers[side], name);

    if (device == WEFT_NONE || side == WEFT_PERF_A)
        return device;
    return joint->servers[WEFT_PERF_A]->device_count + device;
}

uint32_t weft_perf_joint_link(const struct weft_perf_joint *joint, enum weft_perf_side side,
                              const char *name)
{
    uint32_t link = weft_topo_link_find(joint->servers[side], name);

    if (link == WEFT_NONE || side == WEFT_PERF_A)
        return link;
    return joint->servers[WEFT_PERF_A]->link_count + link;
}
