/* The copies of a lane that are not begun, or not whole, in three classes that take turns by
 * frames: small ones hardly wait for large ones, and those that only borrow the NIC wait for those
 * that it is nearest to. No class waits for ever. */
#ifndef WEFT_TCP_QUEUE_H
#define WEFT_TCP_QUEUE_H

#include "base/list.h"
#include "net/net_class.h"
#include "tcp_cut.h"

struct weft_tcp_queue {
    uint32_t count; /* copies that are not begun */
    struct weft_list copies[WEFT_NET_CLASSES];
    struct weft_tcp_cut cuts[WEFT_NET_CLASSES]; /* those that were begun */
    uint32_t turns[WEFT_NET_CLASSES];           /* frames that each may send in this round */
    struct weft_tcp_cut *open; /* whose frame's payload goes on in the next batch, or NULL */
};

void weft_tcp_queue_init(struct weft_tcp_queue *queue);
void weft_tcp_queue_append(struct weft_tcp_queue *queue, const struct weft_net_end *end,
                           uint32_t operation);
/* The cut whose turn it is, begun where it was not; NULL: there are no copies. It has taken its
 * turn when its next frame is written. */
struct weft_tcp_cut *weft_tcp_queue_next(struct weft_tcp_queue *queue,
                                         const struct weft_net_end *end);
void weft_tcp_queue_turn(struct weft_tcp_queue *queue, const struct weft_tcp_cut *cut);
/* A copy was begun and is not whole. */
bool weft_tcp_queue_is_cutting(const struct weft_tcp_queue *queue);
/* The lane is dead: what was not begun of copies cannot be on its way. */
void weft_tcp_queue_drop(struct weft_tcp_queue *queue, struct weft_net_end *end);

#endif
