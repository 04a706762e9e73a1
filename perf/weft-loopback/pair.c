/* Forking, meeting, waiting; see pair.h. */
#include "pair.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

#define DEADLINE_MS 60000 /* beyond what was asked for */
#define STEP_MS     2

weft_ns weft_loopback_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (weft_ns)now.tv_sec * 1000000000u + (weft_ns)now.tv_nsec;
}

static weft_ns ns_of(const struct timeval *time)
{
    return (weft_ns)time->tv_sec * 1000000000u + (weft_ns)time->tv_usec * 1000u;
}

weft_ns weft_loopback_cpu(void)
{
    struct rusage used;

    (void)getrusage(RUSAGE_SELF, &used);
    return ns_of(&used.ru_utime) + ns_of(&used.ru_stime);
}

bool weft_loopback_say(int control, const void *bytes, size_t size)
{
    return send(control, bytes, size, MSG_NOSIGNAL) == (ssize_t)size;
}

bool weft_loopback_hear(int control, void *bytes, size_t size)
{
    return recv(control, bytes, size, MSG_WAITALL) == (ssize_t)size;
}

bool weft_loopback_meet(int control)
{
    char mark = 0;

    return weft_loopback_say(control, &mark, 1) && weft_loopback_hear(control, &mark, 1);
}

/* What the two leave behind. */
struct results {
    struct weft_loopback_figures near;
    struct weft_loopback_figures far;
};

static pid_t end_start(weft_loopback_end_fn *run, const int ends[2], int own,
                       const struct weft_loopback_ask *ask, struct weft_loopback_figures *figures)
{
    pid_t parent = getpid();
    pid_t process;
    bool good;

    (void)fflush(NULL);
    process = fork();
    if (process != 0)
        return process;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
        _exit(EXIT_FAILURE);
    (void)close(ends[1 - own]);
    good = run(ends[own], ask, figures);
    if (!good && figures->why[0] == '\0')
        weft_text_copy(figures->why, sizeof(figures->why), "the other process has gone");
    _exit(good ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* Waits for a process; false: it did not end well. */
static bool end_wait(pid_t process, weft_ns deadline_at)
{
    int status = 0;

    while (waitpid(process, &status, WNOHANG) == 0) {
        if (weft_loopback_now() >= deadline_at) {
            (void)kill(process, SIGKILL);
            (void)waitpid(process, &status, 0);
            break;
        }
        (void)poll(NULL, 0, STEP_MS);
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
}

static void results_join(const struct results *results, bool good,
                         struct weft_loopback_figures *figures)
{
    *figures = results->near;
    figures->far_cpu_ns = results->far.far_cpu_ns;
    figures->wrong_bytes = results->far.wrong_bytes;
    if (figures->why[0] == '\0')
        weft_text_copy(figures->why, sizeof(figures->why), results->far.why);
    if (!good && figures->why[0] == '\0')
        weft_text_copy(figures->why, sizeof(figures->why), "one of the two processes was killed");
}

bool weft_loopback_pair_run(weft_loopback_end_fn *near, weft_loopback_end_fn *far,
                            const struct weft_loopback_ask *ask,
                            struct weft_loopback_figures *figures)
{
    weft_ns deadline_at = weft_loopback_now() + ask->duration_ns + (weft_ns)DEADLINE_MS * 1000000u;
    struct results *results =
        mmap(NULL, sizeof(*results), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int ends[2] = {-1, -1};
    pid_t processes[2] = {-1, -1};
    bool good;

    memset(figures, 0, sizeof(*figures));
    if (results == MAP_FAILED || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) {
        weft_text_copy(figures->why, sizeof(figures->why), strerror(errno));
        goto out;
    }
    processes[0] = end_start(near, ends, 0, ask, &results->near);
    processes[1] = end_start(far, ends, 1, ask, &results->far);
    /* The end of one is seen by the other. */
    (void)close(ends[0]);
    (void)close(ends[1]);
    good = processes[0] > 0 && end_wait(processes[0], deadline_at);
    good = processes[1] > 0 && end_wait(processes[1], deadline_at) && good;
    results_join(results, good, figures);
out:
    if (results != MAP_FAILED)
        (void)munmap(results, sizeof(*results));
    return figures->why[0] == '\0';
}
