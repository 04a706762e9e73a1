/* Opens what relay.h says: a port, two lanes, three windows. The transport is found in the
 * library's own table; everything opened is closed in the opposite order. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "common/checksum.h"
#include "host/registry.h"
#include "relay.h"

#define TRANSPORT  "cuda"
#define PAGE_BYTES 4096
#define GPU        0
#define DRAM       1
#define DEVICES    2

static void log_line(int level, const char *text)
{
    if (level <= 1)
        (void)fprintf(stderr, "weft-one-gpu-relay: %s\n", text);
}

static const struct weft_transport_ops *transport_find(void)
{
    const struct weft_registry_row *row;

    for (uint32_t i = 0; (row = weft_registry_row(i)) != NULL; i++)
        if (weft_text_equal(row->ops->name, TRANSPORT))
            return row->ops;
    return NULL;
}

static bool gpu_find(struct weft_relay_rig *rig, char why[WEFT_WHY_BYTES])
{
    char reason[256] = "";
    uint32_t count = 0;

    rig->ops = transport_find();
    if (rig->ops == NULL) {
        (void)snprintf(why, WEFT_WHY_BYTES, "this Weft has no transport '%s'", TRANSPORT);
        return false;
    }
    if (rig->ops->probe(&rig->env, &rig->found, 1, &count, reason) != weftSuccess || count == 0) {
        (void)snprintf(why, WEFT_WHY_BYTES,
                       "no GPU to measure: %s; --node hgx-h100 measures on an emulated machine",
                       reason);
        return false;
    }
    rig->gpu = (struct weft_device_ref){
        .device = GPU, .kind = weftDeviceGpu, .numa_node = rig->found.numa_node};
    weft_text_copy(rig->gpu.bus, sizeof(rig->gpu.bus), rig->found.bus);
    rig->dram = (struct weft_device_ref){.device = DRAM, .kind = weftDeviceDram};
    return true;
}

static bool lanes_open(struct weft_relay_rig *rig, char why[WEFT_WHY_BYTES])
{
    const struct weft_device_ref devices[DEVICES] = {[GPU] = rig->gpu, [DRAM] = rig->dram};
    struct weft_hop_offer offers[DEVICES * DEVICES];
    uint32_t offer_count = 0;
    weftResult_t result = rig->ops->hops(&rig->env, devices, DEVICES, offers, &offer_count);

    for (uint32_t i = 0; i < offer_count && result == weftSuccess; i++) {
        if (offers[i].src_device != GPU)
            continue;
        result = rig->ops->connect(
            rig->port, &offers[i],
            &rig->lanes[offers[i].dst_device == GPU ? WEFT_RELAY_INSIDE : WEFT_RELAY_OUT]);
        rig->lane_count += result == weftSuccess;
    }
    if (result == weftSuccess && rig->lane_count == WEFT_RELAY_LANES)
        return true;
    (void)snprintf(
        why, WEFT_WHY_BYTES, "the GPU at %s has not both lanes, inside it and to host memory: %s",
        rig->gpu.bus, result == weftSuccess ? "not offered" : weftGetErrorString(result));
    return false;
}

static bool window_open(struct weft_relay_rig *rig, enum weft_relay_window window, uint64_t size,
                        char why[WEFT_WHY_BYTES])
{
    bool is_host = window == WEFT_RELAY_HOST;
    char reason[256] = "no memory";
    weftResult_t result = weftSuccess;

    if (is_host)
        rig->memory[window] = aligned_alloc(PAGE_BYTES, size);
    else
        result = rig->ops->alloc(rig->port, size, &rig->memory[window]);
    if (result == weftSuccess && rig->memory[window] != NULL)
        rig->added[window] =
            rig->ops->window_add(rig->port, window, is_host ? &rig->dram : &rig->gpu,
                                 rig->memory[window], size, reason) == weftSuccess;
    if (!rig->added[window])
        (void)snprintf(why, WEFT_WHY_BYTES, "%llu bytes of %s cannot be used: %s; try --max 64M",
                       (unsigned long long)size, is_host ? "host memory" : "the GPU's memory",
                       reason);
    return rig->added[window];
}

bool weft_relay_rig_open(struct weft_relay_rig *rig, const struct weft_testbed *testbed,
                         const char *driver, uint64_t size_max, char why[WEFT_WHY_BYTES])
{
    uint64_t room = (size_max + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    weftResult_t result;

    memset(rig, 0, sizeof(*rig));
    rig->testbed = testbed;
    weft_testbed_driver(testbed, rig->driver);
    if (!testbed->emulated)
        weft_text_copy(rig->driver, sizeof(rig->driver), driver);
    rig->env = (struct weft_transport_env){.cookies_max = WEFT_RELAY_COOKIES,
                                           .windows_max = WEFT_RELAY_WINDOWS,
                                           .driver = rig->driver,
                                           .log = log_line};
    if (!gpu_find(rig, why))
        return false;
    result = rig->ops->open(&rig->env, &rig->gpu, &rig->port);
    if (result != weftSuccess) {
        (void)snprintf(why, WEFT_WHY_BYTES, "the GPU at %s cannot be opened: %s", rig->gpu.bus,
                       weftGetErrorString(result));
        return false;
    }
    if (lanes_open(rig, why) && window_open(rig, WEFT_RELAY_SOURCE, room, why) &&
        window_open(rig, WEFT_RELAY_STAGING, WEFT_RELAY_SLOTS * WEFT_RELAY_SLOT_BYTES, why) &&
        window_open(rig, WEFT_RELAY_HOST, room, why))
        return true;
    weft_relay_rig_close(rig);
    return false;
}

/* After a failure copies may still fly: false when they do not end. */
static bool lanes_settle(struct weft_relay_rig *rig)
{
    weft_ns deadline_at = weft_testbed_now(rig->testbed) + WEFT_RELAY_WAIT_NS;
    struct weft_completion ended[WEFT_RELAY_COOKIES];

    for (uint32_t lane = 0; lane < rig->lane_count; lane++)
        while (rig->ops->fence(rig->port, rig->lanes[lane]) == weftInProgress) {
            if (weft_testbed_now(rig->testbed) > deadline_at)
                return false;
            (void)rig->ops->poll(rig->port, ended, WEFT_RELAY_COOKIES);
        }
    return true;
}

