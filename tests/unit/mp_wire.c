/* Multipath heads: what is written reads back; sizes; what is no head. */
#include <criterion/criterion.h>

#include <string.h>

#include "core/mp_wire.h"

static const struct weft_mp_wire_head data_head = {
    .kind = WEFT_MP_WIRE_KIND_DATA, .flags = WEFT_MP_WIRE_ASKS, .path_id = 0x0305, .number = 77};

static const struct weft_mp_wire_data data = {.sequence = 1000,
                                              .message = 9,
                                              .message_bytes = 65536,
                                              .offset = 1352,
                                              .slot = 1023,
                                              .length = 1352,
                                              .behind = 12};

static size_t put_data(uint8_t bytes[64])
{
    struct weft_writer writer = weft_writer_of(bytes, 64);

    weft_mp_wire_put_head(&writer, &data_head);
    weft_mp_wire_put_data(&writer, &data);
    return writer.failed ? 0 : writer.used;
}

static bool reads(const uint8_t *bytes, size_t size)
{
    struct weft_reader reader = weft_reader_of(bytes, size);
    struct weft_mp_wire_head head;
    struct weft_mp_wire_data read;

    return weft_mp_wire_get_head(&reader, &head) && weft_mp_wire_get_data(&reader, &read);
}

Test(mp_wire, data__reads_back)
{
    uint8_t bytes[64];
    struct weft_reader reader = weft_reader_of(bytes, put_data(bytes));
    struct weft_mp_wire_head head;
    struct weft_mp_wire_data read;

    cr_assert_eq(reader.size, 48);
    cr_assert(weft_mp_wire_get_head(&reader, &head));
    cr_expect_eq(head.kind, WEFT_MP_WIRE_KIND_DATA);
    cr_expect_eq(head.flags, WEFT_MP_WIRE_ASKS);
    cr_expect_eq(head.path_id, 0x0305);
    cr_expect_eq(head.number, 77);
    cr_assert(weft_mp_wire_get_data(&reader, &read));
    cr_expect_eq(read.sequence, 1000);
    cr_expect_eq(read.message, 9);
    cr_expect_eq(read.message_bytes, 65536);
    cr_expect_eq(read.offset, 1352);
    cr_expect_eq(read.slot, 1023);
    cr_expect_eq(read.length, 1352);
    cr_expect_eq(read.behind, 12);
}

Test(mp_wire, data__wrong_numbers)
{
    /* place, what is put there: a number that no packet has */
    static const struct {
        size_t at;
        size_t size;
        uint64_t value;
    } rows[] = {
        {0, 1, 2},           /* version */
        {1, 1, 3},           /* kind */
        {2, 1, 2},           /* flags */
        {3, 1, 1},           /* zero */
        {8, 8, UINT64_MAX},  /* number */
        {16, 8, UINT64_MAX}, /* sequence */
        {24, 8, 0},          /* message */
        {32, 4, 2000},       /* message bytes: less than offset and length */
        {36, 4, 65000},      /* offset: beyond the end with the length */
        {36, 4, UINT32_MAX}, /* offset: the sum wraps */
        {42, 2, 0},          /* length: none of a message with bytes */
        {44, 2, 1001},       /* behind: more than the sequence */
        {46, 2, 1},          /* zero */
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t bytes[64];
        size_t size = put_data(bytes);

        cr_assert(reads(bytes, size));
        for (size_t j = 0; j < rows[i].size; j++)
            bytes[rows[i].at + j] = (uint8_t)(rows[i].value >> (8 * j));
        cr_expect_not(reads(bytes, size), "row %zu", i);
    }
}

Test(mp_wire, data__cut_short)
{
    uint8_t bytes[64];
    size_t size = put_data(bytes);

    for (size_t less = 0; less < size; less++)
        cr_expect_not(reads(bytes, less), "%zu bytes", less);
}

static struct weft_mp_wire_ack full_ack(void)
{
    struct weft_mp_wire_ack ack = {.cumulative = 640,
                                   .echo_number = 5,
                                   .echo_sequence = 700,
                                   .echo_path = 3,
                                   .echo_delay_ns = 25000,
                                   .word_count = WEFT_MP_WIRE_WORDS,
                                   .grant_count = WEFT_MP_WIRE_GRANTS,
                                   .refusal_count = WEFT_MP_WIRE_REFUSALS,
                                   .overload_count = WEFT_MP_WIRE_OVERLOADS};

