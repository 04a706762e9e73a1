/* Landings: our windows as peers see them that write what we fetch.
 *
 * A window has a second number in the net, with a token of its own, for the sake of one promise:
 * when a fetch has ended nothing of it lands. The landing is shut then, which no other use of the
 * window notices, and opened anew, with another token, for the next fetch. */
#ifndef WEFT_PEER_LANDING_H
#define WEFT_PEER_LANDING_H

#include "weft_net.h"

struct weft_loop;

struct weft_peers_landing {
    bool on;
    bool revoked;
    struct weft_net_remote as; /* a new epoch, and token, each time */
    uint32_t forwards;         /* copies of ours into it that peers asked for */
    uint32_t closing;          /* fetches that wait for the end of those */
};

/* How the window is exposed to those who fetch for us. weftNoResource: not now. */
weftResult_t weft_landing_open(struct weft_loop *loop, uint32_t window, struct weft_net_remote *as);

/* From its return on nothing of peers lands there; forwards of ours may, until `forwards` is 0. */
void weft_landing_shut(struct weft_loop *loop, uint32_t window);

/* A forward into the landing was taken into a slot, and has ended. */
void weft_landing_forward(struct weft_loop *loop, uint32_t window, uint32_t slot);
void weft_landing_forwarded(struct weft_loop *loop, uint32_t slot, weftResult_t result);

#endif
