/* Groups routes by the devices between their ends. */
#include "route_sum.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "common/json.h"

/* "gpu0>gpu1>dram0" is "over gpu1"; without anything between it is "direct". */
static void sum_name(const char *route, char *name, size_t size)
{
    const char *first = strchr(route, '>');
    const char *last = strrchr(route, '>');
    struct weft_text text;

    weft_text_init(&text, name, size);
    if (first == NULL || first == last) {
        weft_text_add(&text, "direct");
        return;
    }
    weft_text_add(&text, "over ");
    for (const char *at = first + 1; at < last; at++) {
        if (*at == '>')
            weft_text_add(&text, ", ");
        else
            weft_text_char(&text, *at);
    }
}

static int sum_order(const void *a, const void *b)
{
    /* "direct" comes before "over" by itself. */
    return strcmp(((const struct weft_kv_route_sum *)a)->name,
                  ((const struct weft_kv_route_sum *)b)->name);
}

uint32_t weft_kv_route_sums(const cJSON *routes, bool two_ways,
                            struct weft_kv_route_sum sums[WEFT_KV_ROUTE_SUMS_MAX])
{
    const cJSON *route;
    uint32_t count = 0;

    cJSON_ArrayForEach(route, routes)
    {
        const char *path = weft_json_text(route, "name", "");
        uint64_t bytes = (uint64_t)weft_json_number(route, "bytes", 0);
        struct weft_kv_route_sum sum = {.name = ""};
        uint32_t at = 0;

        sum_name(path, sum.name, sizeof(sum.name));
        while (at < count && strcmp(sums[at].name, sum.name) != 0)
            at++;
        if (at == WEFT_KV_ROUTE_SUMS_MAX) {
            at--;
            weft_text_copy(sums[at].name, sizeof(sums[at].name), "the others");
        }
        if (at == count)
            sums[count++] = sum;
        sums[at].bytes[two_ways && !weft_text_starts(path, "dram")] += bytes;
    }
    qsort(sums, count, sizeof(sums[0]), sum_order);
    return count;
}
