/* Owners of two ends: they submit, place, and see what is promised. */
#include "duo.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define OWN_HEAD_BYTES 8 /* the number of the message at its side */
#define STILL_MOST     100000
#define STEPS_MOST     1000000
#define PACKET_MOST    (WEFT_MP_WIRE_MAX + 65536)

__attribute__((format(printf, 2, 3))) static void fail(struct mpsim_duo *duo, const char *format,
                                                       ...)
{
    va_list arguments;

    if (duo->has_failed)
        return;
    duo->has_failed = true;
    va_start(arguments, format);
    (void)vsnprintf(duo->why, sizeof(duo->why), format, arguments);
    va_end(arguments);
}

static void *taken(size_t size)
{
    void *memory = calloc(1, size == 0 ? 1 : size);

    weft_assert(memory != NULL);
    return memory;
}

static void end_init(struct mpsim_duo *duo, struct mpsim_end *end, const struct mpsim_flow *flow)
{
    void *memory = aligned_alloc(64, (weft_mp_size(&duo->config) + 63) & ~(size_t)63);

    weft_assert(memory != NULL);
    *end = (struct mpsim_end){.flow = *flow};
    end->mp = weft_mp_init(&duo->config, memory, 0);
    end->source = taken(flow->total_bytes);
    end->there = taken(flow->total_bytes);
    end->counts = taken(flow->total_bytes);
    for (uint64_t i = 0; i < flow->total_bytes; i += 8)
        for (uint64_t j = i, word = weft_prng_next(&duo->prng); j < flow->total_bytes && j < i + 8;
             j++, word >>= 8)
            end->source[j] = (uint8_t)word;
    for (uint32_t i = 0; i < WEFT_MP_GROUPS_MAX; i++)
        end->is_up[i] = true;
}

void mpsim_duo_init(struct mpsim_duo *duo, const struct weft_mp_config *config,
                    const struct mpsim_flow flows[2], uint64_t seed)
{
    const char *why = "";

    *duo = (struct mpsim_duo){.config = *config};
    weft_assert(weft_mp_config_valid(config, &why));
    weft_prng_init(&duo->prng, seed ^ UINT64_C(0x5eed));
    mpsim_net_init(&duo->net, config->group_count, config->packet_bytes, seed);
    for (uint32_t side = 0; side < 2; side++)
        end_init(duo, &duo->ends[side], &flows[side]);
}

void mpsim_duo_fini(struct mpsim_duo *duo)
{
    for (uint32_t side = 0; side < 2; side++) {
        free(duo->ends[side].mp);
        free(duo->ends[side].source);
        free(duo->ends[side].there);
        free(duo->ends[side].counts);
        free(duo->ends[side].messages);
    }
    mpsim_net_fini(&duo->net);
}

bool mpsim_duo_is_done(const struct mpsim_duo *duo)
{
    for (uint32_t side = 0; side < 2; side++)
        if (duo->ends[side].next_byte < duo->ends[side].flow.total_bytes ||
            duo->ends[side].ended < duo->ends[side].message_count)
            return false;
    return true;
}

void mpsim_duo_rebind(struct mpsim_duo *duo, uint32_t side, uint32_t path)
{
    duo->ends[side].ports[path]++;
}

/* ---- what is sent ---- */

static bool submit(struct mpsim_duo *duo, struct mpsim_end *end, uint32_t group)
{
    uint64_t left = end->flow.total_bytes - end->next_byte;
    uint64_t size = end->flow.message_bytes;
    struct mpsim_message *message;

    if (end->flow.message_bytes_spread > 0)
        size += weft_prng_below(&duo->prng, end->flow.message_bytes_spread);
    size = weft_min(size, left);
    if (weft_mp_submit_in_class(end->mp, end->message_count, group,
                                (enum weft_mp_class)(end->message_count % WEFT_MP_CLASSES), size,
                                OWN_HEAD_BYTES) != weftSuccess)
        return false;
    if (end->message_count == end->message_room) {
        end->message_room = end->message_room == 0 ? 256 : end->message_room * 2;
        end->messages = realloc(end->messages, end->message_room * sizeof(*end->messages));
        weft_assert(end->messages != NULL);
    }
    message = &end->messages[end->message_count++];
    *message =
        (struct mpsim_message){.offset = end->next_byte,
                               .size_bytes = (uint32_t)size,
                               .group = group == WEFT_MP_GROUP_ANY ? WEFT_MP_GROUPS_MAX : group};
    end->next_byte += size;
    end->out[message->group]++;
    return true;
}

