/* Slots, words and checks of a request that comes in. */
#include "intake.h"

#include <string.h>

#define TO(state) (1u << WEFT_KV_INTAKE_##state)

/* A pattern that no block has: blocks' seeds are hashes. */
#define SPOILED_SEED 1

static const unsigned next_states[WEFT_KV_INTAKE_STATES] = {
    [WEFT_KV_INTAKE_FREE] = TO(ASKED),
    [WEFT_KV_INTAKE_ASKED] = TO(GRANTED) | TO(FREE),
    [WEFT_KV_INTAKE_GRANTED] = TO(CHECKING) | TO(FREE),
    [WEFT_KV_INTAKE_CHECKING] = TO(FREE),
};

static void set_state(struct weft_kv_intake *intake, enum weft_kv_intake_state state)
{
    weft_assert((next_states[intake->state] & (1u << state)) != 0);
    intake->state = state;
}

static struct weft_kv_pool *pool_of(const struct weft_kv_intake *intake)
{
    return &intake->server->store.gpus[intake->gpu];
}

void weft_kv_intake_ask(struct weft_kv_intake *intake, uint64_t serial, uint32_t gpu,
                        const uint64_t *keys, uint32_t block_count)
{
    intake->serial = serial;
    intake->gpu = gpu;
    intake->keys = keys;
    intake->block_count = block_count;
    intake->arrived_count = 0;
    intake->is_dropped = false;
    intake->wrong_bytes = 0;
    set_state(intake, WEFT_KV_INTAKE_ASKED);
}

bool weft_kv_intake_grant(struct weft_kv_intake *intake)
{
    struct weft_kv_tier *tier = &pool_of(intake)->tier;

    if (tier->free_count < intake->block_count)
        return false;
    /* No block is shared here, so that each has a key of its own. */
    for (uint32_t i = 0; i < intake->block_count; i++)
        intake->slots[i] = weft_kv_tier_take(tier, intake->serial * WEFT_KV_REQUEST_BLOCKS_MAX + i);
    set_state(intake, WEFT_KV_INTAKE_GRANTED);
    return true;
}

weftResult_t weft_kv_intake_look(struct weft_kv_intake *intake)
{
    const struct weft_kv_server *server = intake->server;

    while (intake->arrived_count < server->part_count) {
        weftResult_t result = weftWaitSignal(
            server->words, weft_kv_server_word_at(intake->seat, intake->arrived_count),
            intake->serial, server->comm, NULL, 0);

        if (result != weftSuccess)
            return result == weftTimeout ? weftInProgress : result;
        intake->arrived_count++;
    }
    return weftSuccess;
}

/* Bytes that differ from what the prefill server was to fill in. */
static uint64_t wrong_count(const struct weft_kv_intake *intake)
{
    const struct weft_kv_server *server = intake->server;
    uint64_t wrong = 0;

    for (uint32_t i = 0; i < intake->block_count; i++)
        wrong += weft_kv_pool_wrong(&server->store, pool_of(intake), intake->slots[i],
                                    weft_kv_server_pattern(intake->keys[i], intake->run));
    return wrong;
}

static void intake_run(struct weft_kv_task *task)
{
    struct weft_kv_intake *intake = (struct weft_kv_intake *)task;
    const struct weft_kv_server *server = intake->server;
    bool good = true;

    for (uint32_t part = 0; part < server->part_count; part++) {
        uint64_t sum = 0;

        good = weft_kv_server_checksum(server, intake->gpu, intake->slots, intake->block_count,
                                       part, &sum) &&
               sum == weft_kv_server_place(server, intake->seat, part)->checksum && good;
        intake->checksums[part] = sum;
    }
    /* Wrong checksums with no wrong byte cannot be: then at least one counts. */
    if (!good)
        intake->wrong_bytes = weft_max(wrong_count(intake), 1);
    for (uint32_t i = 0; i < intake->block_count; i++)
        (void)weft_kv_pool_fill(&server->store, pool_of(intake), intake->slots[i], SPOILED_SEED);
}

void weft_kv_intake_check(struct weft_kv_intake *intake, struct weft_kv_worker *worker)
{
    set_state(intake, WEFT_KV_INTAKE_CHECKING);
    intake->task.run = intake_run;
    weft_kv_worker_push(worker, &intake->task);
}

void weft_kv_intake_free(struct weft_kv_intake *intake)
{
    if (intake->state != WEFT_KV_INTAKE_ASKED)
        for (uint32_t i = 0; i < intake->block_count; i++)
            weft_kv_tier_drop(&pool_of(intake)->tier, intake->slots[i]);
    set_state(intake, WEFT_KV_INTAKE_FREE);
}
