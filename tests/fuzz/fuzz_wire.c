/* Frames from a peer: any bytes give parts within their bounds, or none; and what was read, written
 * again, is the same bytes. */
#include <string.h>

#include "core/wire.h"
#include "fuzz.h"

#define BYTES_MAX 262144

static uint8_t again[BYTES_MAX];

static void check_extents(struct weft_reader reader, uint32_t count, bool is_write)
{
    uint64_t numbers[3];

    for (uint32_t i = 0; i < count; i++)
        weft_assert(is_write
                        ? weft_wire_get_write_extent(&reader, &numbers[0], &numbers[1])
                        : weft_wire_get_extent(&reader, &numbers[0], &numbers[1], &numbers[2]));
    weft_assert(reader.used == reader.size);
}

static void check_window_frames(struct weft_reader body, enum weft_wire_kind kind)
{
    struct weft_writer writer = weft_writer_of(again, sizeof(again));
    struct weft_reader reader = body;
    struct weft_wire_write write;
    struct weft_wire_store store;
    struct weft_wire_forward forward;

    if (kind == WEFT_WIRE_WRITE && weft_wire_get_write(&reader, &write)) {
        check_extents(reader, write.extent_count, true);
        weft_wire_put_write(&writer, &write);
    } else if (kind == WEFT_WIRE_STORE && weft_wire_get_store(&reader, &store)) {
        weft_wire_put_store(&writer, &store);
    } else if (kind == WEFT_WIRE_FORWARD && weft_wire_get_forward(&reader, &forward)) {
        check_extents(reader, forward.extent_count, false);
        weft_wire_put_forward(&writer, &forward);
    }
    weft_assert(!writer.failed);
    weft_assert(memcmp(again, body.bytes, writer.used) == 0);
}

static void check_control_frames(struct weft_reader body, enum weft_wire_kind kind)
{
    struct weft_writer writer = weft_writer_of(again, sizeof(again));
    struct weft_reader reader = body;
    struct weft_wire_answer answer;
    struct weft_wire_refusal refusal;
    struct weft_wire_fence fence;
    struct weft_wire_hello hello;

    if (kind == WEFT_WIRE_ANSWER && weft_wire_get_answer(&reader, &answer)) {
        weft_assert(answer.result != weftInProgress);
        weft_wire_put_answer(&writer, &answer);
    } else if (kind == WEFT_WIRE_REFUSED && weft_wire_get_refusal(&reader, &refusal)) {
        weft_wire_put_refusal(&writer, &refusal);
    } else if (kind == WEFT_WIRE_FENCE && weft_wire_get_fence(&reader, &fence)) {
        weft_wire_put_fence(&writer, &fence);
    } else if (kind == WEFT_WIRE_HELLO && weft_wire_get_hello(&reader, &hello)) {
        weft_assert(hello.hello >= body.bytes);
        weft_assert(hello.hello + hello.hello_bytes <= body.bytes + body.size);
        weft_wire_put_hello(&writer, &hello);
    }
    weft_assert(!writer.failed);
    weft_assert(memcmp(again, body.bytes, writer.used) == 0);
}

static void check_address(const uint8_t *bytes, size_t size)
{
    uint8_t whole[WEFT_WIRE_ADDRESS_BYTES] = {0};
    struct weft_wire_address address;
    struct weft_wire_address read;

    memcpy(whole, bytes, size < sizeof(whole) ? size : sizeof(whole));
    if (!weft_wire_get_address(whole, &address))
        return;
    weft_assert(address.nic_count <= WEFT_WIRE_NICS_MAX);
    weft_assert(weft_wire_put_address(whole, &address));
    weft_assert(weft_wire_get_address(whole, &read));
    weft_assert(read.incarnation == address.incarnation);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct weft_reader reader = weft_reader_of(bytes, size);
    struct weft_wire_head head;
    struct weft_reader body;

    if (size == 0 || size > BYTES_MAX)
        return 0;
    check_address(bytes, size);
    if (!weft_wire_get_head(&reader, &head))
        return 0;
    weft_assert(head.body_bytes <= WEFT_WIRE_BODY_MAX);
    body = weft_reader_of(bytes + reader.used, size - reader.used);
    check_window_frames(body, head.kind);
    check_control_frames(body, head.kind);
    return 0;
}
