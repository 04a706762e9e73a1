/* Links and what is on its way over them. */
#include "net.h"

#include <stdlib.h>

#define PARTS 10000

static bool draw(struct mpsim_link *link, uint32_t of_10000)
{
    return of_10000 > 0 && weft_prng_below(&link->prng, PARTS) < of_10000;
}

void mpsim_net_init(struct mpsim_net *net, uint32_t group_count, uint32_t packet_bytes,
                    uint64_t seed)
{
    *net = (struct mpsim_net){
        .group_count = group_count, .packet_bytes = packet_bytes, .wrap_bytes = MPSIM_WRAP_BYTES};
    weft_prng_init(&net->prng, seed);
    for (uint32_t side = 0; side < 2; side++)
        for (uint32_t i = 0; i < WEFT_MP_GROUPS_MAX; i++)
            weft_prng_init(&net->links[side][i].prng, weft_prng_next(&net->prng));
}

void mpsim_net_fini(struct mpsim_net *net)
{
    for (uint32_t i = 0; i < net->flight_count; i++)
        free(net->flights[i].bytes);
    free(net->flights);
    *net = (struct mpsim_net){.group_count = 0};
}

static bool is_before(const struct mpsim_flight *a, const struct mpsim_flight *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

void mpsim_net_add(struct mpsim_net *net, const struct mpsim_flight *flight)
{
    uint32_t place = net->flight_count++;
    struct mpsim_flight added = *flight;

    if (net->flight_count > net->flight_room) {
        net->flight_room = net->flight_room == 0 ? 1024 : net->flight_room * 2;
        net->flights = realloc(net->flights, net->flight_room * sizeof(*net->flights));
        weft_assert(net->flights != NULL);
    }
    added.order = net->order++;
    while (place > 0 && is_before(&added, &net->flights[(place - 1) / 2])) {
        net->flights[place] = net->flights[(place - 1) / 2];
        place = (place - 1) / 2;
    }
    net->flights[place] = added;
}

weft_ns mpsim_net_next_at(const struct mpsim_net *net)
{
    return net->flight_count == 0 ? WEFT_NEVER : net->flights[0].at;
}

struct mpsim_flight mpsim_net_take(struct mpsim_net *net)
{
    struct mpsim_flight first = net->flights[0];
    struct mpsim_flight last = net->flights[--net->flight_count];
    uint32_t place = 0;

    for (;;) {
        uint32_t child = 2 * place + 1;

        if (child + 1 < net->flight_count &&
            is_before(&net->flights[child + 1], &net->flights[child]))
            child++;
        if (child >= net->flight_count || !is_before(&net->flights[child], &last))
            break;
        net->flights[place] = net->flights[child];
        place = child;
    }
    net->flights[place] = last;
    return first;
}

/* What goes wrong with the packet; MPSIM_MET_KINDS: nothing. */
static enum mpsim_met fate_of(struct mpsim_link *link, uint32_t path)
{
    if (link->is_silent || (link->deaf_paths[path / 64] >> (path % 64) & 1) != 0)
        return MPSIM_MET_SILENT;
    if (link->burst_left > 0) {
        link->burst_left--;
        return MPSIM_MET_LOST;
    }
    if (link->loss_every > 0 && link->came_packets % link->loss_every == 0)
        return MPSIM_MET_LOST;
    if (draw(link, link->loss)) {
        if (link->is_burst)
            link->burst_left = (uint32_t)weft_prng_below(&link->prng, MPSIM_BURST_MOST);
        return MPSIM_MET_LOST;
    }
    return draw(link, link->corrupt) ? MPSIM_MET_CORRUPT : MPSIM_MET_KINDS;
}

static void carry(struct mpsim_net *net, const struct mpsim_flight *as, const void *bytes,
                  bool is_corrupt, weft_ns at)
{
    struct mpsim_flight flight = *as;

    flight.at = at;
    flight.bytes = malloc(flight.size);
    weft_assert(flight.bytes != NULL);
    memcpy(flight.bytes, bytes, flight.size);
    if (is_corrupt)
        flight.bytes[weft_prng_below(&net->prng, flight.size)] ^=
            (uint8_t)(1u << weft_prng_below(&net->prng, 8));
    mpsim_net_add(net, &flight);
}

/* How long the queue is when it is full, of the largest packets. */
static weft_ns queue_ns(const struct mpsim_net *net, const struct mpsim_link *link)
{
    uint64_t bits = link->queue_packets * (net->packet_bytes + net->wrap_bytes) * 8;

    return link->rate_bits_per_ms == 0 ? WEFT_NEVER : bits * 1000000 / link->rate_bits_per_ms;
}

void mpsim_net_send(struct mpsim_net *net, weft_ns now, uint32_t side, uint32_t path, uint32_t port,
                    const void *bytes, size_t size)
{
    struct mpsim_link *link = &net->links[side][path % net->group_count];
    struct mpsim_flight flight = {
        .kind = MPSIM_PACKET, .side = 1 - side, .port = port, .size = size};
    uint64_t bits = (size + net->wrap_bytes) * 8;
    enum mpsim_met fate;
    weft_ns took_ns = 0;
    weft_ns at;

    link->came_packets++;
    if (link->rate_bits_per_ms > 0)
        took_ns = bits * 1000000 / link->rate_bits_per_ms;
    if (link->queue_packets > 0 && weft_sub_sat(link->busy_until, now) > queue_ns(net, link)) {
        link->met[MPSIM_MET_FULL]++;
        return;
    }
    link->busy_until = weft_max(link->busy_until, now) + took_ns;
    fate = fate_of(link, path);
    if (fate != MPSIM_MET_KINDS)
        link->met[fate]++;
    if (fate != MPSIM_MET_KINDS && (fate != MPSIM_MET_CORRUPT || !net->is_flipping))
        return;
    link->carried_packets++;
    link->carried_bytes += size + net->wrap_bytes;
    at = link->busy_until + link->latency_ns;
    if (link->jitter_ns > 0)
        at += weft_prng_below(&link->prng, link->jitter_ns);
    if (draw(link, link->early)) {
        link->met[MPSIM_MET_EARLY]++;
        at = link->busy_until;
    }
    carry(net, &flight, bytes, fate == MPSIM_MET_CORRUPT, at);
    if (draw(link, link->twice)) {
        link->met[MPSIM_MET_TWICE]++;
        carry(net, &flight, bytes, fate == MPSIM_MET_CORRUPT,
              at + weft_prng_below(&link->prng, link->latency_ns + 1000));
    }
}
