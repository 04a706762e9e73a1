/* Windows of a net: own memory with what of it peers may use, and windows of peers. */
#ifndef WEFT_NET_WINDOW_H
#define WEFT_NET_WINDOW_H

#include "core/wire.h"
#include "weft_net.h"

#define WEFT_NET_EXPOSURES_MAX 16 /* of one window */

struct weft_net_end;

struct weft_net_exposure {
    uint32_t next; /* of the same window, or WEFT_NONE */
    uint32_t epoch;
    uint64_t size_bytes;
    unsigned rights;
    uint8_t token[WEFT_NET_TOKEN_BYTES];
};

struct weft_net_window {
    bool is_own;
    char *base; /* of an own one; NULL: this process cannot address it */
    uint64_t size_bytes;
    uint32_t first_exposure;
    uint32_t exposure_count;
    uint64_t conceal_count; /* what was let in before it changed is let in no longer */
    uint32_t peer;          /* of an imported one, else WEFT_NONE */
    struct weft_net_remote remote;
};

weftResult_t weft_net_window_add(struct weft_net *net, uint32_t window, void *base, size_t size);
void weft_net_window_remove(struct weft_net *net, uint32_t window);
weftResult_t weft_net_expose(struct weft_net *net, uint32_t window,
                             const struct weft_net_remote *as);
void weft_net_conceal(struct weft_net *net, uint32_t window);
weftResult_t weft_net_import(struct weft_net *net, uint32_t window, uint32_t peer,
                             const struct weft_net_remote *remote);
void weft_net_forget(struct weft_net *net, uint32_t window);
/* The exposure that lets `by` in with all of `rights`, or NULL. Its memory may be out of reach:
 * then a forward is all that it allows. */
const struct weft_net_exposure *weft_net_window_admit(const struct weft_net_end *end,
                                                      const struct weft_wire_window *by,
                                                      unsigned rights);
/* The same for what the net itself writes: NULL also where the window's memory is out of reach. */
const struct weft_net_exposure *weft_net_window_enter(const struct weft_net_end *end,
                                                      const struct weft_wire_window *by,
                                                      unsigned rights);
/* An imported window of a peer, or NULL. */
const struct weft_net_window *weft_net_window_imported(const struct weft_net_end *end,
                                                       uint32_t window);
struct weft_wire_window weft_net_window_wire(const struct weft_net_window *window);

#endif
