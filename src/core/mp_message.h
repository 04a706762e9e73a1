/* A message that is being sent, and the table of them. Its place in the table is its slot on the
 * wire, too: the receiver needs no search.
 *
 *     READY <--- granted --- BLOCKED        READY: it has bytes that may be sent
 *       |  \---- no leave ----^             BLOCKED: it waits for the receiver's leave
 *       | all sent                          SENT: all its bytes were sent, not all were acked
 *       v                                   ENDED: the owner will be told
 *      SENT --- all acked ---> ENDED --- told ---> FREE
 *
 * (abort: from every state but FREE to ENDED.) */
#ifndef WEFT_MP_MESSAGE_H
#define WEFT_MP_MESSAGE_H

#include "../base/list.h"
#include "../base/pool.h"
#include "mp.h"

enum weft_mp_message_state {
    WEFT_MP_MESSAGE_FREE,
    WEFT_MP_MESSAGE_READY,
    WEFT_MP_MESSAGE_BLOCKED,
    WEFT_MP_MESSAGE_SENT,
    WEFT_MP_MESSAGE_ENDED,
    WEFT_MP_MESSAGE_STATES
};

struct weft_mp_message {
    enum weft_mp_message_state state;
    uint32_t queue; /* group * WEFT_MP_CLASSES + class, or the last for GROUP_ANY */
    uint32_t own_head_bytes;
    uint32_t size_bytes;
    uint32_t sent_bytes;    /* cut into packets so far */
    uint32_t allowed_bytes; /* may be sent */
    uint32_t packets;       /* of it, cut and not acked */
    bool is_known;          /* a packet was acked: its own head is there */
    weftResult_t result;
    uint64_t id;
    uint64_t cookie;
};

/* A queue for each group and class, and one for those that may take any group. */
#define WEFT_MP_QUEUES    (WEFT_MP_GROUPS_MAX * WEFT_MP_CLASSES + 1)
#define WEFT_MP_QUEUE_ANY (WEFT_MP_QUEUES - 1)

struct weft_mp_messages {
    struct weft_mp_message table[WEFT_MP_MESSAGES];
    struct weft_list_link links[WEFT_MP_MESSAGES];
    uint32_t free_memory[WEFT_MP_MESSAGES];
    struct weft_pool free;
    struct weft_list ready[WEFT_MP_QUEUES];
    uint32_t turns[WEFT_MP_QUEUES]; /* packets that it may send in this round of its group */
    struct weft_list blocked;
    struct weft_list ended;
    uint64_t next_id;
};

void weft_mp_messages_init(struct weft_mp_messages *messages);

/* READY. WEFT_NONE when the table is full. */
uint32_t weft_mp_message_add(struct weft_mp_messages *messages, const struct weft_mp_message *as);

/* The READY message of a group, or of WEFT_MP_GROUP_ANY, whose turn it is; WEFT_NONE: there is
 * none. It has taken its turn when it is cut. */
uint32_t weft_mp_message_next(const struct weft_mp_messages *messages, uint32_t group);

/* A packet of so many bytes was cut off a READY message. */
void weft_mp_message_cut(struct weft_mp_messages *messages, uint32_t slot, uint32_t bytes);

/* A packet of it was acked. */
void weft_mp_message_acked(struct weft_mp_messages *messages, uint32_t slot);

/* The receiver's leave; an old or a wrong one changes nothing. */
void weft_mp_message_granted(struct weft_mp_messages *messages,
                             const struct weft_mp_wire_grant *grant);

void weft_mp_message_end(struct weft_mp_messages *messages, uint32_t slot, weftResult_t result);

/* The first that ended and was not told, with what it was; it is FREE then. False: none. */
bool weft_mp_message_told(struct weft_mp_messages *messages, struct weft_mp_message *was);

const char *weft_mp_message_state_name(enum weft_mp_message_state state);

#endif
