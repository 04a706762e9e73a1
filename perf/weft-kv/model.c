/* The models' KV caches, from their published configurations. */
#include "model.h"

#include <string.h>

#include "base/text.h"

static const struct weft_kv_model models[] = {
    {"llama-3.1-8b", 32, 2, 8 * 128 * 2},
    {"llama-3.1-70b", 80, 2, 8 * 128 * 2},
    {"llama-3.1-405b", 126, 2, 8 * 128 * 2},
    {"qwen3-32b", 64, 2, 8 * 128 * 2},
    {"qwen3-235b", 94, 2, 4 * 128 * 2},
    {"deepseek-v3", 61, 1, 576 * 2}, /* MLA: 512 latent + 64 rotary */
    {"gpt-oss-120b", 36, 2, 8 * 64 * 2},
};

const struct weft_kv_model *weft_kv_model_find(const char *name, char why[WEFT_WHY_BYTES])
{
    struct weft_text text;

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(models); i++)
        if (strcmp(models[i].name, name) == 0)
            return &models[i];
    weft_text_init(&text, why, WEFT_WHY_BYTES);
    weft_text_add(&text, "no model is called '");
    weft_text_add(&text, name);
    weft_text_add(&text, "'; these are known:");
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(models); i++) {
        weft_text_char(&text, ' ');
        weft_text_add(&text, models[i].name);
    }
    return NULL;
}

uint64_t weft_kv_model_token_bytes(const struct weft_kv_model *model)
{
    return (uint64_t)model->layers * model->pages_per_layer * model->token_bytes;
}

/* The largest whole number whose square is at most `square`. */
static uint64_t root_of(uint64_t square)
{
    uint64_t root = 0;

    while ((root + 1) * (root + 1) <= square)
        root++;
    return root;
}

struct weft_kv_shape weft_kv_model_shape(const struct weft_kv_model *model,
                                         enum weft_kv_layout layout, uint32_t millionths)
{
    uint64_t groups = WEFT_KV_BLOCK_TOKENS / WEFT_KV_PAGE_TOKENS;
    uint64_t block_bytes =
        weft_kv_model_token_bytes(model) * WEFT_KV_BLOCK_TOKENS * millionths / 1000000;
    uint64_t page_bytes = (uint64_t)model->token_bytes * WEFT_KV_PAGE_TOKENS;
    struct weft_kv_shape shape;

    if (layout == WEFT_KV_ACROSS_LAYERS) {
        uint64_t count = weft_max((groups * root_of(millionths) + 500) / 1000, 1);

        page_bytes = block_bytes / count;
    }
    page_bytes =
        weft_max(weft_min(page_bytes, block_bytes) & ~(uint64_t)63, WEFT_KV_PAGE_BYTES_MIN);
    shape.page_bytes = (uint32_t)page_bytes;
    shape.page_count = (uint32_t)weft_max(block_bytes / page_bytes, 1);
    shape.block_bytes = (uint64_t)shape.page_count * page_bytes;
    return shape;
}

uint32_t weft_kv_model_layers(const struct weft_kv_model *model, const struct weft_kv_shape *shape)
{
    uint32_t whole = shape->page_count / model->pages_per_layer;

    return (uint32_t)weft_max(weft_min(whole, model->layers), 1);
}
