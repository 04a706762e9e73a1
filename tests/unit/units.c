/* tools/common/units: what people write as sizes, counts and parts, and what they read. */
#include <criterion/criterion.h>

#include <string.h>

#include "common/units.h"

Test(units, size_parse__good)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } rows[] = {
        {"1", 1},
        {"4096", 4096},
        {"4K", 4096},
        {"4k", 4096},
        {"1.5M", 1572864},
        {"1G", 1073741824},
        {"2GiB", 2147483648},
        {"64MB", 67108864},
        {"0.5K", 512},
        {"1T", 1099511627776},
        {"100B", 100},
        {"8388607T", 9223370937343148032u},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        char why[WEFT_WHY_BYTES] = "";
        uint64_t bytes = 0;

        cr_expect(weft_size_parse(rows[i].text, &bytes, why), "%s: %s", rows[i].text, why);
        cr_expect_eq(bytes, rows[i].bytes, "%s", rows[i].text);
    }
}

Test(units, size_parse__bad)
{
    static const char *const rows[] = {"",
                                       "0",
                                       "K",
                                       "-1",
                                       "4X",
                                       "4 K",
                                       "1e9",
                                       "0.0001K",
                                       "1.2.3",
                                       "9000000000000T",
                                       "99999999999999999999999999",
                                       "4KK",
                                       "4Kib"};

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        char why[WEFT_WHY_BYTES] = "";
        uint64_t bytes = 77;

        cr_expect_not(weft_size_parse(rows[i], &bytes, why), "'%s'", rows[i]);
        cr_expect_eq(bytes, 77, "'%s' changed the output", rows[i]);
        cr_expect_not_null(strstr(why, "K, M, G or T"), "'%s': %s", rows[i], why);
    }
}

Test(units, count_parse__bounds)
{
    static const struct {
        const char *text;
        bool good;
        uint64_t count;
    } rows[] = {
        {"2", true, 2},   {"10", true, 10}, {"1", false, 0},
        {"11", false, 0}, {"", false, 0},   {"3x", false, 0},
        {"+3", false, 0}, {"03", true, 3},  {"18446744073709551618", false, 0},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        char why[WEFT_WHY_BYTES] = "";
        uint64_t count = 0;

        cr_expect_eq(weft_count_parse(rows[i].text, "number of things", 2, 10, &count, why),
                     rows[i].good, "'%s'", rows[i].text);
        cr_expect_eq(count, rows[i].count, "'%s'", rows[i].text);
        if (!rows[i].good)
            cr_expect_not_null(strstr(why, "number of things: write a whole number from 2 to 10"));
    }
}

Test(units, part_parse__forms)
{
    static const struct {
        const char *text;
        bool good;
        uint32_t millionths;
    } rows[] = {
        {"0.25", true, 250000}, {"25%", true, 250000}, {"1/4", true, 250000},
        {"1", true, 1000000},   {"1/64", true, 15625}, {"100%", true, 1000000},
        {"0", false, 0},        {"1.1", false, 0},     {"5/4", false, 0},
        {"1/0", false, 0},      {"", false, 0},        {"0.25x", false, 0},
        {"/4", false, 0},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        char why[WEFT_WHY_BYTES] = "";
        uint32_t millionths = 0;

        cr_expect_eq(weft_part_parse(rows[i].text, "factor", &millionths, why), rows[i].good,
                     "'%s'", rows[i].text);
        cr_expect_eq(millionths, rows[i].millionths, "'%s'", rows[i].text);
    }
}

Test(units, size_format__forms)
{
    static const struct {
        uint64_t bytes;
        const char *text;
    } rows[] = {{0, "0"},        {1023, "1023"},     {1024, "1K"},
                {1536, "1.50K"}, {1073741824, "1G"}, {1627389952, "1.52G"}};

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        char text[WEFT_UNIT_BYTES];

        weft_size_format(rows[i].bytes, text);
        cr_expect_str_eq(text, rows[i].text);
    }
}

Test(units, time_format__forms)
{
    static const struct {
        weft_ns duration_ns;
        const char *text;
    } rows[] = {
        {1500, "1.5 us"}, {999900, "999.9 us"}, {19500000, "19.50 ms"}, {2000000000, "2.00 s"}};

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        char text[WEFT_UNIT_BYTES];

        weft_time_format(rows[i].duration_ns, text);
        cr_expect_str_eq(text, rows[i].text);
    }
}

Test(units, rate__bytes_per_ns_is_gb_per_s)
{
    cr_expect_float_eq(weft_rate_gb_per_s(55400, 1000), 55.4, 1e-9);
    cr_expect_float_eq(weft_rate_gb_per_s(55400, 0), 0, 1e-9);
}

Test(units, word_parse__index_or_the_list)
{
    static const char *const words[] = {"on", "off", "auto"};
    char why[WEFT_WHY_BYTES] = "";
    size_t index = 7;

    cr_expect(weft_word_parse("auto", "value of --check", words, 3, &index, why));
    cr_expect_eq(index, 2);
    cr_expect_not(weft_word_parse("o", "value of --check", words, 3, &index, why));
    cr_expect_eq(index, 2);
    cr_expect_str_eq(why, "'o' is no value of --check; valid are: on off auto");
}
