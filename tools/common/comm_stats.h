/* The counters of a comm as a tree, and differences between two readings. */
#ifndef WEFT_TOOLS_COMM_STATS_H
#define WEFT_TOOLS_COMM_STATS_H

#include "common/json.h"
#include "weft.h"

/* weftCommGetStats as a tree that the caller deletes; NULL when it fails. */
cJSON *weft_comm_stats_read(weftComm_t comm);

/* Adds the bytes that each route moved between two readings (`before` NULL: since the comm began)
 * to the rows of `routes`, an array of {name, bytes}; routes that are new there get a row. */
void weft_comm_stats_routes(const cJSON *before, const cJSON *after, cJSON *routes);

/* CPU time of the progress thread between two readings, ns. */
double weft_comm_stats_cpu_ns(const cJSON *before, const cJSON *after);

#endif
