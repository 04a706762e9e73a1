/* Copies: lanes, their streams, and what has ended.
 *
 * What always holds: a cookie that flies is in the list of exactly one queue, a queue with flying
 * cookies is in `busy`, and behind every copy its cookie's event was recorded (or the cookie says
 * that it was not). Chained copies have streams of their own: while one waits for another lane, the
 * plain copies of this one go on. */
#include "cuda_port.h"

#define TO(state) (1u << WEFT_CUDA_COOKIE_##state)

static const unsigned cookie_next_states[WEFT_CUDA_COOKIE_STATES] = {
    [WEFT_CUDA_COOKIE_FREE] = TO(FLYING),
    [WEFT_CUDA_COOKIE_FLYING] = TO(ENDED) | TO(FREE), /* to FREE: its lane is closed */
    [WEFT_CUDA_COOKIE_ENDED] = TO(FREE),
};

static void cookie_set_state(struct weft_cuda_cookie *cookie, enum weft_cuda_cookie_state state)
{
    weft_assert((cookie_next_states[cookie->state] >> state & 1u) != 0);
    cookie->state = state;
}

static struct weft_cuda_queue *queue_of(struct weft_cuda_port *port, uint32_t lane, uint32_t index)
{
    return &port->queues[lane * WEFT_CUDA_QUEUES + index];
}

/* Takes the oldest cookie off its queue. */
static uint32_t queue_take(struct weft_cuda_port *port, struct weft_cuda_queue *queue)
{
    uint32_t index = queue->flying.first;

    weft_list_remove(&queue->flying, port->links, index);
    queue->extent_count -= port->cookies[index].extent_count;
    cookie_set_state(&port->cookies[index], WEFT_CUDA_COOKIE_FREE);
    return index;
}

/* Forgets what nobody polled for. */
static void queue_drop(struct weft_cuda_port *port, struct weft_cuda_queue *queue)
{
    if (queue->flying.count == 0)
        return;
    while (queue->flying.count > 0)
        queue_take(port, queue);
    weft_list_remove(&port->busy, port->busy_links, (uint32_t)(queue - port->queues));
}

weftResult_t weft_cuda_connect(struct weft_port *base, const struct weft_hop_offer *hop,
                               uint32_t *lane)
{
    struct weft_cuda_port *port = weft_cuda_port_of(base);
    struct weft_cuda_scope scope;
    weft_cuda_result error = WEFT_CUDA_SUCCESS;
    uint32_t index = 0;

    weft_assert(hop->port_device == port->device);
    while (index < WEFT_CUDA_LANES_MAX && port->lanes[index].open)
        index++;
    if (index == WEFT_CUDA_LANES_MAX)
        return weftNoResource;
    port->lanes[index] = (struct weft_cuda_lane){
        .open = true, .src_device = hop->src_device, .dst_device = hop->dst_device};
    weft_cuda_enter(port->driver, port->context, &scope);
    for (uint32_t i = 0; i < WEFT_CUDA_QUEUES && error == WEFT_CUDA_SUCCESS; i++)
        error = port->driver->stream_create(&queue_of(port, index, i)->stream,
                                            WEFT_CUDA_STREAM_NON_BLOCKING, 0);
    weft_cuda_leave(port->driver, &scope);
    if (error != WEFT_CUDA_SUCCESS) {
        weft_cuda_disconnect(base, index);
        return weft_cuda_port_failed(port, "cuStreamCreateWithPriority", error);
    }
    *lane = index;
    return weftSuccess;
}

void weft_cuda_disconnect(struct weft_port *base, uint32_t lane)
{
    struct weft_cuda_port *port = weft_cuda_port_of(base);

    if (!port->lanes[lane].open)
        return;
    for (uint32_t i = 0; i < WEFT_CUDA_QUEUES; i++) {
        struct weft_cuda_queue *queue = queue_of(port, lane, i);

        queue_drop(port, queue);
        if (queue->stream != NULL)
            port->driver->stream_destroy(queue->stream);
        queue->stream = NULL;
    }
    port->lanes[lane].open = false;
}

/* A lane says once that its copies fail, until one succeeds. */
static void lane_note(struct weft_cuda_port *port, uint32_t lane_index, const char *call,
                      weft_cuda_result error)
{
    struct weft_cuda_lane *lane = &port->lanes[lane_index];

    if (error == WEFT_CUDA_SUCCESS) {
        lane->failing = false;
    } else if (!lane->failing) {
        lane->failing = true;
        weft_cuda_port_failed(port, call, error);
    }
}

/* ---- issuing ---- */

static weftResult_t job_check(struct weft_cuda_port *port, const struct weft_copy *copy,
                              struct weft_cuda_job *job)
{
    const struct weft_cuda_lane *lane = &port->lanes[copy->lane];