    for (uint32_t i = 0; i < WEFT_MP_WIRE_WORDS; i++)
        ack.words[i] = 0x100 + i;
    for (uint32_t i = 0; i < WEFT_MP_WIRE_GRANTS; i++)
        ack.grants[i] = (struct weft_mp_wire_grant){i + 1, i, 1000 * i};
    for (uint32_t i = 0; i < WEFT_MP_WIRE_REFUSALS; i++)
        ack.refusals[i] = (struct weft_mp_wire_refusal){i, 5};
    for (uint32_t i = 0; i < WEFT_MP_WIRE_OVERLOADS; i++)
        ack.overloads[i] = 650 + i;
    return ack;
}

static size_t put_ack(const struct weft_mp_wire_ack *ack, uint8_t bytes[WEFT_MP_WIRE_MAX])
{
    const struct weft_mp_wire_head head = {.kind = WEFT_MP_WIRE_KIND_ACK, .number = 1};
    struct weft_writer writer = weft_writer_of(bytes, WEFT_MP_WIRE_MAX);

    weft_mp_wire_put_head(&writer, &head);
    weft_mp_wire_put_ack(&writer, ack);
    return writer.failed ? 0 : writer.used;
}

Test(mp_wire, ack__largest_reads_back)
{
    struct weft_mp_wire_ack ack = full_ack();
    uint8_t bytes[WEFT_MP_WIRE_MAX];
    size_t size = put_ack(&ack, bytes);
    struct weft_reader reader = weft_reader_of(bytes, size);
    struct weft_mp_wire_head head;
    struct weft_mp_wire_ack read;
    uint64_t number = 0;

    cr_assert_eq(size, WEFT_MP_WIRE_MAX);
    cr_expect_eq(weft_mp_wire_peek(bytes, size, &number), size);
    cr_expect_eq(number, 1);
    cr_assert(weft_mp_wire_get_head(&reader, &head));
    cr_assert(weft_mp_wire_get_ack(&reader, &read));
    cr_expect_eq(read.cumulative, 640);
    cr_expect_eq(read.echo_sequence, 700);
    cr_expect_eq(read.echo_delay_ns, 25000);
    cr_expect_eq(read.words[16], 0x110);
    cr_expect_eq(read.grants[7].allowed, 7000);
    cr_expect_eq(read.refusals[31].sequence, 31);
    cr_expect_eq(read.overloads[15], 665);
}

Test(mp_wire, ack__something_behind_it)
{
    struct weft_mp_wire_ack ack = {.cumulative = 1};
    uint8_t bytes[WEFT_MP_WIRE_MAX];
    size_t size = put_ack(&ack, bytes);
    struct weft_reader reader = weft_reader_of(bytes, size + 1);
    struct weft_mp_wire_head head;
    uint64_t number;

    cr_assert_eq(size, 52);
    bytes[size] = 0;
    cr_assert(weft_mp_wire_get_head(&reader, &head));
    cr_expect_not(weft_mp_wire_get_ack(&reader, &ack));
    /* Before it is authenticated, a tag follows it. */
    cr_expect_eq(weft_mp_wire_peek(bytes, size + 1, &number), 52);
}

Test(mp_wire, ack__refused_with_success)
{
    struct weft_mp_wire_ack ack = {.refusal_count = 1};
    uint8_t bytes[WEFT_MP_WIRE_MAX];
    struct weft_reader reader = weft_reader_of(bytes, put_ack(&ack, bytes));
    struct weft_mp_wire_head head;

    cr_assert(weft_mp_wire_get_head(&reader, &head));
    cr_expect_not(weft_mp_wire_get_ack(&reader, &ack));
}

Test(mp_wire, peek__counts_too_large)
{
    struct weft_mp_wire_ack ack = {.cumulative = 1};
    uint8_t bytes[WEFT_MP_WIRE_MAX] = {0};
    uint64_t number;

    (void)put_ack(&ack, bytes);
    bytes[48] = WEFT_MP_WIRE_WORDS + 1;
    cr_expect_eq(weft_mp_wire_peek(bytes, sizeof(bytes), &number), 0);
    bytes[48] = 1; /* one word, but the datagram ends before it */
    cr_expect_eq(weft_mp_wire_peek(bytes, 52, &number), 0);
    cr_expect_eq(weft_mp_wire_peek(bytes, 60, &number), 60);
}
