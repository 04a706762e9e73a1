/* Interfaces and the NICs of the topology; see interface.h. */
#include <string.h>

#include "interface.h"
#include "log.h"
#include "topo_facts.h"

/* An adapter whose PCIe link is not shown: of a virtual machine, of USB, or none at all. */
#define PLAIN_PCI_BYTES_PER_US 12000
#define PLAIN_PCI_NS           500

/* A join that is under way. */
struct joiner {
    const char *sysfs;
    struct weft_interfaces *interfaces;
    struct weft_topo *topo;
    uint32_t network;                             /* what NICs lead to */
    bool had_link[WEFT_DEVICES_MAX];              /* by device: to the network, */
    struct weft_facts_span net[WEFT_DEVICES_MAX]; /* of this rate */
};

static bool can_join(const struct weft_interfaces *interfaces, const struct weft_topo *topo)
{
    uint32_t count = interfaces->used_count;

    for (uint32_t i = 0; i < count; i++)
        if (interfaces->rows[interfaces->used[i]].is_loopback)
            return false;
    /* At worst each is a new device with two links, and the network is new, too. */
    return count > 0 && topo->device_count + count < WEFT_DEVICES_MAX &&
           topo->link_count + 4 * count <= WEFT_LINKS_MAX &&
           weft_topo_nth(topo, weftDeviceCpu, 0) != WEFT_NONE;
}

static void note_span(struct joiner *joiner, const struct weft_link *out)
{
    joiner->network = out->to;
    joiner->had_link[out->from] = true;
    joiner->net[out->from] = (struct weft_facts_span){
        out->rate_bytes_per_us, joiner->topo->links[out->reverse].rate_bytes_per_us,
        out->duplex_bytes_per_us, out->latency_ns};
}

/* Takes the links between NICs and their network out of the topology. */
static void take_net_links(struct joiner *joiner)
{
    struct weft_topo *topo = joiner->topo;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < topo->link_count; i++) {
        const struct weft_link *link = &topo->links[i];

        if (link->kind == WEFT_LINK_NET && topo->devices[link->from].kind == weftDeviceNic)
            note_span(joiner, link);
    }
    /* Both directions of a link follow each other. */
    for (uint32_t i = 0; i < topo->link_count; i += 2) {
        if (topo->links[i].kind == WEFT_LINK_NET)
            continue;
        for (uint32_t k = 0; k < 2; k++) {
            topo->links[kept + k] = topo->links[i + k];
            topo->links[kept + k].reverse = kept + 1 - k;
        }
        kept += 2;
    }
    topo->link_count = kept;
}

static bool is_taken(const struct joiner *joiner, uint32_t device)
{
    for (uint32_t i = 0; i < joiner->interfaces->count; i++)
        if (joiner->interfaces->rows[i].device == device)
            return true;
    return false;
}

/* The NIC whose card has this PCI address, or WEFT_NONE: functions of one card are one NIC. */
static uint32_t card_of(const struct weft_topo *topo, const char *bus)
{
    size_t length = strcspn(bus, ".");

    for (uint32_t i = 0; length > 0 && i < topo->device_count; i++)
        if (topo->devices[i].kind == weftDeviceNic && topo->devices[i].bus[0] != '\0' &&
            strcspn(topo->devices[i].bus, ".") == length &&
            strncmp(topo->devices[i].bus, bus, length) == 0)
            return i;
    return WEFT_NONE;
}

static struct weft_facts_span span_of(const struct joiner *joiner, const struct weft_interface *row)
{
    bool is_known = joiner->had_link[row->device];

    if (row->place.mbps > 0)
        return weft_facts_net(row->place.mbps);
    return is_known ? joiner->net[row->device] : weft_facts_net(WEFT_INTERFACE_MBPS_ASSUMED);
}

static uint32_t cpu_of(const struct weft_topo *topo, int numa_node)
{
    for (uint32_t i = 0; i < topo->device_count; i++)
        if (topo->devices[i].kind == weftDeviceCpu && topo->devices[i].numa_node == numa_node)
            return i;
    return weft_topo_nth(topo, weftDeviceCpu, 0);
}

