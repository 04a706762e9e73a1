/* The arithmetic of stages. */
#include "stage.h"

#include <math.h>

void weft_emu_stage_wait(struct weft_emu_stage *stage, weft_ns at, weft_ns until)
{
    stage->is_flowing = false;
    stage->rate_bytes_per_us = 0;
    stage->flowed_at = at;
    stage->next_at = until;
}

void weft_emu_stage_begin(struct weft_emu_stage *stage, weft_ns at)
{
    weft_emu_stage_wait(stage, at, WEFT_NEVER);
    stage->is_flowing = true;
}

void weft_emu_stage_flow(struct weft_emu_stage *stage, weft_ns until)
{
    double goal = (double)stage->goal_bytes;

    if (until <= stage->flowed_at)
        return;
    if (stage->is_flowing) {
        stage->flowed_bytes += stage->rate_bytes_per_us * (double)(until - stage->flowed_at) / 1000;
        if (stage->flowed_bytes > goal)
            stage->flowed_bytes = goal;
    }
    stage->flowed_at = until;
}

void weft_emu_stage_set_rate(struct weft_emu_stage *stage, double rate_bytes_per_us, weft_ns at)
{
    double left = (double)stage->goal_bytes - stage->flowed_bytes;

    weft_assert(stage->is_flowing);
    stage->rate_bytes_per_us = rate_bytes_per_us;
    if (left <= 0)
        stage->next_at = at;
    else if (rate_bytes_per_us <= 0)
        stage->next_at = WEFT_NEVER;
    else
        stage->next_at = at + (weft_ns)ceil(left * 1000 / rate_bytes_per_us);
}

uint64_t weft_emu_stage_due(const struct weft_emu_stage *stage, weft_ns at)
{
    if (stage->is_flowing && stage->next_at <= at)
        return stage->goal_bytes;
    return (uint64_t)stage->flowed_bytes;
}
