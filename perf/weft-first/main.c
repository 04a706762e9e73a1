/* weft-first: how long it takes from the import of a window's key to the end of the first transfer,
 * to a peer that was not met before.
 *
 * Two processes; every run makes a comm in each, so that both are new, and times in the one that
 * imports: the import, the first put behind it, and a second put. Real time, also on an emulated
 * machine. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/args.h"
#include "common/columns.h"
#include "common/json.h"
#include "common/stats.h"

#define PROGRAM     "weft-first"
#define RUNS_MOST   1000
#define GOAL_NS     20000000u
#define SECONDS_MAX 600

struct arguments {
    const char *node;
    const char *json;
    uint64_t runs;
    uint64_t size_bytes;
};

static const struct weft_args_option options[] = {
    {"node", 'n', "NAME", "servers of this kind, emulated; without it this machine is both",
     weft_args_text, offsetof(struct arguments, node), 0, 0},
    {"runs", 'r', "N", "1 to 1000 (default 50)", weft_args_count, offsetof(struct arguments, runs),
     1, RUNS_MOST},
    {"size", 's', "SIZE", "bytes of each put, up to 64M (default 4K)", weft_args_size,
     offsetof(struct arguments, size_bytes), 1, WEFT_MIB(64)},
    {"json", 'j', "FILE", "write the figures to FILE (-: standard output)", weft_args_file,
     offsetof(struct arguments, json), 0, 0},
    {0},
};

static void check(weftResult_t result)
{
    if (result == weftSuccess)
        return;
    (void)fprintf(stderr, "%s: %s: %s\n", PROGRAM, weftGetErrorString(result),
                  weftGetLastError(NULL));
    exit(EXIT_FAILURE);
}

static uint64_t real_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static weftComm_t open_comm(const struct arguments *arguments, const char *server)
{
    weftConfig_t config;
    weftComm_t comm;

    check(weftConfigCreate(&config));
    check(weftConfigSet(config, "net", "tcp"));
    check(weftConfigSet(config, "server_id", server));
    if (arguments->node != NULL)
        check(weftConfigSet(config, "emulate", arguments->node));
    else
        check(weftConfigSet(config, "net_address", "127.0.0.1"));
    check(weftCommInit(&comm, config));
    check(weftConfigDestroy(config));
    return comm;
}

static weftWindow_t open_window(weftComm_t comm, uint64_t size_bytes)
{
    weftDevId_t dram;
    weftWindow_t window;
    void *memory;

    check(weftDevIdParse(comm, "dram0", &dram));
    check(weftMemAlloc(comm, dram, size_bytes, &memory));
    memset(memory, 1, size_bytes);
    check(weftWindowRegister(comm, dram, memory, size_bytes, WEFT_WIN_DEFAULT, &window));
    return window;
}

/* The other side of every run: a comm, its key, and an end when it is told. */
static void serve(const struct arguments *arguments, int orders, int keys)
{
    char order;

    (void)alarm(SECONDS_MAX);
    while (read(orders, &order, 1) == 1) {
        weftComm_t comm = open_comm(arguments, "127.0.0.62");
        weftWindow_t window = open_window(comm, arguments->size_bytes);
        weftWindowKey_t key;

        check(weftWindowGetKey(window, WEFT_RIGHTS_ALL, &key));
        if (write(keys, &key, sizeof(key)) != (ssize_t)sizeof(key) || read(orders, &order, 1) != 1)
            break;
        check(weftCommDestroy(comm));
    }
    _exit(EXIT_SUCCESS);
}

struct figures {
    const char *name;
    uint64_t ns[RUNS_MOST];
};

static struct figures import = {.name = "import"};
static struct figures first = {.name = "import and first put"};
static struct figures second = {.name = "second put"};

static void put(weftComm_t comm, weftWindow_t to, weftWindow_t from, uint64_t size_bytes)
{
    weftRequest_t request;

    check(weftPut(to, 0, from, 0, size_bytes, comm, NULL, &request));
    check(weftWait(&request, WEFT_TIMEOUT_DEFAULT));
}

