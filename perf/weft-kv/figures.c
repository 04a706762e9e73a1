/* Tables of figures. */
#include "figures.h"

#include <stdio.h>

#include "common/json.h"

static double ratio_of(const struct weft_kv_figure *figure, const void *const results[2])
{
    double own = figure->of(results[0]);
    double other = figure->of(results[1]);

    return other > 0 ? own / other : 0;
}

void weft_kv_figures_print(const struct weft_kv_figure *figures, size_t count,
                           const void *const results[2], const char *const names[2])
{
    (void)printf("\n%-28s %12s", "", names[0]);
    if (results[1] != NULL)
        (void)printf(" %12s %9s", names[1], "ratio");
    (void)printf("\n");
    for (size_t i = 0; i < count; i++) {
        const struct weft_kv_figure *figure = &figures[i];

        (void)printf("%-28s %12.*f", figure->label, figure->places, figure->of(results[0]));
        if (results[1] != NULL)
            (void)printf(" %12.*f %9.3f", figure->places, figure->of(results[1]),
                         ratio_of(figure, results));
        (void)printf("\n");
    }
}

void weft_kv_figures_json(const struct weft_kv_figure *figures, size_t count, const void *result,
                          cJSON *object)
{
    for (size_t i = 0; i < count; i++)
        weft_json_add_rounded(object, figures[i].name, figures[i].of(result), 3);
}

void weft_kv_figures_ratios(const struct weft_kv_figure *figures, size_t count,
                            const void *const results[2], cJSON *object)
{
    for (size_t i = 0; i < count; i++)
        weft_json_add_rounded(object, figures[i].name, ratio_of(&figures[i], results), 4);
}
