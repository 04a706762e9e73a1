/* Where the ranks of a comm meet: by unique id, in this process.
 *
 * A rank joins before it makes its member and ends with how that went; the end waits for the
 * others. It leaves to a later carrier the ranks of other processes. */
#ifndef WEFT_RENDEZVOUS_H
#define WEFT_RENDEZVOUS_H

#include "../core/config.h"

struct weft_meeting;

/* weftInvalidArgument: `id` is none of weftGetUniqueId's. weftInvalidUsage: the rank is taken, or
 * the ranks disagree about their count. */
weftResult_t weft_meeting_join(const weftUniqueId *id, int rank, int rank_count,
                               struct weft_meeting **meeting);

/* Says how making the member went and waits for all others, at most the setting timeout_ms. Ends
 * this rank's part of the meeting. weftTimeout: not all came; `result`, when that was bad;
 * weftSystemError: another rank could not start. */
weftResult_t weft_meeting_end(struct weft_meeting *meeting, const struct weft_config *settings,
                              int rank, weftResult_t result);

#endif
