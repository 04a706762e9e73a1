/* Signals: what is allowed. */
#include "signal.h"

weftResult_t weft_signal_allowed(const struct weft_signal *signal, const struct weft_window *window)
{
    if (signal->offset % sizeof(uint64_t) != 0 || (unsigned)signal->op >= weftNumSignalOps)
        return weftInvalidArgument;
    return weft_window_allows(window, signal->offset, sizeof(uint64_t), WEFT_RIGHT_SIGNAL);
}
