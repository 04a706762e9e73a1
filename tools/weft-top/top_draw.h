/* Draws a view as lines of text, each at most as wide as the terminal.
 *
 * Without colour and without UTF-8 it is plain ASCII, for pipes. Where the machine is emulated it
 * says so, and that times and rates are that machine's own. */
#ifndef WEFT_TOP_DRAW_H
#define WEFT_TOP_DRAW_H

#include "base/text.h"
#include "top_view.h"

#define WEFT_TOP_HISTORY_MAX 60
#define WEFT_TOP_WIDTH_MIN   40
#define WEFT_TOP_WIDTH_MAX   400
#define WEFT_TOP_DRAW_BYTES  ((size_t)1 << 20)

/* The rate of all paths, the last one last. */
struct weft_top_history {
    uint32_t count;
    double gb_per_s[WEFT_TOP_HISTORY_MAX];
};

struct weft_top_style {
    uint32_t width;
    bool is_long; /* every path and link; else the first ones, and those that are not well */
    bool colour;
    bool utf8;
};

void weft_top_history_add(struct weft_top_history *history, double gb_per_s);

/* `history` may be NULL. */
void weft_top_draw(const struct weft_top_view *view, const struct weft_top_history *history,
                   const struct weft_top_style *style, struct weft_text *text);

#endif