/* A NIC that nobody described: at a processor, or behind the card that it is a second port of. */
static uint32_t nic_add(struct joiner *joiner, const struct weft_interface *row, uint32_t card)
{
    struct weft_topo *topo = joiner->topo;
    uint32_t parent = card == WEFT_NONE ? cpu_of(topo, row->place.numa_node) : card;
    struct weft_facts_span pcie = {PLAIN_PCI_BYTES_PER_US, PLAIN_PCI_BYTES_PER_US, 0, PLAIN_PCI_NS};
    struct weft_sysfs_pci pci;
    uint64_t least;
    uint32_t nic;

    if (row->place.bus[0] != '\0' && weft_sysfs_pci_read(joiner->sysfs, row->place.bus, &pci) &&
        pci.speed_tenths > 0)
        pcie = weft_facts_pcie(pci.speed_tenths, pci.lanes);
    /* Where the slot says nothing, or nonsense, it is at least made for the interface. */
    least = weft_facts_net(row->place.mbps).out_bytes_per_us;
    pcie.out_bytes_per_us = weft_max(pcie.out_bytes_per_us, least);
    pcie.in_bytes_per_us = weft_max(pcie.in_bytes_per_us, least);
    nic = weft_topo_add_device(topo, weftDeviceNic, NULL, topo->devices[parent].numa_node,
                               row->place.bus);
    (void)weft_topo_add_pair(topo, nic, parent, WEFT_LINK_PCI, pcie.out_bytes_per_us,
                             pcie.in_bytes_per_us, pcie.duplex_bytes_per_us, pcie.latency_ns);
    return nic;
}

static void note_speed(struct joiner *joiner, const struct weft_interface *row)
{
    uint64_t mbps = joiner->had_link[row->device]
                        ? weft_facts_net_mbps(joiner->net[row->device].out_bytes_per_us)
                        : WEFT_INTERFACE_MBPS_ASSUMED;
    char text[128];

    weft_format(text, sizeof(text), "the interface %s does not say its speed: %llu Mb/s is assumed",
                row->name, (unsigned long long)mbps);
    weft_topo_note(joiner->topo, text);
}

static void find_nics(struct joiner *joiner)
{
    for (uint32_t i = 0; i < joiner->interfaces->used_count; i++) {
        struct weft_interface *row = &joiner->interfaces->rows[joiner->interfaces->used[i]];
        uint32_t card = card_of(joiner->topo, row->place.bus);
        bool is_free = card != WEFT_NONE && !is_taken(joiner, card);

        row->device = is_free ? card : nic_add(joiner, row, card);
        if (row->place.mbps == 0)
            note_speed(joiner, row);
    }
}

static void add_net_link(struct joiner *joiner, uint32_t nic, struct weft_facts_span span)
{
    (void)weft_topo_add_pair(joiner->topo, nic, joiner->network, WEFT_LINK_NET,
                             span.out_bytes_per_us, span.in_bytes_per_us, span.duplex_bytes_per_us,
                             span.latency_ns);
}

void weft_interfaces_join(const char *sysfs, struct weft_interfaces *interfaces,
                          struct weft_topo *topo)
{
    struct joiner joiner = {
        .sysfs = sysfs, .interfaces = interfaces, .topo = topo, .network = WEFT_NONE};

    if (!can_join(interfaces, topo))
        return;
    for (uint32_t i = 0; i < interfaces->count; i++)
        interfaces->rows[i].device = WEFT_NONE;
    take_net_links(&joiner);
    find_nics(&joiner);
    if (joiner.network == WEFT_NONE)
        joiner.network = weft_topo_add_device(topo, weftDeviceSwitch, "net", -1, NULL);
    for (uint32_t i = 0; i < interfaces->used_count; i++) {
        const struct weft_interface *row = &interfaces->rows[interfaces->used[i]];

        add_net_link(&joiner, row->device, span_of(&joiner, row));
    }
    for (uint32_t i = 0; i < topo->device_count; i++)
        if (joiner.had_link[i] && !is_taken(&joiner, i))
            add_net_link(&joiner, i, joiner.net[i]);
    interfaces->are_joined = true;
}
