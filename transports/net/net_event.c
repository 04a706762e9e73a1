/* The ring of events, and what of a peer's state is to be told; see net_event.h. */
#include <stdlib.h>
#include <string.h>

#include "net_end.h"

#define ALIGN 8

/* In the ring: this, then the event's bytes or extents. A record never wraps: where the end of the
 * ring is too short there is a gap. */
struct record {
    uint64_t total_bytes; /* with what follows, rounded up */
    uint64_t session;     /* of the peer: events of one that was closed are dropped */
    uint64_t conceals;    /* of a forward's windows, then: after another one it is none any more */
    bool is_gap;
    struct weft_net_event event;
};

weftResult_t weft_net_events_init(struct weft_net_events *events)
{
    events->bytes = malloc(WEFT_NET_EVENT_BYTES);
    return events->bytes == NULL ? weftSystemError : weftSuccess;
}

void weft_net_events_fini(struct weft_net_events *events)
{
    free(events->bytes);
    events->bytes = NULL;
}

bool weft_net_events_wait(const struct weft_net_events *events)
{
    return events->used > events->lent;
}

static struct record *record_at(struct weft_net_events *events, size_t at)
{
    return (struct record *)(void *)(events->bytes + at);
}

static bool room_for(const struct weft_net_events *events, size_t bytes)
{
    return WEFT_NET_EVENT_BYTES - events->used >= bytes;
}

static uint64_t conceals_of(const struct weft_net_end *end, const struct weft_net_event *event)
{
    return event->kind != WEFT_NET_FORWARD ? 0
                                           : end->windows[event->dst_window].conceal_count +
                                                 end->windows[event->src_window].conceal_count;
}

void *weft_net_event_push(struct weft_net_end *end, const struct weft_net_event *event, size_t size)
{
    struct weft_net_events *events = &end->events;
    size_t bytes = (sizeof(struct record) + size + ALIGN - 1) / ALIGN * ALIGN;
    size_t to_end = WEFT_NET_EVENT_BYTES - events->tail;
    struct record *record;

    if (to_end < bytes) {
        if (!room_for(events, to_end + bytes))
            return NULL;
        if (to_end >= sizeof(struct record))
            *record_at(events, events->tail) = (struct record){.is_gap = true};
        events->used += to_end;
        events->tail = 0;
    }
    if (!room_for(events, bytes))
        return NULL;
    record = record_at(events, events->tail);
    *record = (struct record){.total_bytes = bytes,
                              .session = weft_net_peer_at(end, event->peer)->session,
                              .conceals = conceals_of(end, event),
                              .event = *event};
    events->tail = (events->tail + bytes) % WEFT_NET_EVENT_BYTES;
    events->used += bytes;
    weft_net_peer_at(end, event->peer)->event_count++;
    return record + 1;
}

/* The oldest record, past a gap; NULL when there is none. */
static struct record *front(struct weft_net_events *events)
{
    size_t to_end = WEFT_NET_EVENT_BYTES - events->head;

    if (events->used == 0)
        return NULL;
    if (to_end < sizeof(struct record) || record_at(events, events->head)->is_gap) {
        events->used -= to_end;
        events->head = 0;
    }
    return events->used == 0 ? NULL : record_at(events, events->head);
}

static void drop_front(struct weft_net_events *events, size_t bytes)
{
    events->head = (events->head + bytes) % WEFT_NET_EVENT_BYTES;
    events->used -= bytes;
}

/* What the user is to be told of a peer's state next; what it was told when that is all. */
static enum weft_net_told due(const struct weft_net_peer *peer)
{
    if (peer->state == WEFT_NET_PEER_STATE_FREE)
        return peer->told;
    if (peer->told == WEFT_NET_TOLD_NOTHING && peer->was_up)
        return WEFT_NET_TOLD_UP;
    if (peer->state == WEFT_NET_PEER_STATE_UP)
        return WEFT_NET_TOLD_UP;
    if (peer->state == WEFT_NET_PEER_STATE_GONE)
        return WEFT_NET_TOLD_GONE;
    return peer->is_overdue ? WEFT_NET_TOLD_DOWN : peer->told;
}

static void tell(struct weft_net_end *end, struct weft_net_peer *peer, enum weft_net_told what,
                 struct weft_net_event *event)
{
    *event = (struct weft_net_event){.peer = weft_net_peer_number(end, peer),
                                     .incarnation = peer->incarnation,
                                     .lane_count = peer->lane_count,
                                     .nic_count = peer->address.nic_count,
                                     .why = ""};
    peer->told = what;
    if (what == WEFT_NET_TOLD_UP) {
        event->kind = WEFT_NET_PEER_UP;
        event->bytes = peer->hello;
        event->size = peer->hello_bytes;
        return;
    }
    event->kind = WEFT_NET_PEER_DOWN;
    event->why = peer->why;
    event->is_gone = what == WEFT_NET_TOLD_GONE;
    event->is_orderly = event->is_gone && peer->is_orderly;
}

/* A change of a peer's state, if one is to be told now. */
static bool news(struct weft_net_end *end, struct weft_net_event *event)
{
    bool later = false;

    for (uint32_t i = 0; end->has_news && i < end->env.peers_max; i++) {
        struct weft_net_peer *peer = weft_net_peer_at(end, i);
        enum weft_net_told what = due(peer);

        if (what == peer->told)
            continue;
        if (what != WEFT_NET_TOLD_UP && peer->event_count > 0) {
            later = true;
            continue;
        }
        tell(end, peer, what, event);
        return true;
    }
    end->has_news = later;
    return false;
}

bool weft_net_event_next(struct weft_net *net, struct weft_net_event *event)
{
    struct weft_net_end *end = weft_net_end_of(net);
    struct weft_net_events *events = &end->events;

    if (events->lent > 0)
        drop_front(events, events->lent);
    events->lent = 0;
    if (news(end, event))
        return true;
    for (struct record *record = front(events); record != NULL; record = front(events)) {
        struct weft_net_peer *peer = weft_net_peer_at(end, record->event.peer);

        if (record->session != peer->session) {
            drop_front(events, record->total_bytes);
            continue;
        }
        peer->event_count--;
        /* Whoever concealed a window has been promised that nothing happens to it any more. */
        if (record->conceals != conceals_of(end, &record->event)) {
            weft_net_answer(net, record->event.peer, record->event.request, weftInvalidUsage);
            drop_front(events, record->total_bytes);
            continue;
        }
        *event = record->event;
        event->bytes = record + 1;
        event->extents = (const struct weft_extent *)(const void *)(record + 1);
        events->lent = record->total_bytes;
        return true;
    }
    /* The last message of a peer may have been what its end waited for. */
    return news(end, event);
}
