/* Slots, pages and transfers of a request that is handed over. No clocks: the loop says when. */
#include "handoff.h"

#include <string.h>

#define TO(state)   (1u << WEFT_KV_HANDOFF_##state)
#define PART(state) (1u << WEFT_KV_PART_##state)

static const unsigned next_states[WEFT_KV_HANDOFF_STATES] = {
    [WEFT_KV_HANDOFF_FREE] = TO(ASKED),      [WEFT_KV_HANDOFF_ASKED] = TO(FILLING),
    [WEFT_KV_HANDOFF_FILLING] = TO(HANDING), [WEFT_KV_HANDOFF_HANDING] = TO(HANDED) | TO(FREE),
    [WEFT_KV_HANDOFF_HANDED] = TO(FREE),
};

static const unsigned next_part_states[WEFT_KV_PART_STATES] = {
    [WEFT_KV_PART_WAITING] = PART(PUTTING) | PART(ENDED),
    [WEFT_KV_PART_PUTTING] = PART(SIGNALLING) | PART(ENDED),
    [WEFT_KV_PART_SIGNALLING] = PART(ENDED),
    [WEFT_KV_PART_ENDED] = 0,
};

static void set_state(struct weft_kv_handoff *handoff, enum weft_kv_handoff_state state)
{
    weft_assert((next_states[handoff->state] & (1u << state)) != 0);
    handoff->state = state;
}

static void set_part_state(struct weft_kv_part *part, enum weft_kv_part_state state)
{
    weft_assert((next_part_states[part->state] & (1u << state)) != 0);
    part->state = state;
}

static struct weft_kv_pool *pool_of(const struct weft_kv_handoff *handoff)
{
    return &handoff->server->store.gpus[handoff->gpu];
}

bool weft_kv_handoff_begin(struct weft_kv_handoff *handoff, const struct weft_kv_arrival *arrival,
                           const uint64_t *keys, uint32_t gpu, uint64_t serial)
{
    struct weft_kv_tier *tier = &handoff->server->store.gpus[gpu].tier;

    if (weft_kv_tier_room(tier) < arrival->block_count)
        return false;
    handoff->gpu = gpu;
    handoff->serial = serial;
    handoff->arrival = arrival;
    handoff->keys = keys;
    handoff->block_count = arrival->block_count;
    handoff->new_count = 0;
    handoff->failed = false;
    handoff->is_checked = false;
    for (uint32_t i = 0; i < handoff->block_count; i++) {
        handoff->is_new[i] = !weft_kv_tier_hold(tier, keys[i], &handoff->slots[i]);
        handoff->new_count += handoff->is_new[i];
    }
    memset(handoff->parts, 0, sizeof(handoff->parts));
    set_state(handoff, WEFT_KV_HANDOFF_ASKED);
    return true;
}

/* A block that another request has taken before is filled by then: tasks run in order. */
static void handoff_run(struct weft_kv_task *task)
{
    struct weft_kv_handoff *handoff = (struct weft_kv_handoff *)task;
    const struct weft_kv_server *server = handoff->server;

    handoff->is_filled = true;
    for (uint32_t i = 0; i < handoff->block_count; i++)
        if (handoff->is_new[i] &&
            !weft_kv_pool_fill(&server->store, pool_of(handoff), handoff->slots[i],
                               weft_kv_server_pattern(handoff->keys[i], handoff->run)))
            handoff->is_filled = false;
    for (uint32_t part = 0; part < server->part_count; part++) {
        if (!weft_kv_server_checksum(server, handoff->gpu, handoff->slots, handoff->block_count,
                                     part, &handoff->checksums[part]))
            handoff->is_filled = false;
        weft_kv_server_place(server, handoff->seat, part)->checksum = handoff->checksums[part];
    }
}

void weft_kv_handoff_fill(struct weft_kv_handoff *handoff, struct weft_kv_worker *worker,
                          uint32_t far_gpu, const uint32_t *far_slots)
{
    handoff->far_gpu = far_gpu;
    memcpy(handoff->far_slots, far_slots, handoff->block_count * sizeof(uint32_t));
    set_state(handoff, WEFT_KV_HANDOFF_FILLING);
    handoff->task.run = handoff_run;
    weft_kv_worker_push(worker, &handoff->task);
}

