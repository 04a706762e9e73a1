/* Messages of meetings. */
#include <criterion/criterion.h>
#include <string.h>

#include "host/boot_message.h"

static uint8_t bytes[WEFT_BOOT_TOLD_BYTES_MAX];

static size_t put(const struct weft_boot_message *message)
{
    struct weft_writer writer;

    writer = weft_writer_of(bytes, sizeof(bytes));
    weft_boot_message_write(message, &writer);
    cr_assert_not(writer.failed);
    return writer.used;
}

static const struct weft_boot_message come = {.kind = WEFT_BOOT_COME,
                                              .coming = {.kind = WEFT_BOOT_EXCHANGE,
                                                         .rank = 3,
                                                         .rank_count = 5,
                                                         .member = 0x1122334455667788,
                                                         .size_bytes = 3,
                                                         .bytes = "abc"},
                                              .wait_ms = 60000};

Test(boot_message, read__each_kind)
{
    static const struct weft_boot_message messages[] = {
        {.kind = WEFT_BOOT_LEAVE, .coming = {.rank = 255, .member = 9}},
        {.kind = WEFT_BOOT_TOLD,
         .total_bytes = 100,
         .offset = 97,
         .bytes = (const uint8_t *)"xyz",
         .size_bytes = 3},
        {.kind = WEFT_BOOT_REFUSED,
         .result = weftTimeout,
         .bytes = (const uint8_t *)"why",
         .size_bytes = 3},
        {.kind = WEFT_BOOT_LEFT},
    };
    struct weft_boot_message read;

    cr_assert(weft_boot_message_read(&read, bytes, put(&come)));
    cr_assert(read.kind == WEFT_BOOT_COME && read.coming.kind == WEFT_BOOT_EXCHANGE);
    cr_assert(read.coming.rank == 3 && read.coming.rank_count == 5 && read.wait_ms == 60000);
    cr_assert_eq(read.coming.member, 0x1122334455667788);
    cr_assert_arr_eq(read.coming.bytes, "abc", 3);
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        cr_assert(weft_boot_message_read(&read, bytes, put(&messages[i])));
        cr_assert(read.kind == messages[i].kind && read.result == messages[i].result);
        cr_assert(read.coming.rank == messages[i].coming.rank &&
                  read.coming.member == messages[i].coming.member);
        cr_assert(read.offset == messages[i].offset && read.size_bytes == messages[i].size_bytes);
        cr_assert_eq(memcmp(read.bytes == NULL ? (const uint8_t *)"" : read.bytes,
                            messages[i].bytes == NULL ? (const uint8_t *)"" : messages[i].bytes,
                            read.size_bytes),
                     0);
    }
}

Test(boot_message, read__cut_or_with_more_behind)
{
    struct weft_boot_message read;
    size_t size = put(&come);

    for (size_t i = 0; i < size; i++)
        cr_assert_not(weft_boot_message_read(&read, bytes, i), "%zu bytes", i);
    cr_assert_not(weft_boot_message_read(&read, bytes, size + 1));
}

Test(boot_message, read__numbers_that_are_never_right)
{
    struct weft_boot_message wrong[8];
    struct weft_boot_message read;

    for (size_t i = 0; i < 8; i++)
        wrong[i] = come;
    wrong[0].coming.rank = 5;
    wrong[1].coming.rank_count = WEFT_BOOT_RANKS_MAX + 1;
    wrong[2].coming.member = 0;
    wrong[3].coming.made = weftInProgress;
    wrong[4].coming.made = weftNumResults;
    wrong[5].coming.kind = WEFT_BOOT_KINDS;
    wrong[6].wait_ms = WEFT_BOOT_WAIT_MS_MAX + 1;
    wrong[7] = (struct weft_boot_message){.kind = WEFT_BOOT_TOLD,
                                          .total_bytes = 4,
                                          .offset = 2,
                                          .bytes = (const uint8_t *)"abc",
                                          .size_bytes = 3};
    for (size_t i = 0; i < 8; i++)
        cr_assert_not(weft_boot_message_read(&read, bytes, put(&wrong[i])), "row %zu", i);
    wrong[0] = (struct weft_boot_message){.kind = WEFT_BOOT_LEAVE, .coming = {.rank = 256}};
    cr_assert_not(weft_boot_message_read(&read, bytes, put(&wrong[0])));
    bytes[0] = 77;
    cr_assert_not(weft_boot_message_read(&read, bytes, 1));
}
