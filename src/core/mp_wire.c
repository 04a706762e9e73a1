/* Heads of multipath packets as bytes. The put and get of a part name its fields in the same order,
 * and its size is asserted where it has been written. */
#include "mp_wire.h"

_Static_assert(WEFT_MP_WIRE_MAX <= 1200, "an ack fits into the smallest packet");

static bool fail(struct weft_reader *reader)
{
    reader->failed = true;
    return false;
}

static uint32_t get_u32(struct weft_reader *reader)
{
    return (uint32_t)weft_reader_number(reader, 4);
}

static uint64_t get_u64(struct weft_reader *reader)
{
    return weft_reader_number(reader, 8);
}

/* ---- the part that all have ---- */

void weft_mp_wire_put_head(struct weft_writer *writer, const struct weft_mp_wire_head *head)
{
    size_t start = writer->used;

    weft_writer_number(writer, WEFT_MP_WIRE_VERSION, 1);
    weft_writer_number(writer, (uint64_t)head->kind, 1);
    weft_writer_number(writer, head->flags, 1);
    weft_writer_number(writer, 0, 1);
    weft_writer_number(writer, head->path_id, 4);
    weft_writer_number(writer, head->number, 8);
    weft_assert(writer->failed || writer->used - start == WEFT_MP_WIRE_COMMON);
}

bool weft_mp_wire_get_head(struct weft_reader *reader, struct weft_mp_wire_head *head)
{
    uint64_t version = weft_reader_number(reader, 1);
    uint64_t kind = weft_reader_number(reader, 1);
    uint64_t flags = weft_reader_number(reader, 1);
    uint64_t zero = weft_reader_number(reader, 1);

    head->path_id = get_u32(reader);
    head->number = get_u64(reader);
    if (reader->failed || version != WEFT_MP_WIRE_VERSION || kind >= WEFT_MP_WIRE_KINDS)
        return fail(reader);
    if ((flags & ~(uint64_t)WEFT_MP_WIRE_FLAGS) != 0 || zero != 0)
        return fail(reader);
    if (head->number == WEFT_MP_NO_NUMBER)
        return fail(reader);
    head->kind = (enum weft_mp_wire_kind)kind;
    head->flags = (uint32_t)flags;
    return true;
}

/* ---- data ---- */

void weft_mp_wire_put_data(struct weft_writer *writer, const struct weft_mp_wire_data *data)
{
    size_t start = writer->used;

    weft_writer_number(writer, data->sequence, 8);
    weft_writer_number(writer, data->message, 8);
    weft_writer_number(writer, data->message_bytes, 4);
    weft_writer_number(writer, data->offset, 4);
    weft_writer_number(writer, data->slot, 2);
    weft_writer_number(writer, data->length, 2);
    weft_writer_number(writer, data->behind, 2);
    weft_writer_number(writer, 0, 2);
    weft_assert(writer->failed || writer->used - start == WEFT_MP_WIRE_DATA - WEFT_MP_WIRE_COMMON);
}

bool weft_mp_wire_get_data(struct weft_reader *reader, struct weft_mp_wire_data *data)
{
    data->sequence = get_u64(reader);
    data->message = get_u64(reader);
    data->message_bytes = get_u32(reader);
    data->offset = get_u32(reader);
    data->slot = (uint32_t)weft_reader_number(reader, 2);
    data->length = (uint32_t)weft_reader_number(reader, 2);
    data->behind = (uint32_t)weft_reader_number(reader, 2);
    if (weft_reader_number(reader, 2) != 0 || data->behind > data->sequence)
        return fail(reader);
    if (reader->failed || data->sequence == WEFT_MP_NO_SEQUENCE || data->message == 0)
        return fail(reader);
    if (!weft_range_inside(data->offset, data->length, data->message_bytes))
        return fail(reader);
    /* A packet without bytes is all of a message without bytes. */
    if (data->length == 0 && data->message_bytes != 0)
        return fail(reader);
    return true;
}

/* ---- acks ---- */

static size_t ack_bytes(uint32_t words, uint32_t grants, uint32_t refusals, uint32_t overloads)
{
    return WEFT_MP_WIRE_ACK + words * (size_t)8 + grants * (size_t)16 + refusals * (size_t)16 +
           overloads * (size_t)8;
}

