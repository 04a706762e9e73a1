/* Fetches: a get from a peer's window is a put that the peer is asked for, as only its own engine
 * knows how busy its links are. See peers.h. */
#include <string.h>

#include "peer_message.h"
#include "peers.h"

static uint32_t wait_take(const struct weft_peers *peers)
{
    for (uint32_t i = 0; i < WEFT_PEERS_FETCHES_MAX; i++)
        if (!peers->fetch_waits[i].used)
            return i;
    return WEFT_NONE;
}

/* How our window is exposed to be written into by fetches alone: a token that nobody else has. */
static weftResult_t expose(struct weft_loop *loop, uint32_t window, uint64_t size_bytes,
                           struct weft_net_remote *as)
{
    struct weft_peers *peers = loop->peers;
    struct weft_peers_exposure *exposure = &peers->exposures[window][0];

    if (!exposure->on) {
        exposure->as = (struct weft_net_remote){
            .window = window, .epoch = 1, .size_bytes = size_bytes, .rights = WEFT_RIGHT_WRITE};
        if (!weft_random(exposure->as.token, sizeof(exposure->as.token)))
            return weftSystemError;
        WEFT_TRY(peers->ops->expose(peers->net, window, &exposure->as));
        exposure->on = true;
    }
    *as = exposure->as;
    return weftSuccess;
}

static bool add_extents(const struct weft_loop *loop, const struct weft_op *op,
                        struct weft_writer *writer, uint32_t *count)
{
    const struct weft_extent_block *blocks = loop->slots.blocks;

    *count = 0;
    for (uint32_t b = op->first_block; b != WEFT_NONE; b = blocks[b].next)
        for (uint32_t i = 0; i < blocks[b].count; i++) {
            if (++*count > WEFT_PEER_FETCH_EXTENTS)
                return false;
            weft_peer_extent_write(writer, &blocks[b].extents[i]);
        }
    return !writer->failed;
}

weftResult_t weft_peers_fetch(struct weft_loop *loop, uint32_t slot)
{
    static const size_t head_bytes = 128;
    struct weft_peers *peers = loop->peers;
    const struct weft_op *op = &loop->slots.slots[slot].op;
    const struct weft_peers_import *from = &peers->sources[op->src_window];
    uint32_t index = wait_take(peers);
    struct weft_peer_fetch_head head = {
        .id = index, .dst_device = loop->window_devices[op->dst_window], .src = from->remote};
    uint8_t bytes[WEFT_PEER_FETCH_BYTES_MAX];
    uint8_t *extents = bytes + head_bytes;
    struct weft_writer writer;
    size_t extents_size;

    if (index == WEFT_NONE)
        return weftNoResource;
    WEFT_TRY(expose(loop, op->dst_window, weft_engine_window_size(loop->engine, op->dst_window),
                    &head.dst));
    weft_writer_init(&writer, extents, sizeof(bytes) - head_bytes);
    if (!add_extents(loop, op, &writer, &head.extent_count))
        return weftNoResource;
    extents_size = writer.used;
    weft_writer_init(&writer, bytes, head_bytes);
    weft_peer_fetch_write(&writer, &head);
    weft_assert(!writer.failed);
    memmove(bytes + writer.used, extents, extents_size);
    WEFT_TRY(peers->ops->send(peers->net, from->peer, bytes, writer.used + extents_size));
    peers->fetch_waits[index] = (struct weft_peers_wait){
        .slot = slot, .peer = from->peer, .deadline_at = op->deadline_at, .used = true};
    peers->fetches++;
    return weftSuccess;
}
