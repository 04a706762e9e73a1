/* What is asked of a contestant, and what it found. */
#ifndef WEFT_LOOPBACK_FIGURES_H
#define WEFT_LOOPBACK_FIGURES_H

#include "common/units.h"

#define WEFT_LOOPBACK_DEPTH_MAX     64
#define WEFT_LOOPBACK_EXCHANGES_MAX 200000

struct weft_loopback_ask {
    const char *transport; /* Weft's setting `net`, or ipc: siblings */
    uint64_t size_bytes;   /* of a put, a message, a write */
    uint32_t depth;        /* puts under way at once */
    weft_ns duration_ns;   /* of a stream */
    uint32_t exchanges;    /* of a latency */
};

struct weft_loopback_figures {
    uint64_t bytes; /* of a stream, and the time that they took */
    weft_ns time_ns;
    weft_ns near_cpu_ns; /* user and system, of all threads of the process */
    weft_ns far_cpu_ns;
    weft_ns p50_ns; /* of a latency */
    weft_ns p99_ns;
    uint64_t wrong_bytes;
    char why[WEFT_WHY_BYTES]; /* empty: it was measured */
};

#endif
