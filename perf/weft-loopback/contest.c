/* The contestants of both kinds, and what is made of their figures; see contest.h. */
#include "contest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "common/columns.h"
#include "common/stats.h"
#include "programs.h"
#include "puts.h"
#include "sealing.h"
#include "sockets.h"

#define SEALED  "weft aes"
#define SEALING "aes-gcm"
#define IPERF3  "iperf3"

static const struct weft_loopback_contestant streams[] = {
    {"weft", weft_loopback_put_plain, "weftPut, crypto off"},
    {IPERF3, weft_loopback_iperf3, "iperf3, one stream, writes of at most 1M"},
    {"socket", weft_loopback_socket_stream, "a bare stream between two memories of that size"},
    {"ucx put", weft_loopback_ucx, "ucx_perftest -t ucp_put_bw, UCX_TLS=tcp"},
    {SEALED, weft_loopback_put_sealed, "weftPut, AES-256-GCM"},
    {SEALING, weft_loopback_sealing, "AES-256-GCM alone: the slower one of sealing and opening"},
    {NULL, NULL, NULL},
};

static const struct weft_loopback_contestant latencies[] = {
    {"ping-pong", weft_loopback_ping_pong, "a bare exchange of messages, calls that block"},
    {"spinning", weft_loopback_ping_pong_spinning, "the same, calls that do not block"},
    {"weft put", weft_loopback_put_wait, "weftPut and weftWait: acknowledged by the other side"},
    {"weft put-signal", weft_loopback_put_signal,
     "weftPutSignal, awaited by weftWaitSignal, and the same back"},
    {NULL, NULL, NULL},
};

static const struct weft_loopback_contestant *const contestants[WEFT_LOOPBACK_KINDS] = {
    [WEFT_LOOPBACK_STREAM] = streams,
    [WEFT_LOOPBACK_LATENCY] = latencies,
};

/* Is the name one of the list? */
static bool is_listed(const char *only, const char *name)
{
    size_t length = strlen(name);

    while (only != NULL && *only != '\0') {
        size_t part = strcspn(only, ",");

        if (part == length && memcmp(only, name, length) == 0)
            return true;
        only += part + (only[part] == ',');
    }
    return only == NULL;
}

bool weft_loopback_contest_knows(enum weft_loopback_kind kind, const char *only,
                                 char why[WEFT_WHY_BYTES])
{
    struct weft_text text;
    uint32_t wanted = 1;
    uint32_t known = 0;

    for (const char *at = only; *at != '\0'; at++)
        wanted += *at == ',';
    weft_text_init(&text, why, WEFT_WHY_BYTES);
    weft_text_add(&text, "--only names contestants, with commas between them:");
    for (const struct weft_loopback_contestant *one = contestants[kind]; one->name != NULL; one++) {
        known += is_listed(only, one->name);
        weft_text_add(&text, one == contestants[kind] ? " " : ", ");
        weft_text_add(&text, one->name);
    }
    return known == wanted;
}

void weft_loopback_contest_run(struct weft_loopback_contest *contest, enum weft_loopback_kind kind,
                               const struct weft_loopback_ask *ask, uint32_t rounds,
                               const char *only)
{
    memset(contest, 0, sizeof(*contest));
    contest->only = only;
    contest->kind = kind;
    contest->ask = *ask;
    contest->rounds = rounds;
    contest->contestants = contestants[kind];
    while (contest->contestants[contest->count].name != NULL)
        contest->count++;
    for (uint32_t round = 0; round < rounds; round++)
        for (uint32_t i = 0; i < contest->count; i++)
            if (is_listed(only, contest->contestants[i].name))
                (void)contest->contestants[i].measure(ask, &contest->figures[i][round]);
}

uint64_t weft_loopback_contest_wrong(const struct weft_loopback_contest *contest)
{
    uint64_t wrong = 0;

    for (uint32_t i = 0; i < contest->count; i++)
        for (uint32_t round = 0; round < contest->rounds; round++)
            wrong += contest->figures[i][round].wrong_bytes;
    return wrong;
}

/* ---- one figure of one round; 0: there is none ---- */

typedef double figure_fn(const struct weft_loopback_figures *figures);

static double rate_of(const struct weft_loopback_figures *figures)
{
    return figures->why[0] != '\0' ? 0 : weft_rate_gb_per_s(figures->bytes, figures->time_ns);
}

static double p50_of(const struct weft_loopback_figures *figures)
{
    return figures->why[0] != '\0' ? 0 : (double)figures->p50_ns / 1e3;
}

static double p99_of(const struct weft_loopback_figures *figures)
{
    return figures->why[0] != '\0' ? 0 : (double)figures->p99_ns / 1e3;
}

static double cpu_of(const struct weft_loopback_figures *figures)
{
    if (figures->why[0] != '\0' || figures->bytes == 0)
        return 0;
    return (double)(figures->near_cpu_ns + figures->far_cpu_ns) / (double)figures->bytes;
}

static double median(double *values, uint32_t count)
{
    uint64_t whole[WEFT_LOOPBACK_ROUNDS_MAX];

    for (uint32_t i = 0; i < count; i++)
        whole[i] = (uint64_t)(values[i] * 1e6);
    return count == 0 ? 0 : (double)weft_stats_median(whole, count) / 1e6;
}

