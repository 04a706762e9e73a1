/* Signals of ours in windows of peers.
 *
 * Each is one store: to the net, or a message where the peer itself has to raise it. The slot ends
 * when that is answered, or with its deadline. */
#ifndef WEFT_PEER_SIGNAL_H
#define WEFT_PEER_SIGNAL_H

#include "slot.h"

#define WEFT_PEERS_STORES_MAX 4096 /* signals to peers that are not answered */

struct weft_loop;

/* A signal of a slot on its way to a peer. */
struct weft_peers_store {
    uint32_t slot; /* WEFT_NONE: nobody waits any more */
    weft_ns deadline_at;
    struct weft_signal signal;
    struct weft_slot_end end; /* of its transfer, when it is raised */
    bool sent;                /* to the net; else no lane is up, and it is tried again */
};

/* Is the signal one that a peer raises for us? */
bool weft_peers_raise(const struct weft_loop *loop, const struct weft_signal *signal);
/* Is the signal one that only the owner of its window can raise, by a message of its own? */
bool weft_peers_owner_raises(const struct weft_loop *loop, const struct weft_signal *signal);
/* The slot's transfer begins, which may end with a signal to a peer; it has ended. */
void weft_peers_signal_begin(struct weft_loop *loop, uint32_t slot);
void weft_peers_signal_end(struct weft_loop *loop, uint32_t slot);

/* Raises a signal in a peer's window; the slot ends with `end` when that is answered. */
weftResult_t weft_peers_signal(struct weft_loop *loop, uint32_t slot,
                               const struct weft_signal *signal, const struct weft_slot_end *end);

/* The net's answer to a signal, or what stands for it. */
void weft_peers_store_ended(struct weft_loop *loop, uint32_t index, weftResult_t result);

/* Sends what no lane took yet, and ends what is past its deadline; true when something happened. */
bool weft_peers_poll_stores(struct weft_loop *loop, weft_ns now);

#endif
