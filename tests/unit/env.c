/* The environment. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "capture.h"
#include "host/env.h"

Test(env, read__takes_settings_unless_a_call_set_them)
{
    struct weft_config config;
    char why[WEFT_ENV_WHY_BYTES] = "";

    weft_config_init(&config);
    cr_assert_null(weft_config_set(&config, WEFT_SETTING_sched, "direct", WEFT_CONFIG_CALL));
    setenv("WEFT_SCHED", "static", 1);
    setenv("WEFT_TIMEOUT_MS", "77", 1);
    cr_assert_eq(weft_env_read(&config, why), weftSuccess);
    cr_assert_str_eq(config.sched, "direct");
    cr_assert_eq(config.timeout_ms, 77);
    cr_assert_eq(config.origins[WEFT_SETTING_timeout_ms], WEFT_CONFIG_ENVIRONMENT);
    cr_assert_eq(config.origins[WEFT_SETTING_sched], WEFT_CONFIG_CALL);
    cr_assert_eq(config.origins[WEFT_SETTING_abort_ms], WEFT_CONFIG_DEFAULT);
}

Test(env, read__a_wrong_value_is_named)
{
    struct weft_config config;
    char why[WEFT_ENV_WHY_BYTES] = "";

    weft_config_init(&config);
    setenv("WEFT_RELAY_SLOTS", "many", 1);
    cr_assert_eq(weft_env_read(&config, why), weftInvalidArgument);
    cr_assert_not_null(strstr(why, "WEFT_RELAY_SLOTS"));
    cr_assert_not_null(strstr(why, "many"));
    cr_assert_eq(config.relay_slots, 8);
}

Test(env, read__an_unknown_name_is_warned_about_once)
{
    struct weft_config config;
    char why[WEFT_ENV_WHY_BYTES] = "";
    char said[512];

    weft_config_init(&config);
    setenv("WEFT_TIMEOUT_NS", "5", 1);
    capture_begin();
    cr_assert_eq(weft_env_read(&config, why), weftSuccess);
    cr_assert_eq(weft_env_read(&config, why), weftSuccess);
    capture_end(said, sizeof(said));
    cr_assert_str_eq(said, "weft WARN  env: WEFT_TIMEOUT_NS names no setting and is ignored; did "
                           "you mean WEFT_TIMEOUT_MS?\n");
}
