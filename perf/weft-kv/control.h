/* What the two servers of `pd` tell each other beside the transfers: messages over a socket, as a
 * serving system's router would carry them.
 *
 *   prefill                      decode
 *      | -- RUN (scheduler) ------> |   opens its comm
 *      | <----- KEYS (windows) ---- |
 *      | -- ASK (request) --------> |   has room for its blocks
 *      | <----- GRANT (slots) ----- |
 *      |  == puts and signals ====> |   checks what came
 *      | <-- CHECKED (checksums) -- |
 *      | -- END ------------------> |   closes its comm
 *      | <----------------- ENDED - |
 *
 * DROP takes an ASK back, granted or not, and may cross what is on its way the other way: a serial
 * says which request a message is about, and what is about none is passed over. FAILED, from
 * either, says why it cannot go on; so does the end of the socket. A message arrives whole or not
 * at all. */
#ifndef WEFT_KV_CONTROL_H
#define WEFT_KV_CONTROL_H

#include "store.h"
#include "trace_file.h"

#define WEFT_KV_SEATS_MAX 256 /* requests that are handed over at once */
#define WEFT_KV_PARTS_MAX 128 /* puts of a request: its layers */

enum weft_kv_message_kind {
    WEFT_KV_RUN,
    WEFT_KV_KEYS,
    WEFT_KV_ASK,
    WEFT_KV_GRANT,
    WEFT_KV_CHECKED,
    WEFT_KV_DROP,
    WEFT_KV_END,
    WEFT_KV_ENDED,
    WEFT_KV_FAILED,
    WEFT_KV_MESSAGES
};

struct weft_kv_message {
    enum weft_kv_message_kind kind;
    uint32_t seat;        /* ASK, GRANT, CHECKED, DROP */
    uint32_t request;     /* ASK: its index in the trace */
    uint32_t gpu;         /* GRANT: of the decode server */
    uint32_t count;       /* of what is below: slots, checksums, keys or bytes of text */
    uint64_t serial;      /* of an ASK and all about it, never used twice; RUN: the run's number;
                           * KEYS: the seed of the order of its pages, which says where slots lie */
    uint64_t wrong_bytes; /* CHECKED */
    union {
        char text[WEFT_WHY_BYTES];                  /* RUN: the scheduler; FAILED: a sentence */
        weftWindowKey_t keys[WEFT_KV_GPUS_MAX + 1]; /* the words' window comes first */
        uint32_t slots[WEFT_KV_REQUEST_BLOCKS_MAX]; /* GRANT */
        uint64_t checksums[WEFT_KV_PARTS_MAX];      /* CHECKED: of what arrived */
    } of;
};

struct weft_kv_control {
    int socket; /* -1: closed */
};

/* Two connected ends. False when the system has none. */
bool weft_kv_control_pair(struct weft_kv_control ends[2], char why[WEFT_WHY_BYTES]);
void weft_kv_control_close(struct weft_kv_control *control);

/* Sends a message; its text ends with a NUL. False with a sentence when the other side is gone or
 * takes nothing for WEFT_KV_SEND_MS. */
bool weft_kv_control_send(struct weft_kv_control *control, const struct weft_kv_message *message,
                          char why[WEFT_WHY_BYTES]);

enum weft_kv_arrived { WEFT_KV_NOTHING, WEFT_KV_MESSAGE, WEFT_KV_GONE };

/* Takes the next message, waiting for it at most `wait_ms` of real time. GONE: with a sentence; the
 * other side is gone, or has told FAILED. */
enum weft_kv_arrived weft_kv_control_take(struct weft_kv_control *control, int wait_ms,
                                          struct weft_kv_message *message,
                                          char why[WEFT_WHY_BYTES]);

#endif
