/* Sealing what goes out, opening what came in. */
#include "tcp_record.h"

#include <string.h>

static void size_put(uint8_t head[WEFT_TCP_RECORD_HEAD_BYTES], uint32_t size)
{
    for (uint32_t i = 0; i < WEFT_TCP_RECORD_HEAD_BYTES; i++)
        head[i] = (uint8_t)(size >> (8 * i));
}

static uint32_t size_get(const uint8_t head[WEFT_TCP_RECORD_HEAD_BYTES])
{
    uint32_t size = 0;

    for (uint32_t i = 0; i < WEFT_TCP_RECORD_HEAD_BYTES; i++)
        size |= (uint32_t)head[i] << (8 * i);
    return size;
}

/* ---- out ---- */

/* True when nothing waits. */
static bool flush(struct weft_tcp_channel *channel)
{
    if (channel->sealed_sent < channel->sealed_used) {
        struct iovec piece = {channel->sealed + channel->sealed_sent,
                              channel->sealed_used - channel->sealed_sent};

        channel->sealed_sent += weft_tcp_channel_send(channel, &piece, 1);
    }
    return channel->sealed_sent == channel->sealed_used;
}

size_t weft_tcp_record_write(struct weft_tcp_channel *channel, const struct iovec *pieces,
                             uint32_t count, uint64_t bytes_max)
{
    struct weft_secure_piece some[WEFT_TCP_PIECES_MAX];
    size_t room = (size_t)weft_min(bytes_max, WEFT_TCP_RECORD_BYTES);
    size_t size = 0;
    uint32_t used = 0;

    if (!flush(channel))
        return 0;
    for (; used < count && used < WEFT_TCP_PIECES_MAX && size < room; used++) {
        some[used].bytes = pieces[used].iov_base;
        some[used].size = (size_t)weft_min(pieces[used].iov_len, room - size);
        size += some[used].size;
    }
    if (size == 0)
        return 0;
    size_put(channel->sealed, (uint32_t)size);
    if (weft_secure_seal(channel->secure, channel->sealed, WEFT_TCP_RECORD_HEAD_BYTES, some, used,
                         channel->sealed + WEFT_TCP_RECORD_HEAD_BYTES) != weftSuccess) {
        weft_tcp_channel_break(channel, 0, "a record cannot be sealed");
        return 0;
    }
    channel->sealed_sent = 0;
    channel->sealed_used = WEFT_TCP_RECORD_HEAD_BYTES + size + WEFT_SECURE_TAG_BYTES;
    (void)flush(channel);
    return size;
}

/* ---- in ---- */

static size_t arrived_bytes(const struct weft_tcp_channel *channel)
{
    return channel->arrived_end - channel->arrived_at;
}

/* Bytes of the record at the front, 0 when not even its head is here. */
static size_t front_bytes(const struct weft_tcp_channel *channel)
{
    if (arrived_bytes(channel) < WEFT_TCP_RECORD_HEAD_BYTES)
        return 0;
    return WEFT_TCP_RECORD_HEAD_BYTES + (size_t)size_get(channel->arrived + channel->arrived_at) +
           WEFT_SECURE_TAG_BYTES;
}

/* Reads as much as there is room for: the part of a record at the end goes to the front. */
static bool fill(struct weft_tcp_channel *channel)
{
    size_t kept = arrived_bytes(channel);
    struct iovec piece;
    size_t got;

    if (channel->arrived_at > 0 && kept > 0)
        memmove(channel->arrived, channel->arrived + channel->arrived_at, kept);
    channel->arrived_at = 0;
    channel->arrived_end = kept;
    piece = (struct iovec){channel->arrived + kept, sizeof(channel->arrived) - kept};
    got = weft_tcp_channel_receive(channel, &piece, 1);
    channel->arrived_end += got;
    return got > 0;
}

/* True when opened bytes are at hand. */
static bool open_front(struct weft_tcp_channel *channel)
{
    for (;;) {
        size_t front = front_bytes(channel);
        const uint8_t *record = channel->arrived + channel->arrived_at;

        if (channel->plain_at < channel->plain_end)
            return true;
        if (front > sizeof(channel->sealed)) {
            weft_tcp_channel_break(channel, 0, "a record is too large");
            return false;
        }
        /* Nobody sends such, and many of them would be read in one go. */
        if (front == WEFT_TCP_RECORD_HEAD_BYTES + WEFT_SECURE_TAG_BYTES) {
            weft_tcp_channel_break(channel, 0, "a record is empty");
            return false;
        }
        if (front == 0 || front > arrived_bytes(channel)) {
            if (!fill(channel))
                return false;
            continue;
        }
        if (weft_secure_open(channel->secure, record, WEFT_TCP_RECORD_HEAD_BYTES,
                             record + WEFT_TCP_RECORD_HEAD_BYTES,
                             front - WEFT_TCP_RECORD_HEAD_BYTES, channel->plain) != weftSuccess) {
            weft_tcp_channel_break(channel, 0, "a record does not open: it was changed");
            return false;
        }
        channel->arrived_at += front;
        channel->plain_at = 0;
        channel->plain_end = front - WEFT_TCP_RECORD_HEAD_BYTES - WEFT_SECURE_TAG_BYTES;
    }
}

size_t weft_tcp_record_read(struct weft_tcp_channel *channel, const struct iovec *pieces,
                            uint32_t count)
{
    size_t total = 0;
    size_t into = 0;
    uint32_t i = 0;

    while (i < count && open_front(channel)) {
        size_t bytes =
            (size_t)weft_min(channel->plain_end - channel->plain_at, pieces[i].iov_len - into);

        memcpy((char *)pieces[i].iov_base + into, channel->plain + channel->plain_at, bytes);
        channel->plain_at += bytes;
        total += bytes;
        into += bytes;
        if (into == pieces[i].iov_len) {
            into = 0;
            i++;
        }
    }
    /* What was read before it broke was read well: it is told first, the break the next time. */
    return total;
}
