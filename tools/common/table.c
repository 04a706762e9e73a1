/* Text tables: an array of cells that grows by doubling. */
#include "common/table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define CELLS_FIRST 64
#define GAP         "  "

void weft_table_init(struct weft_table *table, uint32_t column_count)
{
    weft_assert(column_count > 0);
    weft_assert(column_count <= WEFT_TABLE_COLUMNS_MAX);
    memset(table, 0, sizeof(*table));
    table->column_count = column_count;
}

void weft_table_fini(struct weft_table *table)
{
    free(table->cells);
    memset(table, 0, sizeof(*table));
}

static void grow(struct weft_table *table)
{
    uint32_t cell_max = table->cell_max == 0 ? CELLS_FIRST : 2 * table->cell_max;
    void *cells = realloc(table->cells, cell_max * sizeof(table->cells[0]));

    if (cells == NULL) {
        (void)fputs("no memory for a table\n", stderr);
        exit(EXIT_FAILURE);
    }
    table->cells = cells;
    table->cell_max = cell_max;
}

void weft_table_add(struct weft_table *table, const char *format, ...)
{
    va_list arguments;

    if (table->cell_count == table->cell_max)
        grow(table);
    va_start(arguments, format);
    (void)vsnprintf(table->cells[table->cell_count++], WEFT_TABLE_CELL_BYTES, format, arguments);
    va_end(arguments);
}

static size_t width_of(const struct weft_table *table, uint32_t column)
{
    size_t width = 0;

    for (uint32_t i = column; i < table->cell_count; i += table->column_count)
        if (strlen(table->cells[i]) > width)
            width = strlen(table->cells[i]);
    return width;
}

/* True when nothing but empty cells follows in the row. */
static bool rest_is_empty(const struct weft_table *table, uint32_t row, uint32_t column)
{
    for (; column < table->column_count; column++)
        if (table->cells[row * table->column_count + column][0] != '\0')
            return false;
    return true;
}

void weft_table_print(const struct weft_table *table, FILE *file, uint32_t indent)
{
    int widths[WEFT_TABLE_COLUMNS_MAX];

    for (uint32_t i = 0; i < table->column_count; i++)
        widths[i] = (int)width_of(table, i);
    for (uint32_t row = 0; row < table->cell_count / table->column_count; row++) {
        (void)fprintf(file, "%*s", (int)indent, "");
        for (uint32_t i = 0; i < table->column_count && !rest_is_empty(table, row, i); i++) {
            const char *cell = table->cells[row * table->column_count + i];
            bool last = rest_is_empty(table, row, i + 1);

            (void)fputs(i == 0 ? "" : GAP, file);
            if (table->right[i])
                (void)fprintf(file, "%*s", widths[i], cell);
            else
                (void)fprintf(file, "%-*s", last ? 0 : widths[i], cell);
        }
        (void)fputc('\n', file);
    }
}
