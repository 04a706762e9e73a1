/* Windows of siblings as this comm has them: asked for, opened, recalled, closed; see sibling.h. */
#include <string.h>

#include "loads.h"
#include "log.h"
#include "sibling.h"
#include "sibling_message.h"

static const unsigned next_states[WEFT_SIBLING_STATES] = {
    [WEFT_SIBLING_NONE] = 1u << WEFT_SIBLING_ASKED,
    [WEFT_SIBLING_ASKED] = 1u << WEFT_SIBLING_GIVEN | 1u << WEFT_SIBLING_NONE,
    [WEFT_SIBLING_GIVEN] = 1u << WEFT_SIBLING_OPEN | 1u << WEFT_SIBLING_NONE,
    [WEFT_SIBLING_OPEN] = 1u << WEFT_SIBLING_RECALLED | 1u << WEFT_SIBLING_CLOSED,
    [WEFT_SIBLING_RECALLED] = 1u << WEFT_SIBLING_CLOSED,
    [WEFT_SIBLING_CLOSED] = 1u << WEFT_SIBLING_NONE,
};

static void set_state(struct weft_siblings *siblings, struct weft_sibling_window *window,
                      enum weft_sibling_state state)
{
    weft_assert((next_states[window->state] >> state & 1u) != 0);
    siblings->recalled_count += state == WEFT_SIBLING_RECALLED;
    siblings->recalled_count -= window->state == WEFT_SIBLING_RECALLED;
    window->state = state;
}

static void say_returned(struct weft_loop *loop, uint32_t peer, uint32_t id)
{
    uint8_t bytes[8];
    struct weft_writer writer = weft_writer_of(bytes, sizeof(bytes));

    if (!loop->peers->siblings->is_sibling[peer])
        return; /* it is gone */
    weft_writer_number(&writer, WEFT_SIBLING_RETURNED, 1);
    weft_writer_number(&writer, id, 4);
    weft_sibling_say(loop, peer, &writer);
}

static struct weft_sibling_window *find(struct weft_loop *loop, uint32_t peer, uint32_t id,
                                        uint32_t *index)
{
    struct weft_siblings *siblings = loop->peers->siblings;

    for (uint32_t i = 0; i < loop->relay_first; i++)
        if (siblings->windows[i].state != WEFT_SIBLING_NONE && siblings->windows[i].peer == peer &&
            siblings->windows[i].id == id) {
            *index = i;
            return &siblings->windows[i];
        }
    return NULL;
}

/* ---- opening ---- */

/* This server's device that the owner means; what it numbers need not be numbered so here. */
static uint32_t find_device(const struct weft_machine *machine,
                            const struct weft_sibling_ticket *ticket)
{
    for (uint32_t i = 0; i < machine->topo.device_count; i++) {
        const struct weft_device *device = &machine->topo.devices[i];

        if (machine->memory_ports[i] != WEFT_NONE && device->kind == ticket->kind &&
            (ticket->kind == weftDeviceGpu ? weft_text_equal(device->bus, ticket->bus)
                                           : device->numa_node == ticket->numa_node))
            return i;
    }
    return WEFT_NONE;
}

static void ask(struct weft_loop *loop, uint32_t index, uint32_t peer,
                const struct weft_net_remote *remote)
{
    struct weft_siblings *siblings = loop->peers->siblings;
    struct weft_sibling_window *window = &siblings->windows[index];
    uint8_t bytes[64];
    struct weft_writer writer = weft_writer_of(bytes, sizeof(bytes));

    *window = (struct weft_sibling_window){.peer = peer, .id = siblings->next_id++};
    set_state(siblings, window, WEFT_SIBLING_ASKED);
    weft_writer_number(&writer, WEFT_SIBLING_ASK, 1);
    weft_writer_number(&writer, window->id, 4);
    weft_peer_remote_write(&writer, remote);
    weft_sibling_say(loop, peer, &writer);
}

/* Of an earlier call that waited in vain: should its ticket come, it is returned then. */
static void abandon(struct weft_loop *loop, uint32_t index)
{
    struct weft_siblings *siblings = loop->peers->siblings;
    struct weft_sibling_window *window = &siblings->windows[index];

    if (window->state == WEFT_SIBLING_GIVEN)
        say_returned(loop, window->peer, window->id);
    if (window->state != WEFT_SIBLING_NONE)
        set_state(siblings, window, WEFT_SIBLING_NONE);
}

