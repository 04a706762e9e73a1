/* transports/tcp: how fast a lane is. Times are ns. */
#include <criterion/criterion.h>

#include "tcp/tcp_pulse.h"

#define MS  1000000u
#define MIB (1u << 20)

static struct weft_tcp_pulse pulse_of(uint64_t bytes, weft_ns time_ns)
{
    struct weft_tcp_pulse pulse;

    weft_tcp_pulse_init(&pulse);
    weft_tcp_pulse_frame(&pulse, 1, bytes, 0);
    weft_tcp_pulse_acked(&pulse, 1, time_ns);
    return pulse;
}

Test(tcp_pulse, expect__in_proportion)
{
    struct weft_tcp_pulse pulse = pulse_of(4 * MIB, 100 * MS);

    cr_assert_eq(weft_tcp_pulse_expect(&pulse, 4 * MIB, 100 * MS), 100 * MS);
    cr_assert_eq(weft_tcp_pulse_expect(&pulse, MIB, 100 * MS), 25 * MS);
    /* Next to nothing is before it. */
    cr_assert_eq(weft_tcp_pulse_expect(&pulse, 65535, 100 * MS), 0);
}

/* The delay of a small frame says little of the rate: it counts as 64 KiB. */
Test(tcp_pulse, expect__small_frames)
{
    struct weft_tcp_pulse pulse = pulse_of(100, MS);

    cr_assert_eq(weft_tcp_pulse_expect(&pulse, 128 * 1024, MS), 2 * MS);
}

Test(tcp_pulse, expect__nothing_is_known)
{
    struct weft_tcp_pulse pulse;

    weft_tcp_pulse_init(&pulse);
    cr_assert_eq(weft_tcp_pulse_expect(&pulse, 65535, 5 * MS), 0);
    cr_assert_eq(weft_tcp_pulse_expect(&pulse, 2 * MS, 5 * MS), 2 * MS); /* 1 GB/s */
    weft_tcp_pulse_frame(&pulse, 7, MIB, 5 * MS);
    cr_assert_eq(weft_tcp_pulse_expect(&pulse, MIB, 9 * MS), 4 * MS);
}

/* One frame is timed at a time; one that takes longer than it should tells so before it is there.
 * */
Test(tcp_pulse, expect__overdue)
{
    struct weft_tcp_pulse pulse = pulse_of(MIB, 10 * MS);

    weft_tcp_pulse_frame(&pulse, 2, 2 * MIB, 100 * MS);
    weft_tcp_pulse_frame(&pulse, 3, 4 * MIB, 110 * MS);
    cr_assert_eq(weft_tcp_pulse_expect(&pulse, MIB, 120 * MS), 10 * MS);
    cr_assert_eq(weft_tcp_pulse_expect(&pulse, MIB, 121 * MS), 21 * MS);
    weft_tcp_pulse_acked(&pulse, 1, 130 * MS);
    cr_assert_eq(weft_tcp_pulse_expect(&pulse, 0, 130 * MS), 30 * MS);
    weft_tcp_pulse_acked(&pulse, 4, 140 * MS);
    cr_assert_eq(weft_tcp_pulse_expect(&pulse, MIB, 140 * MS), 20 * MS);
}
