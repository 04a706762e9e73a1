/* Control calls: how they are handed to the progress thread, and what each does there; loop.h. */
#include "loop.h"

#include "log.h"
#include "peers.h"
#include "report.h"

/* The thread is given this much real time for an answer: a driver call may be slow. */
#define GRACE_REAL_NS 5000000000u

/* What is not done yet is asked again after this, of the machine's time. In between others may ask:
 * an abort does not wait for a deregistration. */
#define AGAIN_NS 5000u

/* A command that waits for what the engine ends at the same deadline sees that end first. */
#define SLACK_NS 100000u

/* ---- the callers' side ---- */

static weftResult_t await_answer(struct weft_loop *loop)
{
    struct weft_clock real;
    uint64_t passed = 0;

    weft_clock_init(&real, 1);
    while (weft_flag_get(&loop->command_state) != WEFT_COMMAND_ANSWERED) {
        if (passed >= GRACE_REAL_NS)
            return weftInternalError;
        weft_flag_wait(&loop->command_state, WEFT_COMMAND_ASKED, GRACE_REAL_NS - passed);
        passed = weft_clock_now(&real);
    }
    return loop->command_result;
}

static void hand_back(struct weft_loop *loop, struct weft_command *command)
{
    char *text = command->text;
    size_t text_size = command->text_size;
    struct weft_text copy;

    *command = loop->command;
    command->text = text;
    command->text_size = text_size;
    if (text == NULL || text_size == 0)
        return;
    weft_text_init(&copy, text, text_size);
    weft_text_add(&copy, loop->text);
    command->text_cut = command->text_cut || copy.cut;
}

static weftResult_t ask_once(struct weft_loop *loop, struct weft_command *command)
{
    weftResult_t result = weftInternalError;

    pthread_mutex_lock(&loop->command_lock);
    if (!loop->stuck) {
        loop->command = *command;
        loop->text[0] = '\0';
        weft_flag_set(&loop->command_state, WEFT_COMMAND_ASKED);
        weft_loop_ring(loop);
        result = await_answer(loop);
        if (weft_flag_get(&loop->command_state) == WEFT_COMMAND_ANSWERED) {
            hand_back(loop, command);
            weft_flag_set(&loop->command_state, WEFT_COMMAND_IDLE);
        } else {
            loop->stuck = true;
            weft_flag_set(&loop->async_error, weftInternalError);
            weft_log(WEFT_LOG_ERROR, loop->noun,
                     "the progress thread does not answer: a driver call hangs; the comm's memory "
                     "is kept");
        }
    }
    pthread_mutex_unlock(&loop->command_lock);
    return result;
}

weftResult_t weft_loop_call(struct weft_loop *loop, struct weft_command *command)
{
    weft_ns give_up_at = weft_add_sat(command->deadline_at, SLACK_NS);

    for (;;) {
        weftResult_t result = ask_once(loop, command);

        if (result != weftInProgress)
            return result;
        if (weft_clock_now(&loop->clock) >= give_up_at)
            return weftTimeout;
        weft_clock_sleep(&loop->clock, AGAIN_NS);
    }
}

/* ---- the progress thread's side ---- */

bool weft_loop_run_command(struct weft_loop *loop)
{
    struct weft_command *command = &loop->command;

    if (weft_flag_get(&loop->command_state) != WEFT_COMMAND_ASKED)
        return false;
    /* What the asking thread pushed before it asked comes first. */
    (void)weft_loop_take_ops(loop);
    loop->command_result = command->run(loop, command, weft_clock_now(&loop->clock));
    command->started = true;
    weft_flag_set(&loop->command_state, WEFT_COMMAND_ANSWERED);
    weft_flag_wake(&loop->command_state);
    return true;
}

