/* The arena: counting and taking agree. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>

#include "base/arena.h"

Test(arena, take__counts_first_then_gives)
{
    struct weft_arena arena = {NULL, 0, 0};
    char *first;
    char *second;

    cr_assert_null(weft_arena_take(&arena, 3, 10));
    cr_assert_eq(arena.used_bytes, 64);
    cr_assert_null(weft_arena_take(&arena, 0, 10));
    cr_assert_null(weft_arena_take(&arena, 1, 65));
    cr_assert_eq(arena.used_bytes, 192);

    arena = (struct weft_arena){aligned_alloc(64, 192), 192, 0};
    memset(arena.base, 0xee, 192);
    first = weft_arena_take(&arena, 3, 10);
    second = weft_arena_take(&arena, 1, 65);
    cr_assert_eq(first, arena.base);
    cr_assert_eq(second, arena.base + 64);
    for (size_t i = 0; i < 192; i++)
        cr_assert_eq(arena.base[i], 0);
    free(arena.base);
}

Test(arena, take__more_than_counted_is_a_mistake, .signal = SIGABRT)
{
    _Alignas(64) char block[64];
    struct weft_arena arena = {block, sizeof(block), 0};

    (void)weft_arena_take(&arena, 65, 1);
}
