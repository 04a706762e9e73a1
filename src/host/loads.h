/* Loads: what the plans of all comms of this server take of its links, in one shared memory, so
 * that a relay through a GPU yields to another process that uses that GPU's links itself.
 *
 *     changes | sleepers | slot: owner, beat, version, own and lent by link | slot | ...
 *
 * Each comm writes its own slot, when its plan has changed, and reads the others'. No locks and no
 * system calls but at the beginning and the end: a slot's version is odd while it is written, and
 * who reads meanwhile reads again later. A comm beats while it works; what one that does not takes
 * is not counted, so nobody yields to the dead or stopped. A slot is its comm's until that closes
 * or its process is over. Numbers from others are bounds for a plan, no more: nothing breaks where
 * they are wrong.
 *
 * A comm whose caller sleeps until a word of its memory changes says so as well: who writes that
 * word from another process is to wake it. */
#ifndef WEFT_LOADS_H
#define WEFT_LOADS_H

#include "../core/load.h"
#include "../core/topo.h"
#include "process.h"

#define WEFT_LOADS_SLOTS         64
#define WEFT_LOADS_BEAT_REAL_NS  1000000u   /* between two beats, at least */
#define WEFT_LOADS_STALE_REAL_NS 100000000u /* so long after its last beat a comm counts */
#define WEFT_LOADS_LOOK_REAL_NS  10000000u  /* between two looks for comms that stopped */
#define WEFT_LOADS_WHY_BYTES     256

struct weft_loads_common; /* what is in the shared memory */

struct weft_loads {
    struct weft_loads_common *common;
    int file;
    char object[96];
    uint32_t slot;
    uint32_t link_count;
    uint64_t beat_at;   /* all times are CLOCK_MONOTONIC's, real: */
    uint64_t looked_at; /* processes compare them */
    uint64_t seen_changes;
    bool is_stirred;                          /* a slot was being written */
    bool is_loaded;                           /* others take something */
    struct weft_load own[WEFT_LINKS_MAX];     /* as told last */
    struct weft_load foreign[WEFT_LINKS_MAX]; /* as seen last: sums over the others */
    struct weft_load sums[WEFT_LINKS_MAX];    /* scratch */
};

/* Joins those who share the server and describe it alike.
 * weftSystemError  there is no shared memory; `why` says so
 * weftNoResource   WEFT_LOADS_SLOTS comms are there already */
weftResult_t weft_loads_open(const struct weft_process *self, const struct weft_topo *topo,
                             struct weft_loads **loads, char why[WEFT_LOADS_WHY_BYTES]);

/* NULL allowed. */
void weft_loads_close(struct weft_loads *loads);

/* Tells the others what this comm takes, by link. */
void weft_loads_tell(struct weft_loads *loads, const struct weft_load *own);

/* Beats, and reads what others take if that may have changed. True when it has, since the last
 * time: `foreign` is new, and is_new[link] says of which links. */
bool weft_loads_look(struct weft_loads *loads, uint64_t real_now, bool is_new[WEFT_LINKS_MAX]);

/* A caller of this comm sleeps until a word changes, and looks at the word after it has said so;
 * or it does no more. Any thread, one at a time. */
void weft_loads_sleep(struct weft_loads *loads, bool sleeps);

/* Has a comm of the process said that? Whoever asks has written the word before. */
bool weft_loads_sleeps(const struct weft_loads *loads, const struct weft_process *process);

#endif
