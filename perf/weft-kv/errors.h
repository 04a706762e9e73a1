/* Errors of a run's transfers: how many, and what the last one said. */
#ifndef WEFT_KV_ERRORS_H
#define WEFT_KV_ERRORS_H

#include "common/units.h"
#include "weft.h"

struct weft_kv_errors {
    unsigned count;
    char sentence[WEFT_WHY_BYTES]; /* of the last one */
};

/* Counts a call or a transfer of `comm` that ended with `result`, right after it. */
void weft_kv_errors_note(struct weft_kv_errors *errors, weftComm_t comm, weftResult_t result);

#endif
