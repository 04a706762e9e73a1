/* Descriptions of servers: any bytes describe one that holds together, or none. What was read is
 * written and read again alike, and joins a world without a hop or a link that leads nowhere. */
#include <string.h>

#include "core/preset.h"
#include "core/world.h"
#include "fuzz.h"

static struct weft_description description;
static struct weft_description again;
static struct weft_world world;
static struct weft_topo here;
static struct weft_hop_table no_hops;
static uint8_t first_bytes[WEFT_DESCRIPTION_BYTES];
static uint8_t second_bytes[WEFT_DESCRIPTION_BYTES];

static size_t write_to(const struct weft_description *from, uint8_t bytes[WEFT_DESCRIPTION_BYTES])
{
    struct weft_writer writer;

    writer = weft_writer_of(bytes, WEFT_DESCRIPTION_BYTES);
    weft_description_write(from, &writer);
    return writer.failed ? 0 : writer.used;
}

static void check_again(void)
{
    struct weft_reader reader;
    size_t size = write_to(&description, first_bytes);
    const char *why;

    if (size == 0)
        return;
    reader = weft_reader_of(first_bytes, size);
    why = weft_description_read(&again, &reader);
    weft_assert(why == NULL);
    weft_assert(write_to(&again, second_bytes) == size);
    weft_assert(memcmp(first_bytes, second_bytes, size) == 0);
}

static void check_world(void)
{
    const struct weft_topo *topo = &world.topo;

    for (uint32_t i = 0; i < world.hops.count; i++) {
        const struct weft_hop *hop = &world.hops.hops[i];

        weft_assert(hop->src_device < topo->device_count);
        weft_assert(hop->dst_device < topo->device_count);
        weft_assert(hop->port_device < topo->device_count);
        for (uint32_t k = 0; k < hop->link_count; k++)
            weft_assert(hop->links[k] < topo->link_count);
    }
    for (uint32_t i = 0; i < topo->link_count; i++) {
        weft_assert(topo->links[i].from < topo->device_count);
        weft_assert(topo->links[i].to < topo->device_count);
    }
}

/* Two servers that describe themselves so, the second perhaps without room. */
static void join_twice(void)
{
    static const char *const names[] = {"10.0.0.2", "10.0.0.3"};

    if (!weft_preset_fill("hgx-h100", &here))
        return;
    weft_hop_init(&no_hops);
    weft_world_init(&world, &here, &no_hops);
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(names); i++) {
        struct weft_world_peer peer;
        uint32_t first;

        if (!weft_world_join(&world, &description, names[i], 1, 1, &peer))
            break;
        for (uint32_t lane = 0; lane < 2; lane++)
            (void)weft_world_lane(&world, &peer, lane, lane, true, 1, 1, &first);
    }
    check_world();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct weft_reader reader;

    reader = weft_reader_of(bytes, size);
    if (weft_description_read(&description, &reader) != NULL)
        return 0;
    weft_assert(description.topo.device_count <= WEFT_DEVICES_MAX);
    weft_assert(description.hop_count <= WEFT_DESCRIPTION_HOPS_MAX);
    weft_assert(weft_topo_check(&description.topo) == NULL);
    check_again();
    join_twice();
    return 0;
}
