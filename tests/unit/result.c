/* Results as text: each row of result.def, and values that are none. */
#include "core/result.h"

#include <criterion/criterion.h>

Test(result, text__first_last_and_none)
{
    cr_expect_str_eq(weft_result_text(weftSuccess), "success");
    cr_expect_str_eq(weft_result_text(weftUnknown), "outcome unknown: a copy hangs");
    cr_expect_str_eq(weft_result_text((weftResult_t)12), "unknown result");
    cr_expect_str_eq(weft_result_text((weftResult_t)-1), "unknown result");
}

Test(result, name__every_value_in_order)
{
    static const char *const names[weftNumResults] = {
        "weftSuccess",         "weftUnhandledCudaError", "weftSystemError", "weftInternalError",
        "weftInvalidArgument", "weftInvalidUsage",       "weftRemoteError", "weftInProgress",
        "weftTimeout",         "weftNoResource",         "weftCancelled",   "weftUnknown",
    };

    for (int i = 0; i < weftNumResults; i++)
        cr_expect_str_eq(weft_result_name((weftResult_t)i), names[i]);
    cr_expect_str_eq(weft_result_name((weftResult_t)99), "weftResult?");
}
