/* Bare sockets: what a stream and an exchange of messages cost without Weft. */
#ifndef WEFT_LOOPBACK_SOCKETS_H
#define WEFT_LOOPBACK_SOCKETS_H

#include "pair.h"

/* Writes of size_bytes from one memory into another, over one connection. */
bool weft_loopback_socket_stream(const struct weft_loopback_ask *ask,
                                 struct weft_loopback_figures *figures);

/* A message of size_bytes there and the same back: with calls that block, or that do not. */
bool weft_loopback_ping_pong(const struct weft_loopback_ask *ask,
                             struct weft_loopback_figures *figures);
bool weft_loopback_ping_pong_spinning(const struct weft_loopback_ask *ask,
                                      struct weft_loopback_figures *figures);

#endif
