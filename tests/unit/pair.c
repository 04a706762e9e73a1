/* Pairs: when their load asks for a plan. */
#include <criterion/criterion.h>

#include <signal.h>

#include "core/pair.h"

Test(pair, load_began__the_first_asks_for_a_plan)
{
    struct weft_pair pair = {.loads = 0};

    cr_expect(weft_pair_load_began(&pair));
    cr_expect_not(weft_pair_load_began(&pair));
    cr_expect_not(weft_pair_load_ended(&pair));
    cr_expect(weft_pair_load_ended(&pair));
    cr_expect_eq(pair.loads, 0);
    cr_expect(weft_pair_load_began(&pair));
}

Test(pair, load_ended__none_began, .signal = SIGABRT)
{
    struct weft_pair pair = {.loads = 0};

    weft_pair_load_ended(&pair);
}
