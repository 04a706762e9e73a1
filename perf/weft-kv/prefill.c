/* The prefill server's loop: requests arrive and wait in their GPU's queue, are asked for at the
 * decode server, filled, handed over part by part, and freed when they were checked there. One
 * thread; the worker alone works beside it. */
#include "prefill.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/text.h"
#include "common/comm_stats.h"
#include "common/stats.h"
#include "handoff.h"
#include "progress.h"

#define STALL_REAL_NS  60000000000u /* nothing has moved for so long: it never will */
#define ANSWER_REAL_MS 60000        /* of the decode server, between runs */

struct prefill {
    struct weft_kv_handed *result;
    struct weft_kv_server *server;
    struct weft_kv_control *control;
    const struct weft_kv_trace *trace;
    const struct weft_kv_arrivals *arrivals;
    const struct weft_kv_options *options;
    uint64_t run;
    struct weft_kv_far far;
    struct weft_kv_worker worker;
    struct weft_kv_progress progress;
    struct weft_kv_handoff handoffs[WEFT_KV_SEATS_MAX];
    uint32_t seat_count; /* that may be in use */
    uint32_t active;
    uint64_t active_blocks[WEFT_KV_GPUS_MAX];
    struct weft_list queues[WEFT_KV_GPUS_MAX]; /* requests that have arrived, by their index */
    struct weft_list_link *queue_links;
    uint64_t serial; /* of the last that was asked for */
    size_t next;     /* arrival */
    size_t done;
    weft_ns start_at;
    weft_ns moved_at; /* when something moved last */
    bool is_lost;     /* bytes may still land in pages: nothing can be said of them any more */
    struct weft_kv_message message;
};

static weft_ns prefill_now(const struct prefill *prefill)
{
    return weft_testbed_now(&prefill->server->testbed);
}

/* ---- telling the other server ---- */

static bool prefill_send(struct prefill *prefill, enum weft_kv_message_kind kind,
                         const struct weft_kv_handoff *handoff, char why[WEFT_WHY_BYTES])
{
    prefill->message.kind = kind;
    prefill->message.count = 0;
    if (handoff != NULL) {
        prefill->message.seat = handoff->seat;
        prefill->message.serial = handoff->serial;
        prefill->message.request = (uint32_t)(handoff->arrival - prefill->trace->arrivals);
    }
    return weft_kv_control_send(prefill->control, &prefill->message, why);
}

/* Waits for a message of that kind, between runs. */
static bool prefill_await(struct prefill *prefill, enum weft_kv_message_kind kind,
                          char why[WEFT_WHY_BYTES])
{
    enum weft_kv_arrived arrived =
        weft_kv_control_take(prefill->control, ANSWER_REAL_MS, &prefill->message, why);

    if (arrived == WEFT_KV_MESSAGE && prefill->message.kind == kind)
        return true;
    if (arrived != WEFT_KV_GONE)
        (void)snprintf(why, WEFT_WHY_BYTES, "the decode server did not answer within %d s",
                       ANSWER_REAL_MS / 1000);
    return false;
}

/* ---- requests ---- */

static void handoff_end(struct prefill *prefill, struct weft_kv_handoff *handoff)
{
    prefill->active_blocks[handoff->gpu] -= handoff->block_count;
    weft_kv_handoff_free(handoff);
    prefill->active--;
    prefill->done++;
}

/* How long prefill computes, in the compressed time. */
static weft_ns prefill_ns(const struct prefill *prefill, const struct weft_kv_handoff *handoff)
{
    uint64_t cached = (uint64_t)(handoff->block_count - handoff->new_count) * WEFT_KV_BLOCK_TOKENS;

    if (prefill->options->saturate)
        return 0;
    return (weft_ns)((double)weft_sub_sat(handoff->arrival->input_tokens, cached) *
                     WEFT_KV_PREFILL_NS / prefill->arrivals->speedup);
}

/* Counts an error of a part, after which the request is not handed over. With weftUnknown the run
 * ends: the decode server must not use the pages again. */
static void part_fail(struct prefill *prefill, struct weft_kv_handoff *handoff, weftResult_t result)
{
    handoff->failed = true;
    prefill->is_lost = prefill->is_lost || result == weftUnknown;
    weft_kv_errors_note(&prefill->result->base.errors, prefill->server->comm, result);
}

