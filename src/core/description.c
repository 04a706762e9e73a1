/* Descriptions of servers: chosen, written, read and checked. */
#include "description.h"

#define SERVER_KINDS                                                                               \
    (1u << weftDeviceGpu | 1u << weftDeviceDram | 1u << weftDeviceNic | 1u << weftDeviceSwitch |   \
     1u << weftDeviceCpu)

static bool is_told(const struct weft_topo *topo, uint32_t device)
{
    return (SERVER_KINDS >> topo->devices[device].kind & 1u) != 0;
}

/* `now` of each device that is told, by its number on its server. */
static void choose_devices(struct weft_description *description, const struct weft_topo *topo,
                           uint32_t now[WEFT_DEVICES_MAX])
{
    struct weft_topo *told = &description->topo;

    weft_topo_init(told, topo->name);
    for (uint32_t i = 0; i < topo->device_count; i++) {
        now[i] = WEFT_NONE;
        if (!is_told(topo, i))
            continue;
        now[i] = told->device_count++;
        told->devices[now[i]] = topo->devices[i];
        description->own[now[i]] = i;
    }
}

static void choose_links(struct weft_description *description, const struct weft_topo *topo,
                         const uint32_t now[WEFT_DEVICES_MAX])
{
    /* Both directions of a link follow each other. */
    for (uint32_t i = 0; i < topo->link_count; i += 2) {
        const struct weft_link *link = &topo->links[i];

        if (now[link->from] == WEFT_NONE || now[link->to] == WEFT_NONE)
            continue;
        (void)weft_topo_add_pair(&description->topo, now[link->from], now[link->to], link->kind,
                                 link->rate_bytes_per_us,
                                 topo->links[link->reverse].rate_bytes_per_us,
                                 link->duplex_bytes_per_us, link->latency_ns);
    }
}

uint32_t weft_description_link(const struct weft_topo *topo, uint32_t link)
{
    uint32_t number = link % 2;

    if (link >= topo->link_count || !is_told(topo, topo->links[link].from) ||
        !is_told(topo, topo->links[link].to))
        return WEFT_NONE;
    for (uint32_t i = 0; i + 1 < link; i += 2)
        if (is_told(topo, topo->links[i].from) && is_told(topo, topo->links[i].to))
            number += 2;
    return number;
}

static bool uses_nvlink(const struct weft_topo *topo, const struct weft_hop *hop)
{
    return hop->link_count > 0 && topo->links[hop->links[0]].kind == WEFT_LINK_NVL;
}

void weft_description_make(struct weft_description *description, uint32_t server,
                           const struct weft_topo *topo, const struct weft_hop_table *hops)
{
    uint32_t now[WEFT_DEVICES_MAX];

    description->server = server;
    description->hop_count = 0;
    choose_devices(description, topo, now);
    choose_links(description, topo, now);
    for (uint32_t i = 0; i < hops->count && description->hop_count < WEFT_DESCRIPTION_HOPS_MAX;
         i++) {
        const struct weft_hop *hop = &hops->hops[i];

        if (now[hop->src_device] == WEFT_NONE || now[hop->dst_device] == WEFT_NONE ||
            now[hop->port_device] == WEFT_NONE)
            continue;
        description->hops[description->hop_count++] = (struct weft_description_hop){
            (uint16_t)now[hop->src_device], (uint16_t)now[hop->dst_device],
            (uint16_t)now[hop->port_device], uses_nvlink(topo, hop)};
    }
}

/* ---- writing ---- */

static size_t name_length(const char name[32])
{
    size_t length = 0;

    while (length < 31 && name[length] != '\0')
        length++;
    return length;
}

void weft_description_write(const struct weft_description *description, struct weft_writer *writer)
{
    const struct weft_topo *topo = &description->topo;

    weft_writer_number(writer, WEFT_DESCRIPTION_VERSION, 2);
    weft_writer_number(writer, description->server, 4);
    weft_writer_number(writer, topo->device_count, 2);
    weft_writer_number(writer, topo->link_count / 2, 2);
    weft_writer_number(writer, description->hop_count, 2);
    for (uint32_t i = 0; i < topo->device_count; i++) {
        const struct weft_device *device = &topo->devices[i];
        size_t length = name_length(device->name);

        weft_writer_number(writer, device->kind, 1);
        weft_writer_number(writer, (uint64_t)device->numa_node + 1, 1);
        weft_writer_number(writer, description->own[i], 2);
        weft_writer_number(writer, device->memory_bytes, 8);
        weft_writer_number(writer, length, 1);
        weft_writer_bytes(writer, device->name, length);
    }
    for (uint32_t i = 0; i < topo->link_count; i += 2) {
        const struct weft_link *link = &topo->links[i];

        weft_writer_number(writer, link->from, 2);
        weft_writer_number(writer, link->to, 2);
        weft_writer_number(writer, link->kind, 1);
        weft_writer_number(writer, link->rate_bytes_per_us, 4);
        weft_writer_number(writer, topo->links[i + 1].rate_bytes_per_us, 4);
        weft_writer_number(writer, link->duplex_bytes_per_us, 4);
        weft_writer_number(writer, link->latency_ns, 4);
    }
    for (uint32_t i = 0; i < description->hop_count; i++) {
        weft_writer_number(writer, description->hops[i].src_device, 2);
        weft_writer_number(writer, description->hops[i].dst_device, 2);
        weft_writer_number(writer, description->hops[i].port_device, 2);
        weft_writer_number(writer, description->hops[i].peer, 1);
    }
}

