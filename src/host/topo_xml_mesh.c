/* The links of a topology file that cross from one part of the machine to another: between sockets,
 * over NVLink, to the network. What was assumed is noted by topo_xml_note.c. */
#include <string.h>

#include "topo_xml.h"
#include "topo_xml_part.h"

#define NVLINKS_MAX      255 /* of one element */
#define NVSWITCHES_MAX   64
#define NET_MBPS_MAX     UINT64_C(100000000)
#define GPU_CLASS        "0x03"
#define CPU_BRIDGE_CLASS "0x068001"

/* Where an <nvlink> leads. */
enum nvlink_end { TO_SWITCH, TO_GPU, TO_NOTHING };

/* Compares addresses; the file may write them in capitals. */
static bool same_bus(const char *lower, const char *bus)
{
    for (; *lower != '\0' && *bus != '\0'; lower++, bus++)
        if (*lower != *bus && !(*bus >= 'A' && *bus <= 'Z' && *lower == *bus - 'A' + 'a'))
            return false;
    return *lower == *bus;
}

static uint32_t gpu_slot_at(const struct weft_xml_slots *slots, const char *bus)
{
    for (uint32_t i = 0; i < slots->count; i++)
        if (slots->slots[i].kind == WEFT_XML_SLOT_GPU && same_bus(slots->slots[i].bus, bus))
            return i;
    return WEFT_NONE;
}

/* `*peer` is the slot of the other GPU where that is the end. Inside a virtual machine NVSwitches
 * are hidden: what is no GPU and claims no class is one. */
static enum nvlink_end nvlink_end(const struct weft_xml_slots *slots, uint32_t node, uint32_t *peer)
{
    const char *target = weft_xml_value(slots->tree, node, "target");
    const char *class = weft_xml_value(slots->tree, node, "tclass");

    *peer = target == NULL ? WEFT_NONE : gpu_slot_at(slots, target);
    if (*peer != WEFT_NONE)
        return TO_GPU;
    if (class != NULL && (strncmp(class, GPU_CLASS, strlen(GPU_CLASS)) == 0 ||
                          strncmp(class, CPU_BRIDGE_CLASS, strlen(CPU_BRIDGE_CLASS)) == 0))
        return TO_NOTHING;
    return TO_SWITCH;
}

/* Adds up the NVLinks of a slot that lead to `end` (and to `peer` if it is a GPU). False: none. */
static bool sum_nvlinks(struct weft_fill *fill, uint32_t index, enum nvlink_end end, uint32_t peer,
                        struct weft_facts_span *sum)
{
    const struct weft_xml_slot *slot = &fill->slots->slots[index];
    const struct weft_xml_tree *tree = fill->slots->tree;
    uint32_t sm = fill->topo->devices[slot->device].sm;
    struct weft_facts_span counted;
    uint64_t count = 0;
    uint32_t node;
    bool any = false;

    memset(sum, 0, sizeof(*sum));
    if (slot->unit == WEFT_NONE)
        return false;
    for (node = weft_xml_child(tree, slot->unit, "nvlink"); node != WEFT_NONE;
         node = weft_xml_next(tree, tree->nodes[node].next, "nvlink")) {
        struct weft_facts_span written = {0, 0, 0, 0};
        uint64_t links = 1;
        uint32_t other;

        if (nvlink_end(fill->slots, node, &other) != end || (end == TO_GPU && other != peer))
            continue;
        any = true;
        weft_fill_number(fill, node, "count", NVLINKS_MAX, &links);
        if (weft_xml_value(tree, node, "weft_out") == NULL) {
            count += links;
            continue;
        }
        weft_fill_span(fill, node, &written);
        sum->out_bytes_per_us += written.out_bytes_per_us;
        sum->in_bytes_per_us += written.in_bytes_per_us;
        sum->duplex_bytes_per_us += written.duplex_bytes_per_us;
        sum->latency_ns = weft_max(sum->latency_ns, written.latency_ns);
    }
    counted = weft_facts_nvlink(sm, count);
    sum->out_bytes_per_us += counted.out_bytes_per_us;
    sum->in_bytes_per_us += counted.in_bytes_per_us;
    sum->duplex_bytes_per_us += counted.duplex_bytes_per_us;
    if (count > 0)
        sum->latency_ns = weft_max(sum->latency_ns, counted.latency_ns);
    return any;
}

/* Goes over the NVLinks of all GPUs: adds the NVSwitches that are not yet among `targets`; the
 * number of NVLink elements. */
