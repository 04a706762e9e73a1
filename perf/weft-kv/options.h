/* The command line of weft-kv as a struct. */
#ifndef WEFT_KV_OPTIONS_H
#define WEFT_KV_OPTIONS_H

#include "common/args.h"
#include "model.h"

enum weft_kv_spread { WEFT_KV_ROUND_ROBIN, WEFT_KV_LEAST_LOADED };

/* What the program is asked to do. */
enum weft_kv_errand { WEFT_KV_OFFLOAD, WEFT_KV_PD, WEFT_KV_ERRANDS };

/* How that went. */
enum weft_kv_outcome {
    WEFT_KV_RIGHT,     /* run, no error, every byte right */
    WEFT_KV_WRONG,     /* begun, and something was wrong */
    WEFT_KV_NOT_OPENED /* the machine or the trace cannot be used */
};

struct weft_kv_options {
    enum weft_kv_errand errand;
    const char *node;  /* NULL: the real machine */
    unsigned dilation; /* 0: the errand's own */
    const char *trace;
    uint64_t requests; /* at most, from the trace's start */
    const struct weft_kv_model *model;
    enum weft_kv_layout layout;
    uint32_t scale_millionths;
    unsigned gpus; /* 0: all */
    enum weft_kv_spread spread;
    uint64_t gpu_blocks;  /* capacity of each GPU's tier */
    uint64_t dram_blocks; /* capacity of all host memory together */
    bool scattered;       /* pages lie scattered in host memory too */
    bool saturate;
    uint32_t load_millionths; /* busy part of PCIe, or of the NICs, with `direct` */
    unsigned concurrency;     /* requests under way at once with --saturate */
    bool per_layer;           /* pd: a put for each layer, as prefill produces it */
    const char *sched;        /* NULL: the default */
    bool baseline;            /* the same run with `direct` beside it */
    const char *json;
    const char *plot;
};

/* Reads the command line. False with a sentence that says what is valid. */
bool weft_kv_options_read(struct weft_kv_options *options, int argc, char *argv[],
                          char why[WEFT_ARGS_WHY_BYTES]);

#endif
