/* A copy engine of a GPU: a FIFO of copies, one of them at work.
 *
 * Guarded by the emulator's lock; only the worker starts and ends copies. Copies belong to others
 * and stay until they have ended. */
#ifndef WEFT_EMU_ENGINE_H
#define WEFT_EMU_ENGINE_H

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
    struct weft_emu_copy *current; /* SETUP or FLOWING; NULL: idle */
    struct weft_emu_copy *first;   /* waiting */
    struct weft_emu_copy *last;
};

void weft_emu_engine_append(struct weft_emu_engine *engine, struct weft_emu_copy *copy);

/* When something happens at the engine next, not before `at`; WEFT_NEVER when nothing will. */
weft_ns weft_emu_engine_next_at(const struct weft_emu_engine *engine, weft_ns at);

/* Makes the first one waiting current; only when idle. Returns it, QUEUED. */
struct weft_emu_copy *weft_emu_engine_take(struct weft_emu_engine *engine);

#endif
