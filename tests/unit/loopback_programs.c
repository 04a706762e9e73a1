/* perf/weft-loopback/programs: what is read out of other programs' outputs. */
#include <criterion/criterion.h>

#include "../../perf/weft-loopback/programs.h"

Test(loopback_programs, iperf3_read__sum_received)
{
    static const char text[] =
        "{\"start\":{},\"end\":{\"sum_sent\":{\"bytes\":9,\"seconds\":9},"
        "\"sum_received\":{\"start\":0,\"end\":1.5,\"seconds\":1.5,\"bytes\":6000000000,"
        "\"bits_per_second\":3.2e10}}}";
    struct weft_loopback_figures figures = {.bytes = 0};

    cr_assert(weft_loopback_iperf3_read(text, &figures));
    cr_expect_eq(figures.bytes, 6000000000);
    cr_expect_eq(figures.time_ns, 1500000000);
}

Test(loopback_programs, iperf3_read__no_figure)
{
    static const char *const rows[] = {
        "",
        "iperf3: error - unable to connect to server",
        "{\"error\":\"the server is busy\"}",
        "{\"end\":{}}",
        "{\"end\":{\"sum_received\":{\"seconds\":1,\"bytes\":0}}}",
        "{\"end\":{\"sum_received\":{\"seconds\":0,\"bytes\":10}}}",
        "{\"end\":{\"sum_received\":{\"seconds\":\"1\",\"bytes\":\"10\"}}}",
        "{\"end\":[1]}",
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct weft_loopback_figures figures = {.bytes = 0};

        cr_expect_not(weft_loopback_iperf3_read(rows[i], &figures), "%s", rows[i]);
    }
}

Test(loopback_programs, ucx_read__line_of_values)
{
    static const char text[] =
        "iterations,50.0_percentile_lat,avg_lat,overall_lat,avg_bw,overall_bw,avg_mr,overall_mr\n"
        "800,210.5,212.0,250.0,4700.00,4000.00,4700,4000\n";
    struct weft_loopback_figures figures = {.bytes = 0};

    cr_assert(weft_loopback_ucx_read(text, 1048576, &figures));
    cr_expect_eq(figures.bytes, 838860800);
    cr_expect_eq(figures.time_ns, 200000000);
}

Test(loopback_programs, ucx_read__no_figure)
{
    static const char *const rows[] = {
        "",
        "iterations,50.0_percentile_lat",
        "iterations,a,b,c\n",
        "iterations,a,b,c\nUCX  ERROR no resources\n",
        "iterations,a,b,c\n0,1,1,1\n",
        "iterations,a,b,c\n10,1,1,0\n",
        "10,1,1,1\n",
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct weft_loopback_figures figures = {.bytes = 0};

        cr_expect_not(weft_loopback_ucx_read(rows[i], 64, &figures), "%s", rows[i]);
    }
}
