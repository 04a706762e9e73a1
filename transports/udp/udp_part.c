/* Parts: operations as messages of core/mp, and back.
 *
 * A part has a head that stands in each of its packets: its kind and, of a WRITE, the window and
 * the places in it. A piece of a copy that is longer than a packet is a part with one place and
 * many packets; small pieces share a part of one packet with many places. Anything else is one
 * part, whose bytes are the body of net_body.h.
 *
 * A signal travels with the last part of its copy, a WRITE_STORE, and is raised with the last of
 * that part's packets. Where there are parts before it, it waits until they have ended well. */
#include <string.h>

#include "udp_net.h"

#define HEAD_OF_WRITE (WEFT_UDP_HEAD_OF_PART + WEFT_WIRE_WINDOW_BYTES)
#define PLACE_BYTES   WEFT_WIRE_WRITE_EXTENT_BYTES
#define STORE_PLACES  (WEFT_WIRE_STORE_BYTES / PLACE_BYTES) /* whose room a signal takes */
#define URGENT_PARTS  128                                   /* kept for what is no copy */

_Static_assert(WEFT_WIRE_STORE_BYTES % PLACE_BYTES == 0, "a signal takes the room of whole places");
_Static_assert(HEAD_OF_WRITE + WEFT_UDP_PLACES_MAX * PLACE_BYTES <= WEFT_MP_OWN_HEAD_BYTES,
               "the head of a part fits");

/* ---- the extents of a copy, one after the other ---- */

/* The extent that the cursor is at, or NULL behind the last. */
static const struct weft_extent *extent_at(const struct weft_udp_net *net, uint32_t *block,
                                           uint32_t *index)
{
    while (*block != WEFT_NONE) {
        const struct weft_net_block *at = &net->end.blocks[*block];

        if (*index < at->used)
            return &at->of.extents[*index];
        *block = at->next;
        *index = 0;
    }
    return NULL;
}

/* How many bytes of a message go into one packet beside such a head. */
static uint64_t packet_room(const struct weft_udp_session *session, uint32_t place_count)
{
    return session->packet_bytes - WEFT_MP_WIRE_DATA - HEAD_OF_WRITE - place_count * PLACE_BYTES;
}

/* The next part of a copy; the cursor goes behind it. */
static struct weft_udp_part part_next(const struct weft_udp_net *net,
                                      const struct weft_udp_session *session, uint32_t operation,
                                      struct weft_udp_cursor *cursor)
{
    bool has_signal = net->end.operations[operation].has_signal;
    /* In every part there is room for it: any may turn out to be the last. */
    uint32_t taken = has_signal ? STORE_PLACES : 0;
    const struct weft_extent *extent = extent_at(net, &cursor->block, &cursor->index);
    struct weft_udp_part part = {.kind = WEFT_WIRE_WRITE,
                                 .operation = operation,
                                 .block = cursor->block,
                                 .index = cursor->index,
                                 .skip_bytes = cursor->skip_bytes};

    while (extent != NULL && part.place_count < WEFT_UDP_PLACES_MAX - taken) {
        uint64_t left_bytes = extent->size_bytes - cursor->skip_bytes;

        if (part.place_count > 0 &&
            part.size_bytes + left_bytes > packet_room(session, taken + part.place_count + 1))
            break;
        left_bytes = weft_min(left_bytes, WEFT_MP_MESSAGE_BYTES);
        part.place_count++;
        part.size_bytes += left_bytes;
        cursor->skip_bytes += left_bytes;
        if (cursor->skip_bytes < extent->size_bytes)
            break;
        cursor->skip_bytes = 0;
        cursor->index++;
        extent = extent_at(net, &cursor->block, &cursor->index);
        if (part.size_bytes > packet_room(session, taken + 1))
            break;
    }
    if (cursor->block == WEFT_NONE && has_signal)
        part.kind = WEFT_WIRE_WRITE_STORE;
    return part;
}

/* ---- submitting ---- */

/* What of a lane's share of the parts a class may have, so that none keeps another one out of
 * core/mp, where their packets take turns. */
static const struct {
    enum weft_mp_class of_message;
    uint32_t sixteenths;
} classes[WEFT_NET_CLASSES] = {
    [WEFT_NET_SMALL] = {WEFT_MP_SMALL, 4},
    [WEFT_NET_OWN] = {WEFT_MP_OWN, 10},
    [WEFT_NET_LENT] = {WEFT_MP_LENT, 2},
};

static bool part_submit(struct weft_udp_session *session, const struct weft_udp_part *part,
                        enum weft_mp_class class)
{
    uint32_t number = weft_pool_take(&session->free_parts);
    uint32_t group = part->lane == WEFT_NONE ? WEFT_MP_GROUP_ANY : part->lane;

    if (number == WEFT_NONE)
        return false;
    session->parts[number] = *part;
    if (weft_mp_submit_in_class(session->mp, number, group, class, part->size_bytes,
                                weft_udp_part_head_bytes(part)) == weftSuccess)
        return true;
    weft_pool_give(&session->free_parts, number);
    return false;
}

