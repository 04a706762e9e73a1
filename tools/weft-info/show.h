/* What weft-info shows, as text and as JSON. */
#ifndef WEFT_INFO_SHOW_H
#define WEFT_INFO_SHOW_H

#include <cjson/cJSON.h>

#include "host/machine.h"

struct weft_info {
    const struct weft_config *config;
    const struct weft_machine *machine; /* NULL: it cannot be described */
    const char *why;                    /* then */
};

/* To standard output; with `settings` the settings too. */
void weft_info_print(const struct weft_info *info, bool settings);

/* The caller deletes the tree. */
cJSON *weft_info_json(const struct weft_info *info);

#endif
