/* The machine as a graph: adding devices and links, finding them by name, and the links that one
 * DMA crosses.
 *
 * A pair of links is two neighbours in the table that point at each other, so both directions
 * share one name. What a rate means, where it came from and whether a link is up is for others. */
#include "topo.h"

#include <string.h>

#include "../base/text.h"

#define PREFIX_BYTES_MAX 16 /* leaves room for the number in a name */

/* The kinds that a DMA takes through the host; the other two are NVLink and the network. */
#define HOST_KINDS                                                                                 \
    (1u << WEFT_LINK_C2C | 1u << WEFT_LINK_PCI | 1u << WEFT_LINK_SYS | 1u << WEFT_LINK_MEM |       \
     1u << WEFT_LINK_DISK)

static const char *const device_kind_names[weftNumDeviceKinds] = {
    [weftDeviceGpu] = "gpu", [weftDeviceDram] = "dram",     [weftDeviceSsd] = "ssd",
    [weftDeviceNic] = "nic", [weftDeviceSwitch] = "switch", [weftDeviceCpu] = "cpu",
};

/* A name for people, and what follows the device in the name of a link. */
static const struct {
    const char *name;
    const char *suffix;
} link_kinds[WEFT_LINK_KINDS] = {
    [WEFT_LINK_NVL] = {"nvlink", "-nvlink"}, [WEFT_LINK_C2C] = {"c2c", "-c2c"},
    [WEFT_LINK_PCI] = {"pcie", "-pcie"},     [WEFT_LINK_SYS] = {"socket", ""},
    [WEFT_LINK_MEM] = {"memory", ""},        [WEFT_LINK_NET] = {"net", "-net"},
    [WEFT_LINK_DISK] = {"disk", "-disk"},
};

/* How far a device is from the CPU: the farther end of a link names it. */
static const uint8_t device_ranks[weftNumDeviceKinds] = {
    [weftDeviceCpu] = 0, [weftDeviceSwitch] = 1, [weftDeviceNic] = 2,
    [weftDeviceSsd] = 2, [weftDeviceDram] = 2,   [weftDeviceGpu] = 3,
};

void weft_topo_init(struct weft_topo *topo, const char *name)
{
    memset(topo, 0, sizeof(*topo));
    weft_text_copy(topo->name, sizeof(topo->name), name);
}

/* True when `name` is `prefix` and a number. */
static bool is_numbered(const char *name, const char *prefix)
{
    for (; *prefix != '\0'; name++, prefix++)
        if (*name != *prefix)
            return false;
    return *name >= '0' && *name <= '9';
}

uint32_t weft_topo_add_device(struct weft_topo *topo, weftDeviceKind_t kind, const char *prefix,
                              int numa_node, const char *bus)
{
    struct weft_device *device;
    struct weft_text name;
    uint32_t number = 0;

    weft_assert((unsigned)kind < weftNumDeviceKinds);
    if (topo->device_count == WEFT_DEVICES_MAX)
        return WEFT_NONE;
    if (prefix == NULL)
        prefix = device_kind_names[kind];
    for (uint32_t i = 0; i < topo->device_count; i++)
        number += is_numbered(topo->devices[i].name, prefix);
    device = &topo->devices[topo->device_count];
    memset(device, 0, sizeof(*device));
    device->kind = kind;
    device->numa_node = numa_node;
    weft_text_init(&name, device->name, sizeof(device->name));
    weft_text_add(&name, prefix);
    weft_assert(name.used <= PREFIX_BYTES_MAX);
    weft_text_number(&name, number);
    weft_text_copy(device->bus, sizeof(device->bus), bus == NULL ? "" : bus);
    return topo->device_count++;
}

static void fill_link(struct weft_topo *topo, uint32_t index, const struct weft_link *link)
{
    /* Padding too is the same in equal topologies. */
    memset(&topo->links[index], 0, sizeof(topo->links[index]));
    topo->links[index] = *link;
}

uint32_t weft_topo_add_pair(struct weft_topo *topo, uint32_t a, uint32_t b,
                            enum weft_link_kind kind, uint64_t rate_ab, uint64_t rate_ba,
                            uint64_t duplex, weft_ns latency_ns)
{
    uint32_t index = topo->link_count;
    struct weft_link link;

    weft_assert((unsigned)kind < WEFT_LINK_KINDS);
    if (index + 2 > WEFT_LINKS_MAX || a == b)
        return WEFT_NONE;
    if (a >= topo->device_count || b >= topo->device_count)
        return WEFT_NONE;
    memset(&link, 0, sizeof(link));
    link.kind = kind;
    link.duplex_bytes_per_us = duplex;
    link.latency_ns = latency_ns;
    link.from = a;
    link.to = b;
    link.reverse = index + 1;
    link.rate_bytes_per_us = rate_ab;
    fill_link(topo, index, &link);
    link.from = b;
    link.to = a;
    link.reverse = index;
    link.rate_bytes_per_us = rate_ba;
    fill_link(topo, index + 1, &link);
    topo->link_count += 2;
    return index;
}

