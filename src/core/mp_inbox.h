/* Messages that are coming in, by the sender's slot, and the leave that they get.
 *
 * A message of one packet leaves no trace here. Of another, the first `unscheduled` bytes come
 * unasked; the rest is let in while there is room, the messages with least left first, several at
 * a time, since a sender may be busy elsewhere. What is let in is told again with every ack until
 * it has come: a lost ack costs nothing. */
#ifndef WEFT_MP_INBOX_H
#define WEFT_MP_INBOX_H

#include "../base/list.h"
#include "mp.h"

struct weft_mp_incoming {
    uint64_t message; /* its id; 0: none was here yet */
    uint32_t size_bytes;
    uint32_t taken_bytes;
    uint32_t placed_bytes;
    uint32_t allowed_bytes;
};

struct weft_mp_inbox {
    struct weft_mp_incoming table[WEFT_MP_MESSAGES];
    struct weft_list_link links[WEFT_MP_MESSAGES];
    struct weft_list scheduled; /* of which something has to be let in, or was and is not here */
    uint32_t open_count;        /* of more than a packet, begun and not complete */
    uint64_t unscheduled_bytes;
    uint64_t room_bytes;
    uint64_t packet_bytes; /* leave is for so much at least, but for a message's end */
};

void weft_mp_inbox_init(struct weft_mp_inbox *inbox, const struct weft_mp_config *config);

/* May this packet be of an honest sender's message? Changes nothing. */
bool weft_mp_inbox_fits(const struct weft_mp_inbox *inbox, const struct weft_mp_wire_data *data);

/* Its bytes are on their way to their place. It must fit. True: it is the first of its message. */
bool weft_mp_inbox_take(struct weft_mp_inbox *inbox, const struct weft_mp_wire_data *data);

/* Of a packet that was taken: `length` bytes of the message in `slot` are not placed after all. */
void weft_mp_inbox_untake(struct weft_mp_inbox *inbox, uint32_t slot, uint32_t length,
                          uint64_t message_bytes);

/* When they are, all of the message is. */
bool weft_mp_inbox_completes(const struct weft_mp_inbox *inbox, uint32_t slot, uint32_t length,
                             uint64_t message_bytes);

/* They are. True: all of the message is. */
bool weft_mp_inbox_placed(struct weft_mp_inbox *inbox, uint32_t slot, uint32_t length,
                          uint64_t message_bytes);

/* How much may be let in and not be here: a packet at least. */
void weft_mp_inbox_room(struct weft_mp_inbox *inbox, uint64_t room_bytes);

/* Lets in what there is room for, and writes the ack's grants. */
void weft_mp_inbox_grant(struct weft_mp_inbox *inbox, struct weft_mp_wire_ack *ack);

#endif
