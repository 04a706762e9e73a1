/* Text without a C library. */
#include <criterion/criterion.h>

#include "base/text.h"

Test(text, number__and_fixed)
{
    static const struct {
        uint64_t number;
        uint32_t places;
        const char *text;
    } rows[] = {
        {0, 0, "0"},
        {55400, 3, "55.400"},
        {7, 3, "0.007"},
        {1000, 3, "1.000"},
        {UINT64_MAX, 0, "18446744073709551615"},
        {UINT64_MAX, 1, "1844674407370955161.5"},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        char buffer[32];
        struct weft_text text;

        weft_text_init(&text, buffer, sizeof(buffer));
        weft_text_fixed(&text, rows[i].number, rows[i].places);
        cr_assert_str_eq(buffer, rows[i].text);
        cr_assert_not(text.cut);
        cr_assert_eq(text.used, strlen(rows[i].text));
    }
}

Test(text, add__cuts_and_says_so)
{
    char buffer[8];
    struct weft_text text;

    weft_text_init(&text, buffer, sizeof(buffer));
    weft_text_add(&text, "gpu0");
    weft_text_number(&text, 123);
    cr_assert_str_eq(buffer, "gpu0123");
    cr_assert_not(text.cut);
    weft_text_char(&text, '!');
    cr_assert_str_eq(buffer, "gpu0123");
    cr_assert(text.cut);
}

Test(text, copy__into_one_byte)
{
    char buffer[1] = {'x'};

    weft_text_copy(buffer, sizeof(buffer), "gpu");
    cr_assert_eq(buffer[0], '\0');
}

Test(text, equal__and_starts)
{
    static const struct {
        const char *a;
        const char *b;
        bool equal;
        bool starts; /* a starts with b */
    } rows[] = {
        {"", "", true, true},          {"gpu0", "gpu0", true, true}, {"gpu0", "gpu", false, true},
        {"gpu", "gpu0", false, false}, {"gpu0", "", false, true},    {"dram", "gpu", false, false},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        cr_assert_eq(weft_text_equal(rows[i].a, rows[i].b), rows[i].equal, "row %zu", i);
        cr_assert_eq(weft_text_starts(rows[i].a, rows[i].b), rows[i].starts, "row %zu", i);
    }
}