/* True when the part has moved. */
static bool part_step(struct prefill *prefill, struct weft_kv_handoff *handoff, uint32_t index)
{
    struct weft_kv_part *part = &handoff->parts[index];
    struct weft_kv_flow *flow = &prefill->result->flow;
    weftResult_t result;
    weft_ns now;

    if (part->state == WEFT_KV_PART_ENDED)
        return false;
    now = prefill_now(prefill);
    if (part->state == WEFT_KV_PART_WAITING) {
        if (handoff->failed || now < weft_kv_handoff_due(handoff, index))
            return false;
        result = weft_kv_handoff_put(handoff, &prefill->far, index);
        if (result == weftNoResource)
            return false;
        handoff->submitted_at = now;
        if (result == weftSuccess)
            weft_kv_flow_start(flow, weft_kv_handoff_part_bytes(handoff, index),
                               index == 0 ? handoff->block_count : 0, now);
        else
            part_fail(prefill, handoff, result);
        return true;
    }
    result = weft_kv_handoff_part(handoff, &prefill->far, index);
    if (result == weftInProgress)
        return false;
    if (part->state == WEFT_KV_PART_ENDED)
        weft_kv_flow_end(flow, prefill_now(prefill));
    if (result != weftSuccess)
        part_fail(prefill, handoff, result);
    return true;
}

/* Parts that are under way, or will be. */
static bool has_parts_left(const struct weft_kv_handoff *handoff)
{
    for (uint32_t i = 0; i < handoff->server->part_count; i++) {
        enum weft_kv_part_state state = handoff->parts[i].state;

        if (state != WEFT_KV_PART_ENDED && !(handoff->failed && state == WEFT_KV_PART_WAITING))
            return true;
    }
    return false;
}

static bool handing_step(struct prefill *prefill, struct weft_kv_handoff *handoff, bool *moved,
                         char why[WEFT_WHY_BYTES])
{
    struct weft_kv_handed *result = prefill->result;

    for (uint32_t i = 0; i < handoff->server->part_count; i++)
        *moved = part_step(prefill, handoff, i) || *moved;
    if (prefill->is_lost) {
        (void)snprintf(why, WEFT_WHY_BYTES, "a handoff's findings is unknown: %.900s",
                       result->base.errors.sentence);
        return false;
    }
    if (has_parts_left(handoff))
        return true;
    *moved = true;
    if (!handoff->failed) {
        result->base.times_ns[result->base.count++] = prefill_now(prefill) - handoff->submitted_at;
        weft_kv_handoff_handed(handoff);
        if (handoff->is_checked)
            handoff_end(prefill, handoff);
        return true;
    }
    if (!prefill_send(prefill, WEFT_KV_DROP, handoff, why))
        return false;
    handoff_end(prefill, handoff);
    return true;
}

static bool handoff_step(struct prefill *prefill, struct weft_kv_handoff *handoff, bool *moved,
                         char why[WEFT_WHY_BYTES])
{
    if (handoff->state == WEFT_KV_HANDOFF_FILLING && weft_kv_task_done(&handoff->task)) {
        if (!handoff->is_filled) {
            (void)snprintf(why, WEFT_WHY_BYTES, "the driver does not write the memory of %s",
                           prefill->server->store.gpus[handoff->gpu].name);
            return false;
        }
        *moved = true;
        weft_kv_handoff_hand(handoff, prefill_now(prefill), prefill_ns(prefill, handoff));
    }
    return handoff->state != WEFT_KV_HANDOFF_HANDING || handing_step(prefill, handoff, moved, why);
}

/* Starts the GPU's next request if there are a seat and room for it. */
static bool queue_step(struct prefill *prefill, uint32_t gpu, bool *moved, char why[WEFT_WHY_BYTES])
{
    uint32_t index = prefill->queues[gpu].first;
    struct weft_kv_handoff *handoff = NULL;
    const struct weft_kv_arrival *arrival;

    if (index == WEFT_NONE || prefill->active == prefill->seat_count)
        return true;
    for (uint32_t i = 0; handoff == NULL; i++)
        if (prefill->handoffs[i].state == WEFT_KV_HANDOFF_FREE)
            handoff = &prefill->handoffs[i];
    arrival = &prefill->trace->arrivals[index];
    if (!weft_kv_handoff_begin(handoff, arrival, prefill->trace->blocks + arrival->first_block, gpu,
                               prefill->serial + 1))
        return true;
    prefill->serial++;
    weft_list_remove(&prefill->queues[gpu], prefill->queue_links, index);
    prefill->active++;
    prefill->result->base.new_blocks += handoff->new_count;
    prefill->result->base.hit_blocks += handoff->block_count - handoff->new_count;
    *moved = true;
    return prefill_send(prefill, WEFT_KV_ASK, handoff, why);
}

static bool is_due(const struct prefill *prefill)
{
    if (prefill->options->saturate)
        return prefill->next - prefill->done < prefill->seat_count;
    return prefill_now(prefill) - prefill->start_at >= prefill->arrivals->due_at[prefill->next];
}