static bool run(const struct arguments *arguments, uint64_t i, int orders, int keys)
{
    weftComm_t comm = open_comm(arguments, "127.0.0.61");
    weftWindow_t from = open_window(comm, arguments->size_bytes);
    weftWindowKey_t key;
    weftWindow_t to;
    uint64_t begun_ns;

    if (write(orders, "b", 1) != 1 || read(keys, &key, sizeof(key)) != (ssize_t)sizeof(key))
        return false;
    begun_ns = real_ns();
    check(weftWindowImport(comm, &key, &to));
    import.ns[i] = real_ns() - begun_ns;
    put(comm, to, from, arguments->size_bytes);
    first.ns[i] = real_ns() - begun_ns;
    begun_ns = real_ns();
    put(comm, to, from, arguments->size_bytes);
    second.ns[i] = real_ns() - begun_ns;
    check(weftCommDestroy(comm));
    return write(orders, "e", 1) == 1;
}

static const struct weft_column columns[] = {
    {"p50 ms", "p50", 9, 3, 3},
    {"p99 ms", "p99", 9, 3, 3},
    {"max ms", "max", 9, 3, 3},
};

static void report(struct figures *figures, uint64_t runs, cJSON *object)
{
    static const unsigned permille[WEFT_ARRAY_COUNT(columns)] = {500, 990, 1000};
    double ms[WEFT_ARRAY_COUNT(columns)];

    weft_stats_sort(figures->ns, runs);
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(columns); i++)
        ms[i] = (double)weft_stats_rank(figures->ns, runs, permille[i]) / 1e6;
    printf("%-22s", figures->name);
    weft_columns_row(columns, WEFT_ARRAY_COUNT(columns), ms, stdout,
                     cJSON_AddObjectToObject(object, figures->name));
    printf("\n");
}

static bool report_all(const struct arguments *arguments)
{
    cJSON *object = cJSON_CreateObject();
    char why[WEFT_WHY_BYTES];
    bool good = true;

    printf("%s, %" PRIu64 " runs, %" PRIu64 " bytes, real time\n",
           arguments->node == NULL ? "this machine over loopback"
                                   : "EMULATED servers over loopback",
           arguments->runs, arguments->size_bytes);
    (void)cJSON_AddStringToObject(object, "node",
                                  arguments->node == NULL ? "real" : arguments->node);
    (void)cJSON_AddBoolToObject(object, "emulated", arguments->node != NULL);
    (void)cJSON_AddNumberToObject(object, "runs", (double)arguments->runs);
    (void)cJSON_AddNumberToObject(object, "size_bytes", (double)arguments->size_bytes);
    printf("%-22s", "");
    weft_columns_titles(columns, WEFT_ARRAY_COUNT(columns), stdout);
    printf("\n");
    report(&import, arguments->runs, object);
    report(&first, arguments->runs, object);
    report(&second, arguments->runs, object);
    printf("goal: import and first put within %u ms: %s at p99\n", GOAL_NS / 1000000,
           weft_stats_rank(first.ns, arguments->runs, 990) <= GOAL_NS ? "met" : "missed");
    if (arguments->json != NULL)
        good = weft_json_write(object, arguments->json, why);
    if (!good)
        (void)fprintf(stderr, "%s: %s\n", PROGRAM, why);
    cJSON_Delete(object);
    return good;
}

int main(int argc, char *argv[])
{
    static const struct weft_args args = {
        .about = "Measures the first transfer to a peer that was not met before.",
        .options = options,
    };
    struct arguments arguments = {.runs = 50, .size_bytes = 4096};
    char why[WEFT_ARGS_WHY_BYTES];
    int orders[2];
    int keys[2];
    pid_t server;
    bool good = true;

    if (!weft_args_read(&args, argc, argv, &arguments, why))
        weft_args_fail(PROGRAM, why);
    weft_json_alone(arguments.json);
    if (pipe(orders) != 0 || pipe(keys) != 0)
        return EXIT_FAILURE;
    server = fork();
    if (server < 0)
        return EXIT_FAILURE;
    if (server == 0) {
        (void)close(orders[1]);
        serve(&arguments, orders[0], keys[1]);
    }
    (void)close(orders[0]);
    (void)close(keys[1]);
    (void)alarm(SECONDS_MAX);
    for (uint64_t i = 0; i < arguments.runs && good; i++)
        good = run(&arguments, i, orders[1], keys[0]);
    (void)close(orders[1]);
    (void)waitpid(server, NULL, 0);
    if (good)
        good = report_all(&arguments);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
