/* What siblings tell each other; RAISE and RAISED go between servers, too, for words of GPUs.
 *
 *     ASK       id, window as its key says                   may I open it?
 *     TICKET    id, result, device kind, NUMA node, bus, ticket, why
 *     RECALL    id                                           use it no more
 *     RETURNED  id                                           nothing here touches it any more
 *     FAR                                                    join the world: a window goes by net
 *     RAISE     id, window as its key says, offset, value, operation
 *     RAISED    id, result
 *     WAKE                                                   a word there has changed: look
 *
 * An id is the asker's. Messages overtake each other, so each is good alone: a RECALL of what was
 * never given is answered at once, a TICKET that nobody waits for is returned. */
#ifndef WEFT_SIBLING_MESSAGE_H
#define WEFT_SIBLING_MESSAGE_H

#include "peer_message.h"

enum weft_sibling_message_kind {
    WEFT_SIBLING_ASK = 16,
    WEFT_SIBLING_TICKET,
    WEFT_SIBLING_RECALL,
    WEFT_SIBLING_RETURNED,
    WEFT_SIBLING_FAR,
    WEFT_SIBLING_RAISE,
    WEFT_SIBLING_RAISED,
    WEFT_SIBLING_WAKE,
};

#define WEFT_SIBLING_BUS_BYTES 32

struct weft_sibling_ticket {
    weftResult_t result;
    weftDeviceKind_t kind;
    int numa_node;
    char bus[WEFT_SIBLING_BUS_BYTES];
    struct weft_ticket ticket;
    char why[160]; /* of a bad result */
};

static inline void weft_sibling_ticket_write(struct weft_writer *writer, uint32_t id,
                                             const struct weft_sibling_ticket *ticket)
{
    weft_writer_number(writer, WEFT_SIBLING_TICKET, 1);
    weft_writer_number(writer, id, 4);
    weft_writer_number(writer, (uint64_t)ticket->result, 1);
    weft_writer_number(writer, (uint64_t)ticket->kind, 1);
    weft_writer_number(writer, (uint64_t)((int64_t)ticket->numa_node + 1), 2);
    weft_writer_bytes(writer, ticket->bus, sizeof(ticket->bus));
    weft_writer_bytes(writer, ticket->ticket.bytes, sizeof(ticket->ticket.bytes));
    weft_writer_bytes(writer, ticket->why, sizeof(ticket->why));
}

/* Behind the id. False: the bytes are none. */
static inline bool weft_sibling_ticket_read(struct weft_reader *reader,
                                            struct weft_sibling_ticket *ticket)
{
    uint64_t result = weft_reader_number(reader, 1);
    uint64_t kind = weft_reader_number(reader, 1);

    ticket->numa_node = (int)weft_reader_number(reader, 2) - 1;
    weft_reader_bytes(reader, ticket->bus, sizeof(ticket->bus));
    weft_reader_bytes(reader, ticket->ticket.bytes, sizeof(ticket->ticket.bytes));
    weft_reader_bytes(reader, ticket->why, sizeof(ticket->why));
    ticket->bus[sizeof(ticket->bus) - 1] = '\0';
    ticket->why[sizeof(ticket->why) - 1] = '\0';
    ticket->result = (weftResult_t)result;
    ticket->kind = (weftDeviceKind_t)kind;
    return !reader->failed && result < weftNumResults && result != weftInProgress &&
           kind < weftNumDeviceKinds;
}

#endif
