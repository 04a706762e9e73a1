/* From elements to slots: one walk down the <pci> elements of every CPU. */
#include "topo_xml_slots.h"

#include <string.h>

#include "topo_xml.h"

#define RANK_MAX  65535
#define LANES_MAX 255

/* PCI classes by how they begin, in the order in which they are tried. */
static const struct {
    const char *prefix;
    enum weft_xml_slot_kind kind;
} classes[] = {
    {"0x0604", WEFT_XML_SLOT_SWITCH}, /* PCI-to-PCI bridge */
    {"0x0801", WEFT_XML_SLOT_SWITCH}, /* ConnectX-8 data-direct interface */
    {"0x03", WEFT_XML_SLOT_GPU},      {"0x02", WEFT_XML_SLOT_NIC}, {"0x0108", WEFT_XML_SLOT_SSD},
};

struct walk {
    struct weft_xml_slots *slots;
    struct weft_text *why;
    weftResult_t result;
    uint32_t cpu;
};

static void fail(struct walk *walk, uint32_t node, weftResult_t result, const char *reason,
                 const char *word)
{
    if (walk->result == weftSuccess)
        walk->result = result;
    if (!weft_xml_blame(walk->slots->tree, node, walk->why))
        return;
    weft_text_add(walk->why, reason);
    weft_text_add(walk->why, word);
}

static enum weft_xml_slot_kind kind_of(const struct weft_xml_tree *tree, uint32_t node)
{
    const char *class = weft_xml_value(tree, node, "class");

    if (weft_xml_child(tree, node, "gpu") != WEFT_NONE)
        return WEFT_XML_SLOT_GPU;
    if (weft_xml_child(tree, node, "nic") != WEFT_NONE)
        return WEFT_XML_SLOT_NIC;
    for (size_t i = 0; class != NULL && i < WEFT_ARRAY_COUNT(classes); i++)
        if (strncmp(class, classes[i].prefix, strlen(classes[i].prefix)) == 0)
            return classes[i].kind;
    return WEFT_XML_SLOT_OTHER;
}

/* Devices of Weft's below a bridge, counted no further than two. */
static uint32_t leaves_below(const struct weft_xml_tree *tree, uint32_t node)
{
    uint32_t child = weft_xml_child(tree, node, "pci");
    uint32_t count = 0;

    for (; child != WEFT_NONE && count < 2;
         child = weft_xml_next(tree, tree->nodes[child].next, "pci")) {
        enum weft_xml_slot_kind kind = kind_of(tree, child);

        count +=
            kind == WEFT_XML_SLOT_GPU || kind == WEFT_XML_SLOT_NIC || kind == WEFT_XML_SLOT_SSD;
        count += leaves_below(tree, child);
    }
    return count;
}

static bool same_value(const struct weft_xml_tree *tree, uint32_t a, uint32_t b, const char *name)
{
    const char *first = weft_xml_value(tree, a, name);
    const char *second = weft_xml_value(tree, b, name);

    return first != NULL && second != NULL && strcmp(first, second) == 0;
}

/* True for a bridge inside the switch above it: a downstream port, which leads to one device, or a
 * half of a Broadcom switch, which shows itself as two levels of equal bridges. A bridge with
 * several devices of another model is a switch of its own: its uplink is shared. */
static bool is_port(const struct weft_xml_tree *tree, uint32_t node, uint32_t parent_node)
{
    const char *vendor = weft_xml_value(tree, node, "vendor");

    /* Weft writes what it has merged, and means the rest. */
    if (weft_xml_value(tree, node, "weft_out") != NULL)
        return false;
    if (leaves_below(tree, node) < 2)
        return true;
    return vendor != NULL && strcmp(vendor, "0x1000") == 0 &&
           same_value(tree, node, parent_node, "vendor") &&
           same_value(tree, node, parent_node, "device");
}

/* "32.0 GT/s PCIe" is 320; "Unknown speed" and nothing are 0. */
static uint32_t speed_of(const struct weft_xml_tree *tree, uint32_t node)
{
    const char *text = weft_xml_value(tree, node, "link_speed");
    uint32_t tenths = 0;

    if (text == NULL)
        return 0;
    for (; *text >= '0' && *text <= '9' && tenths < 1000; text++)
        tenths = tenths * 10 + (uint32_t)(*text - '0');
    tenths *= 10;
    if (text[0] == '.' && text[1] >= '0' && text[1] <= '9')
        tenths += (uint32_t)(text[1] - '0');
    return tenths;
}

