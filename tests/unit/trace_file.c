/* perf/weft-kv/trace_file: good lines, and a reason for every kind of bad one. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../perf/weft-kv/trace_file.h"

static struct weft_kv_request request; /* too large for a stack frame */

Test(trace_file, line_parse__good)
{
    static const char line[] =
        "{\"timestamp\": 3000, \"input_length\": 1025, \"output_length\": 7, "
        "\"hash_ids\": [0, 9007199254740992, 5], \"more\": {\"x\": 1}} \r";
    char why[WEFT_WHY_BYTES] = "";

    cr_assert(weft_trace_line_parse(line, strlen(line), &request, why), "%s", why);
    cr_expect_eq(request.timestamp_ms, 3000);
    cr_expect_eq(request.input_tokens, 1025);
    cr_expect_eq(request.output_tokens, 7);
    cr_expect_eq(request.block_count, 3);
    cr_expect_eq(request.blocks[1], 9007199254740992u);
    cr_expect_eq(request.blocks[2], 5);
}

Test(trace_file, line_parse__bad_lines_say_why)
{
    static const struct {
        const char *line;
        const char *reason;
    } rows[] = {
        {"", "no JSON"},
        {"{\"timestamp\": 1", "no JSON"},
        {"[1]", "no JSON object"},
        {"{} {}", "something follows"},
        {"{\"input_length\":1,\"output_length\":1,\"hash_ids\":[]}", "'timestamp' is missing"},
        {"{\"timestamp\":-1,\"input_length\":1,\"output_length\":1,\"hash_ids\":[]}",
         "'timestamp' is no whole number"},
        {"{\"timestamp\":1.5,\"input_length\":1,\"output_length\":1,\"hash_ids\":[]}",
         "'timestamp' is no whole number"},
        {"{\"timestamp\":1e300,\"input_length\":1,\"output_length\":1,\"hash_ids\":[]}",
         "'timestamp' is no whole number"},
        {"{\"timestamp\":1,\"input_length\":\"1\",\"output_length\":1,\"hash_ids\":[]}",
         "'input_length' is no whole number"},
        {"{\"timestamp\":1,\"input_length\":1,\"output_length\":99999999,\"hash_ids\":[]}",
         "'output_length' is no whole number"},
        {"{\"timestamp\":1,\"input_length\":1,\"output_length\":1}", "'hash_ids' is missing"},
        {"{\"timestamp\":1,\"input_length\":1,\"output_length\":1,\"hash_ids\":[null]}",
         "'hash_ids' is no whole number"},
        {"{\"timestamp\":1,\"input_length\":512,\"output_length\":1,\"hash_ids\":[1,2]}",
         "2 blocks of 512 tokens for 512 tokens"},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        char why[WEFT_WHY_BYTES] = "";

        cr_expect_not(weft_trace_line_parse(rows[i].line, strlen(rows[i].line), &request, why),
                      "%s", rows[i].line);
        cr_expect_not_null(strstr(why, rows[i].reason), "%s: %s", rows[i].line, why);
    }
}

Test(trace_file, line_parse__bounds)
{
    static char line[WEFT_KV_LINE_BYTES_MAX + 2];
    char why[WEFT_WHY_BYTES] = "";
    size_t used;

    memset(line, ' ', sizeof(line));
    cr_expect_not(weft_trace_line_parse(line, sizeof(line), &request, why));
    cr_expect_not_null(strstr(why, "longer than 32768 bytes"), "%s", why);
    used = (size_t)snprintf(line, sizeof(line),
                            "{\"timestamp\":1,\"input_length\":1000000,\"output_length\":1,"
                            "\"hash_ids\":[1");
    for (int i = 0; i < WEFT_KV_REQUEST_BLOCKS_MAX; i++)
        used += (size_t)snprintf(line + used, sizeof(line) - used, ",2");
    used += (size_t)snprintf(line + used, sizeof(line) - used, "]}");
    cr_expect_not(weft_trace_line_parse(line, used, &request, why));
    cr_expect_not_null(strstr(why, "more than 1024 blocks"), "%s", why);
}

static void file_make(char path[32], const char *text)
{
    int file;

    memcpy(path, "/tmp/weft-trace-XXXXXX", 23);
    file = mkstemp(path);
    cr_assert_geq(file, 0);
    cr_assert_eq(write(file, text, strlen(text)), (ssize_t)strlen(text));
    (void)close(file);
}

#define LINE(time)                                                                                 \
    "{\"timestamp\":" #time ",\"input_length\":600,\"output_length\":1,\"hash_ids\":[1,2]}\n"

Test(trace_file, load__reads_up_to_the_count)
{
    struct weft_kv_trace trace;
    char why[WEFT_WHY_BYTES] = "";
    char path[32];

    file_make(path, LINE(1) LINE(1) LINE(5));
    cr_assert(weft_kv_trace_load(&trace, path, 100, why), "%s", why);
    cr_expect_eq(trace.count, 3);
    cr_expect_eq(trace.block_count, 6);
    cr_expect_eq(trace.arrivals[2].timestamp_ms, 5);
    cr_expect_eq(trace.arrivals[2].first_block, 4);
    weft_kv_trace_fini(&trace);
    cr_assert(weft_kv_trace_load(&trace, path, 2, why), "%s", why);
    cr_expect_eq(trace.count, 2);
    weft_kv_trace_fini(&trace);
    (void)unlink(path);
}

Test(trace_file, load__errors_name_the_line)
{
    static const struct {
        const char *text;
        const char *reason;
    } rows[] = {{LINE(1) "nonsense\n", "line 2: the line is no JSON"},
                {LINE(7) LINE(8) LINE(6), "line 3: earlier"},
                {"", "no requests"}};

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct weft_kv_trace trace;
        char why[WEFT_WHY_BYTES] = "";
        char path[32];

        file_make(path, rows[i].text);
        cr_expect_not(weft_kv_trace_load(&trace, path, 100, why));
        cr_expect_not_null(strstr(why, rows[i].reason), "%s", why);
        (void)unlink(path);
    }
}

Test(trace_file, load__no_file)
{
    struct weft_kv_trace trace;
    char why[WEFT_WHY_BYTES] = "";

    cr_expect_not(weft_kv_trace_load(&trace, "/nonexistent/trace", 1, why));
    cr_expect_not_null(strstr(why, "/nonexistent/trace: No such file"), "%s", why);
}