void weft_relay_rig_close(struct weft_relay_rig *rig)
{
    if (rig->port == NULL)
        return;
    if (!lanes_settle(rig)) {
        log_line(0, "copies do not end: their memory is kept until the program exits");
        return;
    }
    for (uint32_t window = 0; window < WEFT_RELAY_WINDOWS; window++) {
        if (rig->added[window])
            rig->ops->window_remove(rig->port, window);
        if (rig->memory[window] == NULL)
            continue;
        if (window == WEFT_RELAY_HOST)
            free(rig->memory[window]);
        else
            rig->ops->free(rig->port, rig->memory[window]);
    }
    rig->ops->close(rig->port);
    rig->port = NULL;
}

bool weft_relay_rig_fill(struct weft_relay_rig *rig, uint64_t size, uint64_t seed,
                         char why[WEFT_WHY_BYTES])
{
    if (weft_testbed_fill(rig->testbed, true, rig->memory[WEFT_RELAY_SOURCE], size, seed, 0))
        return true;
    (void)snprintf(why, WEFT_WHY_BYTES, "the driver cannot write test data to the GPU at %s",
                   rig->gpu.bus);
    return false;
}

void weft_relay_rig_spoil(struct weft_relay_rig *rig, uint64_t size)
{
    memset(rig->memory[WEFT_RELAY_HOST], 0, size);
}

uint64_t weft_relay_rig_wrong(const struct weft_relay_rig *rig, uint64_t size, uint64_t seed)
{
    return weft_pattern_wrong(rig->memory[WEFT_RELAY_HOST], size, seed, 0);
}
