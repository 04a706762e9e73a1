/* Bodies of operations, written and applied; see net_body.h. */
#include "net_body.h"

#include "base/ring.h"

/* ---- out ---- */

static void copy_write(const struct weft_net_end *end, const struct weft_net_operation *operation,
                       struct weft_writer *writer)
{
    struct weft_wire_write write = {.dst = operation->dst_window,
                                    .extent_count = operation->extent_count};

    weft_wire_put_write(writer, &write);
    for (uint32_t b = operation->first_block; b != WEFT_NONE; b = end->blocks[b].next)
        for (uint32_t i = 0; i < end->blocks[b].used; i++)
            weft_wire_put_write_extent(writer, end->blocks[b].of.extents[i].dst_offset,
                                       end->blocks[b].of.extents[i].size_bytes);
}

void weft_net_signal_write(const struct weft_net_operation *operation,
                           const struct weft_wire_window *dst, struct weft_writer *writer)
{
    struct weft_wire_store store = {.dst = *dst,
                                    .offset = operation->offset,
                                    .value = operation->value,
                                    .op = (uint32_t)operation->op};

    weft_wire_put_store(writer, &store);
}

static void store_write(const struct weft_net_end *end, const struct weft_net_operation *operation,
                        struct weft_writer *writer)
{
    (void)end;
    weft_net_signal_write(operation, &operation->dst_window, writer);
}

static void forward_write(const struct weft_net_end *end,
                          const struct weft_net_operation *operation, struct weft_writer *writer)
{
    struct weft_wire_forward forward = {.dst = operation->dst_window,
                                        .src = operation->src_window,
                                        .request = (uint32_t)(operation - end->operations),
                                        .extent_count = operation->extent_count};

    weft_wire_put_forward(writer, &forward);
    for (uint32_t b = operation->first_block; b != WEFT_NONE; b = end->blocks[b].next)
        for (uint32_t i = 0; i < end->blocks[b].used; i++)
            weft_wire_put_extent(writer, end->blocks[b].of.extents[i].dst_offset,
                                 end->blocks[b].of.extents[i].src_offset,
                                 end->blocks[b].of.extents[i].size_bytes);
}

static void answer_write(const struct weft_net_end *end, const struct weft_net_operation *operation,
                         struct weft_writer *writer)
{
    struct weft_wire_answer answer = {.request = operation->request,
                                      .result = (uint32_t)operation->result};

    (void)end;
    weft_wire_put_answer(writer, &answer);
}

static void message_write(const struct weft_net_end *end,
                          const struct weft_net_operation *operation, struct weft_writer *writer)
{
    for (uint32_t b = operation->first_block; b != WEFT_NONE; b = end->blocks[b].next)
        weft_writer_bytes(writer, end->blocks[b].of.bytes, end->blocks[b].used);
}

/* How an operation that can be sent is written: its own bytes, and those of each extent. */
static const struct {
    enum weft_wire_kind kind;
    uint32_t bytes;
    uint32_t each_bytes;
    void (*write)(const struct weft_net_end *end, const struct weft_net_operation *operation,
                  struct weft_writer *writer);
} bodies[WEFT_NET_OP_KINDS] = {
    [WEFT_NET_OP_COPY] = {WEFT_WIRE_WRITE, WEFT_WIRE_WRITE_BYTES, WEFT_WIRE_WRITE_EXTENT_BYTES,
                          copy_write},
    [WEFT_NET_OP_STORE] = {WEFT_WIRE_STORE, WEFT_WIRE_STORE_BYTES, 0, store_write},
    [WEFT_NET_OP_FORWARD] = {WEFT_WIRE_FORWARD, WEFT_WIRE_FORWARD_BYTES, WEFT_WIRE_EXTENT_BYTES,
                             forward_write},
    [WEFT_NET_OP_MESSAGE] = {WEFT_WIRE_MESSAGE, 0, 1, message_write},
    [WEFT_NET_OP_ANSWER] = {WEFT_WIRE_ANSWER, WEFT_WIRE_ANSWER_BYTES, 0, answer_write},
};

