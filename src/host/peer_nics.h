/* NICs of a real machine: what becomes of their interfaces (interface_watch.h) is a fault, or its
 * end, as an emulated NIC's is. */
#ifndef WEFT_PEER_NICS_H
#define WEFT_PEER_NICS_H

#include "../base/base.h"

struct weft_loop;
struct weft_peers;

/* Begins to watch the interfaces that the net listens on. weftSystemError: no memory or descriptor
 * is left; `why` says so. */
weftResult_t weft_peers_nics_open(struct weft_loop *loop, struct weft_peers *peers, char why[256]);
void weft_peers_nics_close(struct weft_peers *peers);

/* Tells the net, the engine and the peers what has become of them. */
void weft_peers_watch_nics(struct weft_loop *loop, weft_ns now);

/* What is readable when peers are to be polled. */
int weft_peers_wakeup_fd(const struct weft_peers *peers);

#endif
