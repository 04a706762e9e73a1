/* Settings from text: the first byte picks the setting, the rest is its value. What was accepted is
 * within bounds, reads back as it was, and is accepted again; a name that is none has a nearest
 * one. */
#include <string.h>

#include "core/config.h"
#include "fuzz.h"

#define TEXT_BYTES_MAX 1024

static void check_accepted(struct weft_config *config, uint32_t index)
{
    char once[WEFT_CONFIG_TEXT_BYTES];
    char twice[WEFT_CONFIG_TEXT_BYTES];

    weft_assert(weft_config_get(config, index, once, sizeof(once)));
    weft_assert(weft_config_set(config, index, once, WEFT_CONFIG_CALL) == NULL);
    weft_assert(weft_config_get(config, index, twice, sizeof(twice)));
    weft_assert(strcmp(once, twice) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct weft_config config;
    struct weft_config before;
    char text[TEXT_BYTES_MAX + 1];
    uint32_t index;
    uint32_t found;

    if (size == 0)
        return 0;
    index = bytes[0] % WEFT_SETTINGS;
    size = weft_min(size - 1, TEXT_BYTES_MAX);
    memcpy(text, bytes + 1, size);
    text[size] = '\0';
    weft_config_init(&config);
    memcpy(&before, &config, sizeof(config));
    if (weft_config_set(&config, index, text, WEFT_CONFIG_CALL) == NULL)
        check_accepted(&config, index);
    else
        weft_assert(memcmp(&before, &config, sizeof(config)) == 0);
    found = weft_config_find(text);
    weft_assert(found <= WEFT_SETTINGS);
    weft_assert(weft_config_nearest(text) < WEFT_SETTINGS);
    return 0;
}
