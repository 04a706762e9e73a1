/* The picture, with whole coordinates. */
#include "plot.h"

#include <stdio.h>
#include <string.h>

#include "common/stats.h"
#include "common/svg.h"

#define WIDTH      1120
#define HEIGHT     520
#define TOP        90
#define BOTTOM     450
#define CURVE_LEFT 70
#define CURVE_WIDE 470
#define BARS_LEFT  720
#define BARS_WIDE  340
#define STEPS      200 /* points of a curve */
#define PATH_BYTES 8192

#define INK   "#222222"
#define FAINT "#777777"
#define GRID  "#dddddd"

static const char *const curve_colours[2] = {"#0b6e4f", "#b23a48"};
static const char *const bar_colours[2] = {"#0b6e4f", "#8fc9b4"}; /* one way, the other */

/* The ends of the time axis: powers of ten, us. */
struct axis {
    uint64_t least_us;
    unsigned decades;
};

static struct axis axis_of(const struct weft_kv_picture *picture)
{
    uint64_t least_ns = UINT64_MAX;
    uint64_t most_ns = 1000;
    struct axis axis = {.least_us = 1, .decades = 1};

    for (uint32_t i = 0; i < picture->curve_count; i++) {
        const struct weft_kv_curve *curve = &picture->curves[i];

        if (curve->count == 0)
            continue;
        least_ns = weft_min(least_ns, curve->times_ns[0]);
        most_ns = weft_max(most_ns, curve->times_ns[curve->count - 1]);
    }
    while (axis.least_us * 10 * 1000 <= least_ns && least_ns != UINT64_MAX)
        axis.least_us *= 10;
    for (uint64_t end = axis.least_us * 10; end * 1000 < most_ns; end *= 10)
        axis.decades++;
    return axis;
}

/* Position of a time on the axis. The table is 1000 * log10 of 1.0, 1.1, ... 10.0. */
static int axis_x(const struct axis *axis, uint64_t time_ns)
{
    static const int logs[] = {0,   41,  79,  114, 146, 176, 204, 230, 255, 279, 301, 322, 342,
                               362, 380, 398, 415, 431, 447, 462, 477, 491, 505, 519, 531, 544,
                               556, 568, 580, 591, 602, 613, 623, 633, 643, 653, 663, 672, 681,
                               690, 699, 708, 716, 724, 732, 740, 748, 756, 763, 771, 778, 785,
                               792, 799, 806, 813, 820, 826, 833, 839, 845, 851, 857, 863, 869,
                               875, 881, 886, 892, 898, 903, 908, 914, 919, 924, 929, 934, 940,
                               944, 949, 954, 959, 964, 968, 973, 978, 982, 987, 991, 996, 1000};
    uint64_t decade_ns = axis->least_us * 1000;
    unsigned decade = 0;
    uint64_t tenths;

    while (decade + 1 < axis->decades && time_ns >= decade_ns * 10) {
        decade_ns *= 10;
        decade++;
    }
    tenths = weft_min(weft_max(time_ns * 10 / decade_ns, 10), 100);
    return CURVE_LEFT + (int)(((uint64_t)decade * 1000 + (uint64_t)logs[tenths - 10]) * CURVE_WIDE /
                              (axis->decades * 1000));
}

static void curve_frame(struct weft_svg *svg, const struct axis *axis, const char *time_label)
{
    const struct weft_svg_text label = {12, WEFT_SVG_MIDDLE, false, false, FAINT};
    const struct weft_svg_text side = {12, WEFT_SVG_END, false, false, FAINT};
    char path[128];
    uint64_t time_us = axis->least_us;

    for (unsigned i = 0; i <= axis->decades; i++, time_us *= 10) {
        int x = CURVE_LEFT + (int)(i * CURVE_WIDE / axis->decades);
        char text[WEFT_UNIT_BYTES];

        (void)snprintf(path, sizeof(path), "M %d %d V %d", x, TOP, BOTTOM);
        weft_svg_path(svg, path, 10, GRID, 100, false);
        weft_time_format(time_us * 1000, text);
        weft_svg_text(svg, x, BOTTOM + 20, &label, "%s", text);
    }
    for (int percent = 0; percent <= 100; percent += 25) {
        int y = BOTTOM - (BOTTOM - TOP) * percent / 100;

        (void)snprintf(path, sizeof(path), "M %d %d H %d", CURVE_LEFT, y, CURVE_LEFT + CURVE_WIDE);
        weft_svg_path(svg, path, 10, GRID, 100, false);
        weft_svg_text(svg, CURVE_LEFT - 8, y + 4, &side, "%d %%", percent);
    }
    weft_svg_text(svg, CURVE_LEFT + CURVE_WIDE / 2, BOTTOM + 44, &label, "%s", time_label);
}

