/* Windows: the handles that callers hold. */
#ifndef WEFT_API_WINDOW_H
#define WEFT_API_WINDOW_H

#include "comm.h"

void weft_entry_init(struct weft_entry *entry, uint32_t generation);

enum weft_entry_state weft_entry_state(const struct weft_entry *entry);

/* The one place where an entry's state changes; false when another thread was first. */
bool weft_entry_move(struct weft_entry *entry, enum weft_entry_state from,
                     enum weft_entry_state to);

/* Makes the entry free for the next window; handles of this one are dead then. */
void weft_entry_give(struct weft_comm *comm, uint32_t index, enum weft_entry_state from);

/* weftInvalidArgument with the sentence that `what` is no window. */
weftResult_t weft_window_unknown(const char *call, const char *what, weftWindow_t handle);

/* The window of a handle, whatever comm it is of; NULL when it is none. */
struct weft_entry *weft_window_find(weftWindow_t handle, struct weft_comm **comm, uint32_t *index);

/* The window of a handle of this comm, with the rights that a transfer needs. `what` names the
 * argument in the sentence.
 * weftInvalidArgument: no window, or another comm's; weftInvalidUsage: rights, or revoked. */
weftResult_t weft_window_get(const char *call, const struct weft_comm *comm, weftWindow_t handle,
                             const char *what, unsigned rights, struct weft_entry **entry,
                             uint32_t *index);

/* True when [base, base + size) touches a window of the comm. */
bool weft_windows_cover(struct weft_comm *comm, const char *base, size_t size);

/* Takes every window from the ports and out of the registry, when the comm goes; with `quiet` false
 * a copy hangs, and the ports keep theirs. False: another process has one open and does not give it
 * back, so that the memory must stay. */
bool weft_windows_drop(struct weft_comm *comm, bool quiet);

#endif
