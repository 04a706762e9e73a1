/* Window keys as bytes. */
#include <criterion/criterion.h>
#include <string.h>

#include "host/window_key.h"

static const struct weft_window_key sample = {
    .process = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
    .id = 0x1122334455667788,
    .size_bytes = 1u << 20,
    .epoch = 3,
    .rights = WEFT_RIGHT_READ | WEFT_RIGHT_SIGNAL,
    .server = 0x0b010101,
    .device = 22,
    .token = {0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad,
              0xae, 0xaf},
};

Test(window_key, write__reads_back)
{
    struct weft_window_key read;
    weftWindowKey_t bytes;

    memset(&read, 0, sizeof(read));
    weft_window_key_write(&sample, &bytes);
    cr_assert_null(weft_window_key_read(&bytes, &read));
    cr_assert_eq(memcmp(&read, &sample, sizeof(sample)), 0);
}

Test(window_key, write__layout_is_fixed)
{
    weftWindowKey_t bytes;

    weft_window_key_write(&sample, &bytes);
    cr_assert_arr_eq(bytes.internal, "WUTK", 4);
    cr_assert_arr_eq(&bytes.internal[4], "\x03\x00\x00\x02", 4);
    cr_assert_arr_eq(&bytes.internal[24], "\x88\x77\x66\x55\x44\x33\x22\x11", 8);
    cr_assert_arr_eq(&bytes.internal[48], "\x01\x01\x01\x0b\x16\x00\x00\x00", 8);
}

Test(window_key, read__other_versions_and_damage_are_told_apart)
{
    struct weft_window_key read;
    weftWindowKey_t bytes;

    weft_window_key_write(&sample, &bytes);
    bytes.internal[4] = 1;
    cr_assert_not_null(strstr(weft_window_key_read(&bytes, &read), "another version"));
    weft_window_key_write(&sample, &bytes);
    bytes.internal[100] = 1;
    cr_assert_not_null(strstr(weft_window_key_read(&bytes, &read), "damaged"));
    memset(&bytes, 0, sizeof(bytes));
    cr_assert_not_null(strstr(weft_window_key_read(&bytes, &read), "no window key"));
}
