/* What the two servers' processes say to each other, over a pair of sockets: one order, one answer.
 *
 * Both are the same program, so structs travel as they are. Orders come from server a; b answers
 * each before the next one. b's first answer is that it is open, and nobody asked for that. */
#ifndef WEFT_PERF_ORDER_H
#define WEFT_PERF_ORDER_H

#include "subject.h"

enum weft_perf_order_kind {
    WEFT_PERF_ORDER_SESSION_OPEN,  /* text: the scheduler; answers keys, one for each flow */
    WEFT_PERF_ORDER_SESSION_CLOSE, /* forgets the comm */
    WEFT_PERF_ORDER_PREPARE,       /* size, seed: fills the sources, poisons the destinations */
    WEFT_PERF_ORDER_VERIFY,        /* size, seed; answers the number of wrong bytes */
    WEFT_PERF_ORDER_LANDED,        /* size; answers how many bytes are not what PREPARE left */
    WEFT_PERF_ORDER_BEGIN,         /* size: a transfer follows */
    WEFT_PERF_ORDER_ARRIVED,       /* answers how many parts of 1000 have arrived since */
    WEFT_PERF_ORDER_LINK,          /* text: the link; change, permille */
    WEFT_PERF_ORDER_ROUTES,        /* answers the routes since BEGIN, as JSON */
    WEFT_PERF_ORDERS
};

struct weft_perf_order {
    enum weft_perf_order_kind kind;
    enum weft_link_change change;
    unsigned permille;
    uint64_t size;
    uint64_t seed;
    char text[64]; /* empty: none */
};

struct weft_perf_answer {
    uint64_t number;
    uint32_t payload_bytes; /* of what follows, the rest is not sent */
    bool good;              /* false: `text` is a sentence */
    union {
        char text[sizeof(weftWindowKey_t) * WEFT_PERF_FLOWS_MAX];
        weftWindowKey_t keys[WEFT_PERF_FLOWS_MAX];
    };
};

enum weft_perf_heard {
    WEFT_PERF_HEARD,
    WEFT_PERF_HEARD_END,     /* the other process has gone */
    WEFT_PERF_HEARD_NOTHING, /* nor has it said all within the time */
};

bool weft_perf_order_send(int socket, const struct weft_perf_order *order);
bool weft_perf_answer_send(int socket, const struct weft_perf_answer *answer);

/* Waits for the next order, without a deadline: the end of the other process ends it. */
bool weft_perf_order_hear(int socket, struct weft_perf_order *order);

/* Waits at most `timeout_ms` for the next answer. */
enum weft_perf_heard weft_perf_answer_hear(int socket, struct weft_perf_answer *answer,
                                           unsigned timeout_ms);

/* Makes an answer of text. */
void weft_perf_answer_text(struct weft_perf_answer *answer, bool good, const char *text);

#endif
