/* Reads what weftCommGetStats writes. */
#include "common/comm_stats.h"

#include <stdlib.h>
#include <string.h>

#define STATS_BYTES ((size_t)256 << 10)

cJSON *weft_comm_stats_read(weftComm_t comm)
{
    char *text = malloc(STATS_BYTES);
    cJSON *tree = NULL;

    if (text != NULL && weftCommGetStats(comm, text, STATS_BYTES) == weftSuccess)
        tree = cJSON_Parse(text);
    free(text);
    return tree;
}

/* The row of an array whose member `key` is `name`, or NULL. */
static cJSON *row_find(const cJSON *rows, const char *key, const char *name)
{
    cJSON *row;

    cJSON_ArrayForEach(row, rows)
    {
        if (strcmp(weft_json_text(row, key, ""), name) == 0)
            return row;
    }
    return NULL;
}

static void bytes_add(cJSON *routes, const char *name, double bytes)
{
    cJSON *row = row_find(routes, "name", name);

    if (row == NULL) {
        row = cJSON_CreateObject();
        (void)cJSON_AddStringToObject(row, "name", name);
        (void)cJSON_AddNumberToObject(row, "bytes", 0);
        (void)cJSON_AddItemToArray(routes, row);
    }
    (void)cJSON_SetNumberValue(cJSON_GetObjectItemCaseSensitive(row, "bytes"),
                               weft_json_number(row, "bytes", 0) + bytes);
}

void weft_comm_stats_routes(const cJSON *before, const cJSON *after, cJSON *routes)
{
    const cJSON *old = cJSON_GetObjectItemCaseSensitive(before, "routes");
    const cJSON *route;

    cJSON_ArrayForEach(route, cJSON_GetObjectItemCaseSensitive(after, "routes"))
    {
        const char *name = weft_json_text(route, "route", "?");
        double bytes = weft_json_number(route, "moved_bytes", 0) -
                       weft_json_number(row_find(old, "route", name), "moved_bytes", 0);

        if (bytes > 0)
            bytes_add(routes, name, bytes);
    }
}

double weft_comm_stats_cpu_ns(const cJSON *before, const cJSON *after)
{
    return weft_json_number(after, "progress_cpu_ns", 0) -
           weft_json_number(before, "progress_cpu_ns", 0);
}
