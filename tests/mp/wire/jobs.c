/* Forked processes, and pipes that bring outcomes; see jobs.h. */
#include "jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct job {
    pid_t process; /* 0: not begun, or told */
    int pipe_fd;
    bool is_over;
    int status;
    bool has_outcome;
    char *outcome;
};

/* An outcome is smaller than a pipe, so that nobody waits for who reads it. */
static void child(const struct mpwire_jobs *jobs, uint32_t number, struct job *job, int fd)
{
    (void)alarm(jobs->limit_s);
    jobs->run(number, job->outcome, jobs->context);
    if (write(fd, job->outcome, jobs->outcome_bytes) != (ssize_t)jobs->outcome_bytes)
        _exit(EXIT_FAILURE);
    /* A sanitizer looks for leaks in exit. */
    exit(EXIT_SUCCESS);
}

static bool begin(const struct mpwire_jobs *jobs, uint32_t number, struct job *job)
{
    int ends[2];

    if (pipe(ends) != 0)
        return false;
    (void)fflush(NULL);
    job->process = fork();
    if (job->process == 0) {
        (void)close(ends[0]);
        child(jobs, number, job, ends[1]);
    }
    (void)close(ends[1]);
    job->pipe_fd = ends[0];
    if (job->process > 0)
        return true;
    (void)close(ends[0]);
    return false;
}

static void end(const struct mpwire_jobs *jobs, struct job *job, int status)
{
    ssize_t got = read(job->pipe_fd, job->outcome, jobs->outcome_bytes);

    job->has_outcome = got == (ssize_t)jobs->outcome_bytes;
    (void)close(job->pipe_fd);
    job->is_over = true;
    job->status = status;
}

static void tell(const struct mpwire_jobs *jobs, uint32_t number, const struct job *job)
{
    char died[64];

    if (WIFSIGNALED(job->status))
        (void)snprintf(died, sizeof(died), "its process was ended by signal %d",
                       WTERMSIG(job->status));
    else
        (void)snprintf(died, sizeof(died), "its process ended with %d", WEXITSTATUS(job->status));
    jobs->tell(number, job->outcome, job->has_outcome && job->status == 0 ? NULL : died,
               jobs->context);
}

static struct job *job_of(struct job *all, uint32_t count, pid_t process)
{
    for (uint32_t i = 0; i < count; i++)
        if (all[i].process == process && !all[i].is_over)
            return &all[i];
    return NULL;
}

bool mpwire_jobs_run(const struct mpwire_jobs *jobs)
{
    struct job *all = calloc(jobs->count, sizeof(*all));
    char *outcomes = calloc(jobs->count, jobs->outcome_bytes);
    bool is_good = all != NULL && outcomes != NULL;
    uint32_t begun = 0;
    uint32_t running = 0;
    uint32_t told = 0;

    for (uint32_t i = 0; is_good && i < jobs->count; i++)
        all[i].outcome = outcomes + i * jobs->outcome_bytes;
    while (is_good && (told < jobs->count || running > 0)) {
        struct job *job;
        pid_t process;
        int status = 0;

        while (is_good && begun < jobs->count && running < jobs->at_once) {
            is_good = begin(jobs, begun, &all[begun]);
            begun += is_good;
            running += is_good;
        }
        process = running > 0 ? waitpid(-1, &status, 0) : -1;
        job = process > 0 ? job_of(all, begun, process) : NULL;
        if (job != NULL) {
            end(jobs, job, status);
            running--;
        }
        for (; told < begun && all[told].is_over; told++)
            tell(jobs, told, &all[told]);
    }
    free(outcomes);
    free(all);
    return is_good;
}
