/* Results as text; result.def is the list. */
#ifndef WEFT_RESULT_H
#define WEFT_RESULT_H

#include "../base/base.h"

/* A few words; "unknown result" for a value that is none. */
const char *weft_result_text(weftResult_t result);

/* "weftSuccess"; "weftResult?" for a value that is none. */
const char *weft_result_name(weftResult_t result);

#endif
