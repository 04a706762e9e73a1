/* A stage of a copy at its engine: set-up, or bytes that flow.
 *
 * In set-up the engine is busy and the links are not; then bytes flow at the rate that the links
 * give, up to the goal. Only numbers, so that it may lie where other processes compute with it.
 * What a stage means to its copy is copy.c's matter, who has the engine arbiter.c's. */
#ifndef WEFT_EMU_STAGE_H
#define WEFT_EMU_STAGE_H

#include "machine.h"

struct weft_emu_stage {
    bool is_flowing;
    weft_ns next_at;   /* its end; WEFT_NEVER: not as things are */
    weft_ns flowed_at; /* the model has computed it up to here */
    uint64_t goal_bytes;
    double flowed_bytes;
    double rate_bytes_per_us;
    double limit_bytes_per_us; /* a bound of the copy's own; 0: none */
    struct weft_emu_path path;
};

/* Set-up until `until`. */
void weft_emu_stage_wait(struct weft_emu_stage *stage, weft_ns at, weft_ns until);

/* Bytes flow from `at` on, as soon as a rate is set. */
void weft_emu_stage_begin(struct weft_emu_stage *stage, weft_ns at);

/* Lets bytes flow until `until` at the rate, up to the goal. */
void weft_emu_stage_flow(struct weft_emu_stage *stage, weft_ns until);

/* Sets the rate from `at` on. */
void weft_emu_stage_set_rate(struct weft_emu_stage *stage, double rate_bytes_per_us, weft_ns at);

/* How many bytes memory must have: at the end of a stage exactly the goal. */
uint64_t weft_emu_stage_due(const struct weft_emu_stage *stage, weft_ns at);

#endif
