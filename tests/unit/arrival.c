/* perf/weft-perf/arrival: how much of a destination has been written. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "../../perf/weft-perf/arrival.h"

#define BYTES 65536

struct destination {
    struct weft_perf_arrival arrival;
    _Alignas(8) char memory[2 * BYTES];
};

Test(arrival, permille__contiguous)
{
    static const struct {
        size_t from;
        size_t size;
        uint32_t permille;
    } steps[] = {
        {0, 0, 0},           {0, BYTES / 2, 500},         {0, BYTES / 2, 500},
        {BYTES / 2, 8, 501}, {BYTES / 2, BYTES / 4, 750}, {0, BYTES, 1000},
    };
    struct destination *d = calloc(1, sizeof(*d));
    struct weft_perf_arrival_place place = {d->memory, BYTES, 1, 0, NULL};

    weft_perf_arrival_init(&d->arrival, &place, 1);
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(steps); i++) {
        memset(d->memory + steps[i].from, 0x11, steps[i].size);
        cr_expect_eq(weft_perf_arrival_permille(&d->arrival), steps[i].permille, "step %zu", i);
    }
    free(d);
}

/* Blocks of 4 KiB, 8 KiB apart, in a given order: what lies between them is nobody's. */
Test(arrival, permille__blocks)
{
    static const uint32_t ids[] = {3, 0, 2, 1};
    struct destination *d = calloc(1, sizeof(*d));
    struct weft_perf_arrival_place place = {d->memory, 4096, 4, 8192, ids};

    weft_perf_arrival_init(&d->arrival, &place, 1);
    for (uint32_t i = 0; i < 4; i++) {
        for (uint32_t k = 4096; k < 8192; k++)
            cr_assert_eq(d->memory[i * 8192 + k], 0, "block %u is marked outside", i);
        memset(d->memory + ids[i] * 8192, 0x22, 4096);
        cr_expect_eq(weft_perf_arrival_permille(&d->arrival), 250 * (i + 1));
    }
    free(d);
}

Test(arrival, permille__several_places_and_none)
{
    struct destination *d = calloc(1, sizeof(*d));
    struct weft_perf_arrival_place places[] = {{d->memory, BYTES, 1, 0, NULL},
                                               {d->memory + BYTES, BYTES, 1, 0, NULL}};

    weft_perf_arrival_init(&d->arrival, places, 2);
    memset(d->memory + BYTES, 0x33, BYTES);
    cr_expect_eq(weft_perf_arrival_permille(&d->arrival), 500);
    weft_perf_arrival_init(&d->arrival, places, 0);
    cr_expect_eq(weft_perf_arrival_permille(&d->arrival), 0);
    places[0].block_bytes = 7; /* less than a word */
    weft_perf_arrival_init(&d->arrival, places, 1);
    cr_expect_eq(weft_perf_arrival_permille(&d->arrival), 0);
    free(d);
}
