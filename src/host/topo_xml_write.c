/* Writing a topology as NCCL's XML.
 *
 * NCCL finds what it needs (PCI classes, link speeds, gpu, nvlink, nic and net elements) in its own
 * words, rounded to its own units; the exact figures stand beside them in weft_ attributes. Every
 * device and link that is written is counted: what the format has no place for is an error, not a
 * loss. */
#include "topo_xml.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "log.h"
#include "topo_facts.h"
#include "topo_xml_out.h"

#define LANES              16
#define LANES_OF_SSD       4
#define HIDDEN_NVSWITCH    "fffffff:ffff:ff" /* NCCL's word for one without an address */
#define ADDRESS_BYTES      32
#define NVSWITCH_IS_SWITCH "0x068000"

struct writer {
    const struct weft_topo *topo;
    struct weft_xml_out out;
    uint32_t device_count; /* written so far */
    uint32_t link_count;
    uint32_t net_count;
};

/* The exact figures of a link in its outgoing direction, and of its reverse. */
static void attribute_span(struct writer *writer, uint32_t link)
{
    const struct weft_link *out = &writer->topo->links[link];

    weft_xml_out_number(&writer->out, "weft_out", out->rate_bytes_per_us);
    weft_xml_out_number(&writer->out, "weft_in",
                        writer->topo->links[out->reverse].rate_bytes_per_us);
    weft_xml_out_number(&writer->out, "weft_duplex", out->duplex_bytes_per_us);
    weft_xml_out_number(&writer->out, "weft_latency", out->latency_ns);
}

static void attribute_model(struct writer *writer, const struct weft_device *device)
{
    weft_xml_out_text(&writer->out, "weft_model", device->model);
    if (device->memory_bytes > 0)
        weft_xml_out_number(&writer->out, "weft_memory", device->memory_bytes);
}

/* The address of a device; one that only says its place where it has none. */
static void address_of(const struct weft_topo *topo, uint32_t device, char address[ADDRESS_BYTES])
{
    if (topo->devices[device].bus[0] != '\0')
        weft_text_copy(address, ADDRESS_BYTES, topo->devices[device].bus);
    else
        weft_format(address, ADDRESS_BYTES, "ffff:%02x:00.0", device);
}

/* The number of a device among those of its kind. */
static uint32_t number_of(const struct weft_topo *topo, uint32_t device)
{
    uint32_t number = 0;

    for (uint32_t i = 0; i < device; i++)
        number += topo->devices[i].kind == topo->devices[device].kind;
    return number;
}

/* The link by which a device hangs on its CPU or on a switch; WEFT_NONE without one. */
static uint32_t host_link(const struct weft_topo *topo, uint32_t device)
{
    if (topo->devices[device].kind == weftDeviceCpu)
        return WEFT_NONE;
    for (uint32_t i = 0; i < topo->link_count; i++) {
        const struct weft_link *link = &topo->links[i];
        weftDeviceKind_t above = topo->devices[link->to].kind;

        if (link->from != device || (link->kind != WEFT_LINK_PCI && link->kind != WEFT_LINK_DISK &&
                                     link->kind != WEFT_LINK_C2C))
            continue;
        if (above == weftDeviceCpu)
            return i;
        /* Of two switches the later one is below: a link's name says so too. */
        if (above == weftDeviceSwitch &&
            (topo->devices[device].kind != weftDeviceSwitch || link->to < device))
            return i;
    }
    return WEFT_NONE;
}

static void write_nvlinks(struct writer *writer, uint32_t gpu)
{
    const struct weft_topo *topo = writer->topo;

    for (uint32_t i = 0; i < topo->link_count; i++) {
        const struct weft_link *link = &topo->links[i];
        const struct weft_device *to = &topo->devices[link->to];
        char address[ADDRESS_BYTES] = HIDDEN_NVSWITCH;

        if (link->from != gpu || link->kind != WEFT_LINK_NVL)
            continue;
        if (to->kind == weftDeviceGpu)
            address_of(topo, link->to, address);
        weft_xml_out_open(&writer->out, "nvlink");
        weft_xml_out_text(&writer->out, "target", address);
        weft_xml_out_number(
            &writer->out, "count",
            weft_facts_nvlink_count(topo->devices[gpu].sm, link->rate_bytes_per_us));
        weft_xml_out_text(&writer->out, "tclass",
                          to->kind == weftDeviceGpu ? "0x030200" : NVSWITCH_IS_SWITCH);
        attribute_span(writer, i);
        weft_xml_out_close(&writer->out);
        /* Both ends write a link between GPUs; it counts once. */
        if (to->kind != weftDeviceGpu || gpu < link->to)
            writer->link_count += 2;
    }
}

