/* Agents; see agent.h. */
#include "agent.h"

#define NUMBER_MAX (UINT64_MAX >> 1) /* of incarnations and sequences: one can be gone past */

void weft_agent_init(struct weft_agent *agent, uint64_t name, uint64_t incarnation,
                     weft_ns own_gap_ns, weft_ns peer_gap_ns)
{
    weft_assert(incarnation > 0);
    weft_assert(incarnation < NUMBER_MAX);
    agent->own_gap_ns = own_gap_ns;
    agent->peer_gap_ns = peer_gap_ns;
    agent->wake_at = WEFT_NEVER;
    agent->origins[WEFT_AGENT_SELF].name = name;
    agent->origins[WEFT_AGENT_SELF].version.incarnation = incarnation;
}

bool weft_agent_is_newer(struct weft_agent_version a, struct weft_agent_version b)
{
    if (a.incarnation != b.incarnation)
        return a.incarnation > b.incarnation;
    return a.sequence > b.sequence;
}

uint32_t weft_agent_find(const struct weft_agent *agent, uint64_t name)
{
    for (uint32_t i = 0; i < WEFT_AGENT_ORIGINS_MAX; i++)
        if (agent->origins[i].version.incarnation != 0 && agent->origins[i].name == name)
            return i;
    return WEFT_NONE;
}

/* ---- what is known ---- */

bool weft_agent_say(struct weft_agent *agent, const void *bytes, uint32_t size_bytes, weft_ns now)
{
    struct weft_agent_origin *self = &agent->origins[WEFT_AGENT_SELF];

    weft_assert(size_bytes <= WEFT_AGENT_BYTES_MAX);
    if (now < agent->own_at)
        return false;
    memcpy(self->bytes, bytes, size_bytes);
    self->size_bytes = size_bytes;
    self->version.sequence++;
    agent->own_at = weft_add_sat(now, agent->own_gap_ns);
    agent->wake_at = weft_min(agent->wake_at, now);
    return true;
}

void weft_agent_join(struct weft_agent *agent, uint32_t peer, weft_ns now)
{
    weft_assert(peer < WEFT_AGENT_PEERS_MAX);
    for (uint32_t i = 0; i < WEFT_AGENT_ORIGINS_MAX; i++)
        agent->origins[i].known[peer] = (struct weft_agent_version){0, 0};
    agent->peers[peer] = (struct weft_agent_peer){true, now};
    agent->wake_at = weft_min(agent->wake_at, now);
}

void weft_agent_leave(struct weft_agent *agent, uint32_t peer)
{
    weft_assert(peer < WEFT_AGENT_PEERS_MAX);
    agent->peers[peer].is_here = false;
}

/* A place for an origin that is new here: a free one, which was never heard, or the least recently
 * heard. */
static uint32_t make_room(struct weft_agent *agent, uint64_t name)
{
    uint32_t best = WEFT_AGENT_SELF + 1;

    for (uint32_t i = best; i < WEFT_AGENT_ORIGINS_MAX; i++)
        if (agent->origins[i].heard < agent->origins[best].heard)
            best = i;
    agent->origins[best].name = name;
    agent->origins[best].version = (struct weft_agent_version){0, 0};
    memset(agent->origins[best].known, 0, sizeof(agent->origins[best].known));
    return best;
}

/* Somebody has another record of this agent than it says itself. */
static void go_past(struct weft_agent *agent, struct weft_agent_version heard, weft_ns now)
{
    struct weft_agent_version *own = &agent->origins[WEFT_AGENT_SELF].version;

    if (!weft_agent_is_newer(heard, *own))
        return;
    own->incarnation = heard.incarnation + 1;
    own->sequence = own->sequence > 0; /* what was not said yet is not told */
    agent->wake_at = weft_min(agent->wake_at, now);
}

static void keep(struct weft_agent *agent, uint32_t place, const struct weft_agent_record *record,
                 weft_ns now)
{
    struct weft_agent_origin *origin = &agent->origins[place];

    origin->version = record->version;
    origin->size_bytes = record->size_bytes;
    memcpy(origin->bytes, record->bytes, record->size_bytes);
    agent->wake_at = weft_min(agent->wake_at, now);
}

