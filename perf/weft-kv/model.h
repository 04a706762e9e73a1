/* How large a model's KV cache is: layers, pages, bytes. One table.
 *
 * A block is 512 tokens on one GPU that holds the whole model. What it is made of is the engine's
 * layout: BY_LAYER, a page is K or V (or the one latent of MLA) of one layer for 16 tokens;
 * ACROSS_LAYERS, a page is all layers of 16 tokens, as offloading connectors prefer it. */
#ifndef WEFT_KV_MODEL_H
#define WEFT_KV_MODEL_H

#include "common/units.h"

#define WEFT_KV_PAGE_TOKENS    16
#define WEFT_KV_BLOCK_TOKENS   512
#define WEFT_KV_PAGE_BYTES_MIN 2048

enum weft_kv_layout { WEFT_KV_ACROSS_LAYERS, WEFT_KV_BY_LAYER, WEFT_KV_LAYOUTS };

struct weft_kv_model {
    const char *name;
    uint32_t layers;
    uint32_t pages_per_layer; /* 2: K and V; 1: one latent */
    uint32_t token_bytes;     /* of one page's part of a token, bf16 */
};

/* What a block is made of after scaling. */
struct weft_kv_shape {
    uint32_t page_bytes;
    uint32_t page_count;
    uint64_t block_bytes;
};

/* By name; else NULL, and the reason lists the names. */
const struct weft_kv_model *weft_kv_model_find(const char *name, char why[WEFT_WHY_BYTES]);

/* Bytes of a token over all layers. */
uint64_t weft_kv_model_token_bytes(const struct weft_kv_model *model);

/* The shape of a block whose bytes are scaled to `millionths`. BY_LAYER, there are fewer pages of
 * the true size; ACROSS_LAYERS, number and size of pages shrink alike, since the true ones are too
 * large to leave any number of them. When one page is left it shrinks, down to
 * WEFT_KV_PAGE_BYTES_MIN. */
struct weft_kv_shape weft_kv_model_shape(const struct weft_kv_model *model,
                                         enum weft_kv_layout layout, uint32_t millionths);

/* Layers that a block BY_LAYER is handed over in: the model's, or fewer where scaling has left too
 * few pages for them. */
uint32_t weft_kv_model_layers(const struct weft_kv_model *model, const struct weft_kv_shape *shape);

#endif
