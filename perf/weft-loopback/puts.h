/* Weft's puts between two processes of this machine. */
#ifndef WEFT_LOOPBACK_PUTS_H
#define WEFT_LOOPBACK_PUTS_H

#include "pair.h"

/* Puts of size_bytes, `depth` of them under way, without and with AES-256-GCM; every byte of the
 * last one is checked. */
bool weft_loopback_put_plain(const struct weft_loopback_ask *ask,
                             struct weft_loopback_figures *figures);
bool weft_loopback_put_sealed(const struct weft_loopback_ask *ask,
                              struct weft_loopback_figures *figures);

/* A put from the call until its request has ended, which the other side has acknowledged then. */
bool weft_loopback_put_wait(const struct weft_loopback_ask *ask,
                            struct weft_loopback_figures *figures);

/* A put with its signal there, for which the other side waits, and the same back. */
bool weft_loopback_put_signal(const struct weft_loopback_ask *ask,
                              struct weft_loopback_figures *figures);

#endif
