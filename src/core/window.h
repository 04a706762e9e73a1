/* Windows: registered bytes on a device, as the core knows them.
 *
 *             add                  revoke                  remove (nothing uses it)
 *     FREE ---------> LIVE ---------------------> REVOKED --------------------------> FREE
 *                       \________________________________________________________________/
 *                                       remove (nothing uses it)
 *
 * A window counts the transfers that name it and the chunks in flight that read or write it; its
 * number is free again only when both are 0. */
#ifndef WEFT_WINDOW_H
#define WEFT_WINDOW_H

#include "../base/base.h"

enum weft_window_state {
    WEFT_WINDOW_FREE,
    WEFT_WINDOW_LIVE,
    WEFT_WINDOW_REVOKED,
    WEFT_WINDOW_STATES
};

struct weft_window {
    enum weft_window_state state;
    uint32_t device;
    uint64_t size_bytes;
    unsigned rights; /* WEFT_RIGHT_* */
    uint32_t transfers;
    uint32_t chunks;
};

/* Needs: the window is free. */
void weft_window_add(struct weft_window *window, uint32_t device, uint64_t size_bytes,
                     unsigned rights);

/* False when it was not live. */
bool weft_window_revoke(struct weft_window *window);

/* No transfer names it, and no chunk in flight touches it. */
bool weft_window_idle(const struct weft_window *window);

/* weftInProgress while something uses it, weftInvalidUsage when it is free already. */
weftResult_t weft_window_remove(struct weft_window *window);

/* May [offset, offset + size) be used with `right`? weftInvalidArgument: outside; weftInvalidUsage:
 * not live, or without the right. */
weftResult_t weft_window_allows(const struct weft_window *window, uint64_t offset, uint64_t size,
                                unsigned right);

#endif