weftResult_t weft_command_window_add(struct weft_loop *loop, struct weft_command *command,
                                     weft_ns now)
{
    (void)now;
    WEFT_TRY(weft_engine_window_add(loop->engine, command->window, command->device,
                                    command->size_bytes, command->rights));
    loop->window_devices[command->window] = command->device;
    if (loop->peers == NULL)
        return weftSuccess;
    return weft_peers_window_add(loop, command->window, command->device, command->base,
                                 command->size_bytes);
}

static bool names_window(const struct weft_op *op, uint32_t window)
{
    return op->dst_window == window || op->src_window == window || op->signal.window == window;
}

weftResult_t weft_command_window_remove(struct weft_loop *loop, struct weft_command *command,
                                        weft_ns now)
{
    (void)now;
    command->copies = weft_engine_window_copies(loop->engine, command->window);
    /* One that waits for its stream is not yet the engine's, and must not meet a new window of the
     * same number. */
    for (uint32_t i = loop->waiting_first; i != WEFT_NONE; i = loop->slots.slots[i].next)
        if (names_window(&loop->slots.slots[i].op, command->window))
            return weftInProgress;
    if (loop->peers != NULL && weft_peers_window_used(loop, command->window))
        return weftInProgress;
    WEFT_TRY(weft_engine_window_remove(loop->engine, command->window));
    if (loop->peers != NULL)
        weft_peers_window_remove(loop, command->window);
    return weftSuccess;
}

weftResult_t weft_command_window_revoke(struct weft_loop *loop, struct weft_command *command,
                                        weft_ns now)
{
    struct weft_event revoke = {
        .kind = WEFT_EVENT_REVOKE,
        .window = command->window,
        .deadline_at = command->deadline_at,
    };

    if (!command->started)
        weft_engine_event(loop->engine, &revoke, now);
    if (!command->started && loop->peers != NULL)
        weft_peers_window_revoke(loop, command->window);
    if (loop->peers != NULL && weft_peers_window_used(loop, command->window))
        return weftInProgress;
    return weft_engine_window_idle(loop->engine, command->window) ? weftSuccess : weftInProgress;
}

weftResult_t weft_command_abort(struct weft_loop *loop, struct weft_command *command, weft_ns now)
{
    struct weft_event abort = {.kind = WEFT_EVENT_ABORT, .deadline_at = command->deadline_at};

    if (!command->started) {
        loop->aborted = true;
        weft_loop_drop_waiting(loop, weftCancelled, WEFT_CAUSE_ABORTED);
        if (loop->peers != NULL)
            weft_peers_abort(loop);
        weft_engine_event(loop->engine, &abort, now);
    }
    return weft_command_idle(loop, command, now);
}

weftResult_t weft_command_idle(struct weft_loop *loop, struct weft_command *command, weft_ns now)
{
    (void)command;
    (void)now;
    if (loop->waiting_first != WEFT_NONE || weft_engine_live(loop->engine) > 0 ||
        weft_engine_copies(loop->engine) > 0)
        return weftInProgress;
    if (loop->peers != NULL && weft_peers_live(loop->peers))
        return weftInProgress;
    return weftSuccess;
}

weftResult_t weft_command_explain(struct weft_loop *loop, struct weft_command *command, weft_ns now)
{
    (void)now;
    command->row_count =
        weft_engine_explain(loop->engine, command->device, command->dst_device, command->size_bytes,
                            command->rows, WEFT_LOOP_ROUTES_MAX, &command->expected_ns);
    return weftSuccess;
}

weftResult_t weft_command_stats(struct weft_loop *loop, struct weft_command *command, weft_ns now)
{
    struct weft_text text;

    weft_text_init(&text, loop->text, WEFT_LOOP_TEXT_BYTES);
    weft_report_stats(loop, now, &text);
    command->text_cut = text.cut;
    return weftSuccess;
}

weftResult_t weft_command_stop(struct weft_loop *loop, struct weft_command *command, weft_ns now)
{
    (void)command;
    (void)now;
    loop->stopping = true;
    return weftSuccess;
}