void weft_mp_wire_put_ack(struct weft_writer *writer, const struct weft_mp_wire_ack *ack)
{
    size_t start = writer->used;

    weft_writer_number(writer, ack->cumulative, 8);
    weft_writer_number(writer, ack->echo_number, 8);
    weft_writer_number(writer, ack->echo_sequence, 8);
    weft_writer_number(writer, ack->echo_path, 4);
    weft_writer_number(writer, ack->echo_delay_ns, 4);
    weft_writer_number(writer, ack->word_count, 1);
    weft_writer_number(writer, ack->grant_count, 1);
    weft_writer_number(writer, ack->refusal_count, 1);
    weft_writer_number(writer, ack->overload_count, 1);
    for (uint32_t i = 0; i < ack->word_count; i++)
        weft_writer_number(writer, ack->words[i], 8);
    for (uint32_t i = 0; i < ack->grant_count; i++) {
        weft_writer_number(writer, ack->grants[i].message, 8);
        weft_writer_number(writer, ack->grants[i].slot, 4);
        weft_writer_number(writer, ack->grants[i].allowed, 4);
    }
    for (uint32_t i = 0; i < ack->refusal_count; i++) {
        weft_writer_number(writer, ack->refusals[i].sequence, 8);
        weft_writer_number(writer, ack->refusals[i].result, 4);
        weft_writer_number(writer, 0, 4);
    }
    for (uint32_t i = 0; i < ack->overload_count; i++)
        weft_writer_number(writer, ack->overloads[i], 8);
    weft_assert(writer->failed || writer->used - start + WEFT_MP_WIRE_COMMON ==
                                      ack_bytes(ack->word_count, ack->grant_count,
                                                ack->refusal_count, ack->overload_count));
}

static bool get_counts(struct weft_reader *reader, struct weft_mp_wire_ack *ack)
{
    ack->word_count = (uint32_t)weft_reader_number(reader, 1);
    ack->grant_count = (uint32_t)weft_reader_number(reader, 1);
    ack->refusal_count = (uint32_t)weft_reader_number(reader, 1);
    ack->overload_count = (uint32_t)weft_reader_number(reader, 1);
    if (ack->word_count > WEFT_MP_WIRE_WORDS || ack->grant_count > WEFT_MP_WIRE_GRANTS)
        return fail(reader);
    if (ack->refusal_count > WEFT_MP_WIRE_REFUSALS || ack->overload_count > WEFT_MP_WIRE_OVERLOADS)
        return fail(reader);
    return !reader->failed;
}

static void get_refusals(struct weft_reader *reader, struct weft_mp_wire_ack *ack)
{
    for (uint32_t i = 0; i < ack->refusal_count; i++) {
        ack->refusals[i].sequence = get_u64(reader);
        ack->refusals[i].result = get_u32(reader);
        if (get_u32(reader) != 0 || ack->refusals[i].result == 0)
            reader->failed = true;
    }
}

bool weft_mp_wire_get_ack(struct weft_reader *reader, struct weft_mp_wire_ack *ack)
{
    ack->cumulative = get_u64(reader);
    ack->echo_number = get_u64(reader);
    ack->echo_sequence = get_u64(reader);
    ack->echo_path = get_u32(reader);
    ack->echo_delay_ns = get_u32(reader);
    if (!get_counts(reader, ack))
        return false;
    for (uint32_t i = 0; i < ack->word_count; i++)
        ack->words[i] = get_u64(reader);
    for (uint32_t i = 0; i < ack->grant_count; i++) {
        ack->grants[i].message = get_u64(reader);
        ack->grants[i].slot = get_u32(reader);
        ack->grants[i].allowed = get_u32(reader);
    }
    get_refusals(reader, ack);
    for (uint32_t i = 0; i < ack->overload_count; i++)
        ack->overloads[i] = get_u64(reader);
    if (reader->failed || reader->used != reader->size)
        return fail(reader);
    return true;
}

size_t weft_mp_wire_peek(const void *bytes, size_t size, uint64_t *number)
{
    struct weft_reader reader = weft_reader_of(bytes, size);
    struct weft_mp_wire_head head;
    struct weft_mp_wire_ack ack;
    size_t head_bytes = WEFT_MP_WIRE_PROBE;

    if (!weft_mp_wire_get_head(&reader, &head))
        return 0;
    if (head.kind == WEFT_MP_WIRE_KIND_DATA)
        head_bytes = WEFT_MP_WIRE_DATA;
    if (head.kind == WEFT_MP_WIRE_KIND_ACK) {
        (void)weft_reader_take(&reader, WEFT_MP_WIRE_ACK - WEFT_MP_WIRE_COMMON - 4);
        if (!get_counts(&reader, &ack))
            return 0;
        head_bytes =
            ack_bytes(ack.word_count, ack.grant_count, ack.refusal_count, ack.overload_count);
    }
    if (head_bytes > size)
        return 0;
    *number = head.number;
    return head_bytes;
}
