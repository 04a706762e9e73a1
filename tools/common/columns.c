/* Columns of figures; see columns.h. */
#include "common/columns.h"

#include "common/json.h"

void weft_columns_titles(const struct weft_column *columns, uint32_t count, FILE *file)
{
    for (uint32_t i = 0; i < count; i++)
        (void)fprintf(file, "  %*s", columns[i].width, columns[i].title);
}

void weft_columns_row(const struct weft_column *columns, uint32_t count, const double *values,
                      FILE *file, cJSON *object)
{
    for (uint32_t i = 0; i < count; i++) {
        if (values[i] > 0) {
            (void)fprintf(file, "  %*.*f", columns[i].width, columns[i].places, values[i]);
            weft_json_add_rounded(object, columns[i].name, values[i], columns[i].json_places);
        } else {
            (void)fprintf(file, "  %*s", columns[i].width, "-");
        }
    }
}
