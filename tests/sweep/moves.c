/* The transfers without a stream; see scene.h. */
#include <stdint.h>
#include <string.h>

#include "base/base.h"
#include "report.h"
#include "scene.h"

#define QUARTER   (SLOT_BYTES / 4)
#define BLOCKS    16u
#define WORD_OLD  100u
#define WORD_ADD  5u
#define WORD_HOST 7u

#define AT(slot) ((size_t)(slot)*SLOT_BYTES)

static bool has(const struct sweep_area *dst, const struct sweep_area *src)
{
    return dst->window != NULL && src->window != NULL;
}

weftResult_t sweep_wait(weftResult_t result, weftRequest_t *request, unsigned may)
{
    if (result != weftSuccess)
        return result;
    /* On a machine that has no time for the progress thread a wait may end before the transfer. */
    do
        result = CALL_MAY(may | RESULT(InProgress), weftWait, request, WEFT_TIMEOUT_DEFAULT);
    while (result == weftInProgress);
    return result;
}

static void move_chain(struct sweep_scene *scene)
{
    struct sweep_area *host = &scene->areas[AREA_HOST];
    struct sweep_area *gpu0 = &scene->areas[AREA_GPU0];
    struct sweep_area *gpu1 = &scene->areas[AREA_GPU1];
    struct sweep_area *back = &scene->areas[AREA_BACK];
    size_t at = AT(SLOT_CHAIN);
    weftRequest_t request;
    weftResult_t result;

    if (!has(gpu0, host))
        return;
    result =
        CALL(weftPut, gpu0->window, at, host->window, at, SLOT_BYTES, scene->owner, NULL, &request);
    result = sweep_wait(result, &request, 0);
    sweep_settle(gpu0, SLOT_CHAIN, result);
    if (result != weftSuccess || !has(gpu1, gpu0))
        return;
    result = CALL(weftCopy, gpu1->window, at, gpu0->window, at, SLOT_BYTES, scene->owner, NULL,
                  &request);
    result = sweep_wait(result, &request, 0);
    sweep_settle(gpu1, SLOT_CHAIN, result);
    if (result != weftSuccess || !has(back, gpu1))
        return;
    result =
        CALL(weftGet, back->window, at, gpu1->window, at, SLOT_BYTES, scene->owner, NULL, &request);
    sweep_settle(back, SLOT_CHAIN, sweep_wait(result, &request, 0));
}

static void move_host(struct sweep_scene *scene)
{
    struct sweep_area *host = &scene->areas[AREA_HOST];
    struct sweep_area *back = &scene->areas[AREA_BACK];
    size_t at = AT(SLOT_HOST);
    weftRequest_t request;
    weftResult_t result;

    if (!has(back, host))
        return;
    result =
        CALL(weftPut, back->window, at, host->window, at, SLOT_BYTES, scene->owner, NULL, &request);
    sweep_settle(back, SLOT_HOST, sweep_wait(result, &request, 0));
}

/* In an order in which no two extents can be merged. */
static void move_list(struct sweep_scene *scene)
{
    static const size_t order[] = {3, 1, 0, 2};
    struct sweep_area *host = &scene->areas[AREA_HOST];
    struct sweep_area *gpu0 = &scene->areas[AREA_GPU0];
    weftExtent_t extents[4];
    weftRequest_t request;
    weftResult_t result;

    if (!has(gpu0, host))
        return;
    for (size_t i = 0; i < 4; i++) {
        size_t at = AT(SLOT_LIST) + order[i] * QUARTER;

        extents[i] = (weftExtent_t){at, at, QUARTER};
    }
    result =
        CALL(weftPutList, extents, 4, gpu0->window, host->window, scene->owner, NULL, &request);
    sweep_settle(gpu0, SLOT_LIST, sweep_wait(result, &request, 0));
}

static void move_blocks(struct sweep_scene *scene)
{
    struct sweep_area *gpu1 = &scene->areas[AREA_GPU1];
    struct sweep_area *back = &scene->areas[AREA_BACK];
    uint32_t ids[BLOCKS];
    weftBlocks_t blocks = {AT(SLOT_BLOCKS), SLOT_BYTES / BLOCKS, ids};
    weftRequest_t request;
    weftResult_t result;

    if (!has(back, gpu1))
        return;
    for (uint32_t i = 0; i < BLOCKS; i++)
        ids[i] = BLOCKS - 1 - i;
    result = CALL(weftGetBlocks, back->window, &blocks, gpu1->window, &blocks, SLOT_BYTES / BLOCKS,
                  BLOCKS, scene->owner, NULL, &request);
    sweep_settle(back, SLOT_BLOCKS, sweep_wait(result, &request, 0));
}

/* A word is raised once by what succeeds, and at most once by what does not. */
static void check_word(const void *memory, weftResult_t result, uint64_t old, uint64_t raised)
{
    uint64_t word;

    memcpy(&word, memory, sizeof(word));
    if (word != raised && (word != old || result == weftSuccess))
        sweep_complain("after %s the word is %llu; it was %llu and was to become %llu",
                       weftGetErrorString(result), (unsigned long long)word,
                       (unsigned long long)old, (unsigned long long)raised);
}

