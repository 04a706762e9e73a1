/* Writes and checks the bytes of a job's blocks; a task of the replay's worker.
 *
 * Every RESTORED block's checksum is compared with that of what was offloaded, and every NEW block
 * is written and its checksum taken. */
#ifndef WEFT_KV_CHECKER_H
#define WEFT_KV_CHECKER_H

#include "job.h"

/* The `run` of a job's task. */
void weft_kv_job_check(struct weft_kv_task *task);

#endif
