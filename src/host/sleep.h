/* How a thread sleeps while there is nothing for it, and is woken: what base/ring.h leaves out.
 *
 * A bell is rung by any thread and awaited by one. The one takes the bell's key before it looks for
 * work; ringing after that makes the wait return at once, so no ring is lost. Ringing a bell that
 * nobody sleeps on makes no system call. A bell that watches a descriptor can also be awaited
 * together with that. */
#ifndef WEFT_SLEEP_H
#define WEFT_SLEEP_H

#include "../base/ring.h"

struct weft_bell {
    atomic_uint word; /* rings * 2, plus 1 while the waiter sleeps */
    int event_fd;     /* readable when rung; -1: it watches nothing, and a futex does */
    int watched_fd;   /* -1: none */
};

void weft_bell_init(struct weft_bell *bell);
void weft_bell_fini(struct weft_bell *bell);

/* From now on weft_bell_wait_or_watch ends when `fd` is readable, too. Before anybody waits.
 * weftSystemError: no descriptor is left. */
weftResult_t weft_bell_watch(struct weft_bell *bell, int fd);
void weft_bell_ring(struct weft_bell *bell);

/* Take it, look for work, then wait with it. */
uint32_t weft_bell_key(struct weft_bell *bell);

/* Sleeps until the bell has been rung since `key` was taken, at most `real_ns`. */
void weft_bell_wait(struct weft_bell *bell, uint32_t key, uint64_t real_ns);

/* The same, or until the descriptor that is watched is readable. */
void weft_bell_wait_or_watch(struct weft_bell *bell, uint32_t key, uint64_t real_ns);

/* Sleeps while the flag is `value`, at most `real_ns`; may return early. */
void weft_flag_wait(struct weft_flag *flag, uint32_t value, uint64_t real_ns);

/* Wakes all that sleep on the flag. */
void weft_flag_wake(struct weft_flag *flag);

#endif
