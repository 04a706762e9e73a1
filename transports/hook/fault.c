/* Wrapping a transport: the table of the wrapper.
 *
 * What always holds: a wrap that was made stays as it is, but for the names of the devices, which
 * are those of the last machine that was described. Copies are fault_copy.c's. */
#include "fault.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "fault_port.h"

static pthread_mutex_t wraps_lock = PTHREAD_MUTEX_INITIALIZER; /* guards the two below */
static struct weft_fault_wrap wraps[WEFT_FAULT_WRAPS_MAX];
static uint32_t wrap_count;

static const struct weft_transport_ops *inner_ops(struct weft_port *port)
{
    return weft_fault_port_of(port)->wrap->inner;
}

static struct weft_port *inner_of(struct weft_port *port)
{
    return port == NULL ? NULL : weft_fault_port_of(port)->inner;
}

static weftResult_t decide(const struct weft_port *port, enum weft_fault_slot slot)
{
    const struct weft_fault_wrap *wrap = ((const struct weft_fault_port *)(const void *)port)->wrap;

    return weft_fault_tally_decide(wrap->tally, &wrap->plan, slot);
}

/* The same for a slot that says why. */
static weftResult_t decide_why(const struct weft_fault_wrap *wrap, enum weft_fault_slot slot,
                               char why[256])
{
    weftResult_t result = weft_fault_tally_decide(wrap->tally, &wrap->plan, slot);

    if (result != weftSuccess)
        weft_text_copy(why, 256, "the fault plan lets it fail");
    return result;
}

/* ---- the slots that know no port yet ---- */

static weftResult_t probe_of(const struct weft_fault_wrap *wrap,
                             const struct weft_transport_env *env, struct weft_device_found *found,
                             uint32_t found_max, uint32_t *found_count, char why[256])
{
    WEFT_TRY(decide_why(wrap, WEFT_FAULT_PROBE, why));
    return wrap->inner->probe(env, found, found_max, found_count, why);
}

static const char *kind_prefix(weftDeviceKind_t kind)
{
    static const char *const prefixes[weftNumDeviceKinds] = {
        [weftDeviceGpu] = "gpu", [weftDeviceDram] = "dram",     [weftDeviceSsd] = "ssd",
        [weftDeviceNic] = "nic", [weftDeviceSwitch] = "switch", [weftDeviceCpu] = "cpu",
    };

    return prefixes[kind];
}

static weftResult_t hops_of(struct weft_fault_wrap *wrap, const struct weft_transport_env *env,
                            const struct weft_device_ref *devices, uint32_t device_count,
                            struct weft_hop_offer *offers, uint32_t *offer_count)
{
    uint32_t counts[weftNumDeviceKinds] = {0};

    WEFT_TRY(weft_fault_tally_decide(wrap->tally, &wrap->plan, WEFT_FAULT_HOPS));
    wrap->device_count = (uint32_t)weft_min(device_count, WEFT_FAULT_DEVICES_MAX);
    for (uint32_t i = 0; i < wrap->device_count; i++)
        snprintf(wrap->names[i], WEFT_FAULT_NAME_MAX, "%s%u", kind_prefix(devices[i].kind),
                 counts[devices[i].kind]++ % 10000);
    return wrap->inner->hops(env, devices, device_count, offers, offer_count);
}

static void port_free(struct weft_fault_port *port)
{
    if (port == NULL)
        return;
    free(port->links);
    free(port->cookies);
    free(port);
}

static weftResult_t open_of(const struct weft_fault_wrap *wrap,
                            const struct weft_transport_env *env,
                            const struct weft_device_ref *device, struct weft_port **opened)
{
    struct weft_fault_port *port;
    weftResult_t result = weftSystemError;

    WEFT_TRY(weft_fault_tally_decide(wrap->tally, &wrap->plan, WEFT_FAULT_OPEN));
    port = calloc(1, sizeof(*port));
    if (port == NULL)
        return weftSystemError;
    port->base.ops = &wrap->ops;
    port->wrap = wrap;
    port->cookies = calloc(env->cookies_max, sizeof(*port->cookies));
    port->links = calloc(env->cookies_max, sizeof(*port->links));
    weft_list_init(&port->held);
    weft_prng_init(&port->prng, wrap->plan.seed * 1000 + device->device);
    if (port->cookies != NULL && port->links != NULL)
        result = wrap->inner->open(env, device, &port->inner);
    if (result != weftSuccess) {
        port_free(port);
        return result;
    }
    *opened = (struct weft_port *)(void *)port;
    return weftSuccess;
}

/* ---- the slots that only go inside ---- */

static void fault_close(struct weft_port *port)
{
    if (port == NULL)
        return;
    inner_ops(port)->close(inner_of(port));
    port_free(weft_fault_port_of(port));
}

static weftResult_t fault_alloc(struct weft_port *port, size_t size, void **memory)
{
    WEFT_TRY(decide(port, WEFT_FAULT_ALLOC));
    return inner_ops(port)->alloc(inner_of(port), size, memory);
}

static void fault_free(struct weft_port *port, void *memory)
{
    inner_ops(port)->free(inner_of(port), memory);
}