    job->copy = copy;
    job->dst = weft_cuda_window_get(port, copy->dst_window);
    job->src = weft_cuda_window_get(port, copy->src_window);
    if (job->dst == NULL || job->src == NULL)
        return weftInvalidArgument;
    if (job->dst->device != lane->dst_device || job->src->device != lane->src_device)
        return weftInvalidArgument;
    for (uint32_t i = 0; i < copy->extent_count; i++) {
        const struct weft_extent *extent = &copy->extents[i];

        if (!weft_range_inside(extent->dst_offset, extent->size_bytes, job->dst->size_bytes) ||
            !weft_range_inside(extent->src_offset, extent->size_bytes, job->src->size_bytes))
            return weftInvalidArgument;
    }
    return weftSuccess;
}

/* Whether the copy has still to wait for the one it comes after; that one's error, if it is known
 * to have ended badly. */
static weftResult_t job_chain(struct weft_cuda_job *job)
{
    const struct weft_copy *copy = job->copy;
    const struct weft_cuda_cookie *after;

    job->chained = false;
    if (copy->after == WEFT_COOKIE_NONE)
        return weftSuccess;
    after = &weft_cuda_port_of(copy->after_port)->cookies[copy->after];
    if (after->result != weftSuccess)
        return after->result;
    job->chained = after->state == WEFT_CUDA_COOKIE_FLYING;
    return job->chained && !after->recorded ? weftUnhandledCudaError : weftSuccess;
}

static bool queue_has_room(const struct weft_cuda_queue *queue, uint32_t extent_count)
{
    if (queue->flying.count == 0)
        return true;
    return queue->flying.count < WEFT_CUDA_QUEUE_COPIES &&
           queue->extent_count + extent_count <= WEFT_CUDA_QUEUE_EXTENTS;
}

/* The stream for a copy, or NULL when it has no room. */
static struct weft_cuda_queue *queue_choose(struct weft_cuda_port *port,
                                            const struct weft_cuda_job *job)
{
    const struct weft_copy *copy = job->copy;
    uint32_t index = 0;
    struct weft_cuda_queue *queue;

    if (job->chained) {
        const struct weft_cuda_port *before = weft_cuda_port_of(copy->after_port);

        index =
            1 + (before->device + before->cookies[copy->after].lane) % WEFT_CUDA_CHAINED_STREAMS;
    }
    queue = queue_of(port, copy->lane, index);
    return queue_has_room(queue, copy->extent_count) ? queue : NULL;
}

/* The event of a cookie that never flew on this port before. */
static weft_cuda_result cookie_prepare(struct weft_cuda_port *port, struct weft_cuda_cookie *cookie)
{
    weft_cuda_event event;
    weft_cuda_result error;

    if (cookie->event != NULL)
        return WEFT_CUDA_SUCCESS;
    error = port->driver->event_create(&event, WEFT_CUDA_EVENT_DISABLE_TIMING);
    if (error == WEFT_CUDA_SUCCESS)
        cookie->event = event;
    return error;
}

/* Makes the cookie fly, behind all that was issued on its stream. */
static void cookie_launch(struct weft_cuda_port *port, const struct weft_cuda_job *job,
                          weftResult_t result)
{
    const struct weft_copy *copy = job->copy;
    struct weft_cuda_cookie *cookie = &port->cookies[copy->cookie];
    uint32_t queue_index = (uint32_t)(job->queue - port->queues);

    cookie_set_state(cookie, WEFT_CUDA_COOKIE_FLYING);
    cookie->result = result;
    cookie->lane = copy->lane;
    cookie->extent_count = copy->extent_count;
    cookie->turn++;
    cookie->after_port = job->chained ? weft_cuda_port_of(copy->after_port) : NULL;
    cookie->after = copy->after;
    cookie->after_turn = job->chained ? cookie->after_port->cookies[copy->after].turn : 0;
    cookie->recorded =
        port->driver->event_record(cookie->event, job->queue->stream) == WEFT_CUDA_SUCCESS;
    if (job->queue->flying.count == 0)
        weft_list_append(&port->busy, port->busy_links, queue_index);
    weft_list_append(&job->queue->flying, port->links, copy->cookie);
    job->queue->extent_count += copy->extent_count;
}