static void copy_lower(char *to, size_t size, const char *from)
{
    size_t used = 0;

    for (; *from != '\0' && used + 1 < size; from++)
        to[used++] = (char)(*from >= 'A' && *from <= 'Z' ? *from - 'A' + 'a' : *from);
    to[used] = '\0';
}

/* The number that the file gives a device among its kind. */
static uint64_t order_of(struct walk *walk, const struct weft_xml_slot *slot)
{
    const struct weft_xml_tree *tree = walk->slots->tree;
    uint64_t order = UINT64_MAX;

    if (weft_xml_number(tree, slot->node, "weft_index", RANK_MAX, &order, &walk->result, walk->why))
        return order;
    if (slot->unit == WEFT_NONE)
        return UINT64_MAX;
    if (slot->kind == WEFT_XML_SLOT_GPU)
        weft_xml_number(tree, slot->unit, "dev", RANK_MAX, &order, &walk->result, walk->why);
    for (uint32_t net = weft_xml_child(tree, slot->unit, "net"); net != WEFT_NONE;
         net = weft_xml_next(tree, tree->nodes[net].next, "net")) {
        uint64_t number;

        if (weft_xml_number(tree, net, "dev", RANK_MAX, &number, &walk->result, walk->why))
            order = weft_min(order, number);
    }
    return order;
}

static void fill_bus(struct walk *walk, struct weft_xml_slot *slot)
{
    const struct weft_xml_tree *tree = walk->slots->tree;
    const char *bus = weft_xml_value(tree, slot->node, "busid");

    if (weft_xml_value(tree, slot->node, "weft_no_bus") != NULL || slot->node == slot->unit)
        return;
    if (bus == NULL || bus[0] == '\0' || strlen(bus) >= sizeof(slot->bus)) {
        fail(walk, slot->node, weftInvalidArgument, "a <pci> needs a busid of 1 to 31 characters",
             "");
        return;
    }
    copy_lower(slot->bus, sizeof(slot->bus), bus);
    for (uint32_t i = 0; i < walk->slots->count; i++)
        if (strcmp(walk->slots->slots[i].bus, slot->bus) == 0)
            fail(walk, slot->node, weftInvalidArgument, "two devices have the busid ", slot->bus);
}

/* Adds a slot; its index, or WEFT_NONE after a failure. */
static uint32_t add_slot(struct walk *walk, uint32_t node, enum weft_xml_slot_kind kind,
                         uint32_t parent)
{
    struct weft_xml_slots *slots = walk->slots;
    struct weft_xml_slot *slot = &slots->slots[slots->count];
    uint64_t lanes = 0;

    if (slots->count == WEFT_XML_SLOTS_MAX) {
        fail(walk, node, weftNoResource, "more than 256 devices", "");
        return WEFT_NONE;
    }
    memset(slot, 0, sizeof(*slot));
    slot->kind = kind;
    slot->node = node;
    slot->cpu = walk->cpu;
    slot->parent = parent;
    slot->device = WEFT_NONE;
    slot->unit = kind == WEFT_XML_SLOT_GPU   ? weft_xml_child(slots->tree, node, "gpu")
                 : kind == WEFT_XML_SLOT_NIC ? weft_xml_child(slots->tree, node, "nic")
                                             : WEFT_NONE;
    if (strcmp(weft_xml_name(slots->tree, node), "nic") == 0)
        slot->unit = node;
    fill_bus(walk, slot);
    slot->order = order_of(walk, slot);
    slot->gts_tenths = speed_of(slots->tree, node);
    weft_xml_number(slots->tree, node, "link_width", LANES_MAX, &lanes, &walk->result, walk->why);
    slot->lanes = (uint32_t)lanes;
    return walk->result == weftSuccess ? slots->count++ : WEFT_NONE;
}

static void walk_children(struct walk *walk, uint32_t node, uint32_t parent);

static void walk_pci(struct walk *walk, uint32_t node, uint32_t parent)
{
    const struct weft_xml_tree *tree = walk->slots->tree;
    enum weft_xml_slot_kind kind = kind_of(tree, node);
    uint32_t below = parent;

    if (kind == WEFT_XML_SLOT_SWITCH) {
        bool written = weft_xml_value(tree, node, "weft_out") != NULL;

        if (!written && leaves_below(tree, node) == 0)
            return;
        if (parent != WEFT_NONE && is_port(tree, node, walk->slots->slots[parent].node))
            walk->slots->merged_count++;
        else
            below = add_slot(walk, node, kind, parent);
    } else if (kind != WEFT_XML_SLOT_OTHER) {
        add_slot(walk, node, kind, parent);
    }
    walk_children(walk, node, below);
}

