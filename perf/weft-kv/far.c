/* Imported windows. */
#include "far.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static bool import(const struct weft_kv_server *server, const weftWindowKey_t *key,
                   weftWindow_t *window, char why[WEFT_WHY_BYTES])
{
    if (weftWindowImport(server->comm, key, window) == weftSuccess)
        return true;
    weft_text_copy(why, WEFT_WHY_BYTES, weftGetLastError(server->comm));
    return false;
}

bool weft_kv_far_open(struct weft_kv_far *far, const struct weft_kv_server *server,
                      const struct weft_kv_message *keys, char why[WEFT_WHY_BYTES])
{
    const struct weft_kv_store *store = &server->store;
    size_t ids = (size_t)WEFT_KV_REQUEST_BLOCKS_MAX * store->shape.page_count * 2;
    bool good;

    memset(far, 0, sizeof(*far));
    /* Both servers were given the same options: pools of the same size. */
    far->pages =
        weft_kv_pages_make(store->gpus[0].slot_count, store->shape.page_count, true, keys->serial);
    far->ids = malloc(ids * sizeof(*far->ids));
    good = far->pages != NULL && far->ids != NULL && keys->count > 1;
    if (!good)
        (void)snprintf(why, WEFT_WHY_BYTES,
                       "no memory for page lists, or the decode server has no GPUs");
    good = good && import(server, &keys->of.keys[0], &far->words, why);
    for (uint32_t i = 1; good && i < keys->count; i++)
        good = import(server, &keys->of.keys[i], &far->gpus[far->gpu_count++], why);
    if (!good)
        weft_kv_far_close(far);
    return good;
}

void weft_kv_far_close(struct weft_kv_far *far)
{
    free(far->pages);
    free(far->ids);
    memset(far, 0, sizeof(*far));
}