/* As the engine does: each path takes the next piece when it has room. */
static void submit_all(struct mpsim_duo *duo, uint32_t side)
{
    struct mpsim_end *end = &duo->ends[side];
    struct mpsim_end *peer = &duo->ends[1 - side];

    if (end->flow.exchanges > 0) {
        if (end->next_byte < end->flow.total_bytes &&
            peer->completed == end->message_count + (side == 1))
            (void)submit(duo, end, WEFT_MP_GROUP_ANY);
        return;
    }
    while (end->flow.is_any && end->next_byte < end->flow.total_bytes &&
           end->out[WEFT_MP_GROUPS_MAX] < end->flow.ahead)
        if (!submit(duo, end, WEFT_MP_GROUP_ANY))
            return;
    for (uint32_t round = 0; !end->flow.is_any && round < end->flow.ahead; round++)
        for (uint32_t group = 0; group < duo->config.group_count; group++)
            if (end->out[group] <= round && end->is_up[group] &&
                end->next_byte < end->flow.total_bytes && !submit(duo, end, group))
                return;
}

static void send_all(struct mpsim_duo *duo, uint32_t side)
{
    static uint8_t datagram[PACKET_MOST];
    struct mpsim_end *end = &duo->ends[side];
    struct weft_mp_packet packet;

    while (weft_mp_next(end->mp, duo->now, UINT32_MAX, &packet)) {
        size_t size = packet.size;

        memcpy(datagram, packet.bytes, packet.size);
        if (packet.has_data) {
            const struct mpsim_message *message = &end->messages[packet.cookie];

            if (message->is_ended)
                fail(duo, "a packet of message %" PRIu64 ", which has ended", packet.cookie);
            if (packet.has_own_head)
                memcpy(datagram + size, &packet.cookie, OWN_HEAD_BYTES);
            size += packet.has_own_head ? OWN_HEAD_BYTES : 0;
            memcpy(datagram + size, end->source + message->offset + packet.offset, packet.length);
            size += packet.length;
        }
        if (size > duo->config.packet_bytes)
            fail(duo, "a packet of %zu bytes", size);
        mpsim_net_send(&duo->net, duo->now, side, packet.path,
                       end->ports[packet.path] << 16 | end->peer_ports[packet.path], datagram,
                       size);
    }
}

/* ---- what comes ---- */

static void place(struct mpsim_duo *duo, uint32_t side, const struct weft_mp_arrival *arrival)
{
    struct mpsim_end *from = &duo->ends[1 - side];
    struct mpsim_message *message;
    uint64_t index = UINT64_MAX;
    uint64_t start;

    if (arrival->own_head_bytes == OWN_HEAD_BYTES)
        memcpy(&index, arrival->own_head, sizeof(index));
    if (index >= from->message_count) {
        fail(duo, "a packet of no message");
        return;
    }
    message = &from->messages[index];
    if (message->is_ended)
        fail(duo, "bytes of message %" PRIu64 " are placed after its end", index);
    if (arrival->message_bytes != message->size_bytes ||
        !weft_range_inside(arrival->offset, arrival->length, message->size_bytes)) {
        fail(duo, "bytes outside of message %" PRIu64, index);
        return;
    }
    start = message->offset + arrival->offset;
    if (memcmp(arrival->bytes, from->source + start, arrival->length) != 0)
        fail(duo, "wrong bytes for message %" PRIu64, index);
    for (uint64_t i = start; i < start + arrival->length; i++)
        if (from->counts[i]++ != 0) {
            fail(duo, "byte %" PRIu64 " is placed twice", i);
            break;
        }
    memcpy(from->there + start, arrival->bytes, arrival->length);
    message->placed_bytes += arrival->length;
}

/* What its owner does with the last bytes of a message, before the sender can know. */
static void raise_signal(struct mpsim_duo *duo, struct mpsim_message *message, uint64_t index)
{
    if (message->is_raised)
        fail(duo, "the signal of message %" PRIu64 " is raised twice", index);
    if (message->placed_bytes != message->size_bytes)
        fail(duo, "the signal of message %" PRIu64 " is raised with %u bytes of %u", index,
             message->placed_bytes, message->size_bytes);
    message->is_raised = true;
}

