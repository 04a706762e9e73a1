/* Queues; see tcp_queue.h. */
#include "tcp_queue.h"

/* Frames of a round, by class: deficit round robin in its simplest form. */
static const uint32_t round_frames[WEFT_NET_CLASSES] = {64, 4, 1};

void weft_tcp_queue_init(struct weft_tcp_queue *queue)
{
    *queue = (struct weft_tcp_queue){0};
    for (uint32_t i = 0; i < WEFT_NET_CLASSES; i++) {
        weft_list_init(&queue->copies[i]);
        weft_tcp_cut_init(&queue->cuts[i]);
    }
}

void weft_tcp_queue_append(struct weft_tcp_queue *queue, const struct weft_net_end *end,
                           uint32_t operation)
{
    weft_list_append(&queue->copies[weft_net_class_of(&end->operations[operation])], end->links,
                     operation);
    queue->count++;
}

static bool has_work(const struct weft_tcp_queue *queue, uint32_t class)
{
    return queue->cuts[class].operation != WEFT_NONE || queue->copies[class].count > 0;
}

static uint32_t class_next(struct weft_tcp_queue *queue)
{
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < WEFT_NET_CLASSES; i++)
            if (queue->turns[i] > 0 && has_work(queue, i))
                return i;
        for (uint32_t i = 0; i < WEFT_NET_CLASSES; i++)
            queue->turns[i] = round_frames[i];
    }
    return WEFT_NET_CLASSES;
}

struct weft_tcp_cut *weft_tcp_queue_next(struct weft_tcp_queue *queue,
                                         const struct weft_net_end *end)
{
    uint32_t class = class_next(queue);
    struct weft_tcp_cut *cut;

    if (class == WEFT_NET_CLASSES)
        return NULL;
    cut = &queue->cuts[class];
    if (cut->operation == WEFT_NONE) {
        weft_tcp_cut_begin(cut, end, queue->copies[class].first);
        weft_list_remove(&queue->copies[class], end->links, cut->operation);
        queue->count--;
    }
    return cut;
}

void weft_tcp_queue_turn(struct weft_tcp_queue *queue, const struct weft_tcp_cut *cut)
{
    queue->turns[cut - queue->cuts]--;
}

bool weft_tcp_queue_is_cutting(const struct weft_tcp_queue *queue)
{
    bool any = false;

    for (uint32_t i = 0; i < WEFT_NET_CLASSES; i++)
        any = any || queue->cuts[i].operation != WEFT_NONE;
    return any;
}

void weft_tcp_queue_drop(struct weft_tcp_queue *queue, struct weft_net_end *end)
{
    for (uint32_t i = 0; i < WEFT_NET_CLASSES; i++) {
        if (queue->cuts[i].operation != WEFT_NONE)
            weft_net_copy_lost(end, queue->cuts[i].operation, false);
        while (queue->copies[i].count > 0) {
            uint32_t operation = queue->copies[i].first;

            weft_list_remove(&queue->copies[i], end->links, operation);
            weft_net_operation_end(end, operation, weftRemoteError);
        }
    }
    weft_tcp_queue_init(queue);
}
