/* What becomes of the interfaces that a net listens on: carriers, addresses, speeds.
 *
 * The kernel tells changes through a netlink socket, of carriers once a second at most; where it
 * gives none, it is asked in turn. What counts is always what the interfaces are when they are
 * looked at, so news that got lost, or came twice, do no harm. An interface is good while it is up,
 * has its carrier, and still has the address that the net listens on. */
#ifndef WEFT_INTERFACE_WATCH_H
#define WEFT_INTERFACE_WATCH_H

#include "interface.h"

struct weft_interface_state {
    bool is_good;
    uint64_t mbps;   /* 0 where unknown */
    const char *why; /* it is not good; NULL: it is */
};

struct weft_interface_watched {
    char name[WEFT_SYSFS_INTERFACE_BYTES];
    char address[WEFT_INTERFACE_ADDRESS_BYTES];
    uint32_t number; /* the kernel's; 0: there is none now */
    struct weft_interface_state state;
};

struct weft_interface_watch {
    int fd; /* -1: interfaces are looked at in turn */
    bool is_due;
    weft_ns looked_at; /* real */
    uint32_t count;    /* NICs of the net */
    struct weft_interface_watched nics[WEFT_NET_NICS_MAX];
    struct weft_interfaces found; /* scratch */
};

/* Watches the interfaces in use, as they were found; the first poll looks. NULL: no memory. */
struct weft_interface_watch *weft_interface_watch_open(const struct weft_interfaces *interfaces);
void weft_interface_watch_close(struct weft_interface_watch *watch); /* NULL allowed */

/* True when the interfaces were looked at anew: nics[].state is of now. */
bool weft_interface_watch_poll(struct weft_interface_watch *watch, weft_ns real_now);

/* Takes what the kernel tells: is_due when it may be about what is watched. */
void weft_interface_watch_hear(struct weft_interface_watch *watch, const void *bytes, size_t size);

/* Takes what the interfaces are, speeds by `sysfs`. */
void weft_interface_watch_see(struct weft_interface_watch *watch,
                              const struct weft_interfaces *found, const char *sysfs);

#endif
