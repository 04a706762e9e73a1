/* Opening and closing what every network transport has; see net_end.h. */
#include "net_end.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "secure/secure.h"

_Static_assert(WEFT_NET_ADDRESS_BYTES == WEFT_WIRE_ADDRESS_BYTES, "one address");
_Static_assert(WEFT_NET_TOKEN_BYTES == WEFT_WIRE_TOKEN_BYTES, "one token");
_Static_assert(WEFT_NET_HELLO_BYTES == WEFT_WIRE_MESSAGE_MAX, "one size of hellos and messages");

weft_ns weft_net_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (weft_ns)now.tv_sec * 1000000000u + (weft_ns)now.tv_nsec;
}

weftResult_t weft_net_end_check(const char *name, const struct weft_net_env *env,
                                uint32_t nic_count, char why[256])
{
    if (nic_count > 0 && nic_count <= WEFT_NET_NICS_MAX &&
        env->hello_size <= WEFT_NET_HELLO_BYTES && (unsigned)env->crypto < WEFT_NET_CRYPTO_MODES &&
        env->cookies_max > 0 && env->windows_max > 0 && env->peers_max > 0 &&
        env->silence_ns >= WEFT_NET_SILENCE_NS_MIN)
        return weftSuccess;
    (void)snprintf(why, 256,
                   "%s: needs 1 to %d NICs, a hello of at most %d bytes, a crypto mode, a "
                   "silence_ns of at least 1 ms, and one cookie, window and peer",
                   name, WEFT_NET_NICS_MAX, WEFT_NET_HELLO_BYTES);
    return weftInvalidArgument;
}

static bool tables_alloc(struct weft_net_end *end)
{
    const struct weft_net_env *env = &end->env;
    size_t operations = (size_t)env->cookies_max + WEFT_NET_NOTES_MAX;
    uint32_t exposures = env->windows_max * 2 + WEFT_NET_EXPOSURES_MAX;

    end->windows = calloc(env->windows_max, sizeof(*end->windows));
    end->exposures = calloc(exposures, sizeof(*end->exposures));
    end->exposure_indices = calloc(exposures, sizeof(*end->exposure_indices));
    end->operations = calloc(operations, sizeof(*end->operations));
    end->links = calloc(operations, sizeof(*end->links));
    end->note_indices = calloc(WEFT_NET_NOTES_MAX, sizeof(*end->note_indices));
    end->blocks = calloc(WEFT_NET_BLOCKS_MAX, sizeof(*end->blocks));
    end->block_indices = calloc(WEFT_NET_BLOCKS_MAX, sizeof(*end->block_indices));
    end->done = calloc(env->cookies_max, sizeof(*end->done));
    end->peers = calloc(env->peers_max, end->peer_bytes);
    if (end->windows == NULL || end->exposures == NULL || end->exposure_indices == NULL ||
        end->operations == NULL || end->links == NULL || end->note_indices == NULL ||
        end->blocks == NULL || end->block_indices == NULL || end->done == NULL ||
        end->peers == NULL || weft_net_events_init(&end->events) != weftSuccess)
        return false;
    weft_pool_init(&end->free_exposures, end->exposure_indices, exposures);
    weft_pool_init(&end->free_notes, end->note_indices, WEFT_NET_NOTES_MAX);
    weft_pool_init(&end->free_blocks, end->block_indices, WEFT_NET_BLOCKS_MAX);
    for (uint32_t i = 0; i < env->windows_max; i++) {
        end->windows[i].first_exposure = WEFT_NONE;
        end->windows[i].peer = WEFT_NONE;
    }
    return true;
}

weftResult_t weft_net_end_init(struct weft_net_end *end, const struct weft_net_ops *ops,
                               const struct weft_net_env *env, const struct weft_net_hooks *hooks,
                               size_t peer_bytes, char why[256])
{
    char text[64];

    weft_secure_prepare();
    end->base.ops = ops;
    end->env = *env;
    end->hooks = hooks;
    end->peer_bytes = peer_bytes;
    end->timer_at = WEFT_NEVER;
    end->now = weft_net_now();
    end->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (end->epoll_fd < 0) {
        (void)snprintf(why, 256, "%s: the system gives no epoll set: %s", ops->name,
                       strerror_r(errno, text, sizeof(text)));
        return weftSystemError;
    }
    if (tables_alloc(end))
        return weftSuccess;
    (void)snprintf(why, 256, "%s: no memory for %u cookies, %u windows and %u peers", ops->name,
                   env->cookies_max, env->windows_max, env->peers_max);
    return weftSystemError;
}

void weft_net_end_fini(struct weft_net_end *end)
{
    if (end->epoll_fd >= 0)
        (void)close(end->epoll_fd);
    weft_net_events_fini(&end->events);
    free(end->peers);
    free(end->done);
    free(end->block_indices);
    free(end->blocks);
    free(end->note_indices);
    free(end->links);
    free(end->operations);
    free(end->exposure_indices);
    free(end->exposures);
    free(end->windows);
    /* The secret was in it. */
    explicit_bzero(end, sizeof(*end));
}

int weft_net_wakeup_fd(struct weft_net *net)
{
    return weft_net_end_of(net)->epoll_fd;
}

uint32_t weft_net_end_take(struct weft_net_end *end, struct weft_completion *completions,
                           uint32_t max)
{
    uint32_t count = (uint32_t)weft_min(max, end->done_count);

    for (uint32_t i = 0; i < count; i++) {
        completions[i] = end->done[end->done_first];
        end->done_first = (end->done_first + 1) % end->env.cookies_max;
    }
    end->done_count -= count;
    return count;
}

bool weft_net_end_waits(const struct weft_net_end *end)
{
    return end->done_count > 0 || end->has_news || weft_net_events_wait(&end->events);
}

void weft_net_end_wake_at(struct weft_net_end *end, weft_ns at)
{
    end->timer_at = weft_min(end->timer_at, at);
}