static void curve_draw(struct weft_svg *svg, const struct axis *axis,
                       const struct weft_kv_curve *curve, uint32_t index)
{
    const struct weft_svg_text style = {13, WEFT_SVG_START, true, true, curve_colours[index]};
    char path[PATH_BYTES];
    size_t used = 0;
    char median[WEFT_UNIT_BYTES];

    for (unsigned i = 0; i <= STEPS && curve->count > 0 && used + 32 < sizeof(path); i++) {
        unsigned permille = i * 1000 / STEPS;
        uint64_t time_ns = weft_stats_rank(curve->times_ns, curve->count, permille);

        used +=
            (size_t)snprintf(path + used, sizeof(path) - used, "%c %d %d ", i == 0 ? 'M' : 'L',
                             axis_x(axis, time_ns), BOTTOM - (BOTTOM - TOP) * (int)permille / 1000);
    }
    if (used > 0)
        weft_svg_path(svg, path, 25, curve_colours[index], 100, false);
    weft_time_format(weft_stats_rank(curve->times_ns, curve->count, 500), median);
    weft_svg_text(svg, CURVE_LEFT + 14, TOP + 22 + (int)index * 20, &style, "%s: half within %s",
                  curve->name, median);
}

static void bar_draw(struct weft_svg *svg, int y, const struct weft_kv_route_sum *sum,
                     uint32_t way_count, uint64_t most)
{
    const struct weft_svg_text name = {12, WEFT_SVG_END, false, false, INK};
    const struct weft_svg_text figure = {11, WEFT_SVG_START, false, false, FAINT};

    weft_svg_text(svg, BARS_LEFT - 8, y + 14, &name, "%s", sum->name);
    for (uint32_t i = 0; i < way_count; i++) {
        int wide = (int)(sum->bytes[i] * BARS_WIDE / most);
        int top = y + (int)i * 10 + (way_count == 1 ? 5 : 0);

        weft_svg_box(svg, BARS_LEFT, top, (int)weft_max((uint64_t)wide, 1), 9, 0, bar_colours[i],
                     "none");
        weft_svg_text(svg, BARS_LEFT + wide + 4, top + 9, &figure, "%.2f GB",
                      (double)sum->bytes[i] / 1e9);
    }
}

static void bars_draw(struct weft_svg *svg, const struct weft_kv_picture *picture)
{
    uint32_t way_count = picture->ways[1] == NULL ? 1 : 2;
    uint32_t shown = (uint32_t)weft_min(picture->sum_count, (BOTTOM - TOP) / 30);
    uint64_t most = 1;

    for (uint32_t i = 0; i < picture->sum_count; i++)
        most = weft_max(most, weft_max(picture->sums[i].bytes[0], picture->sums[i].bytes[1]));
    /* The figure at the end of the longest bar needs room too. */
    most += most / 5;
    for (uint32_t i = 0; i < shown; i++)
        bar_draw(svg, TOP + 16 + (int)i * 30, &picture->sums[i], way_count, most);
    for (uint32_t i = 0; i < way_count; i++) {
        const struct weft_svg_text legend = {13, WEFT_SVG_START, true, false, bar_colours[i]};

        weft_svg_text(svg, BARS_LEFT + (int)i * 80, TOP, &legend, "%s", picture->ways[i]);
    }
}

bool weft_kv_plot_write(const struct weft_kv_picture *picture, const struct weft_testbed *testbed,
                        const char *path, char why[WEFT_WHY_BYTES])
{
    const struct weft_svg_text title = {18, WEFT_SVG_START, true, false, INK};
    const struct weft_svg_text below = {12, WEFT_SVG_START, false, false, FAINT};
    struct axis axis = axis_of(picture);
    struct weft_svg svg;

    if (!weft_svg_open(&svg, path, WIDTH, HEIGHT, why))
        return false;
    weft_svg_text(&svg, 20, 34, &title, "%s", picture->title);
    if (testbed->emulated)
        weft_svg_text(&svg, 20, 56, &below, "emulated %s, dilation %u", testbed->node,
                      testbed->dilation);
    else
        weft_svg_text(&svg, 20, 56, &below, "%s", testbed->node);
    curve_frame(&svg, &axis, picture->time_label);
    for (uint32_t i = 0; i < picture->curve_count; i++)
        curve_draw(&svg, &axis, &picture->curves[i], i);
    bars_draw(&svg, picture);
    return weft_svg_close(&svg, why);
}
