/* Results as text. The two tables come from result.def. */
#include "result.h"

struct result_row {
    const char *name;
    const char *text;
};

#define RESULT(result_name, words) [result_name] = {#result_name, words},
static const struct result_row rows[weftNumResults] = {
#include "result.def"
};
#undef RESULT

const char *weft_result_text(weftResult_t result)
{
    return (unsigned)result < weftNumResults ? rows[result].text : "unknown result";
}

const char *weft_result_name(weftResult_t result)
{
    return (unsigned)result < weftNumResults ? rows[result].name : "weftResult?";
}
