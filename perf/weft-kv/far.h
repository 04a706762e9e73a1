/* The decode server as the prefill server reaches it: its windows, and where its slots lie. */
#ifndef WEFT_KV_FAR_H
#define WEFT_KV_FAR_H

#include "server.h"

struct weft_kv_far {
    uint32_t gpu_count;
    weftWindow_t gpus[WEFT_KV_GPUS_MAX];
    weftWindow_t words;
    uint32_t *pages; /* of the slots of any of its GPUs, as weft_kv_pages_make */
    uint32_t *ids;   /* scratch: page lists of a put, those here, then those there */
};

/* Imports the windows that the message KEYS names into the server's comm. */
bool weft_kv_far_open(struct weft_kv_far *far, const struct weft_kv_server *server,
                      const struct weft_kv_message *keys, char why[WEFT_WHY_BYTES]);

/* Allowed when it is not open. The windows end with the comm. */
void weft_kv_far_close(struct weft_kv_far *far);

#endif
