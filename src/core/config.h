/* The settings as a struct; config.def is the list.
 *
 * A setting has a value and an origin (default, environment, call). Parsing knows types and bounds
 * and nothing of where text comes from: the host reads the environment (host/env.c). */
#ifndef WEFT_CONFIG_H
#define WEFT_CONFIG_H

#include "../base/base.h"

#define WEFT_CONFIG_TEXT_BYTES 256

enum weft_config_origin {
    WEFT_CONFIG_DEFAULT,
    WEFT_CONFIG_ENVIRONMENT,
    WEFT_CONFIG_CALL,
    WEFT_CONFIG_ORIGINS
};

enum weft_config_index {
#define SETTING_NUMBER(name, ...) WEFT_SETTING_##name,
#define SETTING_TEXT(name, ...)   WEFT_SETTING_##name,
#include "config.def"
#undef SETTING_NUMBER
#undef SETTING_TEXT
    WEFT_SETTINGS
};

struct weft_config {
#define SETTING_NUMBER(name, ...) uint64_t name;
#define SETTING_TEXT(name, ...)   char name[WEFT_CONFIG_TEXT_BYTES];
#include "config.def"
#undef SETTING_NUMBER
#undef SETTING_TEXT
    enum weft_config_origin origins[WEFT_SETTINGS];
};

/* A row of the table, for listings. */
struct weft_setting {
    const char *name;
    bool is_number;
    const char *default_text; /* of a text setting */
    uint64_t default_number;
    uint64_t least;
    uint64_t most;
    const char *unit;
    const char *about;
};

void weft_config_init(struct weft_config *config);

/* The row of setting `index`. */
const struct weft_setting *weft_config_row(uint32_t index);

/* The index of a name, or WEFT_SETTINGS. */
uint32_t weft_config_find(const char *name);

/* The index of the name that is nearest to `name` in edits: what a typing error meant. */
uint32_t weft_config_nearest(const char *name);

/* Sets from text. A number may end in K, M or G (1024). A setting made by a call is not changed by
 * the environment. Returns NULL, or the reason in words; the setting is then as before. */
const char *weft_config_set(struct weft_config *config, uint32_t index, const char *text,
                            enum weft_config_origin origin);

/* Writes the value as text; false when `size` is too small. */
bool weft_config_get(const struct weft_config *config, uint32_t index, char *text, size_t size);

#endif
