/* Frames and addresses as bytes.
 *
 * The put and get of a part name its fields in the same order. A part's size on the wire is
 * asserted where it has been written, so that a field which is added to one side alone is found. */
#include "wire.h"

_Static_assert(WEFT_WIRE_BODY_MAX >= WEFT_WIRE_MESSAGE_MAX, "a message fits into a body");
_Static_assert(WEFT_WIRE_BODY_MAX >= WEFT_WIRE_HELLO_BYTES + WEFT_WIRE_ADDRESS_BYTES +
                                         WEFT_WIRE_HELLO_CLOSURES * WEFT_WIRE_CLOSURE_BYTES +
                                         WEFT_WIRE_MESSAGE_MAX,
               "a hello fits into a body");
_Static_assert(WEFT_WIRE_WRITE_BYTES == WEFT_WIRE_WINDOW_BYTES + 8, "write");
_Static_assert(WEFT_WIRE_STORE_BYTES == WEFT_WIRE_WINDOW_BYTES + 24, "store");
_Static_assert(WEFT_WIRE_FORWARD_BYTES == 2 * WEFT_WIRE_WINDOW_BYTES + 8, "forward");
_Static_assert(WEFT_WIRE_CLOSURE_BYTES == 24 + WEFT_WIRE_REFUSED_BYTES, "closure");

bool weft_wire_has_sequence(enum weft_wire_kind kind)
{
    return kind >= WEFT_WIRE_WRITE;
}

/* ---- numbers ---- */

static void put_u16(struct weft_writer *writer, uint16_t number)
{
    weft_writer_number(writer, number, 2);
}

static void put_u32(struct weft_writer *writer, uint32_t number)
{
    weft_writer_number(writer, number, 4);
}

static void put_u64(struct weft_writer *writer, uint64_t number)
{
    weft_writer_number(writer, number, 8);
}

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

/* What is kept for later versions is zero in this one. */
static void get_zero(struct weft_reader *reader, size_t size)
{
    if (weft_reader_number(reader, size) != 0)
        reader->failed = true;
}

/* ---- the head ---- */

void weft_wire_put_head(struct weft_writer *writer, const struct weft_wire_head *head)
{
    size_t start = writer->used;

    weft_writer_number(writer, WEFT_WIRE_VERSION, 1);
    weft_writer_number(writer, (uint64_t)head->kind, 1);
    put_u16(writer, 0);
    put_u32(writer, head->body_bytes);
    put_u64(writer, head->payload_bytes);
    put_u64(writer, head->sequence);
    put_u64(writer, head->ack);
    weft_assert(writer->failed || writer->used - start == WEFT_WIRE_HEAD_BYTES);
}

bool weft_wire_get_head(struct weft_reader *reader, struct weft_wire_head *head)
{
    uint64_t version = weft_reader_number(reader, 1);
    uint64_t kind = weft_reader_number(reader, 1);

    get_zero(reader, 2);
    head->body_bytes = get_u32(reader);
    head->payload_bytes = get_u64(reader);
    head->sequence = get_u64(reader);
    head->ack = get_u64(reader);
    if (reader->failed || version != WEFT_WIRE_VERSION || kind >= WEFT_WIRE_KINDS)
        return fail(reader);
    head->kind = (enum weft_wire_kind)kind;
    if (head->body_bytes > WEFT_WIRE_BODY_MAX)
        return fail(reader);
    if (head->payload_bytes != 0 && head->kind != WEFT_WIRE_WRITE &&
        head->kind != WEFT_WIRE_WRITE_STORE)
        return fail(reader);
    if (weft_wire_has_sequence(head->kind) != (head->sequence != 0))
        return fail(reader);
    return true;
}

/* ---- windows, writes, stores ---- */

static void put_window(struct weft_writer *writer, const struct weft_wire_window *window)
{
    put_u32(writer, window->window);
    put_u32(writer, window->epoch);
    weft_writer_bytes(writer, window->token, sizeof(window->token));
}

