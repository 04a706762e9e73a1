/* The run of a point: everything that a user of Weft does, once, in a few milliseconds.
 *
 * Two comms on the emulated machine: `owner` registers memory and moves bytes over many routes,
 * `user` imports its windows. Each area has a slot for each transfer, written by that one alone.
 * What always holds: a transfer that says weftSuccess has moved its bytes; of one that has ended
 * otherwise, but not with weftUnknown, no byte lands any more. A step that needs what an earlier
 * one did not get is left out, so that a run ends in order whatever fails. */
#ifndef SWEEP_SCENE_H
#define SWEEP_SCENE_H

#include <stdbool.h>

#include "call.h"

#define SLOT_BYTES ((size_t)256 << 10)
#define PAGE_BYTES 4096u

enum sweep_slot {
    SLOT_CHAIN, /* host -> gpu0 -> gpu1 -> back */
    SLOT_HOST,
    SLOT_LIST,
    SLOT_BLOCKS,
    SLOT_SIGNAL,
    SLOT_GROUP,
    SLOT_FLUSH,
    SLOT_STREAM_PUT,
    SLOT_STREAM_GET,
    SLOT_STREAM_GROUP,
    SLOT_IMPORT,
    SLOT_CANCEL,
    SLOT_ABORT,
    SLOTS
};

enum sweep_area_name {
    AREA_HOST, /* the source of puts, on dram0 */
    AREA_BACK, /* the destination of gets, on dram1 */
    AREA_GPU0,
    AREA_GPU1, /* the source of gets */
    AREAS
};

/* Memory of weftMemAlloc. That of a GPU can be read here too: the emulated driver's is plain. */
struct sweep_area {
    unsigned char *base;
    weftWindow_t window;
    bool guarded[SLOTS]; /* its transfer failed: nothing may land there */
};

struct sweep_scene {
    const char *plan; /* the setting `fault` */
    bool is_short;    /* transfers will end at their deadlines: short ones */
    bool is_aborted;  /* it ends by weftCommAbort, not by weftCommFinalize */

    weftComm_t owner;
    weftComm_t user;
    struct sweep_area areas[AREAS];
    weftWindow_t host_word; /* a page of this program */
    struct sweep_area gpu_word;
    void *stream; /* of the emulated driver; NULL: none */
};

/* Runs all of it. `scene` begins with what is above the empty line. */
void sweep_scene_run(struct sweep_scene *scene);

/* ---- bytes.c ---- */

/* The word in the program's own page, and that page. */
extern _Alignas(PAGE_BYTES) unsigned char sweep_page[PAGE_BYTES];

void sweep_fill(struct sweep_area *area, enum sweep_slot slot);

/* A transfer into the slot has ended: its bytes are there, or it is guarded from now on. */
void sweep_settle(struct sweep_area *area, enum sweep_slot slot, weftResult_t result);

/* Nothing has landed in guarded slots. */
void sweep_check_guards(const struct sweep_scene *scene);

/* ---- moves.c, streams.c: the transfers ---- */

/* Waits for the end of a transfer whose call gave `result`; gives how it ended. */
weftResult_t sweep_wait(weftResult_t result, weftRequest_t *request, unsigned may);

void sweep_moves(struct sweep_scene *scene);

void sweep_stream_open(struct sweep_scene *scene);
void sweep_stream_moves(struct sweep_scene *scene);

/* Waits until the stream has nothing left to do: no transfer may leave it standing. */
void sweep_stream_close(struct sweep_scene *scene);

#endif
