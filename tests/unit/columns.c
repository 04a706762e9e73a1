/* tools/common/columns: rows of figures as text and as JSON. */
#include <criterion/criterion.h>

#include <stdlib.h>

#include "common/columns.h"
#include "common/json.h"

static const struct weft_column columns[] = {
    {"GB/s", "gb_per_s", 7, 1, 2},
    {"a long title", "ratio", 5, 3, 4},
};

Test(columns, row__text_and_json)
{
    static const double whole[] = {51.239, 0.98765};
    static const double part[] = {51.239, 0};
    cJSON *first = cJSON_CreateObject();
    cJSON *second = cJSON_CreateObject();
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);

    cr_assert_not_null(file);
    weft_columns_titles(columns, WEFT_ARRAY_COUNT(columns), file);
    (void)fputs("\n", file);
    weft_columns_row(columns, WEFT_ARRAY_COUNT(columns), whole, file, first);
    (void)fputs("\n", file);
    weft_columns_row(columns, WEFT_ARRAY_COUNT(columns), part, file, second);
    cr_assert_eq(fclose(file), 0);
    cr_expect_str_eq(text, "     GB/s  a long title\n"
                           "     51.2  0.988\n"
                           "     51.2      -");
    cr_expect_float_eq(weft_json_number(first, "gb_per_s", 0), 51.24, 1e-9);
    cr_expect_float_eq(weft_json_number(first, "ratio", 0), 0.9877, 1e-9);
    cr_expect_float_eq(weft_json_number(second, "gb_per_s", 0), 51.24, 1e-9);
    cr_expect_null(cJSON_GetObjectItemCaseSensitive(second, "ratio"), "there is none");
    free(text);
    cJSON_Delete(first);
    cJSON_Delete(second);
}
