/* Sizes, counts, factors and times as text. Whole numbers are parsed digit by digit with overflow
 * checks; decimals keep six places. Nothing here depends on the locale. */
#include "common/units.h"

#include <stdio.h>
#include <string.h>

#define DECIMAL_ONE 1000000u /* decimals are kept in millionths */

/* Reads "12.345" into millionths and moves `*at` behind it. */
static bool decimal_read(const char **at, uint64_t *millionths)
{
    const char *from = *at;
    uint64_t value = 0;
    uint64_t place = DECIMAL_ONE;

    for (; **at >= '0' && **at <= '9'; (*at)++) {
        if (value > UINT64_MAX / 10 / DECIMAL_ONE / 10)
            return false;
        value = value * 10 + (uint64_t)(**at - '0');
    }
    if (*at == from)
        return false;
    value *= DECIMAL_ONE;
    if (**at == '.') {
        for ((*at)++; **at >= '0' && **at <= '9'; (*at)++) {
            place /= 10;
            value += (uint64_t)(**at - '0') * place;
        }
    }
    *millionths = value;
    return true;
}

/* The power of two of a unit at the end of a text, or 64 for none that is known. */
static unsigned unit_shift(const char *unit)
{
    static const struct {
        char letter;
        unsigned shift;
    } letters[] = {{'K', 10}, {'M', 20}, {'G', 30}, {'T', 40}};

    if (unit[0] == '\0' || strcmp(unit, "B") == 0)
        return 0;
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(letters); i++)
        if ((unit[0] & ~0x20) == letters[i].letter &&
            (unit[1] == '\0' || strcmp(unit + 1, "B") == 0 || strcmp(unit + 1, "iB") == 0))
            return letters[i].shift;
    return 64;
}

bool weft_size_parse(const char *text, uint64_t *bytes, char why[WEFT_WHY_BYTES])
{
    const char *at = text;
    uint64_t millionths = 0;
    unsigned shift = 64;
    uint64_t value = 0;

    if (decimal_read(&at, &millionths))
        shift = unit_shift(at);
    if (shift < 64 && millionths / DECIMAL_ONE <= UINT64_MAX >> (shift + 1))
        value =
            (millionths / DECIMAL_ONE << shift) + (millionths % DECIMAL_ONE << shift) / DECIMAL_ONE;
    if (value == 0) {
        (void)snprintf(why, WEFT_WHY_BYTES,
                       "'%s' is no size: write bytes from 1 up, or a number with K, M, G or T "
                       "(4K is 4096)",
                       text);
        return false;
    }
    *bytes = value;
    return true;
}

bool weft_count_parse(const char *text, const char *what, uint64_t least, uint64_t most,
                      uint64_t *count, char why[WEFT_WHY_BYTES])
{
    uint64_t value = 0;
    const char *at = text;

    for (; *at >= '0' && *at <= '9' && value <= most; at++)
        value = value > UINT64_MAX / 10 - 1 ? UINT64_MAX : value * 10 + (uint64_t)(*at - '0');
    if (at == text || *at != '\0' || value < least || value > most) {
        (void)snprintf(why, WEFT_WHY_BYTES, "'%s' is no %s: write a whole number from %llu to %llu",
                       text, what, (unsigned long long)least, (unsigned long long)most);
        return false;
    }
    *count = value;
    return true;
}

bool weft_part_parse(const char *text, const char *what, uint32_t *millionths,
                     char why[WEFT_WHY_BYTES])
{
    const char *at = text;
    uint64_t above = 0;
    uint64_t below = DECIMAL_ONE;
    uint64_t value = 0;
    bool read = decimal_read(&at, &above);

    if (read && *at == '%') {
        below = 100u * DECIMAL_ONE;
        at++;
    } else if (read && *at == '/') {
        at++;
        read = decimal_read(&at, &below);
    }
    if (read && *at == '\0' && below > 0 && above <= below)
        value = (uint64_t)((double)above * DECIMAL_ONE / (double)below + 0.5);
    if (value == 0) {
        (void)snprintf(why, WEFT_WHY_BYTES,
                       "'%s' is no %s: write a part above 0 and at most 1, as 0.25, 25%% or 1/4",
                       text, what);
        return false;
    }
    *millionths = (uint32_t)value;
    return true;
}

bool weft_word_parse(const char *text, const char *what, const char *const *words, size_t count,
                     size_t *index, char why[WEFT_WHY_BYTES])
{
    int used;

    for (size_t i = 0; i < count; i++) {
        if (strcmp(text, words[i]) == 0) {
            *index = i;
            return true;
        }
    }
    used = snprintf(why, WEFT_WHY_BYTES, "'%.60s' is no %s; valid are:", text, what);
    for (size_t i = 0; i < count && used > 0 && used < WEFT_WHY_BYTES; i++)
        used += snprintf(why + used, WEFT_WHY_BYTES - (size_t)used, " %s", words[i]);
    return false;
}

void weft_size_format(uint64_t bytes, char text[WEFT_UNIT_BYTES])
{
    static const char letters[] = {'K', 'M', 'G', 'T'};
    int unit = -1;
    uint64_t scale = 1;

    while (unit + 1 < (int)sizeof(letters) && bytes / scale >= 1024) {
        scale <<= 10;
        unit++;
    }
    if (unit < 0)
        (void)snprintf(text, WEFT_UNIT_BYTES, "%llu", (unsigned long long)bytes);
    else if (bytes % scale == 0)
        (void)snprintf(text, WEFT_UNIT_BYTES, "%llu%c", (unsigned long long)(bytes / scale),
                       letters[unit]);
    else
        (void)snprintf(text, WEFT_UNIT_BYTES, "%.2f%c", (double)bytes / (double)scale,
                       letters[unit]);
}

void weft_time_format(weft_ns duration_ns, char text[WEFT_UNIT_BYTES])
{
    double us = (double)duration_ns / 1e3;

    if (us < 1000)
        (void)snprintf(text, WEFT_UNIT_BYTES, "%.1f us", us);
    else if (us < 1e6)
        (void)snprintf(text, WEFT_UNIT_BYTES, "%.2f ms", us / 1e3);
    else
        (void)snprintf(text, WEFT_UNIT_BYTES, "%.2f s", us / 1e6);
}

double weft_rate_gb_per_s(uint64_t bytes, weft_ns duration_ns)
{
    return duration_ns == 0 ? 0 : (double)bytes / (double)duration_ns;
}
