/* Futexes; see sleep.h. */
#include "sleep.h"

#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_SECOND 1000000000u

/* A sleep that nothing ends is cut to this; whoever slept looks again. */
#define SLEEP_NS_MAX (3600ull * NS_PER_SECOND)

_Static_assert(sizeof(atomic_uint) == 4, "a futex is 32 bits");

static void futex_wait(atomic_uint *word, uint32_t value, uint64_t real_ns)
{
    struct timespec timeout;

    real_ns = weft_min(real_ns, SLEEP_NS_MAX);
    timeout.tv_sec = (time_t)(real_ns / NS_PER_SECOND);
    timeout.tv_nsec = (long)(real_ns % NS_PER_SECOND);
    /* Its failures (value changed, timed out, interrupted) all mean: look again. */
    (void)syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, &timeout, NULL, 0);
}

static void futex_wake(atomic_uint *word)
{
    (void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

void weft_bell_init(struct weft_bell *bell)
{
    atomic_init(&bell->word, 0);
}

void weft_bell_ring(struct weft_bell *bell)
{
    /* both orders: what the ringer pushed is seen by the waiter that sees this ring; and all
     * changes of the word are in one order, so either the ringer sees the sleeper's bit or the
     * sleeper sees the ring and does not sleep */
    if ((atomic_fetch_add_explicit(&bell->word, 2, memory_order_acq_rel) & 1) == 0)
        return;
    atomic_fetch_and_explicit(&bell->word, ~1u, memory_order_relaxed);
    futex_wake(&bell->word);
}

uint32_t weft_bell_key(struct weft_bell *bell)
{
    /* acquire: pairs with the release in weft_bell_ring */
    return atomic_load_explicit(&bell->word, memory_order_acquire) & ~1u;
}

void weft_bell_wait(struct weft_bell *bell, uint32_t key, uint64_t real_ns)
{
    uint32_t expected = key;

    if (real_ns == 0)
        return;
    /* both orders: pairs with weft_bell_ring */
    if (!atomic_compare_exchange_strong_explicit(&bell->word, &expected, key | 1,
                                                 memory_order_acq_rel, memory_order_acquire))
        return;
    futex_wait(&bell->word, key | 1, real_ns);
    atomic_fetch_and_explicit(&bell->word, ~1u, memory_order_relaxed);
}

void weft_flag_wait(struct weft_flag *flag, uint32_t value, uint64_t real_ns)
{
    if (real_ns > 0)
        futex_wait(&flag->word, value, real_ns);
}

void weft_flag_wake(struct weft_flag *flag)
{
    futex_wake(&flag->word);
}
