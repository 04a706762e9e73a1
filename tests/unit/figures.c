/* perf/weft-kv/figures: values and ratios as JSON. */
#include <criterion/criterion.h>

#include "../../perf/weft-kv/figures.h"
#include "common/json.h"

static double value(const void *result)
{
    return *(const double *)result;
}

static double nothing(const void *result)
{
    (void)result;
    return 0;
}

static const struct weft_kv_figure figures[] = {{"value, us", "value_us", 1, value},
                                                {"nothing", "nothing", 1, nothing}};

Test(figures, json__values)
{
    double result = 12.34567;
    cJSON *object = cJSON_CreateObject();

    weft_kv_figures_json(figures, 2, &result, object);
    cr_expect_float_eq(weft_json_number(object, "value_us", -1), 12.346, 1e-9);
    cr_expect_float_eq(weft_json_number(object, "nothing", -1), 0, 1e-9);
    cJSON_Delete(object);
}

Test(figures, ratios__of_the_first_to_the_second)
{
    double own = 3;
    double other = 4;
    const void *const results[2] = {&own, &other};
    cJSON *object = cJSON_CreateObject();

    weft_kv_figures_ratios(figures, 2, results, object);
    cr_expect_float_eq(weft_json_number(object, "value_us", -1), 0.75, 1e-9);
    cr_expect_float_eq(weft_json_number(object, "nothing", -1), 0, 1e-9, "no division by nothing");
    cJSON_Delete(object);
}
