/* The command line of weft-loopback: one table of options, a word for what is measured. */
#include "options.h"

#include <stdio.h>
#include <string.h>

#define ROUNDS         5
#define SECONDS        1
#define EXCHANGES      10000
#define SIZE_BYTES_MAX WEFT_GIB(4)
#define STREAM_BYTES   WEFT_MIB(16) /* under way at once, where depth is not given */

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

static bool sizes_take(const struct weft_args_option *option, const char *text, void *values,
                       char why[WEFT_WHY_BYTES])
{
    struct weft_loopback_options *options = values;

    (void)option;
    options->size_count = 0;
    do {
        char one[WEFT_UNIT_BYTES];
        size_t length = strcspn(text, ",");

        if (options->size_count == WEFT_LOOPBACK_SIZES_MAX) {
            (void)snprintf(why, WEFT_WHY_BYTES, "--size takes at most %d sizes",
                           WEFT_LOOPBACK_SIZES_MAX);
            return false;
        }
        (void)snprintf(one, sizeof(one), "%.*s", (int)length, text);
        if (!weft_size_parse(one, &options->sizes[options->size_count], why))
            return false;
        if (options->sizes[options->size_count] > SIZE_BYTES_MAX) {
            (void)snprintf(why, WEFT_WHY_BYTES, "--size %s: sizes up to 4G are valid", one);
            return false;
        }
        options->size_count++;
        text += length + (text[length] == ',');
    } while (*text != '\0');
    return true;
}

#define AT(member) offsetof(struct weft_loopback_options, member)

static const struct weft_args_option rows[] = {
    {"transport", 0, "tcp|udp|ipc", "ipc: memory that both open (tcp)", weft_args_word,
     AT(transport), 0, 0},
    {"size", 's', "SIZE,...", "sizes, at most 8", sizes_take, 0, 0, 0},
    {"depth", 0, "N", "puts under way at once, 1 to 64 (16 MiB of them, at least 2)",
     weft_args_count, AT(depth), 1, WEFT_LOOPBACK_DEPTH_MAX},
    {"rounds", 0, "N", "measure each so often, 1 to 101 (5)", weft_args_count, AT(rounds), 1,
     WEFT_LOOPBACK_ROUNDS_MAX},
    {"seconds", 0, "N", "length of a stream, 1 to 600 (1)", weft_args_count, AT(seconds), 1,
     WEFT_LOOPBACK_SECONDS_MAX},
    {"exchanges", 0, "N", "of a latency, 1 to 200000 (10000)", weft_args_count, AT(exchanges), 1,
     WEFT_LOOPBACK_EXCHANGES_MAX},
    {"only", 0, "NAME,...", "leave the other contestants out", weft_args_text, AT(only), 0, 0},
    {"json", 0, "FILE", "write the figures (-: standard output)", weft_args_file, AT(json), 0, 0},
    {0},
};

bool weft_loopback_options_read(struct weft_loopback_options *options, int argc, char *argv[],
                                char why[WEFT_ARGS_WHY_BYTES])
{
    static const struct weft_args args = {
        .about = about, .words = "stream|latency", .options = rows, .word_place = AT(kind)};
    static const uint64_t sizes[WEFT_LOOPBACK_KINDS][2] = {
        [WEFT_LOOPBACK_STREAM] = {WEFT_MIB(1), WEFT_MIB(64)},
        [WEFT_LOOPBACK_LATENCY] = {64, WEFT_KIB(4)},
    };

    *options = (struct weft_loopback_options){
        .transport = "tcp", .rounds = ROUNDS, .seconds = SECONDS, .exchanges = EXCHANGES};
    if (!weft_args_read(&args, argc, argv, options, why))
        return false;
    if (options->only != NULL && !weft_loopback_contest_knows(options->kind, options->only, why))
        return false;
    if (options->size_count == 0) {
        memcpy(options->sizes, sizes[options->kind], sizeof(sizes[0]));
        options->size_count = WEFT_ARRAY_COUNT(sizes[0]);
    }
    return true;
}

struct weft_loopback_ask weft_loopback_options_ask(const struct weft_loopback_options *options,
                                                   uint64_t size_bytes)
{
    uint64_t depth = options->depth;

    if (depth == 0)
        depth = weft_min(weft_max(STREAM_BYTES / size_bytes, 2), WEFT_LOOPBACK_DEPTH_MAX);
    return (struct weft_loopback_ask){.transport = options->transport,
                                      .size_bytes = size_bytes,
                                      .depth = (uint32_t)depth,
                                      .duration_ns = options->seconds * 1000000000u,
                                      .exchanges = (uint32_t)options->exchanges};
}
