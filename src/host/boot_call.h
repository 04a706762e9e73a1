/* A call of a rank at the root of its id: one short connection for each. */
#ifndef WEFT_BOOT_CALL_H
#define WEFT_BOOT_CALL_H

#include "../core/config.h"
#include "boot_id.h"
#include "boot_meeting.h"

/* Brings what `coming` says to the root of `id` and waits until all ranks have, at most the setting
 * boot_timeout_ms: then `all` has the bytes of all, by rank.
 * weftTimeout: not all came; weftRemoteError: the root is gone, or not reached; what the root said
 * to this rank, or of another. `why` is a sentence. */
weftResult_t weft_boot_call(const struct weft_boot_id *id, const struct weft_config *settings,
                            const struct weft_boot_coming *coming, void *all,
                            char why[WEFT_BOOT_WHY_BYTES]);

/* Says that a rank leaves, and waits until that is heard, at most the setting abort_ms, in real
 * time. */
void weft_boot_call_leave(const struct weft_boot_id *id, const struct weft_config *settings,
                          uint32_t rank, uint64_t member);

#endif