static void arrivals_queue(struct prefill *prefill)
{
    while (prefill->next < prefill->trace->count && is_due(prefill)) {
        uint32_t gpu = weft_kv_arrivals_gpu(prefill->options, prefill->server->store.gpu_count,
                                            prefill->next, prefill->active_blocks);

        prefill->active_blocks[gpu] += prefill->trace->arrivals[prefill->next].block_count;
        weft_list_append(&prefill->queues[gpu], prefill->queue_links, (uint32_t)prefill->next);
        prefill->next++;
    }
}

/* What the decode server found in a request, beside what was filled here. */
static void checked_take(struct prefill *prefill, struct weft_kv_handoff *handoff)
{
    const struct weft_kv_message *message = &prefill->message;

    prefill->result->base.wrong_bytes += message->wrong_bytes;
    for (uint32_t i = 0; i < prefill->server->part_count; i++)
        prefill->result->wrong_checksums +=
            i >= message->count || message->of.checksums[i] != handoff->checksums[i];
    handoff->is_checked = true;
    if (handoff->state == WEFT_KV_HANDOFF_HANDED)
        handoff_end(prefill, handoff);
}

static bool message_take(struct prefill *prefill, char why[WEFT_WHY_BYTES])
{
    const struct weft_kv_message *message = &prefill->message;
    struct weft_kv_handoff *handoff;

    if (message->seat < WEFT_KV_SEATS_MAX) {
        handoff = &prefill->handoffs[message->seat];
        /* It was dropped while this was on its way. */
        if (handoff->serial != message->serial || handoff->state == WEFT_KV_HANDOFF_FREE)
            return true;
        if (message->kind == WEFT_KV_CHECKED && handoff->state >= WEFT_KV_HANDOFF_HANDING) {
            checked_take(prefill, handoff);
            return true;
        }
        if (message->kind == WEFT_KV_GRANT && handoff->state == WEFT_KV_HANDOFF_ASKED &&
            message->gpu < prefill->far.gpu_count && message->count == handoff->block_count) {
            weft_kv_handoff_fill(handoff, &prefill->worker, message->gpu, message->of.slots);
            return true;
        }
    }
    (void)snprintf(why, WEFT_WHY_BYTES, "the decode server's message %u is not expected now",
                   message->kind);
    return false;
}

/* ---- a run ---- */

static bool messages_take(struct prefill *prefill, bool *moved, char why[WEFT_WHY_BYTES])
{
    for (;;) {
        enum weft_kv_arrived arrived =
            weft_kv_control_take(prefill->control, 0, &prefill->message, why);

        if (arrived != WEFT_KV_MESSAGE)
            return arrived == WEFT_KV_NOTHING;
        *moved = true;
        if (!message_take(prefill, why))
            return false;
    }
}

/* False, with what it waits for, when nothing has moved for too long. */
static bool stall_check(struct prefill *prefill, bool moved, char why[WEFT_WHY_BYTES])
{
    uint32_t counts[WEFT_KV_HANDOFF_STATES] = {0};
    weft_ns now = prefill_now(prefill);

    /* Before the next arrival there may be nothing to do. */
    if (moved || prefill->active == 0)
        prefill->moved_at = now;
    if (now - prefill->moved_at < STALL_REAL_NS / prefill->server->testbed.dilation)
        return true;
    for (uint32_t i = 0; i < prefill->seat_count; i++)
        counts[prefill->handoffs[i].state]++;
    (void)snprintf(why, WEFT_WHY_BYTES,
                   "nothing has moved for %u s: %u requests wait for pages of the decode server, "
                   "%u are filled, %u put, %u wait to be checked there",
                   (unsigned)(STALL_REAL_NS / 1000000000u), counts[WEFT_KV_HANDOFF_ASKED],
                   counts[WEFT_KV_HANDOFF_FILLING], counts[WEFT_KV_HANDOFF_HANDING],
                   counts[WEFT_KV_HANDOFF_HANDED]);
    return false;
}

