/* Builds text in a buffer of fixed size, without a C library: names, numbers, JSON.
 *
 * What does not fit is cut and `cut` is set; the text is always NUL-terminated. */
#ifndef WEFT_TEXT_H
#define WEFT_TEXT_H

#include "base.h"

struct weft_text {
    char *at;
    size_t size; /* of the buffer, at least 1 */
    size_t used; /* without the NUL */
    bool cut;
};

static inline void weft_text_init(struct weft_text *text, char *buffer, size_t size)
{
    weft_assert(size > 0);
    text->at = buffer;
    text->size = size;
    text->used = 0;
    text->cut = false;
    buffer[0] = '\0';
}

static inline void weft_text_char(struct weft_text *text, char character)
{
    if (text->used + 1 >= text->size) {
        text->cut = true;
        return;
    }
    text->at[text->used++] = character;
    text->at[text->used] = '\0';
}

static inline void weft_text_add(struct weft_text *text, const char *words)
{
    while (*words != '\0')
        weft_text_char(text, *words++);
}

static inline void weft_text_number(struct weft_text *text, uint64_t number)
{
    char digits[20];
    uint32_t count = 0;

    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    while (count > 0)
        weft_text_char(text, digits[--count]);
}

/* `number` / 10^places with `places` decimals: weft_text_fixed(t, 55400, 3) is "55.400". */
static inline void weft_text_fixed(struct weft_text *text, uint64_t number, uint32_t places)
{
    uint64_t unit = 1;

    for (uint32_t i = 0; i < places; i++)
        unit *= 10;
    weft_text_number(text, number / unit);
    if (places == 0)
        return;
    weft_text_char(text, '.');
    for (number %= unit; unit > 1; number %= unit) {
        unit /= 10;
        weft_text_char(text, (char)('0' + number / unit));
    }
}

static inline bool weft_text_equal(const char *a, const char *b)
{
    for (; *a == *b; a++, b++)
        if (*a == '\0')
            return true;
    return false;
}

static inline bool weft_text_starts(const char *text, const char *prefix)
{
    for (; *prefix != '\0'; text++, prefix++)
        if (*text != *prefix)
            return false;
    return true;
}

/* Copies with cutting; `to` has `size` bytes, at least 1. */
static inline void weft_text_copy(char *to, size_t size, const char *from)
{
    struct weft_text text;

    weft_text_init(&text, to, size);
    weft_text_add(&text, from);
}

#endif
