/* Progress on standard error, in real time. */
#include "progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define REDRAW_NS   200000000u
#define NEW_LINE_NS 5000000000u

static weft_ns real_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (weft_ns)now.tv_sec * 1000000000u + (weft_ns)now.tv_nsec;
}

void weft_kv_progress_start(struct weft_kv_progress *progress, const char *name)
{
    progress->name = name;
    progress->terminal = isatty(STDERR_FILENO) == 1;
    progress->started_at = real_now();
    progress->printed_at = progress->started_at;
}

void weft_kv_progress_step(struct weft_kv_progress *progress, size_t done, size_t total,
                           uint64_t bytes)
{
    weft_ns now = real_now();

    if (now - progress->printed_at < (progress->terminal ? REDRAW_NS : NEW_LINE_NS))
        return;
    progress->printed_at = now;
    (void)fprintf(stderr, "%s%s: %zu of %zu requests, %.1f GB moved, %.0f s%s",
                  progress->terminal ? "\r" : "", progress->name, done, total, (double)bytes / 1e9,
                  (double)(now - progress->started_at) / 1e9, progress->terminal ? "\x1b[K" : "\n");
}

void weft_kv_progress_end(struct weft_kv_progress *progress)
{
    if (progress->terminal)
        (void)fputs("\r\x1b[K", stderr);
}
