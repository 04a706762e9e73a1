/* The class of a copy: small ones hardly wait for large ones, and those that only borrow the NIC
 * wait for those that it is nearest to. How classes take turns on a lane is the transport's. */
#ifndef WEFT_NET_CLASS_H
#define WEFT_NET_CLASS_H

#include "net_operation.h"

#define WEFT_NET_SMALL_BYTES 16384 /* a copy of so many is small */

enum weft_net_class { WEFT_NET_SMALL, WEFT_NET_OWN, WEFT_NET_LENT, WEFT_NET_CLASSES };

static inline enum weft_net_class weft_net_class_of(const struct weft_net_operation *operation)
{
    if (operation->size_bytes <= WEFT_NET_SMALL_BYTES)
        return WEFT_NET_SMALL;
    return operation->is_lent ? WEFT_NET_LENT : WEFT_NET_OWN;
}

#endif
