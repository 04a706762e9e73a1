/* core/wire: frames and addresses as bytes, and what is none. */
#include <criterion/criterion.h>

#include <string.h>

#include "core/wire.h"

Test(wire, head__bytes_as_they_lie)
{
    static const uint8_t expected[WEFT_WIRE_HEAD_BYTES] = {
        1,    WEFT_WIRE_WRITE,
        0,    0, /* version, kind, nothing */
        0x30, 0,
        0,    0, /* body */
        2,    1,
        0,    0,
        0,    0,
        0,    0, /* payload */
        5,    0,
        0,    0,
        0,    0,
        0,    0, /* sequence */
        4,    0,
        0,    0,
        0,    0,
        0,    0x80, /* ack */
    };
    struct weft_wire_head head = {.kind = WEFT_WIRE_WRITE,
                                  .body_bytes = 48,
                                  .payload_bytes = 258,
                                  .sequence = 5,
                                  .ack = 0x8000000000000004};
    struct weft_wire_head read;
    uint8_t bytes[WEFT_WIRE_HEAD_BYTES];
    struct weft_writer writer = weft_writer_of(bytes, sizeof(bytes));
    struct weft_reader reader = weft_reader_of(bytes, sizeof(bytes));

    weft_wire_put_head(&writer, &head);
    cr_assert_not(writer.failed);
    cr_assert_eq(memcmp(bytes, expected, sizeof(bytes)), 0);
    cr_assert(weft_wire_get_head(&reader, &read));
    cr_assert_eq(read.kind, WEFT_WIRE_WRITE);
    cr_assert_eq(read.body_bytes, 48);
    cr_assert_eq(read.payload_bytes, 258);
    cr_assert_eq(read.sequence, 5);
    cr_assert_eq(read.ack, 0x8000000000000004);
}

Test(wire, head__nonsense)
{
    static const struct {
        uint32_t at;
        uint8_t byte;
        const char *what;
    } cases[] = {
        {0, 0, "no version"},
        {0, 2, "another version"},
        {1, WEFT_WIRE_KINDS, "no kind"},
        {1, 0xff, "no kind"},
        {1, WEFT_WIRE_ACK, "an ack with a payload and a sequence"},
        {1, WEFT_WIRE_STORE, "a store with a payload"},
        {2, 1, "what is kept for later"},
        {3, 1, "what is kept for later"},
        {6, 2, "a body of 128 KiB"},
        {7, 0x80, "a body of 2 GiB"},
        {16, 0, "no sequence"},
    };
    uint8_t good[WEFT_WIRE_HEAD_BYTES] = {1, WEFT_WIRE_WRITE, [4] = 32, [8] = 1, [16] = 1};
    struct weft_reader reader = weft_reader_of(good, sizeof(good));
    struct weft_wire_head head;

    cr_assert(weft_wire_get_head(&reader, &head));
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(cases); i++) {
        uint8_t bytes[WEFT_WIRE_HEAD_BYTES];

        memcpy(bytes, good, sizeof(bytes));
        bytes[cases[i].at] = cases[i].byte;
        reader = weft_reader_of(bytes, sizeof(bytes));
        cr_expect_not(weft_wire_get_head(&reader, &head), "%s", cases[i].what);
    }
    for (size_t size = 0; size < sizeof(good); size++) {
        reader = weft_reader_of(good, size);
        cr_expect_not(weft_wire_get_head(&reader, &head), "%zu bytes", size);
    }
}

/* Each body, cut at every byte and with one too many, is none. */
static void cut(uint8_t *bytes, size_t size, bool (*get)(struct weft_reader *reader))
{
    for (size_t short_size = 0; short_size < size; short_size++) {
        struct weft_reader reader = weft_reader_of(bytes, short_size);

        cr_expect_not(get(&reader), "%zu of %zu bytes", short_size, size);
        cr_expect(reader.failed);
    }
    bytes[size] = 0;
    struct weft_reader reader = weft_reader_of(bytes, size + 1);

    cr_expect_not(get(&reader), "a byte too many");
    reader = weft_reader_of(bytes, size);
    cr_expect(get(&reader));
}

static bool get_write(struct weft_reader *reader)
{
    struct weft_wire_write write;

    return weft_wire_get_write(reader, &write);
}

static bool get_store(struct weft_reader *reader)
{
    struct weft_wire_store store;

    return weft_wire_get_store(reader, &store);
}

static bool get_forward(struct weft_reader *reader)
{
    struct weft_wire_forward forward;

    return weft_wire_get_forward(reader, &forward);
}

