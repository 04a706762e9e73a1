/* Sockets for datagrams: one per NIC that hears all peers, one per way to a peer that only speaks.
 *
 * Where the kernel can, it cuts a large buffer into equal datagrams (UDP_SEGMENT) and joins those
 * of one sender (UDP_GRO); where it cannot, many go with one call. None blocks. */
#ifndef WEFT_UDP_SOCKET_H
#define WEFT_UDP_SOCKET_H

#include <sys/socket.h>
#include <sys/uio.h>

#include "base/base.h"
#include "core/wire.h"

#define WEFT_UDP_BUFFER_BYTES (8u << 20) /* of a socket that hears; less where the kernel says so */
#define WEFT_UDP_MESSAGES_MAX 16         /* of one call of the kernel */
#define WEFT_UDP_SUPER_BYTES  65000u     /* what the kernel cuts, or has joined, at most */
#define WEFT_UDP_RUN_MAX      64         /* datagrams of a run */
#define WEFT_UDP_PIECES_MAX   1024       /* of a run */

/* Datagrams for one way, to be sent at once. */
struct weft_udp_run {
    uint32_t count;
    uint32_t piece_count;
    size_t bytes;
    struct {
        uint32_t piece; /* its first */
        uint32_t bytes;
    } datagrams[WEFT_UDP_RUN_MAX];
    struct iovec pieces[WEFT_UDP_PIECES_MAX];
};

/* What one call of the kernel has heard. */
struct weft_udp_heard {
    int count;
    struct {
        struct sockaddr_storage from;
        uint8_t *bytes;
        size_t size;
        size_t each_bytes; /* of each datagram in it but the last, which may be smaller */
    } messages[WEFT_UDP_MESSAGES_MAX];
};

/* -1 with errno. `bound` becomes what the socket is bound to. */
int weft_udp_socket_hear(const struct weft_wire_nic *nic, struct sockaddr_storage *bound,
                         uint64_t *buffer_bytes);
/* From a NIC (NULL: any) to a peer's; errors of the network are told by later calls. */
int weft_udp_socket_speak(const struct weft_wire_nic *from, const struct weft_wire_nic *to);
/* The largest datagram that the way takes whole. */
uint32_t weft_udp_socket_datagram_bytes(int fd, bool is_v6);

/* Into `ring`, WEFT_UDP_MESSAGES_MAX times 64 KiB. */
void weft_udp_socket_read(int fd, uint8_t *ring, struct weft_udp_heard *heard);

void weft_udp_run_reset(struct weft_udp_run *run);
/* Whether a datagram of so many pieces and bytes still fits. */
bool weft_udp_run_has_room(const struct weft_udp_run *run, uint32_t pieces, size_t bytes,
                           size_t bytes_max);
void weft_udp_run_begin(struct weft_udp_run *run);
void weft_udp_run_add(struct weft_udp_run *run, const void *bytes, size_t size);
/* Sends it; 0, or the errno that stopped it: what was left is gone, as on any network. */
int weft_udp_run_send(const struct weft_udp_run *run, int fd, bool segments);
/* The kernel cuts (UDP_SEGMENT). */
bool weft_udp_socket_segments(void);

#endif
