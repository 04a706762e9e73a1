/* The command line of weft-topo. */
#ifndef WEFT_TOPO_OPTIONS_H
#define WEFT_TOPO_OPTIONS_H

#include "common/args.h"

struct weft_topo_options {
    const char *node; /* NULL: this machine */
    bool links;
    bool plan;
    char plan_src[32];
    char plan_dst[32];
    uint64_t size_bytes;
    const char *svg_path; /* NULL: none; so are the next two */
    const char *xml_path;
    const char *json_path;
};

/* Reads the command line. False with a sentence that says what is valid. */
bool weft_topo_options_read(struct weft_topo_options *options, int argc, char *argv[],
                            char why[WEFT_ARGS_WHY_BYTES]);

#endif
