/* The command line of weft-loopback. */
#ifndef WEFT_LOOPBACK_OPTIONS_H
#define WEFT_LOOPBACK_OPTIONS_H

#include "common/args.h"
#include "contest.h"

#define WEFT_LOOPBACK_SIZES_MAX   8
#define WEFT_LOOPBACK_SECONDS_MAX 600

struct weft_loopback_options {
    enum weft_loopback_kind kind;
    const char *transport; /* as weft_loopback_ask has it */
    uint64_t sizes[WEFT_LOOPBACK_SIZES_MAX];
    uint32_t size_count;
    uint64_t rounds;
    uint64_t seconds;
    uint64_t exchanges;
    uint64_t depth;   /* 0: by the size */
    const char *only; /* NULL: all */
    const char *json;
};

/* Reads the command line, and fills in what it leaves out. False with a sentence. */
bool weft_loopback_options_read(struct weft_loopback_options *options, int argc, char *argv[],
                                char why[WEFT_ARGS_WHY_BYTES]);

/* What is asked of a contestant that moves `size_bytes`. */
struct weft_loopback_ask weft_loopback_options_ask(const struct weft_loopback_options *options,
                                                   uint64_t size_bytes);

#endif
