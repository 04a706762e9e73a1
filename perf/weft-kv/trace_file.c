/* Reads request traces. Lines are parsed by cJSON and then checked field by field. */
#include "trace_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#define EXACT_MAX 9007199254740992.0 /* 2^53: whole numbers up to here are exact in JSON */

/* A whole number in [0, most]. */
static bool number_take(const cJSON *item, const char *name, double most, uint64_t *value,
                        char why[WEFT_WHY_BYTES])
{
    if (item == NULL) {
        (void)snprintf(why, WEFT_WHY_BYTES, "'%s' is missing", name);
        return false;
    }
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0) || !(item->valuedouble <= most) ||
        (double)(uint64_t)item->valuedouble < item->valuedouble) {
        (void)snprintf(why, WEFT_WHY_BYTES, "'%s' is no whole number from 0 to %.0f", name, most);
        return false;
    }
    *value = (uint64_t)item->valuedouble;
    return true;
}

static bool blocks_take(const cJSON *list, struct weft_kv_request *request,
                        char why[WEFT_WHY_BYTES])
{
    const cJSON *item;
    uint32_t count = 0;

    if (!cJSON_IsArray(list)) {
        (void)snprintf(why, WEFT_WHY_BYTES, "'hash_ids' is missing or no list");
        return false;
    }
    cJSON_ArrayForEach(item, list)
    {
        if (count == WEFT_KV_REQUEST_BLOCKS_MAX) {
            (void)snprintf(why, WEFT_WHY_BYTES, "'hash_ids' has more than %d blocks",
                           WEFT_KV_REQUEST_BLOCKS_MAX);
            return false;
        }
        if (!number_take(item, "hash_ids", EXACT_MAX, &request->blocks[count], why))
            return false;
        count++;
    }
    request->block_count = count;
    return true;
}

static bool fields_take(const cJSON *tree, struct weft_kv_request *request,
                        char why[WEFT_WHY_BYTES])
{
    uint64_t input;
    uint64_t output;

    if (!cJSON_IsObject(tree)) {
        (void)snprintf(why, WEFT_WHY_BYTES, "the line is no JSON object");
        return false;
    }
    if (!number_take(cJSON_GetObjectItemCaseSensitive(tree, "timestamp"), "timestamp", EXACT_MAX,
                     &request->timestamp_ms, why) ||
        !number_take(cJSON_GetObjectItemCaseSensitive(tree, "input_length"), "input_length",
                     WEFT_KV_TOKENS_MAX, &input, why) ||
        !number_take(cJSON_GetObjectItemCaseSensitive(tree, "output_length"), "output_length",
                     WEFT_KV_TOKENS_MAX, &output, why) ||
        !blocks_take(cJSON_GetObjectItemCaseSensitive(tree, "hash_ids"), request, why))
        return false;
    request->input_tokens = (uint32_t)input;
    request->output_tokens = (uint32_t)output;
    if (((uint64_t)request->block_count - 1) * WEFT_KV_BLOCK_TOKENS >= input &&
        request->block_count > 0) {
        (void)snprintf(why, WEFT_WHY_BYTES, "%u blocks of %d tokens for %u tokens of input",
                       request->block_count, WEFT_KV_BLOCK_TOKENS, request->input_tokens);
        return false;
    }
    return true;
}

bool weft_trace_line_parse(const char *line, size_t size, struct weft_kv_request *request,
                           char why[WEFT_WHY_BYTES])
{
    const char *end = NULL;
    cJSON *tree;
    bool good = false;

    if (size > WEFT_KV_LINE_BYTES_MAX) {
        (void)snprintf(why, WEFT_WHY_BYTES, "the line is longer than %d bytes",
                       WEFT_KV_LINE_BYTES_MAX);
        return false;
    }
    tree = cJSON_ParseWithLengthOpts(line, size, &end, false);
    while (tree != NULL && end < line + size && (*end == ' ' || *end == '\t' || *end == '\r'))
        end++;
    if (tree == NULL)
        (void)snprintf(why, WEFT_WHY_BYTES, "the line is no JSON from byte %td on",
                       end == NULL ? (ptrdiff_t)1 : end - line + 1);
    else if (end < line + size)
        (void)snprintf(why, WEFT_WHY_BYTES, "something follows the JSON object at byte %td",
                       end - line + 1);
    else
        good = fields_take(tree, request, why);
    cJSON_Delete(tree);
    return good;
}