static weftResult_t fault_pin(struct weft_port *port, void *memory, size_t size, char why[256])
{
    WEFT_TRY(decide_why(weft_fault_port_of(port)->wrap, WEFT_FAULT_PIN, why));
    return inner_ops(port)->pin(inner_of(port), memory, size, why);
}

static void fault_unpin(struct weft_port *port, void *memory, size_t size)
{
    inner_ops(port)->unpin(inner_of(port), memory, size);
}

static weftResult_t fault_window_add(struct weft_port *port, uint32_t window,
                                     const struct weft_device_ref *device, void *base, size_t size,
                                     char why[256])
{
    WEFT_TRY(decide_why(weft_fault_port_of(port)->wrap, WEFT_FAULT_WINDOW_ADD, why));
    return inner_ops(port)->window_add(inner_of(port), window, device, base, size, why);
}

static void fault_window_remove(struct weft_port *port, uint32_t window)
{
    inner_ops(port)->window_remove(inner_of(port), window);
}

static weftResult_t fault_window_export(struct weft_port *port, uint32_t window,
                                        struct weft_ticket *ticket, char why[256])
{
    WEFT_TRY(decide_why(weft_fault_port_of(port)->wrap, WEFT_FAULT_EXPORT, why));
    return inner_ops(port)->window_export(inner_of(port), window, ticket, why);
}

static weftResult_t fault_window_import(struct weft_port *port, const struct weft_ticket *ticket,
                                        size_t size, void **base, char why[256])
{
    WEFT_TRY(decide_why(weft_fault_port_of(port)->wrap, WEFT_FAULT_IMPORT, why));
    return inner_ops(port)->window_import(inner_of(port), ticket, size, base, why);
}

static void fault_import_end(struct weft_port *port, void *base)
{
    inner_ops(port)->import_end(inner_of(port), base);
}

static void fault_disconnect(struct weft_port *port, uint32_t lane)
{
    inner_ops(port)->disconnect(inner_of(port), lane);
}

static weftResult_t fault_fence(struct weft_port *port, uint32_t lane)
{
    return inner_ops(port)->fence(inner_of(port), lane);
}

static weftResult_t fault_store(struct weft_port *port, uint32_t window, uint64_t offset,
                                uint64_t value, weftSignalOp_t op)
{
    WEFT_TRY(decide(port, WEFT_FAULT_STORE));
    return inner_ops(port)->store(inner_of(port), window, offset, value, op);
}

static weftResult_t fault_load(struct weft_port *port, uint32_t window, uint64_t offset,
                               uint64_t *value)
{
    WEFT_TRY(decide(port, WEFT_FAULT_LOAD));
    return inner_ops(port)->load(inner_of(port), window, offset, value);
}

static weftResult_t fault_stream_mark(struct weft_port *port, weftStream_t stream, uint32_t *mark)
{
    WEFT_TRY(decide(port, WEFT_FAULT_STREAM_MARK));
    return inner_ops(port)->stream_mark(inner_of(port), stream, mark);
}

static weftResult_t fault_stream_reached(struct weft_port *port, uint32_t mark)
{
    weftResult_t result = inner_ops(port)->stream_reached(inner_of(port), mark);

    return result == weftSuccess ? decide(port, WEFT_FAULT_STREAM_REACHED) : result;
}

static weftResult_t fault_stream_hold(struct weft_port *port, weftStream_t stream, uint32_t *gate)
{
    WEFT_TRY(decide(port, WEFT_FAULT_STREAM_HOLD));
    return inner_ops(port)->stream_hold(inner_of(port), stream, gate);
}

static void fault_stream_release(struct weft_port *port, uint32_t gate)
{
    inner_ops(port)->stream_release(inner_of(port), gate);
}

static weftResult_t fault_stream_await(struct weft_port *port, weftStream_t stream, uint32_t window,
                                       uint64_t offset, uint64_t value)
{
    WEFT_TRY(decide(port, WEFT_FAULT_STREAM_AWAIT));
    return inner_ops(port)->stream_await(inner_of(port), stream, window, offset, value);
}

/* ---- the table ---- */

/* probe, hops and open are given no port, so each wrap has its own three. */
#define WRAPS(ROW)                                                                                 \
    ROW(0)                                                                                         \
    ROW(1)                                                                                         \
    ROW(2)                                                                                         \
    ROW(3) ROW(4) ROW(5) ROW(6) ROW(7) ROW(8) ROW(9) ROW(10) ROW(11) ROW(12) ROW(13) ROW(14) ROW(15)

#define WRAP_FUNCTIONS(n)                                                                          \
    static weftResult_t probe_##n(const struct weft_transport_env *env,                            \
                                  struct weft_device_found *found, uint32_t found_max,             \
                                  uint32_t *found_count, char why[256])                            \
    {                                                                                              \
        return probe_of(&wraps[n], env, found, found_max, found_count, why);                       \
    }                                                                                              \
    static weftResult_t hops_##n(const struct weft_transport_env *env,                             \
                                 const struct weft_device_ref *devices, uint32_t device_count,     \
                                 struct weft_hop_offer *offers, uint32_t *offer_count)             \
    {                                                                                              \
        return hops_of(&wraps[n], env, devices, device_count, offers, offer_count);                \
    }                                                                                              \
    static weftResult_t open_##n(const struct weft_transport_env *env,                             \
                                 const struct weft_device_ref *device, struct weft_port **opened)  \
    {                                                                                              \
        return open_of(&wraps[n], env, device, opened);                                            \
    }
