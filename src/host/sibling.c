/* Siblings: who is one, what they tell each other, and how one joins the world after all; see
 * sibling.h. */
#include "sibling.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "peer_join.h"
#include "sibling_message.h"

weftResult_t weft_siblings_open(struct weft_loop *loop, struct weft_peers *peers)
{
    struct weft_siblings *made = calloc(1, sizeof(*made));

    if (made != NULL)
        made->windows = calloc(loop->config.windows_max, sizeof(*made->windows));
    if (made == NULL || made->windows == NULL) {
        free(made);
        return weftSystemError;
    }
    weft_process_self(loop->machine->emulation.on ? loop->config.emu_machine : NULL, &made->self);
    if (weft_text_equal(loop->config.net_siblings, "net"))
        weft_process_hide(&made->self);
    peers->siblings = made;
    return weftSuccess;
}

void weft_siblings_close(struct weft_loop *loop)
{
    struct weft_siblings *siblings = loop->peers->siblings;

    if (siblings == NULL)
        return;
    /* What is still open is given back before the net ends: a peer that sees the end counts on it.
     */
    for (uint32_t i = 0; i < loop->config.windows_max; i++)
        (void)weft_sibling_window_remove(loop, i);
    free(siblings->windows);
    free(siblings);
    loop->peers->siblings = NULL;
}

/* ---- messages ---- */

static weftResult_t send_bytes(struct weft_loop *loop, uint32_t peer, const void *bytes,
                               size_t size)
{
    return loop->peers->ops->send(loop->peers->net, peer, bytes, size);
}

void weft_sibling_say(struct weft_loop *loop, uint32_t peer, const struct weft_writer *writer)
{
    struct weft_siblings *siblings = loop->peers->siblings;
    struct weft_sibling_late *late = &siblings->late[siblings->late_count];

    weft_assert(!writer->failed && writer->used <= WEFT_SIBLING_MESSAGE_BYTES);
    /* In turn with those that wait, so that none waits for ever. */
    if (siblings->late_count == 0 &&
        send_bytes(loop, peer, writer->bytes, writer->used) == weftSuccess)
        return;
    if (siblings->late_count == WEFT_SIBLING_LATE_MAX) {
        weft_log(WEFT_LOG_WARN, loop->noun, "peer %s: %u messages wait for its lanes, one is lost",
                 loop->peers->peers[peer].name, siblings->late_count);
        return;
    }
    late->peer = peer;
    late->size = (uint32_t)writer->used;
    memcpy(late->bytes, writer->bytes, writer->used);
    siblings->late_count++;
}

static bool send_late(struct weft_loop *loop)
{
    struct weft_siblings *siblings = loop->peers->siblings;
    uint32_t count = siblings->late_count;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < count; i++) {
        const struct weft_sibling_late *late = &siblings->late[i];

        if (send_bytes(loop, late->peer, late->bytes, late->size) == weftSuccess)
            continue;
        if (kept != i)
            siblings->late[kept] = *late;
        kept++;
    }
    siblings->late_count = kept;
    return kept < count;
}

/* The next peer of that number must not get them. */
static void drop_late(struct weft_siblings *siblings, uint32_t peer)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < siblings->late_count; i++)
        if (siblings->late[i].peer != peer)
            siblings->late[kept++] = siblings->late[i];
    siblings->late_count = kept;
}

/* ---- joining ---- */

bool weft_sibling_greet(struct weft_loop *loop, uint32_t index, const struct weft_net_event *event,
                        uint32_t server, struct weft_reader *reader)
{
    struct weft_siblings *siblings = loop->peers->siblings;
    struct weft_peer *peer = &loop->peers->peers[index];
    struct weft_process *process = &siblings->processes[index];
    const char *apart;

    siblings->is_sibling[index] = false;
    siblings->is_explained[index] = false;
    weft_process_read(process, reader);
    if (reader->failed || !weft_process_same_server(&siblings->self, process))
        return false;
    apart = weft_process_apart(&siblings->self, process);
    if (apart != NULL || event->size > WEFT_SIBLING_HELLO_BYTES) {
        weft_log(WEFT_LOG_INFO, loop->noun,
                 "process %u of this server is reached over the network: %s", process->number,
                 apart != NULL ? apart : "it says too much of itself");
        return false;
    }
    siblings->is_sibling[index] = true;
    siblings->hello_bytes[index] = (uint32_t)event->size;
    memcpy(siblings->hellos[index], event->bytes, event->size);
    weft_format(peer->name, sizeof(peer->name), "%u.%u.%u.%u/p%u", server >> 24,
                server >> 16 & 0xff, server >> 8 & 0xff, server & 0xff, process->number);
    for (uint32_t i = 0; i < WEFT_DEVICES_MAX; i++)
        peer->devices[i] = WEFT_NONE;
    peer->granted = true; /* it needs none */
    weft_peer_set_state(peer, WEFT_PEER_GREETED);
    weft_peer_set_state(peer, WEFT_PEER_READY);
    weft_log(WEFT_LOG_INFO, loop->noun,
             "peer %s: process %u of this server, windows are opened, not sent to", peer->name,
             process->number);
    return true;
}

