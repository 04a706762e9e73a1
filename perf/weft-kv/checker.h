/* A thread that writes and checks the bytes of blocks, so that the replay's clock stays free.
 *
 * For each job: every RESTORED block's checksum is compared with that of what was offloaded, and
 * every NEW block is written and its checksum taken. */
#ifndef WEFT_KV_CHECKER_H
#define WEFT_KV_CHECKER_H

#include <pthread.h>

#include "job.h"

struct weft_kv_checker {
    const struct weft_kv_store *store;
    pthread_t thread;
    bool running;
    pthread_mutex_t lock; /* guards the queue and `stopping` */
    pthread_cond_t wake;
    struct weft_kv_job *first;
    struct weft_kv_job *last;
    bool stopping;
};

bool weft_kv_checker_start(struct weft_kv_checker *checker, const struct weft_kv_store *store);

/* Ends the thread when its queue is empty. */
void weft_kv_checker_stop(struct weft_kv_checker *checker);

/* Hands a job over until its `checked` is true. */
void weft_kv_checker_push(struct weft_kv_checker *checker, struct weft_kv_job *job);

#endif
