/* A channel: one TCP connection with its handshake and, where bytes are sealed, its records.
 *
 *      CONNECTING ----> GREETING ----> OPEN
 *           |              |            |
 *           +--------------+------------+----> BROKEN
 *
 * CONNECTING: the kernel is at it. GREETING: the handshake of secure.h. OPEN: a stream of bytes in
 * both directions. BROKEN: for good, `why` says what happened.
 *
 * Without records bytes go straight from and into the caller's memory; a record is opened into the
 * channel's own memory and copied from there only when it has proved to be the peer's. Nothing here
 * blocks. Whose channel it is, and what its bytes mean, is for others. */
#ifndef WEFT_TCP_CHANNEL_H
#define WEFT_TCP_CHANNEL_H

#include <sys/uio.h>

#include "base/base.h"
#include "core/wire.h"
#include "secure/secure.h"
#include "tcp_delay.h"

#define WEFT_TCP_RECORD_BYTES      65536 /* plain bytes of a record, at most */
#define WEFT_TCP_RECORD_HEAD_BYTES 4
#define WEFT_TCP_SEALED_BYTES                                                                      \
    (WEFT_TCP_RECORD_HEAD_BYTES + WEFT_TCP_RECORD_BYTES + WEFT_SECURE_TAG_BYTES)
#define WEFT_TCP_ARRIVED_BYTES (4 * (size_t)WEFT_TCP_SEALED_BYTES)
#define WEFT_TCP_INPUT_BYTES   (WEFT_WIRE_FRAME_MAX + 65536)

enum weft_tcp_channel_state {
    WEFT_TCP_CHANNEL_CONNECTING,
    WEFT_TCP_CHANNEL_GREETING,
    WEFT_TCP_CHANNEL_OPEN,
    WEFT_TCP_CHANNEL_BROKEN,
    WEFT_TCP_CHANNEL_STATES
};

/* Whose it is now. */
enum weft_tcp_role {
    WEFT_TCP_GUEST, /* accepted, and has not said yet who it is: `slot` */
    WEFT_TCP_DIAL,  /* an attempt of a lane */
    WEFT_TCP_LANE,  /* a lane's connection */
    WEFT_TCP_ROLES
};

struct weft_tcp_channel {
    enum weft_tcp_channel_state state;
    enum weft_tcp_role role;
    uint32_t slot;
    uint32_t peer; /* of DIAL and LANE */
    uint32_t lane;
    uint32_t nic;      /* here */
    uint32_t peer_nic; /* there; of a GUEST not yet known */
    int fd;
    int epoll_fd;
    uint32_t interest; /* EPOLLIN, EPOLLOUT */
    bool is_initiator;
    bool is_drained;     /* the socket had less than was asked for: epoll tells when it has more */
    bool has_greeted;    /* the other side's first bytes were those of a peer */
    bool is_liar;        /* it could not prove that it has the secret */
    int error;           /* errno of BROKEN, or 0 */
    const char *why;     /* of BROKEN */
    weft_ns deadline_at; /* WEFT_NEVER: it has become a lane's */
    struct weft_tcp_channel *next; /* of those to be freed */

    struct weft_tcp_delay delay; /* of what comes in */
    enum weft_secure_mode mode;
    struct weft_secure *secure;
    size_t greeting_used;
    uint8_t greeting[WEFT_SECURE_SECOND_BYTES];

    size_t sealed_sent;
    size_t sealed_used;
    size_t arrived_at;
    size_t arrived_end;
    size_t plain_at;
    size_t plain_end;
    size_t input_at; /* the frames' reader is at it */
    size_t input_end;
    uint8_t sealed[WEFT_TCP_SEALED_BYTES];
    uint8_t arrived[WEFT_TCP_ARRIVED_BYTES];
    uint8_t plain[WEFT_TCP_RECORD_BYTES];
    uint8_t input[WEFT_TCP_INPUT_BYTES]; /* heads and bodies of frames that have arrived */
};

/* Dials `to` from `from` (NULL: any) and joins the epoll set. NULL: no memory or no socket;
 * `*error` is errno. */
struct weft_tcp_channel *weft_tcp_channel_dial(int epoll_fd, const struct weft_wire_nic *from,
                                               const struct weft_wire_nic *to,
                                               enum weft_secure_mode mode, const uint8_t *secret,
                                               int *error);

/* Takes an accepted, non-blocking socket. NULL: no memory; the socket is closed. */
struct weft_tcp_channel *weft_tcp_channel_take(int epoll_fd, int fd, enum weft_secure_mode mode,
                                               const uint8_t *secret);

/* Closes the socket; the memory stays until free, since an event of it may still be at hand. */
void weft_tcp_channel_close(struct weft_tcp_channel *channel);
void weft_tcp_channel_free(struct weft_tcp_channel *channel); /* NULL allowed; closes */

/* Goes on with connecting and greeting: `state` says how far it came. */
void weft_tcp_channel_advance(struct weft_tcp_channel *channel);

void weft_tcp_channel_watch(struct weft_tcp_channel *channel, bool in, bool out);

/* Writes of the pieces at most `bytes_max` bytes and returns how many were taken: 0 when the socket
 * takes no more now, or it broke (see `state`). What is taken into a record may wait here: call it
 * again, with or without pieces, while has_unsent. */
size_t weft_tcp_channel_write(struct weft_tcp_channel *channel, const struct iovec *pieces,
                              uint32_t count, uint64_t bytes_max);
bool weft_tcp_channel_has_unsent(const struct weft_tcp_channel *channel);

/* Reads into the pieces and returns how many bytes; 0 when none are there, or it broke. */
size_t weft_tcp_channel_read(struct weft_tcp_channel *channel, const struct iovec *pieces,
                             uint32_t count);

/* Bytes that lie in the socket. */
uint64_t weft_tcp_channel_waiting(const struct weft_tcp_channel *channel);

/* Bytes of ours that the peer's kernel has not acknowledged. */
uint64_t weft_tcp_channel_unacked(const struct weft_tcp_channel *channel);

const char *weft_tcp_channel_state_name(enum weft_tcp_channel_state state);

#endif