weftResult_t weft_cuda_copy(struct weft_port *base, const struct weft_copy *copy)
{
    struct weft_cuda_port *port = weft_cuda_port_of(base);
    struct weft_cuda_job job;
    bool issued = false;
    weft_cuda_result error = WEFT_CUDA_SUCCESS;

    weft_assert(copy->lane < WEFT_CUDA_LANES_MAX);
    weft_assert(port->lanes[copy->lane].open);
    weft_assert(copy->cookie < port->cookies_max);
    weft_assert(port->cookies[copy->cookie].state == WEFT_CUDA_COOKIE_FREE);
    WEFT_TRY(job_check(port, copy, &job));
    WEFT_TRY(job_chain(&job));
    job.queue = queue_choose(port, &job);
    if (job.queue == NULL)
        return weftNoResource;
    weft_cuda_use(port->driver, port->context);
    error = cookie_prepare(port, &port->cookies[copy->cookie]);
    if (error != WEFT_CUDA_SUCCESS) {
        lane_note(port, copy->lane, "cuEventCreate for a copy", error);
        return weftUnhandledCudaError;
    }
    if (job.chained)
        error = port->driver->stream_wait_event(
            job.queue->stream, weft_cuda_port_of(copy->after_port)->cookies[copy->after].event,
            WEFT_CUDA_EVENT_WAIT_DEFAULT);
    if (error == WEFT_CUDA_SUCCESS)
        error = weft_cuda_issue(port, &job, &issued);
    if (error != WEFT_CUDA_SUCCESS) {
        lane_note(port, copy->lane, "a copy", error);
        if (!issued)
            return error == WEFT_CUDA_OUT_OF_MEMORY ? weftNoResource : weftUnhandledCudaError;
        /* Part of it is on its way: it has failed, but not before that part has landed. */
        cookie_launch(port, &job, weftUnhandledCudaError);
        return weftSuccess;
    }
    cookie_launch(port, &job, weftSuccess);
    return weftSuccess;
}

/* ---- ending ---- */

/* True when the copy before this one in its chain is known to have failed. Asking for its event may
 * be the only time that the driver tells: it is noted there. */
static bool after_failed(const struct weft_cuda_cookie *cookie)
{
    struct weft_cuda_cookie *after;
    weft_cuda_result error;

    if (cookie->after_port == NULL)
        return false;
    after = &cookie->after_port->cookies[cookie->after];
    if (after->turn != cookie->after_turn)
        return false;
    if (after->state == WEFT_CUDA_COOKIE_FLYING && after->result == weftSuccess) {
        error = cookie->after_port->driver->event_query(after->event);
        if (error != WEFT_CUDA_SUCCESS && error != WEFT_CUDA_NOT_READY)
            after->result = weftUnhandledCudaError;
    }
    return after->result != weftSuccess;
}

/* Takes a cookie from FLYING to ENDED if its copy has ended. */
static bool cookie_ended(struct weft_cuda_port *port, const struct weft_cuda_queue *queue,
                         struct weft_cuda_cookie *cookie)
{
    weft_cuda_result error;

    if (cookie->state == WEFT_CUDA_COOKIE_ENDED)
        return true;
    error = cookie->recorded ? port->driver->event_query(cookie->event)
                             : port->driver->stream_query(queue->stream);
    if (error == WEFT_CUDA_NOT_READY)
        return false;
    lane_note(port, cookie->lane, "a copy", error);
    if (error != WEFT_CUDA_SUCCESS || !cookie->recorded || after_failed(cookie))
        cookie->result = weftUnhandledCudaError;
    cookie_set_state(cookie, WEFT_CUDA_COOKIE_ENDED);
    return true;
}

/* Takes what has ended from a queue. */
static uint32_t queue_poll(struct weft_cuda_port *port, struct weft_cuda_queue *queue,
                           struct weft_completion *completions, uint32_t max)
{
    uint32_t count = 0;

    while (count < max && queue->flying.count > 0) {
        struct weft_cuda_cookie *cookie = &port->cookies[queue->flying.first];

        if (!cookie_ended(port, queue, cookie))
            break;
        completions[count].result = cookie->result;
        completions[count++].cookie = queue_take(port, queue);
    }
    return count;
}

uint32_t weft_cuda_poll(struct weft_port *base, struct weft_completion *completions, uint32_t max)
{
    struct weft_cuda_port *port = weft_cuda_port_of(base);
    uint32_t busy_count = port->busy.count;
    uint32_t count = 0;

    for (uint32_t i = 0; i < busy_count && count < max; i++) {
        uint32_t index = port->busy.first;
        struct weft_cuda_queue *queue = &port->queues[index];

        count += queue_poll(port, queue, completions + count, max - count);
        /* To the end of the line, so that a short list of completions is shared fairly. */
        weft_list_remove(&port->busy, port->busy_links, index);
        if (queue->flying.count > 0)
            weft_list_append(&port->busy, port->busy_links, index);
    }
    return count;
}

weftResult_t weft_cuda_fence(struct weft_port *base, uint32_t lane)
{
    struct weft_cuda_port *port = weft_cuda_port_of(base);

    for (uint32_t i = 0; i < WEFT_CUDA_QUEUES; i++) {
        struct weft_cuda_queue *queue = queue_of(port, lane, i);

        /* A stream ends its copies in order: its last one speaks for all. */
        if (queue->flying.count > 0 &&
            !cookie_ended(port, queue, &port->cookies[queue->flying.last]))
            return weftInProgress;
    }
    return weftSuccess;
}
