/* Devices first, then links, each in the order that topo_xml.h names; NVLink and the network last
 * (topo_xml_mesh.c). What was assumed is counted on the way and noted at the end. */
#include "topo_xml_fill.h"

#include <string.h>

#include "log.h"
#include "topo_facts.h"
#include "topo_xml_part.h"

#define PCI_SPEED_ASSUMED 80  /* tenths of GT/s: NCCL's default for an unknown speed */
#define SPEED_RAISED_MOST 50  /* a switch with such an uplink ... */
#define SPEED_RAISED_BY   160 /* ... above such a device reports a port inside of it */

void weft_fill_fail(struct weft_fill *fill, weftResult_t result, const char *reason)
{
    if (fill->result != weftSuccess)
        return;
    fill->result = result;
    if (fill->why->used == 0)
        weft_text_add(fill->why, reason);
}

bool weft_fill_number(struct weft_fill *fill, uint32_t node, const char *name, uint64_t most,
                      uint64_t *number)
{
    return weft_xml_number(fill->slots->tree, node, name, most, number, &fill->result, fill->why);
}

uint32_t weft_fill_device(struct weft_fill *fill, weftDeviceKind_t kind, const char *prefix,
                          int numa_node, const char *bus, const char *model)
{
    uint32_t device = weft_topo_add_device(fill->topo, kind, prefix, numa_node, bus);

    if (device == WEFT_NONE) {
        weft_fill_fail(fill, weftNoResource, "more devices than a topology holds (256)");
        return WEFT_NONE;
    }
    weft_text_copy(fill->topo->devices[device].model, sizeof(fill->topo->devices[0].model), model);
    return device;
}

void weft_fill_pair(struct weft_fill *fill, uint32_t a, uint32_t b, enum weft_link_kind kind,
                    const struct weft_facts_span *span)
{
    if (fill->result != weftSuccess)
        return;
    if (weft_topo_add_pair(fill->topo, a, b, kind, span->out_bytes_per_us, span->in_bytes_per_us,
                           span->duplex_bytes_per_us, span->latency_ns) == WEFT_NONE)
        weft_fill_fail(fill, weftNoResource, "more links than a topology holds (1024)");
}

void weft_fill_span(struct weft_fill *fill, uint32_t node, struct weft_facts_span *span)
{
    weft_fill_number(fill, node, "weft_out", WEFT_RATE_MAX, &span->out_bytes_per_us);
    weft_fill_number(fill, node, "weft_in", WEFT_RATE_MAX, &span->in_bytes_per_us);
    weft_fill_number(fill, node, "weft_duplex", WEFT_RATE_MAX, &span->duplex_bytes_per_us);
    weft_fill_number(fill, node, "weft_latency", WEFT_LATENCY_MAX_NS, &span->latency_ns);
}

static const char *value_or(const struct weft_fill *fill, uint32_t node, const char *name,
                            const char *otherwise)
{
    const char *value = weft_xml_value(fill->slots->tree, node, name);

    return value != NULL ? value : otherwise;
}

/* What is known of a CPU by the words of its element. */
static const struct weft_facts_cpu *cpu_facts(struct weft_fill *fill, uint32_t node)
{
    uint64_t family = 0;
    uint64_t model = 0;

    weft_fill_number(fill, node, "familyid", UINT32_MAX, &family);
    weft_fill_number(fill, node, "modelid", UINT32_MAX, &model);
    return weft_facts_cpu(value_or(fill, node, "arch", ""), value_or(fill, node, "vendor", ""),
                          (uint32_t)family, (uint32_t)model);
}

static void add_cpus(struct weft_fill *fill)
{
    for (uint32_t i = 0; i < fill->slots->cpu_count; i++) {
        const struct weft_xml_slot_cpu *cpu = &fill->slots->cpus[i];

        weft_fill_device(
            fill, weftDeviceCpu, NULL, cpu->numa_node, "",
            value_or(fill, cpu->node, "weft_model", cpu_facts(fill, cpu->node)->model));
    }
}

/* The memory of CPU `cpu`; with `link`, its link instead of the device. */
static void add_memory(struct weft_fill *fill, uint32_t cpu, bool link)
{
    const struct weft_xml_slot_cpu *slot = &fill->slots->cpus[cpu];
    const struct weft_facts_cpu *facts = cpu_facts(fill, slot->node);
    uint32_t element = weft_xml_child(fill->slots->tree, slot->node, "weft_dram");
    struct weft_facts_span span = facts->memory;
    uint32_t nodes_per_socket = (fill->slots->cpu_count + 1) / 2;
    uint32_t device;

    if (element == WEFT_NONE && fill->slots->complete)
        return;
    if (link) {
        span.out_bytes_per_us /= nodes_per_socket;
        span.in_bytes_per_us /= nodes_per_socket;
        span.duplex_bytes_per_us /= nodes_per_socket;
        if (element != WEFT_NONE)
            weft_fill_span(fill, element, &span);
        else if (!fill->slots->complete)
            fill->memory_assumed = &facts->memory;
        weft_fill_pair(fill, weft_topo_dram_of(fill->topo, slot->numa_node), cpu, WEFT_LINK_MEM,
                       &span);
        return;
    }
    device =
        weft_fill_device(fill, weftDeviceDram, NULL, slot->numa_node, "",
                         element == WEFT_NONE ? "" : value_or(fill, element, "weft_model", ""));
    if (device != WEFT_NONE && element != WEFT_NONE)
        weft_fill_number(fill, element, "weft_memory", UINT64_MAX,
                         &fill->topo->devices[device].memory_bytes);
}

