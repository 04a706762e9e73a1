/* A line on a terminal: pieces of text with colours, cut at its width.
 *
 * Columns are counted, not bytes: escapes have none, and a UTF-8 character has one. */
#ifndef WEFT_TOP_LINE_H
#define WEFT_TOP_LINE_H

#include "base/text.h"
#include "top_draw.h"

enum weft_top_ink {
    WEFT_TOP_PLAIN,
    WEFT_TOP_BOLD,
    WEFT_TOP_DIM,
    WEFT_TOP_GOOD,
    WEFT_TOP_WARN,
    WEFT_TOP_BAD,
    WEFT_TOP_BAR,
    WEFT_TOP_INKS
};

struct weft_top_line {
    struct weft_text *text;
    const struct weft_top_style *style;
    uint32_t columns; /* written on this line */
};

/* Appends a piece, as printf. */
void weft_top_line_add(struct weft_top_line *line, enum weft_top_ink ink, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Appends a bar that fills `part` of `columns` columns; more than 1 is full. */
void weft_top_line_bar(struct weft_top_line *line, double part, uint32_t columns);

/* Appends a column for each of the last rates, as many as there is room for. */
void weft_top_line_spark(struct weft_top_line *line, const struct weft_top_history *history,
                         uint32_t columns);

void weft_top_line_end(struct weft_top_line *line);

#endif
