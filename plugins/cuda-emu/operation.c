/* What each kind of operation does at the head of its stream.
 *
 * A copy joins its engine's queue and ends when the worker has brought it to an end. A value write
 * takes place whatever happened before it, so that a failed copy leaves nobody waiting. */
#include "operation.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "costs.h"
#include "emulator.h"

struct weft_emu_operation *weft_emu_operation_new(const struct weft_emu_operation_kind *kind)
{
    struct weft_emu_operation *operation = calloc(1, sizeof(*operation));

    if (operation != NULL)
        operation->kind = kind;
    return operation;
}

void weft_emu_operation_free(struct weft_emu_operation *operation)
{
    if (operation == NULL)
        return;
    operation->kind->fini(operation);
    free(operation);
}

static void fini_nothing(struct weft_emu_operation *operation)
{
    (void)operation;
}

static void fini_copy(struct weft_emu_operation *operation)
{
    weft_emu_copy_fini(&operation->copy);
}

static void fini_point(struct weft_emu_operation *operation)
{
    weft_emu_point_drop(operation->point);
}

/* Says when an operation has ended, by the model: that the worker looked later does not count. */
static void set_end(struct weft_emu_stream *stream, weft_ns at)
{
    stream->ended_at = weft_max(stream->ended_at, at);
}

/* Takes over how a copy ended. */
static void conclude(struct weft_emu_operation *operation)
{
    struct weft_emu_stream *stream = operation->stream;
    weft_cuda_result result = operation->copy.result;

    if (result != WEFT_CUDA_SUCCESS || !operation->continues)
        stream->result = result;
}

static bool run_copy(struct weft_emu *emu, struct weft_emu_operation *operation)
{
    struct weft_emu_copy *copy = &operation->copy;
    struct weft_emu_stream *stream = operation->stream;

    if (copy->ready_at != 0) { /* it has been in its engine's queue */
        if (!weft_emu_copy_has_ended(copy))
            return false;
        set_end(stream, emu->at);
        conclude(operation);
        return true;
    }
    if (stream->poison != WEFT_CUDA_SUCCESS) {
        weft_emu_copy_fail(copy, stream->poison);
        conclude(operation);
        if (operation->next == NULL || !operation->next->continues)
            stream->poison = WEFT_CUDA_SUCCESS;
        return true;
    }
    copy->ready_at = operation->submitted_at + WEFT_EMU_LATENCY_NS;
    weft_emu_engine_append(&emu->engines[copy->engine], copy, emu->at);
    weft_emu_engine_ask(&emu->engines[copy->engine], &emu->board.state.arbiters[copy->engine],
                        emu->board.seat);
    return false;
}

static bool run_record(struct weft_emu *emu, struct weft_emu_operation *operation)
{
    struct weft_emu_stream *stream = operation->stream;
    struct weft_emu_point *point = operation->point;
    struct weft_emu_stream *waiting = point->waiting;

    set_end(stream, operation->submitted_at);
    point->is_reached = true;
    point->reached_at = stream->ended_at;
    point->result = stream->poison != WEFT_CUDA_SUCCESS ? stream->poison : stream->result;
    point->waiting = NULL;
    while (waiting != NULL) {
        struct weft_emu_stream *next = waiting->next_waiting;

        weft_emu_stream_touch(emu, waiting);
        waiting = next;
    }
    return true;
}

static bool run_wait(struct weft_emu *emu, struct weft_emu_operation *operation)
{
    struct weft_emu_stream *stream = operation->stream;
    struct weft_emu_point *point = operation->point;

    (void)emu;
    if (!point->is_reached) {
        struct weft_emu_stream **place = &point->waiting;

        while (*place != NULL && *place != stream)
            place = &(*place)->next_waiting;
        if (*place == NULL) {
            stream->next_waiting = NULL;
            *place = stream;
        }
        return false;
    }
    set_end(stream, weft_max(point->reached_at, operation->submitted_at));
    if (point->result != WEFT_CUDA_SUCCESS)
        stream->poison = point->result;
    return true;
}

/* Words that streams wait for and write are also the host's: every access is one atomic one, and
 * what was written before a word is seen by who reads it. */
static uint64_t load_word(const struct weft_emu_value *value)
{
    if (value->bytes == 4)
        return atomic_load_explicit((_Atomic uint32_t *)value->address, memory_order_acquire);
    return atomic_load_explicit((_Atomic uint64_t *)value->address, memory_order_acquire);
}

static void store_word(const struct weft_emu_value *value)
{
    if (value->bytes == 4)
        atomic_store_explicit((_Atomic uint32_t *)value->address, (uint32_t)value->value,
                              memory_order_release);
    else
        atomic_store_explicit((_Atomic uint64_t *)value->address, value->value,
                              memory_order_release);
}

static bool value_has_come(const struct weft_emu_value *value)
{
    uint64_t word = load_word(value);
    uint64_t mask = value->bytes == 4 ? UINT32_MAX : UINT64_MAX;
    uint64_t sign = value->bytes == 4 ? 1ull << 31 : 1ull << 63;
    const bool answers[WEFT_EMU_WAIT_CONDITIONS] = {
        [WEFT_EMU_WAIT_GEQ] = ((word - value->value) & sign) == 0,
        [WEFT_EMU_WAIT_EQ] = word == (value->value & mask),
        [WEFT_EMU_WAIT_AND] = (word & value->value & mask) != 0,
        [WEFT_EMU_WAIT_NOR] = (~(word | value->value) & mask) != 0,
    };

    return answers[value->condition];
}

static bool run_write_value(struct weft_emu *emu, struct weft_emu_operation *operation)
{
    (void)emu;
    set_end(operation->stream, operation->submitted_at);
    store_word(&operation->value);
    return true;
}

static bool run_wait_value(struct weft_emu *emu, struct weft_emu_operation *operation)
{
    if (!value_has_come(&operation->value)) {
        weft_emu_stream_watch(emu, operation->stream);
        return false;
    }
    set_end(operation->stream, weft_max(emu->at, operation->submitted_at));
    return true;
}

static bool run_function(struct weft_emu *emu, struct weft_emu_operation *operation)
{
    struct weft_emu_function function = operation->function;

    weft_emu_let_go(emu);
    function.call(function.argument);
    weft_emu_take_up(emu);
    set_end(operation->stream, weft_emu_clock_now(&emu->clock));
    return true;
}

const struct weft_emu_operation_kind weft_emu_copy_kind = {"copy", run_copy, fini_copy};
const struct weft_emu_operation_kind weft_emu_record_kind = {"record", run_record, fini_point};
const struct weft_emu_operation_kind weft_emu_wait_kind = {"wait", run_wait, fini_point};
const struct weft_emu_operation_kind weft_emu_write_value_kind = {"write value", run_write_value,
                                                                  fini_nothing};
const struct weft_emu_operation_kind weft_emu_wait_value_kind = {"wait value", run_wait_value,
                                                                 fini_nothing};
const struct weft_emu_operation_kind weft_emu_function_kind = {"function", run_function,
                                                               fini_nothing};
