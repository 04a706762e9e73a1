/* Futexes, and descriptors where a bell watches one; see sleep.h. */
#include "sleep.h"

#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_SECOND 1000000000u

/* A sleep that nothing ends is cut to this; whoever slept looks again. */
#define SLEEP_NS_MAX (3600ull * NS_PER_SECOND)

_Static_assert(sizeof(atomic_uint) == 4, "a futex is 32 bits");

static struct timespec timeout_of(uint64_t real_ns)
{
    real_ns = weft_min(real_ns, SLEEP_NS_MAX);
    return (struct timespec){(time_t)(real_ns / NS_PER_SECOND), (long)(real_ns % NS_PER_SECOND)};
}

static void futex_wait(atomic_uint *word, uint32_t value, uint64_t real_ns)
{
    struct timespec timeout = timeout_of(real_ns);

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
    bell->event_fd = -1;
    bell->watched_fd = -1;
}

void weft_bell_fini(struct weft_bell *bell)
{
    if (bell->event_fd >= 0)
        (void)close(bell->event_fd);
    weft_bell_init(bell);
}

weftResult_t weft_bell_watch(struct weft_bell *bell, int fd)
{
    weft_assert(bell->event_fd < 0);
    bell->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    bell->watched_fd = fd;
    return bell->event_fd >= 0 ? weftSuccess : weftSystemError;
}

static void wake(struct weft_bell *bell)
{
    uint64_t one = 1;

    if (bell->event_fd < 0)
        futex_wake(&bell->word);
    else
        (void)!write(bell->event_fd, &one, sizeof(one));
}

void weft_bell_ring(struct weft_bell *bell)
{
    /* both orders: what the ringer pushed is seen by the waiter that sees this ring; and all
     * changes of the word are in one order, so either the ringer sees the sleeper's bit or the
     * sleeper sees the ring and does not sleep */
    if ((atomic_fetch_add_explicit(&bell->word, 2, memory_order_acq_rel) & 1) == 0)
        return;
    atomic_fetch_and_explicit(&bell->word, ~1u, memory_order_relaxed);
    wake(bell);
}

uint32_t weft_bell_key(struct weft_bell *bell)
{
    /* acquire: pairs with the release in weft_bell_ring */
    return atomic_load_explicit(&bell->word, memory_order_acquire) & ~1u;
}

/* Sleeps on the bell's own descriptor and on `fd` (-1: none). A count that is left from a ring that
 * needed no wake ends the next sleep early, which is allowed. */
static void descriptors_wait(const struct weft_bell *bell, int fd, uint64_t real_ns)
{
    struct pollfd fds[] = {{.fd = bell->event_fd, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
    struct timespec timeout = timeout_of(real_ns);
    uint64_t rings;

    /* Its failures all mean: look again. */
    if (ppoll(fds, 2, &timeout, NULL) > 0 && fds[0].revents != 0)
        (void)!read(bell->event_fd, &rings, sizeof(rings));
}

static void wait_on(struct weft_bell *bell, uint32_t key, int fd, uint64_t real_ns)
{
    uint32_t expected = key;

    if (real_ns == 0)
        return;
    /* both orders: pairs with weft_bell_ring */
    if (!atomic_compare_exchange_strong_explicit(&bell->word, &expected, key | 1,
                                                 memory_order_acq_rel, memory_order_acquire))
        return;
    if (bell->event_fd < 0)
        futex_wait(&bell->word, key | 1, real_ns);
    else
        descriptors_wait(bell, fd, real_ns);
    atomic_fetch_and_explicit(&bell->word, ~1u, memory_order_relaxed);
}

void weft_bell_wait(struct weft_bell *bell, uint32_t key, uint64_t real_ns)
{
    wait_on(bell, key, -1, real_ns);
}

void weft_bell_wait_or_watch(struct weft_bell *bell, uint32_t key, uint64_t real_ns)
{
    wait_on(bell, key, bell->watched_fd, real_ns);
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
