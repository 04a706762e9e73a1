/* Windows of this comm that siblings have open: who may, and how it ends; see sibling.h. */
#include <string.h>

#include "log.h"
#include "peer_asked.h"
#include "sibling.h"
#include "sibling_message.h"

#define LOOK_REAL_NS 1000000u /* between two looks at processes that may be ending */

static struct weft_sibling_holder *take(struct weft_siblings *siblings)
{
    for (uint32_t i = 0; i < WEFT_SIBLING_HOLDERS_MAX; i++)
        if (!siblings->holders[i].used)
            return &siblings->holders[i];
    return NULL;
}

static void give(struct weft_siblings *siblings, struct weft_sibling_holder *holder)
{
    siblings->gone_count -= holder->is_gone;
    holder->used = false;
    holder->is_gone = false;
}

/* Fills what the ticket says beside its result. */
static weftResult_t export_window(struct weft_loop *loop, uint32_t window,
                                  struct weft_sibling_ticket *ticket)
{
    uint32_t index = loop->window_devices[window];
    const struct weft_device *device = &loop->machine->topo.devices[index];
    char why[256] = "";
    weftResult_t result = weft_machine_export(loop->machine, index, window, &ticket->ticket, why);

    ticket->kind = device->kind;
    ticket->numa_node = device->numa_node;
    weft_text_copy(ticket->bus, sizeof(ticket->bus), device->bus);
    weft_text_copy(ticket->why, sizeof(ticket->why), why);
    /* To who asks, weftInvalidArgument means that its key is no good. */
    return result == weftSuccess ? weftSuccess : weftInvalidUsage;
}

/* Gives the peer a ticket for a window that it may use; what the answer says. */
static void lend(struct weft_loop *loop, uint32_t peer, uint32_t id, uint32_t window,
                 struct weft_sibling_ticket *ticket)
{
    struct weft_siblings *siblings = loop->peers->siblings;
    struct weft_sibling_holder *holder = take(siblings);

    if (holder == NULL) {
        ticket->result = weftNoResource;
        weft_text_copy(ticket->why, sizeof(ticket->why), "its owner has lent too many windows");
        return;
    }
    ticket->result = export_window(loop, window, ticket);
    if (ticket->result == weftSuccess)
        *holder = (struct weft_sibling_holder){.used = true,
                                               .peer = peer,
                                               .id = id,
                                               .window = window,
                                               .process = siblings->processes[peer]};
}

void weft_holder_ask(struct weft_loop *loop, uint32_t peer, struct weft_reader *reader)
{
    uint32_t id = (uint32_t)weft_reader_number(reader, 4);
    struct weft_sibling_ticket ticket = {.result = weftInvalidArgument};
    uint8_t bytes[WEFT_SIBLING_MESSAGE_BYTES];
    struct weft_writer writer = weft_writer_of(bytes, sizeof(bytes));
    struct weft_net_remote remote;

    weft_peer_remote_read(reader, &remote);
    if (reader->failed)
        return;
    weft_text_copy(ticket.why, sizeof(ticket.why),
                   "the key's window was revoked or deregistered; ask its owner for a new key");
    if (weft_peer_is_exposed(loop, &remote, 0))
        lend(loop, peer, id, remote.window, &ticket);
    weft_sibling_ticket_write(&writer, id, &ticket);
    weft_sibling_say(loop, peer, &writer);
}

void weft_holder_returned(struct weft_loop *loop, uint32_t peer, uint32_t id)
{
    struct weft_siblings *siblings = loop->peers->siblings;

    for (uint32_t i = 0; i < WEFT_SIBLING_HOLDERS_MAX; i++) {
        struct weft_sibling_holder *holder = &siblings->holders[i];

        if (holder->used && !holder->is_gone && holder->peer == peer && holder->id == id)
            give(siblings, holder);
    }
}

/* A process that ends may copy to its last moment; one that goes on has closed its comm, and has
 * returned everything before. */
void weft_holders_gone(struct weft_loop *loop, uint32_t peer)
{
    struct weft_siblings *siblings = loop->peers->siblings;

    for (uint32_t i = 0; i < WEFT_SIBLING_HOLDERS_MAX; i++) {
        struct weft_sibling_holder *holder = &siblings->holders[i];

        if (!holder->used || holder->is_gone || holder->peer != peer)
            continue;
        holder->is_gone = true;
        siblings->gone_count++;
    }
}

static bool is_over(const struct weft_sibling_holder *holder)
{
    enum weft_process_life life = weft_process_look(&holder->process);

    return life == WEFT_PROCESS_OVER || (life == WEFT_PROCESS_RUNS && holder->is_gone);
}

/* Looks at those of a window, the net may be long in telling, or at those that are gone
 * (WEFT_NONE). */
static bool look(struct weft_loop *loop, uint32_t window, weft_ns now)
{
    struct weft_siblings *siblings = loop->peers->siblings;
    bool any = false;

    if (weft_clock_real(&loop->clock, now - siblings->looked_at) < LOOK_REAL_NS)
        return false;
    siblings->looked_at = now;
    for (uint32_t i = 0; i < WEFT_SIBLING_HOLDERS_MAX; i++) {
        struct weft_sibling_holder *holder = &siblings->holders[i];
        bool is_meant = window == WEFT_NONE ? holder->is_gone : holder->window == window;

        if (!holder->used || !is_meant || !is_over(holder))
            continue;
        give(siblings, holder);
        any = true;
    }
    return any;
}

bool weft_holders_poll(struct weft_loop *loop, weft_ns now)
{
    return look(loop, WEFT_NONE, now);
}

weftResult_t weft_command_recall(struct weft_loop *loop, struct weft_command *command, weft_ns now)
{
    struct weft_siblings *siblings = loop->peers->siblings;
    weftResult_t result = weftSuccess;

    (void)look(loop, command->window, now);
    for (uint32_t i = 0; i < WEFT_SIBLING_HOLDERS_MAX; i++) {
        const struct weft_sibling_holder *holder = &siblings->holders[i];
        uint8_t bytes[8];
        struct weft_writer writer = weft_writer_of(bytes, sizeof(bytes));

        if (!holder->used || holder->window != command->window)
            continue;
        result = weftInProgress;
        weft_format(loop->text, WEFT_LOOP_TEXT_BYTES, "process %u", holder->process.number);
        if (command->started || holder->is_gone)
            continue;
        weft_writer_number(&writer, WEFT_SIBLING_RECALL, 1);
        weft_writer_number(&writer, holder->id, 4);
        weft_sibling_say(loop, holder->peer, &writer);
    }
    return result;
}

void weft_holder_raise(struct weft_loop *loop, uint32_t peer, struct weft_reader *reader)
{
    uint32_t id = (uint32_t)weft_reader_number(reader, 4);
    weftResult_t result = weftInvalidUsage;
    struct weft_net_remote remote;
    struct weft_signal signal;

    weft_peer_remote_read(reader, &remote);
    signal.window = remote.window;
    signal.offset = weft_reader_number(reader, 8);
    signal.value = weft_reader_number(reader, 8);
    signal.op = weft_reader_number(reader, 1) == weftSignalAdd ? weftSignalAdd : weftSignalSet;
    if (reader->failed)
        return;
    /* The port checks where the word is. */
    if (weft_peer_is_exposed(loop, &remote, WEFT_RIGHT_SIGNAL))
        result = weft_loop_raise(loop, &signal);
    weft_peer_answer(loop, peer, WEFT_SIBLING_RAISED, id, result);
}
