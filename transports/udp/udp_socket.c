/* Sockets, runs of datagrams, and what was heard; see udp_socket.h. */
#include "udp_socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <unistd.h>

#include "net/net_address.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

#define IPV4_HEAD_BYTES 28 /* with UDP's */
#define IPV6_HEAD_BYTES 48
#define MTU_LEAST       1280
#define DATAGRAM_MAX    65000u /* less than any head takes of 64 KiB */
#define RING_SLOT_BYTES 65536

/* ---- making ---- */

static uint64_t buffer_set(int fd, int forced, int plain)
{
    int wanted = WEFT_UDP_BUFFER_BYTES;
    socklen_t size = sizeof(wanted);

    /* Who may exceed the system's limit does; others get what it allows. */
    if (setsockopt(fd, SOL_SOCKET, forced, &wanted, sizeof(wanted)) != 0)
        (void)setsockopt(fd, SOL_SOCKET, plain, &wanted, sizeof(wanted));
    wanted = 0;
    (void)getsockopt(fd, SOL_SOCKET, plain, &wanted, &size);
    return wanted > 0 ? (uint64_t)wanted : 0;
}

int weft_udp_socket_hear(const struct weft_wire_nic *nic, struct sockaddr_storage *bound,
                         uint64_t *buffer_bytes)
{
    struct sockaddr_storage at;
    socklen_t size = weft_net_address_socket(nic, &at);
    socklen_t bound_size = sizeof(*bound);
    int fd = socket(at.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int one = 1;

    if (fd < 0)
        return -1;
    memset(bound, 0, sizeof(*bound));
    if (bind(fd, (struct sockaddr *)(void *)&at, size) != 0 ||
        getsockname(fd, (struct sockaddr *)(void *)bound, &bound_size) != 0) {
        int error = errno;

        (void)close(fd);
        errno = error;
        return -1;
    }
    *buffer_bytes = buffer_set(fd, SO_RCVBUFFORCE, SO_RCVBUF);
    (void)setsockopt(fd, IPPROTO_UDP, UDP_GRO, &one, sizeof(one));
    return fd;
}

int weft_udp_socket_speak(const struct weft_wire_nic *from, const struct weft_wire_nic *to)
{
    struct sockaddr_storage address;
    socklen_t size = weft_net_address_socket(to, &address);
    int fd = socket(address.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int whole = IP_PMTUDISC_DO;
    int error;

    if (fd < 0)
        return -1;
    if (from != NULL && from->is_v6 == to->is_v6) {
        struct sockaddr_storage local;
        struct weft_wire_nic any_port = *from;
        socklen_t local_size;

        any_port.port = 0;
        local_size = weft_net_address_socket(&any_port, &local);
        if (bind(fd, (struct sockaddr *)(void *)&local, local_size) != 0)
            goto fail;
    }
    if (connect(fd, (struct sockaddr *)(void *)&address, size) != 0)
        goto fail;
    if (!to->is_v6)
        (void)setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &whole, sizeof(whole));
    (void)buffer_set(fd, SO_SNDBUFFORCE, SO_SNDBUF);
    return fd;
fail:
    error = errno;
    (void)close(fd);
    errno = error;
    return -1;
}

uint32_t weft_udp_socket_datagram_bytes(int fd, bool is_v6)
{
    int mtu = 0;
    socklen_t size = sizeof(mtu);
    int head_bytes = is_v6 ? IPV6_HEAD_BYTES : IPV4_HEAD_BYTES;

    if (getsockopt(fd, is_v6 ? IPPROTO_IPV6 : IPPROTO_IP, is_v6 ? IPV6_MTU : IP_MTU, &mtu, &size) !=
            0 ||
        mtu < MTU_LEAST)
        mtu = MTU_LEAST;
    return (uint32_t)weft_min((uint32_t)(mtu - head_bytes), DATAGRAM_MAX);
}

bool weft_udp_socket_segments(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int none = 0;
    bool segments = fd >= 0 && setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &none, sizeof(none)) == 0;

    if (fd >= 0)
        (void)close(fd);
    return segments;
}

/* ---- hearing ---- */

