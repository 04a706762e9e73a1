/* How many connections an address may make: a bucket for each address that made some lately.
 *
 * With more addresses than rows at once, those that find no row share the last one. */
#ifndef WEFT_NET_GUESTS_H
#define WEFT_NET_GUESTS_H

#include <sys/socket.h>

#include "base/bucket.h"

#define WEFT_NET_GUESTS_ROWS     64
#define WEFT_NET_GUESTS_BURST_NS 1000000000u

struct weft_net_guests_row {
    uint8_t address[16]; /* of IPv6 the network's half: the other is the guest's to choose */
    struct weft_bucket bucket;
};

struct weft_net_guests {
    uint64_t per_s; /* 0: no limit */
    struct weft_net_guests_row rows[WEFT_NET_GUESTS_ROWS];
};

/* May one more come from that address now? Counts it then. */
bool weft_net_guests_admit(struct weft_net_guests *guests, const struct sockaddr_storage *from,
                           weft_ns now);

#endif
