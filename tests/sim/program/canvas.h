/* What drawings of runs share: a picture with time from left to right and rows from top to bottom,
 * and what its colours mean. */
#ifndef SIM_CANVAS_H
#define SIM_CANVAS_H

#include "common/svg.h"
#include "timeline.h"
#include "weft.h"

#define SIM_CANVAS_WIDTH   1800
#define SIM_CANVAS_LEFT    330
#define SIM_CANVAS_RIGHT   30
#define SIM_CANVAS_TOP     96
#define SIM_CANVAS_ROW     18
#define SIM_CANVAS_BAR     12
#define SIM_CANVAS_SECTION 30

struct sim_canvas {
    struct weft_svg svg;
    struct sim_timeline time;
    int y; /* of the next row */
};

extern const struct weft_svg_text sim_canvas_plain;
extern const struct weft_svg_text sim_canvas_label; /* left of a row */
extern const struct weft_svg_text sim_canvas_small; /* in a row */
extern const struct weft_svg_text sim_canvas_title;

/* Green, red, ...; weftInProgress is what has not ended. */
const char *sim_canvas_result_colour(weftResult_t result);

/* Instants have been added to the time; from now on they have places. */
void sim_canvas_lay_out(struct sim_canvas *canvas);

/* In the next row, `height` high in its middle. */
void sim_canvas_bar(struct sim_canvas *canvas, weft_ns from, weft_ns to, int height,
                    const char *colour);
void sim_canvas_line(struct sim_canvas *canvas, int x, int top, int bottom, const char *colour,
                     bool dashed);

/* Ticks at equal distances on paper, each with its time; where time was cut short, how much. */
void sim_canvas_axis(struct sim_canvas *canvas, int bottom);

/* Takes SIM_CANVAS_SECTION. */
void sim_canvas_heading(struct sim_canvas *canvas, const char *text);

/* A colour and its meaning, in the legend; returns where the next one goes. */
int sim_canvas_sample(struct sim_canvas *canvas, int x, const char *colour, const char *text);

/* Those of how things end, from `x` on. */
int sim_canvas_samples_of_ends(struct sim_canvas *canvas, int x);

#endif
