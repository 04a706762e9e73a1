/* Multipath: first the bytes as a packet's head, which reads back as what it was or not at all.
 * Then as calls: two ends are told to submit, to send, to lose, to wait; packets are delivered as
 * they are, with some bytes changed, or made of the input: an authenticated peer that lies. Nothing
 * may break, whatever comes; the asserts of the core are the oracle, and that sending comes to an
 * end. */
#include <stdlib.h>
#include <string.h>

#include "core/mp.h"
#include "fuzz.h"

#define CALLS_MOST    4000
#define PACKETS_MOST  100000 /* that one call of `next` until false may give */
#define DATAGRAM_MOST 2048
#define FLIGHTS       16
#define KEPT          8
#define LIE_MOST      256

struct flight {
    uint8_t bytes[DATAGRAM_MOST];
    size_t size;
};

struct end {
    struct weft_mp *mp;
    struct flight flights[FLIGHTS]; /* on their way here, a ring: what finds no place is lost */
    uint32_t flight_count;
    struct weft_mp_arrival kept[KEPT];
    uint32_t kept_count;
    uint64_t submitted;
    uint64_t ended;
};

struct input {
    const uint8_t *bytes;
    size_t left;
};

static uint32_t draw(struct input *input, uint32_t bound)
{
    uint32_t value = 0;

    for (uint32_t i = 0; i < 3 && input->left > 0; i++, input->left--)
        value = value << 8 | *input->bytes++;
    return value % bound;
}

static void check_head(const uint8_t *bytes, size_t size)
{
    struct weft_reader reader = weft_reader_of(bytes, size);
    uint8_t again[WEFT_MP_WIRE_MAX];
    struct weft_writer writer = weft_writer_of(again, sizeof(again));
    struct weft_mp_wire_head head;
    struct weft_mp_wire_data data;
    struct weft_mp_wire_ack ack;
    uint64_t number;

    if (weft_mp_wire_peek(bytes, size, &number) == 0 || !weft_mp_wire_get_head(&reader, &head))
        return;
    weft_assert(number == head.number);
    weft_mp_wire_put_head(&writer, &head);
    if (head.kind == WEFT_MP_WIRE_KIND_DATA && weft_mp_wire_get_data(&reader, &data))
        weft_mp_wire_put_data(&writer, &data);
    if (head.kind == WEFT_MP_WIRE_KIND_ACK && weft_mp_wire_get_ack(&reader, &ack))
        weft_mp_wire_put_ack(&writer, &ack);
    weft_assert(!writer.failed);
    weft_assert(memcmp(again, bytes, writer.used) == 0);
}

static void open_end(struct end *end, const struct weft_mp_config *config)
{
    void *memory = aligned_alloc(64, (weft_mp_size(config) + 63) & ~(size_t)63);

    weft_assert(memory != NULL);
    *end = (struct end){.mp = weft_mp_init(config, memory, 0)};
}

static void submit(struct end *end, struct input *input, const struct weft_mp_config *config)
{
    uint32_t group = draw(input, config->group_count + 1);
    uint64_t size = draw(input, 4) == 0 ? draw(input, 200000) : draw(input, 2000);

    if (weft_mp_submit(end->mp, end->submitted,
                       group == config->group_count ? WEFT_MP_GROUP_ANY : group, size,
                       draw(input, 64)) == weftSuccess)
        end->submitted++;
}

/* All that it has to send goes towards the other; heads are followed by zeros. */
static void send(struct end *from, struct end *to, weft_ns now)
{
    struct weft_mp_event event;
    struct weft_mp_packet packet;
    uint32_t count = 0;

    while (weft_mp_next(from->mp, now, UINT32_MAX, &packet)) {
        struct flight *flight = &to->flights[to->flight_count++ % FLIGHTS];

        weft_assert(++count < PACKETS_MOST);
        weft_assert(packet.size + packet.length <= DATAGRAM_MOST);
        memset(flight, 0, sizeof(*flight));
        memcpy(flight->bytes, packet.bytes, packet.size);
        flight->size = packet.size + packet.length;
    }
    while (weft_mp_event(from->mp, &event))
        from->ended += event.kind == WEFT_MP_ENDED;
    weft_assert(from->ended + weft_mp_messages(from->mp) == from->submitted);
}