static void get_window(struct weft_reader *reader, struct weft_wire_window *window)
{
    window->window = get_u32(reader);
    window->epoch = get_u32(reader);
    weft_reader_bytes(reader, window->token, sizeof(window->token));
}

void weft_wire_put_write(struct weft_writer *writer, const struct weft_wire_write *write)
{
    size_t start = writer->used;

    put_window(writer, &write->dst);
    put_u32(writer, write->extent_count);
    put_u32(writer, 0);
    weft_assert(writer->failed || writer->used - start == WEFT_WIRE_WRITE_BYTES);
}

bool weft_wire_get_write(struct weft_reader *reader, struct weft_wire_write *write)
{
    get_window(reader, &write->dst);
    write->extent_count = get_u32(reader);
    get_zero(reader, 4);
    if (reader->failed || write->extent_count > WEFT_WIRE_EXTENTS_MAX)
        return fail(reader);
    if (reader->size - reader->used != (size_t)write->extent_count * WEFT_WIRE_WRITE_EXTENT_BYTES)
        return fail(reader);
    return true;
}

void weft_wire_put_write_extent(struct weft_writer *writer, uint64_t offset, uint64_t bytes)
{
    put_u64(writer, offset);
    put_u64(writer, bytes);
}

bool weft_wire_get_write_extent(struct weft_reader *reader, uint64_t *offset, uint64_t *bytes)
{
    *offset = get_u64(reader);
    *bytes = get_u64(reader);
    return !reader->failed;
}

void weft_wire_put_store(struct weft_writer *writer, const struct weft_wire_store *store)
{
    size_t start = writer->used;

    put_window(writer, &store->dst);
    put_u64(writer, store->offset);
    put_u64(writer, store->value);
    put_u32(writer, store->op);
    put_u32(writer, 0);
    weft_assert(writer->failed || writer->used - start == WEFT_WIRE_STORE_BYTES);
}

bool weft_wire_get_store(struct weft_reader *reader, struct weft_wire_store *store)
{
    get_window(reader, &store->dst);
    store->offset = get_u64(reader);
    store->value = get_u64(reader);
    store->op = get_u32(reader);
    get_zero(reader, 4);
    if (reader->failed || store->op >= weftNumSignalOps || reader->used != reader->size)
        return fail(reader);
    return true;
}

/* ---- forwards, answers, refusals ---- */

void weft_wire_put_forward(struct weft_writer *writer, const struct weft_wire_forward *forward)
{
    size_t start = writer->used;

    put_window(writer, &forward->dst);
    put_window(writer, &forward->src);
    put_u32(writer, forward->request);
    put_u32(writer, forward->extent_count);
    weft_assert(writer->failed || writer->used - start == WEFT_WIRE_FORWARD_BYTES);
}

bool weft_wire_get_forward(struct weft_reader *reader, struct weft_wire_forward *forward)
{
    get_window(reader, &forward->dst);
    get_window(reader, &forward->src);
    forward->request = get_u32(reader);
    forward->extent_count = get_u32(reader);
    if (reader->failed || forward->extent_count > WEFT_WIRE_EXTENTS_MAX)
        return fail(reader);
    if (reader->size - reader->used != (size_t)forward->extent_count * WEFT_WIRE_EXTENT_BYTES)
        return fail(reader);
    return true;
}

void weft_wire_put_extent(struct weft_writer *writer, uint64_t dst_offset, uint64_t src_offset,
                          uint64_t bytes)
{
    put_u64(writer, dst_offset);
    put_u64(writer, src_offset);
    put_u64(writer, bytes);
}

bool weft_wire_get_extent(struct weft_reader *reader, uint64_t *dst_offset, uint64_t *src_offset,
                          uint64_t *bytes)
{
    *dst_offset = get_u64(reader);
    *src_offset = get_u64(reader);
    *bytes = get_u64(reader);
    return !reader->failed;
}

/* A result that ends something. */
static bool is_final(uint32_t result)
{
    return result < weftNumResults && result != weftInProgress;
}

void weft_wire_put_answer(struct weft_writer *writer, const struct weft_wire_answer *answer)
{
    put_u32(writer, answer->request);
    put_u32(writer, answer->result);
}