bool weft_udp_part_own(struct weft_udp_session *session, enum weft_wire_kind kind,
                       uint64_t size_bytes)
{
    struct weft_udp_part part = {
        .kind = kind, .operation = WEFT_NONE, .lane = WEFT_NONE, .size_bytes = size_bytes};

    return part_submit(session, &part, WEFT_MP_SMALL);
}

static void waiting_submit(struct weft_udp_net *net, struct weft_udp_session *session)
{
    struct weft_net_peer *peer = &weft_udp_peer_at(net, session->peer)->base;

    while (peer->waiting.count > 0) {
        uint32_t number = peer->waiting.first;
        const struct weft_net_operation *operation = &net->end.operations[number];
        struct weft_udp_part part = {.kind = weft_net_body_kind(operation),
                                     .operation = number,
                                     .lane = WEFT_NONE,
                                     .size_bytes = weft_net_body_bytes(operation)};

        if (!part_submit(session, &part, WEFT_MP_SMALL))
            return;
        weft_list_remove(&peer->waiting, net->end.links, number);
        net->is_given[number] = true;
    }
}

static void copies_submit(struct weft_udp_net *net, struct weft_udp_session *session, uint32_t l,
                          enum weft_net_class class)
{
    struct weft_udp_lane *lane = &session->lanes[l];
    struct weft_list *copies = &lane->copies[class];
    uint32_t parts_max =
        (WEFT_UDP_PARTS_MAX - URGENT_PARTS) / session->lane_count * classes[class].sixteenths / 16;

    while (copies->count > 0 && lane->part_counts[class] < parts_max) {
        uint32_t number = copies->first;
        struct weft_net_operation *operation = &net->end.operations[number];
        struct weft_udp_cursor *cursor = &net->cursors[number];
        struct weft_udp_cursor next = *cursor;
        struct weft_udp_part part = part_next(net, session, number, &next);

        part.lane = l;
        /* What is behind it need not wait. */
        if (part.kind == WEFT_WIRE_WRITE_STORE && operation->frames > 0) {
            weft_list_remove(copies, net->end.links, number);
            cursor->is_held = true;
            continue;
        }
        if (!part_submit(session, &part, classes[class].of_message))
            return;
        *cursor = next;
        lane->part_counts[class]++;
        operation->frames++;
        operation->is_whole = next.block == WEFT_NONE;
        if (operation->is_whole)
            weft_list_remove(copies, net->end.links, number);
    }
}

void weft_udp_parts_submit(struct weft_udp_net *net, struct weft_udp_session *session)
{
    if (session->state != WEFT_UDP_SESSION_UP)
        return;
    weft_udp_notice_submit(session);
    waiting_submit(net, session);
    for (uint32_t l = 0; l < session->lane_count; l++)
        for (uint32_t i = 0; i < WEFT_NET_CLASSES; i++)
            copies_submit(net, session, l, (enum weft_net_class)i);
}

/* ---- packets of a part ---- */

uint32_t weft_udp_part_head_bytes(const struct weft_udp_part *part)
{
    if (part->lane == WEFT_NONE)
        return WEFT_UDP_HEAD_OF_PART;
    return HEAD_OF_WRITE + part->place_count * PLACE_BYTES +
           (part->kind == WEFT_WIRE_WRITE_STORE ? WEFT_WIRE_STORE_BYTES : 0);
}

/* Place `*part`'s next after (block, index): what of the extent is in the part. */
static uint64_t place_bytes(const struct weft_udp_part *part, const struct weft_extent *extent)
{
    return part->place_count == 1 ? part->size_bytes : extent->size_bytes;
}

void weft_udp_part_head(const struct weft_udp_net *net, const struct weft_udp_part *part,
                        struct weft_writer *writer)
{
    uint32_t block = part->block;
    uint32_t index = part->index;
    uint64_t skip_bytes = part->skip_bytes;
    const struct weft_net_operation *operation;

    weft_writer_number(writer, part->kind, 1);
    weft_writer_number(writer, part->place_count, 1);
    weft_writer_number(writer, 0, 2);
    if (part->lane == WEFT_NONE)
        return;
    operation = &net->end.operations[part->operation];
    if (part->kind == WEFT_WIRE_WRITE_STORE)
        weft_net_signal_write(operation, &operation->src_window, writer);
    weft_writer_number(writer, operation->dst_window.window, 4);
    weft_writer_number(writer, operation->dst_window.epoch, 4);
    weft_writer_bytes(writer, operation->dst_window.token, sizeof(operation->dst_window.token));
    for (uint32_t i = 0; i < part->place_count; i++, index++) {
        const struct weft_extent *extent = extent_at(net, &block, &index);

        weft_wire_put_write_extent(writer, extent->dst_offset + skip_bytes,
                                   place_bytes(part, extent));
        skip_bytes = 0;
    }
}

