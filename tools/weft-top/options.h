/* The command line of weft-top. */
#ifndef WEFT_TOP_OPTIONS_H
#define WEFT_TOP_OPTIONS_H

#include "common/args.h"

struct weft_top_options {
    bool once;
    const char *json_path; /* NULL: none */
    uint32_t pid;          /* 0: any */
    uint32_t port;         /* 0: comms are found by themselves */
    uint32_t interval_ms;
};

/* Reads the command line. False with a sentence that says what is valid. */
bool weft_top_options_read(struct weft_top_options *options, int argc, char *argv[],
                           char why[WEFT_ARGS_WHY_BYTES]);

#endif
