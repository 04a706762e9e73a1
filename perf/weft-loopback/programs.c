/* A server and a client of another program, with a deadline; see programs.h. */
#include "programs.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "common/json.h"
#include "pair.h"

#define OUTPUT_BYTES 65536
#define NUMBER_BYTES 24
#define NOT_FOUND    127   /* status of what could not be run, also of env */
#define DEADLINE_MS  60000 /* beyond what was asked for */
#define STEP_MS      10
#define TRIES        50          /* of a client whose server does not listen yet */
#define TRY_MS       20          /* between two of them */
#define UCX_PER_S    800         /* MiB that it moves in a second, to choose its iterations */
#define UCX_LARGE    WEFT_MIB(8) /* puts of more are slow there, some take seconds: two must do */
#define UCX_LEAST    2

/* A program that runs with its output in a pipe. */
struct child {
    pid_t process;
    int output;
    weft_ns cpu_ns; /* of it and its children, when it has ended */
    int status;     /* of its exit; NOT_FOUND: it is not installed */
};

static void run_program(char *const arguments[], int output)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)dup2(null, STDIN_FILENO);
    (void)dup2(output, STDOUT_FILENO);
    (void)dup2(null, STDERR_FILENO);
    (void)execvp(arguments[0], arguments);
    _exit(NOT_FOUND);
}

static bool child_start(struct child *child, char *const arguments[])
{
    int ends[2];

    *child = (struct child){.process = -1, .output = -1};
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    (void)fflush(NULL);
    child->process = fork();
    if (child->process == 0)
        run_program(arguments, ends[1]);
    (void)close(ends[1]);
    child->output = ends[0];
    return child->process > 0;
}

/* Reads its output to the end, waits for its own; what does not fit is dropped. */
static void child_wait(struct child *child, weft_ns deadline_at, char *text, size_t size)
{
    struct rusage used = {.ru_utime = {0}};
    size_t got = 0;
    int status = 1;

    for (;;) {
        struct pollfd ready = {.fd = child->output, .events = POLLIN};
        char rest[1024];
        bool is_full = got + 1 == size;
        ssize_t part = 0;

        if (weft_loopback_now() >= deadline_at)
            (void)kill(child->process, SIGKILL);
        else if (poll(&ready, 1, STEP_MS) == 0)
            continue;
        part = read(child->output, is_full ? rest : text + got,
                    is_full ? sizeof(rest) : size - 1 - got);
        if (part <= 0)
            break;
        got += is_full ? 0 : (size_t)part;
    }
    text[got] = '\0';
    (void)close(child->output);
    if (wait4(child->process, &status, 0, &used) != child->process || !WIFEXITED(status))
        child->status = EXIT_FAILURE;
    else
        child->status = WEXITSTATUS(status);
    child->cpu_ns = ((weft_ns)used.ru_utime.tv_sec + (weft_ns)used.ru_stime.tv_sec) * 1000000000u +
                    ((weft_ns)used.ru_utime.tv_usec + (weft_ns)used.ru_stime.tv_usec) * 1000u;
}

/* A port that nobody listens on just now. */
static bool port_find(char text[NUMBER_BYTES])
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool good;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    good = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
           getsockname(fd, (struct sockaddr *)&address, &size) == 0;
    if (fd >= 0)
        (void)close(fd);
    (void)snprintf(text, NUMBER_BYTES, "%u", (unsigned)ntohs(address.sin_port));
    return good;
}

/* Server and client until both have ended; the client is tried again while the server is not up.
 * Its status. */
static int programs_run(char *const server[], char *const client[], weft_ns deadline_at,
                        char text[OUTPUT_BYTES], struct weft_loopback_figures *figures)
{
    static char ignored[OUTPUT_BYTES];
    struct child near = {.status = EXIT_FAILURE};
    struct child far;

    if (!child_start(&far, server))
        return EXIT_FAILURE;
    for (unsigned i = 0; i < TRIES && near.status != EXIT_SUCCESS && near.status != NOT_FOUND &&
                         weft_loopback_now() < deadline_at;
         i++) {
        (void)poll(NULL, 0, TRY_MS);
        if (!child_start(&near, client))
            break;
        child_wait(&near, deadline_at, text, OUTPUT_BYTES);
    }
    if (near.status != EXIT_SUCCESS)
        (void)kill(far.process, SIGKILL);
    child_wait(&far, deadline_at, ignored, sizeof(ignored));
    figures->near_cpu_ns = near.cpu_ns;
    figures->far_cpu_ns = far.cpu_ns;
    return near.status;
}

/* Runs both on a port; false with the reason, and what to install. */
static bool beside(char *const server[], char *const client[], const struct weft_loopback_ask *ask,
                   const char *package, char text[OUTPUT_BYTES],
                   struct weft_loopback_figures *figures)
{
    weft_ns deadline_at = weft_loopback_now() + ask->duration_ns + (weft_ns)DEADLINE_MS * 1000000u;
    int status = programs_run(server, client, deadline_at, text, figures);