enum weft_agent_news weft_agent_hear(struct weft_agent *agent, uint32_t peer,
                                     const struct weft_agent_record *record, weft_ns now,
                                     uint32_t *origin)
{
    uint32_t place = weft_agent_find(agent, record->name);
    enum weft_agent_news news = WEFT_AGENT_SAME;

    weft_assert(peer < WEFT_AGENT_PEERS_MAX);
    weft_assert(record->size_bytes <= WEFT_AGENT_BYTES_MAX);
    if (place == WEFT_NONE)
        place = make_room(agent, record->name);
    if (weft_agent_is_newer(record->version, agent->origins[place].known[peer]))
        agent->origins[place].known[peer] = record->version;
    agent->origins[place].heard = ++agent->heard_count;
    if (place == WEFT_AGENT_SELF) {
        go_past(agent, record->version, now);
        return WEFT_AGENT_OWN;
    }
    if (weft_agent_is_newer(agent->origins[place].version, record->version)) {
        agent->dropped_count++;
        /* Who tells old news is to have the new ones. */
        agent->wake_at = weft_min(agent->wake_at, now);
        return WEFT_AGENT_OLD;
    }
    if (weft_agent_is_newer(record->version, agent->origins[place].version)) {
        keep(agent, place, record, now);
        news = WEFT_AGENT_NEW;
    }
    *origin = place;
    return news;
}

/* ---- who is told ---- */

static uint32_t untold(const struct weft_agent *agent, uint32_t peer)
{
    for (uint32_t i = 0; i < WEFT_AGENT_ORIGINS_MAX; i++) {
        const struct weft_agent_origin *origin = &agent->origins[i];

        if (origin->version.incarnation != 0 && origin->version.sequence != 0 &&
            weft_agent_is_newer(origin->version, origin->known[peer]))
            return i;
    }
    return WEFT_NONE;
}

bool weft_agent_next(struct weft_agent *agent, weft_ns now, uint32_t *peer, uint32_t *origin)
{
    weft_ns wake_at = WEFT_NEVER;

    if (now < agent->wake_at)
        return false;
    for (uint32_t i = 0; i < WEFT_AGENT_PEERS_MAX; i++) {
        uint32_t place = agent->peers[i].is_here ? untold(agent, i) : WEFT_NONE;

        if (place == WEFT_NONE)
            continue;
        if (now >= agent->peers[i].next_at) {
            *peer = i;
            *origin = place;
            return true;
        }
        wake_at = weft_min(wake_at, agent->peers[i].next_at);
    }
    agent->wake_at = wake_at;
    return false;
}

void weft_agent_postpone(struct weft_agent *agent, uint32_t peer, weft_ns now)
{
    weft_assert(peer < WEFT_AGENT_PEERS_MAX);
    agent->peers[peer].next_at = weft_add_sat(now, agent->peer_gap_ns);
}

void weft_agent_told(struct weft_agent *agent, uint32_t peer, uint32_t origin, weft_ns now)
{
    weft_agent_postpone(agent, peer, now);
    agent->origins[origin].known[peer] = agent->origins[origin].version;
}

/* ---- messages ---- */

void weft_agent_write(const struct weft_agent_origin *origin, struct weft_writer *writer)
{
    weft_writer_number(writer, origin->name, 8);
    weft_writer_number(writer, origin->version.incarnation, 8);
    weft_writer_number(writer, origin->version.sequence, 8);
    weft_writer_number(writer, origin->size_bytes, 4);
    weft_writer_bytes(writer, origin->bytes, origin->size_bytes);
}

bool weft_agent_read(struct weft_agent_record *record, struct weft_reader *reader)
{
    record->name = weft_reader_number(reader, 8);
    record->version.incarnation = weft_reader_number(reader, 8);
    record->version.sequence = weft_reader_number(reader, 8);
    record->size_bytes = (uint32_t)weft_reader_number(reader, 4);
    if (reader->failed || record->version.incarnation == 0 || record->version.sequence == 0 ||
        record->version.incarnation >= NUMBER_MAX || record->version.sequence >= NUMBER_MAX ||
        record->size_bytes > WEFT_AGENT_BYTES_MAX)
        return false;
    record->bytes = weft_reader_take(reader, record->size_bytes);
    return !reader->failed && reader->used == reader->size;
}