/* Model, compute capability and memory of a GPU, from the file or from what its PCI device tells.
 *  */
static void fill_gpu(struct weft_fill *fill, const struct weft_xml_slot *slot)
{
    struct weft_device *device = &fill->topo->devices[slot->device];
    const struct weft_facts_gpu *facts = NULL;
    uint64_t number = 0;

    if (strcmp(value_or(fill, slot->node, "vendor", "0x10de"), "0x10de") == 0 &&
        weft_fill_number(fill, slot->node, "device", UINT16_MAX, &number))
        facts = weft_facts_gpu((uint32_t)number);
    number = facts != NULL ? facts->sm : 0;
    if (slot->unit != WEFT_NONE)
        weft_fill_number(fill, slot->unit, "sm", UINT16_MAX, &number);
    if (number == 0 && !fill->slots->complete) {
        number = weft_facts_sm_of_pcie(slot->gts_tenths);
        fill->sm_assumed = (uint32_t)number;
        fill->sm_assumed_count++;
    }
    device->sm = (uint32_t)number;
    weft_text_copy(device->model, sizeof(device->model),
                   value_or(fill, slot->node, "weft_model", facts != NULL ? facts->model : ""));
    if (facts != NULL)
        device->memory_bytes = facts->memory_bytes;
    if (weft_fill_number(fill, slot->node, "weft_memory", UINT64_MAX, &device->memory_bytes) ||
        facts != NULL || fill->slots->complete)
        return;
    device->memory_bytes = weft_facts_generation(device->sm)->memory_bytes;
    fill->memory_gib_assumed = device->memory_bytes >> 30;
    fill->gpu_memory_assumed_count++;
}

/* The names of a NIC's ports, joined by '+', unless the file has a model for it. */
static void fill_nic(struct weft_fill *fill, const struct weft_xml_slot *slot)
{
    const struct weft_xml_tree *tree = fill->slots->tree;
    struct weft_device *device = &fill->topo->devices[slot->device];
    const char *model = weft_xml_value(tree, slot->node, "weft_model");
    struct weft_text text;
    uint32_t net;

    if (model != NULL || slot->unit == WEFT_NONE) {
        weft_text_copy(device->model, sizeof(device->model), model == NULL ? "" : model);
        return;
    }
    weft_text_init(&text, device->model, sizeof(device->model));
    for (net = weft_xml_child(tree, slot->unit, "net"); net != WEFT_NONE;
         net = weft_xml_next(tree, tree->nodes[net].next, "net")) {
        if (text.used > 0)
            weft_text_char(&text, '+');
        weft_text_add(&text, value_or(fill, net, "name", ""));
    }
}

static void fill_other(struct weft_fill *fill, const struct weft_xml_slot *slot)
{
    struct weft_device *device = &fill->topo->devices[slot->device];

    weft_text_copy(device->model, sizeof(device->model),
                   value_or(fill, slot->node, "weft_model", ""));
    weft_fill_number(fill, slot->node, "weft_memory", UINT64_MAX, &device->memory_bytes);
}

/* What each kind of slot is as a device, and as a link upwards. */
static const struct {
    weftDeviceKind_t device;
    enum weft_link_kind link;
    void (*fill)(struct weft_fill *fill, const struct weft_xml_slot *slot);
} kinds[WEFT_XML_SLOT_OTHER] = {
    [WEFT_XML_SLOT_SWITCH] = {weftDeviceSwitch, WEFT_LINK_PCI, fill_other},
    [WEFT_XML_SLOT_GPU] = {weftDeviceGpu, WEFT_LINK_PCI, fill_gpu},
    [WEFT_XML_SLOT_NIC] = {weftDeviceNic, WEFT_LINK_PCI, fill_nic},
    [WEFT_XML_SLOT_SSD] = {weftDeviceSsd, WEFT_LINK_DISK, fill_other},
};

static void add_slots(struct weft_fill *fill, enum weft_xml_slot_kind kind)
{
    uint32_t sorted[WEFT_XML_SLOTS_MAX];
    uint32_t count = weft_xml_slots_sorted(fill->slots, kind, sorted);

    for (uint32_t i = 0; i < count && fill->result == weftSuccess; i++) {
        struct weft_xml_slot *slot = &fill->slots->slots[sorted[i]];

        slot->device = weft_fill_device(fill, kinds[kind].device, NULL,
                                        fill->slots->cpus[slot->cpu].numa_node, slot->bus, "");
        if (slot->device != WEFT_NONE)
            kinds[kind].fill(fill, slot);
    }
}

