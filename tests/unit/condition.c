/* Conditions of servers: links that are not as described. */
#include <criterion/criterion.h>
#include <string.h>

#include "core/condition.h"

static struct weft_condition condition;

Test(condition, set__lists_by_link_and_takes_off)
{
    cr_assert(weft_condition_set(&condition, 7, 0, 100));
    cr_assert(weft_condition_set(&condition, 3, 50, 100));
    cr_assert(weft_condition_set(&condition, 5, 60, 100));
    cr_assert_not(weft_condition_set(&condition, 5, 60, 100), "nothing new");
    cr_assert_not(weft_condition_set(&condition, 4, 100, 100), "as described");
    cr_assert_eq(condition.count, 3);
    cr_assert(condition.links[0].link == 3 && condition.links[1].link == 5 &&
              condition.links[2].link == 7);
    cr_assert_eq(weft_condition_rate(&condition, 7, 100), 0);
    cr_assert_eq(weft_condition_rate(&condition, 3, 100), 50);
    cr_assert_eq(weft_condition_rate(&condition, 4, 100), 100);
    cr_assert(weft_condition_set(&condition, 5, 100, 100));
    cr_assert_eq(condition.count, 2);
    cr_assert_eq(weft_condition_rate(&condition, 5, 100), 100);
    cr_assert_eq(weft_condition_rate(&condition, 7, 100), 0);
}

Test(condition, set__full)
{
    for (uint32_t i = 0; i < WEFT_CONDITION_LINKS_MAX; i++)
        cr_assert(weft_condition_set(&condition, i, 1, 2));
    cr_assert_not(weft_condition_set(&condition, 300, 1, 2));
    cr_assert(weft_condition_set(&condition, 255, 2, 2));
    cr_assert(weft_condition_set(&condition, 300, 1, 2));
}

Test(condition, read__what_was_written)
{
    uint8_t bytes[64];
    struct weft_writer writer = weft_writer_of(bytes, sizeof(bytes));
    struct weft_condition read;
    struct weft_reader reader;

    weft_condition_set(&condition, 300, 0, 1);
    weft_condition_set(&condition, 2, 70000, 1);
    weft_condition_write(&condition, &writer);
    cr_assert_eq(writer.used, 14);
    cr_assert_arr_eq(bytes, "\x02\x00\x02\x00\x70\x11\x01\x00\x2c\x01\x00\x00\x00\x00", 14);
    reader = weft_reader_of(bytes, writer.used);
    cr_assert(weft_condition_read(&read, &reader));
    cr_assert(read.count == 2 && weft_condition_rate(&read, 300, 9) == 0 &&
              weft_condition_rate(&read, 2, 9) == 70000);
}

Test(condition, read__what_is_none)
{
    static const struct {
        const char *bytes;
        size_t size;
    } rows[] = {
        {"\x01", 1},
        {"\x01\x00\x05\x00\x01", 5},
        {"\x01\x01", 2},
        {"\x02\x00\x05\x00\x01\x00\x00\x00\x05\x00\x01\x00\x00\x00", 14}, /* twice the same */
        {"\x02\x00\x05\x00\x01\x00\x00\x00\x04\x00\x01\x00\x00\x00", 14}, /* falling */
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct weft_reader reader = weft_reader_of(rows[i].bytes, rows[i].size);

        cr_assert_not(weft_condition_read(&condition, &reader), "row %zu", i);
        cr_assert_eq(condition.count, 0);
    }
}