    if (status == NOT_FOUND)
        (void)snprintf(figures->why, sizeof(figures->why), "not installed: apt-get install %s",
                       package);
    else if (status != EXIT_SUCCESS)
        (void)snprintf(figures->why, sizeof(figures->why), "its client failed with status %d",
                       status);
    return status == EXIT_SUCCESS;
}

static bool conclude(bool good, struct weft_loopback_figures *figures)
{
    if (!good && figures->why[0] == '\0')
        weft_text_copy(figures->why, sizeof(figures->why), "it gave no figure");
    return good;
}

/* ---- iperf3 ---- */

bool weft_loopback_iperf3_read(const char *text, struct weft_loopback_figures *figures)
{
    cJSON *tree = cJSON_Parse(text);
    const cJSON *end = cJSON_GetObjectItemCaseSensitive(tree, "end");
    const cJSON *sum = cJSON_GetObjectItemCaseSensitive(end, "sum_received");

    figures->bytes = (uint64_t)weft_json_number(sum, "bytes", 0);
    figures->time_ns = (weft_ns)(weft_json_number(sum, "seconds", 0) * 1e9);
    cJSON_Delete(tree);
    return figures->bytes > 0 && figures->time_ns > 0;
}

bool weft_loopback_iperf3(const struct weft_loopback_ask *ask,
                          struct weft_loopback_figures *figures)
{
    static char text[OUTPUT_BYTES];
    char port[NUMBER_BYTES];
    char seconds[NUMBER_BYTES];
    char size[NUMBER_BYTES];
    char *server[] = {"iperf3", "-s", "-1", "-p", port, NULL};
    char *client[] = {"iperf3", "-c",    "127.0.0.1", "-J", "-p", port,
                      "-t",     seconds, "-l",        size, NULL};

    memset(figures, 0, sizeof(*figures));
    (void)snprintf(seconds, sizeof(seconds), "%llu",
                   (unsigned long long)weft_max(ask->duration_ns / 1000000000u, 1));
    (void)snprintf(size, sizeof(size), "%llu",
                   (unsigned long long)weft_min(ask->size_bytes, WEFT_LOOPBACK_IPERF_BYTES_MAX));
    return conclude(port_find(port) && beside(server, client, ask, "iperf3", text, figures) &&
                        weft_loopback_iperf3_read(text, figures),
                    figures);
}

/* ---- ucx_perftest ---- */

/* With -v it writes a line of names, then one of values: iterations, percentile, average and
 * overall latency in us, average and overall MiB/s, ... */
bool weft_loopback_ucx_read(const char *text, uint64_t size_bytes,
                            struct weft_loopback_figures *figures)
{
    const char *line = strstr(text, "iterations,");
    double iterations;
    double overall_us;

    line = line == NULL ? NULL : strchr(line, '\n');
    if (line == NULL || sscanf(line + 1, "%lf,%*f,%*f,%lf", &iterations, &overall_us) != 2 ||
        iterations < 1 || overall_us <= 0)
        return false;
    figures->bytes = (uint64_t)iterations * size_bytes;
    figures->time_ns = (weft_ns)(iterations * overall_us * 1e3);
    return true;
}

bool weft_loopback_ucx(const struct weft_loopback_ask *ask, struct weft_loopback_figures *figures)
{
    static char text[OUTPUT_BYTES];
    static char over[] = "UCX_TLS=tcp";
    static char device[] = "UCX_NET_DEVICES=lo";
    char port[NUMBER_BYTES];
    char count[NUMBER_BYTES];
    char size[NUMBER_BYTES];
    char *server[] = {"env", over, device, "ucx_perftest", "-p", port, NULL};
    char *client[] = {"env", over, device,       "ucx_perftest", "127.0.0.1", "-p",
                      port,  "-t", "ucp_put_bw", "-s",           size,        "-n",
                      count, "-w", "1",          "-f",           "-v",        NULL};
    uint64_t per_second = WEFT_MIB(UCX_PER_S) / ask->size_bytes;
    uint64_t puts = weft_max(per_second * (ask->duration_ns / 1000000u) / 1000u, UCX_LEAST);

    memset(figures, 0, sizeof(*figures));
    (void)snprintf(size, sizeof(size), "%llu", (unsigned long long)ask->size_bytes);
    (void)snprintf(count, sizeof(count), "%llu",
                   (unsigned long long)(ask->size_bytes > UCX_LARGE ? UCX_LEAST : puts));
    return conclude(port_find(port) && beside(server, client, ask, "ucx-utils", text, figures) &&
                        weft_loopback_ucx_read(text, ask->size_bytes, figures),
                    figures);
}
