/* The nets that meetings go over: small, encrypted, always TCP, apart from those that move bytes.
 *
 * One end is the root of an id, the other a rank that calls it. What comes from strangers the
 * transport drops and counts. */
#ifndef WEFT_BOOT_NET_H
#define WEFT_BOOT_NET_H

#include "../core/config.h"
#include "clock.h"
#include "weft_net.h"

#define WEFT_BOOT_NICS_MAX 2 /* an id has room for them */

struct weft_boot_net {
    const struct weft_net_ops *ops;
    struct weft_net *net;
    struct weft_clock clock; /* real time */
};

/* Listens on the first addresses of the settings. `dial_ns`: so long a peer is looked for.
 * weftInvalidArgument, weftSystemError: `why` is a sentence. */
weftResult_t weft_boot_net_open(struct weft_boot_net *boot, const struct weft_config *settings,
                                uint32_t peers_max, uint64_t dial_ns, char why[256]);

void weft_boot_net_close(struct weft_boot_net *boot); /* a zeroed one is allowed */

/* Works the sockets, after a sleep until something comes or `until_at`; events follow. */
void weft_boot_net_poll(struct weft_boot_net *boot, weft_ns until_at);

#endif
