/* What comes: packets into the log, acks owed. */
#include "mp_tables.h"

/* An ack names one probe, and each is asked for its own path: this one is named later. */
static void keep_echo(struct weft_mp *mp, const struct weft_mp_owed *owed)
{
    uint32_t path = owed->echo_path_id & WEFT_MP_PATH_SLOT;

    mp->paths[path].echo_number = owed->echo_number;
    mp->paths[path].echo_path_id = owed->echo_path_id;
    mp->paths[path].echo_came_at = owed->came_at;
    mp->echoes[path / 64] |= UINT64_C(1) << (path % 64);
}

/* An ack over the group of the path is owed, at once or a little later. */
static void owe(struct weft_mp *mp, weft_ns now, uint32_t path_id, uint64_t number,
                uint64_t sequence, weft_ns came_at, bool at_once)
{
    uint32_t path = path_id & WEFT_MP_PATH_SLOT;
    struct weft_mp_owed *owed = &weft_mp_group_of(mp, path)->owed;

    if (owed->due_at != WEFT_NEVER && owed->echo_sequence == WEFT_MP_NO_SEQUENCE)
        keep_echo(mp, owed);
    owed->packets++;
    owed->echo_number = number;
    owed->echo_sequence = sequence;
    owed->echo_path_id = path_id;
    owed->came_at = came_at;
    owed->is_held = false;
    if (at_once || owed->packets >= mp->config.ack_packets)
        owed->due_at = now;
    else if (owed->due_at == WEFT_NEVER)
        owed->due_at = now + mp->config.ack_ns;
}

static enum weft_mp_verdict bad(struct weft_mp *mp)
{
    mp->counts.bad_packets++;
    return WEFT_MP_BAD;
}

static enum weft_mp_verdict data_came(struct weft_mp *mp, weft_ns now,
                                      const struct weft_mp_wire_head *head,
                                      struct weft_reader *reader, struct weft_mp_arrival *arrival)
{
    enum weft_mp_seen_answer answer;
    struct weft_mp_wire_data data;
    size_t rest;

    if (!weft_mp_wire_get_data(reader, &data))
        return bad(mp);
    rest = reader->size - reader->used;
    if (rest < data.length || rest - data.length > WEFT_MP_OWN_HEAD_BYTES)
        return bad(mp);
    if (!weft_mp_seen_floor(&mp->seen, data.sequence - data.behind))
        return bad(mp);
    answer = weft_mp_seen_look(&mp->seen, data.sequence);
    if (answer == WEFT_MP_SEEN_TWICE) {
        /* The peer did not hear the ack. */
        owe(mp, now, head->path_id, head->number, data.sequence, now, true);
        mp->counts.duplicate_packets++;
        return WEFT_MP_DUPLICATE;
    }
    if (answer == WEFT_MP_SEEN_OUTSIDE || !weft_mp_inbox_fits(&mp->inbox, &data))
        return bad(mp);
    weft_mp_seen_take(&mp->seen, data.sequence);
    *arrival = (struct weft_mp_arrival){
        .path = head->path_id & WEFT_MP_PATH_SLOT,
        .path_id = head->path_id,
        .came_at = now,
        .number = head->number,
        .sequence = data.sequence,
        .message = data.message,
        .slot = data.slot,
        .asks = (head->flags & WEFT_MP_WIRE_ASKS) != 0,
        .is_first = weft_mp_inbox_take(&mp->inbox, &data),
        .message_bytes = data.message_bytes,
        .offset = data.offset,
        .length = data.length,
        .own_head_bytes = rest - data.length,
        .own_head = reader->bytes + reader->used,
        .bytes = reader->bytes + reader->used + (rest - data.length),
    };
    return WEFT_MP_PLACE;
}

enum weft_mp_verdict weft_mp_arrived(struct weft_mp *mp, weft_ns now, const void *bytes,
                                     size_t size, struct weft_mp_arrival *arrival)
{
    struct weft_reader reader = weft_reader_of(bytes, size);
    struct weft_mp_wire_head head;
    struct weft_mp_wire_ack ack;

    if (!weft_mp_wire_get_head(&reader, &head))
        return bad(mp);
    if ((head.path_id & WEFT_MP_PATH_SLOT) >= mp->config.path_count)
        return bad(mp);
    if (mp->is_aborted)
        return WEFT_MP_DUPLICATE;
    weft_mp_group_of(mp, head.path_id & WEFT_MP_PATH_SLOT)->came_at = now;
    if (head.kind == WEFT_MP_WIRE_KIND_DATA)
        return data_came(mp, now, &head, &reader, arrival);
    if (head.kind == WEFT_MP_WIRE_KIND_ACK) {
        if (!weft_mp_wire_get_ack(&reader, &ack) || !weft_mp_acked(mp, now, &ack))
            return bad(mp);
        mp->counts.acks_received++;
        return WEFT_MP_HANDLED;
    }
    if (reader.used != reader.size)
        return bad(mp);
    owe(mp, now, head.path_id, head.number, WEFT_MP_NO_SEQUENCE, now, true);
    return WEFT_MP_HANDLED;
}

bool weft_mp_placed(struct weft_mp *mp, weft_ns now, const struct weft_mp_arrival *arrival,
                    weftResult_t result)
{
    if (mp->is_aborted)
        return false;
    if (!weft_mp_seen_placed(&mp->seen, arrival->sequence, result)) {
        weft_mp_overloaded(mp, now, arrival);
        return false;
    }
    mp->counts.placed_packets++;
    mp->counts.refused_packets += result != weftSuccess;
    owe(mp, now, arrival->path_id, arrival->number, arrival->sequence, arrival->came_at,
        arrival->asks);
    return weft_mp_inbox_placed(&mp->inbox, arrival->slot, arrival->length, arrival->message_bytes);
}

void weft_mp_hold_ack(struct weft_mp *mp, weft_ns now, const struct weft_mp_arrival *arrival)
{
    struct weft_mp_owed *owed = &weft_mp_group_of(mp, arrival->path)->owed;

    if (owed->due_at > now)
        return;
    owed->due_at = now + 1;
    owed->is_held = true;
}

bool weft_mp_completes(const struct weft_mp *mp, const struct weft_mp_arrival *arrival)
{
    return weft_mp_inbox_completes(&mp->inbox, arrival->slot, arrival->length,
                                   arrival->message_bytes);
}

void weft_mp_overloaded(struct weft_mp *mp, weft_ns now, const struct weft_mp_arrival *arrival)
{
    if (mp->is_aborted)
        return;
    weft_mp_seen_untake(&mp->seen, arrival->sequence);
    weft_mp_inbox_untake(&mp->inbox, arrival->slot, arrival->length, arrival->message_bytes);
    mp->counts.overloaded_packets++;
    /* What does not fit is found by the sender's own clock. */
    if (mp->overload_count < WEFT_MP_WIRE_OVERLOADS)
        mp->overloads[mp->overload_count++] = arrival->sequence;
    owe(mp, now, arrival->path_id, arrival->number, arrival->sequence, arrival->came_at, true);
}