void weft_udp_socket_read(int fd, uint8_t *ring, struct weft_udp_heard *heard)
{
    struct mmsghdr calls[WEFT_UDP_MESSAGES_MAX];
    struct iovec pieces[WEFT_UDP_MESSAGES_MAX];
    _Alignas(struct cmsghdr) char controls[WEFT_UDP_MESSAGES_MAX][CMSG_SPACE(sizeof(int))];

    memset(calls, 0, sizeof(calls));
    for (uint32_t i = 0; i < WEFT_UDP_MESSAGES_MAX; i++) {
        pieces[i] = (struct iovec){ring + (size_t)i * RING_SLOT_BYTES, RING_SLOT_BYTES};
        calls[i].msg_hdr = (struct msghdr){.msg_name = &heard->messages[i].from,
                                           .msg_namelen = sizeof(heard->messages[i].from),
                                           .msg_iov = &pieces[i],
                                           .msg_iovlen = 1,
                                           .msg_control = controls[i],
                                           .msg_controllen = sizeof(controls[i])};
    }
    heard->count = recvmmsg(fd, calls, WEFT_UDP_MESSAGES_MAX, MSG_DONTWAIT, NULL);
    for (int i = 0; i < heard->count; i++) {
        struct cmsghdr *control = CMSG_FIRSTHDR(&calls[i].msg_hdr);
        int each_bytes = 0;

        if (control != NULL && control->cmsg_level == IPPROTO_UDP && control->cmsg_type == UDP_GRO)
            memcpy(&each_bytes, CMSG_DATA(control), sizeof(each_bytes));
        heard->messages[i].bytes = pieces[i].iov_base;
        heard->messages[i].size = calls[i].msg_len;
        heard->messages[i].each_bytes = each_bytes > 0 ? (size_t)each_bytes : calls[i].msg_len;
    }
}

/* ---- runs ---- */

void weft_udp_run_reset(struct weft_udp_run *run)
{
    run->count = 0;
    run->piece_count = 0;
    run->bytes = 0;
}

bool weft_udp_run_has_room(const struct weft_udp_run *run, uint32_t pieces, size_t bytes,
                           size_t bytes_max)
{
    return run->count < WEFT_UDP_RUN_MAX && run->piece_count + pieces <= WEFT_UDP_PIECES_MAX &&
           run->bytes + bytes <= bytes_max;
}

void weft_udp_run_begin(struct weft_udp_run *run)
{
    run->datagrams[run->count].piece = run->piece_count;
    run->datagrams[run->count].bytes = 0;
    run->count++;
}

void weft_udp_run_add(struct weft_udp_run *run, const void *bytes, size_t size)
{
    weft_assert(run->piece_count < WEFT_UDP_PIECES_MAX);
    run->pieces[run->piece_count++] = (struct iovec){(void *)(uintptr_t)bytes, size};
    run->datagrams[run->count - 1].bytes += (uint32_t)size;
    run->bytes += size;
}

/* How many datagrams from `first` on go as one that the kernel cuts: equal ones, the last may be
 * smaller. */
static uint32_t super_count(const struct weft_udp_run *run, uint32_t first)
{
    uint32_t each_bytes = run->datagrams[first].bytes;
    size_t total_bytes = each_bytes;
    uint32_t count = 1;

    while (first + count < run->count && run->datagrams[first + count - 1].bytes == each_bytes &&
           run->datagrams[first + count].bytes <= each_bytes &&
           total_bytes + run->datagrams[first + count].bytes <= WEFT_UDP_SUPER_BYTES)
        total_bytes += run->datagrams[first + count++].bytes;
    return count;
}

static uint32_t piece_end(const struct weft_udp_run *run, uint32_t datagram)
{
    return datagram < run->count ? run->datagrams[datagram].piece : run->piece_count;
}

int weft_udp_run_send(const struct weft_udp_run *run, int fd, bool segments)
{
    struct mmsghdr calls[WEFT_UDP_RUN_MAX];
    _Alignas(struct cmsghdr) char controls[WEFT_UDP_RUN_MAX][CMSG_SPACE(sizeof(uint16_t))];
    unsigned used = 0;
    unsigned sent = 0;

    for (uint32_t first = 0; first < run->count; used++) {
        uint32_t count = segments ? super_count(run, first) : 1;
        struct msghdr *call = &calls[used].msg_hdr;

        *call = (struct msghdr){
            .msg_iov = (struct iovec *)(uintptr_t)&run->pieces[run->datagrams[first].piece],
            .msg_iovlen = piece_end(run, first + count) - run->datagrams[first].piece};
        if (count > 1) {
            uint16_t each_bytes = (uint16_t)run->datagrams[first].bytes;
            struct cmsghdr *control;

            call->msg_control = controls[used];
            call->msg_controllen = sizeof(controls[used]);
            control = CMSG_FIRSTHDR(call);
            *control = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(each_bytes)),
                                        .cmsg_level = IPPROTO_UDP,
                                        .cmsg_type = UDP_SEGMENT};
            memcpy(CMSG_DATA(control), &each_bytes, sizeof(each_bytes));
        }
        first += count;
    }
    while (sent < used) {
        int done = sendmmsg(fd, calls + sent, used - sent, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (done < 0)
            return errno;
        sent += (unsigned)done;
    }
    return 0;
}
