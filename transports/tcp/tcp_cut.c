/* Cuts; see tcp_cut.h. */
#include "tcp_cut.h"

static const struct weft_extent *extent_at(const struct weft_tcp_spot *spot,
                                           const struct weft_net_end *end)
{
    return &end->blocks[spot->block].of.extents[spot->index];
}

/* How much of the extent goes into so much room. */
static uint64_t piece_bytes(const struct weft_tcp_spot *spot, const struct weft_net_end *end,
                            uint64_t room_bytes)
{
    return weft_min(extent_at(spot, end)->size_bytes - spot->skip_bytes, room_bytes);
}

static void move(struct weft_tcp_spot *spot, const struct weft_net_end *end, uint64_t bytes)
{
    spot->skip_bytes += bytes;
    if (spot->skip_bytes < extent_at(spot, end)->size_bytes)
        return;
    spot->skip_bytes = 0;
    if (++spot->index < end->blocks[spot->block].used)
        return;
    spot->index = 0;
    spot->block = end->blocks[spot->block].next;
}

void weft_tcp_cut_init(struct weft_tcp_cut *cut)
{
    *cut = (struct weft_tcp_cut){.operation = WEFT_NONE, .begun.block = WEFT_NONE};
}

void weft_tcp_cut_begin(struct weft_tcp_cut *cut, const struct weft_net_end *end,
                        uint32_t operation)
{
    struct weft_tcp_spot first = {.block = end->operations[operation].first_block};

    *cut = (struct weft_tcp_cut){.operation = operation, .begun = first, .taken = first};
}

bool weft_tcp_cut_is_whole(const struct weft_tcp_cut *cut)
{
    return cut->begun.block == WEFT_NONE;
}

struct weft_tcp_part weft_tcp_cut_part(const struct weft_tcp_cut *cut,
                                       const struct weft_net_end *end)
{
    struct weft_tcp_part part = {.end = cut->begun};

    while (part.end.block != WEFT_NONE && part.size_bytes < WEFT_TCP_FRAME_BYTES) {
        uint64_t bytes = piece_bytes(&part.end, end, WEFT_TCP_FRAME_BYTES - part.size_bytes);

        part.extent_count++;
        part.size_bytes += bytes;
        move(&part.end, end, bytes);
    }
    return part;
}

void weft_tcp_cut_write(struct weft_tcp_cut *cut, const struct weft_net_end *end,
                        const struct weft_tcp_part *part, struct weft_writer *writer)
{
    uint64_t left_bytes = part->size_bytes;

    for (uint32_t i = 0; i < part->extent_count; i++) {
        uint64_t bytes = piece_bytes(&cut->begun, end, left_bytes);

        weft_wire_put_write_extent(
            writer, extent_at(&cut->begun, end)->dst_offset + cut->begun.skip_bytes, bytes);
        move(&cut->begun, end, bytes);
        left_bytes -= bytes;
    }
    cut->payload_bytes = part->size_bytes;
}

bool weft_tcp_cut_look(struct weft_tcp_cut *cut, const struct weft_net_end *end, const char **bytes,
                       uint64_t *size_bytes)
{
    if (cut->payload_bytes == 0) {
        cut->taken = cut->begun;
        return false;
    }
    while (extent_at(&cut->taken, end)->size_bytes == 0)
        move(&cut->taken, end, 0);
    *bytes = end->operations[cut->operation].src + extent_at(&cut->taken, end)->src_offset +
             cut->taken.skip_bytes;
    *size_bytes = piece_bytes(&cut->taken, end, cut->payload_bytes);
    return true;
}

void weft_tcp_cut_take(struct weft_tcp_cut *cut, const struct weft_net_end *end,
                       uint64_t size_bytes)
{
    cut->payload_bytes -= size_bytes;
    move(&cut->taken, end, size_bytes);
}
