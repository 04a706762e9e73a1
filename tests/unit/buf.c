/* Readers and writers: bounds, and an error that sticks. */
#include "base/buf.h"

#include <criterion/criterion.h>

Test(buf, writer_number__little_endian)
{
    static const uint8_t wanted[] = {0x04, 0x03, 0x02, 0x01, 0xff, 0x0b, 0x0a};
    uint8_t bytes[sizeof(wanted)] = {0};
    struct weft_writer writer;

    writer = weft_writer_of(bytes, sizeof(bytes));
    weft_writer_number(&writer, 0x01020304, 4);
    weft_writer_number(&writer, 0x2ff, 1);
    weft_writer_bytes(&writer, "\x0b\x0a", 2);
    cr_expect_not(writer.failed);
    cr_expect_eq(writer.used, sizeof(wanted));
    cr_expect_arr_eq(bytes, wanted, sizeof(wanted));
}

Test(buf, writer_bytes__past_the_end)
{
    uint8_t bytes[4] = {9, 9, 9, 9};
    struct weft_writer writer;

    writer = weft_writer_of(bytes, 3);
    weft_writer_number(&writer, 1, 2);
    weft_writer_number(&writer, 1, 2);
    cr_expect(writer.failed);
    weft_writer_number(&writer, 1, 1);
    cr_expect(writer.failed, "it sticks");
    cr_expect_eq(writer.used, 2);
    cr_expect_eq(bytes[2], 9, "nothing of what did not fit");
    cr_expect_eq(bytes[3], 9);
}

Test(buf, reader_number__past_the_end)
{
    static const uint8_t bytes[] = {0x01, 0x02, 0x03, 0x04, 0x05};
    struct weft_reader reader;
    uint8_t out[2] = {7, 7};

    reader = weft_reader_of(bytes, sizeof(bytes));
    cr_expect_eq(weft_reader_number(&reader, 4), 0x04030201);
    cr_expect_eq(weft_reader_number(&reader, 2), 0);
    cr_expect(reader.failed);
    cr_expect_eq(weft_reader_number(&reader, 1), 0, "it sticks");
    weft_reader_bytes(&reader, out, sizeof(out));
    cr_expect_eq(out[0], 0);
    cr_expect_null(weft_reader_take(&reader, 0));
    reader = weft_reader_of(bytes, sizeof(bytes));
    cr_expect_eq(weft_reader_take(&reader, sizeof(bytes)), bytes);
    cr_expect_null(weft_reader_take(&reader, SIZE_MAX), "no sum wraps");
}
