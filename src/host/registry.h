/* The transports that this library has, one row each. */
#ifndef WEFT_REGISTRY_H
#define WEFT_REGISTRY_H

#include "../base/base.h"
#include "weft_net.h"
#include "weft_transport.h"

#define WEFT_TRANSPORTS_MAX 8

struct weft_registry_row {
    const struct weft_transport_ops *ops;
    const char *about;
    weft_ns overhead_ns; /* from the submit of a copy to its first byte, links apart */
    bool chains;         /* a copy may name another of the transport's as `after` */
};

/* Row number `index`, or NULL past the last. Where two rows offer the same hop the earlier one
 * drives it. */
const struct weft_registry_row *weft_registry_row(uint32_t index);

/* The network transport of that name, or NULL. */
const struct weft_net_ops *weft_registry_net(const char *name);

/* The row's functions with faults injected as the setting `fault` says. weftInvalidArgument: the
 * plan is wrong; `why` says where. weftNoResource: too many different plans in this process. */
weftResult_t weft_registry_wrap(const struct weft_registry_row *row, const char *plan,
                                const struct weft_transport_ops **ops, char why[256]);

#endif
