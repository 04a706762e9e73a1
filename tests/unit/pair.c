/* Pairs: when one counts for the plan. */
#include <criterion/criterion.h>

#include <signal.h>

#include "core/pair.h"

Test(pair, load_began__the_first_asks_for_a_plan)
{
    struct weft_pair pair = {.loads = 0};

    cr_expect(weft_pair_load_began(&pair));
    cr_expect_not(weft_pair_load_began(&pair));
    weft_pair_load_ended(&pair, 10);
    weft_pair_load_ended(&pair, 20);
    cr_expect_eq(pair.loads, 0);
    cr_expect_eq(pair.load_ended_at, 20);
    cr_expect(weft_pair_load_began(&pair));
}

Test(pair, load_ended__none_began, .signal = SIGABRT)
{
    struct weft_pair pair = {.loads = 0};

    weft_pair_load_ended(&pair, 10);
}

Test(pair, counts__loads_and_a_while_after)
{
    static const struct {
        uint32_t loads;
        bool active;
        weft_ns ended_at;
        weft_ns idle_ns;
        weft_ns now;
        bool counts;
    } rows[] = {
        {1, false, 0, 0, 0, true},       {2, true, 0, 0, 1000000, true},
        {0, false, 0, 160, 0, false}, /* never was active */
        {0, true, 100, 160, 100, true},  {0, true, 100, 160, 259, true},
        {0, true, 100, 160, 260, false}, {0, false, 100, 160, 101, false},
        {0, true, 100, 0, 100, false},   {0, true, 100, WEFT_NEVER, 1000000, true},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct weft_pair pair = {
            .loads = rows[i].loads, .active = rows[i].active, .load_ended_at = rows[i].ended_at};

        cr_expect_eq(weft_pair_counts(&pair, rows[i].idle_ns, rows[i].now), rows[i].counts,
                     "row %zu", i);
    }
}
