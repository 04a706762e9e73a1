/* What the prefill and the decode server have alike: an emulated machine with pools of blocks on
 * its GPUs, an area of words in host memory, and for each run a comm with windows over them.
 *
 * The area has a place for each seat (a request on its way) and part (a put of it). The decode
 * server's holds what the other one puts there behind the pages: the part's checksum, then the word
 * by which it is seen. The prefill server's holds the checksums to be sent. */
#ifndef WEFT_KV_SERVER_H
#define WEFT_KV_SERVER_H

#include "control.h"

struct weft_kv_server {
    const struct weft_kv_options *options;
    const char *id; /* the server's part of a DevID */
    struct weft_testbed testbed;
    struct weft_kv_store store;
    uint32_t part_count;        /* of a request: puts, each with its signal */
    struct weft_kv_place *area; /* [WEFT_KV_SEATS_MAX][WEFT_KV_PARTS_MAX] */
    /* of a run */
    weftComm_t comm;
    weftWindow_t gpus[WEFT_KV_GPUS_MAX];
    weftWindow_t words;
};

struct weft_kv_place {
    uint64_t word; /* the serial of the request that arrived last */
    uint64_t checksum;
};

/* Which pages of a block a part has. */
struct weft_kv_span {
    uint32_t first;
    uint32_t count;
};

/* Opens the machine as the server of that id ("127.0.0.2"). Needs: no driver was loaded in this
 * process yet. `seed` scatters the pages. */
bool weft_kv_server_open(struct weft_kv_server *server, const struct weft_kv_options *options,
                         const char *id, uint64_t seed, char why[WEFT_WHY_BYTES]);
void weft_kv_server_close(struct weft_kv_server *server);

/* Begins a run: empties the tiers, clears the area, makes the comm and its windows. `sched` NULL:
 * the default. */
bool weft_kv_server_join(struct weft_kv_server *server, const char *sched,
                         char why[WEFT_WHY_BYTES]);
void weft_kv_server_leave(struct weft_kv_server *server);

/* Where a place's word and checksum lie in the window `words`. */
size_t weft_kv_server_word_at(uint32_t seat, uint32_t part);
size_t weft_kv_server_checksum_at(uint32_t seat, uint32_t part);
struct weft_kv_place *weft_kv_server_place(const struct weft_kv_server *server, uint32_t seat,
                                           uint32_t part);

struct weft_kv_span weft_kv_server_span(const struct weft_kv_server *server, uint32_t part);

/* What the bytes of a block are made from: another pattern in each run, so that nothing that an
 * earlier one left behind passes for right. */
uint64_t weft_kv_server_pattern(uint64_t key, uint64_t run);

/* The checksum of a part of some blocks, in their order. */
bool weft_kv_server_checksum(const struct weft_kv_server *server, uint32_t gpu,
                             const uint32_t *slots, uint32_t count, uint32_t part,
                             uint64_t *checksum);

#endif
