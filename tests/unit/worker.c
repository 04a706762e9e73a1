/* perf/weft-kv/worker: tasks run once each, in the order in which they came. */
#include <criterion/criterion.h>

#include "../../perf/weft-kv/worker.h"

#define TASKS 100

struct numbered {
    struct weft_kv_task task;
    uint32_t *next;
    uint32_t ran_as; /* the how-manieth */
};

static void number_take(struct weft_kv_task *task)
{
    struct numbered *numbered = (struct numbered *)task;

    numbered->ran_as = (*numbered->next)++;
}

Test(worker, stop__the_queue_is_empty_then)
{
    struct weft_kv_worker worker;
    struct numbered tasks[TASKS] = {0};
    uint32_t next = 0;

    cr_assert(weft_kv_worker_start(&worker));
    for (uint32_t i = 0; i < TASKS; i++) {
        tasks[i].task.run = number_take;
        tasks[i].next = &next;
        weft_kv_worker_push(&worker, &tasks[i].task);
    }
    weft_kv_worker_stop(&worker);
    for (uint32_t i = 0; i < TASKS; i++) {
        cr_expect(weft_kv_task_done(&tasks[i].task));
        cr_expect_eq(tasks[i].ran_as, i);
    }
}

Test(worker, stop__never_started)
{
    struct weft_kv_worker worker = {0};

    weft_kv_worker_stop(&worker);
    cr_expect_not(worker.running);
}