WRAPS(WRAP_FUNCTIONS)

struct wrap_slots {
    weftResult_t (*probe)(const struct weft_transport_env *env, struct weft_device_found *found,
                          uint32_t found_max, uint32_t *found_count, char why[256]);
    weftResult_t (*hops)(const struct weft_transport_env *env,
                         const struct weft_device_ref *devices, uint32_t device_count,
                         struct weft_hop_offer *offers, uint32_t *offer_count);
    weftResult_t (*open)(const struct weft_transport_env *env, const struct weft_device_ref *device,
                         struct weft_port **port);
};

#define WRAP_ROW(n) {probe_##n, hops_##n, open_##n},
static const struct wrap_slots wrap_slots[] = {WRAPS(WRAP_ROW)};
_Static_assert(WEFT_ARRAY_COUNT(wrap_slots) == WEFT_FAULT_WRAPS_MAX, "a row for each wrap");

/* What every wrap begins as: the name and the three functions of its own come on top. */
static const struct weft_transport_ops common_ops = {
    .name = "fault",
    .probe = probe_0,
    .hops = hops_0,
    .open = open_0,
    .close = fault_close,
    .alloc = fault_alloc,
    .free = fault_free,
    .pin = fault_pin,
    .unpin = fault_unpin,
    .window_add = fault_window_add,
    .window_remove = fault_window_remove,
    .window_export = fault_window_export,
    .window_import = fault_window_import,
    .import_end = fault_import_end,
    .connect = weft_fault_connect,
    .disconnect = fault_disconnect,
    .copy = weft_fault_copy,
    .poll = weft_fault_poll,
    .fence = fault_fence,
    .store = fault_store,
    .load = fault_load,
    .stream_mark = fault_stream_mark,
    .stream_reached = fault_stream_reached,
    .stream_hold = fault_stream_hold,
    .stream_release = fault_stream_release,
    .stream_await = fault_stream_await,
};

static void wrap_fill(uint32_t index, const struct weft_transport_ops *inner, const char *plan_text,
                      const struct weft_fault_plan *plan)
{
    struct weft_fault_wrap *wrap = &wraps[index];

    wrap->inner = inner;
    wrap->plan = *plan;
    weft_text_copy(wrap->plan_text, sizeof(wrap->plan_text), plan_text);
    wrap->tally = &wrap->own_tally;
    for (uint32_t i = 0; i < index; i++)
        if (weft_text_equal(wraps[i].plan_text, plan_text))
            wrap->tally = wraps[i].tally;
    if (wrap->tally == &wrap->own_tally)
        weft_fault_tally_init(wrap->tally, plan);
    wrap->ops = common_ops;
    wrap->ops.name = inner->name;
    wrap->ops.probe = wrap_slots[index].probe;
    wrap->ops.hops = wrap_slots[index].hops;
    wrap->ops.open = wrap_slots[index].open;
}

weftResult_t weft_fault_wrap(const struct weft_transport_ops *inner, const char *plan,
                             const struct weft_transport_ops **wrapped, char why[256])
{
    struct weft_fault_plan parsed;
    uint32_t index = 0;
    weftResult_t result = weftSuccess;

    if (strlen(plan) >= WEFT_FAULT_PLAN_BYTES) {
        snprintf(why, 256, "the fault plan has %zu characters; at most %d are valid", strlen(plan),
                 WEFT_FAULT_PLAN_BYTES - 1);
        return weftInvalidArgument;
    }
    WEFT_TRY(weft_fault_plan_parse(plan, &parsed, why));
    pthread_mutex_lock(&wraps_lock);
    while (index < wrap_count &&
           (wraps[index].inner != inner || !weft_text_equal(wraps[index].plan_text, plan)))
        index++;
    if (index == WEFT_FAULT_WRAPS_MAX) {
        snprintf(why, 256, "this process has used %d different fault plans; it can have no more",
                 WEFT_FAULT_WRAPS_MAX);
        result = weftNoResource;
    } else if (index == wrap_count) {
        wrap_fill(index, inner, plan, &parsed);
        wrap_count++;
    }
    pthread_mutex_unlock(&wraps_lock);
    if (result == weftSuccess)
        *wrapped = &wraps[index].ops;
    return result;
}

uint64_t weft_fault_done(const char *plan)
{
    uint64_t done = 0;

    pthread_mutex_lock(&wraps_lock);
    for (uint32_t i = 0; i < wrap_count && done == 0; i++)
        if (weft_text_equal(wraps[i].plan_text, plan))
            done = weft_fault_tally_done(wraps[i].tally);
    pthread_mutex_unlock(&wraps_lock);
    return done;
}