/* As deep as the tree, which is bounded. */
static void walk_children(struct walk *walk, uint32_t node, uint32_t parent)
{
    const struct weft_xml_tree *tree = walk->slots->tree;
    uint32_t child = weft_xml_child(tree, node, "pci");

    for (; child != WEFT_NONE && walk->result == weftSuccess;
         child = weft_xml_next(tree, tree->nodes[child].next, "pci"))
        walk_pci(walk, child, parent);
}

static void add_cpu(struct walk *walk, uint32_t node)
{
    struct weft_xml_slots *slots = walk->slots;
    const char *text = weft_xml_value(slots->tree, node, "numaid");
    uint64_t numa = 0;
    uint32_t at = slots->cpu_count;

    /* NCCL writes -1 on machines without NUMA. */
    if (text != NULL && strcmp(text, "-1") != 0)
        weft_xml_number(slots->tree, node, "numaid", WEFT_NUMA_MAX, &numa, &walk->result,
                        walk->why);
    if (slots->cpu_count == WEFT_XML_SLOT_CPUS_MAX) {
        fail(walk, node, weftNoResource, "more than 64 CPUs", "");
        return;
    }
    for (; at > 0 && slots->cpus[at - 1].numa_node >= (int)numa; at--) {
        if (slots->cpus[at - 1].numa_node == (int)numa)
            fail(walk, node, weftInvalidArgument,
                 "two CPUs have the same numaid: a file describes one server", "");
        slots->cpus[at] = slots->cpus[at - 1];
    }
    slots->cpus[at].node = node;
    slots->cpus[at].numa_node = (int)numa;
    slots->cpu_count++;
}

static void check_root(struct walk *walk)
{
    const struct weft_xml_tree *tree = walk->slots->tree;
    const char *version = weft_xml_value(tree, 0, "version");

    if (strcmp(weft_xml_name(tree, 0), "system") != 0)
        fail(walk, 0, weftInvalidArgument, "an NCCL topology begins with <system>, not with ",
             weft_xml_name(tree, 0));
    else if (version != NULL && strcmp(version, "1") != 0)
        fail(walk, 0, weftInvalidArgument, "only version 1 is understood, not version ", version);
}

weftResult_t weft_xml_slots_init(struct weft_xml_slots *slots, const struct weft_xml_tree *tree,
                                 struct weft_text *why)
{
    struct walk walk = {.slots = slots, .why = why, .result = weftSuccess};

    memset(slots, 0, sizeof(*slots));
    slots->tree = tree;
    check_root(&walk);
    slots->complete = weft_xml_value(tree, 0, "weft_complete") != NULL;
    for (uint32_t cpu = weft_xml_child(tree, 0, "cpu"); cpu != WEFT_NONE;
         cpu = weft_xml_next(tree, tree->nodes[cpu].next, "cpu"))
        add_cpu(&walk, cpu);
    if (slots->cpu_count == 0)
        fail(&walk, 0, weftInvalidArgument, "there is no <cpu> in it", "");
    for (walk.cpu = 0; walk.cpu < slots->cpu_count; walk.cpu++) {
        uint32_t node = slots->cpus[walk.cpu].node;
        uint32_t nic = weft_xml_child(tree, node, "nic");

        walk_children(&walk, node, WEFT_NONE);
        /* Networks without a PCI device stand below the CPU itself. */
        for (; nic != WEFT_NONE && walk.result == weftSuccess;
             nic = weft_xml_next(tree, tree->nodes[nic].next, "nic"))
            add_slot(&walk, nic, WEFT_XML_SLOT_NIC, WEFT_NONE);
    }
    return walk.result;
}

static bool before(const struct weft_xml_slot *a, const struct weft_xml_slot *b)
{
    if (a->order != b->order)
        return a->order < b->order;
    return strcmp(a->bus, b->bus) < 0;
}

uint32_t weft_xml_slots_sorted(const struct weft_xml_slots *slots, enum weft_xml_slot_kind kind,
                               uint32_t sorted[WEFT_XML_SLOTS_MAX])
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < slots->count; i++) {
        uint32_t at = count;

        if (slots->slots[i].kind != kind)
            continue;
        /* Switches have no number: a switch stays before what is below it. */
        while (kind != WEFT_XML_SLOT_SWITCH && at > 0 &&
               before(&slots->slots[i], &slots->slots[sorted[at - 1]])) {
            sorted[at] = sorted[at - 1];
            at--;
        }
        sorted[at] = i;
        count++;
    }
    return count;
}