static uint32_t walk_nvlinks(const struct weft_fill *fill, const char *targets[NVSWITCHES_MAX],
                             uint32_t *target_count)
{
    const struct weft_xml_tree *tree = fill->slots->tree;
    uint32_t count = 0;

    *target_count = 0;
    for (uint32_t slot = 0; slot < fill->slots->count; slot++) {
        uint32_t unit = fill->slots->slots[slot].unit;
        uint32_t node = unit == WEFT_NONE ? WEFT_NONE : weft_xml_child(tree, unit, "nvlink");

        for (; node != WEFT_NONE; node = weft_xml_next(tree, tree->nodes[node].next, "nvlink")) {
            const char *target = weft_xml_value(tree, node, "target");
            uint32_t peer;
            uint32_t i = 0;

            count++;
            if (nvlink_end(fill->slots, node, &peer) != TO_SWITCH)
                continue;
            target = target == NULL ? "" : target;
            while (i < *target_count && strcmp(targets[i], target) != 0)
                i++;
            if (i == *target_count && i < NVSWITCHES_MAX)
                targets[(*target_count)++] = target;
        }
    }
    return count;
}

/* True where a file without NVLink is a skeleton: several GPUs of a kind that comes with
 * NVSwitches. */
static bool assume_nvswitch(const struct weft_fill *fill)
{
    uint32_t gpu_count = 0;

    if (fill->slots->complete)
        return false;
    for (uint32_t i = 0; i < fill->topo->device_count; i++) {
        const struct weft_device *device = &fill->topo->devices[i];
        const struct weft_facts_gpu *facts;

        if (device->kind != weftDeviceGpu)
            continue;
        facts = weft_facts_gpu_named(device->model);
        if (facts != NULL && !facts->nvswitch)
            return false;
        /* Before sm 80 NVLink joined GPUs directly, and which ones nobody can guess. */
        if (facts == NULL &&
            (device->sm < 80 || weft_facts_generation(device->sm)->nvlink_count < 12))
            return false;
        gpu_count++;
    }
    return gpu_count >= 2;
}

/* The megabits per second of a NIC's ports; 0 where it has no link to the network. */
static uint64_t net_mbps(struct weft_fill *fill, const struct weft_xml_slot *slot, uint32_t *ports)
{
    const struct weft_xml_tree *tree = fill->slots->tree;
    uint64_t sum = 0;
    uint32_t net = slot->unit == WEFT_NONE ? WEFT_NONE : weft_xml_child(tree, slot->unit, "net");

    *ports = 0;
    for (; net != WEFT_NONE; net = weft_xml_next(tree, tree->nodes[net].next, "net")) {
        uint64_t mbps = 0;

        weft_fill_number(fill, net, "speed", NET_MBPS_MAX, &mbps);
        sum += mbps;
        *ports += 1;
    }
    if (sum == 0 && !fill->slots->complete)
        sum = weft_facts_net_of_pcie(slot->gts_tenths, slot->lanes);
    return sum;
}

void weft_fill_hubs(struct weft_fill *fill)
{
    const char *targets[NVSWITCHES_MAX];
    uint32_t ports;
    bool network = false;

    fill->nvswitch = WEFT_NONE;
    fill->network = WEFT_NONE;
    if (walk_nvlinks(fill, targets, &fill->nvswitch_count) == 0 && assume_nvswitch(fill)) {
        uint32_t gpu = weft_topo_nth(fill->topo, weftDeviceGpu, 0);

        fill->nvlink_assumed =
            weft_facts_generation(fill->topo->devices[gpu].sm)->nvlink.out_bytes_per_us;
    }
    if (fill->nvswitch_count > 0 || fill->nvlink_assumed > 0)
        fill->nvswitch = weft_fill_device(fill, weftDeviceSwitch, "nvswitch", -1, "", "");
    for (uint32_t i = 0; i < fill->slots->count; i++)
        if (fill->slots->slots[i].kind == WEFT_XML_SLOT_NIC)
            network = network || net_mbps(fill, &fill->slots->slots[i], &ports) > 0;
    if (network)
        fill->network = weft_fill_device(fill, weftDeviceSwitch, "net", -1, "", "");
}

static uint32_t cpu_of(const struct weft_fill *fill, uint64_t numa_node)
{
    for (uint32_t i = 0; i < fill->slots->cpu_count; i++)
        if ((uint64_t)fill->slots->cpus[i].numa_node == numa_node)
            return i;
    return WEFT_NONE;
}

