/* The embedded agent of a comm: what this server says of itself, what others say of themselves, and
 * how the plan follows. See peer_agent.h and core/agent.h.
 *
 * A record is
 *     comm 8 | address 160, without its secret | condition | description
 * and says of itself in full what its server is, so that who passes it on need not understand it.
 * The plan believes of a peer's links only what that peer itself has said over its own lanes. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/hash.h"
#include "../core/wire.h"
#include "agent_name.h"
#include "log.h"
#include "peer_agent.h"
#include "peers.h"

#define OWN_GAP_REAL_NS  20000000u
#define PEER_GAP_REAL_NS 1000000u

_Static_assert(WEFT_AGENT_PEERS_MAX >= WEFT_PEERS_MAX, "the agent knows every peer");
_Static_assert(WEFT_AGENT_BYTES_MAX >=
                   8 + WEFT_NET_ADDRESS_BYTES + WEFT_CONDITION_BYTES_MAX + WEFT_DESCRIPTION_BYTES,
               "a record has room for all");
_Static_assert(WEFT_AGENT_BYTES_MAX + WEFT_AGENT_HEAD_BYTES < WEFT_NET_HELLO_BYTES,
               "a record is one message");

bool weft_peers_agent_open(const struct weft_loop *loop, struct weft_peers *peers)
{
    uint64_t name;

    peers->name_fd = -1;
    peers->agent = calloc(1, sizeof(*peers->agent));
    if (peers->agent == NULL)
        return false;
    name = weft_agent_name_take(loop->machine->server, peers->incarnation, &peers->name_fd);
    weft_agent_init(peers->agent, name, weft_agent_name_born_ns(),
                    OWN_GAP_REAL_NS / loop->clock.dilation,
                    PEER_GAP_REAL_NS / loop->clock.dilation);
    peers->record_due = true;
    return true;
}

void weft_peers_agent_close(struct weft_peers *peers)
{
    if (peers->agent != NULL && peers->name_fd >= 0)
        (void)close(peers->name_fd);
    free(peers->agent);
    peers->agent = NULL;
}

/* ---- what this server says ---- */

static void tell_engine(struct weft_loop *loop, uint32_t link, uint64_t rate)
{
    struct weft_event event = {
        .kind = WEFT_EVENT_LINK_RATE, .link = link, .rate_bytes_per_us = rate};

    weft_engine_event(loop->engine, &event, weft_clock_now(&loop->clock));
}

static void link_changed(struct weft_loop *loop, uint32_t link, uint64_t rate)
{
    struct weft_peers *peers = loop->peers;
    uint32_t number = weft_description_link(&peers->world.topo, link);

    if (number == WEFT_NONE || !weft_condition_set(&peers->condition, number, rate,
                                                   peers->world.topo.links[link].rate_bytes_per_us))
        return;
    peers->record_due = true;
    tell_engine(loop, link, rate);
}

void weft_peers_nic_rates(struct weft_loop *loop, uint32_t number, uint64_t out_rate,
                          uint64_t in_rate)
{
    const struct weft_world *world = &loop->peers->world;
    uint32_t nic = weft_world_nic(world, 0, number);
    uint32_t out = nic == WEFT_NONE ? WEFT_NONE : weft_world_nic_link(world, nic);

    if (out == WEFT_NONE)
        return;
    link_changed(loop, out, out_rate);
    link_changed(loop, world->topo.links[out].reverse, in_rate);
}

void weft_peers_nic_again(struct weft_loop *loop, uint32_t number)
{
    const struct weft_peers *peers = loop->peers;
    uint32_t nic = weft_world_nic(&peers->world, 0, number);
    uint32_t out = nic == WEFT_NONE ? WEFT_NONE : weft_world_nic_link(&peers->world, nic);
    uint64_t rate;

    if (out == WEFT_NONE)
        return;
    rate = weft_condition_rate(&peers->condition, weft_description_link(&peers->world.topo, out),
                               peers->world.topo.links[out].rate_bytes_per_us);
    if (rate > 0)
        tell_engine(loop, out, rate);
}

/* Of the net's address, what others may know. */
static void write_address(const struct weft_peers *peers, struct weft_writer *writer)
{
    uint8_t bytes[WEFT_NET_ADDRESS_BYTES] = {0};
    struct weft_wire_address address;

    if (weft_wire_get_address(peers->address, &address)) {
        memset(address.secret, 0, sizeof(address.secret));
        (void)weft_wire_put_address(bytes, &address);
    }
    weft_writer_bytes(writer, bytes, sizeof(bytes));
}

static void say(struct weft_loop *loop, weft_ns now)
{
    struct weft_peers *peers = loop->peers;
    struct weft_writer writer;

    writer = weft_writer_of(peers->record, sizeof(peers->record));
    weft_writer_number(&writer, peers->incarnation, 8);
    write_address(peers, &writer);
    weft_condition_write(&peers->condition, &writer);
    weft_writer_bytes(&writer, peers->hello, peers->hello_size);
    weft_assert(!writer.failed);
    peers->record_due = !weft_agent_say(peers->agent, peers->record, (uint32_t)writer.used, now);
}

/* ---- what is told ---- */

void weft_peers_agent_poll(struct weft_loop *loop, weft_ns now)
{
    struct weft_peers *peers = loop->peers;
    uint32_t peer;
    uint32_t origin;

    if (peers->record_due && now >= peers->agent->own_at)
        say(loop, now);
    while (weft_agent_next(peers->agent, now, &peer, &origin)) {
        struct weft_writer writer;

        writer = weft_writer_of(peers->message, sizeof(peers->message));
        weft_writer_number(&writer, WEFT_PEER_AGENT, 1);
        weft_agent_write(&peers->agent->origins[origin], &writer);
        weft_assert(!writer.failed);
        if (peers->ops->send(peers->net, peer, peers->message, writer.used) == weftSuccess)
            weft_agent_told(peers->agent, peer, origin, now);
        else
            weft_agent_postpone(peers->agent, peer, now);
    }
}