weftResult_t weft_sibling_open(struct weft_loop *loop, struct weft_command *command, uint32_t peer)
{
    struct weft_peers *peers = loop->peers;
    struct weft_sibling_window *window = &peers->siblings->windows[command->window];

    if (!command->is_asked) {
        struct weft_net_remote remote = weft_peers_remote(command->key);

        abandon(loop, command->window);
        ask(loop, command->window, peer, &remote);
        peers->sources[command->window] = (struct weft_peers_import){true, peer, remote};
        command->is_asked = true;
        return weftInProgress;
    }
    if (window->state == WEFT_SIBLING_ASKED && !window->is_refused)
        return weftInProgress;
    if (window->state == WEFT_SIBLING_GIVEN) {
        command->ticket = window->ticket;
        command->device = window->device;
        command->is_sibling = true;
        return weftSuccess;
    }
    weft_text_copy(loop->text, WEFT_LOOP_TEXT_BYTES, window->why);
    weft_sibling_give_up(loop, command->window);
    return window->is_recalled ? weftInvalidArgument : weftInvalidUsage;
}

void weft_sibling_ticket_came(struct weft_loop *loop, uint32_t peer, uint32_t id,
                              struct weft_reader *reader)
{
    struct weft_siblings *siblings = loop->peers->siblings;
    struct weft_sibling_ticket ticket;
    uint32_t index;
    struct weft_sibling_window *window = find(loop, peer, id, &index);

    if (!weft_sibling_ticket_read(reader, &ticket))
        return;
    if (window == NULL || window->state != WEFT_SIBLING_ASKED || window->is_recalled) {
        if (ticket.result == weftSuccess)
            say_returned(loop, peer, id);
        return;
    }
    if (ticket.result == weftSuccess)
        window->device = find_device(loop->machine, &ticket);
    if (ticket.result == weftSuccess && window->device != WEFT_NONE) {
        window->ticket = ticket.ticket;
        set_state(siblings, window, WEFT_SIBLING_GIVEN);
        return;
    }
    if (ticket.result == weftSuccess) {
        say_returned(loop, peer, id);
        weft_text_copy(ticket.why, sizeof(ticket.why), "this process does not see its device");
    }
    weft_text_copy(window->why, sizeof(window->why), ticket.why);
    window->is_refused = true;
    window->is_recalled = ticket.result == weftInvalidArgument;
}

void weft_sibling_give_up(struct weft_loop *loop, uint32_t index)
{
    abandon(loop, index);
    loop->peers->sources[index].used = false;
}

/* ---- the end ---- */

static void recall(struct weft_loop *loop, uint32_t index)
{
    struct weft_sibling_window *window = &loop->peers->siblings->windows[index];
    weft_ns now = weft_clock_now(&loop->clock);
    struct weft_event event = {
        .kind = WEFT_EVENT_REVOKE,
        .window = index,
        .deadline_at = weft_add_sat(now, loop->config.abort_ms * WEFT_NS_PER_MS),
    };

    set_state(loop->peers->siblings, window, WEFT_SIBLING_RECALLED);
    weft_engine_event(loop->engine, &event, now);
    weft_peers_window_revoke(loop, index);
}

/* Needs: nothing of this comm uses the window. */
static void close_window(struct weft_loop *loop, uint32_t index)
{
    struct weft_peers *peers = loop->peers;
    struct weft_sibling_window *window = &peers->siblings->windows[index];

    peers->ops->window_remove(peers->net, index);
    peers->ops->window_remove(peers->net, peers->landing_first + index);
    weft_machine_window_remove(loop->machine, index, window->device);
    weft_machine_import_end(loop->machine, window->device, window->base);
    say_returned(loop, window->peer, window->id);
    set_state(peers->siblings, window, WEFT_SIBLING_CLOSED);
}

void weft_sibling_recalled(struct weft_loop *loop, uint32_t peer, uint32_t id)
{
    uint32_t index;
    struct weft_sibling_window *window = find(loop, peer, id, &index);

    if (window == NULL || window->state == WEFT_SIBLING_CLOSED) {
        say_returned(loop, peer, id);
        return;
    }
    if (window->state == WEFT_SIBLING_ASKED) {
        weft_text_copy(window->why, sizeof(window->why),
                       "the window is being revoked; ask its owner for a new key");
        window->is_refused = true;
        say_returned(loop, peer, id);
    }
    window->is_recalled = true;
    if (window->state == WEFT_SIBLING_OPEN)
        recall(loop, index);
}

void weft_sibling_windows_gone(struct weft_loop *loop, uint32_t peer)
{
    struct weft_siblings *siblings = loop->peers->siblings;

    for (uint32_t i = 0; i < loop->relay_first; i++) {
        struct weft_sibling_window *window = &siblings->windows[i];

        if (window->state == WEFT_SIBLING_NONE || window->peer != peer)
            continue;
        window->is_recalled = true;
        if (window->state == WEFT_SIBLING_ASKED)
            set_state(siblings, window, WEFT_SIBLING_NONE);
        else if (window->state == WEFT_SIBLING_OPEN)
            recall(loop, i);
    }
}

