/* The states of a copy and the memory that follows them. Rates come from outside (fluid.c), faults
 * too. */
#include "copy.h"

#include <stdlib.h>
#include <string.h>

#include "costs.h"

#define TO(state) (1u << WEFT_EMU_COPY_##state)

static const unsigned next_states[WEFT_EMU_COPY_STATES] = {
    [WEFT_EMU_COPY_QUEUED] = TO(SETUP) | TO(FAILED),
    [WEFT_EMU_COPY_SETUP] = TO(FLOWING) | TO(FAILED) | TO(QUEUED),
    [WEFT_EMU_COPY_FLOWING] = TO(SETUP) | TO(DONE) | TO(FAILED) | TO(QUEUED),
};

static const char *const state_names[WEFT_EMU_COPY_STATES] = {
    [WEFT_EMU_COPY_QUEUED] = "queued",   [WEFT_EMU_COPY_SETUP] = "setup",
    [WEFT_EMU_COPY_FLOWING] = "flowing", [WEFT_EMU_COPY_DONE] = "done",
    [WEFT_EMU_COPY_FAILED] = "failed",
};

const char *weft_emu_copy_state_name(enum weft_emu_copy_state state)
{
    return (unsigned)state < WEFT_EMU_COPY_STATES ? state_names[state] : "unknown";
}

static void set_state(struct weft_emu_copy *copy, enum weft_emu_copy_state state)
{
    weft_assert((next_states[copy->state] & 1u << state) != 0);
    copy->state = state;
    if (state != WEFT_EMU_COPY_SETUP && state != WEFT_EMU_COPY_FLOWING)
        copy->stage = NULL;
}

void weft_emu_copy_init(struct weft_emu_copy *copy, uint32_t from, uint32_t to)
{
    copy->from = from;
    copy->to = to;
    copy->fail_bytes = UINT64_MAX;
}

void weft_emu_copy_fini(struct weft_emu_copy *copy)
{
    for (uint32_t i = 0; i < copy->pin_count; i++)
        weft_emu_range_unpin(copy->pins[i]);
    free(copy->pins);
    free(copy->pieces);
}

/* Makes room for one entry more; false without memory. */
static bool grow(void **table, uint32_t count, uint32_t *room, size_t each_bytes)
{
    uint32_t wanted = *room == 0 ? 4 : 2 * *room;
    void *larger;

    if (count < *room)
        return true;
    larger = realloc(*table, wanted * each_bytes);
    if (larger == NULL)
        return false;
    *table = larger;
    *room = wanted;
    return true;
}

static bool pin(struct weft_emu_copy *copy, struct weft_emu_range *range)
{
    void *table = copy->pins;

    if (range == NULL)
        return true;
    for (uint32_t i = 0; i < copy->pin_count; i++)
        if (copy->pins[i] == range)
            return true;
    if (!grow(&table, copy->pin_count, &copy->pin_room, sizeof(struct weft_emu_range *)))
        return false;
    copy->pins = table;
    copy->pins[copy->pin_count++] = range;
    weft_emu_range_pin(range);
    return true;
}

bool weft_emu_copy_add(struct weft_emu_copy *copy, const struct weft_emu_piece *piece,
                       struct weft_emu_range *src_range, struct weft_emu_range *dst_range)
{
    void *table = copy->pieces;

    weft_assert(copy->state == WEFT_EMU_COPY_QUEUED);
    if (!grow(&table, copy->piece_count, &copy->piece_room, sizeof(struct weft_emu_piece)))
        return false;
    copy->pieces = table;
    if (!pin(copy, src_range) || !pin(copy, dst_range))
        return false;
    copy->pieces[copy->piece_count++] = *piece;
    copy->size_bytes += piece->size_bytes;
    return true;
}

/* The engine's time before the bytes of piece `index`. */
static weft_ns setup_of(const struct weft_emu_copy *copy, uint32_t index)
{
    if (index == 0)
        return WEFT_EMU_SETUP_NS;
    if (copy->slow_small && copy->pieces[index].size_bytes <= WEFT_EMU_SMALL_BYTES)
        return WEFT_EMU_SETUP_SMALL_NS;
    return WEFT_EMU_SETUP_DESCRIPTOR_NS;
}