static void come_true(struct mpsim_duo *duo, const struct mpsim_flight *flight)
{
    struct mpsim_end *from = &duo->ends[1 - flight->side];
    struct weft_mp *mp = duo->ends[flight->side].mp;
    struct mpsim_message *message;
    uint64_t index;

    memcpy(&index, flight->arrival.own_head, sizeof(index));
    weft_assert(index < from->message_count);
    message = &from->messages[index];
    if (flight->result == weftSuccess)
        place(duo, flight->side, &flight->arrival);
    else
        message->is_refused = true;
    if (!message->is_refused && weft_mp_completes(mp, &flight->arrival))
        raise_signal(duo, message, index);
    if (!weft_mp_placed(mp, duo->now, &flight->arrival, flight->result))
        return;
    if (duo->manners.holds_acks)
        weft_mp_hold_ack(mp, duo->now, &flight->arrival);
    if (message->is_complete)
        fail(duo, "message %" PRIu64 " is complete twice", index);
    message->is_complete = true;
    from->completed++;
    from->completed_at = duo->now;
    if (!message->is_refused && message->placed_bytes != message->size_bytes)
        fail(duo, "message %" PRIu64 " is complete with %u bytes of %u", index,
             message->placed_bytes, message->size_bytes);
}

/* Whether all of a message is refused is decided by its number. */
static weftResult_t verdict(struct mpsim_duo *duo, const struct weft_mp_arrival *arrival)
{
    uint64_t index;

    memcpy(&index, arrival->own_head, sizeof(index));
    return index * 7919 % 10000 < duo->manners.refuse ? weftInvalidUsage : weftSuccess;
}

/* What comes without its own head has that of another packet of its message. */
static void head_keep(struct mpsim_end *end, struct weft_mp_arrival *arrival)
{
    if (arrival->own_head_bytes == OWN_HEAD_BYTES) {
        memcpy(&end->heads[arrival->slot], arrival->own_head, OWN_HEAD_BYTES);
        return;
    }
    arrival->own_head = (const uint8_t *)&end->heads[arrival->slot];
    arrival->own_head_bytes = OWN_HEAD_BYTES;
}

static void packet_came(struct mpsim_duo *duo, struct mpsim_flight *flight)
{
    struct mpsim_end *end = &duo->ends[flight->side];
    struct mpsim_flight placing = *flight;
    struct weft_mp_arrival arrival;
    uint64_t number;
    enum weft_mp_verdict answer;

    if (weft_mp_wire_peek(flight->bytes, flight->size, &number) == 0)
        fail(duo, "a packet without a head");
    answer = weft_mp_arrived(end->mp, duo->now, flight->bytes, flight->size, &arrival);
    if (answer == WEFT_MP_BAD)
        fail(duo, "a packet of an honest peer is called bad");
    if (answer != WEFT_MP_PLACE)
        return;
    head_keep(end, &arrival);
    if (weft_prng_below(&duo->prng, 10000) < duo->manners.overload) {
        weft_mp_overloaded(end->mp, duo->now, &arrival);
        return;
    }
    placing.kind = MPSIM_PLACING;
    placing.arrival = arrival;
    placing.result = verdict(duo, &arrival);
    if (duo->manners.place_ns == 0) {
        come_true(duo, &placing);
        return;
    }
    placing.at = duo->now + weft_prng_below(&duo->prng, duo->manners.place_ns);
    mpsim_net_add(&duo->net, &placing);
    flight->bytes = NULL;
}

/* A packet to a port that its receiver has no more is lost; one from a new port tells of it. */
static bool is_for(struct mpsim_duo *duo, const struct mpsim_flight *flight, uint32_t path)
{
    struct mpsim_end *end = &duo->ends[flight->side];
    uint32_t from_port = flight->port >> 16;

    if (!duo->manners.is_followed)
        return true;
    if ((flight->port & 0xffff) != end->ports[path])
        return false;
    if (from_port != end->peer_ports[path]) {
        end->peer_ports[path] = from_port;
        weft_mp_path_renewed(end->mp, duo->now, path);
    }
    return true;
}

