/* What comms tell each other beside copies: relays lent, fetches asked for and answered.
 *
 *     GRANT    slots, slot bytes, then for each relay: device, window, token
 *     FETCH    id, destination device, source window, destination window as it is exposed, extents
 *     FETCHED  id, result
 *     COPY     as FETCH, with a window of a third comm for the destination, and how to reach it
 *     COPIED   id, result: of a COPY or a SETTLE; weftInProgress: ask again
 *     STOP     id: the COPY is to end
 *     SETTLE   id, incarnation: can anything of that comm still land here?
 *     AGENT    a record of the agent (core/agent)
 *
 * Written by the host of one comm, read by that of another: every number is checked by the reader,
 * and by the transport where it names a window. */
#ifndef WEFT_PEER_MESSAGE_H
#define WEFT_PEER_MESSAGE_H

#include "../base/buf.h"
#include "../core/topo.h"
#include "weft_net.h"

#define WEFT_PEER_GRANT_BYTES_MAX (16 + WEFT_DEVICES_MAX * 40)
#define WEFT_PEER_FETCH_EXTENTS   2048 /* of one message */
#define WEFT_PEER_FETCH_BYTES_MAX (128 + WEFT_PEER_FETCH_EXTENTS * 24)
#define WEFT_PEER_COPY_BYTES_MAX  (WEFT_PEER_FETCH_BYTES_MAX + 16 + WEFT_NET_ADDRESS_BYTES)

enum weft_peer_message_kind {
    WEFT_PEER_GRANT = 1,
    WEFT_PEER_FETCH,
    WEFT_PEER_FETCHED,
    WEFT_PEER_AGENT,
    WEFT_PEER_COPY,
    WEFT_PEER_COPIED,
    WEFT_PEER_STOP,
    WEFT_PEER_SETTLE,
};

struct weft_peer_fetch_head {
    uint32_t id;
    uint32_t dst_device; /* its number on the server that fetches */
    struct weft_net_remote src;
    struct weft_net_remote dst;
    uint32_t extent_count;
};

struct weft_peer_copy_head {
    struct weft_peer_fetch_head fetch; /* dst_device: its number on the third server */
    uint64_t incarnation;              /* of the third comm */
    uint64_t left_ns;                  /* real: it is to have ended after this */
    uint8_t address[WEFT_NET_ADDRESS_BYTES];
};

static inline void weft_peer_remote_write(struct weft_writer *writer,
                                          const struct weft_net_remote *remote)
{
    weft_writer_number(writer, remote->window, 4);
    weft_writer_number(writer, remote->epoch, 4);
    weft_writer_number(writer, remote->size_bytes, 8);
    weft_writer_number(writer, remote->rights, 1);
    weft_writer_bytes(writer, remote->token, sizeof(remote->token));
}

static inline void weft_peer_remote_read(struct weft_reader *reader, struct weft_net_remote *remote)
{
    remote->window = (uint32_t)weft_reader_number(reader, 4);
    remote->epoch = (uint32_t)weft_reader_number(reader, 4);
    remote->size_bytes = weft_reader_number(reader, 8);
    remote->rights = (unsigned)weft_reader_number(reader, 1);
    weft_reader_bytes(reader, remote->token, sizeof(remote->token));
}

static inline void weft_peer_grant_begin(struct weft_writer *writer, uint32_t slots,
                                         uint64_t slot_bytes)
{
    weft_writer_number(writer, WEFT_PEER_GRANT, 1);
    weft_writer_number(writer, slots, 4);
    weft_writer_number(writer, slot_bytes, 8);
}

static inline void weft_peer_grant_add(struct weft_writer *writer, uint32_t device,
                                       const struct weft_net_remote *as)
{
    weft_writer_number(writer, device, 4);
    weft_peer_remote_write(writer, as);
}

static inline void weft_peer_head_write(struct weft_writer *writer,
                                        const struct weft_peer_fetch_head *head)
{
    weft_writer_number(writer, head->id, 4);
    weft_writer_number(writer, head->dst_device, 4);
    weft_peer_remote_write(writer, &head->src);
    weft_peer_remote_write(writer, &head->dst);
    weft_writer_number(writer, head->extent_count, 4);
}

static inline void weft_peer_fetch_write(struct weft_writer *writer,
                                         const struct weft_peer_fetch_head *head)
{
    weft_writer_number(writer, WEFT_PEER_FETCH, 1);
    weft_peer_head_write(writer, head);
}

static inline void weft_peer_fetch_read(struct weft_reader *reader,
                                        struct weft_peer_fetch_head *head)
{
    head->id = (uint32_t)weft_reader_number(reader, 4);
    head->dst_device = (uint32_t)weft_reader_number(reader, 4);
    weft_peer_remote_read(reader, &head->src);
    weft_peer_remote_read(reader, &head->dst);
    head->extent_count = (uint32_t)weft_reader_number(reader, 4);
}

static inline void weft_peer_copy_write(struct weft_writer *writer,
                                        const struct weft_peer_copy_head *head)
{
    weft_writer_number(writer, WEFT_PEER_COPY, 1);
    weft_peer_head_write(writer, &head->fetch);
    weft_writer_number(writer, head->incarnation, 8);
    weft_writer_number(writer, head->left_ns, 8);
    weft_writer_bytes(writer, head->address, sizeof(head->address));
}

static inline void weft_peer_copy_read(struct weft_reader *reader, struct weft_peer_copy_head *head)
{
    weft_peer_fetch_read(reader, &head->fetch);
    head->incarnation = weft_reader_number(reader, 8);
    head->left_ns = weft_reader_number(reader, 8);
    weft_reader_bytes(reader, head->address, sizeof(head->address));
}

/* An answer: FETCHED or COPIED. */
static inline void weft_peer_answer_write(struct weft_writer *writer, uint32_t kind, uint32_t id,
                                          weftResult_t result)
{
    weft_writer_number(writer, kind, 1);
    weft_writer_number(writer, id, 4);
    weft_writer_number(writer, (uint64_t)result, 1);
}

static inline void weft_peer_stop_write(struct weft_writer *writer, uint32_t id)
{
    weft_writer_number(writer, WEFT_PEER_STOP, 1);
    weft_writer_number(writer, id, 4);
}

static inline void weft_peer_settle_write(struct weft_writer *writer, uint32_t id,
                                          uint64_t incarnation)
{
    weft_writer_number(writer, WEFT_PEER_SETTLE, 1);
    weft_writer_number(writer, id, 4);
    weft_writer_number(writer, incarnation, 8);
}

static inline void weft_peer_extent_write(struct weft_writer *writer,
                                          const struct weft_extent *extent)
{
    weft_writer_number(writer, extent->dst_offset, 8);
    weft_writer_number(writer, extent->src_offset, 8);
    weft_writer_number(writer, extent->size_bytes, 8);
}

static inline void weft_peer_extent_read(struct weft_reader *reader, struct weft_extent *extent)
{
    extent->dst_offset = weft_reader_number(reader, 8);
    extent->src_offset = weft_reader_number(reader, 8);
    extent->size_bytes = weft_reader_number(reader, 8);
}

#endif
