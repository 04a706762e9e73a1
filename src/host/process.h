/* Processes of this server: which one this is, and what has become of another.
 *
 * Two processes may open each other's memory when they are on one server (the same start of the
 * same kernel, or one emulated machine that both share), see each other's numbers (one PID
 * namespace) and are one user's. Reads /proc; where that is not there a process is a server of its
 * own. */
#ifndef WEFT_PROCESS_H
#define WEFT_PROCESS_H

#include "../base/base.h"
#include "../base/buf.h"

#define WEFT_PROCESS_BYTES 40 /* as it is written */

struct weft_process {
    uint64_t server[2]; /* a digest: of one server all processes have the same */
    uint64_t space;     /* of PIDs */
    uint64_t started;   /* of two processes that had one number, says which it was */
    uint32_t user;
    uint32_t number;
};

enum weft_process_life {
    WEFT_PROCESS_RUNS,
    WEFT_PROCESS_ENDS, /* it may still hold memory and copy */
    WEFT_PROCESS_OVER,
};

/* This process. `emulated` is the name of the emulated machine that it shares; empty: one of its
 * own, which is a server that nobody else is on; NULL: the real machine. */
void weft_process_self(const char *emulated, struct weft_process *self);

/* A server that nobody else is on: who says that of itself has no siblings. */
void weft_process_hide(struct weft_process *self);

void weft_process_write(const struct weft_process *process, struct weft_writer *writer);
void weft_process_read(struct weft_process *process, struct weft_reader *reader);

bool weft_process_same_server(const struct weft_process *a, const struct weft_process *b);

/* NULL when the two, of one server, may open each other's memory; else why not. */
const char *weft_process_apart(const struct weft_process *a, const struct weft_process *b);

enum weft_process_life weft_process_look(const struct weft_process *process);

#endif
