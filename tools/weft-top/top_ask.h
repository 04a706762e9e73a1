/* Asks a comm for its status. */
#ifndef WEFT_TOP_ASK_H
#define WEFT_TOP_ASK_H

#include "common/json.h"
#include "top_find.h"

#define WEFT_TOP_ANSWER_BYTES_MAX ((size_t)8 << 20)

/* The tree that the comm sent, which the caller deletes; NULL with a reason when it is gone,
 * refuses this user, does not answer within `wait_ms`, or sends something else. */
cJSON *weft_top_ask(const struct weft_top_comm *comm, uint32_t wait_ms, char why[WEFT_WHY_BYTES]);

/* The tree of an answer as it came, head and body, with a NUL behind them; NULL with a reason. */
cJSON *weft_top_answer_read(const char *answer, size_t size, char why[WEFT_WHY_BYTES]);

#endif
