/* Two processes of one emulated server, and the page that they share with the program.
 *
 * The program itself loads no driver: each scene forks its processes anew, so that none sees what
 * another one has left. The first moves from gpu0, the second owns gpu1. Times are the machine's
 * own; every byte is checked, outside of the time that is measured. */
#ifndef WEFT_SIBLINGS_SCENE_H
#define WEFT_SIBLINGS_SCENE_H

#include "common/units.h"

#define WEFT_SCENE_REPEATS_MAX 100

enum weft_scene_kind {
    WEFT_SCENE_INSIDE,       /* the first puts gpu0 > gpu1, both its own */
    WEFT_SCENE_SIBLING,      /* the first puts gpu0 > gpu1, whose window is the second's */
    WEFT_SCENE_OWNER_ALONE,  /* the second puts gpu1 > dram0, over its own link alone */
    WEFT_SCENE_OWNER_SHARED, /* the same, while the first puts gpu0 > dram0 over all routes */
    WEFT_SCENE_OWNER_APART,  /* the same, with neither knowing what the other takes */
    WEFT_SCENES
};

struct weft_scene_settings {
    const char *node;
    uint64_t dilation;
    uint64_t size;
    uint64_t repeats;
};

struct weft_scene_result {
    double first_gb_per_s;  /* 0: it moves nothing */
    double second_gb_per_s; /* the same */
};

/* False with a sentence: a process failed, or bytes are wrong. */
bool weft_scene_run(enum weft_scene_kind kind, const struct weft_scene_settings *settings,
                    struct weft_scene_result *result, char why[WEFT_WHY_BYTES]);

#endif