enum weft_wire_kind weft_net_body_kind(const struct weft_net_operation *operation)
{
    return bodies[operation->kind].kind;
}

uint32_t weft_net_body_bytes(const struct weft_net_operation *operation)
{
    return bodies[operation->kind].bytes +
           operation->extent_count * bodies[operation->kind].each_bytes;
}

void weft_net_body_write(const struct weft_net_end *end, const struct weft_net_operation *operation,
                         struct weft_writer *writer)
{
    bodies[operation->kind].write(end, operation, writer);
}

/* ---- in ---- */

bool weft_net_signal_read(struct weft_reader *reader, struct weft_wire_store *store)
{
    const uint8_t *bytes = weft_reader_take(reader, WEFT_WIRE_STORE_BYTES);
    struct weft_reader alone;

    if (bytes == NULL)
        return false;
    alone = weft_reader_of(bytes, WEFT_WIRE_STORE_BYTES);
    return weft_wire_get_store(&alone, store);
}

void *weft_net_store_place(const struct weft_net_end *end, const struct weft_wire_store *store)
{
    const struct weft_net_exposure *exposure =
        weft_net_window_enter(end, &store->dst, WEFT_RIGHT_SIGNAL);
    char *word;

    if (exposure == NULL ||
        !weft_range_inside(store->offset, sizeof(uint64_t), exposure->size_bytes))
        return NULL;
    word = end->windows[store->dst.window].base + store->offset;
    return (uintptr_t)word % sizeof(uint64_t) == 0 ? word : NULL;
}

bool weft_net_store_do(const struct weft_net_end *end, const struct weft_wire_store *store)
{
    void *word = weft_net_store_place(end, store);

    if (word == NULL)
        return false;
    if (store->op == weftSignalSet)
        weft_word_set(word, store->value);
    else
        weft_word_add(word, store->value);
    return true;
}

static enum weft_net_outcome store_apply(struct weft_net_end *end, uint32_t peer,
                                         struct weft_reader *body)
{
    struct weft_wire_store store;

    (void)peer;
    if (!weft_wire_get_store(body, &store))
        return WEFT_NET_WRONG;
    return weft_net_store_do(end, &store) ? WEFT_NET_APPLIED : WEFT_NET_REFUSED;
}

/* Who is to carry it out takes no extents of nothing. */
static bool forward_is_inside(struct weft_reader extents, uint32_t count, uint64_t dst_bytes,
                              uint64_t src_bytes, uint64_t *size_bytes)
{
    bool inside = true;

    *size_bytes = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t dst_offset;
        uint64_t src_offset;
        uint64_t bytes;

        if (!weft_wire_get_extent(&extents, &dst_offset, &src_offset, &bytes))
            return false;
        inside = inside && bytes > 0 && weft_range_inside(dst_offset, bytes, dst_bytes) &&
                 weft_range_inside(src_offset, bytes, src_bytes);
        *size_bytes = weft_add_sat(*size_bytes, bytes);
    }
    return inside;
}

static enum weft_net_outcome forward_apply(struct weft_net_end *end, uint32_t peer,
                                           struct weft_reader *body)
{
    const struct weft_net_exposure *dst;
    const struct weft_net_exposure *src;
    struct weft_net_event event = {.kind = WEFT_NET_FORWARD, .peer = peer, .why = ""};
    struct weft_wire_forward forward;
    struct weft_extent *extents;

