/* perf/weft-kv/route_sum: bytes by what lies between a route's ends. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "../../perf/weft-kv/route_sum.h"

static void route_add(cJSON *routes, const char *name, double bytes)
{
    cJSON *row = cJSON_CreateObject();

    (void)cJSON_AddStringToObject(row, "name", name);
    (void)cJSON_AddNumberToObject(row, "bytes", bytes);
    (void)cJSON_AddItemToArray(routes, row);
}

Test(route_sum, sums__two_ways)
{
    struct weft_kv_route_sum sums[WEFT_KV_ROUTE_SUMS_MAX];
    cJSON *routes = cJSON_CreateArray();

    route_add(routes, "gpu0>gpu3>dram0", 5);
    route_add(routes, "dram0>gpu0", 7);
    route_add(routes, "dram1>gpu3>gpu1", 11);
    route_add(routes, "gpu1>dram0", 13);
    cr_assert_eq(weft_kv_route_sums(routes, true, sums), 2);
    cr_expect_str_eq(sums[0].name, "direct");
    cr_expect_eq(sums[0].bytes[0], 7);
    cr_expect_eq(sums[0].bytes[1], 13);
    cr_expect_str_eq(sums[1].name, "over gpu3");
    cr_expect_eq(sums[1].bytes[0], 11);
    cr_expect_eq(sums[1].bytes[1], 5);
    cJSON_Delete(routes);
}

Test(route_sum, sums__one_way_between_servers)
{
    struct weft_kv_route_sum sums[WEFT_KV_ROUTE_SUMS_MAX];
    cJSON *routes = cJSON_CreateArray();

    route_add(routes, "gpu1>gpu3>127.0.0.2:gpu3>127.0.0.2:gpu0", 5);
    route_add(routes, "gpu2>gpu3>127.0.0.2:gpu3>127.0.0.2:gpu2", 2);
    route_add(routes, "gpu1>127.0.0.2:gpu0", 7);
    cr_assert_eq(weft_kv_route_sums(routes, false, sums), 2);
    cr_expect_eq(sums[0].bytes[0], 7);
    cr_expect_eq(sums[0].bytes[1], 0);
    cr_expect_str_eq(sums[1].name, "over gpu3, 127.0.0.2:gpu3");
    cr_expect_eq(sums[1].bytes[0], 7);
    cJSON_Delete(routes);
}

/* 39 rows of their own, the other 11 in the last one. */
Test(route_sum, sums__no_byte_is_left_out)
{
    struct weft_kv_route_sum sums[WEFT_KV_ROUTE_SUMS_MAX];
    cJSON *routes = cJSON_CreateArray();
    uint64_t others = 0;
    uint64_t all = 0;
    char name[32];

    for (int i = 0; i < 50; i++) {
        (void)snprintf(name, sizeof(name), "gpu0>gpu%d>dram0", i);
        route_add(routes, name, 10);
    }
    cr_assert_eq(weft_kv_route_sums(routes, false, sums), WEFT_KV_ROUTE_SUMS_MAX);
    for (uint32_t i = 0; i < WEFT_KV_ROUTE_SUMS_MAX; i++) {
        all += sums[i].bytes[0];
        if (strcmp(sums[i].name, "the others") == 0)
            others = sums[i].bytes[0];
    }
    cr_expect_eq(all, 500);
    cr_expect_eq(others, 110);
    cJSON_Delete(routes);
}
