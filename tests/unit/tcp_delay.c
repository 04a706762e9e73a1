/* transports: what comes in is taken so much later, whole, in order, and not in lumps. */
#include <criterion/criterion.h>

#include "tcp/tcp_delay.h"

/* 100 bytes at 0 and 50 more at 600: a delay of 1,000 gives them out at 1,000 and 1,600. */
Test(tcp_delay, look__each_in_its_time)
{
    struct weft_tcp_delay delay = {.delay_ns = 1000};

    weft_tcp_delay_look(&delay, 100, 0);
    cr_expect_eq(weft_tcp_delay_left(&delay), 0);
    cr_expect_eq(weft_tcp_delay_at(&delay), 1000);
    weft_tcp_delay_look(&delay, 150, 600);
    weft_tcp_delay_look(&delay, 150, 999);
    cr_expect_eq(weft_tcp_delay_left(&delay), 0);
    weft_tcp_delay_look(&delay, 150, 1000);
    cr_expect_eq(weft_tcp_delay_left(&delay), 100);
    weft_tcp_delay_taken(&delay, 70);
    cr_expect_eq(weft_tcp_delay_left(&delay), 30);
    weft_tcp_delay_taken(&delay, 30);
    cr_expect_eq(weft_tcp_delay_left(&delay), 0);
    cr_expect_eq(weft_tcp_delay_at(&delay), 1600);
    weft_tcp_delay_look(&delay, 50, 1600);
    cr_expect_eq(weft_tcp_delay_left(&delay), 50);
    cr_expect_eq(weft_tcp_delay_at(&delay), WEFT_NEVER);
}

/* Looks within 1/16 of the delay share a mark, so there are always enough. */
Test(tcp_delay, look__often)
{
    struct weft_tcp_delay delay = {.delay_ns = 1600};

    for (weft_ns now = 0; now < 1600; now++)
        weft_tcp_delay_look(&delay, now + 1, now);
    cr_expect_eq(delay.count, 16);
    weft_tcp_delay_look(&delay, 1600, 1600);
    cr_expect_eq(weft_tcp_delay_left(&delay), 100);
    weft_tcp_delay_look(&delay, 1600, 1700);
    cr_expect_eq(weft_tcp_delay_left(&delay), 200);
}

/* Marks of the delay before are closer to each other; what finds no room shares the last one. */
Test(tcp_delay, look__with_longer_delays)
{
    static const weft_ns delays[] = {1600, 160000, 16000000};
    struct weft_tcp_delay delay = {0};
    weft_ns now = 0;

    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(delays); i++) {
        delay.delay_ns = delays[i];
        for (; now < delays[i] - 100; now += 100)
            weft_tcp_delay_look(&delay, now + 1, now);
    }
    cr_expect_eq(delay.count, WEFT_ARRAY_COUNT(delay.marks));
    weft_tcp_delay_look(&delay, now, now + delays[2]);
    cr_expect_eq(weft_tcp_delay_left(&delay), now - 99);
}

/* An empty socket may be asked whether it was closed; without a delay all may be taken. */
Test(tcp_delay, left__nothing_waits)
{
    struct weft_tcp_delay delay = {.delay_ns = 1000};

    weft_tcp_delay_look(&delay, 0, 0);
    cr_expect_eq(weft_tcp_delay_left(&delay), UINT64_MAX);
    weft_tcp_delay_look(&delay, 1, 5);
    cr_expect_eq(weft_tcp_delay_left(&delay), 0);
    delay.delay_ns = 0;
    cr_expect_eq(weft_tcp_delay_left(&delay), UINT64_MAX);
}
