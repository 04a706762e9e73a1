/* Copies in host memory.
 *
 * What always holds: a cookie in `work` or `done` is FLYING; a WAITING one is in the waiter list of
 * exactly one other, and moves on when that one is polled for. The copying thread touches nothing
 * but the cookies that it popped. */
#include "host_port.h"

#include <errno.h>
#include <string.h>

/* What is no larger, and one block of extents, is copied by the progress thread itself: it takes
 * less time than to wake the copying one. */
#define NEAR_BYTES_MAX 16384u

#define TO(state) (1u << WEFT_HOST_COOKIE_##state)

static const unsigned cookie_next_states[WEFT_HOST_COOKIE_STATES] = {
    [WEFT_HOST_COOKIE_FREE] = TO(WAITING) | TO(FLYING),
    [WEFT_HOST_COOKIE_WAITING] = TO(FLYING) | TO(FAILED),
    [WEFT_HOST_COOKIE_FLYING] = TO(FREE),
    [WEFT_HOST_COOKIE_FAILED] = TO(FREE),
};

static void cookie_set_state(struct weft_host_cookie *cookie, enum weft_host_cookie_state state)
{
    weft_assert((cookie_next_states[cookie->state] >> state & 1u) != 0);
    cookie->state = state;
}

static void extents_copy(const struct weft_host_port *port, const struct weft_host_cookie *cookie)
{
    for (uint32_t i = cookie->first_block; i != WEFT_NONE; i = port->blocks[i].next) {
        const struct weft_host_block *block = &port->blocks[i];

        for (uint32_t j = 0; j < block->count; j++) {
            const struct weft_extent *extent = &block->extents[j];

            memmove(cookie->dst + extent->dst_offset, cookie->src + extent->src_offset,
                    extent->size_bytes);
        }
    }
}

static void cookie_copy(struct weft_host_port *port, uint32_t index)
{
    extents_copy(port, &port->cookies[index]);
    weft_flag_set(&port->cookies[index].copied, 1);
    weft_assert(weft_ring_push(&port->done, index));
}

void *weft_host_thread(void *argument)
{
    struct weft_host_port *port = argument;

    for (;;) {
        uint32_t index;

        while (sem_wait(&port->wake) != 0)
            weft_assert(errno == EINTR);
        if (weft_ring_pop(&port->work, &index))
            cookie_copy(port, index);
        else if (weft_flag_get(&port->stop) != 0)
            return NULL;
    }
}

static bool is_near(const struct weft_host_port *port, const struct weft_host_cookie *cookie)
{
    return cookie->size_bytes <= NEAR_BYTES_MAX &&
           (cookie->first_block == WEFT_NONE ||
            port->blocks[cookie->first_block].next == WEFT_NONE);
}

static void cookie_fly(struct weft_host_port *port, uint32_t index)
{
    cookie_set_state(&port->cookies[index], WEFT_HOST_COOKIE_FLYING);
    if (is_near(port, &port->cookies[index])) {
        cookie_copy(port, index);
        return;
    }
    /* The ring has room for every cookie. */
    weft_assert(weft_ring_push(&port->work, index));
    sem_post(&port->wake);
}

static void blocks_give(struct weft_host_port *port, uint32_t first)
{
    while (first != WEFT_NONE) {
        uint32_t next = port->blocks[first].next;

        weft_pool_give(&port->free_blocks, first);
        first = next;
    }
}

/* Keeps the extents of a copy; false, and nothing taken, when there is no room. */
static bool blocks_take(struct weft_host_port *port, const struct weft_copy *copy, uint32_t *first)
{
    uint32_t last = WEFT_NONE;
    uint32_t needed = (copy->extent_count + WEFT_HOST_BLOCK_EXTENTS - 1) / WEFT_HOST_BLOCK_EXTENTS;

    if (needed > port->free_blocks.free_count)
        return false;
    *first = WEFT_NONE;
    for (uint32_t done = 0; done < copy->extent_count;) {
        uint32_t index = weft_pool_take(&port->free_blocks);
        struct weft_host_block *block = &port->blocks[index];

        block->count = (uint32_t)weft_min(copy->extent_count - done, WEFT_HOST_BLOCK_EXTENTS);
        block->next = WEFT_NONE;
        memcpy(block->extents, &copy->extents[done], block->count * sizeof(block->extents[0]));
        done += block->count;
        if (last == WEFT_NONE)
            *first = index;
        else
            port->blocks[last].next = index;
        last = index;
    }
    return true;
}