static void arrive(struct end *end, const uint8_t *bytes, size_t size, struct input *input,
                   weft_ns now)
{
    struct weft_mp_arrival arrival;
    uint32_t choice;

    if (weft_mp_arrived(end->mp, now, bytes, size, &arrival) != WEFT_MP_PLACE)
        return;
    weft_assert(arrival.offset + arrival.length <= arrival.message_bytes);
    weft_assert(arrival.bytes + arrival.length <= bytes + size);
    choice = draw(input, 8);
    if (choice == 0)
        weft_mp_overloaded(end->mp, now, &arrival);
    else if (choice == 1 && end->kept_count < KEPT)
        end->kept[end->kept_count++] = arrival;
    else
        (void)weft_mp_placed(end->mp, now, &arrival, choice == 2 ? weftInvalidUsage : weftSuccess);
}

static void deliver(struct end *end, struct input *input, weft_ns now)
{
    struct flight flight = end->flights[draw(input, FLIGHTS)];
    uint32_t changes = draw(input, 4) == 0 ? draw(input, 4) : 0;

    if (flight.size == 0)
        return;
    for (uint32_t i = 0; i < changes; i++)
        flight.bytes[draw(input, 96)] = (uint8_t)draw(input, 256);
    arrive(end, flight.bytes, flight.size, input, now);
}

static void lie(struct end *end, struct input *input, weft_ns now)
{
    struct flight flight = {.size = draw(input, LIE_MOST)};

    for (size_t i = 0; i < flight.size; i++)
        flight.bytes[i] = (uint8_t)draw(input, 256);
    arrive(end, flight.bytes, flight.size, input, now);
}

static void call(struct end ends[2], struct input *input, const struct weft_mp_config *config,
                 weft_ns *now)
{
    uint32_t side = draw(input, 2);
    struct end *end = &ends[side];

    switch (draw(input, 12)) {
    case 0:
        submit(end, input, config);
        break;
    case 1:
        lie(end, input, *now);
        break;
    case 2:
        *now += draw(input, 1 << 24);
        break;
    case 3:
        *now = weft_max(*now, weft_min(weft_mp_deadline(end->mp), *now + 10000000000));
        break;
    case 4:
        weft_mp_path_renewed(end->mp, *now, draw(input, config->path_count));
        break;
    case 5:
        weft_mp_group_told(end->mp, *now, draw(input, config->group_count), draw(input, 3) > 0);
        break;
    case 6:
        weft_mp_room(end->mp, draw(input, 100000));
        break;
    case 7:
        if (draw(input, 256) == 0)
            weft_mp_abort(end->mp, weftCancelled);
        break;
    case 8:
        if (end->kept_count > 0)
            (void)weft_mp_placed(end->mp, *now, &end->kept[--end->kept_count], weftSuccess);
        break;
    default:
        deliver(end, input, *now);
        break;
    }
    weft_mp_expire(end->mp, *now);
    send(end, &ends[1 - side], *now);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct input input = {bytes, size};
    struct weft_mp_config config;
    static struct end ends[2];
    weft_ns now = 0;

    check_head(bytes, size);
    weft_mp_defaults(&config);
    config.group_count = 1 + draw(&input, 4);
    config.path_count = config.group_count * (1 + draw(&input, 8));
    config.packet_bytes = WEFT_MP_PACKET_LEAST;
    config.unscheduled_bytes = 1 + draw(&input, 20000);
    for (uint32_t side = 0; side < 2; side++)
        open_end(&ends[side], &config);
    for (uint32_t calls = 0; input.left > 0 && calls < CALLS_MOST; calls++)
        call(ends, &input, &config, &now);
    for (uint32_t side = 0; side < 2; side++)
        free(ends[side].mp);
    return 0;
}
