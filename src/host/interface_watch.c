/* Watching interfaces; see interface_watch.h. */
#include "interface_watch.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"

#define SYSFS         "/sys"
#define TURN_REAL_NS  100000000u /* without news: so often they are looked at */
#define NEWS_BYTES    8192
#define NEWS_PER_POLL 64 /* the rest stays in the socket */

/* -1: the kernel tells nothing. */
static int news_open(void)
{
    struct sockaddr_nl groups = {.nl_family = AF_NETLINK,
                                 .nl_groups =
                                     RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);

    if (fd >= 0 && bind(fd, (struct sockaddr *)(void *)&groups, sizeof(groups)) == 0)
        return fd;
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

struct weft_interface_watch *weft_interface_watch_open(const struct weft_interfaces *interfaces)
{
    struct weft_interface_watch *watch = calloc(1, sizeof(*watch));

    if (watch == NULL)
        return NULL;
    for (uint32_t i = 0; i < interfaces->used_count; i++) {
        const struct weft_interface *row = &interfaces->rows[interfaces->used[i]];
        struct weft_interface_watched *nic = &watch->nics[watch->count++];

        memcpy(nic->name, row->name, sizeof(nic->name));
        memcpy(nic->address, row->address, sizeof(nic->address));
        nic->number = row->number;
        nic->state = (struct weft_interface_state){.is_good = true, .mbps = row->place.mbps};
    }
    watch->fd = news_open();
    /* Something may have happened before anybody listened. */
    watch->is_due = true;
    return watch;
}

void weft_interface_watch_close(struct weft_interface_watch *watch)
{
    if (watch != NULL && watch->fd >= 0)
        (void)close(watch->fd);
    free(watch);
}

/* ---- hearing ---- */

/* One that is gone may come back under another number. */
static bool is_watched(const struct weft_interface_watch *watch, uint32_t number)
{
    for (uint32_t i = 0; i < watch->count; i++)
        if (watch->nics[i].number == number || watch->nics[i].number == 0)
            return true;
    return false;
}

/* Which interface a message is about; 0: none. */
static uint32_t number_of(const struct nlmsghdr *head, const char *body, size_t size)
{
    struct ifinfomsg link;
    struct ifaddrmsg address;

    switch (head->nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
        if (size < sizeof(link))
            return 0;
        memcpy(&link, body, sizeof(link));
        return (uint32_t)link.ifi_index;
    case RTM_NEWADDR:
    case RTM_DELADDR:
        if (size < sizeof(address))
            return 0;
        memcpy(&address, body, sizeof(address));
        return address.ifa_index;
    default:
        return 0;
    }
}

void weft_interface_watch_hear(struct weft_interface_watch *watch, const void *bytes, size_t size)
{
    const char *at = bytes;

    while (size >= sizeof(struct nlmsghdr)) {
        struct nlmsghdr head;
        uint32_t number;
        size_t step;

        memcpy(&head, at, sizeof(head));
        if (head.nlmsg_len < sizeof(head) || head.nlmsg_len > size)
            return;
        number = number_of(&head, at + sizeof(head), head.nlmsg_len - sizeof(head));
        watch->is_due |= number != 0 && is_watched(watch, number);
        step = weft_min(NLMSG_ALIGN(head.nlmsg_len), size);
        at += step;
        size -= step;
    }
}

static void take_news(struct weft_interface_watch *watch)
{
    for (uint32_t i = 0; i < NEWS_PER_POLL; i++) {
        char bytes[NEWS_BYTES];
        ssize_t size = recv(watch->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

        if (size > 0) {
            weft_interface_watch_hear(watch, bytes, (size_t)size);
            continue;
        }
        /* There were more than the socket holds: some are lost. */
        watch->is_due |= size < 0 && errno == ENOBUFS;
        if (size == 0 || (errno != ENOBUFS && errno != EINTR))
            return;
    }
}

/* ---- seeing ---- */

static struct weft_interface_state state_of(const struct weft_interface *row, const char *address,
                                            const char *sysfs)
{
    struct weft_interface_state state = {0};

    if (row == NULL)
        state.why = "the interface is gone";
    else if (!row->is_up)
        state.why = "it was set down";
    else if (!row->is_running)
        state.why = "it has no carrier";
    else if (!weft_interface_has(row, address))
        state.why = "its address is gone; the comm listens on no other until it is made anew";
    state.is_good = state.why == NULL;
    if (state.is_good)
        state.mbps = weft_sysfs_interface_mbps(sysfs, row->name);
    return state;
}

void weft_interface_watch_see(struct weft_interface_watch *watch,
                              const struct weft_interfaces *found, const char *sysfs)
{
    for (uint32_t i = 0; i < watch->count; i++) {
        struct weft_interface_watched *nic = &watch->nics[i];
        uint32_t index = weft_interfaces_named(found, nic->name);
        const struct weft_interface *row = index == WEFT_NONE ? NULL : &found->rows[index];

        nic->number = row == NULL ? 0 : row->number;
        nic->state = state_of(row, nic->address, sysfs);
    }
}

bool weft_interface_watch_poll(struct weft_interface_watch *watch, weft_ns real_now)
{
    if (watch->fd >= 0)
        take_news(watch);
    else
        watch->is_due |= real_now - watch->looked_at >= TURN_REAL_NS;
    if (!watch->is_due)
        return false;
    watch->is_due = false;
    watch->looked_at = real_now;
    weft_interfaces_read(&watch->found);
    weft_interface_watch_see(watch, &watch->found, SYSFS);
    return true;
}
