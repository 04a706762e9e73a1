/* The command line of weft-topo. */
#ifndef WEFT_TOPO_OPTIONS_H
#define WEFT_TOPO_OPTIONS_H

#include "common/units.h"

struct weft_topo_options {
    const char *node; /* NULL: this machine */
    bool links;
    bool plan;
    char plan_src[32];
    char plan_dst[32];
    uint64_t size_bytes;
    bool size_given;
    const char *svg_path; /* NULL: none; so are the next two */
    const char *xml_path;
    const char *json_path;
};

/* Reads the command line. What is wrong ends the program with a sentence and status 2. */
void weft_topo_options_read(struct weft_topo_options *options, int argc, char *argv[]);

#endif