/* ---- reading ---- */

/* Names are of letters, digits, '-', '_' and '.', so that they can stand in any sentence. */
static bool is_name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
}

static const char *read_device(struct weft_description *description, uint32_t index,
                               struct weft_reader *reader)
{
    struct weft_device *device = &description->topo.devices[index];
    uint64_t kind = weft_reader_number(reader, 1);
    uint64_t node = weft_reader_number(reader, 1);
    size_t length;

    memset(device, 0, sizeof(*device));
    description->own[index] = (uint32_t)weft_reader_number(reader, 2);
    device->memory_bytes = weft_reader_number(reader, 8);
    length = weft_reader_number(reader, 1);
    if (kind >= weftNumDeviceKinds || (SERVER_KINDS >> kind & 1u) == 0)
        return "a device is of no known kind";
    if (length == 0 || length > 15)
        return "a device's name is empty or too long";
    weft_reader_bytes(reader, device->name, length);
    for (size_t i = 0; i < length; i++)
        if (!is_name_character(device->name[i]))
            return "a device's name has strange characters";
    device->kind = (weftDeviceKind_t)kind;
    device->numa_node = (int)node - 1;
    return NULL;
}

static const char *read_link(struct weft_topo *topo, struct weft_reader *reader)
{
    uint32_t from = (uint32_t)weft_reader_number(reader, 2);
    uint32_t to = (uint32_t)weft_reader_number(reader, 2);
    uint64_t kind = weft_reader_number(reader, 1);
    uint64_t rate = weft_reader_number(reader, 4);
    uint64_t back = weft_reader_number(reader, 4);
    uint64_t duplex = weft_reader_number(reader, 4);
    weft_ns latency_ns = weft_reader_number(reader, 4);

    if (from == to || kind >= WEFT_LINK_KINDS)
        return "a link joins a device with itself, or is of no known kind";
    if (weft_topo_add_pair(topo, from, to, (enum weft_link_kind)kind, rate, back, duplex,
                           latency_ns) == WEFT_NONE)
        return "a link joins devices that are not there, or there are too many";
    return NULL;
}

static const char *read_hop(struct weft_description *description, struct weft_reader *reader)
{
    struct weft_description_hop hop;
    uint32_t count = description->topo.device_count;

    hop.src_device = (uint16_t)weft_reader_number(reader, 2);
    hop.dst_device = (uint16_t)weft_reader_number(reader, 2);
    hop.port_device = (uint16_t)weft_reader_number(reader, 2);
    hop.peer = (uint8_t)(weft_reader_number(reader, 1) & 1);
    if (hop.src_device >= count || hop.dst_device >= count || hop.port_device >= count)
        return "a hop joins devices that are not there";
    description->hops[description->hop_count++] = hop;
    return NULL;
}

const char *weft_description_read(struct weft_description *description, struct weft_reader *reader)
{
    uint64_t version = weft_reader_number(reader, 2);
    uint32_t server = (uint32_t)weft_reader_number(reader, 4);
    uint64_t devices = weft_reader_number(reader, 2);
    uint64_t links = weft_reader_number(reader, 2);
    uint64_t hops = weft_reader_number(reader, 2);
    const char *why = NULL;

    if (reader->failed || version != WEFT_DESCRIPTION_VERSION)
        return "it is of another version of Weft; both sides need the same one";
    if (devices > WEFT_DEVICES_MAX || links > WEFT_LINKS_MAX / 2 ||
        hops > WEFT_DESCRIPTION_HOPS_MAX)
        return "it has too many devices, links or hops";
    description->server = server;
    description->hop_count = 0;
    weft_topo_init(&description->topo, "");
    for (uint64_t i = 0; why == NULL && i < devices; i++) {
        why = read_device(description, (uint32_t)i, reader);
        description->topo.device_count += why == NULL;
    }
    for (uint64_t i = 0; why == NULL && i < links; i++)
        why = read_link(&description->topo, reader);
    for (uint64_t i = 0; why == NULL && i < hops; i++)
        why = read_hop(description, reader);
    if (reader->failed)
        return "it ends too early";
    return why == NULL ? weft_topo_check(&description->topo) : why;
}
