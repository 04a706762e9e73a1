/* A server of weft-kv's pd on plain memory: one pool of 4 slots, no machine, no comm. */
#ifndef WEFT_TESTS_KV_FIXTURE_H
#define WEFT_TESTS_KV_FIXTURE_H

#include "../../perf/weft-kv/server.h"

#define KV_SLOTS      4
#define KV_PAGE_BYTES 2048
#define KV_PARTS      3

/* Blocks of `page_count` pages. Owns: the caller, until free. */
void kv_server_make(struct weft_kv_server *server, uint32_t page_count);
void kv_server_free(struct weft_kv_server *server);

#endif