void weft_topo_note(struct weft_topo *topo, const char *text)
{
    if (topo->note_count == WEFT_NOTES_MAX)
        return;
    weft_text_copy(topo->notes[topo->note_count], sizeof(topo->notes[0]), text);
    topo->note_count++;
}

uint32_t weft_topo_find(const struct weft_topo *topo, const char *name)
{
    for (uint32_t i = 0; i < topo->device_count; i++)
        if (weft_text_equal(topo->devices[i].name, name))
            return i;
    return WEFT_NONE;
}

uint32_t weft_topo_nth(const struct weft_topo *topo, weftDeviceKind_t kind, uint32_t n)
{
    for (uint32_t i = 0; i < topo->device_count; i++)
        if (topo->devices[i].kind == kind && n-- == 0)
            return i;
    return WEFT_NONE;
}

uint32_t weft_topo_dram_of(const struct weft_topo *topo, int numa_node)
{
    for (uint32_t i = 0; i < topo->device_count; i++)
        if (topo->devices[i].kind == weftDeviceDram && topo->devices[i].numa_node == numa_node)
            return i;
    return weft_topo_nth(topo, weftDeviceDram, 0);
}

bool weft_topo_holds_bytes(const struct weft_topo *topo, uint32_t device)
{
    weftDeviceKind_t kind;

    if (device >= topo->device_count)
        return false;
    kind = topo->devices[device].kind;
    return kind == weftDeviceGpu || kind == weftDeviceDram || kind == weftDeviceSsd;
}

/* What a search knows of each device: the best way there so far. */
struct reach {
    uint32_t distance[WEFT_DEVICES_MAX]; /* links from the start; WEFT_NONE: not reached */
    uint32_t link[WEFT_DEVICES_MAX];     /* the last of them */
    uint64_t bottleneck[WEFT_DEVICES_MAX];
};

/* Takes every link that leads on from devices at `distance`. Links in index order and "larger, not
 * equal" make the lowest index win a tie. */
static void reach_further(const struct weft_topo *topo, struct reach *reach, uint32_t distance,
                          unsigned kinds)
{
    for (uint32_t i = 0; i < topo->link_count; i++) {
        const struct weft_link *link = &topo->links[i];
        uint64_t bottleneck;

        if (reach->distance[link->from] != distance || (kinds & 1u << link->kind) == 0)
            continue;
        if (distance > 0 && weft_topo_holds_bytes(topo, link->from))
            continue;
        bottleneck = weft_min(reach->bottleneck[link->from], link->rate_bytes_per_us);
        if (reach->distance[link->to] <= distance)
            continue;
        if (reach->distance[link->to] == distance + 1 && reach->bottleneck[link->to] >= bottleneck)
            continue;
        reach->distance[link->to] = distance + 1;
        reach->bottleneck[link->to] = bottleneck;
        reach->link[link->to] = i;
    }
}

/* The fewest links of the given kinds, ties by the larger bottleneck, then by index. */
static uint32_t search(const struct weft_topo *topo, uint32_t from, uint32_t to, unsigned kinds,
                       uint32_t links[WEFT_LINK_PATH_MAX])
{
    struct reach reach;
    uint32_t distance = 0;
    uint32_t at = to;

    for (uint32_t i = 0; i < topo->device_count; i++)
        reach.distance[i] = WEFT_NONE;
    reach.distance[from] = 0;
    reach.bottleneck[from] = UINT64_MAX;
    while (reach.distance[to] == WEFT_NONE && distance < WEFT_LINK_PATH_MAX)
        reach_further(topo, &reach, distance++, kinds);
    if (reach.distance[to] == WEFT_NONE)
        return 0;
    for (uint32_t i = distance; i > 0; i--) {
        links[i - 1] = reach.link[at];
        at = topo->links[reach.link[at]].from;
    }
    return distance;
}

uint32_t weft_topo_links_between(const struct weft_topo *topo, uint32_t from, uint32_t to,
                                 bool peer, uint32_t links[WEFT_LINK_PATH_MAX])
{
    uint32_t count = 0;

    if (from >= topo->device_count || to >= topo->device_count || from == to)
        return 0;
    if (peer)
        count = search(topo, from, to, 1u << WEFT_LINK_NVL, links);
    if (count == 0)
        count = search(topo, from, to, HOST_KINDS, links);
    return count;
}

/* The end that names a link, which is also where its outgoing direction starts. Between two alike
 * that is the first for links that both ends name, else the later one: a switch below a switch. */
