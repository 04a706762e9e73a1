/* Settings: defaults, names, bounds, origins. */
#include <criterion/criterion.h>

#include <signal.h>
#include <string.h>

#include "core/config.h"

static struct weft_config made(void)
{
    struct weft_config config;

    weft_config_init(&config);
    return config;
}

Test(config, init__defaults)
{
    static const struct {
        const char *name;
        const char *value;
    } rows[] = {{"emulate", ""},           {"dilation", "100"},     {"routes", "all"},
                {"sched", "pull"},         {"log", "warn"},         {"server_id", "127.0.0.1"},
                {"timeout_ms", "10000"},   {"abort_ms", "1000"},    {"relay_slots", "8"},
                {"extents_max", "524288"}, {"windows_max", "1024"}, {"trace_records", "65536"}};
    struct weft_config config = made();

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        char text[WEFT_CONFIG_TEXT_BYTES] = "untouched";
        uint32_t index = weft_config_find(rows[i].name);

        cr_assert_lt(index, WEFT_SETTINGS, "%s", rows[i].name);
        cr_expect(weft_config_get(&config, index, text, sizeof(text)), "%s", rows[i].name);
        cr_expect_str_eq(text, rows[i].value, "%s", rows[i].name);
        cr_expect_eq(config.origins[index], WEFT_CONFIG_DEFAULT, "%s", rows[i].name);
    }
}

/* A default outside of its own bounds could not be set again to what it was. */
Test(config, init__defaults_can_be_set)
{
    struct weft_config config = made();

    for (uint32_t i = 0; i < WEFT_SETTINGS; i++) {
        char text[WEFT_CONFIG_TEXT_BYTES];

        cr_assert(weft_config_get(&config, i, text, sizeof(text)));
        cr_expect_null(weft_config_set(&config, i, text, WEFT_CONFIG_CALL), "%s",
                       weft_config_row(i)->name);
    }
}

Test(config, find__names)
{
    cr_expect_eq(weft_config_find("timeout_ms"), WEFT_SETTING_timeout_ms);
    cr_expect_eq(weft_config_find("emulate"), WEFT_SETTING_emulate);
    cr_expect_eq(weft_config_find("trace_records"), WEFT_SETTING_trace_records);
    cr_expect_eq(weft_config_find(""), WEFT_SETTINGS);
    cr_expect_eq(weft_config_find("Timeout_ms"), WEFT_SETTINGS);
    cr_expect_eq(weft_config_find("timeout"), WEFT_SETTINGS);
    cr_expect_eq(weft_config_find("timeout_ms "), WEFT_SETTINGS);
}

Test(config, nearest__typing_errors)
{
    static const struct {
        const char *typed;
        enum weft_config_index meant;
    } rows[] = {{"timeout", WEFT_SETTING_timeout_ms},
                {"shced", WEFT_SETTING_sched},
                {"routs", WEFT_SETTING_routes},
                {"relay_slot", WEFT_SETTING_relay_slots},
                {"window_max", WEFT_SETTING_windows_max},
                {"emulated", WEFT_SETTING_emulate},
                {"sched", WEFT_SETTING_sched}};
    /* Longer than what is compared: it ends all the same. */
    char endless[1000];

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++)
        cr_expect_eq(weft_config_nearest(rows[i].typed), (uint32_t)rows[i].meant, "%s",
                     rows[i].typed);
    memset(endless, 'x', sizeof(endless));
    endless[sizeof(endless) - 1] = '\0';
    cr_expect_lt(weft_config_nearest(endless), WEFT_SETTINGS);
    cr_expect_lt(weft_config_nearest(""), WEFT_SETTINGS);
}

Test(config, row__of_the_table)
{
    const struct weft_setting *slots = weft_config_row(WEFT_SETTING_relay_slots);
    const struct weft_setting *sched = weft_config_row(WEFT_SETTING_sched);

    cr_expect_str_eq(slots->name, "relay_slots");
    cr_expect(slots->is_number);
    cr_expect_eq(slots->default_number, 8);
    cr_expect_eq(slots->least, 2);
    cr_expect_eq(slots->most, 64);
    cr_expect_str_eq(slots->unit, "slots");
    cr_expect_str_eq(sched->name, "sched");
    cr_expect_not(sched->is_number);
    cr_expect_str_eq(sched->default_text, "pull");
}

Test(config, row__past_the_last, .signal = SIGABRT)
{
    weft_config_row(WEFT_SETTINGS);
}

