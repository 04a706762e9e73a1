/* Which comms of this computer show their status: what stands in the kernel's list of sockets.
 *
 * A comm that is gone is not in it, so there is nothing to clean up. */
#ifndef WEFT_TOP_FIND_H
#define WEFT_TOP_FIND_H

#include <stdio.h>

#include "host/status.h"

#define WEFT_TOP_COMMS_MAX 64

/* Where a comm is asked: by the name of its socket, or by a port of 127.0.0.1. */
struct weft_top_comm {
    char name[WEFT_STATUS_NAME_BYTES]; /* empty: by port */
    uint32_t port;
    uint32_t pid;    /* 0 where it is not known */
    uint32_t number; /* of the comm in its process */
};

/* Fills `comms`, by process and number, with those that a list as /proc/net/unix names; of process
 * `pid` alone unless that is 0. Returns how many; more than the maximum are left out. */
uint32_t weft_top_find(FILE *list, uint32_t pid, struct weft_top_comm comms[WEFT_TOP_COMMS_MAX]);

/* The same of this computer's list. */
uint32_t weft_top_find_here(uint32_t pid, struct weft_top_comm comms[WEFT_TOP_COMMS_MAX]);

#endif
