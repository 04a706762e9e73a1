/* tools/common/table: widths, sides and ends of lines. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/table.h"

/* What a table prints; the caller frees it. */
static char *printed(const struct weft_table *table, uint32_t indent)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);

    cr_assert_not_null(file);
    weft_table_print(table, file, indent);
    cr_assert_eq(fclose(file), 0);
    return text;
}

Test(table, print__columns)
{
    static const char *const cells[] = {"name", "GB/s", "note",  "gpu0-pcie", "55.2",
                                        "",     "x",    "191.0", "",          "left over"};
    struct weft_table table;
    char *text;

    weft_table_init(&table, 3);
    table.right[1] = true;
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(cells); i++)
        weft_table_add(&table, "%s", cells[i]);
    text = printed(&table, 1);
    cr_expect_str_eq(text, " name        GB/s  note\n"
                           " gpu0-pcie   55.2\n"
                           " x          191.0\n");
    free(text);
    weft_table_fini(&table);
}

Test(table, add__many_and_long)
{
    struct weft_table table;
    char *text;

    weft_table_init(&table, 1);
    for (uint32_t i = 0; i < 200; i++)
        weft_table_add(&table, "%0300u", i);
    text = printed(&table, 0);
    cr_expect_eq(strlen(text), 200 * WEFT_TABLE_CELL_BYTES, "each cell is cut, and ends its line");
    free(text);
    weft_table_fini(&table);
}

Test(table, print__nothing)
{
    struct weft_table table;
    char *text;

    weft_table_init(&table, 2);
    text = printed(&table, 4);
    cr_expect_str_eq(text, "");
    free(text);
    weft_table_fini(&table);
}