/* Makes room for one more request and its blocks. */
static bool trace_grow(struct weft_kv_trace *trace, size_t *arrival_room, size_t *block_room)
{
    if (trace->count == *arrival_room) {
        size_t room = *arrival_room == 0 ? 1024 : *arrival_room * 2;
        void *more = realloc(trace->arrivals, room * sizeof(*trace->arrivals));

        if (more == NULL)
            return false;
        trace->arrivals = more;
        *arrival_room = room;
    }
    if (trace->block_count + WEFT_KV_REQUEST_BLOCKS_MAX > *block_room) {
        size_t room = *block_room * 2 + 16 * WEFT_KV_REQUEST_BLOCKS_MAX;
        void *more = realloc(trace->blocks, room * sizeof(*trace->blocks));

        if (more == NULL)
            return false;
        trace->blocks = more;
        *block_room = room;
    }
    return true;
}

static void trace_append(struct weft_kv_trace *trace, const struct weft_kv_request *request)
{
    trace->arrivals[trace->count++] =
        (struct weft_kv_arrival){.timestamp_ms = request->timestamp_ms,
                                 .input_tokens = request->input_tokens,
                                 .output_tokens = request->output_tokens,
                                 .block_count = request->block_count,
                                 .first_block = (uint32_t)trace->block_count};
    memcpy(trace->blocks + trace->block_count, request->blocks,
           request->block_count * sizeof(request->blocks[0]));
    trace->block_count += request->block_count;
}

/* Reads lines until the end or `count_max`; `request` and `line` are the caller's. */
static bool lines_read(FILE *file, const char *path, size_t count_max, struct weft_kv_trace *trace,
                       struct weft_kv_request *request, char **line, char why[WEFT_WHY_BYTES])
{
    size_t arrival_room = 0;
    size_t block_room = 0;
    size_t line_room = 0;
    ssize_t size;

    for (size_t number = 1; trace->count < count_max; number++) {
        char reason[WEFT_WHY_BYTES];

        size = getline(line, &line_room, file);
        if (size < 0)
            break;
        if (size > 0 && (*line)[size - 1] == '\n')
            size--;
        if (!trace_grow(trace, &arrival_room, &block_room)) {
            (void)snprintf(why, WEFT_WHY_BYTES, "no memory for the requests of %.200s", path);
            return false;
        }
        if (!weft_trace_line_parse(*line, (size_t)size, request, reason)) {
            (void)snprintf(why, WEFT_WHY_BYTES, "%.200s, line %zu: %.200s", path, number, reason);
            return false;
        }
        if (trace->count > 0 &&
            request->timestamp_ms < trace->arrivals[trace->count - 1].timestamp_ms) {
            (void)snprintf(why, WEFT_WHY_BYTES, "%.200s, line %zu: earlier than the line before",
                           path, number);
            return false;
        }
        trace_append(trace, request);
    }
    if (ferror(file) != 0)
        (void)snprintf(why, WEFT_WHY_BYTES, "cannot read %.200s: %s", path, strerror(errno));
    else if (trace->count == 0)
        (void)snprintf(why, WEFT_WHY_BYTES, "%.200s has no requests", path);
    return ferror(file) == 0 && trace->count > 0;
}

bool weft_kv_trace_load(struct weft_kv_trace *trace, const char *path, size_t count_max,
                        char why[WEFT_WHY_BYTES])
{
    struct weft_kv_request *request = malloc(sizeof(*request));
    FILE *file = fopen(path, "r");
    char *line = NULL;
    bool good = false;

    memset(trace, 0, sizeof(*trace));
    if (file == NULL)
        (void)snprintf(why, WEFT_WHY_BYTES, "cannot open the trace %.200s: %s", path,
                       strerror(errno));
    else if (request == NULL)
        (void)snprintf(why, WEFT_WHY_BYTES, "no memory for a request");
    else
        good = lines_read(file, path, count_max, trace, request, &line, why);
    free(line);
    free(request);
    if (file != NULL)
        (void)fclose(file);
    if (!good)
        weft_kv_trace_fini(trace);
    return good;
}

void weft_kv_trace_fini(struct weft_kv_trace *trace)
{
    free(trace->arrivals);
    free(trace->blocks);
    memset(trace, 0, sizeof(*trace));
}

bool weft_kv_trace_fits(const struct weft_kv_trace *trace, uint64_t gpu_blocks,
                        char why[WEFT_WHY_BYTES])
{
    uint32_t most = 0;

    for (size_t i = 0; i < trace->count; i++)
        most = (uint32_t)weft_max(most, trace->arrivals[i].block_count);
    if (most <= gpu_blocks)
        return true;
    (void)snprintf(why, WEFT_WHY_BYTES,
                   "the trace has a request of %u blocks: a GPU must hold it, so --gpu-blocks must "
                   "be at least that",
                   most);
    return false;
}
