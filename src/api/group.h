/* Groups: calls of a thread that are checked at once and handed over together. */
#ifndef WEFT_GROUP_H
#define WEFT_GROUP_H

#include "comm.h"

/* Takes a prepared slot: hands it over now, or keeps it until the thread's group ends. The slot's
 * stream, if any, is marked and held when it is handed over.
 * weftNoResource, weftUnhandledCudaError: the stream could not be waited for; the slot was dropped,
 * and `*request`, if any, is not set. */
weftResult_t weft_group_hand_over(const char *call, struct weft_comm *comm, uint32_t slot);

/* Keeps the first error of a group for its end; returns it. */
weftResult_t weft_group_failed(weftResult_t result);

/* weftInvalidUsage while the thread's group is open: what the call waits for is not handed over. */
weftResult_t weft_group_closed(const char *call);

#endif
