/* Delayed datagrams; see udp_delay.h. */
#include "udp_delay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool weft_udp_delay_open(struct weft_udp_delay *delay)
{
    if (delay->bytes != NULL)
        return true;
    *delay = (struct weft_udp_delay){.bytes = malloc(WEFT_UDP_DELAY_BYTES)};
    delay->datagrams = calloc(WEFT_UDP_DELAY_MAX, sizeof(*delay->datagrams));
    if (delay->bytes != NULL && delay->datagrams != NULL)
        return true;
    weft_udp_delay_close(delay);
    return false;
}

void weft_udp_delay_close(struct weft_udp_delay *delay)
{
    free(delay->bytes);
    free(delay->datagrams);
    *delay = (struct weft_udp_delay){0};
}

/* Where so many bytes in a row may go, from the head on or from the start; WEFT_UDP_DELAY_BYTES:
 * nowhere. They never end where the first one's begin: that would look like none at all. */
static size_t room_find(const struct weft_udp_delay *delay, size_t size)
{
    size_t tail = delay->datagrams[delay->first].at;

    if (delay->count == 0)
        return 0;
    if (delay->count == WEFT_UDP_DELAY_MAX)
        return WEFT_UDP_DELAY_BYTES;
    if (delay->head <= tail)
        return delay->head + size < tail ? delay->head : WEFT_UDP_DELAY_BYTES;
    if (delay->head + size <= WEFT_UDP_DELAY_BYTES)
        return delay->head;
    return size < tail ? 0 : WEFT_UDP_DELAY_BYTES;
}

void weft_udp_delay_keep(struct weft_udp_delay *delay, const struct weft_udp_run *run, int fd,
                         uint32_t slot, weft_ns due_at)
{
    for (uint32_t i = 0; i < run->count; i++) {
        const struct iovec *piece = &run->pieces[run->datagrams[i].piece];
        size_t size = run->datagrams[i].bytes;
        size_t at = room_find(delay, size);
        uint32_t number = (delay->first + delay->count) % WEFT_UDP_DELAY_MAX;

        if (at == WEFT_UDP_DELAY_BYTES)
            continue;
        for (size_t done = 0; done < size; done += piece++->iov_len)
            memcpy(delay->bytes + at + done, piece->iov_base, piece->iov_len);
        delay->datagrams[number].due_at = due_at;
        delay->datagrams[number].slot = slot;
        delay->datagrams[number].fd = fd;
        delay->datagrams[number].at = at;
        delay->datagrams[number].size = size;
        delay->head = at + size;
        delay->count++;
    }
}

void weft_udp_delay_forget(struct weft_udp_delay *delay, uint32_t slot)
{
    for (uint32_t i = 0; i < delay->count; i++) {
        uint32_t number = (delay->first + i) % WEFT_UDP_DELAY_MAX;

        if (delay->datagrams[number].slot == slot)
            delay->datagrams[number].fd = -1;
    }
}

weft_ns weft_udp_delay_send(struct weft_udp_delay *delay, bool is_up, weft_ns now)
{
    while (delay->count > 0) {
        int fd = delay->datagrams[delay->first].fd;

        if (delay->datagrams[delay->first].due_at > now)
            return delay->datagrams[delay->first].due_at;
        /* What the kernel does not take is lost, as on any network. */
        if (is_up && fd >= 0 &&
            send(fd, delay->bytes + delay->datagrams[delay->first].at,
                 delay->datagrams[delay->first].size, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 &&
            errno == ECONNREFUSED) {
            delay->is_refused = true;
            delay->refused_slot = delay->datagrams[delay->first].slot;
            delay->refused_fd = fd;
        }
        delay->first = (delay->first + 1) % WEFT_UDP_DELAY_MAX;
        delay->count--;
    }
    return WEFT_NEVER;
}