static void move_signal(struct sweep_scene *scene)
{
    struct sweep_area *host = &scene->areas[AREA_HOST];
    struct sweep_area *gpu1 = &scene->areas[AREA_GPU1];
    uint64_t word = WORD_OLD;
    weftRequest_t request;
    weftResult_t result;

    if (!has(gpu1, host) || scene->gpu_word.window == NULL)
        return;
    memcpy(scene->gpu_word.base, &word, sizeof(word));
    result = CALL(weftPutSignal, gpu1->window, AT(SLOT_SIGNAL), host->window, AT(SLOT_SIGNAL),
                  SLOT_BYTES, scene->gpu_word.window, 0, WORD_ADD, weftSignalAdd, scene->owner,
                  NULL, &request);
    result = sweep_wait(result, &request, 0);
    check_word(scene->gpu_word.base, result, WORD_OLD, WORD_OLD + WORD_ADD);
    if (result != weftSuccess)
        return;
    sweep_settle(gpu1, SLOT_SIGNAL, result);
    (void)CALL(weftWaitSignal, scene->gpu_word.window, 0, WORD_OLD + WORD_ADD, scene->owner, NULL,
               WEFT_TIMEOUT_DEFAULT);
}

static void signal_host(struct sweep_scene *scene)
{
    weftRequest_t request;
    weftResult_t result;

    if (scene->host_word == NULL)
        return;
    memset(sweep_page, 0, sizeof(sweep_page));
    result = CALL(weftSignal, scene->host_word, 0, WORD_HOST, weftSignalSet, scene->owner, NULL,
                  &request);
    check_word(sweep_page, sweep_wait(result, &request, 0), 0, WORD_HOST);
}

static void move_group(struct sweep_scene *scene)
{
    struct sweep_area *host = &scene->areas[AREA_HOST];
    struct sweep_area *gpu0 = &scene->areas[AREA_GPU0];
    struct sweep_area *gpu1 = &scene->areas[AREA_GPU1];
    struct sweep_area *back = &scene->areas[AREA_BACK];
    size_t at = AT(SLOT_GROUP);
    weftRequest_t requests[2];
    weftResult_t results[2];

    if (!has(gpu0, host) || !has(back, gpu1))
        return;
    (void)CALL(weftGroupStart);
    results[0] = CALL(weftPut, gpu0->window, at, host->window, at, SLOT_BYTES, scene->owner, NULL,
                      &requests[0]);
    results[1] = CALL(weftGet, back->window, at, gpu1->window, at, SLOT_BYTES, scene->owner, NULL,
                      &requests[1]);
    (void)CALL(weftGroupEnd);
    sweep_settle(gpu0, SLOT_GROUP, sweep_wait(results[0], &requests[0], 0));
    sweep_settle(back, SLOT_GROUP, sweep_wait(results[1], &requests[1], 0));
}

static void move_flush(struct sweep_scene *scene)
{
    struct sweep_area *host = &scene->areas[AREA_HOST];
    struct sweep_area *gpu0 = &scene->areas[AREA_GPU0];
    size_t at = AT(SLOT_FLUSH);
    weftResult_t result;

    if (!has(gpu0, host))
        return;
    (void)CALL(weftFence, scene->owner);
    result =
        CALL(weftPut, gpu0->window, at, host->window, at, SLOT_BYTES, scene->owner, NULL, NULL);
    if (result == weftSuccess)
        result = CALL(weftFlush, scene->owner, WEFT_TIMEOUT_DEFAULT);
    /* A flush says the first error of all transfers without a request, and weftTimeout of those
     * that go on: neither says that nothing of this one lands any more. */
    if (result == weftSuccess)
        sweep_settle(gpu0, SLOT_FLUSH, result);
}

static void move_cancelled(struct sweep_scene *scene)
{
    struct sweep_area *host = &scene->areas[AREA_HOST];
    struct sweep_area *gpu0 = &scene->areas[AREA_GPU0];
    size_t at = AT(SLOT_CANCEL);
    weftRequest_t request;
    weftResult_t result;

    if (!has(gpu0, host))
        return;
    result =
        CALL(weftPut, gpu0->window, at, host->window, at, SLOT_BYTES, scene->owner, NULL, &request);
    if (result == weftSuccess)
        (void)CALL(weftCancel, request);
    sweep_settle(gpu0, SLOT_CANCEL, sweep_wait(result, &request, RESULT(Cancelled)));
}

void sweep_moves(struct sweep_scene *scene)
{
    move_chain(scene);
    move_host(scene);
    move_list(scene);
    move_blocks(scene);
    move_signal(scene);
    signal_host(scene);
    move_group(scene);
    move_flush(scene);
    move_cancelled(scene);
}
