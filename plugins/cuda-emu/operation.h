/* What stands in streams: copies, records, waits, value writes and waits, host functions.
 *
 * A kind is a table. An operation belongs to its stream from append on and ends once. */
#ifndef WEFT_EMU_OPERATION_H
#define WEFT_EMU_OPERATION_H

#include "copy.h"
#include "point.h"

struct weft_emu;
struct weft_emu_operation;

struct weft_emu_operation_kind {
    const char *name;
    /* At the head of its stream, and again whenever something may have changed; true: it has ended.
     * Called by the worker with its locks, which a host function's run lets go for a while. */
    bool (*run)(struct weft_emu *emu, struct weft_emu_operation *operation);
    void (*fini)(struct weft_emu_operation *operation);
};

extern const struct weft_emu_operation_kind weft_emu_copy_kind;
extern const struct weft_emu_operation_kind weft_emu_record_kind;
extern const struct weft_emu_operation_kind weft_emu_wait_kind;
extern const struct weft_emu_operation_kind weft_emu_write_value_kind;
extern const struct weft_emu_operation_kind weft_emu_wait_value_kind;
extern const struct weft_emu_operation_kind weft_emu_function_kind;

/* A word in memory that a stream writes or waits for. */
struct weft_emu_value {
    void *address;
    uint64_t value;
    unsigned bytes; /* 4 or 8 */
    unsigned condition;
};

/* Of value waits: CUstreamWaitValue_flags. */
enum weft_emu_condition {
    WEFT_EMU_WAIT_GEQ, /* as a signed difference, so that counters may wrap */
    WEFT_EMU_WAIT_EQ,
    WEFT_EMU_WAIT_AND,
    WEFT_EMU_WAIT_NOR,
    WEFT_EMU_WAIT_CONDITIONS
};

struct weft_emu_function {
    void (*call)(void *argument);
    void *argument;
};

struct weft_emu_operation {
    const struct weft_emu_operation_kind *kind;
    struct weft_emu_stream *stream;
    struct weft_emu_operation *next;
    weft_ns submitted_at;
    bool continues; /* the same call as the one before: its success does not hide a failure there */
    union {
        struct weft_emu_copy copy;
        struct weft_emu_point *point; /* record and wait: a reference */
        struct weft_emu_value value;
        struct weft_emu_function function;
    };
};

/* Zeroed but for the kind; NULL without memory. */
struct weft_emu_operation *weft_emu_operation_new(const struct weft_emu_operation_kind *kind);
void weft_emu_operation_free(struct weft_emu_operation *operation); /* NULL allowed */

#endif
