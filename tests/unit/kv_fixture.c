/* The plain memory of a server. */
#include "kv_fixture.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#define SEED 3

void kv_server_make(struct weft_kv_server *server, uint32_t page_count)
{
    struct weft_kv_pool *pool = &server->store.gpus[0];

    memset(server, 0, sizeof(*server));
    server->store.testbed = &server->testbed;
    server->store.shape =
        (struct weft_kv_shape){KV_PAGE_BYTES, page_count, (uint64_t)page_count * KV_PAGE_BYTES};
    server->store.gpu_count = 1;
    server->part_count = KV_PARTS;
    server->area =
        calloc((size_t)WEFT_KV_SEATS_MAX * WEFT_KV_PARTS_MAX, sizeof(struct weft_kv_place));
    pool->slot_count = KV_SLOTS;
    pool->memory = calloc((size_t)KV_SLOTS * page_count, KV_PAGE_BYTES);
    pool->pages = weft_kv_pages_make(KV_SLOTS, page_count, true, SEED);
    cr_assert(server->area != NULL);
    cr_assert(pool->memory != NULL);
    cr_assert(pool->pages != NULL);
    cr_assert(weft_kv_tier_init(&pool->tier, KV_SLOTS));
}

void kv_server_free(struct weft_kv_server *server)
{
    free(server->area);
    free(server->store.gpus[0].memory);
    free(server->store.gpus[0].pages);
    weft_kv_tier_fini(&server->store.gpus[0].tier);
}
