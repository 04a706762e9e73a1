/* The UDP network transport: see weft_net.h. Weft's own multipath protocol (core/mp.h) over
 * datagrams: every lane has several ways through the network, each a source port of its own, and
 * one log per pair of peers says which bytes have come, over whatever way.
 *
 * The address of a net holds at most 16 NICs of IPv4 or 6 of IPv6. Both ends must have the same
 * crypto mode.
 *
 * Beside the promises of weft_net.h:
 *  - What was on a lane that dies goes over the others and ends well; a copy fails with
 *    weftRemoteError only when its peer is gone.
 *  - peer_open of a net whose peer is known already gives the known number; PEER_UP is told again.
 *  - A peer of which PEER_DOWN with is_gone = false was told is tried on, and PEER_UP is told when
 *    it answers; with is_gone = true nothing more happens until peer_close.
 *  - peer_close ends what is under way with weftUnknown, unless the peer was gone.
 *  - A refused copy, forward or store (no such window, epoch, token, right or range at the peer)
 *    ends with weftInvalidUsage: no lane is to blame.
 *  - Both ends of a lane are the same NICs for as long as the peer is up. */
#ifndef WEFT_UDP_H
#define WEFT_UDP_H

#include "base/base.h"
#include "weft_net.h"

extern const struct weft_net_ops weft_udp_net;

#endif