static void arrive(struct mpsim_duo *duo)
{
    struct mpsim_flight flight = mpsim_net_take(&duo->net);

    if (flight.kind == MPSIM_PLACING)
        come_true(duo, &flight);
    else if (is_for(duo, &flight, flight.bytes[4]))
        packet_came(duo, &flight);
    free(flight.bytes);
}

/* ---- what ends ---- */

static void ended(struct mpsim_duo *duo, struct mpsim_end *end, const struct weft_mp_event *event)
{
    struct mpsim_message *message;

    if (event->cookie >= end->message_count) {
        fail(duo, "no message has the cookie %" PRIu64, event->cookie);
        return;
    }
    message = &end->messages[event->cookie];
    if (message->is_ended)
        fail(duo, "message %" PRIu64 " ends twice", event->cookie);
    if (!message->is_complete)
        fail(duo, "message %" PRIu64 " ends before it is complete there", event->cookie);
    if ((event->result == weftSuccess) != message->is_raised)
        fail(duo, "message %" PRIu64 " ends with result %d, its signal %s raised", event->cookie,
             (int)event->result, message->is_raised ? "is" : "is not");
    if ((event->result == weftSuccess) == message->is_refused)
        fail(duo, "message %" PRIu64 " ends with result %d", event->cookie, (int)event->result);
    message->is_ended = true;
    end->ended++;
    end->out[message->group]--;
    end->ended_at = duo->now;
}

static void take_events(struct mpsim_duo *duo, struct mpsim_end *end)
{
    struct weft_mp_event event;

    while (weft_mp_event(end->mp, &event)) {
        if (event.kind == WEFT_MP_ENDED)
            ended(duo, end, &event);
        end->lost += event.kind == WEFT_MP_LOST;
        end->found += event.kind == WEFT_MP_FOUND;
        end->downs += event.kind == WEFT_MP_GROUP_DOWN;
        end->ups += event.kind == WEFT_MP_GROUP_UP;
        if (event.kind == WEFT_MP_GROUP_DOWN || event.kind == WEFT_MP_GROUP_UP)
            end->is_up[event.group] = event.kind == WEFT_MP_GROUP_UP;
    }
}

static void turn(struct mpsim_duo *duo, uint32_t side)
{
    struct mpsim_end *end = &duo->ends[side];

    if (weft_mp_deadline(end->mp) <= duo->now)
        weft_mp_expire(end->mp, duo->now);
    take_events(duo, end);
    submit_all(duo, side);
    send_all(duo, side);
}

void mpsim_duo_run(struct mpsim_duo *duo, weft_ns until)
{
    uint32_t still = 0;

    turn(duo, 0);
    turn(duo, 1);
    while (!duo->has_failed && !mpsim_duo_is_done(duo)) {
        weft_ns at = mpsim_net_next_at(&duo->net);

        for (uint32_t side = 0; side < 2; side++)
            at = weft_min(at, weft_mp_deadline(duo->ends[side].mp));
        if (at > until)
            break;
        still = at <= duo->now ? still + 1 : 0;
        if (still > STILL_MOST)
            fail(duo, "time stands still at %" PRIu64 " ns", duo->now);
        if (duo->steps > STEPS_MOST)
            fail(duo, "no end is in sight at %" PRIu64 " ns", duo->now);
        duo->now = weft_max(duo->now, at);
        while (mpsim_net_next_at(&duo->net) <= duo->now)
            arrive(duo);
        turn(duo, 0);
        turn(duo, 1);
        duo->steps++;
    }
    if (!mpsim_duo_is_done(duo))
        duo->now = weft_max(duo->now, until == WEFT_NEVER ? duo->now : until);
}

bool mpsim_duo_check_end(struct mpsim_duo *duo)
{
    for (uint32_t side = 0; side < 2; side++) {
        struct mpsim_end *end = &duo->ends[side];

        for (uint32_t i = 0; i < end->message_count; i++) {
            const struct mpsim_message *message = &end->messages[i];

            if (!message->is_ended || message->is_refused)
                continue;
            if (memcmp(end->there + message->offset, end->source + message->offset,
                       message->size_bytes) != 0)
                fail(duo, "message %u is not there", i);
        }
    }
    return !duo->has_failed;
}
