/* The command line of weft-perf as a struct: parsed and bounded, not yet held against a machine. */
#ifndef WEFT_PERF_OPTIONS_H
#define WEFT_PERF_OPTIONS_H

#include "common/args.h"
#include "fault.h"
#include "side.h"

#define WEFT_PERF_ITERATIONS_MAX 1000

enum weft_perf_op { WEFT_PERF_PUT, WEFT_PERF_GET, WEFT_PERF_COPY, WEFT_PERF_OPS };

struct weft_perf_options {
    enum weft_perf_op op;
    const char *node;  /* NULL: the real machine */
    unsigned dilation; /* 0: the default */
    const char *from;  /* NULL: the operation's default; its server is in from_side */
    const char *to;
    bool has_peer;         /* a second server; without, all is on side a */
    const char *peer_node; /* NULL: this machine once more */
    uint32_t nics;         /* of each server that are used; 0: all */
    const char *crypto;    /* NULL: the library's default */
    const char *transport; /* of a second server */
    enum weft_perf_side from_side;
    enum weft_perf_side to_side;
    bool all_gpus; /* every GPU and the host memory of its socket at once */
    uint64_t size_min;
    uint64_t size_max;
    uint64_t size_factor;
    uint64_t block_bytes; /* 0: one contiguous transfer */
    uint64_t block_count;
    bool indexed; /* blocks at random places on both sides */
    unsigned iterations;
    unsigned warmup;
    uint64_t timeout_ms; /* 0: the default */
    bool has_timeout;    /* it was given */
    const char *routes;  /* NULL: the default */
    const char *sched;
    bool check;
    bool baseline; /* measure `direct` beside it */
    bool compare;  /* and `static` and `roundrobin` */
    bool cuda;     /* measure the driver's own copies instead of Weft's schedulers */
    struct weft_perf_fault_plan faults;
    const char *json; /* NULL: none */
    bool csv;
};

/* Reads the command line. False with a sentence that says what is valid. */
bool weft_perf_options_read(struct weft_perf_options *options, int argc, char *argv[],
                            char why[WEFT_ARGS_WHY_BYTES]);

const char *weft_perf_op_name(enum weft_perf_op op);

#endif