bool weft_sibling_windows_poll(struct weft_loop *loop)
{
    struct weft_siblings *siblings = loop->peers->siblings;
    bool any = false;

    for (uint32_t i = 0; i < loop->relay_first; i++) {
        if (siblings->windows[i].state != WEFT_SIBLING_RECALLED ||
            !weft_engine_window_idle(loop->engine, i) || weft_peers_window_used(loop, i))
            continue;
        close_window(loop, i);
        any = true;
    }
    return any;
}

bool weft_sibling_window_remove(struct weft_loop *loop, uint32_t index)
{
    struct weft_sibling_window *window = &loop->peers->siblings->windows[index];

    if (window->state == WEFT_SIBLING_OPEN || window->state == WEFT_SIBLING_RECALLED)
        close_window(loop, index);
    if (window->state != WEFT_SIBLING_CLOSED)
        return false;
    set_state(loop->peers->siblings, window, WEFT_SIBLING_NONE);
    return true;
}

weftResult_t weft_command_sibling_drop(struct weft_loop *loop, struct weft_command *command,
                                       weft_ns now)
{
    (void)now;
    if (loop->peers->siblings->windows[command->window].state != WEFT_SIBLING_NONE)
        weft_sibling_give_up(loop, command->window);
    return weftSuccess;
}

weftResult_t weft_command_sibling_opened(struct weft_loop *loop, struct weft_command *command,
                                         weft_ns now)
{
    struct weft_sibling_window *window = &loop->peers->siblings->windows[command->window];

    (void)now;
    window->base = command->base;
    set_state(loop->peers->siblings, window, WEFT_SIBLING_OPEN);
    /* Its handle is good, as that of any window that was revoked since. */
    if (window->is_recalled)
        recall(loop, command->window);
    return weftSuccess;
}

/* ---- signals ---- */

/* Adding to a word of a GPU is a read and a write, which two processes must not do at once. */
bool weft_sibling_raises(const struct weft_loop *loop, const struct weft_signal *signal)
{
    return loop->peers != NULL && signal->op == weftSignalAdd &&
           loop->peers->siblings->windows[signal->window].state != WEFT_SIBLING_NONE &&
           loop->topo->devices[loop->window_devices[signal->window]].kind == weftDeviceGpu;
}

weftResult_t weft_sibling_raise(struct weft_loop *loop, uint32_t index)
{
    const struct weft_peers *peers = loop->peers;
    const struct weft_signal *signal = &peers->stores[index].signal;
    const struct weft_peers_import *to = &peers->sources[signal->window];
    uint8_t bytes[96];
    struct weft_writer writer = weft_writer_of(bytes, sizeof(bytes));

    weft_writer_number(&writer, WEFT_SIBLING_RAISE, 1);
    weft_writer_number(&writer, index, 4);
    weft_peer_remote_write(&writer, &to->remote);
    weft_writer_number(&writer, signal->offset, 8);
    weft_writer_number(&writer, signal->value, 8);
    weft_writer_number(&writer, (uint64_t)signal->op, 1);
    return peers->ops->send(peers->net, to->peer, bytes, writer.used);
}

void weft_sibling_raised(struct weft_loop *loop, uint32_t peer, uint32_t id,
                         struct weft_reader *reader)
{
    const struct weft_peers_store *store;
    uint64_t result = weft_reader_number(reader, 1);

    if (reader->failed || id >= WEFT_PEERS_STORES_MAX || result >= weftNumResults ||
        result == weftInProgress)
        return;
    store = &loop->peers->stores[id];
    if (store->sent && weft_peers_owner_raises(loop, &store->signal) &&
        loop->peers->sources[store->signal.window].peer == peer)
        weft_peers_store_ended(loop, id, (weftResult_t)result);
}

void weft_sibling_wake(struct weft_loop *loop, uint32_t number)
{
    struct weft_peers *peers = loop->peers;
    const struct weft_sibling_window *window = &peers->siblings->windows[number];
    uint8_t bytes[1];
    struct weft_writer writer = weft_writer_of(bytes, sizeof(bytes));

    if (window->state != WEFT_SIBLING_OPEN ||
        (loop->loads != NULL &&
         !weft_loads_sleeps(loop->loads, &peers->siblings->processes[window->peer])))
        return;
    weft_writer_number(&writer, WEFT_SIBLING_WAKE, 1);
    /* Without a lane, or room in it, the sleeper looks by itself a little later. */
    (void)peers->ops->send(peers->net, window->peer, bytes, writer.used);
}
