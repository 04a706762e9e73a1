/* Bodies: what an operation is on the wire, and what a body of a peer does here.
 *
 * The layouts are those of core/wire.h. Before a byte of a window is touched: number, exposure,
 * epoch, token, rights (weft_net_window_admit), every extent, their sum. */
#ifndef WEFT_NET_BODY_H
#define WEFT_NET_BODY_H

#include "net_end.h"

enum weft_net_outcome {
    WEFT_NET_APPLIED,
    WEFT_NET_REFUSED, /* no such window, epoch, token, right or range: nothing was touched */
    WEFT_NET_BLOCKED, /* no room now: nothing was done */
    WEFT_NET_WRONG    /* no peer sends that */
};

/* ---- out: of a COPY, STORE, FORWARD, ANSWER or MESSAGE ---- */

enum weft_wire_kind weft_net_body_kind(const struct weft_net_operation *operation);
uint32_t weft_net_body_bytes(const struct weft_net_operation *operation);
void weft_net_body_write(const struct weft_net_end *end, const struct weft_net_operation *operation,
                         struct weft_writer *writer);

/* The STORE of a word in `dst`: the operation's own, or that which goes along with a copy. */
void weft_net_signal_write(const struct weft_net_operation *operation,
                           const struct weft_wire_window *dst, struct weft_writer *writer);

/* The STORE in front of what goes along with it; false: there is none. */
bool weft_net_signal_read(struct weft_reader *reader, struct weft_wire_store *store);

/* Where the word of a store is; NULL: the peer may not touch it. do: false where it may not. */
void *weft_net_store_place(const struct weft_net_end *end, const struct weft_wire_store *store);
bool weft_net_store_do(const struct weft_net_end *end, const struct weft_wire_store *store);

/* ---- in: of a STORE, FORWARD, ANSWER or MESSAGE; what it does, once ---- */

enum weft_net_outcome weft_net_body_apply(struct weft_net_end *end, uint32_t peer,
                                          enum weft_wire_kind kind, struct weft_reader *body);

#endif
