/* Opening and closing host memory, and the transport's table.
 *
 * Hops are offered between every two host memories, a device and itself included: that opens a port
 * on each, which allocates there, also where there is but one. */
#include "host_port.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host.h"
#include "host/transport_stub.h"

#define NODES_MAX 64

static weftResult_t host_probe(const struct weft_transport_env *env,
                               struct weft_device_found *found, uint32_t found_max,
                               uint32_t *found_count, char why[256])
{
    uint32_t count = 0;

    (void)env;
    for (int node = 0; node < NODES_MAX && count < found_max; node++) {
        char path[64];

        snprintf(path, sizeof(path), "/sys/devices/system/node/node%d", node);
        /* Node 0 is there even where the system does not list nodes. */
        if (node > 0 && access(path, F_OK) != 0)
            continue;
        found[count++] = (struct weft_device_found){.kind = weftDeviceDram, .numa_node = node};
    }
    why[0] = '\0';
    *found_count = count;
    return weftSuccess;
}

static weftResult_t host_hops(const struct weft_transport_env *env,
                              const struct weft_device_ref *devices, uint32_t device_count,
                              struct weft_hop_offer *offers, uint32_t *offer_count)
{
    uint32_t count = 0;

    (void)env;
    for (uint32_t src = 0; src < device_count; src++)
        for (uint32_t dst = 0; dst < device_count; dst++)
            if (devices[src].kind == weftDeviceDram && devices[dst].kind == weftDeviceDram)
                offers[count++] = (struct weft_hop_offer){.src_device = devices[src].device,
                                                          .dst_device = devices[dst].device,
                                                          .port_device = devices[src].device};
    *offer_count = count;
    return weftSuccess;
}

static void port_free(struct weft_host_port *port)
{
    while (port->allocations != NULL)
        weft_host_free((struct weft_port *)(void *)port, port->allocations->memory);
    pthread_mutex_destroy(&port->allocations_lock);
    sem_destroy(&port->wake);
    free(port->done_cells);
    free(port->work_cells);
    free(port->block_indices);
    free(port->blocks);
    free(port->links);
    free(port->cookies);
    free(port->windows);
    free(port);
}

static void host_close(struct weft_port *base)
{
    struct weft_host_port *port = weft_host_port_of(base);

    if (port == NULL)
        return;
    if (port->running) {
        weft_flag_set(&port->stop, 1);
        sem_post(&port->wake);
        pthread_join(port->thread, NULL);
    }
    port_free(port);
}

/* False: no memory. */
static bool tables_alloc(struct weft_host_port *port, const struct weft_transport_env *env)
{
    uint32_t ring_count = 2;

    /* Every cookie fits into a ring. */
    while (ring_count < env->cookies_max)
        ring_count *= 2;
    port->windows_max = env->windows_max;
    port->cookies_max = env->cookies_max;
    port->windows = calloc(env->windows_max, sizeof(*port->windows));
    port->cookies = calloc(env->cookies_max, sizeof(*port->cookies));
    port->links = calloc(env->cookies_max, sizeof(*port->links));
    port->blocks = calloc(WEFT_HOST_BLOCKS_MAX, sizeof(*port->blocks));
    port->block_indices = calloc(WEFT_HOST_BLOCKS_MAX, sizeof(*port->block_indices));
    port->work_cells = calloc(ring_count, sizeof(*port->work_cells));
    port->done_cells = calloc(ring_count, sizeof(*port->done_cells));
    if (port->windows == NULL || port->cookies == NULL || port->links == NULL ||
        port->blocks == NULL || port->block_indices == NULL || port->work_cells == NULL ||
        port->done_cells == NULL)
        return false;
    weft_ring_init(&port->work, port->work_cells, ring_count);
    weft_ring_init(&port->done, port->done_cells, ring_count);
    weft_pool_init(&port->free_blocks, port->block_indices, WEFT_HOST_BLOCKS_MAX);
    return true;
}

static weftResult_t host_open(const struct weft_transport_env *env,
                              const struct weft_device_ref *device, struct weft_port **opened)
{
    struct weft_host_port *port = aligned_alloc(64, (sizeof(*port) + 63) / 64 * 64);
    char name[16];

    if (device->kind != weftDeviceDram || port == NULL) {
        free(port);
        return port == NULL ? weftSystemError : weftInvalidArgument;
    }
    memset(port, 0, sizeof(*port));
    port->base.ops = &weft_host_transport;
    port->log = env->log;
    port->device = device->device;
    port->numa_node = device->numa_node;
    port->shares = env->shares;
    weft_list_init(&port->failed);
    pthread_mutex_init(&port->allocations_lock, NULL);
    sem_init(&port->wake, 0, 0);
    weft_flag_init(&port->stop, 0);
    if (!tables_alloc(port, env))
        goto fail;
    if (pthread_create(&port->thread, NULL, weft_host_thread, port) != 0)
        goto fail;
    port->running = true;
    snprintf(name, sizeof(name), "weft-copy-%u", device->device % 1000);
    pthread_setname_np(port->thread, name);
    *opened = (struct weft_port *)(void *)port;
    return weftSuccess;
fail:
    port_free(port);
    return weftSystemError;
}

static weftResult_t host_connect(struct weft_port *base, const struct weft_hop_offer *hop,
                                 uint32_t *lane)
{
    struct weft_host_port *port = weft_host_port_of(base);

    weft_assert(hop->port_device == port->device);
    for (uint32_t i = 0; i < WEFT_HOST_LANES_MAX; i++) {
        if (port->lanes[i].open)
            continue;
        port->lanes[i] = (struct weft_host_lane){
            .open = true, .src_device = hop->src_device, .dst_device = hop->dst_device};
        *lane = i;
        return weftSuccess;
    }
    return weftNoResource;
}

static void host_disconnect(struct weft_port *base, uint32_t lane)
{
    weft_host_port_of(base)->lanes[lane].open = false;
}

const struct weft_transport_ops weft_host_transport = {
    .name = "host",
    .probe = host_probe,
    .hops = host_hops,
    .open = host_open,
    .close = host_close,
    .alloc = weft_host_alloc,
    .free = weft_host_free,
    .pin = weft_stub_pin,
    .unpin = weft_stub_unpin,
    .window_add = weft_host_window_add,
    .window_remove = weft_host_window_remove,
    .window_export = weft_host_window_export,
    .window_import = weft_host_window_import,
    .import_end = weft_host_import_end,
    .connect = host_connect,
    .disconnect = host_disconnect,
    .copy = weft_host_copy,
    .poll = weft_host_poll,
    .fence = weft_host_fence,
    .store = weft_host_store,
    .load = weft_host_load,
    .stream_mark = weft_stub_stream_mark,
    .stream_reached = weft_stub_stream_reached,
    .stream_hold = weft_stub_stream_hold,
    .stream_release = weft_stub_stream_release,
    .stream_await = weft_stub_stream_await,
};
