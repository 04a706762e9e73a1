/* weftConfig_t: a set of settings that the caller owns. */
#include "settings.h"

#include <stdlib.h>
#include <string.h>

#include "../host/env.h"
#include "../host/log.h"
#include "error.h"

#define CONFIG_MAGIC 0x57454654434f4e46u

struct weftConfig {
    uint64_t magic; /* CONFIG_MAGIC while it lives */
    struct weft_config settings;
};

static bool is_config(weftConfig_t config)
{
    return config != NULL && config->magic == CONFIG_MAGIC;
}

weftResult_t weftConfigCreate(weftConfig_t *config)
{
    struct weftConfig *made;

    if (config == NULL)
        return weft_error(weftInvalidArgument, "weftConfigCreate: config is NULL");
    made = calloc(1, sizeof(*made));
    if (made == NULL)
        return weft_error(weftSystemError, "weftConfigCreate: no memory");
    made->magic = CONFIG_MAGIC;
    weft_config_init(&made->settings);
    *config = made;
    return weftSuccess;
}

static weftResult_t find_setting(const char *call, const char *name, uint32_t *index)
{
    *index = weft_config_find(name);
    if (*index < WEFT_SETTINGS)
        return weftSuccess;
    return weft_error(weftInvalidArgument,
                      "%s: there is no setting \"%.64s\"; did you mean %s? (weft-info --settings "
                      "lists them)",
                      call, name, weft_config_row(weft_config_nearest(name))->name);
}

weftResult_t weftConfigSet(weftConfig_t config, const char *name, const char *value)
{
    uint32_t index;
    const char *reason;

    if (!is_config(config) || name == NULL || value == NULL)
        return weft_error(weftInvalidArgument,
                          "weftConfigSet: config, name or value is NULL, or config was destroyed");
    WEFT_TRY(find_setting("weftConfigSet", name, &index));
    reason = weft_config_set(&config->settings, index, value, WEFT_CONFIG_CALL);
    if (reason == NULL)
        return weftSuccess;
    return weft_error(weftInvalidArgument, "weftConfigSet: %s cannot be \"%.100s\": %s", name,
                      value, reason);
}

weftResult_t weftConfigGet(weftConfig_t config, const char *name, char *value, size_t size)
{
    uint32_t index;

    if (!is_config(config) || name == NULL || value == NULL)
        return weft_error(weftInvalidArgument,
                          "weftConfigGet: config, name or value is NULL, or config was destroyed");
    WEFT_TRY(find_setting("weftConfigGet", name, &index));
    if (size > 0 && weft_config_get(&config->settings, index, value, size))
        return weftSuccess;
    return weft_error(weftInvalidArgument,
                      "weftConfigGet: the value of %s does not fit into %zu bytes (%d always fit)",
                      name, size, WEFT_CONFIG_TEXT_BYTES);
}

weftResult_t weftConfigDestroy(weftConfig_t config)
{
    if (config == NULL)
        return weftSuccess;
    if (config->magic != CONFIG_MAGIC)
        return weft_error(weftInvalidArgument, "weftConfigDestroy: this is no config");
    config->magic = 0;
    free(config);
    return weftSuccess;
}

weftResult_t weft_settings_gather(weftConfig_t config, struct weft_config *settings)
{
    char why[WEFT_ENV_WHY_BYTES];
    enum weft_log_level level;

    if (config != NULL && config->magic != CONFIG_MAGIC)
        return weft_error(weftInvalidArgument, "config is no config of weftConfigCreate");
    if (config != NULL)
        *settings = config->settings;
    else
        weft_config_init(settings);
    if (weft_env_read(settings, why) != weftSuccess)
        return weft_error(weftInvalidArgument, "%s", why);
    level = weft_log_level_find(settings->log);
    if (level == WEFT_LOG_LEVELS)
        return weft_error(weftInvalidArgument,
                          "the setting log is \"%.32s\"; it must be none, error, warn, info or "
                          "trace",
                          settings->log);
    weft_log_level_set(level);
    return weftSuccess;
}