bool weft_wire_get_answer(struct weft_reader *reader, struct weft_wire_answer *answer)
{
    answer->request = get_u32(reader);
    answer->result = get_u32(reader);
    if (reader->failed || !is_final(answer->result) || reader->used != reader->size)
        return fail(reader);
    return true;
}

void weft_wire_put_refusal(struct weft_writer *writer, const struct weft_wire_refusal *refusal)
{
    put_u64(writer, refusal->sequence);
    put_u32(writer, refusal->result);
    put_u32(writer, 0);
}

bool weft_wire_get_refusal(struct weft_reader *reader, struct weft_wire_refusal *refusal)
{
    refusal->sequence = get_u64(reader);
    refusal->result = get_u32(reader);
    get_zero(reader, 4);
    if (reader->failed || !is_final(refusal->result) || refusal->result == weftSuccess)
        return fail(reader);
    return reader->used == reader->size || fail(reader);
}

/* ---- fences and hellos ---- */

static void put_closure(struct weft_writer *writer, const struct weft_wire_closure *closure)
{
    size_t start = writer->used;

    put_u32(writer, closure->lane);
    put_u32(writer, 0);
    put_u64(writer, closure->generation);
    put_u64(writer, closure->floor);
    weft_writer_bytes(writer, closure->refused, sizeof(closure->refused));
    weft_assert(writer->failed || writer->used - start == WEFT_WIRE_CLOSURE_BYTES);
}

static void get_closure(struct weft_reader *reader, struct weft_wire_closure *closure)
{
    closure->lane = get_u32(reader);
    get_zero(reader, 4);
    closure->generation = get_u64(reader);
    closure->floor = get_u64(reader);
    weft_reader_bytes(reader, closure->refused, sizeof(closure->refused));
    if (closure->lane >= WEFT_WIRE_LANES_MAX)
        reader->failed = true;
}

void weft_wire_put_fence(struct weft_writer *writer, const struct weft_wire_fence *fence)
{
    put_u32(writer, fence->count);
    put_u32(writer, 0);
    for (uint32_t i = 0; i < fence->count; i++)
        put_closure(writer, &fence->closures[i]);
}

bool weft_wire_get_fence(struct weft_reader *reader, struct weft_wire_fence *fence)
{
    fence->count = get_u32(reader);
    get_zero(reader, 4);
    if (reader->failed || fence->count > WEFT_WIRE_CLOSURES_MAX)
        return fail(reader);
    for (uint32_t i = 0; i < fence->count; i++)
        get_closure(reader, &fence->closures[i]);
    if (reader->failed || reader->used != reader->size)
        return fail(reader);
    return true;
}

void weft_wire_put_hello(struct weft_writer *writer, const struct weft_wire_hello *hello)
{
    size_t start = writer->used;

    put_u64(writer, hello->incarnation);
    put_u64(writer, hello->session);
    put_u64(writer, hello->target_incarnation);
    put_u64(writer, hello->target_session);
    put_u64(writer, hello->generation);
    put_u64(writer, hello->generation_up);
    put_u32(writer, hello->lane);
    put_u32(writer, hello->nic);
    put_u32(writer, hello->peer_nic);
    put_u32(writer, hello->nic_count);
    put_u32(writer, (uint32_t)hello->verdict);
    put_u32(writer, hello->closure_count);
    put_u32(writer, hello->hello_bytes);
    put_u32(writer, 0);
    weft_assert(writer->failed || writer->used - start == WEFT_WIRE_HELLO_BYTES);
    weft_writer_bytes(writer, hello->address, sizeof(hello->address));
    for (uint32_t i = 0; i < hello->closure_count; i++)
        put_closure(writer, &hello->closures[i]);
    weft_writer_bytes(writer, hello->hello, hello->hello_bytes);
}