    if (!weft_wire_get_forward(body, &forward))
        return WEFT_NET_WRONG;
    dst = weft_net_window_admit(end, &forward.dst, WEFT_RIGHT_WRITE);
    src = weft_net_window_admit(end, &forward.src, WEFT_RIGHT_READ);
    if (dst == NULL || src == NULL ||
        !forward_is_inside(*body, forward.extent_count, dst->size_bytes, src->size_bytes,
                           &event.size_bytes))
        return WEFT_NET_REFUSED;
    event.request = weft_net_operation_ask(end, peer, forward.request);
    if (event.request == WEFT_NONE)
        return WEFT_NET_BLOCKED;
    event.dst_window = forward.dst.window;
    event.src_window = forward.src.window;
    event.extent_count = forward.extent_count;
    extents = weft_net_event_push(end, &event, forward.extent_count * sizeof(*extents));
    if (extents == NULL) {
        weft_net_operation_end(end, event.request, weftNoResource);
        return WEFT_NET_BLOCKED;
    }
    for (uint32_t i = 0; i < forward.extent_count; i++)
        (void)weft_wire_get_extent(body, &extents[i].dst_offset, &extents[i].src_offset,
                                   &extents[i].size_bytes);
    return WEFT_NET_APPLIED;
}

static enum weft_net_outcome answer_apply(struct weft_net_end *end, uint32_t peer,
                                          struct weft_reader *body)
{
    struct weft_wire_answer answer;
    struct weft_net_operation *operation;

    if (!weft_wire_get_answer(body, &answer) || answer.request >= end->env.cookies_max)
        return WEFT_NET_WRONG;
    operation = &end->operations[answer.request];
    if (operation->peer != peer || operation->is_answered ||
        (operation->kind != WEFT_NET_OP_FORWARD && operation->kind != WEFT_NET_OP_FORWARDED))
        return WEFT_NET_WRONG;
    /* Over another lane it may be here before the ack of what it answers. */
    operation->is_answered = true;
    operation->result = (weftResult_t)answer.result;
    if (operation->kind == WEFT_NET_OP_FORWARDED)
        weft_net_operation_end(end, answer.request, operation->result);
    return WEFT_NET_APPLIED;
}

static enum weft_net_outcome message_apply(struct weft_net_end *end, uint32_t peer,
                                           struct weft_reader *body)
{
    struct weft_net_event event = {
        .kind = WEFT_NET_MESSAGE, .peer = peer, .size = body->size, .why = ""};
    struct weft_writer writer;
    void *bytes;

    if (body->size > WEFT_WIRE_MESSAGE_MAX)
        return WEFT_NET_WRONG;
    bytes = weft_net_event_push(end, &event, body->size);
    if (bytes == NULL)
        return WEFT_NET_BLOCKED;
    writer = weft_writer_of(bytes, body->size);
    weft_writer_bytes(&writer, body->bytes, body->size);
    return WEFT_NET_APPLIED;
}

static enum weft_net_outcome no_body(struct weft_net_end *end, uint32_t peer,
                                     struct weft_reader *body)
{
    (void)end;
    (void)peer;
    (void)body;
    return WEFT_NET_WRONG;
}

enum weft_net_outcome weft_net_body_apply(struct weft_net_end *end, uint32_t peer,
                                          enum weft_wire_kind kind, struct weft_reader *body)
{
    static enum weft_net_outcome (*const applies[WEFT_WIRE_KINDS])(struct weft_net_end *, uint32_t,
                                                                   struct weft_reader *) = {
        [WEFT_WIRE_HELLO] = no_body,       [WEFT_WIRE_WELCOME] = no_body,
        [WEFT_WIRE_ACK] = no_body,         [WEFT_WIRE_FENCE] = no_body,
        [WEFT_WIRE_FENCED] = no_body,      [WEFT_WIRE_REFUSED] = no_body,
        [WEFT_WIRE_BYE] = no_body,         [WEFT_WIRE_WRITE] = no_body,
        [WEFT_WIRE_STORE] = store_apply,   [WEFT_WIRE_FORWARD] = forward_apply,
        [WEFT_WIRE_ANSWER] = answer_apply, [WEFT_WIRE_MESSAGE] = message_apply,
        [WEFT_WIRE_PING] = no_body,        [WEFT_WIRE_WRITE_STORE] = no_body,
        [WEFT_WIRE_LANES] = no_body,
    };

    return applies[kind](end, peer, body);
}
