/* The log: levels and lines. */
#include <criterion/criterion.h>

#include "capture.h"
#include "host/log.h"

Test(log, level__decides_what_is_said)
{
    char said[512];

    capture_begin();
    weft_log_level_set(WEFT_LOG_WARN);
    weft_log(WEFT_LOG_INFO, "comm 0", "not said");
    weft_log(WEFT_LOG_WARN, "comm 0", "%d links are down", 3);
    weft_log_transport(0, "it broke");
    weft_log_transport(2, "not said either");
    capture_end(said, sizeof(said));
    cr_assert_str_eq(said, "weft WARN  comm 0: 3 links are down\n"
                           "weft ERROR transport: it broke\n");
}

Test(log, level_find__names)
{
    static const struct {
        const char *name;
        enum weft_log_level level;
    } rows[] = {
        {"none", WEFT_LOG_NONE}, {"error", WEFT_LOG_ERROR}, {"warn", WEFT_LOG_WARN},
        {"info", WEFT_LOG_INFO}, {"trace", WEFT_LOG_TRACE}, {"Warn", WEFT_LOG_LEVELS},
        {"", WEFT_LOG_LEVELS},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++)
        cr_assert_eq(weft_log_level_find(rows[i].name), rows[i].level, "%s", rows[i].name);
}
