/* tools/weft-top/top_terminal: which keys are meant. */
#include <criterion/criterion.h>

#include <string.h>

#include "../../tools/weft-top/top_terminal.h"

Test(top_terminal, key_read__keys)
{
    static const struct {
        const char *bytes;
        enum weft_top_key key;
        size_t used;
    } cases[] = {
        {"q", WEFT_TOP_KEY_QUIT, 1},           {"p", WEFT_TOP_KEY_PAUSE, 1},
        {"\t", WEFT_TOP_KEY_NEXT, 1},          {"\033[C", WEFT_TOP_KEY_NEXT, 3},
        {"\033[Dq", WEFT_TOP_KEY_PREVIOUS, 3}, {"\033[Z", WEFT_TOP_KEY_PREVIOUS, 3},
        {"\033OA", WEFT_TOP_KEY_UP, 3},        {"\033[B", WEFT_TOP_KEY_DOWN, 3},
        {"\033", WEFT_TOP_KEY_NONE, 1},        {"\033[5~", WEFT_TOP_KEY_NONE, 1},
        {"x", WEFT_TOP_KEY_NONE, 1},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t used;

        cr_expect_eq(weft_top_key_read(cases[i].bytes, strlen(cases[i].bytes), &used), cases[i].key,
                     "case %zu", i);
        cr_expect_eq(used, cases[i].used, "case %zu", i);
    }
}
