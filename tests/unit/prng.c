/* The generator gives the published sequence of SplitMix64. */
#include <criterion/criterion.h>

#include "base/prng.h"

Test(prng, next__reference_values)
{
    /* Seed 1234567, from the reference implementation by Vigna. */
    static const uint64_t expected[] = {
        6457827717110365317u, 3203168211198807973u,  9817491932198370423u,
        4593380528125082431u, 16408922859458223821u,
    };
    struct weft_prng prng;

    weft_prng_init(&prng, 1234567);
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(expected); i++)
        cr_assert_eq(weft_prng_next(&prng), expected[i]);
}

Test(prng, between__stays_inside_and_reaches_both_ends)
{
    struct weft_prng prng;
    uint32_t hits[3] = {0};

    weft_prng_init(&prng, 5);
    for (uint32_t i = 0; i < 1000; i++) {
        uint64_t value = weft_prng_between(&prng, 7, 9);

        cr_assert(value >= 7 && value <= 9);
        hits[value - 7]++;
    }
    cr_assert(hits[0] > 250 && hits[1] > 250 && hits[2] > 250);
}

Test(prng, chance__never_and_always)
{
    struct weft_prng prng;

    weft_prng_init(&prng, 5);
    for (uint32_t i = 0; i < 200; i++) {
        cr_assert_not(weft_prng_chance(&prng, 0));
        cr_assert(weft_prng_chance(&prng, 100));
    }
}
