/* The TCP network transport: see weft_net.h. It works wherever there is IP.
 *
 * A lane is one TCP connection, used in both directions. The address of a net holds at most 16 NICs
 * of IPv4 or 6 of IPv6. Both ends must have the same crypto mode.
 *
 * Beside the promises of weft_net.h:
 *  - peer_open of a net whose peer is known already gives the known number; PEER_UP is told again.
 *  - A peer of which PEER_DOWN with is_gone = false was told is dialled on, and PEER_UP is told
 *    when it comes back; with is_gone = true nothing more happens until peer_close.
 *  - peer_close ends what is under way with weftUnknown, unless the peer was gone.
 *  - A refused copy, forward or store (no such window, epoch, token, right or range at the peer)
 *    ends with weftInvalidUsage: no lane is to blame. */
#ifndef WEFT_TCP_H
#define WEFT_TCP_H

#include "base/base.h"
#include "weft_net.h"

extern const struct weft_net_ops weft_tcp_net;

#endif
