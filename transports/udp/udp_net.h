/* The UDP net: everything that one comm has of the network, and what the files of the transport
 * share.
 *
 * Beside net_end.h, memory is taken for each session, never for a datagram of a stranger before he
 * has shown a cookie, nor for a copy or a packet.
 *
 * The way of an operation: it is listed with its lane, or with its peer for any, becomes one or
 * several messages of core/mp (parts), and ends when all of them have. */
#ifndef WEFT_UDP_NET_H
#define WEFT_UDP_NET_H

#include "base/prng.h"
#include "net/net_address.h"
#include "net/net_body.h"
#include "net/net_guests.h"
#include "net/net_pace.h"
#include "udp.h"
#include "udp_delay.h"
#include "udp_peer.h"

#define WEFT_UDP_COPIES_MAX   256 /* listed on a lane */
#define WEFT_UDP_GRAVES_MAX   64  /* sessions that we closed, and may be asked for */
#define WEFT_UDP_RUN_BYTES    (4 * WEFT_UDP_SUPER_BYTES)
#define WEFT_UDP_SEALED_BYTES ((size_t)WEFT_UDP_RUN_BYTES + 65536)
#define WEFT_UDP_READS_MAX    16         /* calls of the kernel for one NIC in one poll */
#define WEFT_UDP_BUDGET_BYTES (4u << 20) /* of one session in one poll */

struct weft_udp_nic {
    struct weft_wire_nic local; /* with the port that hears */
    bool is_any;                /* bound to all addresses: no source address */
    int fd;
    struct weft_net_pace pace;
    struct weft_udp_delay delay;
};

/* How far a copy is given to core/mp. */
struct weft_udp_cursor {
    uint32_t block; /* the next part begins here */
    uint32_t index;
    uint64_t skip_bytes; /* of that extent */
    bool is_held;        /* it is listed when the parts before its signal have ended */
};

/* A session that we closed: who still speaks to it is told so. */
struct weft_udp_grave {
    uint64_t tag; /* 0: none */
    uint64_t tag_there;
    uint8_t goodbye[WEFT_SECURE_GOODBYE_BYTES];
    struct weft_wire_nic to[WEFT_NET_NICS_MAX]; /* its NIC that ours spoke to */
};

struct weft_udp_net {
    struct weft_net_end end;
    enum weft_secure_mode mode;
    uint8_t address[WEFT_NET_ADDRESS_BYTES];
    uint8_t address_told[WEFT_NET_ADDRESS_BYTES]; /* to peers */
    uint32_t nic_count;
    struct weft_udp_nic nics[WEFT_NET_NICS_MAX];
    uint64_t room_bytes; /* that the sockets hold, together */
    uint32_t way_count;  /* sockets of ways, of all sessions */
    uint32_t ways_max;   /* so many, and one of each lane */
    bool segments;       /* the kernel cuts */
    struct weft_secure_cookies cookies;
    struct weft_net_guests limits;

    struct weft_udp_session **sessions; /* NULL: free */
    uint32_t sessions_max;
    uint32_t guest_count;
    struct weft_udp_cursor *cursors; /* of copies, by their cookies */
    bool *is_given;                  /* of operations that are no copies: core/mp has it */
    struct weft_udp_grave graves[WEFT_UDP_GRAVES_MAX];
    uint32_t grave_next;

    struct weft_prng prng;        /* which packets a faulty NIC loses */
    struct weft_mp_packet packet; /* that goes out */
    struct weft_udp_run run;
    struct weft_udp_run gathered; /* what is to be sealed */
    struct weft_udp_heard heard;
    uint8_t *ring;   /* what was heard */
    uint8_t *plain;  /* one datagram, opened */
    uint8_t *sealed; /* the datagrams of the run, or their heads */
    size_t sealed_used;
    uint8_t *body; /* of the part that was written last */
    const struct weft_udp_part *body_of;
};

/* What goes out is to be kept for a while, or goes behind what is. */
static inline bool weft_udp_nic_delays(const struct weft_udp_nic *nic)
{
    return nic->delay.bytes != NULL && (nic->pace.shape.delay_ns > 0 || nic->delay.count > 0);
}

static inline struct weft_udp_net *weft_udp_net_of(struct weft_net *net)
{
    return (struct weft_udp_net *)(void *)net;
}

/* Sends one small datagram over a socket of a NIC, to `to` or where it is connected; what does not
 * go is lost, as on any network. 0 or errno. */
int weft_udp_net_say(struct weft_udp_net *net, uint32_t nic, int fd,
                     const struct sockaddr_storage *to, const void *bytes, size_t size);

/* ---- udp_shape.c ---- */

void weft_udp_shape(struct weft_net *net, uint32_t nic, const struct weft_net_shape *shape);

#endif
