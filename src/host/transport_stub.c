/* The stubs of transport_stub.h: each refuses or does nothing, and holds nothing. */
#include "transport_stub.h"

#include "../base/text.h"

weftResult_t weft_stub_alloc(struct weft_port *port, size_t size, void **memory)
{
    (void)port;
    (void)size;
    (void)memory;
    return weftInvalidUsage;
}

void weft_stub_free(struct weft_port *port, void *memory)
{
    (void)port;
    (void)memory;
}

weftResult_t weft_stub_pin(struct weft_port *port, void *memory, size_t size, char why[256])
{
    (void)port;
    (void)memory;
    (void)size;
    (void)why;
    return weftSuccess;
}

void weft_stub_unpin(struct weft_port *port, void *memory, size_t size)
{
    (void)port;
    (void)memory;
    (void)size;
}

weftResult_t weft_stub_window_export(struct weft_port *port, uint32_t window,
                                     struct weft_ticket *ticket, char why[256])
{
    (void)port;
    (void)window;
    (void)ticket;
    weft_text_copy(why, 256, "its transport shares no memory between processes");
    return weftInvalidUsage;
}

weftResult_t weft_stub_window_import(struct weft_port *port, const struct weft_ticket *ticket,
                                     size_t size, void **base, char why[256])
{
    (void)port;
    (void)ticket;
    (void)size;
    (void)base;
    weft_text_copy(why, 256, "its transport shares no memory between processes");
    return weftInvalidUsage;
}

void weft_stub_import_end(struct weft_port *port, void *base)
{
    (void)port;
    (void)base;
}

weftResult_t weft_stub_store(struct weft_port *port, uint32_t window, uint64_t offset,
                             uint64_t value, weftSignalOp_t op)
{
    (void)port;
    (void)window;
    (void)offset;
    (void)value;
    (void)op;
    return weftInvalidUsage;
}

weftResult_t weft_stub_load(struct weft_port *port, uint32_t window, uint64_t offset,
                            uint64_t *value)
{
    (void)port;
    (void)window;
    (void)offset;
    (void)value;
    return weftInvalidUsage;
}

weftResult_t weft_stub_stream_mark(struct weft_port *port, weftStream_t stream, uint32_t *mark)
{
    (void)port;
    (void)stream;
    (void)mark;
    return weftInvalidUsage;
}

weftResult_t weft_stub_stream_reached(struct weft_port *port, uint32_t mark)
{
    (void)port;
    (void)mark;
    return weftInvalidUsage;
}

weftResult_t weft_stub_stream_hold(struct weft_port *port, weftStream_t stream, uint32_t *gate)
{
    (void)port;
    (void)stream;
    (void)gate;
    return weftInvalidUsage;
}

void weft_stub_stream_release(struct weft_port *port, uint32_t gate)
{
    (void)port;
    (void)gate;
}

weftResult_t weft_stub_stream_await(struct weft_port *port, weftStream_t stream, uint32_t window,
                                    uint64_t offset, uint64_t value)
{
    (void)port;
    (void)stream;
    (void)window;
    (void)offset;
    (void)value;
    return weftInvalidUsage;
}