static void write_gpu(struct writer *writer, uint32_t gpu, uint32_t link)
{
    const struct weft_topo *topo = writer->topo;

    weft_xml_out_open(&writer->out, "gpu");
    weft_xml_out_number(&writer->out, "dev", number_of(topo, gpu));
    weft_xml_out_number(&writer->out, "sm", topo->devices[gpu].sm);
    weft_xml_out_number(&writer->out, "rank", number_of(topo, gpu));
    weft_xml_out_text(&writer->out, "gdr", "1");
    weft_xml_out_enter(&writer->out);
    write_nvlinks(writer, gpu);
    if (topo->links[link].kind == WEFT_LINK_C2C) {
        weft_xml_out_open(&writer->out, "c2c");
        weft_xml_out_number(&writer->out, "bw", topo->links[link].rate_bytes_per_us);
        weft_xml_out_text(&writer->out, "count", "1");
        attribute_span(writer, link);
        weft_xml_out_close(&writer->out);
    }
    weft_xml_out_leave(&writer->out, "gpu");
}

/* The names of a NIC's ports, of which its model may be the list; its own name where it is not. */
static uint32_t port_names(const struct weft_topo *topo, uint32_t nic, char *names, size_t size)
{
    const char *model = topo->devices[nic].model;
    uint32_t count = 1;
    bool own = model[0] != '\0' && strchr(model, ' ') == NULL;

    for (uint32_t i = 0; i < topo->device_count; i++)
        if (i != nic && strcmp(topo->devices[i].model, model) == 0)
            own = false;
    weft_text_copy(names, size, own ? model : topo->devices[nic].name);
    for (char *at = names; *at != '\0'; at++) {
        if (*at != '+')
            continue;
        *at = '\0';
        count++;
    }
    return count;
}

static void write_nic(struct writer *writer, uint32_t nic)
{
    const struct weft_topo *topo = writer->topo;
    char names[sizeof(topo->devices[0].model)];
    const char *name = names;
    uint32_t ports = port_names(topo, nic, names, sizeof(names));
    uint32_t link = 0;
    uint64_t mbps;

    while (link < topo->link_count &&
           (topo->links[link].from != nic || topo->links[link].kind != WEFT_LINK_NET))
        link++;
    if (link == topo->link_count)
        return;
    writer->link_count += 2;
    weft_xml_out_open(&writer->out, "nic");
    if (host_link(topo, nic) == WEFT_NONE) {
        weft_xml_out_number(&writer->out, "weft_index", number_of(topo, nic));
        attribute_model(writer, &topo->devices[nic]);
    }
    attribute_span(writer, link);
    weft_xml_out_enter(&writer->out);
    mbps = weft_facts_net_mbps(topo->links[link].rate_bytes_per_us) / ports;
    for (uint32_t port = 0; port < ports; port++) {
        weft_xml_out_open(&writer->out, "net");
        weft_xml_out_text(&writer->out, "name", name);
        weft_xml_out_number(&writer->out, "dev", writer->net_count++);
        weft_xml_out_number(&writer->out, "speed", weft_max(1, mbps));
        weft_xml_out_number(&writer->out, "port", port + 1);
        weft_xml_out_text(&writer->out, "latency", "0.000000");
        weft_xml_out_number(&writer->out, "guid", number_of(topo, nic) + 1);
        weft_xml_out_text(&writer->out, "maxconn", "131072");
        weft_xml_out_text(&writer->out, "gdr", "1");
        weft_xml_out_close(&writer->out);
        name += strlen(name) + 1;
    }
    weft_xml_out_leave(&writer->out, "nic");
}

static void attribute_pcie(struct writer *writer, uint32_t device, uint32_t link)
{
    const struct weft_link *out = &writer->topo->links[link];
    uint64_t rate = writer->topo->links[out->reverse].rate_bytes_per_us;
    bool ssd = writer->topo->devices[device].kind == weftDeviceSsd;
    char speed[32];
    struct weft_text text;

    if (ssd)
        rate = weft_max(rate, out->rate_bytes_per_us) * (LANES / LANES_OF_SSD);
    weft_text_init(&text, speed, sizeof(speed));
    weft_text_fixed(&text, weft_facts_pcie_speed(rate), 1);
    weft_text_add(&text, " GT/s PCIe");
    weft_xml_out_text(&writer->out, "link_speed", speed);
    weft_xml_out_number(&writer->out, "link_width", ssd ? LANES_OF_SSD : LANES);
}

