/* The emulated machine: finds libweft-cuda-emu.so beside this library and starts it.
 *
 * Whether a machine is emulated is never hidden: `node` and `dilation` go into properties,
 * statistics and the log. The library stays loaded for the life of the process, as a CUDA driver
 * does. */
#ifndef WEFT_PLUGIN_H
#define WEFT_PLUGIN_H

#include "../core/config.h"

#define WEFT_PLUGIN_PATH_BYTES 512
#define WEFT_PLUGIN_WHY_BYTES  512

struct weft_emu_link_now; /* plugins/cuda-emu/emu.h */

struct weft_emulation {
    bool on;
    char node[WEFT_CONFIG_TEXT_BYTES];
    uint64_t dilation; /* 1 on a real machine */
    char driver[WEFT_PLUGIN_PATH_BYTES];
    int (*place)(const void *base, size_t size, int numa_node);
    int (*link_look)(const char *link, struct weft_emu_link_now *now);
};

/* Starts the machine that the setting `emulate` names; with that empty `emulation->on` is false.
 * weftSystemError  no such library, or the machine could not be started; `why` says what is valid
 * */
weftResult_t weft_emulation_open(const struct weft_config *config, struct weft_emulation *emulation,
                                 char why[WEFT_PLUGIN_WHY_BYTES]);

#endif
