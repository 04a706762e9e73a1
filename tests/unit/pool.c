/* Pools of indices. */
#include <criterion/criterion.h>
#include <signal.h>

#include "base/pool.h"

Test(pool, take__lowest_first_then_none)
{
    uint32_t memory[3];
    struct weft_pool pool;

    weft_pool_init(&pool, memory, 3);
    cr_assert_eq(weft_pool_take(&pool), 0);
    cr_assert_eq(weft_pool_take(&pool), 1);
    cr_assert_eq(weft_pool_take(&pool), 2);
    cr_assert_eq(weft_pool_take(&pool), WEFT_NONE);
}

Test(pool, give__the_last_one_back_is_taken_first)
{
    uint32_t memory[3];
    struct weft_pool pool;

    weft_pool_init(&pool, memory, 3);
    for (uint32_t i = 0; i < 3; i++)
        (void)weft_pool_take(&pool);
    weft_pool_give(&pool, 1);
    weft_pool_give(&pool, 2);
    cr_assert_eq(weft_pool_take(&pool), 2);
    cr_assert_eq(weft_pool_take(&pool), 1);
}

Test(pool, give__more_than_there_are_is_a_mistake, .signal = SIGABRT)
{
    uint32_t memory[2];
    struct weft_pool pool;

    weft_pool_init(&pool, memory, 2);
    weft_pool_give(&pool, 0);
}