/* The links that the file has between sockets, as Weft writes them. */
static void add_written_sockets(struct weft_fill *fill)
{
    const struct weft_xml_tree *tree = fill->slots->tree;
    uint32_t node = weft_xml_child(tree, 0, "weft_socket");

    for (; node != WEFT_NONE; node = weft_xml_next(tree, tree->nodes[node].next, "weft_socket")) {
        struct weft_facts_span span = {0, 0, 0, 0};
        uint64_t from = UINT64_MAX;
        uint64_t to = UINT64_MAX;

        weft_fill_number(fill, node, "from", WEFT_NUMA_MAX, &from);
        weft_fill_number(fill, node, "to", WEFT_NUMA_MAX, &to);
        weft_fill_span(fill, node, &span);
        if (cpu_of(fill, from) == WEFT_NONE || cpu_of(fill, to) == WEFT_NONE || from == to) {
            weft_xml_blame(tree, node, fill->why);
            weft_text_add(fill->why, "from and to must be two numaids of CPUs in the file");
            weft_fill_fail(fill, weftInvalidArgument, "");
            return;
        }
        weft_fill_pair(fill, cpu_of(fill, from), cpu_of(fill, to), WEFT_LINK_SYS, &span);
    }
}

void weft_fill_sockets(struct weft_fill *fill, const struct weft_facts_cpu *facts)
{
    if (fill->slots->complete) {
        add_written_sockets(fill);
        return;
    }
    for (uint32_t i = 0; i < fill->slots->cpu_count; i++)
        for (uint32_t k = i + 1; k < fill->slots->cpu_count; k++) {
            weft_fill_pair(fill, i, k, WEFT_LINK_SYS, &facts->socket);
            fill->sockets_assumed = &facts->socket;
        }
}

/* A link of two GPUs without a switch, as the first of them has it, or as the other one does. */
static void add_direct(struct weft_fill *fill, uint32_t a, uint32_t b)
{
    const struct weft_xml_slot *slots = fill->slots->slots;
    struct weft_facts_span span;

    if (!sum_nvlinks(fill, a, TO_GPU, b, &span)) {
        uint64_t out;

        if (!sum_nvlinks(fill, b, TO_GPU, a, &span))
            return;
        out = span.in_bytes_per_us;
        span.in_bytes_per_us = span.out_bytes_per_us;
        span.out_bytes_per_us = out;
    }
    weft_fill_pair(fill, slots[a].device, slots[b].device, WEFT_LINK_NVL, &span);
}

void weft_fill_nvlinks(struct weft_fill *fill)
{
    uint32_t sorted[WEFT_XML_SLOTS_MAX];
    uint32_t count = weft_xml_slots_sorted(fill->slots, WEFT_XML_SLOT_GPU, sorted);

    for (uint32_t i = 0; i < count && fill->result == weftSuccess; i++) {
        uint32_t device = fill->slots->slots[sorted[i]].device;
        struct weft_facts_span span = weft_facts_generation(fill->topo->devices[device].sm)->nvlink;

        if (fill->nvlink_assumed > 0 || sum_nvlinks(fill, sorted[i], TO_SWITCH, WEFT_NONE, &span))
            weft_fill_pair(fill, device, fill->nvswitch, WEFT_LINK_NVL, &span);
    }
    for (uint32_t i = 0; i < count && fill->result == weftSuccess; i++)
        for (uint32_t k = i + 1; k < count; k++)
            add_direct(fill, sorted[i], sorted[k]);
}

void weft_fill_nets(struct weft_fill *fill)
{
    uint32_t sorted[WEFT_XML_SLOTS_MAX];
    uint32_t count = weft_xml_slots_sorted(fill->slots, WEFT_XML_SLOT_NIC, sorted);

    for (uint32_t i = 0; i < count && fill->result == weftSuccess; i++) {
        const struct weft_xml_slot *slot = &fill->slots->slots[sorted[i]];
        uint32_t ports;
        uint64_t mbps = net_mbps(fill, slot, &ports);
        struct weft_facts_span span = weft_facts_net(mbps);

        if (mbps == 0)
            continue;
        if (slot->unit != WEFT_NONE)
            weft_fill_span(fill, slot->unit, &span);
        weft_fill_pair(fill, slot->device, fill->network, WEFT_LINK_NET, &span);
        if (ports == 0) {
            fill->net_assumed_count++;
            fill->net_assumed_mbps = mbps;
        }
        fill->ports_joined_count += ports > 1 && !fill->slots->complete;
    }
}
