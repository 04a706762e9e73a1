/* Pairs: when their load asks for a plan. */
#include <criterion/criterion.h>

#include <signal.h>

#include "core/pair.h"

Test(pair, load_began__the_first_asks_for_a_plan)
{
    struct weft_pair pair = {.loads = 0};

    cr_expect(weft_pair_load_began(&pair, 100));
    cr_expect_not(weft_pair_load_began(&pair, 1000));
    weft_pair_load_moved(&pair, 90);
    cr_expect_eq(pair.load_bytes, 1010);
    cr_expect_not(weft_pair_load_ended(&pair, 10));
    cr_expect(weft_pair_load_ended(&pair, 1000));
    cr_expect_eq(pair.loads, 0);
    cr_expect_eq(pair.load_bytes, 0);
    cr_expect(weft_pair_load_began(&pair, 1));
}

Test(pair, load_ended__none_began, .signal = SIGABRT)
{
    struct weft_pair pair = {.loads = 0};

    weft_pair_load_ended(&pair, 0);
}

Test(pair, load_ended__bytes_left_over, .signal = SIGABRT)
{
    struct weft_pair pair = {.loads = 1, .load_bytes = 5};

    weft_pair_load_ended(&pair, 4);
}
