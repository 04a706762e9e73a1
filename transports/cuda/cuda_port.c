/* Opening and closing a GPU, and the transport's table.
 *
 * What always holds: an open port has retained its GPU's primary context and made everything that
 * the data path uses, but for the events of cookies: a driver has only so many, and most cookies
 * never fly on most ports. A cookie's event is made with its first copy here and then kept. */
#include "cuda_port.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cuda.h"
#include "host/transport_stub.h"

weftResult_t weft_cuda_port_failed(struct weft_cuda_port *port, const char *call,
                                   weft_cuda_result error)
{
    char reason[WEFT_CUDA_ERROR_TEXT_BYTES];
    char text[256];

    weft_cuda_error_text(port->driver, error, reason);
    snprintf(text, sizeof(text), "the GPU at %s: %s failed: %s", port->driver->buses[port->ordinal],
             call, reason);
    port->log(0, text);
    return error == WEFT_CUDA_OUT_OF_MEMORY ? weftNoResource : weftUnhandledCudaError;
}

static void events_destroy(struct weft_cuda_port *port)
{
    for (uint32_t i = 0; i < port->cookies_max; i++)
        if (port->cookies[i].event != NULL)
            port->driver->event_destroy(port->cookies[i].event);
}

/* NULL: no memory. */
static struct weft_cuda_port *port_alloc(const struct weft_transport_env *env)
{
    struct weft_cuda_port *port = aligned_alloc(64, (sizeof(*port) + 63) / 64 * 64);

    if (port == NULL)
        return NULL;
    memset(port, 0, sizeof(*port));
    port->base.ops = &weft_cuda_transport;
    port->log = env->log;
    port->windows_max = env->windows_max;
    port->cookies_max = env->cookies_max;
    port->windows = calloc(env->windows_max, sizeof(*port->windows));
    port->cookies = calloc(env->cookies_max, sizeof(*port->cookies));
    port->links = calloc(env->cookies_max, sizeof(*port->links));
    weft_list_init(&port->busy);
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(port->queues); i++)
        weft_list_init(&port->queues[i].flying);
    pthread_mutex_init(&port->load_lock, NULL);
    pthread_mutex_init(&port->peers_lock, NULL);
    weft_cuda_streams_init(port);
    return port;
}

static void port_free(struct weft_cuda_port *port)
{
    pthread_mutex_destroy(&port->peers_lock);
    pthread_mutex_destroy(&port->load_lock);
    free(port->links);
    free(port->cookies);
    free(port->windows);
    free(port);
}

/* Needs the context current. Gives back all that the driver gave. */
static void port_teardown(struct weft_cuda_port *port)
{
    for (uint32_t lane = 0; lane < WEFT_CUDA_LANES_MAX; lane++)
        weft_cuda_disconnect((struct weft_port *)(void *)port, lane);
    weft_cuda_streams_fini(port);
    weft_cuda_words_close(port);
    if (port->cookies != NULL)
        events_destroy(port);
}

static weftResult_t port_setup(struct weft_cuda_port *port)
{
    if (port->windows == NULL || port->cookies == NULL || port->links == NULL)
        return weftSystemError;
    return weft_cuda_words_open(port);
}

static void port_close(struct weft_port *base)
{
    struct weft_cuda_port *port = weft_cuda_port_of(base);
    struct weft_cuda_scope scope;

    if (port == NULL)
        return;
    weft_cuda_enter(port->driver, port->context, &scope);
    port_teardown(port);
    weft_cuda_leave(port->driver, &scope);
    for (int peer = 0; peer < WEFT_CUDA_DEVICES_MAX; peer++)
        if (port->peers[peer] != NULL)
            port->driver->primary_release(peer);
    port->driver->primary_release(port->ordinal);
    port_free(port);
}

static weftResult_t port_open(const struct weft_transport_env *env,
                              const struct weft_device_ref *device, struct weft_port **opened)
{
    struct weft_cuda_port *port = port_alloc(env);
    struct weft_cuda_scope scope;
    char why[256];
    uint32_t ordinal;
    weftResult_t result = port == NULL ? weftSystemError : weftSuccess;
    weft_cuda_result error;

    if (result == weftSuccess) {
        result = weft_cuda_driver_load(env->driver, &port->driver, why);
        if (result != weftSuccess)
            env->log(0, why);
    }
    if (result != weftSuccess)
        goto fail;
    port->device = device->device;
    ordinal = weft_cuda_driver_find(port->driver, device->bus);
    if (ordinal == WEFT_NONE) {
        result = weftInvalidArgument;
        goto fail;
    }
    port->ordinal = (weft_cuda_device)ordinal;
    error = port->driver->primary_retain(&port->context, port->ordinal);
    if (error != WEFT_CUDA_SUCCESS) {
        result = weft_cuda_port_failed(port, "cuDevicePrimaryCtxRetain", error);
        goto fail;
    }
    weft_cuda_enter(port->driver, port->context, &scope);
    result = port_setup(port);
    weft_cuda_leave(port->driver, &scope);
    if (result != weftSuccess) {
        port_close((struct weft_port *)(void *)port);
        return result;
    }
    *opened = (struct weft_port *)(void *)port;
    return weftSuccess;
fail:
    if (port != NULL)
        port_free(port);
    return result;
}

const struct weft_transport_ops weft_cuda_transport = {
    .name = "cuda",
    .probe = weft_cuda_probe,
    .hops = weft_cuda_hops,
    .open = port_open,
    .close = port_close,
    .alloc = weft_cuda_alloc,
    .free = weft_cuda_free,
    .pin = weft_cuda_memory_pin,
    .unpin = weft_cuda_memory_unpin,
    .window_add = weft_cuda_window_add,
    .window_remove = weft_cuda_window_remove,
    .window_export = weft_cuda_window_export,
    .window_import = weft_cuda_window_import,
    .import_end = weft_cuda_import_end,
    .connect = weft_cuda_connect,
    .disconnect = weft_cuda_disconnect,
    .copy = weft_cuda_copy,
    .poll = weft_cuda_poll,
    .fence = weft_cuda_fence,
    .store = weft_cuda_store,
    .load = weft_cuda_load,
    .stream_mark = weft_cuda_stream_mark,
    .stream_reached = weft_cuda_stream_reached,
    .stream_hold = weft_cuda_stream_hold,
    .stream_release = weft_cuda_stream_release,
    .stream_await = weft_cuda_stream_await,
};
