/* weft-loopback: Weft between two processes of this machine, beside what the sockets can do.
 *
 * Nothing is emulated. All sides are measured in one run, in turn. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "common/args.h"
#include "common/json.h"
#include "contest.h"

#define PROGRAM       "weft-loopback"
#define SIZES_MAX     8
#define ROUNDS        5
#define SECONDS       1
#define EXCHANGES     10000
#define STREAM_BYTES  WEFT_MIB(16) /* under way at once, where depth is not given */
#define STATUS_WRONG  1
#define KEY_TRANSPORT 256
#define KEY_ROUNDS    257
#define KEY_SECONDS   258
#define KEY_EXCHANGES 259
#define KEY_DEPTH     260
#define KEY_JSON      261
#define KEY_ONLY      262

struct arguments {
    enum weft_loopback_kind kind;
    const char *transport;
    uint64_t sizes[SIZES_MAX];
    uint32_t size_count;
    uint64_t rounds;
    uint64_t seconds;
    uint64_t exchanges;
    uint64_t depth;   /* 0: by the size */
    const char *only; /* NULL: all */
    const char *json;
};

static const char about[] =
    "Measures Weft between two processes of this machine over loopback, nothing emulated, and "
    "beside it in the same run bare sockets and the usual programs.\v"
    "stream: puts of one size after the other (1M, 64M), beside iperf3, a bare stream and UCX's "
    "put; with AES-256-GCM beside what that costs alone.\n"
    "latency: a put until it is acknowledged, and a put with a signal there and back (64, 4K), "
    "beside a bare ping-pong over a socket.\n\n"
    "All are measured in turn, several rounds; figures are medians, ratios are made within a "
    "round. iperf3 and ucx_perftest are left out where they are not installed: apt-get install "
    "iperf3 ucx-utils.\n\n"
    "  weft-loopback stream --size 1M,64M\n"
    "  weft-loopback latency --size 64,4K --json latency.json\n";

static const struct argp_option options[] = {
    {"transport", KEY_TRANSPORT, "NAME", 0, "tcp, udp, or ipc: memory that both open (tcp)", 0},
    {"size", 's', "SIZE,...", 0, "sizes", 0},
    {"depth", KEY_DEPTH, "N", 0, "puts under way at once, 1 to 64 (16 MiB of them, at least 2)", 0},
    {"rounds", KEY_ROUNDS, "N", 0, "measure each so often (5)", 0},
    {"seconds", KEY_SECONDS, "N", 0, "length of a stream (1)", 0},
    {"exchanges", KEY_EXCHANGES, "N", 0, "of a latency (10000)", 0},
    {"only", KEY_ONLY, "NAME,...", 0, "leave the other contestants out", 0},
    {"json", KEY_JSON, "FILE", 0, "write the figures (-: standard output)", 0},
    {0},
};

static bool sizes_take(const char *text, struct arguments *arguments, char why[WEFT_WHY_BYTES])
{
    arguments->size_count = 0;
    while (*text != '\0') {
        char one[WEFT_UNIT_BYTES];
        size_t length = strcspn(text, ",");

        (void)snprintf(one, sizeof(one), "%.*s", (int)length, text);
        if (arguments->size_count == SIZES_MAX) {
            (void)snprintf(why, WEFT_WHY_BYTES, "more than %d sizes", SIZES_MAX);
            return false;
        }
        if (!weft_size_parse(one, &arguments->sizes[arguments->size_count++], why))
            return false;
        text += length + (text[length] == ',');
    }
    return arguments->size_count > 0;
}

