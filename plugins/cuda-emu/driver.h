/* The exported driver functions, and what their files share.
 *
 * Entry points are thin: they check, charge their cost, lock, and leave the work to the nouns. */
#ifndef WEFT_EMU_DRIVER_H
#define WEFT_EMU_DRIVER_H

#include "constants.h"
#include "costs.h"
#include "emulator.h"

#define WEFT_EMU_EXPORT __attribute__((visibility("default")))

/* The prototypes of all of them: a definition that differs from the list does not compile. */
#define CUDA_FUNCTION(result, field, symbol, arguments) WEFT_EMU_EXPORT result symbol arguments;
#define CUDA_FUNCTION_OPTIONAL                          CUDA_FUNCTION
#include "cuda/cuda_functions.def"
#include "emu_functions.def"
#undef CUDA_FUNCTION
#undef CUDA_FUNCTION_OPTIONAL

/* The context that is current in the calling thread, or NULL. */
struct weft_emu_context *weft_emu_context_current(struct weft_emu *emu);

/* The context of a handle; NULL when it is none, or nobody retains it. */
struct weft_emu_context *weft_emu_context_find(struct weft_emu *emu, weft_cuda_context handle);

/* The stream of a handle; the default streams need a current context. NULL when there is none. */
struct weft_emu_stream *weft_emu_stream_find(struct weft_emu *emu, weft_cuda_stream handle);

struct weft_emu_event *weft_emu_event_find(struct weft_emu *emu, weft_cuda_event handle);

/* Sleeps until all that is in the stream now has ended, and returns how. Lets go of the lock. */
weft_cuda_result weft_emu_stream_await(struct weft_emu *emu, struct weft_emu_stream *stream);

#endif