void weft_kv_handoff_hand(struct weft_kv_handoff *handoff, weft_ns now, weft_ns prefill_ns)
{
    handoff->begun_at = now;
    handoff->prefill_ns = prefill_ns;
    handoff->submitted_at = now;
    set_state(handoff, WEFT_KV_HANDOFF_HANDING);
}

weft_ns weft_kv_handoff_due(const struct weft_kv_handoff *handoff, uint32_t part)
{
    return handoff->begun_at + handoff->prefill_ns * (part + 1) / handoff->server->part_count;
}

weftResult_t weft_kv_handoff_put(struct weft_kv_handoff *handoff, const struct weft_kv_far *far,
                                 uint32_t part)
{
    const struct weft_kv_store *store = &handoff->server->store;
    struct weft_kv_span span = weft_kv_server_span(handoff->server, part);
    size_t page = store->shape.page_bytes;
    size_t count = (size_t)handoff->block_count * span.count;
    uint32_t *here = far->ids;
    uint32_t *there = far->ids + count;
    weftBlocks_t near_blocks = {.stride = page, .ids = here};
    weftBlocks_t far_blocks = {.stride = page, .ids = there};
    weftResult_t result;

    for (uint32_t i = 0; i < handoff->block_count; i++) {
        memcpy(here + (size_t)i * span.count,
               weft_kv_pool_pages(store, pool_of(handoff), handoff->slots[i]) + span.first,
               span.count * sizeof(uint32_t));
        for (uint32_t k = 0; k < span.count; k++)
            there[(size_t)i * span.count + k] =
                far->pages[handoff->far_slots[i] * store->shape.page_count + span.first + k];
    }
    result = weftPutBlocks(far->gpus[handoff->far_gpu], &far_blocks,
                           handoff->server->gpus[handoff->gpu], &near_blocks, page, count,
                           handoff->server->comm, NULL, &handoff->parts[part].request);
    if (result == weftSuccess)
        set_part_state(&handoff->parts[part], WEFT_KV_PART_PUTTING);
    else if (result != weftNoResource)
        set_part_state(&handoff->parts[part], WEFT_KV_PART_ENDED);
    return result;
}

static weftResult_t part_signal(struct weft_kv_handoff *handoff, const struct weft_kv_far *far,
                                uint32_t part)
{
    size_t checksum_at = weft_kv_server_checksum_at(handoff->seat, part);

    return weftPutSignal(far->words, checksum_at, handoff->server->words, checksum_at,
                         sizeof(uint64_t), far->words, weft_kv_server_word_at(handoff->seat, part),
                         handoff->serial, weftSignalSet, handoff->server->comm, NULL,
                         &handoff->parts[part].request);
}

weftResult_t weft_kv_handoff_part(struct weft_kv_handoff *handoff, const struct weft_kv_far *far,
                                  uint32_t index)
{
    struct weft_kv_part *part = &handoff->parts[index];
    weftResult_t result = weftTest(&part->request);

    if (result == weftInProgress)
        return result;
    if (result == weftSuccess && part->state == WEFT_KV_PART_PUTTING) {
        result = part_signal(handoff, far, index);
        if (result == weftSuccess) {
            set_part_state(part, WEFT_KV_PART_SIGNALLING);
            return weftSuccess;
        }
    }
    set_part_state(part, WEFT_KV_PART_ENDED);
    return result;
}

uint64_t weft_kv_handoff_part_bytes(const struct weft_kv_handoff *handoff, uint32_t part)
{
    return (uint64_t)handoff->block_count * weft_kv_server_span(handoff->server, part).count *
           handoff->server->store.shape.page_bytes;
}

void weft_kv_handoff_handed(struct weft_kv_handoff *handoff)
{
    set_state(handoff, WEFT_KV_HANDOFF_HANDED);
}

void weft_kv_handoff_free(struct weft_kv_handoff *handoff)
{
    for (uint32_t i = 0; i < handoff->block_count; i++)
        weft_kv_tier_unpin(&pool_of(handoff)->tier, handoff->slots[i]);
    set_state(handoff, WEFT_KV_HANDOFF_FREE);
}