bool weft_wire_get_hello(struct weft_reader *reader, struct weft_wire_hello *hello)
{
    uint32_t verdict;

    hello->incarnation = get_u64(reader);
    hello->session = get_u64(reader);
    hello->target_incarnation = get_u64(reader);
    hello->target_session = get_u64(reader);
    hello->generation = get_u64(reader);
    hello->generation_up = get_u64(reader);
    hello->lane = get_u32(reader);
    hello->nic = get_u32(reader);
    hello->peer_nic = get_u32(reader);
    hello->nic_count = get_u32(reader);
    verdict = get_u32(reader);
    hello->closure_count = get_u32(reader);
    hello->hello_bytes = get_u32(reader);
    get_zero(reader, 4);
    weft_reader_bytes(reader, hello->address, sizeof(hello->address));
    if (reader->failed || verdict >= WEFT_WIRE_VERDICTS || hello->lane >= WEFT_WIRE_LANES_MAX ||
        hello->nic_count > WEFT_WIRE_NICS_MAX || hello->nic >= WEFT_WIRE_NICS_MAX ||
        hello->peer_nic >= WEFT_WIRE_NICS_MAX || hello->closure_count > WEFT_WIRE_HELLO_CLOSURES ||
        hello->hello_bytes > WEFT_WIRE_MESSAGE_MAX)
        return fail(reader);
    hello->verdict = (enum weft_wire_verdict)verdict;
    for (uint32_t i = 0; i < hello->closure_count; i++)
        get_closure(reader, &hello->closures[i]);
    hello->hello = weft_reader_take(reader, hello->hello_bytes);
    if (reader->failed || reader->used != reader->size)
        return fail(reader);
    return true;
}

/* ---- the address: version, count, which are IPv6, incarnation, secret; ip and port of each ----
 * */

bool weft_wire_put_address(uint8_t bytes[WEFT_WIRE_ADDRESS_BYTES],
                           const struct weft_wire_address *address)
{
    struct weft_writer writer = weft_writer_of(bytes, WEFT_WIRE_ADDRESS_BYTES);
    uint16_t v6 = 0;

    memset(bytes, 0, WEFT_WIRE_ADDRESS_BYTES);
    if (address->nic_count == 0 || address->nic_count > WEFT_WIRE_NICS_MAX)
        return false;
    for (uint32_t i = 0; i < address->nic_count; i++)
        if (address->nics[i].is_v6)
            v6 = (uint16_t)(v6 | 1u << i);
    weft_writer_number(&writer, WEFT_WIRE_VERSION, 1);
    weft_writer_number(&writer, address->nic_count, 1);
    put_u16(&writer, v6);
    put_u64(&writer, address->incarnation);
    weft_writer_bytes(&writer, address->secret, sizeof(address->secret));
    for (uint32_t i = 0; i < address->nic_count; i++) {
        const struct weft_wire_nic *nic = &address->nics[i];

        weft_writer_bytes(&writer, nic->ip, nic->is_v6 ? 16 : 4);
        put_u16(&writer, nic->port);
    }
    return !writer.failed;
}

bool weft_wire_get_address(const uint8_t bytes[WEFT_WIRE_ADDRESS_BYTES],
                           struct weft_wire_address *address)
{
    struct weft_reader reader = weft_reader_of(bytes, WEFT_WIRE_ADDRESS_BYTES);
    struct weft_wire_address found = {0};
    uint64_t version = weft_reader_number(&reader, 1);
    uint64_t v6;

    found.nic_count = (uint32_t)weft_reader_number(&reader, 1);
    v6 = weft_reader_number(&reader, 2);
    found.incarnation = get_u64(&reader);
    weft_reader_bytes(&reader, found.secret, sizeof(found.secret));
    if (version != WEFT_WIRE_VERSION || found.nic_count == 0 ||
        found.nic_count > WEFT_WIRE_NICS_MAX || v6 >> found.nic_count != 0)
        return false;
    for (uint32_t i = 0; i < found.nic_count; i++) {
        struct weft_wire_nic *nic = &found.nics[i];

        nic->is_v6 = (v6 >> i & 1) != 0;
        weft_reader_bytes(&reader, nic->ip, nic->is_v6 ? 16 : 4);
        nic->port = (uint16_t)weft_reader_number(&reader, 2);
    }
    if (reader.failed)
        return false;
    *address = found;
    return true;
}
