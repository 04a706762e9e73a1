/* Tenants: whose keys a comm can open.
 *
 * The comms of a tenant share a secret (setting tenant_secret). What a window's key must not give
 * away (the window's token, and the address of its comm with the secret of its net) is sealed with
 * it, and bound to all else that the key says: AES-256-GCM under HMAC-SHA256(secret, purpose). Who
 * gets hold of the key of another tenant has no token, and nobody to dial. Comms without the
 * setting make keys that are open, for each other: a comm with a tenant takes no open keys. */
#ifndef WEFT_TENANT_H
#define WEFT_TENANT_H

#include "window_key.h"

#define WEFT_TENANT_SECRET_MIN 16 /* characters */

/* NULL, or why the text is no secret; empty: no tenant. */
const char *weft_tenant_check(const char *secret);

/* Seals a key that was just described; without a tenant it stays as it is.
 * weftSystemError: no random numbers, or OpenSSL fails. */
weftResult_t weft_tenant_seal(const char *secret, struct weft_window_key *key);

/* Opens a key that was read. weftInvalidUsage: it is not of this tenant; `*why` says so, and the
 * key is as it was. */
weftResult_t weft_tenant_open(const char *secret, struct weft_window_key *key, const char **why);

#endif