static bool prefill_loop(struct prefill *prefill, char why[WEFT_WHY_BYTES])
{
    const struct weft_testbed *testbed = &prefill->server->testbed;
    weft_ns submitted_ns = weft_testbed_submit_ns(testbed);

    prefill->start_at = prefill_now(prefill);
    prefill->moved_at = prefill->start_at;
    while (prefill->done < prefill->trace->count) {
        bool moved = false;

        arrivals_queue(prefill);
        if (!messages_take(prefill, &moved, why))
            return false;
        for (uint32_t i = 0; i < prefill->server->store.gpu_count; i++)
            if (!queue_step(prefill, i, &moved, why))
                return false;
        for (uint32_t i = 0; i < prefill->seat_count; i++)
            if (!handoff_step(prefill, &prefill->handoffs[i], &moved, why))
                return false;
        if (!stall_check(prefill, moved, why))
            return false;
        if (!moved)
            weft_testbed_sleep(testbed, 0);
        weft_kv_progress_step(&prefill->progress, prefill->done, prefill->trace->count,
                              prefill->result->flow.bytes);
    }
    prefill->result->base.total_ns = prefill_now(prefill) - prefill->start_at;
    prefill->result->base.submit_ns = weft_testbed_submit_ns(testbed) - submitted_ns;
    return true;
}

static bool prefill_init(struct prefill *prefill, char why[WEFT_WHY_BYTES])
{
    prefill->seat_count =
        prefill->options->saturate ? prefill->options->concurrency : WEFT_KV_SEATS_MAX;
    for (uint32_t i = 0; i < WEFT_KV_SEATS_MAX; i++) {
        prefill->handoffs[i].server = prefill->server;
        prefill->handoffs[i].run = prefill->run;
        prefill->handoffs[i].seat = i;
    }
    for (uint32_t i = 0; i < WEFT_KV_GPUS_MAX; i++)
        weft_list_init(&prefill->queues[i]);
    prefill->queue_links = calloc(prefill->trace->count, sizeof(*prefill->queue_links));
    prefill->result->base.times_ns = calloc(prefill->trace->count, sizeof(uint64_t));
    if (prefill->queue_links != NULL && prefill->result->base.times_ns != NULL &&
        weft_kv_worker_start(&prefill->worker))
        return true;
    (void)snprintf(why, WEFT_WHY_BYTES, "no memory, or no thread, for the requests under way");
    return false;
}

/* Both servers make their comms; this one reaches the other's windows. */
static bool run_begin(struct prefill *prefill, const char *sched, char why[WEFT_WHY_BYTES])
{
    prefill->message.kind = WEFT_KV_RUN;
    prefill->message.count = 0;
    prefill->message.serial = prefill->run;
    if (sched != NULL) {
        weft_text_copy(prefill->message.of.text, sizeof(prefill->message.of.text), sched);
        prefill->message.count = (uint32_t)strlen(prefill->message.of.text) + 1;
    }
    return weft_kv_control_send(prefill->control, &prefill->message, why) &&
           weft_kv_server_join(prefill->server, sched, why) &&
           prefill_await(prefill, WEFT_KV_KEYS, why) &&
           weft_kv_far_open(&prefill->far, prefill->server, &prefill->message, why);
}

/* This server leaves first: the other has nothing under way then. */
static bool run_end(struct prefill *prefill, char why[WEFT_WHY_BYTES])
{
    cJSON *stats = weft_comm_stats_read(prefill->server->comm);

    prefill->result->base.routes = cJSON_CreateArray();
    weft_comm_stats_routes(NULL, stats, prefill->result->base.routes);
    cJSON_Delete(stats);
    weft_kv_far_close(&prefill->far);
    weft_kv_server_leave(prefill->server);
    return prefill_send(prefill, WEFT_KV_END, NULL, why) &&
           prefill_await(prefill, WEFT_KV_ENDED, why);
}

bool weft_kv_prefill(struct weft_kv_handed *result, struct weft_kv_server *server,
                     struct weft_kv_control *control, const struct weft_kv_trace *trace,
                     const struct weft_kv_arrivals *arrivals, uint64_t run, const char *sched,
                     char why[WEFT_WHY_BYTES])
{
    struct prefill *prefill = calloc(1, sizeof(*prefill));
    bool good;

    memset(result, 0, sizeof(*result));
    result->base.sched = sched == NULL ? "pull" : sched;
    if (prefill == NULL) {
        (void)snprintf(why, WEFT_WHY_BYTES, "no memory for the run");
        return false;
    }
    prefill->result = result;
    prefill->server = server;
    prefill->control = control;
    prefill->trace = trace;
    prefill->arrivals = arrivals;
    prefill->options = server->options;
    prefill->run = run;
    weft_kv_progress_start(&prefill->progress, result->base.sched);
    good = prefill_init(prefill, why) && run_begin(prefill, sched, why) &&
           prefill_loop(prefill, why) && run_end(prefill, why);
    weft_stats_sort(result->base.times_ns, result->base.count);
    weft_kv_progress_end(&prefill->progress);
    weft_kv_worker_stop(&prefill->worker);
    weft_kv_far_close(&prefill->far);
    weft_kv_server_leave(server);
    free(prefill->queue_links);
    free(prefill);
    return good;
}
