/* What a transport puts in the slots of its table that it has nothing for.
 *
 * A stub that returns a result returns weftInvalidUsage; one that returns nothing does nothing.
 * Only pin succeeds: memory that needs no pinning is ready as it is. */
#ifndef WEFT_TRANSPORT_STUB_H
#define WEFT_TRANSPORT_STUB_H

#include "weft_transport.h"

weftResult_t weft_stub_alloc(struct weft_port *port, size_t size, void **memory);
void weft_stub_free(struct weft_port *port, void *memory);
weftResult_t weft_stub_pin(struct weft_port *port, void *memory, size_t size, char why[256]);
void weft_stub_unpin(struct weft_port *port, void *memory, size_t size);
weftResult_t weft_stub_window_export(struct weft_port *port, uint32_t window,
                                     struct weft_ticket *ticket, char why[256]);
weftResult_t weft_stub_window_import(struct weft_port *port, const struct weft_ticket *ticket,
                                     size_t size, void **base, char why[256]);
void weft_stub_import_end(struct weft_port *port, void *base);
weftResult_t weft_stub_store(struct weft_port *port, uint32_t window, uint64_t offset,
                             uint64_t value, weftSignalOp_t op);
weftResult_t weft_stub_load(struct weft_port *port, uint32_t window, uint64_t offset,
                            uint64_t *value);
weftResult_t weft_stub_stream_mark(struct weft_port *port, weftStream_t stream, uint32_t *mark);
weftResult_t weft_stub_stream_reached(struct weft_port *port, uint32_t mark);
weftResult_t weft_stub_stream_hold(struct weft_port *port, weftStream_t stream, uint32_t *gate);
void weft_stub_stream_release(struct weft_port *port, uint32_t gate);
weftResult_t weft_stub_stream_await(struct weft_port *port, weftStream_t stream, uint32_t window,
                                    uint64_t offset, uint64_t value);

#endif