static bool get_answer(struct weft_reader *reader)
{
    struct weft_wire_answer answer;

    return weft_wire_get_answer(reader, &answer);
}

static bool get_refusal(struct weft_reader *reader)
{
    struct weft_wire_refusal refusal;

    return weft_wire_get_refusal(reader, &refusal);
}

static bool get_fence(struct weft_reader *reader)
{
    struct weft_wire_fence fence;

    return weft_wire_get_fence(reader, &fence);
}

static bool get_hello(struct weft_reader *reader)
{
    struct weft_wire_hello hello;

    return weft_wire_get_hello(reader, &hello);
}

static const struct weft_wire_window window = {.window = 3, .epoch = 9, .token = {1, 2, 3}};

Test(wire, bodies__cut)
{
    struct weft_wire_write write = {.dst = window, .extent_count = 2};
    struct weft_wire_store store = {.dst = window, .offset = 8, .value = 7, .op = weftSignalAdd};
    struct weft_wire_forward forward = {.dst = window, .src = window, .extent_count = 1};
    struct weft_wire_answer answer = {.request = 4, .result = weftRemoteError};
    struct weft_wire_refusal refusal = {.sequence = 4, .result = weftRemoteError};
    struct weft_wire_fence fence = {.count = 2, .closures = {{.lane = 1}, {.lane = 15}}};
    struct weft_wire_hello hello = {
        .incarnation = 5, .closure_count = 1, .hello = (const uint8_t *)"hello", .hello_bytes = 5};
    uint8_t bytes[1024];
    struct weft_writer writer = weft_writer_of(bytes, sizeof(bytes));

    weft_wire_put_write(&writer, &write);
    weft_wire_put_write_extent(&writer, 1, 2);
    weft_wire_put_write_extent(&writer, 3, 4);
    cut(bytes, writer.used, get_write);
    writer = weft_writer_of(bytes, sizeof(bytes));
    weft_wire_put_store(&writer, &store);
    cut(bytes, writer.used, get_store);
    writer = weft_writer_of(bytes, sizeof(bytes));
    weft_wire_put_forward(&writer, &forward);
    weft_wire_put_extent(&writer, 1, 2, 3);
    cut(bytes, writer.used, get_forward);
    writer = weft_writer_of(bytes, sizeof(bytes));
    weft_wire_put_answer(&writer, &answer);
    cut(bytes, writer.used, get_answer);
    writer = weft_writer_of(bytes, sizeof(bytes));
    weft_wire_put_refusal(&writer, &refusal);
    cut(bytes, writer.used, get_refusal);
    writer = weft_writer_of(bytes, sizeof(bytes));
    weft_wire_put_fence(&writer, &fence);
    cut(bytes, writer.used, get_fence);
    writer = weft_writer_of(bytes, sizeof(bytes));
    weft_wire_put_hello(&writer, &hello);
    cut(bytes, writer.used, get_hello);
}

Test(wire, hello__there_and_back)
{
    struct weft_wire_hello hello = {.incarnation = 1,
                                    .session = 2,
                                    .target_incarnation = 3,
                                    .target_session = 4,
                                    .generation = 5,
                                    .generation_up = 6,
                                    .lane = 7,
                                    .nic = 8,
                                    .peer_nic = 9,
                                    .nic_count = 10,
                                    .verdict = WEFT_WIRE_STALE,
                                    .closure_count = 2,
                                    .address = {11},
                                    .closures = {{.lane = 12, .generation = 13, .floor = 14},
                                                 {.lane = 15, .refused = {[31] = 0x80}}},
                                    .hello = (const uint8_t *)"abc",
                                    .hello_bytes = 3};
    struct weft_wire_hello read;
    uint8_t bytes[1024];
    struct weft_writer writer = weft_writer_of(bytes, sizeof(bytes));
    struct weft_reader reader;

    weft_wire_put_hello(&writer, &hello);
    reader = weft_reader_of(bytes, writer.used);
    cr_assert(weft_wire_get_hello(&reader, &read));
    cr_expect_eq(read.incarnation, 1);
    cr_expect_eq(read.session, 2);
    cr_expect_eq(read.target_incarnation, 3);
    cr_expect_eq(read.target_session, 4);
    cr_expect_eq(read.generation, 5);
    cr_expect_eq(read.generation_up, 6);
    cr_expect_eq(read.lane, 7);
    cr_expect_eq(read.nic, 8);
    cr_expect_eq(read.peer_nic, 9);
    cr_expect_eq(read.nic_count, 10);
    cr_expect_eq(read.verdict, WEFT_WIRE_STALE);
    cr_expect_eq(read.address[0], 11);
    cr_expect_eq(read.closures[0].lane, 12);
    cr_expect_eq(read.closures[0].generation, 13);
    cr_expect_eq(read.closures[0].floor, 14);
    cr_expect_eq(read.closures[1].refused[31], 0x80);
    cr_expect_eq(read.hello_bytes, 3);
    cr_expect_eq(memcmp(read.hello, "abc", 3), 0);
}