/* The fastest link that a slot hangs below `slot` itself. */
static uint32_t fastest_below(const struct weft_xml_slots *slots, uint32_t slot)
{
    uint32_t fastest = 0;

    for (uint32_t i = slot + 1; i < slots->count; i++)
        if (slots->slots[i].parent == slot && slots->slots[i].gts_tenths > fastest)
            fastest = slots->slots[i].gts_tenths;
    return fastest;
}

/* The speed of a slot's link upwards. A switch with an uplink of 5 GT/s above devices of 16 or more
 * reports a port between its two halves; one that is merely slower is believed. */
static uint32_t believed_speed(struct weft_fill *fill, uint32_t index)
{
    const struct weft_xml_slot *slot = &fill->slots->slots[index];
    uint32_t below = slot->kind == WEFT_XML_SLOT_SWITCH ? fastest_below(fill->slots, index) : 0;
    bool written = weft_xml_value(fill->slots->tree, slot->node, "weft_out") != NULL;

    if (slot->gts_tenths == 0) {
        fill->speed_assumed_count += !written;
        return PCI_SPEED_ASSUMED;
    }
    if (written || below <= slot->gts_tenths)
        return slot->gts_tenths;
    if (slot->gts_tenths <= SPEED_RAISED_MOST && below >= SPEED_RAISED_BY) {
        fill->raised_count++;
        fill->raised_from = slot->gts_tenths;
        fill->raised_to = below;
        return below;
    }
    fill->slower_count++;
    return slot->gts_tenths;
}

static void add_host_link(struct weft_fill *fill, uint32_t index)
{
    const struct weft_xml_slot *slot = &fill->slots->slots[index];
    uint32_t parent =
        slot->parent == WEFT_NONE ? slot->cpu : fill->slots->slots[slot->parent].device;
    uint32_t speed = believed_speed(fill, index);
    struct weft_facts_span span = slot->kind == WEFT_XML_SLOT_SSD
                                      ? weft_facts_disk(speed, slot->lanes)
                                      : weft_facts_pcie(speed, slot->lanes);

    fill->disk_assumed_count += slot->kind == WEFT_XML_SLOT_SSD &&
                                weft_xml_value(fill->slots->tree, slot->node, "weft_out") == NULL;
    weft_fill_span(fill, slot->node, &span);
    weft_fill_pair(fill, slot->device, parent, kinds[slot->kind].link, &span);
}

/* A GPU's link to its CPU: C2C where the file has it, else PCIe. */
static void add_gpu_link(struct weft_fill *fill, uint32_t index)
{
    const struct weft_xml_slot *slot = &fill->slots->slots[index];
    uint32_t c2c =
        slot->unit == WEFT_NONE ? WEFT_NONE : weft_xml_child(fill->slots->tree, slot->unit, "c2c");
    uint64_t bw = 0;
    uint64_t count = 1;
    struct weft_facts_span span;

    if (c2c == WEFT_NONE) {
        add_host_link(fill, index);
        return;
    }
    weft_fill_number(fill, c2c, "bw", WEFT_RATE_MAX, &bw);
    weft_fill_number(fill, c2c, "count", UINT8_MAX, &count);
    span = weft_facts_c2c(bw, count);
    weft_fill_span(fill, c2c, &span);
    weft_fill_pair(fill, slot->device, slot->cpu, WEFT_LINK_C2C, &span);
    fill->c2c_count += weft_xml_value(fill->slots->tree, c2c, "weft_out") == NULL;
}

static void add_host_links(struct weft_fill *fill, enum weft_xml_slot_kind kind)
{
    uint32_t sorted[WEFT_XML_SLOTS_MAX];
    uint32_t count = weft_xml_slots_sorted(fill->slots, kind, sorted);

    for (uint32_t i = 0; i < count && fill->result == weftSuccess; i++) {
        if (kind == WEFT_XML_SLOT_GPU)
            add_gpu_link(fill, sorted[i]);
        else if (fill->slots->slots[sorted[i]].unit != fill->slots->slots[sorted[i]].node)
            add_host_link(fill, sorted[i]);
    }
}

weftResult_t weft_topo_xml_fill(struct weft_topo *topo, struct weft_xml_slots *slots,
                                struct weft_text *why)
{
    struct weft_fill fill = {.topo = topo, .slots = slots, .why = why, .result = weftSuccess};

    add_cpus(&fill);
    for (uint32_t i = 0; i < slots->cpu_count; i++)
        add_memory(&fill, i, false);
    for (enum weft_xml_slot_kind kind = 0; kind < WEFT_XML_SLOT_OTHER; kind++)
        add_slots(&fill, kind);
    weft_fill_hubs(&fill);
    for (uint32_t i = 0; i < slots->cpu_count; i++)
        add_memory(&fill, i, true);
    weft_fill_sockets(&fill, cpu_facts(&fill, slots->cpus[0].node));
    for (enum weft_xml_slot_kind kind = 0; kind < WEFT_XML_SLOT_OTHER; kind++)
        add_host_links(&fill, kind);
    weft_fill_nvlinks(&fill);
    weft_fill_nets(&fill);
    if (fill.result == weftSuccess)
        weft_fill_notes(&fill);
    return fill.result;
}
