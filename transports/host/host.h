/* The host transport: host memory to host memory, by copying threads. */
#ifndef WEFT_HOST_TRANSPORT_H
#define WEFT_HOST_TRANSPORT_H

#include "weft_transport.h"

extern const struct weft_transport_ops weft_host_transport;

#endif
