/* Records of a channel: at most 64 KiB of its stream, sealed, behind their size.
 *
 * A record is opened into the channel's own memory: the caller's sees a byte of it only when the
 * whole record has proved to be the peer's. */
#ifndef WEFT_TCP_RECORD_H
#define WEFT_TCP_RECORD_H

#include "tcp_channel.h"

#define WEFT_TCP_PIECES_MAX 64 /* of one call of the kernel, and of a record */

/* As weft_tcp_channel_write and _read, for a channel with records. */
size_t weft_tcp_record_write(struct weft_tcp_channel *channel, const struct iovec *pieces,
                             uint32_t count, uint64_t bytes_max);
size_t weft_tcp_record_read(struct weft_tcp_channel *channel, const struct iovec *pieces,
                            uint32_t count);

/* ---- tcp_channel.c: the socket under the records ---- */

void weft_tcp_channel_break(struct weft_tcp_channel *channel, int error, const char *why);
size_t weft_tcp_channel_send(struct weft_tcp_channel *channel, const struct iovec *pieces,
                             uint32_t count);
size_t weft_tcp_channel_receive(struct weft_tcp_channel *channel, const struct iovec *pieces,
                                uint32_t count);

#endif
