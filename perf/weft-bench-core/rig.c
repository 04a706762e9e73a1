/* The engine's host in miniature. */
#include "rig.h"

#include <stdlib.h>

#include "core/preset.h"
#include "core/relay.h"

#define WINDOW_BYTES   WEFT_GIB(4)
#define HOP_NS         3000
#define COPY_NS        1000 /* between the ends of two copies */
#define DEADLINE_NS    UINT64_C(1000000000000)
#define PLACE_STEP     7919 /* a prime: the source page of the next destination page */
#define FIRST_RELAY    WEFT_DEVICES_MAX
#define CONFIG_WINDOWS (2 * WEFT_DEVICES_MAX)

static bool is_gpu(const struct weft_rig *rig, uint32_t device)
{
    return rig->topo.devices[device].kind == weftDeviceGpu;
}

static bool holds(const struct weft_rig *rig, uint32_t device)
{
    return is_gpu(rig, device) || rig->topo.devices[device].kind == weftDeviceDram;
}

static void add_hops(struct weft_rig *rig)
{
    for (uint32_t src = 0; src < rig->topo.device_count; src++)
        for (uint32_t dst = 0; dst < rig->topo.device_count; dst++) {
            bool peers = is_gpu(rig, src) && is_gpu(rig, dst);

            if (src == dst || !holds(rig, src) || !holds(rig, dst))
                continue;
            if (is_gpu(rig, src) || is_gpu(rig, dst))
                weft_hop_add(&rig->hops, &rig->topo, src, dst, is_gpu(rig, src) ? src : dst, peers,
                             0, HOP_NS);
        }
}

static void add_windows(struct weft_rig *rig)
{

    for (uint32_t i = 0; i < rig->topo.device_count; i++) {
        if (!holds(rig, i))
            continue;
        weft_assert(weft_engine_window_add(rig->engine, i, i, WINDOW_BYTES, WEFT_RIGHTS_ALL) ==
                    weftSuccess);
        weft_engine_relay_add(rig->engine, i, FIRST_RELAY + i, (uint32_t)rig->config.relay_slots);
        rig->windows++;
    }
}

struct weft_rig *weft_rig_open(const char *preset)
{
    struct weft_rig *rig = calloc(1, sizeof(*rig));
    struct weft_engine_input input;
    const char *why = NULL;

    if (rig == NULL || !weft_preset_fill(preset, &rig->topo))
        goto fail;
    weft_config_init(&rig->config);
    rig->config.windows_max = CONFIG_WINDOWS;
    rig->now = 1;
    add_hops(rig);
    input = (struct weft_engine_input){
        .config = &rig->config, .topo = &rig->topo, .hops = &rig->hops, .blocks = rig->blocks};
    rig->memory = aligned_alloc(64, (weft_engine_size(&input) + 63) / 64 * 64);
    if (rig->memory == NULL)
        goto fail;
    rig->engine = weft_engine_init(&input, rig->memory, rig->now, &why);
    if (rig->engine == NULL)
        goto fail;
    add_windows(rig);
    return rig;
fail:
    weft_rig_close(rig);
    return NULL;
}

void weft_rig_close(struct weft_rig *rig)
{
    if (rig == NULL)
        return;
    free(rig->memory);
    free(rig);
}

void weft_rig_submit(struct weft_rig *rig, uint32_t tag, uint32_t src_device, uint32_t dst_device,
                     uint32_t first_block, uint64_t size_bytes)
{
    struct weft_op op = {.tag = tag,
                         .dst_window = dst_device,
                         .src_window = src_device,
                         .first_block = first_block,
                         .size_bytes = size_bytes,
                         .deadline_at = rig->now + DEADLINE_NS,
                         .signal = {.window = WEFT_NONE}};

    weft_assert(weft_engine_submit(rig->engine, &op, rig->now) == weftSuccess);
}

static void take_actions(struct weft_rig *rig)
{
    struct weft_action action;

    while (weft_engine_next(rig->engine, &action, rig->now)) {
        if (action.kind == WEFT_ACTION_COMPLETE) {
            weft_assert(action.result == weftSuccess);
            rig->ended++;
            continue;
        }
        weft_assert(rig->queue_count < WEFT_RIG_COPIES_MAX);
        rig->queue[(rig->queue_first + rig->queue_count++) % WEFT_RIG_COPIES_MAX] = action.cookie;
        rig->copies++;
    }
}

/* Takes all actions, then ends the oldest copy. False when there was nothing to do. */
static bool step(struct weft_rig *rig)
{
    struct weft_event event = {.kind = WEFT_EVENT_COPY_ENDED, .result = weftSuccess};
    weft_ns deadline_at;

    take_actions(rig);
    deadline_at = weft_engine_deadline(rig->engine);
    if (rig->queue_count == 0 && deadline_at == WEFT_NEVER)
        return false;
    rig->now = rig->queue_count == 0 ? weft_max(rig->now, deadline_at) : rig->now + COPY_NS;
    if (deadline_at <= rig->now)
        weft_engine_expire(rig->engine, rig->now);
    if (rig->queue_count == 0)
        return true;
    event.cookie = rig->queue[rig->queue_first];
    rig->queue_first = (rig->queue_first + 1) % WEFT_RIG_COPIES_MAX;
    rig->queue_count--;
    weft_engine_event(rig->engine, &event, rig->now);
    return true;
}

void weft_rig_run(struct weft_rig *rig, uint64_t ended)
{
    bool goes_on = true;

    while (rig->ended < ended) {
        weft_assert(goes_on);
        goes_on = step(rig);
    }
}

void weft_rig_one_extent(struct weft_rig *rig, uint32_t block, uint64_t size_bytes)
{
    rig->blocks[block] =
        (struct weft_extent_block){.count = 1, .next = WEFT_NONE, .extents = {{0, 0, size_bytes}}};
}

uint64_t weft_rig_pages(struct weft_rig *rig, uint32_t count, uint64_t page_bytes)
{
    uint32_t block = 0;

    weft_assert(count <= WEFT_RIG_BLOCKS_MAX * WEFT_EXTENT_BLOCK_MAX);
    rig->blocks[0] = (struct weft_extent_block){.count = 0, .next = WEFT_NONE};
    for (uint32_t i = 0; i < count; i++) {
        uint64_t place = (uint64_t)i * PLACE_STEP % count;
        struct weft_extent extent = {i * page_bytes * 2, place * page_bytes * 2, page_bytes};

        if (weft_extent_append(&rig->blocks[block], &extent))
            continue;
        rig->blocks[block].next = block + 1;
        block++;
        rig->blocks[block] = (struct weft_extent_block){.count = 0, .next = WEFT_NONE};
        weft_assert(weft_extent_append(&rig->blocks[block], &extent));
    }
    return count * page_bytes;
}

uint64_t weft_rig_count(const struct weft_rig *rig, enum weft_trace_event event)
{
    return weft_engine_trace(rig->engine)->counts[event];
}
