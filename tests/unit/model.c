/* perf/weft-kv/model: bytes per token against the published figures, and scaled shapes. */
#include <criterion/criterion.h>

#include <string.h>

#include "../../perf/weft-kv/model.h"

Test(model, find__bytes_per_token)
{
    static const struct {
        const char *name;
        uint64_t token_bytes;
    } rows[] = {
        {"llama-3.1-8b", 131072}, {"llama-3.1-70b", 327680}, {"llama-3.1-405b", 516096},
        {"qwen3-32b", 262144},    {"qwen3-235b", 192512},    {"deepseek-v3", 70272},
        {"gpt-oss-120b", 73728},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        char why[WEFT_WHY_BYTES] = "";
        const struct weft_kv_model *model = weft_kv_model_find(rows[i].name, why);

        cr_assert_not_null(model, "%s", why);
        cr_expect_eq(weft_kv_model_token_bytes(model), rows[i].token_bytes, "%s", rows[i].name);
    }
}

Test(model, find__unknown_lists_the_known)
{
    char why[WEFT_WHY_BYTES] = "";

    cr_expect_null(weft_kv_model_find("llama-3.1-70B", why));
    cr_expect_not_null(strstr(why, "llama-3.1-70b"), "%s", why);
    cr_expect_not_null(strstr(why, "gpt-oss-120b"), "%s", why);
}

Test(model, shape__scales)
{
    static const struct {
        const char *name;
        enum weft_kv_layout layout;
        uint32_t millionths;
        uint32_t page_bytes;
        uint32_t page_count;
    } rows[] = {
        {"llama-3.1-70b", WEFT_KV_BY_LAYER, 1000000, 32768, 5120}, /* 160 MiB */
        {"llama-3.1-70b", WEFT_KV_BY_LAYER, 15625, 32768, 80},     /* 1/64 */
        {"llama-3.1-70b", WEFT_KV_BY_LAYER, 195, 32704, 1},        /* less than a page */
        {"llama-3.1-70b", WEFT_KV_BY_LAYER, 1, 2048, 1},           /* never below 2 KiB */
        {"llama-3.1-70b", WEFT_KV_ACROSS_LAYERS, 1000000, 5242880, 32},
        {"llama-3.1-70b", WEFT_KV_ACROSS_LAYERS, 15625, 655360, 4}, /* 1/64: an eighth of both */
        {"llama-3.1-70b", WEFT_KV_ACROSS_LAYERS, 1, 2048, 1},
        {"deepseek-v3", WEFT_KV_BY_LAYER, 1000000, 18432, 1952},
        {"gpt-oss-120b", WEFT_KV_ACROSS_LAYERS, 250000, 589824, 16},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        char why[WEFT_WHY_BYTES];
        const struct weft_kv_model *model = weft_kv_model_find(rows[i].name, why);
        struct weft_kv_shape shape = weft_kv_model_shape(model, rows[i].layout, rows[i].millionths);

        cr_expect_eq(shape.page_bytes, rows[i].page_bytes, "row %zu: %u", i, shape.page_bytes);
        cr_expect_eq(shape.page_count, rows[i].page_count, "row %zu: %u", i, shape.page_count);
        cr_expect_eq(shape.block_bytes, (uint64_t)rows[i].page_bytes * rows[i].page_count);
    }
}

Test(model, layers__as_many_as_pages_allow)
{
    static const struct {
        const char *name;
        uint32_t page_count;
        uint32_t layers;
    } rows[] = {
        {"llama-3.1-70b", 5120, 80}, {"llama-3.1-70b", 20, 10}, {"llama-3.1-70b", 1, 1},
        {"deepseek-v3", 1952, 61},   {"deepseek-v3", 20, 20},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        char why[WEFT_WHY_BYTES];
        struct weft_kv_shape shape = {2048, rows[i].page_count, 2048ull * rows[i].page_count};

        cr_expect_eq(weft_kv_model_layers(weft_kv_model_find(rows[i].name, why), &shape),
                     rows[i].layers, "row %zu", i);
    }
}