static const char *join(struct weft_loop *loop, uint32_t index)
{
    const struct weft_siblings *siblings = loop->peers->siblings;
    struct weft_reader reader =
        weft_reader_of(siblings->hellos[index], siblings->hello_bytes[index]);

    return weft_peer_join(loop, index, &reader);
}

weftResult_t weft_sibling_go_far(struct weft_loop *loop, uint32_t index, char *why, size_t why_size)
{
    struct weft_peer *peer = &loop->peers->peers[index];
    uint8_t bytes[4];
    struct weft_writer writer = weft_writer_of(bytes, sizeof(bytes));
    const char *wrong;

    if (peer->place.server != 0)
        return weftInProgress;
    wrong = join(loop, index);
    if (wrong != NULL) {
        weft_format(why, why_size, "peer %s: %s", peer->name, wrong);
        return weftNoResource;
    }
    weft_writer_number(&writer, WEFT_SIBLING_FAR, 1);
    weft_sibling_say(loop, index, &writer);
    return weftInProgress;
}

static void take_far(struct weft_loop *loop, uint32_t index)
{
    const struct weft_peer *peer = &loop->peers->peers[index];
    const char *why = NULL;

    if (loop->peers->siblings->is_sibling[index] && peer->place.server == 0)
        why = join(loop, index);
    if (why != NULL)
        weft_log(WEFT_LOG_WARN, loop->noun, "peer %s: %s", peer->name, why);
}

void weft_sibling_gone(struct weft_loop *loop, uint32_t peer)
{
    struct weft_peers *peers = loop->peers;

    drop_late(peers->siblings, peer);
    weft_holders_gone(loop, peer);
    weft_sibling_windows_gone(loop, peer);
    peers->siblings->is_sibling[peer] = false;
}

bool weft_siblings_poll(struct weft_loop *loop, weft_ns now)
{
    struct weft_siblings *siblings = loop->peers->siblings;
    bool any = siblings->late_count > 0 && send_late(loop);

    if (siblings->recalled_count > 0)
        any |= weft_sibling_windows_poll(loop);
    if (siblings->gone_count > 0)
        any |= weft_holders_poll(loop, now);
    return any;
}

/* Whoever's net cannot address GPU memory asks the owner of a word there, between servers, too. */
static bool is_heard(const struct weft_loop *loop, uint32_t peer, uint64_t kind)
{
    return loop->peers->siblings->is_sibling[peer] || kind == WEFT_SIBLING_RAISE ||
           kind == WEFT_SIBLING_RAISED;
}

bool weft_sibling_message(struct weft_loop *loop, uint32_t peer, uint64_t kind,
                          struct weft_reader *reader)
{
    uint32_t id;

    if (kind < WEFT_SIBLING_ASK || kind > WEFT_SIBLING_WAKE)
        return false;
    if (!is_heard(loop, peer, kind))
        return true; /* it is none to us: it says so itself, and we believe our own eyes */
    if (kind == WEFT_SIBLING_WAKE)
        return true; /* that it came is all: whoever slept on the net is awake */
    if (kind == WEFT_SIBLING_FAR) {
        take_far(loop, peer);
        return true;
    }
    if (kind == WEFT_SIBLING_ASK || kind == WEFT_SIBLING_RAISE) {
        if (kind == WEFT_SIBLING_ASK)
            weft_holder_ask(loop, peer, reader);
        else
            weft_holder_raise(loop, peer, reader);
        return true;
    }
    id = (uint32_t)weft_reader_number(reader, 4);
    if (reader->failed)
        return true;
    switch (kind) {
    case WEFT_SIBLING_TICKET:
        weft_sibling_ticket_came(loop, peer, id, reader);
        break;
    case WEFT_SIBLING_RECALL:
        weft_sibling_recalled(loop, peer, id);
        break;
    case WEFT_SIBLING_RETURNED:
        weft_holder_returned(loop, peer, id);
        break;
    default:
        weft_sibling_raised(loop, peer, id, reader);
    }
    return true;
}
