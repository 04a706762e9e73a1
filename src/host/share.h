/* Shares: the live windows of this process that keys may open, and who has opened them.
 *
 * A share is made with an own window and outlives it while others still have it imported; it then
 * opens nothing any more. One lock guards all of it: the control path may wait. The lock is held
 * while an importing comm is asked to revoke, so it is never taken by a progress thread, nor while
 * a command lock is held. */
#ifndef WEFT_SHARE_H
#define WEFT_SHARE_H

#include "loop.h"
#include "window_key.h"

struct weft_share_user {
    struct weft_loop *loop;
    uint32_t window; /* its number there */
    struct weft_share_user *next;
};

struct weft_share {
    struct weft_share *next;
    struct weft_share_user *users;
    uint64_t id;
    uint64_t size_bytes;
    void *base;
    uint32_t epoch; /* grows with every revocation */
    uint32_t server;
    uint32_t device;
    char device_name[32];
    struct weft_flag revoked; /* raised under the lock, read by every transfer */
    bool orphan;              /* its own window is gone */
    uint8_t tokens[WEFT_RIGHTS_ALL + 1][WEFT_KEY_TOKEN_BYTES]; /* by rights */
};

void weft_shares_lock(void);
void weft_shares_unlock(void);

/* Random bytes; false when the system has none. */
bool weft_random(void *bytes, size_t size);

/* The random bytes that tell this process from others. False when the system has none. */
bool weft_process_id(uint8_t bytes[WEFT_KEY_TOKEN_BYTES]);

/* Of a share that the caller has joined or owns; needs no lock. */
bool weft_share_is_revoked(const struct weft_share *share);

/* ---- with the lock held ---- */

/* A share with new tokens, or NULL (no memory, no random numbers). */
struct weft_share *weft_share_open(void *base, uint64_t size, uint32_t server, uint32_t device,
                                   const char *device_name);

/* What the key for `rights` says. */
void weft_share_describe(const struct weft_share *share, unsigned rights,
                         struct weft_window_key *key);

/* Is the key of a window of this process? */
bool weft_share_is_here(const struct weft_window_key *key);

/* The live share of this process that a key opens. weftInvalidUsage: revoked, gone, or with a token
 * that is not the share's; `*why` says so. */
weftResult_t weft_share_find(const struct weft_window_key *key, struct weft_share **share,
                             const char **why);

/* False: no memory. */
bool weft_share_join(struct weft_share *share, struct weft_loop *loop, uint32_t window);

/* Ends a user's part; frees an orphan that nobody uses. */
void weft_share_leave(struct weft_share *share, const struct weft_loop *loop, uint32_t window);

/* Ends all keys, and the transfers of all users. weftUnknown: a copy of one of them hangs. */
weftResult_t weft_share_revoke(struct weft_share *share);

/* The own window goes: its keys open nothing any more. Needs: revoked, or never given to anybody.
 * */
void weft_share_close(struct weft_share *share);

#endif
