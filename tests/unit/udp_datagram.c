/* transports/udp: the layouts of datagrams, and what is none. */
#include <criterion/criterion.h>

#include <string.h>

#include "udp/udp_datagram.h"

Test(udp_datagram, head__there_and_back)
{
    static const uint8_t expected[12] = {'w', 'u', 1, 4, 8, 7, 6, 5, 4, 3, 2, 1};
    uint8_t bytes[12];
    struct weft_writer writer = weft_writer_of(bytes, sizeof(bytes));
    struct weft_reader reader = weft_reader_of(bytes, sizeof(bytes));
    struct weft_udp_head head = {.kind = WEFT_UDP_THIRD, .tag = UINT64_C(0x0102030405060708)};

    weft_udp_put_head(&writer, &head);
    cr_assert_eq(writer.used, 12);
    cr_assert_eq(memcmp(bytes, expected, sizeof(bytes)), 0);
    memset(&head, 0, sizeof(head));
    cr_assert(weft_udp_get_head(&reader, &head));
    cr_assert_eq(head.kind, WEFT_UDP_THIRD);
    cr_assert_eq(head.tag, UINT64_C(0x0102030405060708));
}

Test(udp_datagram, head__is_none)
{
    static const uint8_t wrong[][12] = {
        {'W', 'u', 1, 0}, {'w', 'v', 1, 0}, {'w', 'u', 0, 0}, {'w', 'u', 1, 7}, {'w', 'u', 1, 255}};
    struct weft_udp_head head;

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(wrong); i++) {
        struct weft_reader reader = weft_reader_of(wrong[i], sizeof(wrong[i]));

        cr_expect_not(weft_udp_get_head(&reader, &head), "%zu", i);
    }
    for (size_t size = 0; size < 12; size++) {
        struct weft_reader reader = weft_reader_of("wu\1\0\0\0\0\0\0\0\0\0", size);

        cr_expect_not(weft_udp_get_head(&reader, &head), "%zu bytes", size);
    }
}

Test(udp_datagram, first__fills_its_datagram)
{
    uint8_t bytes[WEFT_UDP_FIRST_BYTES];
    struct weft_writer writer = weft_writer_of(bytes, sizeof(bytes));
    struct weft_reader reader = weft_reader_of(bytes, sizeof(bytes));
    struct weft_udp_head head = {.kind = WEFT_UDP_FIRST};
    struct weft_udp_first first = {.tag = 9, .cookie = {1, 2}, .first = {3, 4}};
    struct weft_udp_first read;

    weft_udp_put_head(&writer, &head);
    weft_udp_put_first(&writer, &first);
    cr_assert_not(writer.failed);
    cr_assert_eq(writer.used, 1200);
    cr_assert(weft_udp_get_head(&reader, &head));
    cr_assert(weft_udp_get_first(&reader, &read));
    cr_assert_eq(read.tag, 9);
    cr_assert_eq(read.cookie[1], 2);
    cr_assert_eq(read.first[1], 4);
    reader = weft_reader_of(bytes, sizeof(bytes) - 1);
    cr_assert(weft_udp_get_head(&reader, &head));
    cr_assert_not(weft_udp_get_first(&reader, &read), "a small question gets no answer");
}

Test(udp_datagram, second_and_place__exact_sizes)
{
    uint8_t bytes[256];
    struct weft_udp_second second = {.tag = 5, .second = {6}};
    struct weft_udp_place place = {.address = {7}, .nic = 3, .peer_nic = 4};
    struct weft_writer writer = weft_writer_of(bytes, sizeof(bytes));
    struct weft_reader reader;

    weft_udp_put_second(&writer, &second);
    cr_assert_eq(writer.used, 104);
    reader = weft_reader_of(bytes, 104);
    cr_assert(weft_udp_get_second(&reader, &second));
    reader = weft_reader_of(bytes, 105);
    cr_assert_not(weft_udp_get_second(&reader, &second));
    writer = weft_writer_of(bytes, sizeof(bytes));
    weft_udp_put_place(&writer, &place);
    cr_assert_eq(writer.used, WEFT_UDP_PLACE_BYTES);
    reader = weft_reader_of(bytes, WEFT_UDP_PLACE_BYTES);
    memset(&place, 0, sizeof(place));
    cr_assert(weft_udp_get_place(&reader, &place));
    cr_assert_eq(place.address[0], 7);
    cr_assert_eq(place.nic, 3);
    cr_assert_eq(place.peer_nic, 4);
    reader = weft_reader_of(bytes, WEFT_UDP_PLACE_BYTES - 1);
    cr_assert_not(weft_udp_get_place(&reader, &place));
}