/* extents_max: 1,024 to 16,777,216, by default 524,288. */
Test(config, set__numbers)
{
    static const char no_number[] = "it is not a number (digits, then K, M, G or nothing)";
    static const char outside[] = "it is outside its bounds";
    static const struct {
        const char *text;
        const char *wrong; /* NULL: it is set */
        uint64_t value;
    } rows[] = {
        {"1024", NULL, 1024},
        {"64K", NULL, 65536},
        {"64k", NULL, 65536},
        {"1M", NULL, 1048576},
        {"16m", NULL, 16777216},
        {"0000065536", NULL, 65536},
        {"1023", outside, 524288},
        {"16777217", outside, 524288},
        {"0", outside, 524288},
        {"1G", outside, 524288},
        {"1g", outside, 524288},
        {"18446744073709551615", outside, 524288},
        {"18446744073709551616", no_number, 524288},
        {"99999999999999999999999", no_number, 524288},
        {"17179869183G", outside, 524288},
        {"17179869184G", no_number, 524288},
        {"", no_number, 524288},
        {"K", no_number, 524288},
        {"-1", no_number, 524288},
        {"+65536", no_number, 524288},
        {" 65536", no_number, 524288},
        {"65536 ", no_number, 524288},
        {"64KB", no_number, 524288},
        {"64KK", no_number, 524288},
        {"0x10000", no_number, 524288},
        {"1.5M", no_number, 524288},
        {"all", no_number, 524288},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct weft_config config = made();
        const char *wrong =
            weft_config_set(&config, WEFT_SETTING_extents_max, rows[i].text, WEFT_CONFIG_CALL);

        cr_expect_eq(config.extents_max, rows[i].value, "'%s'", rows[i].text);
        cr_expect_eq(config.origins[WEFT_SETTING_extents_max],
                     rows[i].wrong == NULL ? WEFT_CONFIG_CALL : WEFT_CONFIG_DEFAULT, "'%s'",
                     rows[i].text);
        cr_expect_str_eq(wrong == NULL ? "" : wrong, rows[i].wrong == NULL ? "" : rows[i].wrong,
                         "'%s'", rows[i].text);
    }
}

Test(config, set__zero_where_the_least_is_zero)
{
    struct weft_config config = made();

    cr_expect_null(weft_config_set(&config, WEFT_SETTING_poll_ns, "0", WEFT_CONFIG_CALL));
    cr_expect_eq(config.poll_ns, 0);
}

Test(config, set__only_its_own_field)
{
    struct weft_config config = made();

    cr_expect_null(weft_config_set(&config, WEFT_SETTING_relay_slots, "16", WEFT_CONFIG_CALL));
    cr_expect_eq(config.relay_slots, 16);
    for (uint32_t i = 0; i < WEFT_SETTINGS; i++) {
        struct weft_config untouched = made();
        char before[WEFT_CONFIG_TEXT_BYTES];
        char after[WEFT_CONFIG_TEXT_BYTES];

        cr_assert(weft_config_get(&untouched, i, before, sizeof(before)));
        cr_assert(weft_config_get(&config, i, after, sizeof(after)));
        cr_expect_eq(strcmp(before, after) == 0, i != WEFT_SETTING_relay_slots, "%s",
                     weft_config_row(i)->name);
    }
}

Test(config, set__text_lengths)
{
    struct weft_config config = made();
    char text[257];

    memset(text, 'a', sizeof(text));
    text[256] = '\0';
    cr_expect_str_eq(weft_config_set(&config, WEFT_SETTING_routes, text, WEFT_CONFIG_CALL),
                     "it is longer than 255 characters");
    cr_expect_str_eq(config.routes, "all");
    text[255] = '\0';
    cr_expect_null(weft_config_set(&config, WEFT_SETTING_routes, text, WEFT_CONFIG_CALL));
    cr_expect_eq(strlen(config.routes), 255);
    cr_expect_null(weft_config_set(&config, WEFT_SETTING_routes, "", WEFT_CONFIG_CALL));
    cr_expect_str_eq(config.routes, "");
}

/* What a program asked for is not changed by what stands in the environment. */
Test(config, set__origins)
{
    static const struct {
        enum weft_config_origin origin;
        const char *text;
        uint64_t value;
        enum weft_config_origin after;
    } rows[] = {
        {WEFT_CONFIG_ENVIRONMENT, "3", 3, WEFT_CONFIG_ENVIRONMENT},
        {WEFT_CONFIG_ENVIRONMENT, "4", 4, WEFT_CONFIG_ENVIRONMENT},
        {WEFT_CONFIG_CALL, "5", 5, WEFT_CONFIG_CALL},
        {WEFT_CONFIG_ENVIRONMENT, "6", 5, WEFT_CONFIG_CALL},
        {WEFT_CONFIG_ENVIRONMENT, "nonsense", 5, WEFT_CONFIG_CALL},
        {WEFT_CONFIG_CALL, "7", 7, WEFT_CONFIG_CALL},
    };
    struct weft_config config = made();

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        cr_expect_null(
            weft_config_set(&config, WEFT_SETTING_relay_slots, rows[i].text, rows[i].origin),
            "row %zu", i);
        cr_expect_eq(config.relay_slots, rows[i].value, "row %zu", i);
        cr_expect_eq(config.origins[WEFT_SETTING_relay_slots], rows[i].after, "row %zu", i);
    }
}

Test(config, get__sizes)
{
    static const struct {
        enum weft_config_index index;
        size_t size;
        bool fits;
    } rows[] = {
        {WEFT_SETTING_sched, 0, false},      {WEFT_SETTING_sched, 1, false},
        {WEFT_SETTING_sched, 4, false},      {WEFT_SETTING_sched, 5, true},
        {WEFT_SETTING_timeout_ms, 5, false}, {WEFT_SETTING_timeout_ms, 6, true},
        {WEFT_SETTING_emulate, 0, false},    {WEFT_SETTING_emulate, 1, true},
    };
    struct weft_config config = made();

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        char text[8] = "#######";

        cr_expect_eq(weft_config_get(&config, rows[i].index, text, rows[i].size), rows[i].fits,
                     "row %zu", i);
        cr_expect_eq(text[rows[i].size], '#', "row %zu: written past its end", i);
    }
}

Test(config, get__largest_number)
{
    struct weft_config config = made();
    char text[21];

    config.timeout_ms = UINT64_MAX;
    cr_expect(weft_config_get(&config, WEFT_SETTING_timeout_ms, text, sizeof(text)));
    cr_expect_str_eq(text, "18446744073709551615");
}