static bool kind_take(const char *text, struct arguments *arguments, char why[WEFT_WHY_BYTES])
{
    if (strcmp(text, "stream") == 0)
        arguments->kind = WEFT_LOOPBACK_STREAM;
    else if (strcmp(text, "latency") == 0)
        arguments->kind = WEFT_LOOPBACK_LATENCY;
    else
        (void)snprintf(why, WEFT_WHY_BYTES, "'%.60s' is nothing to measure: stream or latency",
                       text);
    return arguments->kind != WEFT_LOOPBACK_KINDS;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    char why[WEFT_WHY_BYTES] = "no size is given";
    bool good = true;

    switch (key) {
    case KEY_TRANSPORT:
        arguments->transport = text;
        break;
    case 's':
        good = sizes_take(text, arguments, why);
        break;
    case KEY_DEPTH:
        good =
            weft_count_parse(text, "--depth", 1, WEFT_LOOPBACK_DEPTH_MAX, &arguments->depth, why);
        break;
    case KEY_ROUNDS:
        good = weft_count_parse(text, "--rounds", 1, WEFT_LOOPBACK_ROUNDS_MAX, &arguments->rounds,
                                why);
        break;
    case KEY_SECONDS:
        good = weft_count_parse(text, "--seconds", 1, 600, &arguments->seconds, why);
        break;
    case KEY_EXCHANGES:
        good = weft_count_parse(text, "--exchanges", 1, WEFT_LOOPBACK_EXCHANGES_MAX,
                                &arguments->exchanges, why);
        break;
    case KEY_ONLY:
        arguments->only = text;
        break;
    case KEY_JSON:
        arguments->json = text;
        break;
    case ARGP_KEY_ARG:
        good = state->arg_num == 0 && kind_take(text, arguments, why);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    if (!good)
        weft_args_fail(PROGRAM, why);
    return 0;
}

static void defaults_take(struct arguments *arguments)
{
    static const uint64_t sizes[WEFT_LOOPBACK_KINDS][2] = {
        [WEFT_LOOPBACK_STREAM] = {WEFT_MIB(1), WEFT_MIB(64)},
        [WEFT_LOOPBACK_LATENCY] = {64, WEFT_KIB(4)},
    };
    char why[WEFT_WHY_BYTES];

    if (arguments->kind == WEFT_LOOPBACK_KINDS)
        weft_args_fail(PROGRAM, "say what to measure: stream or latency (see --help)");
    if (arguments->only != NULL &&
        !weft_loopback_contest_knows(arguments->kind, arguments->only, why))
        weft_args_fail(PROGRAM, why);
    if (arguments->size_count > 0)
        return;
    memcpy(arguments->sizes, sizes[arguments->kind], sizeof(sizes[0]));
    arguments->size_count = 2;
}

static struct weft_loopback_ask ask_of(const struct arguments *arguments, uint64_t size_bytes)
{
    uint64_t depth = arguments->depth;

    if (depth == 0)
        depth = weft_min(weft_max(STREAM_BYTES / size_bytes, 2), WEFT_LOOPBACK_DEPTH_MAX);
    return (struct weft_loopback_ask){.transport = arguments->transport,
                                      .size_bytes = size_bytes,
                                      .depth = (uint32_t)depth,
                                      .duration_ns = arguments->seconds * 1000000000u,
                                      .exchanges = (uint32_t)arguments->exchanges};
}

/* How busy the machine was with others: figures of a busy one are worth less. */
static double load_now(void)
{
    double load = 0;

    return getloadavg(&load, 1) == 1 ? load : 0;
}

int main(int argc, char *argv[])
{
    static const struct argp parser = {options, parse, "stream|latency", about, NULL, NULL, NULL};
    static struct weft_loopback_contest contest;
    struct arguments arguments = {.kind = WEFT_LOOPBACK_KINDS,
                                  .transport = "tcp",
                                  .rounds = ROUNDS,
                                  .seconds = SECONDS,
                                  .exchanges = EXCHANGES};
    cJSON *tree = cJSON_CreateObject();
    cJSON *rows = cJSON_AddArrayToObject(tree, "rows");
    char why[WEFT_WHY_BYTES * 4];
    uint64_t wrong_bytes = 0;
    int status = EXIT_SUCCESS;

    argp_err_exit_status = WEFT_EXIT_USAGE;
    if (!weft_args_check(argc, argv, options, why) ||
        argp_parse(&parser, argc, argv, 0, NULL, &arguments) != 0)
        weft_args_fail(PROGRAM, why);
    defaults_take(&arguments);
    (void)printf("# this machine, two processes over loopback, %s; nothing is emulated\n"
                 "# medians of %llu rounds; load of the machine before it: %.2f\n",
                 arguments.transport, (unsigned long long)arguments.rounds, load_now());
    (void)cJSON_AddStringToObject(tree, "program", PROGRAM);
    (void)cJSON_AddStringToObject(tree, "transport", arguments.transport);
    (void)cJSON_AddNumberToObject(tree, "rounds", (double)arguments.rounds);
    weft_json_add_rounded(tree, "load_before", load_now(), 2);
    for (uint32_t i = 0; i < arguments.size_count; i++) {
        struct weft_loopback_ask ask = ask_of(&arguments, arguments.sizes[i]);

        weft_loopback_contest_run(&contest, arguments.kind, &ask, (uint32_t)arguments.rounds,
                                  arguments.only);
        weft_loopback_contest_show(&contest);
        weft_loopback_contest_json(&contest, rows);
        wrong_bytes += weft_loopback_contest_wrong(&contest);
    }
    (void)printf("\nwrong bytes: %llu; load of the machine after it: %.2f\n",
                 (unsigned long long)wrong_bytes, load_now());
    (void)cJSON_AddNumberToObject(tree, "wrong_bytes", (double)wrong_bytes);
    weft_json_add_rounded(tree, "load_after", load_now(), 2);
    if (wrong_bytes > 0)
        status = STATUS_WRONG;
    if (arguments.json != NULL && !weft_json_write(tree, arguments.json, why)) {
        (void)fprintf(stderr, "%s: %s\n", PROGRAM, why);
        status = STATUS_WRONG;
    }
    cJSON_Delete(tree);
    return status;
}
