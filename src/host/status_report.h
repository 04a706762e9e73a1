/* A snapshot as text for people and as JSON for programs (weft-top is one).
 *
 * Bytes of a link and of a lane are sums over the paths that cross it. There are no rates of now:
 * who wants them reads twice, and divides bytes by the machine's own time (`uptime_ns`), as
 * weft-top does. */
#ifndef WEFT_STATUS_REPORT_H
#define WEFT_STATUS_REPORT_H

#include "status_snapshot.h"

/* Of `loop` only what does not change is read, and the topology as far as the snapshot names it. */
void weft_status_report_json(const struct weft_loop *loop, const struct weft_snapshot *snapshot,
                             struct weft_text *text);
void weft_status_report_text(const struct weft_loop *loop, const struct weft_snapshot *snapshot,
                             struct weft_text *text);

#endif
