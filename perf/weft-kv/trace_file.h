/* A request trace: JSON lines with timestamp (ms), input_length, output_length and hash_ids, one id
 * per 512-token block; equal ids are equal prefix blocks (the format of kvcache-ai/Mooncake).
 *
 * Every line is checked; a bad one is an error with its number and reason, never skipped. */
#ifndef WEFT_KV_TRACE_FILE_H
#define WEFT_KV_TRACE_FILE_H

#include "model.h"

#define WEFT_KV_REQUEST_BLOCKS_MAX 1024
#define WEFT_KV_LINE_BYTES_MAX     32768
#define WEFT_KV_TOKENS_MAX         16777216

struct weft_kv_request {
    uint64_t timestamp_ms;
    uint32_t input_tokens;
    uint32_t output_tokens;
    uint32_t block_count;
    uint64_t blocks[WEFT_KV_REQUEST_BLOCKS_MAX];
};

/* A request of a loaded trace; its blocks lie in the trace. */
struct weft_kv_arrival {
    uint64_t timestamp_ms;
    uint32_t input_tokens;
    uint32_t output_tokens;
    uint32_t block_count;
    uint32_t first_block;
};

struct weft_kv_trace {
    struct weft_kv_arrival *arrivals;
    uint64_t *blocks;
    size_t count;
    size_t block_count;
};

/* Parses one line of `size` bytes (no newline, any bytes). False with a reason. */
bool weft_trace_line_parse(const char *line, size_t size, struct weft_kv_request *request,
                           char why[WEFT_WHY_BYTES]);

/* Loads at most `count_max` requests. The reason of a bad line begins with the file and its number.
 * Owns: the caller, until fini. */
bool weft_kv_trace_load(struct weft_kv_trace *trace, const char *path, size_t count_max,
                        char why[WEFT_WHY_BYTES]);

/* Can a GPU of so many blocks hold every request? */
bool weft_kv_trace_fits(const struct weft_kv_trace *trace, uint64_t gpu_blocks,
                        char why[WEFT_WHY_BYTES]);

void weft_kv_trace_fini(struct weft_kv_trace *trace);

#endif