static void attribute_gpu_ids(struct writer *writer, const struct weft_device *device)
{
    const struct weft_facts_gpu *facts = weft_facts_gpu_named(device->model);
    char number[16];

    weft_xml_out_text(&writer->out, "vendor", "0x10de");
    if (facts == NULL)
        return;
    weft_format(number, sizeof(number), "0x%04x", facts->device);
    weft_xml_out_text(&writer->out, "device", number);
}

static const char *const classes[weftNumDeviceKinds] = {
    [weftDeviceGpu] = "0x030200",    [weftDeviceNic] = "0x020000", [weftDeviceSsd] = "0x010802",
    [weftDeviceSwitch] = "0x060400", [weftDeviceDram] = "",        [weftDeviceCpu] = "",
};

static void write_below(struct writer *writer, uint32_t parent);

static void write_pci(struct writer *writer, uint32_t device, uint32_t link)
{
    const struct weft_device *d = &writer->topo->devices[device];
    char address[ADDRESS_BYTES];

    address_of(writer->topo, device, address);
    weft_xml_out_open(&writer->out, "pci");
    weft_xml_out_text(&writer->out, "busid", address);
    if (d->bus[0] == '\0')
        weft_xml_out_text(&writer->out, "weft_no_bus", "1");
    weft_xml_out_text(&writer->out, "class", classes[d->kind]);
    if (d->kind == weftDeviceGpu)
        attribute_gpu_ids(writer, d);
    attribute_pcie(writer, device, link);
    weft_xml_out_number(&writer->out, "weft_index", number_of(writer->topo, device));
    attribute_model(writer, d);
    if (writer->topo->links[link].kind != WEFT_LINK_C2C)
        attribute_span(writer, link);
    weft_xml_out_enter(&writer->out);
    writer->device_count++;
    writer->link_count += 2;
    if (d->kind == weftDeviceGpu)
        write_gpu(writer, device, link);
    else if (d->kind == weftDeviceNic)
        write_nic(writer, device);
    else if (d->kind == weftDeviceSwitch)
        write_below(writer, device);
    weft_xml_out_leave(&writer->out, "pci");
}

/* Every device that hangs on `parent`. */
static void write_below(struct writer *writer, uint32_t parent)
{
    for (uint32_t i = 0; i < writer->topo->device_count; i++) {
        uint32_t link = host_link(writer->topo, i);

        if (link != WEFT_NONE && writer->topo->links[link].to == parent)
            write_pci(writer, i, link);
    }
}

/* The memory whose link leads to this CPU. */
static void write_memory(struct writer *writer, uint32_t cpu)
{
    for (uint32_t i = 0; i < writer->topo->link_count; i++) {
        const struct weft_link *link = &writer->topo->links[i];

        if (link->to != cpu || link->kind != WEFT_LINK_MEM)
            continue;
        weft_xml_out_open(&writer->out, "weft_dram");
        attribute_model(writer, &writer->topo->devices[link->from]);
        attribute_span(writer, i);
        weft_xml_out_close(&writer->out);
        writer->device_count++;
        writer->link_count += 2;
    }
}

/* NICs that no PCI device is known of stand below the CPU of their NUMA node. */
static void write_loose_nics(struct writer *writer, uint32_t cpu)
{
    const struct weft_topo *topo = writer->topo;

    for (uint32_t i = 0; i < topo->device_count; i++) {
        if (topo->devices[i].kind != weftDeviceNic || host_link(topo, i) != WEFT_NONE ||
            topo->devices[i].numa_node != topo->devices[cpu].numa_node)
            continue;
        write_nic(writer, i);
        writer->device_count++;
    }
}

static void write_cpu(struct writer *writer, uint32_t cpu)
{
    const struct weft_device *device = &writer->topo->devices[cpu];
    const struct weft_facts_cpu *facts = weft_facts_cpu_named(device->model);

    weft_xml_out_open(&writer->out, "cpu");
    weft_xml_out_number(&writer->out, "numaid",
                        (uint64_t)(device->numa_node < 0 ? 0 : device->numa_node));
    weft_xml_out_text(&writer->out, "arch", facts->arch);
    weft_xml_out_text(&writer->out, "vendor", facts->vendor);
    weft_xml_out_number(&writer->out, "familyid", facts->family);
    weft_xml_out_number(&writer->out, "modelid", facts->model_least);
    weft_xml_out_text(&writer->out, "weft_model", device->model);
    weft_xml_out_enter(&writer->out);
    writer->device_count++;
    write_memory(writer, cpu);
    write_below(writer, cpu);
    write_loose_nics(writer, cpu);
    weft_xml_out_leave(&writer->out, "cpu");
}

