/* What peers ask of this comm, and what they say.
 *
 * What they ask for runs in slots as what callers ask for does, and is answered once. Whatever they
 * send is checked, and refused beyond what a peer may ask for. */
#ifndef WEFT_PEER_ASKED_H
#define WEFT_PEER_ASKED_H

#include "peer_message.h"
#include "slot.h"

struct weft_loop;

/* An answer that waits for room in a lane. */
struct weft_peers_late {
    uint32_t peer;
    uint32_t kind;
    uint32_t id;
    weftResult_t result;
};

/* Is `remote` how one of our windows is exposed, with these rights and maybe more? */
bool weft_peer_is_exposed(const struct weft_loop *loop, const struct weft_net_remote *remote,
                          unsigned rights);
void weft_peer_forward(struct weft_loop *loop, const struct weft_net_event *event);
void weft_peer_message(struct weft_loop *loop, const struct weft_net_event *event);
void weft_peer_send_late(struct weft_loop *loop);

/* Tells a peer how what it asked for went, by a message of that kind; later where no lane is up. */
void weft_peer_answer(struct weft_loop *loop, uint32_t peer, uint32_t kind, uint32_t id,
                      weftResult_t result);

/* Begins to write what `asker` asks for into the window of peer `to` that `head` says; `reader` is
 * at the extents. weftNoResource: not now. weftInvalidUsage: our window is not to be read so. */
weftResult_t weft_peer_write(struct weft_loop *loop, const struct weft_slot_asker *asker,
                             uint32_t to, const struct weft_peer_fetch_head *head,
                             struct weft_reader *reader);

/* Cancels the slot, which a peer asked for: it ends with a later round. */
void weft_peer_asked_stop(struct weft_loop *loop, uint32_t slot);

/* Ends what peers asked for that reads or writes the window; true while some of it has not ended.
 * Fetches of ours go on. */
bool weft_peer_asked_revoke(struct weft_loop *loop, uint32_t window);

/* A slot that a peer asked for has ended. */
void weft_peers_asked_ended(struct weft_loop *loop, uint32_t slot, weftResult_t result);

#endif
