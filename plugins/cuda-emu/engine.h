/* What this process has for a copy engine of a GPU: a FIFO of copies, one of them at work.
 *
 * Guarded by the emulator's lock; only the worker starts and ends copies. Copies belong to others
 * and stay until they have ended. Whether the engine is free for them is arbiter.h's matter. */
#ifndef WEFT_EMU_ENGINE_H
#define WEFT_EMU_ENGINE_H

#include "arbiter.h"
#include "copy.h"

/* The engines of each GPU. */
enum weft_emu_engine_kind {
    WEFT_EMU_ENGINE_TO_DEVICE, /* host to device */
    WEFT_EMU_ENGINE_TO_HOST,   /* device to host */
    WEFT_EMU_ENGINE_TO_PEER,   /* writes to other devices */
    WEFT_EMU_ENGINE_INSIDE,
    WEFT_EMU_ENGINE_KINDS
};

#define WEFT_EMU_ENGINES_MAX (WEFT_EMU_GPUS_MAX * WEFT_EMU_ENGINE_KINDS)

struct weft_emu_engine {
    struct weft_emu_copy *current; /* SETUP or FLOWING; NULL: none of ours */
    struct weft_emu_copy *first;   /* waiting */
    struct weft_emu_copy *last;
};

/* Puts a copy at the end of the line, at `at`. */
void weft_emu_engine_append(struct weft_emu_engine *engine, struct weft_emu_copy *copy, weft_ns at);

/* Asks for the engine for the first one waiting, or for nothing. */
void weft_emu_engine_ask(const struct weft_emu_engine *engine, struct weft_emu_arbiter *arbiter,
                         uint32_t seat);

/* Makes the first one waiting current; only without a current one. Returns it, QUEUED. */
struct weft_emu_copy *weft_emu_engine_take(struct weft_emu_engine *engine);

/* Puts the current copy, QUEUED again, before those that wait. */
void weft_emu_engine_put_back(struct weft_emu_engine *engine);

#endif