/* Spends the set-up of the next group of pieces; its bytes are the next goal. */
static void enter_setup(struct weft_emu_copy *copy, weft_ns at)
{
    weft_ns duration = 0;

    set_state(copy, WEFT_EMU_COPY_SETUP);
    for (uint32_t i = 0; i < WEFT_EMU_GROUP_COPIES && copy->piece_ready < copy->piece_count; i++) {
        duration += setup_of(copy, copy->piece_ready);
        copy->goal_bytes += copy->pieces[copy->piece_ready++].size_bytes;
    }
    copy->stage->goal_bytes = copy->goal_bytes;
    weft_emu_stage_wait(copy->stage, at, at + duration);
}

void weft_emu_copy_start(struct weft_emu_copy *copy, struct weft_emu_stage *stage, weft_ns at)
{
    weft_assert(copy->piece_count > 0);
    copy->stage = stage;
    stage->flowed_bytes = (double)copy->moved_bytes;
    stage->limit_bytes_per_us = copy->limit_bytes_per_us;
    stage->path = copy->path;
    if (copy->piece_ready == 0) {
        enter_setup(copy, at);
        return;
    }
    set_state(copy, WEFT_EMU_COPY_SETUP);
    stage->goal_bytes = copy->goal_bytes;
    weft_emu_stage_wait(stage, at, at + WEFT_EMU_SETUP_NS);
}

void weft_emu_copy_suspend(struct weft_emu_copy *copy)
{
    set_state(copy, WEFT_EMU_COPY_QUEUED);
}

void weft_emu_copy_fail(struct weft_emu_copy *copy, weft_cuda_result result)
{
    set_state(copy, WEFT_EMU_COPY_FAILED);
    copy->result = result;
}

void weft_emu_copy_step(struct weft_emu_copy *copy, bool is_cut, weft_ns at)
{
    if (copy->state == WEFT_EMU_COPY_SETUP) {
        if (is_cut) {
            weft_emu_copy_fail(copy, WEFT_CUDA_UNKNOWN);
            return;
        }
        set_state(copy, WEFT_EMU_COPY_FLOWING);
        copy->goal_bytes = weft_min(copy->goal_bytes, copy->fail_bytes);
        copy->stage->goal_bytes = copy->goal_bytes;
        weft_emu_stage_begin(copy->stage, at);
        return;
    }
    weft_assert(copy->state == WEFT_EMU_COPY_FLOWING);
    copy->stage->flowed_bytes = (double)copy->goal_bytes;
    if (copy->goal_bytes >= copy->fail_bytes)
        weft_emu_copy_fail(copy, WEFT_CUDA_UNKNOWN);
    else if (copy->piece_ready < copy->piece_count)
        enter_setup(copy, at);
    else
        set_state(copy, WEFT_EMU_COPY_DONE);
}

bool weft_emu_copy_is_orphan(const struct weft_emu_copy *copy)
{
    /* Freed memory of ours stays mapped for its copies; the user's own does not. */
    for (uint32_t i = 0; i < copy->pin_count; i++)
        if (copy->pins[i]->gone && copy->pins[i]->kind == WEFT_EMU_HOST_REGISTERED)
            return true;
    return false;
}

bool weft_emu_copy_has_ended(const struct weft_emu_copy *copy)
{
    return next_states[copy->state] == 0;
}

uint64_t weft_emu_copy_move(struct weft_emu_copy *copy, uint64_t bytes)
{
    uint64_t before = copy->moved_bytes;

    while (copy->moved_bytes < bytes) {
        const struct weft_emu_piece *piece = &copy->pieces[copy->move_piece];
        uint64_t count = weft_min(bytes - copy->moved_bytes, piece->size_bytes - copy->move_offset);

        if (piece->src == NULL)
            memset(piece->dst + copy->move_offset, copy->fill_byte, count);
        else
            memmove(piece->dst + copy->move_offset, piece->src + copy->move_offset, count);
        copy->moved_bytes += count;
        copy->move_offset += count;
        if (copy->move_offset == piece->size_bytes) {
            copy->move_piece++;
            copy->move_offset = 0;
        }
    }
    return copy->moved_bytes - before;
}