weft_ns weft_peers_agent_at(const struct weft_peers *peers)
{
    return peers->record_due ? weft_min(peers->agent->own_at, peers->agent->wake_at)
                             : peers->agent->wake_at;
}

/* ---- what is heard ---- */

/* The parts of a record; false: they are none. */
static bool read_head(const struct weft_agent_origin *origin, struct weft_reader *reader,
                      uint64_t *comm, uint8_t address[WEFT_NET_ADDRESS_BYTES],
                      struct weft_condition *condition)
{
    *reader = weft_reader_of(origin->bytes, origin->size_bytes);
    *comm = weft_reader_number(reader, 8);
    weft_reader_bytes(reader, address, WEFT_NET_ADDRESS_BYTES);
    return weft_condition_read(condition, reader) && !reader->failed;
}

static void follow(struct weft_loop *loop, struct weft_peer *peer,
                   const struct weft_condition *condition)
{
    const struct weft_topo *topo = &loop->peers->world.topo;

    for (uint32_t i = 0; i < peer->place.link_count; i++) {
        uint32_t link = peer->place.first_link + i;
        uint64_t described = topo->links[link].rate_bytes_per_us;
        uint64_t rate = weft_condition_rate(condition, i, described);

        if (rate != weft_condition_rate(&peer->condition, i, described))
            tell_engine(loop, link, rate);
    }
    peer->condition = *condition;
    weft_log(WEFT_LOG_INFO, loop->noun, "peer %s: %u links are not as described", peer->name,
             condition->count);
}

void weft_peers_links_anew(struct weft_loop *loop, struct weft_peer *peer)
{
    const struct weft_topo *topo = &loop->peers->world.topo;

    peer->condition.count = 0;
    for (uint32_t i = 0; i < peer->place.link_count; i++) {
        uint32_t link = peer->place.first_link + i;

        tell_engine(loop, link, topo->links[link].rate_bytes_per_us);
    }
}

void weft_peer_heard(struct weft_loop *loop, uint32_t index, struct weft_reader *reader)
{
    struct weft_peers *peers = loop->peers;
    struct weft_peer *peer = &peers->peers[index];
    uint8_t address[WEFT_NET_ADDRESS_BYTES];
    struct weft_condition condition;
    struct weft_agent_record record;
    enum weft_agent_news news;
    struct weft_reader parts;
    uint32_t origin;
    uint64_t comm;

    if ((peer->state != WEFT_PEER_GREETED && peer->state != WEFT_PEER_READY) ||
        !weft_agent_read(&record, reader))
        return;
    news = weft_agent_hear(peers->agent, index, &record, weft_clock_now(&loop->clock), &origin);
    if (news != WEFT_AGENT_NEW && news != WEFT_AGENT_SAME)
        return;
    if (read_head(&peers->agent->origins[origin], &parts, &comm, address, &condition) &&
        comm == peer->incarnation)
        follow(loop, peer, &condition);
}

/* ---- for people ---- */

static void add_addresses(struct weft_text *text, const uint8_t bytes[WEFT_NET_ADDRESS_BYTES])
{
    struct weft_wire_address address;
    const char *between = "";

    weft_text_add(text, "\"nics\":[");
    if (weft_wire_get_address(bytes, &address))
        for (uint32_t i = 0; i < address.nic_count; i++) {
            const uint8_t *ip = address.nics[i].ip;

            if (!address.nics[i].is_v6)
                weft_text_format(text, "%s\"%u.%u.%u.%u:%u\"", between, ip[0], ip[1], ip[2], ip[3],
                                 address.nics[i].port);
            between = ",";
        }
    weft_text_char(text, ']');
}

static void add_server(struct weft_loop *loop, struct weft_text *text, uint32_t place)
{
    struct weft_peers *peers = loop->peers;
    const struct weft_agent_origin *origin = &peers->agent->origins[place];
    struct weft_description *description = &peers->description;
    uint8_t address[WEFT_NET_ADDRESS_BYTES];
    struct weft_condition condition;
    struct weft_reader reader;
    uint64_t comm;
    bool is_peer = false;

    if (!read_head(origin, &reader, &comm, address, &condition) ||
        weft_description_read(description, &reader) != NULL)
        return;
    for (uint32_t i = 0; i < WEFT_PEERS_MAX; i++)
        is_peer |= peers->peers[i].state == WEFT_PEER_READY && peers->peers[i].incarnation == comm;
    weft_text_format(text,
                     "%s{\"server\":\"%u.%u.%u.%u\",\"is_self\":%s,\"is_peer\":%s,"
                     "\"incarnation\":%llu,\"sequence\":%llu,\"devices\":%u,\"links_changed\":%u,",
                     text->at[text->used - 1] == '[' ? "" : ",", description->server >> 24,
                     description->server >> 16 & 0xff, description->server >> 8 & 0xff,
                     description->server & 0xff, place == WEFT_AGENT_SELF ? "true" : "false",
                     is_peer ? "true" : "false", (unsigned long long)origin->version.incarnation,
                     (unsigned long long)origin->version.sequence, description->topo.device_count,
                     condition.count);
    add_addresses(text, address);
    weft_text_char(text, '}');
}

void weft_peers_report(struct weft_loop *loop, struct weft_text *text)
{
    weft_text_add(text, "\"servers\":[");
    for (uint32_t i = 0; i < WEFT_AGENT_ORIGINS_MAX; i++)
        if (loop->peers->agent->origins[i].version.sequence != 0)
            add_server(loop, text, i);
    weft_text_char(text, ']');
}
