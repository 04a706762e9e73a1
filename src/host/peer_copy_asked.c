/* Copies between two other comms, as the ones that they go between see them: who has the bytes
 * writes them, and where they land it is told what can land no more. See peer_copy.h. */
#include "log.h"
#include "peer_copy.h"
#include "peer_gone.h"
#include "share.h"
#include "sibling.h"

#include <string.h>

/* So many comms are dialled at once because others want copies there: who may read a window here
 * must not fill this comm's places for peers with addresses at which nobody answers. */
#define DIALS_MAX 2

static bool too_many_dials(const struct weft_peers *peers, uint64_t incarnation)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < WEFT_PEERS_MAX; i++)
        count += peers->peers[i].state == WEFT_PEER_REACHING &&
                 peers->peers[i].incarnation != incarnation;
    return count >= DIALS_MAX;
}

static weftResult_t begin(struct weft_loop *loop, uint32_t peer, struct weft_reader *reader,
                          uint32_t *id)
{
    struct weft_peers *peers = loop->peers;
    struct weft_slot_asker asker = {.kind = WEFT_ASKED_COPY, .peer = peer};
    struct weft_window_key key = {0};
    struct weft_peer_copy_head head;
    char why[256] = "";
    uint32_t to;
    weftResult_t result;

    weft_peer_copy_read(reader, &head);
    *id = head.fetch.id;
    if (reader->failed || head.incarnation == 0 || head.incarnation == peers->incarnation)
        return weftInvalidArgument;
    /* Messages overtake each other: its grant is still to come. */
    if (peers->peers[peer].state != WEFT_PEER_READY)
        return weftNoResource;
    /* Nobody else makes this comm call strangers. */
    if (!weft_peer_is_exposed(loop, &head.fetch.src, WEFT_RIGHT_READ))
        return weftInvalidUsage;
    if (too_many_dials(peers, head.incarnation))
        return weftInProgress;
    key.incarnation = head.incarnation;
    memcpy(key.address, head.address, sizeof(key.address));
    result = weft_peer_reach(loop, &key, why, sizeof(why), &to);
    /* A sibling is in the world only where its windows are reached as another server's are. */
    if (result == weftSuccess && peers->siblings->is_sibling[to] &&
        peers->peers[to].place.server == 0)
        result = weft_sibling_go_far(loop, to, why, sizeof(why));
    if (result != weftSuccess && result != weftInProgress)
        weft_log(WEFT_LOG_WARN, loop->noun, "a copy that peer %s wants goes nowhere: %s",
                 peers->peers[peer].name, why);
    /* No place for one more peer, which waiting does not mend. */
    if (result == weftNoResource || result == weftInvalidArgument)
        result = weftRemoteError;
    WEFT_TRY(result);
    asker.id = head.fetch.id;
    asker.left_ns = weft_max(head.left_ns / loop->clock.dilation, 1);
    return weft_peer_write(loop, &asker, to, &head.fetch, reader);
}

void weft_copy_asked(struct weft_loop *loop, uint32_t peer, struct weft_reader *reader)
{
    uint32_t id = 0;
    weftResult_t begun = begin(loop, peer, reader, &id);

    if (begun != weftSuccess)
        weft_peer_answer(loop, peer, WEFT_PEER_COPIED, id, begun);
}

/* Of a peer's copies the one it calls `id`, or all where `any`. */
static void stop(struct weft_loop *loop, uint32_t peer, bool any, uint32_t id)
{
    const struct weft_peers *peers = loop->peers;

    for (uint32_t i = peers->asked.first; i != WEFT_NONE; i = peers->asked_links[i].next) {
        const struct weft_slot_asker *asker = &loop->slots.slots[i].asker;

        if (asker->kind == WEFT_ASKED_COPY && asker->peer == peer && (any || asker->id == id))
            weft_peer_asked_stop(loop, i);
    }
}

void weft_copy_stopped(struct weft_loop *loop, uint32_t peer, struct weft_reader *reader)
{
    uint32_t id = (uint32_t)weft_reader_number(reader, 4);

    /* One that has ended is answered already, or is not asked for yet: it is said again. */
    if (!reader->failed)
        stop(loop, peer, false, id);
}

void weft_copy_asker_gone(struct weft_loop *loop, uint32_t peer)
{
    stop(loop, peer, true, 0);
}

void weft_copy_settle_asked(struct weft_loop *loop, uint32_t peer, struct weft_reader *reader)
{
    uint32_t id = (uint32_t)weft_reader_number(reader, 4);
    uint64_t incarnation = weft_reader_number(reader, 8);
    weftResult_t result = weftSuccess;

    if (reader->failed)
        return;
    /* Of a peer whose end is known all connections are closed, and what came into relays before may
     * be on its way from there; who never greeted never wrote. */
    for (uint32_t i = 0; i < WEFT_PEERS_MAX; i++) {
        const struct weft_peer *other = &loop->peers->peers[i];

        if (other->incarnation == incarnation &&
            (other->state == WEFT_PEER_GREETED || other->state == WEFT_PEER_READY ||
             !weft_peer_is_still(loop, i)))
            result = weftInProgress;
    }
    weft_peer_answer(loop, peer, WEFT_PEER_COPIED, id, result);
}
