/* SVG shapes, written to a file one after the other: later ones lie on top.
 *
 * Coordinates are whole units from the top left. Colours are SVG's words. Text is escaped here. A
 * failed write is remembered and told at close. */
#ifndef WEFT_TOOLS_SVG_H
#define WEFT_TOOLS_SVG_H

#include <stdio.h>

#include "common/units.h"

struct weft_svg {
    FILE *file;
    char path[512];
};

enum weft_svg_anchor { WEFT_SVG_START, WEFT_SVG_MIDDLE, WEFT_SVG_END, WEFT_SVG_ANCHORS };

struct weft_svg_text {
    int size; /* of the letters */
    enum weft_svg_anchor anchor;
    bool bold;
    bool halo; /* a white edge, for text that lies on lines */
    const char *colour;
};

/* Opens a picture of this size with a white ground. */
bool weft_svg_open(struct weft_svg *svg, const char *path, int width, int height,
                   char why[WEFT_WHY_BYTES]);

/* Ends the picture. False with a reason when something could not be written. */
bool weft_svg_close(struct weft_svg *svg, char why[WEFT_WHY_BYTES]);

/* A box with round corners. */
void weft_svg_box(struct weft_svg *svg, int x, int y, int width, int height, int radius,
                  const char *fill, const char *edge);

/* A line along a path in SVG's language ("M 1 2 V 9"); the width is in tenths of a unit, the
 * opacity in percent. */
void weft_svg_path(struct weft_svg *svg, const char *path, int width_tenths, const char *colour,
                   int opacity_percent, bool dashed);

/* The same path filled. */
void weft_svg_fill(struct weft_svg *svg, const char *path, const char *colour);

void weft_svg_text(struct weft_svg *svg, int x, int y, const struct weft_svg_text *style,
                   const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