static uint32_t link_owner(const struct weft_topo *topo, const struct weft_link *link)
{
    uint32_t from_rank = device_ranks[topo->devices[link->from].kind];
    uint32_t to_rank = device_ranks[topo->devices[link->to].kind];
    bool later = link->kind == WEFT_LINK_PCI;

    if (from_rank != to_rank)
        return from_rank > to_rank ? link->from : link->to;
    return (link->from > link->to) == later ? link->from : link->to;
}

/* True when the link's name is that of both its ends: "cpu0-cpu1", and NVLink without a switch. */
static bool named_by_both(const struct weft_topo *topo, const struct weft_link *link)
{
    return link->kind == WEFT_LINK_SYS ||
           (link->kind == WEFT_LINK_NVL &&
            topo->devices[link->from].kind == topo->devices[link->to].kind);
}

void weft_topo_link_name(const struct weft_topo *topo, uint32_t link, char *text, size_t size)
{
    const struct weft_link *l;
    struct weft_text name;
    uint32_t owner;

    weft_text_init(&name, text, size);
    if (link >= topo->link_count)
        return;
    l = &topo->links[link];
    owner = link_owner(topo, l);
    weft_text_add(&name, topo->devices[owner].name);
    if (named_by_both(topo, l)) {
        weft_text_char(&name, '-');
        weft_text_add(&name, topo->devices[owner == l->from ? l->to : l->from].name);
        return;
    }
    weft_text_add(&name, link_kinds[l->kind].suffix);
}

uint32_t weft_topo_link_find(const struct weft_topo *topo, const char *name)
{
    char text[2 * sizeof(topo->devices[0].name) + 2];

    for (uint32_t i = 0; i < topo->link_count; i++) {
        if (link_owner(topo, &topo->links[i]) != topo->links[i].from)
            continue;
        weft_topo_link_name(topo, i, text, sizeof(text));
        if (weft_text_equal(text, name))
            return i;
    }
    return WEFT_NONE;
}

const char *weft_link_kind_name(enum weft_link_kind kind)
{
    return (unsigned)kind < WEFT_LINK_KINDS ? link_kinds[kind].name : "unknown";
}

const char *weft_device_kind_name(weftDeviceKind_t kind)
{
    return (unsigned)kind < weftNumDeviceKinds ? device_kind_names[kind] : "unknown";
}

static const char *check_devices(const struct weft_topo *topo)
{
    for (uint32_t i = 0; i < topo->device_count; i++) {
        if ((unsigned)topo->devices[i].kind >= weftNumDeviceKinds)
            return "a device has no known kind";
        if (topo->devices[i].name[0] == '\0')
            return "a device has no name";
        if (weft_topo_find(topo, topo->devices[i].name) != i)
            return "two devices have the same name";
    }
    return NULL;
}

/* True when two links, not each other's reverse, would be given by one name. */
static bool same_name(const struct weft_topo *topo, uint32_t a, uint32_t b)
{
    const struct weft_link *first = &topo->links[a];
    const struct weft_link *second = &topo->links[b];

    bool both = named_by_both(topo, first);

    if (first->kind != second->kind || first->reverse == b || named_by_both(topo, second) != both)
        return false;
    if (both && (first->from != second->from || first->to != second->to))
        return false;
    return link_owner(topo, first) == link_owner(topo, second);
}

static const char *check_links(const struct weft_topo *topo)
{
    for (uint32_t i = 0; i < topo->link_count; i++) {
        const struct weft_link *link = &topo->links[i];
        const struct weft_link *reverse;

        if (link->from >= topo->device_count || link->to >= topo->device_count)
            return "a link leads to no device";
        if (link->from == link->to)
            return "a link leads back to its own device";
        if ((unsigned)link->kind >= WEFT_LINK_KINDS)
            return "a link has no known kind";
        if (link->reverse >= topo->link_count)
            return "a link's reverse is no link";
        reverse = &topo->links[link->reverse];
        if (reverse->reverse != i || reverse->from != link->to || reverse->to != link->from)
            return "a link's reverse does not point back";
        if (reverse->kind != link->kind ||
            reverse->duplex_bytes_per_us != link->duplex_bytes_per_us)
            return "the two directions of a link are of different kinds";
    }
    for (uint32_t i = 0; i < topo->link_count; i++)
        for (uint32_t k = i + 1; k < topo->link_count; k++)
            if (same_name(topo, i, k))
                return "two links have the same name";
    return NULL;
}

const char *weft_topo_check(const struct weft_topo *topo)
{
    const char *wrong;

    if (topo->device_count > WEFT_DEVICES_MAX || topo->link_count > WEFT_LINKS_MAX ||
        topo->note_count > WEFT_NOTES_MAX)
        return "a count is past its table";
    wrong = check_devices(topo);
    return wrong != NULL ? wrong : check_links(topo);
}
