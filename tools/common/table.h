/* Text tables: cells in rows, columns as wide as their widest cell.
 *
 * Cells are added left to right, row after row; a table prints only whole rows. Cells that do not
 * fit their limit are cut. Colour and borders are not for a table that is piped into other
 * programs. */
#ifndef WEFT_TOOLS_TABLE_H
#define WEFT_TOOLS_TABLE_H

#include <stdio.h>

#include "base/base.h"

#define WEFT_TABLE_COLUMNS_MAX 320
#define WEFT_TABLE_CELL_BYTES  256 /* the longest sentence about a setting has 191 */

struct weft_table {
    uint32_t column_count;
    bool right[WEFT_TABLE_COLUMNS_MAX]; /* set after init: the column's cells end at its right */
    uint32_t cell_count;
    uint32_t cell_max;
    char (*cells)[WEFT_TABLE_CELL_BYTES];
};

/* Needs: 1 to WEFT_TABLE_COLUMNS_MAX columns. The caller calls fini. */
void weft_table_init(struct weft_table *table, uint32_t column_count);
void weft_table_fini(struct weft_table *table);

/* Adds the next cell, as printf. No memory left ends the program with a sentence. */
void weft_table_add(struct weft_table *table, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Prints the rows, each behind `indent` blanks, two blanks between columns, none at the end. */
void weft_table_print(const struct weft_table *table, FILE *file, uint32_t indent);

#endif
