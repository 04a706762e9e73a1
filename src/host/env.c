/* Reads the WEFT_* variables; see env.h. */
#include "env.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/ring.h"
#include "log.h"

#define PREFIX         "WEFT_"
#define NAME_BYTES_MAX 64

void weft_env_name(uint32_t index, char *text, size_t size)
{
    struct weft_text name;

    weft_text_init(&name, text, size);
    weft_text_add(&name, PREFIX);
    for (const char *at = weft_config_row(index)->name; *at != '\0'; at++)
        weft_text_char(&name, *at >= 'a' && *at <= 'z' ? (char)(*at - 'a' + 'A') : *at);
}

/* "WEFT_TIMEOUT_MS=5" becomes "timeout_ms". */
static void setting_of(const char *entry, char *text, size_t size)
{
    struct weft_text name;

    weft_text_init(&name, text, size);
    for (const char *at = entry + strlen(PREFIX); *at != '\0' && *at != '='; at++)
        weft_text_char(&name, *at >= 'A' && *at <= 'Z' ? (char)(*at - 'A' + 'a') : *at);
}

static void warn_about_unknown(void)
{
    static struct weft_flag done;

    if (!weft_flag_move(&done, 0, 1) || environ == NULL)
        return;
    for (char **entry = environ; *entry != NULL; entry++) {
        char name[NAME_BYTES_MAX];
        char nearest[NAME_BYTES_MAX];

        if (!weft_text_starts(*entry, PREFIX))
            continue;
        setting_of(*entry, name, sizeof(name));
        if (weft_config_find(name) < WEFT_SETTINGS)
            continue;
        weft_env_name(weft_config_nearest(name), nearest, sizeof(nearest));
        weft_log(WEFT_LOG_WARN, "env", "%.*s names no setting and is ignored; did you mean %s?",
                 (int)strcspn(*entry, "="), *entry, nearest);
    }
}

weftResult_t weft_env_read(struct weft_config *config, char why[WEFT_ENV_WHY_BYTES])
{
    for (uint32_t i = 0; i < WEFT_SETTINGS; i++) {
        char name[NAME_BYTES_MAX];
        const char *value;
        const char *reason;

        weft_env_name(i, name, sizeof(name));
        value = getenv(name);
        if (value == NULL)
            continue;
        reason = weft_config_set(config, i, value, WEFT_CONFIG_ENVIRONMENT);
        if (reason == NULL)
            continue;
        weft_format(why, WEFT_ENV_WHY_BYTES, "the variable %s is \"%.100s\": %s", name, value,
                    reason);
        return weftInvalidArgument;
    }
    warn_about_unknown();
    return weftSuccess;
}
