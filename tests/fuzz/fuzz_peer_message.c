/* What comms tell each other beside copies: any bytes give a message within their bounds, or none,
 * and what was read, written again, is the same bytes. */
#include <string.h>

#include "fuzz.h"
#include "host/peer_message.h"

static uint8_t again[WEFT_NET_HELLO_BYTES];

static void check_grant(struct weft_reader *reader, struct weft_writer *writer)
{
    uint32_t slots = (uint32_t)weft_reader_number(reader, 4);
    uint64_t slot_bytes = weft_reader_number(reader, 8);

    weft_peer_grant_begin(writer, slots, slot_bytes);
    while (!reader->failed && reader->used < reader->size) {
        uint32_t device = (uint32_t)weft_reader_number(reader, 4);
        struct weft_net_remote remote;

        weft_peer_remote_read(reader, &remote);
        if (!reader->failed)
            weft_peer_grant_add(writer, device, &remote);
    }
}

static void check_extents(struct weft_reader *reader, struct weft_writer *writer, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct weft_extent extent;

        weft_peer_extent_read(reader, &extent);
        if (reader->failed)
            return;
        weft_peer_extent_write(writer, &extent);
    }
}

static void check_fetch(struct weft_reader *reader, struct weft_writer *writer)
{
    struct weft_peer_fetch_head head;

    weft_peer_fetch_read(reader, &head);
    if (reader->failed || head.extent_count > WEFT_PEER_FETCH_EXTENTS)
        return;
    weft_peer_fetch_write(writer, &head);
    check_extents(reader, writer, head.extent_count);
}

static void check_copy(struct weft_reader *reader, struct weft_writer *writer)
{
    struct weft_peer_copy_head head;

    weft_peer_copy_read(reader, &head);
    if (reader->failed || head.fetch.extent_count > WEFT_PEER_FETCH_EXTENTS)
        return;
    weft_peer_copy_write(writer, &head);
    check_extents(reader, writer, head.fetch.extent_count);
}

static void check_settle(struct weft_reader *reader, struct weft_writer *writer)
{
    uint32_t id = (uint32_t)weft_reader_number(reader, 4);
    uint64_t incarnation = weft_reader_number(reader, 8);

    if (!reader->failed)
        weft_peer_settle_write(writer, id, incarnation);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct weft_reader reader;
    struct weft_writer writer;
    uint64_t kind;

    reader = weft_reader_of(bytes, size);
    writer = weft_writer_of(again, sizeof(again));
    kind = weft_reader_number(&reader, 1);
    if (kind == WEFT_PEER_GRANT)
        check_grant(&reader, &writer);
    else if (kind == WEFT_PEER_FETCH)
        check_fetch(&reader, &writer);
    else if (kind == WEFT_PEER_COPY)
        check_copy(&reader, &writer);
    else if (kind == WEFT_PEER_SETTLE)
        check_settle(&reader, &writer);
    weft_assert(reader.used <= reader.size);
    if (size > sizeof(again))
        return 0;
    weft_assert(!writer.failed);
    weft_assert(memcmp(again, bytes, writer.used) == 0);
    return 0;
}