/* Over the rounds that have one. */
static double median_of(const struct weft_loopback_contest *contest, uint32_t index,
                        figure_fn *figure)
{
    double values[WEFT_LOOPBACK_ROUNDS_MAX];
    uint32_t count = 0;

    for (uint32_t round = 0; round < contest->rounds; round++) {
        double value = figure(&contest->figures[index][round]);

        if (value > 0)
            values[count++] = value;
    }
    return median(values, count);
}

static uint32_t find(const struct weft_loopback_contest *contest, const char *name)
{
    for (uint32_t i = 0; i < contest->count; i++)
        if (strcmp(contest->contestants[i].name, name) == 0)
            return i;
    return WEFT_NONE;
}

/* What a contestant is compared with, in one round: the first one of a latency; of sealed bytes
 * what a stream would do that seals each byte before it is sent, and opens it after. */
static double base_of(const struct weft_loopback_contest *contest, uint32_t index, uint32_t round)
{
    double base;
    double sealing;

    if (contest->kind == WEFT_LOOPBACK_LATENCY)
        return p50_of(&contest->figures[0][round]);
    base = rate_of(&contest->figures[find(contest, IPERF3)][round]);
    if (strcmp(contest->contestants[index].name, SEALED) != 0)
        return base;
    sealing = rate_of(&contest->figures[find(contest, SEALING)][round]);
    return base > 0 && sealing > 0 ? 1 / (1 / base + 1 / sealing) : 0;
}

static double ratio_of(const struct weft_loopback_contest *contest, uint32_t index)
{
    figure_fn *figure = contest->kind == WEFT_LOOPBACK_LATENCY ? p50_of : rate_of;
    double values[WEFT_LOOPBACK_ROUNDS_MAX];
    uint32_t count = 0;

    for (uint32_t round = 0; round < contest->rounds; round++) {
        double base = base_of(contest, index, round);
        double value = figure(&contest->figures[index][round]);

        if (base > 0 && value > 0)
            values[count++] = value / base;
    }
    return median(values, count);
}

static const char *why_not(const struct weft_loopback_contest *contest, uint32_t index)
{
    for (uint32_t round = 0; round < contest->rounds; round++)
        if (contest->figures[index][round].why[0] != '\0')
            return contest->figures[index][round].why;
    return "";
}

/* ---- the report ---- */

#define FIGURES 3

static const struct weft_column columns[WEFT_LOOPBACK_KINDS][FIGURES] = {
    [WEFT_LOOPBACK_STREAM] = {{"GB/s", "gb_per_s", 9, 2, 3},
                              {"vs iperf3", "vs_iperf3", 9, 3, 4},
                              {"CPU s/GB", "cpu_s_per_gb", 11, 3, 4}},
    [WEFT_LOOPBACK_LATENCY] = {{"p50 us", "p50_us", 9, 2, 3},
                               {"p99 us", "p99_us", 9, 2, 3},
                               {"vs ping-pong", "vs_ping_pong", 12, 3, 4}},
};

/* What each round brought: those of the first column. */
static void rounds_add(const struct weft_loopback_contest *contest, uint32_t index, cJSON *array)
{
    figure_fn *figure = contest->kind == WEFT_LOOPBACK_STREAM ? rate_of : p50_of;

    for (uint32_t round = 0; round < contest->rounds; round++)
        (void)cJSON_AddItemToArray(array,
                                   cJSON_CreateNumber(figure(&contest->figures[index][round])));
}

static void contestant_report(const struct weft_loopback_contest *contest, uint32_t index,
                              const char *size, cJSON *row)
{
    const struct weft_loopback_contestant *contestant = &contest->contestants[index];
    bool is_stream = contest->kind == WEFT_LOOPBACK_STREAM;
    double ratio = ratio_of(contest, index);
    double values[FIGURES] = {median_of(contest, index, is_stream ? rate_of : p50_of),
                              is_stream ? ratio : median_of(contest, index, p99_of),
                              is_stream ? median_of(contest, index, cpu_of) : ratio};
    const char *why = why_not(contest, index);

    (void)printf("%8s  %-16s", size, contestant->name);
    (void)cJSON_AddNumberToObject(row, "size", (double)contest->ask.size_bytes);
    (void)cJSON_AddStringToObject(row, "contestant", contestant->name);
    (void)cJSON_AddStringToObject(row, "what", contestant->what);
    weft_columns_row(columns[contest->kind], FIGURES, values, stdout, row);
    rounds_add(contest, index, cJSON_AddArrayToObject(row, "rounds"));
    (void)printf("  %s\n", contestant->what);
    if (why[0] == '\0')
        return;
    (void)printf("%10s%s: %s\n", "", contestant->name, why);
    (void)cJSON_AddStringToObject(row, "why", why);
}

void weft_loopback_contest_report(const struct weft_loopback_contest *contest, cJSON *rows)
{
    char size[WEFT_UNIT_BYTES];

    weft_size_format(contest->ask.size_bytes, size);
    (void)printf("\n%8s  %-16s", "size", "contestant");
    weft_columns_titles(columns[contest->kind], FIGURES, stdout);
    (void)printf("\n");
    for (uint32_t i = 0; i < contest->count; i++) {
        cJSON *row;

        if (!is_listed(contest->only, contest->contestants[i].name))
            continue;
        row = cJSON_CreateObject();
        contestant_report(contest, i, size, row);
        (void)cJSON_AddItemToArray(rows, row);
    }
    if (contest->kind == WEFT_LOOPBACK_STREAM && is_listed(contest->only, SEALED))
        (void)printf("%10s%s is compared with what %s and %s would do one after the other\n", "",
                     SEALED, SEALING, IPERF3);
    (void)fflush(stdout);
}
