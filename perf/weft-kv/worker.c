/* The worker's queue and thread. */
#include "worker.h"

#include <string.h>

static struct weft_kv_task *queue_take(struct weft_kv_worker *worker)
{
    struct weft_kv_task *task;

    (void)pthread_mutex_lock(&worker->lock);
    while (worker->first == NULL && !worker->stopping)
        (void)pthread_cond_wait(&worker->wake, &worker->lock);
    task = worker->first;
    if (task != NULL)
        worker->first = task->next;
    (void)pthread_mutex_unlock(&worker->lock);
    return task;
}

static void *worker_run(void *argument)
{
    struct weft_kv_worker *worker = argument;
    struct weft_kv_task *task;

    while ((task = queue_take(worker)) != NULL) {
        task->run(task);
        /* release: pairs with the acquire in weft_kv_task_done */
        atomic_store_explicit(&task->done, true, memory_order_release);
    }
    return NULL;
}

bool weft_kv_worker_start(struct weft_kv_worker *worker)
{
    memset(worker, 0, sizeof(*worker));
    if (pthread_mutex_init(&worker->lock, NULL) != 0)
        return false;
    if (pthread_cond_init(&worker->wake, NULL) != 0) {
        (void)pthread_mutex_destroy(&worker->lock);
        return false;
    }
    worker->running = pthread_create(&worker->thread, NULL, worker_run, worker) == 0;
    if (!worker->running) {
        (void)pthread_cond_destroy(&worker->wake);
        (void)pthread_mutex_destroy(&worker->lock);
    }
    return worker->running;
}

void weft_kv_worker_stop(struct weft_kv_worker *worker)
{
    if (!worker->running)
        return;
    (void)pthread_mutex_lock(&worker->lock);
    worker->stopping = true;
    (void)pthread_cond_signal(&worker->wake);
    (void)pthread_mutex_unlock(&worker->lock);
    (void)pthread_join(worker->thread, NULL);
    (void)pthread_cond_destroy(&worker->wake);
    (void)pthread_mutex_destroy(&worker->lock);
    worker->running = false;
}

void weft_kv_worker_push(struct weft_kv_worker *worker, struct weft_kv_task *task)
{
    task->next = NULL;
    atomic_store_explicit(&task->done, false, memory_order_relaxed);
    (void)pthread_mutex_lock(&worker->lock);
    if (worker->first == NULL)
        worker->first = task;
    else
        worker->last->next = task;
    worker->last = task;
    (void)pthread_cond_signal(&worker->wake);
    (void)pthread_mutex_unlock(&worker->lock);
}

bool weft_kv_task_done(const struct weft_kv_task *task)
{
    /* acquire: pairs with the release in worker_run */
    return atomic_load_explicit(&task->done, memory_order_acquire);
}
