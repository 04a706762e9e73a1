/* The settings: one table made from config.def, and parsing with bounds.
 *
 * Values are stored in the struct's fields by offset, so a new setting is one row and its use. */
#include "config.h"

#include "../base/text.h"

struct setting_place {
    struct weft_setting row;
    size_t offset;
};

#define SETTING_NUMBER(setting, value, low, high, unit_text, text)                                 \
    {{#setting, true, "", value, low, high, unit_text, text},                                      \
     offsetof(struct weft_config, setting)},
#define SETTING_TEXT(setting, value, text)                                                         \
    {{#setting, false, value, 0, 0, 0, "", text}, offsetof(struct weft_config, setting)},
static const struct setting_place places[WEFT_SETTINGS] = {
#include "config.def"
};
#undef SETTING_NUMBER
#undef SETTING_TEXT

static uint64_t *number_of(struct weft_config *config, uint32_t index)
{
    return (uint64_t *)(void *)((char *)config + places[index].offset);
}

static char *text_of(struct weft_config *config, uint32_t index)
{
    return (char *)config + places[index].offset;
}

void weft_config_init(struct weft_config *config)
{
    for (uint32_t i = 0; i < WEFT_SETTINGS; i++) {
        if (places[i].row.is_number)
            *number_of(config, i) = places[i].row.default_number;
        else
            weft_text_copy(text_of(config, i), WEFT_CONFIG_TEXT_BYTES, places[i].row.default_text);
        config->origins[i] = WEFT_CONFIG_DEFAULT;
    }
}

const struct weft_setting *weft_config_row(uint32_t index)
{
    weft_assert(index < WEFT_SETTINGS);
    return &places[index].row;
}

uint32_t weft_config_find(const char *name)
{
    uint32_t index = 0;

    while (index < WEFT_SETTINGS && !weft_text_equal(places[index].row.name, name))
        index++;
    return index;
}

/* Levenshtein's distance, over at most 32 characters of each. */
static uint32_t edits_between(const char *a, const char *b)
{
    uint32_t row[33];
    uint32_t columns = 0;

    while (columns < 32 && b[columns] != '\0')
        columns++;
    for (uint32_t j = 0; j <= columns; j++)
        row[j] = j;
    for (uint32_t i = 0; i < 32 && a[i] != '\0'; i++) {
        uint32_t diagonal = row[0];

        row[0] = i + 1;
        for (uint32_t j = 0; j < columns; j++) {
            uint32_t change = diagonal + (a[i] != b[j] ? 1 : 0);
            uint32_t shift = (row[j] < row[j + 1] ? row[j] : row[j + 1]) + 1;

            diagonal = row[j + 1];
            row[j + 1] = change < shift ? change : shift;
        }
    }
    return row[columns];
}

uint32_t weft_config_nearest(const char *name)
{
    uint32_t nearest = 0;
    uint32_t fewest = UINT32_MAX;

    for (uint32_t i = 0; i < WEFT_SETTINGS; i++) {
        uint32_t edits = edits_between(name, places[i].row.name);

        if (edits < fewest) {
            fewest = edits;
            nearest = i;
        }
    }
    return nearest;
}

/* "4M" is 4194304. False when it is no number or does not fit. */
static bool parse_number(const char *text, uint64_t *number)
{
    uint64_t value = 0;
    uint32_t shift = 0;

    if (*text < '0' || *text > '9')
        return false;
    for (; *text >= '0' && *text <= '9'; text++) {
        uint64_t digit = (uint64_t)(*text - '0');

        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    if (*text == 'K' || *text == 'k')
        shift = 10;
    else if (*text == 'M' || *text == 'm')
        shift = 20;
    else if (*text == 'G' || *text == 'g')
        shift = 30;
    if (shift != 0)
        text++;
    if (*text != '\0' || value > UINT64_MAX >> shift)
        return false;
    *number = value << shift;
    return true;
}

const char *weft_config_set(struct weft_config *config, uint32_t index, const char *text,
                            enum weft_config_origin origin)
{
    const struct weft_setting *row = weft_config_row(index);
    uint64_t number = 0;
    size_t length = 0;

    if (config->origins[index] == WEFT_CONFIG_CALL && origin == WEFT_CONFIG_ENVIRONMENT)
        return NULL;
    if (row->is_number) {
        if (!parse_number(text, &number))
            return "it is not a number (digits, then K, M, G or nothing)";
        if (number < row->least || number > row->most)
            return "it is outside its bounds";
        *number_of(config, index) = number;
    } else {
        while (text[length] != '\0')
            length++;
        if (length >= WEFT_CONFIG_TEXT_BYTES)
            return "it is longer than 255 characters";
        weft_text_copy(text_of(config, index), WEFT_CONFIG_TEXT_BYTES, text);
    }
    config->origins[index] = origin;
    return NULL;
}

bool weft_config_get(const struct weft_config *config, uint32_t index, char *text, size_t size)
{
    const char *field = (const char *)config + places[index].offset;
    struct weft_text out;

    if (size == 0)
        return false;
    weft_text_init(&out, text, size);
    if (places[index].row.is_number)
        weft_text_number(&out, *(const uint64_t *)(const void *)field);
    else
        weft_text_add(&out, field);
    return !out.cut;
}
