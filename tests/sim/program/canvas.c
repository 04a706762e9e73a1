/* The shared part of drawings. */
#include "canvas.h"

#include <stdio.h>
#include <string.h>

#define TICKS      12
#define TICK_WIDTH 90 /* that its text needs */

const struct weft_svg_text sim_canvas_plain = {.size = 11, .colour = "#333"};
const struct weft_svg_text sim_canvas_label = {
    .size = 11, .anchor = WEFT_SVG_END, .colour = "#333"};
const struct weft_svg_text sim_canvas_small = {.size = 9, .colour = "#666", .halo = true};
static const struct weft_svg_text centred = {
    .size = 9, .anchor = WEFT_SVG_MIDDLE, .colour = "#666", .halo = true};
const struct weft_svg_text sim_canvas_title = {.size = 15, .bold = true, .colour = "#111"};
static const struct weft_svg_text heading = {.size = 12, .bold = true, .colour = "#111"};

const char *sim_canvas_result_colour(weftResult_t result)
{
    switch (result) {
    case weftSuccess:
        return "#3a9d5d";
    case weftInProgress:
        return "#e08a00";
    case weftCancelled:
        return "#8a8a8a";
    case weftTimeout:
        return "#b05a00";
    case weftUnknown:
        return "#7a2fb5";
    default:
        return "#cc2b2b";
    }
}

void sim_canvas_lay_out(struct sim_canvas *canvas)
{
    sim_timeline_finish(&canvas->time, SIM_CANVAS_LEFT,
                        SIM_CANVAS_WIDTH - SIM_CANVAS_LEFT - SIM_CANVAS_RIGHT);
}

void sim_canvas_bar(struct sim_canvas *canvas, weft_ns from, weft_ns to, int height,
                    const char *colour)
{
    int x = sim_timeline_place(&canvas->time, from);
    int end = sim_timeline_place(&canvas->time, to);
    int width = end > x ? end - x : 1;

    weft_svg_box(&canvas->svg, x, canvas->y + (SIM_CANVAS_ROW - height) / 2, width, height, 0,
                 colour, "none");
}

void sim_canvas_line(struct sim_canvas *canvas, int x, int top, int bottom, const char *colour,
                     bool dashed)
{
    char path[64];

    (void)snprintf(path, sizeof(path), "M %d %d V %d", x, top, bottom);
    weft_svg_path(&canvas->svg, path, 6, colour, 100, dashed);
}

/* Ticks at equal distances on paper, each with its time; where time was cut short, how much. */
void sim_canvas_axis(struct sim_canvas *canvas, int bottom)
{
    const struct sim_timeline *time = &canvas->time;
    char text[WEFT_UNIT_BYTES];
    int free_from = 0;
    int cut_free_from = 0;

    for (uint32_t i = 0; i < time->count; i++) {
        int x = time->places[i];

        if (x >= free_from) {
            weft_time_format(time->instants[i], text);
            weft_svg_text(&canvas->svg, x, SIM_CANVAS_TOP - 24, &centred, "%s", text);
            sim_canvas_line(canvas, x, SIM_CANVAS_TOP - 20, bottom, "#dddddd", false);
            free_from = x + (SIM_CANVAS_WIDTH - SIM_CANVAS_LEFT - SIM_CANVAS_RIGHT) / TICKS;
        }
        if (!sim_timeline_is_cut(time, i))
            continue;
        x = (x + time->places[i + 1]) / 2;
        sim_canvas_line(canvas, x, SIM_CANVAS_TOP - 8, bottom, "#bbbbbb", true);
        if (x < cut_free_from)
            continue;
        weft_time_format(time->instants[i + 1] - time->instants[i], text);
        weft_svg_text(&canvas->svg, x, SIM_CANVAS_TOP - 10, &centred, "|| %s", text);
        cut_free_from = x + TICK_WIDTH;
    }
}

int sim_canvas_sample(struct sim_canvas *canvas, int x, const char *colour, const char *text)
{
    weft_svg_box(&canvas->svg, x, 40, 12, SIM_CANVAS_BAR, 0, colour, "none");
    weft_svg_text(&canvas->svg, x + 16, 50, &sim_canvas_plain, "%s", text);
    return x + 34 + 7 * (int)strlen(text);
}

int sim_canvas_samples_of_ends(struct sim_canvas *canvas, int x)
{
    x = sim_canvas_sample(canvas, x, sim_canvas_result_colour(weftSuccess), "ended well");
    x = sim_canvas_sample(canvas, x, sim_canvas_result_colour(weftRemoteError), "failed");
    x = sim_canvas_sample(canvas, x, sim_canvas_result_colour(weftTimeout), "timed out");
    x = sim_canvas_sample(canvas, x, sim_canvas_result_colour(weftCancelled), "cancelled");
    x = sim_canvas_sample(canvas, x, sim_canvas_result_colour(weftUnknown), "unknown");
    return sim_canvas_sample(canvas, x, sim_canvas_result_colour(weftInProgress), "not ended");
}

void sim_canvas_heading(struct sim_canvas *canvas, const char *text)
{
    canvas->y += SIM_CANVAS_SECTION - SIM_CANVAS_ROW;
    weft_svg_text(&canvas->svg, 20, canvas->y + SIM_CANVAS_ROW - 5, &heading, "%s", text);
    canvas->y += SIM_CANVAS_ROW;
}
