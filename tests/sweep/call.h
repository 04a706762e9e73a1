/* Calls of the API, each with what is promised of its result.
 *
 * What always holds: a call gives a result that weft.h names for it, and after one that failed
 * weftGetLastError has a sentence of its own. In a clean run every call succeeds. */
#ifndef SWEEP_CALL_H
#define SWEEP_CALL_H

#include "weft.h"

#define RESULT(name) (1u << weft##name)

/* CALL(weftMemFree, comm, memory) gives the result. CALL_MAY takes first what other results a clean
 * run may see, as RESULT(...) | ... */
#define CALL_MAY(results, function, ...)                                                           \
    (sweep_call_begin(#function), sweep_call_end(#function, function(__VA_ARGS__), (results)))
#define CALL(function, ...) CALL_MAY(0u, function, __VA_ARGS__)

void sweep_call_begin(const char *name);
weftResult_t sweep_call_end(const char *name, weftResult_t result, unsigned may);

#endif
