/* A thread that runs tasks in the order in which they came, so that who hands them over keeps its
 * clock free. */
#ifndef WEFT_KV_WORKER_H
#define WEFT_KV_WORKER_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/base.h"

/* The first member of what a task works on. */
struct weft_kv_task {
    void (*run)(struct weft_kv_task *task);
    atomic_bool done; /* release: the worker; acquire: weft_kv_task_done */
    struct weft_kv_task *next;
};

struct weft_kv_worker {
    pthread_t thread;
    bool running;
    pthread_mutex_t lock; /* guards the queue and `stopping` */
    pthread_cond_t wake;
    struct weft_kv_task *first;
    struct weft_kv_task *last;
    bool stopping;
};

/* False when the thread cannot be started. */
bool weft_kv_worker_start(struct weft_kv_worker *worker);

/* Ends the thread when its queue is empty. Allowed when it was never started. */
void weft_kv_worker_stop(struct weft_kv_worker *worker);

/* Hands a task over, until it is done. */
void weft_kv_worker_push(struct weft_kv_worker *worker, struct weft_kv_task *task);

/* Has the task been run since it was last pushed? What it wrote can then be read. */
bool weft_kv_task_done(const struct weft_kv_task *task);

#endif
