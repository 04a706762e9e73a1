/* The two processes of `pd`. */
#include "pd.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/json.h"
#include "decode.h"
#include "handed_report.h"

#define SERVER_ID   "127.0.0.1"
#define PAGE_SEED   17
#define END_REAL_MS 10000 /* the decode server ends within that, or is ended */
#define LOOK_MS     10

struct pd {
    const struct weft_kv_options *options;
    struct weft_kv_trace trace;
    struct weft_kv_control control;
    pid_t decode; /* the other process; 0: none */
    struct weft_kv_server server;
    struct weft_kv_arrivals arrivals;
    struct weft_kv_handed results[2];
    uint32_t result_count;
};

/* ---- the other process ---- */

/* It never outlives this one, however this one ends. */
_Noreturn static void decode_main(const struct pd *pd, struct weft_kv_control *control,
                                  pid_t parent)
{
    int status = EXIT_FAILURE;

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent)
        status = weft_kv_decode(pd->options, &pd->trace, control);
    _exit(status);
}

static bool decode_start(struct pd *pd, char why[WEFT_WHY_BYTES])
{
    struct weft_kv_control ends[2];
    pid_t parent = getpid();

    if (!weft_kv_control_pair(ends, why))
        return false;
    (void)fflush(NULL);
    pd->decode = fork();
    if (pd->decode == 0) {
        weft_kv_control_close(&ends[0]);
        decode_main(pd, &ends[1], parent);
    }
    weft_kv_control_close(&ends[1]);
    pd->control = ends[0];
    if (pd->decode > 0)
        return true;
    (void)snprintf(why, WEFT_WHY_BYTES, "the decode server's process could not be started: %s",
                   strerror(errno));
    pd->decode = 0;
    return false;
}

/* Waits until it has ended, and ends it if it does not. False when it did not end well, with how
 * added to `why`. */
static bool decode_stop(struct pd *pd, char why[WEFT_WHY_BYTES])
{
    size_t used = strlen(why);
    int status = 0;
    pid_t ended = 0;

    weft_kv_control_close(&pd->control);
    if (pd->decode == 0)
        return true;
    for (int waited_ms = 0; ended == 0 && waited_ms < END_REAL_MS; waited_ms += LOOK_MS) {
        struct timespec rest = {.tv_nsec = LOOK_MS * 1000000};

        ended = waitpid(pd->decode, &status, WNOHANG);
        if (ended == 0)
            (void)nanosleep(&rest, NULL);
    }
    if (ended == 0) {
        (void)kill(pd->decode, SIGKILL);
        (void)waitpid(pd->decode, &status, 0);
    }
    pd->decode = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    (void)snprintf(why + used, WEFT_WHY_BYTES - used, "%sthe decode server's process %s %d",
                   used == 0 ? "" : "; ",
                   WIFSIGNALED(status) ? "was ended by signal" : "ended with",
                   WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    return false;
}

/* ---- this process ---- */

static bool pd_open(struct pd *pd, char why[WEFT_WHY_BYTES])
{
    const struct weft_kv_options *options = pd->options;

    /* The other process begins before anything here loads a driver, which no fork survives. */
    return weft_kv_trace_load(&pd->trace, options->trace, options->requests, why) &&
           weft_kv_trace_fits(&pd->trace, options->gpu_blocks, why) && decode_start(pd, why) &&
           weft_kv_server_open(&pd->server, options, SERVER_ID, PAGE_SEED, why) &&
           weft_kv_arrivals_handoff(&pd->arrivals, &pd->trace, &pd->server.store, options, why);
}

static void pd_close(struct pd *pd)
{
    for (uint32_t i = 0; i < 2; i++)
        weft_kv_findings_fini(&pd->results[i].base);
    weft_kv_arrivals_fini(&pd->arrivals);
    weft_kv_server_close(&pd->server);
    weft_kv_trace_fini(&pd->trace);
}

static bool pd_run(struct pd *pd, char why[WEFT_WHY_BYTES])
{
    const char *sched = pd->options->sched;
    bool direct_is_measured = sched != NULL && strcmp(sched, "direct") == 0;

    weft_kv_handed_head(&pd->server, &pd->trace, &pd->arrivals);
    pd->result_count = pd->options->baseline && !direct_is_measured ? 2 : 1;
    for (uint32_t i = 0; i < pd->result_count; i++)
        if (!weft_kv_prefill(&pd->results[i], &pd->server, &pd->control, &pd->trace, &pd->arrivals,
                             i + 1, i == 0 ? sched : "direct", why))
            return false;
    return true;
}

static bool pd_report(const struct pd *pd, char why[WEFT_WHY_BYTES])
{
    struct weft_kv_picture picture;
    cJSON *tree;
    bool good = true;

    weft_kv_handed_table(pd->results, pd->result_count);
    if (pd->options->json != NULL) {
        tree = weft_kv_handed_json(&pd->server, &pd->trace, &pd->arrivals, pd->results,
                                   pd->result_count);
        good = weft_json_write(tree, pd->options->json, why);
        cJSON_Delete(tree);
    }
    if (good && pd->options->plot != NULL) {
        weft_kv_handed_picture(pd->results, pd->result_count, &picture);
        good = weft_kv_plot_write(&picture, &pd->server.testbed, pd->options->plot, why);
    }
    return good;
}

static bool is_right(const struct pd *pd)
{
    for (uint32_t i = 0; i < pd->result_count; i++)
        if (pd->results[i].base.wrong_bytes > 0 || pd->results[i].wrong_checksums > 0 ||
            pd->results[i].base.errors.count > 0)
            return false;
    return true;
}

enum weft_kv_outcome weft_kv_pd(const struct weft_kv_options *options, char why[WEFT_WHY_BYTES])
{
    struct pd *pd = calloc(1, sizeof(*pd));
    enum weft_kv_outcome outcome = WEFT_KV_NOT_OPENED;

    if (pd == NULL) {
        (void)snprintf(why, WEFT_WHY_BYTES, "no memory");
        return outcome;
    }
    pd->options = options;
    pd->control.socket = -1;
    if (pd_open(pd, why)) {
        outcome = WEFT_KV_WRONG;
        if (pd_run(pd, why) && pd_report(pd, why) && is_right(pd))
            outcome = WEFT_KV_RIGHT;
    }
    if (!decode_stop(pd, why) && outcome == WEFT_KV_RIGHT)
        outcome = WEFT_KV_WRONG;
    pd_close(pd);
    free(pd);
    return outcome;
}
