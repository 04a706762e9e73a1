/* Max-min fair rates on a network of five links, one of them bounded in both directions together.
 *
 * Links 0 and 1 are a pair of 100 either way and 150 together; 2 and 3 a pair of 60 and 40; 4 and 5
 * a pair of 1,000; 6 and 7 carry nothing. */
#include <criterion/criterion.h>
#include <math.h>

#include "../../plugins/cuda-emu/fluid.c"

#define FLOWS_MAX 5
#define HOPS_MAX  3
#define END       WEFT_NONE

static const struct weft_emu_fluid_link links[] = {
    {100, 150, 1}, {100, 150, 0}, {60, 0, 3}, {40, 0, 2},
    {1000, 0, 5},  {1000, 0, 4},  {0, 0, 7},  {0, 0, 6},
};

struct flow_row {
    uint32_t links[HOPS_MAX + 1]; /* up to END */
    double limit;
    double rate; /* expected */
};

struct row {
    const char *name;
    uint32_t flow_count;
    struct flow_row flows[FLOWS_MAX];
};

static const struct row rows[] = {
    {"one alone", 1, {{{0, END}, 0, 100}}},
    {"slowest link of the path", 1, {{{4, 0, 2, END}, 0, 60}}},
    {"two share a link", 2, {{{0, END}, 0, 50}, {{0, END}, 0, 50}}},
    {"three of them",
     3,
     {{{0, 4, END}, 0, 100 / 3.0}, {{0, END}, 0, 100 / 3.0}, {{0, END}, 0, 100 / 3.0}}},
    {"duplex bound", 2, {{{0, END}, 0, 75}, {{1, END}, 0, 75}}},
    {"duplex bound, uneven", 3, {{{0, END}, 0, 50}, {{0, END}, 0, 50}, {{1, END}, 0, 50}}},
    {"duplex bound, one bounded elsewhere", 2, {{{0, 3, END}, 0, 40}, {{1, END}, 0, 100}}},
    {"no duplex bound", 2, {{{2, END}, 0, 60}, {{3, END}, 0, 40}}},
    {"what one cannot take the other gets", 2, {{{0, 3, END}, 0, 40}, {{0, END}, 0, 60}}},
    {"own bound", 2, {{{0, END}, 10, 10}, {{0, END}, 0, 90}}},
    {"own bound above its share", 2, {{{0, END}, 80, 50}, {{0, END}, 0, 50}}},
    {"no links, own bound", 2, {{{END}, 1500, 1500}, {{0, END}, 0, 100}}},
    {"in and out of one pair", 1, {{{0, 1, END}, 0, 75}}},
    {"chain of bottlenecks",
     4,
     {{{0, 2, END}, 0, 30}, {{2, END}, 0, 30}, {{0, 4, END}, 0, 70}, {{4, END}, 0, 930}}},
    {"dead link", 2, {{{0, 6, END}, 0, 0}, {{0, END}, 0, 100}}},
    {"five",
     5,
     {{{0, END}, 0, 20},
      {{0, END}, 0, 20},
      {{0, END}, 0, 20},
      {{0, 2, END}, 0, 20},
      {{0, 3, END}, 0, 20}}},
};

Test(fluid, share__table)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct weft_emu_flow flows[FLOWS_MAX] = {0};

        for (uint32_t k = 0; k < rows[i].flow_count; k++) {
            flows[k].links = rows[i].flows[k].links;
            while (flows[k].links[flows[k].link_count] != END)
                flows[k].link_count++;
            flows[k].limit_bytes_per_us = rows[i].flows[k].limit;
        }
        weft_emu_fluid_share(links, flows, rows[i].flow_count);
        for (uint32_t k = 0; k < rows[i].flow_count; k++)
            cr_expect(fabs(flows[k].rate_bytes_per_us - rows[i].flows[k].rate) < 1e-6,
                      "%s: flow %u has %f, not %f", rows[i].name, k, flows[k].rate_bytes_per_us,
                      rows[i].flows[k].rate);
    }
}

Test(fluid, share__nothing_flows)
{
    struct weft_emu_flow none = {.rate_bytes_per_us = 7};

    weft_emu_fluid_share(links, &none, 0);
    cr_expect_eq(none.rate_bytes_per_us, 7);
}