static void gather_write(const struct weft_udp_net *net, const struct weft_udp_part *part,
                         uint64_t offset, uint64_t length, struct weft_udp_run *run)
{
    const char *src = net->end.operations[part->operation].src;
    uint32_t block = part->block;
    uint32_t index = part->index;
    uint64_t skip_bytes = part->skip_bytes;

    for (; length > 0; index++) {
        const struct weft_extent *extent = extent_at(net, &block, &index);
        uint64_t here_bytes = place_bytes(part, extent);
        uint64_t piece_bytes = weft_min(length, weft_sub_sat(here_bytes, offset));

        if (piece_bytes > 0)
            weft_udp_run_add(run, src + extent->src_offset + skip_bytes + offset,
                             (size_t)piece_bytes);
        length -= piece_bytes;
        offset = weft_sub_sat(offset, here_bytes);
        skip_bytes = 0;
    }
}

/* The body of the part, written anew unless it was the last. */
static const uint8_t *body_of(struct weft_udp_net *net, struct weft_udp_session *session,
                              const struct weft_udp_part *part)
{
    struct weft_writer writer = weft_writer_of(net->body, WEFT_WIRE_BODY_MAX);

    if (part->operation == WEFT_NONE)
        return part->kind == WEFT_WIRE_LANES ? session->notice : session->greeting;
    if (net->body_of == part)
        return net->body;
    weft_net_body_write(&net->end, &net->end.operations[part->operation], &writer);
    weft_assert(!writer.failed);
    weft_assert(writer.used == part->size_bytes);
    net->body_of = part;
    return net->body;
}

void weft_udp_part_gather(struct weft_udp_net *net, struct weft_udp_session *session,
                          const struct weft_udp_part *part, uint64_t offset, uint32_t length,
                          struct weft_udp_run *run)
{
    weft_assert(offset <= part->size_bytes);
    weft_assert(length <= part->size_bytes - offset);
    if (part->lane != WEFT_NONE)
        gather_write(net, part, offset, length, run);
    else if (length > 0)
        weft_udp_run_add(run, body_of(net, session, part) + offset, length);
}

void weft_udp_part_copy(struct weft_udp_net *net, struct weft_udp_session *session,
                        const struct weft_udp_part *part, uint64_t offset, uint32_t length,
                        struct weft_writer *writer)
{
    weft_assert(part->lane == WEFT_NONE);
    weft_writer_bytes(writer, body_of(net, session, part) + offset, length);
}

/* ---- the end ---- */

/* No more of a refused copy is given; the signal of another goes when it is the last. */
static void copy_part_ended(struct weft_udp_net *net, struct weft_udp_lane *lane, uint32_t number)
{
    struct weft_net_operation *operation = &net->end.operations[number];
    struct weft_udp_cursor *cursor = &net->cursors[number];
    enum weft_net_class class = weft_net_class_of(operation);

    lane->part_counts[class]--;
    if (operation->is_whole)
        return;
    if (operation->is_refused) {
        if (!cursor->is_held)
            weft_list_remove(&lane->copies[class], net->end.links, number);
        operation->is_whole = true;
    } else if (cursor->is_held && operation->frames == 1) {
        cursor->is_held = false;
        weft_list_append(&lane->copies[class], net->end.links, number);
    }
}

void weft_udp_part_ended(struct weft_udp_net *net, struct weft_udp_session *session,
                         uint32_t number, weftResult_t result)
{
    struct weft_udp_part part = session->parts[number];
    struct weft_net_operation *operation;

    if (net->body_of == &session->parts[number])
        net->body_of = NULL;
    weft_pool_give(&session->free_parts, number);
    if (part.kind == WEFT_WIRE_LANES)
        weft_udp_notice_ended(session);
    if (part.operation == WEFT_NONE) {
        /* Whoever was sent away knows it now. */
        if (session->state == WEFT_UDP_SESSION_LEAVING)
            session->deadline_at = net->end.now;
        return;
    }
    operation = &net->end.operations[part.operation];
    net->is_given[part.operation] = false;
    operation->is_refused = operation->is_refused || result != weftSuccess;
    if (part.lane != WEFT_NONE)
        copy_part_ended(net, &session->lanes[part.lane], part.operation);
    weft_net_operation_applied(&net->end, part.operation);
}

void weft_udp_parts_drop(struct weft_udp_net *net, struct weft_udp_session *session)
{
    for (uint32_t i = 0; i < net->end.env.cookies_max + WEFT_NET_NOTES_MAX; i++) {
        const struct weft_net_operation *operation = &net->end.operations[i];

        if (operation->kind == WEFT_NET_OP_NOTHING || operation->peer != session->peer)
            continue;
        if (operation->kind == WEFT_NET_OP_COPY)
            weft_net_operation_end(&net->end, i, weftRemoteError);
        else if (net->is_given[i])
            weft_net_operation_wait(&net->end, i);
        net->is_given[i] = false;
    }
}
