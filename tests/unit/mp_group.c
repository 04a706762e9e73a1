/* Groups: which path is next. Two groups, eight paths: group 1 has paths 1, 3, 5, 7. */
#include <criterion/criterion.h>

#include "core/mp_group.h"

struct bench {
    struct weft_mp_config config;
    struct weft_mp_group group;
    struct weft_mp_path paths[8];
};

static struct bench made(uint32_t burst_packets)
{
    struct bench bench;

    weft_mp_defaults(&bench.config);
    bench.config.group_count = 2;
    bench.config.path_count = 8;
    bench.config.burst_packets = burst_packets;
    weft_mp_group_init(&bench.group, 1, &bench.config);
    for (uint32_t i = 0; i < 8; i++)
        weft_mp_path_init(&bench.paths[i], i);
    return bench;
}

static uint32_t pick(struct bench *bench, weft_ns now)
{
    return weft_mp_group_pick(&bench->group, bench->paths, &bench->config, now);
}

static void kill_path(struct bench *bench, uint32_t path)
{
    weft_mp_path_down(&bench->paths[path], 1);
    weft_mp_group_count(&bench->group, bench->paths, &bench->config);
}

Test(mp_group, pick__in_turn_and_in_bursts)
{
    struct bench bench = made(2);
    static const uint32_t expected[] = {1, 1, 3, 3, 5, 5, 7, 7, 1};

    cr_expect_eq(bench.group.path_count, 4);
    for (uint32_t i = 0; i < 9; i++)
        cr_expect_eq(pick(&bench, 0), expected[i], "pick %u", i);
}

Test(mp_group, pick__what_came_back_is_used_again)
{
    struct bench bench = made(1);

    weft_mp_group_recycle(&bench.group, 5);
    weft_mp_group_recycle(&bench.group, 5);
    cr_expect_eq(pick(&bench, 0), 5);
    cr_expect_eq(pick(&bench, 0), 5);
    cr_expect_eq(pick(&bench, 0), 1);
}

Test(mp_group, pick__not_the_dead_nor_the_skipped)
{
    struct bench bench = made(1);

    weft_mp_group_recycle(&bench.group, 5);
    kill_path(&bench, 5);
    weft_mp_path_skip(&bench.paths[1], &bench.config, 0);
    cr_expect_eq(bench.group.alive_count, 3);
    cr_expect_eq(pick(&bench, 0), 3);
    cr_expect_eq(pick(&bench, 0), 7);
    cr_expect_eq(pick(&bench, 0), 3);
    kill_path(&bench, 3);
    kill_path(&bench, 7);
    cr_expect_eq(pick(&bench, 0), 1, "skipped, but the only one");
    kill_path(&bench, 1);
    cr_expect_eq(pick(&bench, 0), WEFT_NONE);
}

Test(mp_group, pick__frozen_takes_known_ones)
{
    struct bench bench = made(1);

    weft_mp_path_acked(&bench.paths[7], 0, 0);
    weft_mp_group_freeze(&bench.group, 0);
    cr_expect_eq(pick(&bench, 1000), 7);
    cr_expect_eq(pick(&bench, 1000), 7);
    cr_expect_eq(pick(&bench, 10000000), 1, "thawed");
}

Test(mp_group, pick__a_trial_has_few_packets_out)
{
    struct bench bench = made(1);

    for (uint32_t path = 1; path < 8; path += 2)
        kill_path(&bench, path);
    (void)weft_mp_path_answered(&bench.paths[1], 5, 1000, 0);
    (void)weft_mp_path_answered(&bench.paths[3], 5, 1000, 0);
    weft_mp_group_count(&bench.group, bench.paths, &bench.config);
    bench.paths[1].out.count = 2;
    cr_expect_eq(pick(&bench, 0), 3);
    cr_expect_eq(pick(&bench, 0), 3);
}

Test(mp_group, probe__dead_ones_in_turn)
{
    struct bench bench = made(1);

    cr_expect_eq(weft_mp_group_probe(&bench.group, bench.paths, &bench.config), WEFT_NONE);
    kill_path(&bench, 3);
    kill_path(&bench, 7);
    cr_expect_eq(weft_mp_group_probe(&bench.group, bench.paths, &bench.config), 3);
    cr_expect_eq(weft_mp_group_probe(&bench.group, bench.paths, &bench.config), 7);
    cr_expect_eq(weft_mp_group_probe(&bench.group, bench.paths, &bench.config), 3);
}
