/* The sender's log: the sequences that were sent and of which not all before were acked.
 *
 *     FREE -- sent --> OUT <-- sent again -- LOST
 *       ^               |  \---- taken for lost --^ |
 *       |             acked                        | acked: it was only late
 *       +-- all before --- ACKED <-----------------+
 *
 * OUT: in its path's list, in the order of sending. LOST: in its group's list of what is to be sent
 * again. A sequence is the same bytes of the same message however often it is sent; each sending
 * has a number of its own. */
#ifndef WEFT_MP_SENT_H
#define WEFT_MP_SENT_H

#include "mp_path.h"
#include "mp_window.h"

enum weft_mp_sent_state {
    WEFT_MP_SENT_FREE,
    WEFT_MP_SENT_OUT,
    WEFT_MP_SENT_LOST,
    WEFT_MP_SENT_ACKED,
    WEFT_MP_SENT_STATES
};

struct weft_mp_sent_packet {
    enum weft_mp_sent_state state;
    uint32_t path;  /* of the last sending */
    uint32_t group; /* in whose window, or list of lost ones, it is */
    uint32_t slot;  /* of its message */
    uint32_t offset;
    uint32_t length;
    uint32_t wire_bytes; /* what it takes of a window */
    uint32_t tries;
    uint32_t before; /* the path of the sending before; WEFT_NONE: this is the first */
    bool has_own_head;
    bool by_order;   /* LOST because later ones came: if it comes after all, it was only late */
    uint64_t number; /* of the last sending */
    uint64_t order;  /* on its path */
    weft_ns sent_at;
    struct weft_mp_window_mark mark;
};

struct weft_mp_sent {
    struct weft_mp_sent_packet packets[WEFT_MP_PACKETS]; /* sequence mod WEFT_MP_PACKETS */
    struct weft_list_link links[WEFT_MP_PACKETS];
    uint64_t floor; /* all below were acked */
    uint64_t next;
};

void weft_mp_sent_init(struct weft_mp_sent *sent);

static inline struct weft_mp_sent_packet *weft_mp_sent_at(struct weft_mp_sent *sent,
                                                          uint64_t sequence)
{
    return &sent->packets[sequence % WEFT_MP_PACKETS];
}

/* Sent and not yet below the floor. */
static inline bool weft_mp_sent_has(const struct weft_mp_sent *sent, uint64_t sequence)
{
    return sequence >= sent->floor && sequence < sent->next;
}

/* The receiver may not remember another one. */
bool weft_mp_sent_full(const struct weft_mp_sent *sent);

/* Of the packet in the list of lost ones it stands in, or of a new one (FREE, at `next`), that is
 * sent on a path now; `as` has path, group, number, sent_at and mark, of a new one all but the
 * rest. */
void weft_mp_sent_out(struct weft_mp_sent *sent, uint64_t sequence, struct weft_mp_path *path);

/* It goes from its path to the list of lost ones. */
void weft_mp_sent_lost(struct weft_mp_sent *sent, uint64_t sequence, struct weft_mp_path *path,
                       struct weft_list *lost);

/* It leaves the list that it is in: its path's, or that of the lost ones. The floor moves. */
void weft_mp_sent_acked(struct weft_mp_sent *sent, uint64_t sequence, struct weft_list *list);

/* The oldest packet of the path counts as lost: enough later ones, or one so much later, came. Then
 * its sequence; else WEFT_MP_NO_SEQUENCE, and when to look again (WEFT_NEVER: when acks come). */
uint64_t weft_mp_sent_find_lost(const struct weft_mp_sent *sent, const struct weft_mp_path *path,
                                weft_ns patience_ns, weft_ns now, weft_ns *look_at);

/* The sequence of an entry. */
uint64_t weft_mp_sent_sequence(const struct weft_mp_sent *sent, uint32_t index);

#endif