Test(wire, counts__larger_than_what_is_there)
{
    struct weft_wire_write write = {.dst = window, .extent_count = UINT32_MAX};
    struct weft_wire_answer answer = {.result = weftInProgress};
    struct weft_wire_fence fence = {.count = 0};
    uint8_t bytes[64];
    struct weft_writer writer = weft_writer_of(bytes, sizeof(bytes));
    struct weft_reader reader;

    weft_wire_put_write(&writer, &write);
    reader = weft_reader_of(bytes, writer.used);
    cr_expect_not(get_write(&reader));
    writer = weft_writer_of(bytes, sizeof(bytes));
    weft_wire_put_answer(&writer, &answer);
    reader = weft_reader_of(bytes, writer.used);
    cr_expect_not(get_answer(&reader), "an answer that is none yet");
    writer = weft_writer_of(bytes, sizeof(bytes));
    weft_wire_put_fence(&writer, &fence);
    bytes[0] = WEFT_WIRE_CLOSURES_MAX + 1;
    reader = weft_reader_of(bytes, writer.used);
    cr_expect_not(get_fence(&reader));
}

Test(wire, writer__full)
{
    uint8_t bytes[4] = {9, 9, 9, 9};
    struct weft_writer writer = weft_writer_of(bytes, 3);

    weft_writer_bytes(&writer, "ab", 2);
    weft_writer_bytes(&writer, "cd", 2);
    cr_expect(writer.failed);
    weft_writer_bytes(&writer, "e", 1);
    cr_expect_eq(writer.used, 2, "it has failed for good");
    cr_expect_eq(memcmp(bytes, "ab\x09\x09", 4), 0);
}

Test(wire, address__there_and_back)
{
    struct weft_wire_address address = {.incarnation = 0x0102030405060708, .nic_count = 16};
    struct weft_wire_address read;
    uint8_t bytes[WEFT_WIRE_ADDRESS_BYTES];

    for (uint32_t i = 0; i < 16; i++)
        address.nics[i] =
            (struct weft_wire_nic){.ip = {127, 0, 1, (uint8_t)i}, .port = (uint16_t)(1000 + i)};
    memset(address.secret, 0x77, sizeof(address.secret));
    cr_assert(weft_wire_put_address(bytes, &address));
    cr_assert(weft_wire_get_address(bytes, &read));
    cr_expect_eq(read.incarnation, 0x0102030405060708);
    cr_expect_eq(read.nic_count, 16);
    cr_expect_eq(read.secret[31], 0x77);
    cr_expect_eq(read.nics[15].ip[3], 15);
    cr_expect_eq(read.nics[15].port, 1015);
    for (uint32_t i = 0; i < 6; i++)
        address.nics[i].is_v6 = true;
    cr_expect_not(weft_wire_put_address(bytes, &address), "16 of which 6 are IPv6");
    address.nic_count = 6;
    cr_assert(weft_wire_put_address(bytes, &address));
    cr_assert(weft_wire_get_address(bytes, &read));
    cr_expect(read.nics[5].is_v6);
    cr_expect_eq(read.nics[5].port, 1005);
}

Test(wire, address__nonsense)
{
    struct weft_wire_address address = {.nic_count = 1};
    struct weft_wire_address read = {.incarnation = 99};
    uint8_t bytes[WEFT_WIRE_ADDRESS_BYTES];
    static const struct {
        uint32_t at;
        uint8_t byte;
    } cases[] = {{0, 0}, {0, 9}, {1, 0}, {1, 17}, {2, 2}, {3, 0x80}};

    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(cases); i++) {
        cr_assert(weft_wire_put_address(bytes, &address));
        bytes[cases[i].at] = cases[i].byte;
        cr_expect_not(weft_wire_get_address(bytes, &read), "case %u", i);
    }
    address.nic_count = 0;
    cr_expect_not(weft_wire_put_address(bytes, &address));
    cr_expect_eq(read.incarnation, 99);
}