static weftResult_t copy_check(const struct weft_host_port *port, const struct weft_copy *copy,
                               const struct weft_host_window **dst,
                               const struct weft_host_window **src)
{
    const struct weft_host_lane *lane = &port->lanes[copy->lane];

    *dst = weft_host_window_get(port, copy->dst_window);
    *src = weft_host_window_get(port, copy->src_window);
    if (*dst == NULL || *src == NULL || (*dst)->device != lane->dst_device ||
        (*src)->device != lane->src_device)
        return weftInvalidArgument;
    for (uint32_t i = 0; i < copy->extent_count; i++) {
        const struct weft_extent *extent = &copy->extents[i];

        if (!weft_range_inside(extent->dst_offset, extent->size_bytes, (*dst)->size_bytes) ||
            !weft_range_inside(extent->src_offset, extent->size_bytes, (*src)->size_bytes))
            return weftInvalidArgument;
    }
    return weftSuccess;
}

weftResult_t weft_host_copy(struct weft_port *base, const struct weft_copy *copy)
{
    struct weft_host_port *port = weft_host_port_of(base);
    struct weft_host_cookie *cookie;
    struct weft_host_cookie *after = NULL;
    const struct weft_host_window *dst;
    const struct weft_host_window *src;

    weft_assert(copy->lane < WEFT_HOST_LANES_MAX);
    weft_assert(port->lanes[copy->lane].open);
    weft_assert(copy->cookie < port->cookies_max);
    cookie = &port->cookies[copy->cookie];
    weft_assert(cookie->state == WEFT_HOST_COOKIE_FREE);
    WEFT_TRY(copy_check(port, copy, &dst, &src));
    if (copy->after != WEFT_COOKIE_NONE)
        after = &weft_host_port_of(copy->after_port)->cookies[copy->after];
    if (after != NULL && after->result != weftSuccess)
        return after->result;
    if (!blocks_take(port, copy, &cookie->first_block))
        return weftNoResource;
    cookie->result = weftSuccess;
    cookie->lane = copy->lane;
    cookie->size_bytes = 0;
    for (uint32_t i = 0; i < copy->extent_count; i++)
        cookie->size_bytes += copy->extents[i].size_bytes;
    cookie->dst = dst->base;
    cookie->src = src->base;
    cookie->first_waiter_port = NULL;
    weft_flag_set(&cookie->copied, 0);
    if (after == NULL || after->state == WEFT_HOST_COOKIE_FREE) {
        cookie_fly(port, copy->cookie);
        return weftSuccess;
    }
    cookie_set_state(cookie, WEFT_HOST_COOKIE_WAITING);
    cookie->next_waiter_port = after->first_waiter_port;
    cookie->next_waiter = after->first_waiter;
    after->first_waiter_port = port;
    after->first_waiter = copy->cookie;
    return weftSuccess;
}

/* Moves on those that waited for `cookie`, which has ended with `result`. */
static void waiters_wake(struct weft_host_cookie *cookie)
{
    while (cookie->first_waiter_port != NULL) {
        struct weft_host_port *port = cookie->first_waiter_port;
        uint32_t index = cookie->first_waiter;
        struct weft_host_cookie *waiter = &port->cookies[index];

        cookie->first_waiter_port = waiter->next_waiter_port;
        cookie->first_waiter = waiter->next_waiter;
        if (cookie->result == weftSuccess) {
            cookie_fly(port, index);
            continue;
        }
        waiter->result = cookie->result;
        cookie_set_state(waiter, WEFT_HOST_COOKIE_FAILED);
        weft_list_append(&port->failed, port->links, index);
    }
}

static void cookie_end(struct weft_host_port *port, uint32_t index,
                       struct weft_completion *completion)
{
    struct weft_host_cookie *cookie = &port->cookies[index];

    blocks_give(port, cookie->first_block);
    cookie_set_state(cookie, WEFT_HOST_COOKIE_FREE);
    waiters_wake(cookie);
    completion->cookie = index;
    completion->result = cookie->result;
}

uint32_t weft_host_poll(struct weft_port *base, struct weft_completion *completions, uint32_t max)
{
    struct weft_host_port *port = weft_host_port_of(base);
    uint32_t count = 0;
    uint32_t index;

    while (count < max && port->failed.count > 0) {
        index = port->failed.first;
        weft_list_remove(&port->failed, port->links, index);
        cookie_end(port, index, &completions[count++]);
    }
    while (count < max && weft_ring_pop(&port->done, &index))
        cookie_end(port, index, &completions[count++]);
    return count;
}

weftResult_t weft_host_fence(struct weft_port *base, uint32_t lane)
{
    struct weft_host_port *port = weft_host_port_of(base);

    for (uint32_t i = 0; i < port->cookies_max; i++) {
        const struct weft_host_cookie *cookie = &port->cookies[i];
        bool may_land =
            cookie->state == WEFT_HOST_COOKIE_WAITING ||
            (cookie->state == WEFT_HOST_COOKIE_FLYING && weft_flag_get(&cookie->copied) == 0);

        if (cookie->lane == lane && may_land)
            return weftInProgress;
    }
    return weftSuccess;
}
