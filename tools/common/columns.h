/* Columns of figures that are printed row by row, as they are measured, and the same as JSON.
 *
 * The caller prints what stands to their left and ends the line. A table whose widths depend on all
 * of its cells is common/table. */
#ifndef WEFT_TOOLS_COLUMNS_H
#define WEFT_TOOLS_COLUMNS_H

#include <cjson/cJSON.h>
#include <stdio.h>

#include "base/base.h"

struct weft_column {
    const char *title;
    const char *name; /* in the JSON */
    int width;
    int places;      /* decimals in the text */
    int json_places; /* and in the JSON */
};

/* Prints the titles, each behind two blanks. */
void weft_columns_titles(const struct weft_column *columns, uint32_t count, FILE *file);

/* Prints a value for each column in the same places and adds them to `object`. 0: there is none,
 * which is a dash, and nothing in the JSON. */
void weft_columns_row(const struct weft_column *columns, uint32_t count, const double *values,
                      FILE *file, cJSON *object);

#endif