static void write_sockets(struct writer *writer)
{
    const struct weft_topo *topo = writer->topo;

    for (uint32_t i = 0; i < topo->link_count; i++) {
        const struct weft_link *link = &topo->links[i];

        if (link->kind != WEFT_LINK_SYS || link->from > link->to)
            continue;
        weft_xml_out_open(&writer->out, "weft_socket");
        weft_xml_out_number(&writer->out, "from", (uint64_t)topo->devices[link->from].numa_node);
        weft_xml_out_number(&writer->out, "to", (uint64_t)topo->devices[link->to].numa_node);
        attribute_span(writer, i);
        weft_xml_out_close(&writer->out);
        writer->link_count += 2;
    }
}

static bool is_reached(const struct weft_topo *topo, uint32_t device)
{
    for (uint32_t i = 0; device != WEFT_NONE && i < topo->link_count; i++)
        if (topo->links[i].to == device)
            return true;
    return false;
}

/* Hubs have no element of their own: they come back when a link leads to them. */
static uint32_t hub_count(const struct weft_topo *topo)
{
    uint32_t count = 0;

    if (is_reached(topo, weft_topo_find(topo, "nvswitch0")))
        count++;
    if (is_reached(topo, weft_topo_find(topo, "net0")))
        count++;
    return count;
}

weftResult_t weft_topo_xml_format(const struct weft_topo *topo, char *text, size_t size,
                                  char why[WEFT_TOPO_WHY_BYTES])
{
    struct writer writer = {.topo = topo};

    weft_text_init(&writer.out.text, text, size);
    weft_xml_out_open(&writer.out, "system");
    weft_xml_out_text(&writer.out, "version", "1");
    weft_xml_out_text(&writer.out, "weft_complete", "1");
    weft_xml_out_text(&writer.out, "weft_name", topo->name);
    weft_xml_out_enter(&writer.out);
    for (uint32_t i = 0; i < topo->note_count; i++) {
        weft_xml_out_open(&writer.out, "weft_note");
        weft_xml_out_text(&writer.out, "text", topo->notes[i]);
        weft_xml_out_close(&writer.out);
    }
    for (uint32_t i = 0; i < topo->device_count; i++)
        if (topo->devices[i].kind == weftDeviceCpu)
            write_cpu(&writer, i);
    write_sockets(&writer);
    weft_xml_out_leave(&writer.out, "system");
    if (writer.out.text.cut) {
        weft_format(why, WEFT_TOPO_WHY_BYTES, "the topology's XML does not fit in %zu bytes", size);
        return weftNoResource;
    }
    if (writer.device_count + hub_count(topo) != topo->device_count ||
        writer.link_count != topo->link_count) {
        weft_format(why, WEFT_TOPO_WHY_BYTES,
                    "the topology '%s' has devices or links that NCCL's XML has no place for "
                    "(%u of %u devices, %u of %u links are written)",
                    topo->name, writer.device_count + hub_count(topo), topo->device_count,
                    writer.link_count, topo->link_count);
        return weftInvalidUsage;
    }
    return weftSuccess;
}

weftResult_t weft_topo_xml_write(const char *path, const struct weft_topo *topo,
                                 char why[WEFT_TOPO_WHY_BYTES])
{
    char *text = malloc(WEFT_TOPO_XML_BYTES);
    FILE *file = NULL;
    weftResult_t result;
    bool written;

    if (text == NULL) {
        weft_format(why, WEFT_TOPO_WHY_BYTES, "no memory for the topology's XML");
        return weftSystemError;
    }
    result = weft_topo_xml_format(topo, text, WEFT_TOPO_XML_BYTES, why);
    if (result != weftSuccess)
        goto done;
    file = fopen(path, "we");
    written = file != NULL && fputs(text, file) >= 0;
    if (file != NULL && fclose(file) != 0)
        written = false;
    if (!written) {
        weft_format(why, WEFT_TOPO_WHY_BYTES, "the topology file '%.300s' cannot be written: %s",
                    path, strerror(errno));
        result = weftSystemError;
    }
done:
    free(text);
    return result;
}
