/* Opens or joins the one machine of the process, lends it to calls under the lock, and stops its
 * worker when the process ends.
 *
 * The library is never unloaded (-z nodelete) and the memory stays: other threads may still be in
 * calls while the process exits. */
#include "emulator.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "constants.h"

#define GIVE_UP_NS   60000000000ull /* real, without anything moving */
#define LISTEN_NS    1000000000ull  /* real: between two looks at that */
#define APPLY_NS     400000000ull   /* real: how long a fault waits for other processes */
#define NAP_NS       200000         /* real: between two looks at what other processes do */
#define DILATION_MAX 100000
#define SECOND       1000000000ull

enum handle_kind { CONTEXT_HANDLE = 1, STREAM_HANDLE = 2, EVENT_HANDLE = 3 };

static pthread_mutex_t open_lock = PTHREAD_MUTEX_INITIALIZER; /* guards the making of the_emu */
static struct weft_emu *_Atomic the_emu; /* release in open pairs with acquire in get */

static struct weft_emu *get(void)
{
    return atomic_load_explicit(&the_emu, memory_order_acquire);
}

static int refuse(char why[WEFT_EMU_WHY_BYTES], const char *sentence)
{
    weft_text_copy(why, WEFT_EMU_WHY_BYTES, sentence);
    return -1;
}

/* True when the process has just this machine. */
static bool is_same(const struct weft_emu *emu, const char *node, unsigned dilation,
                    const char *machine_name)
{
    return weft_text_equal(emu->machine.node, node) && emu->clock.dilation == dilation &&
           weft_text_equal(emu->machine_name, machine_name);
}

static int refuse_reopen(const struct weft_emu *emu, char why[WEFT_EMU_WHY_BYTES])
{
    struct weft_text text;

    weft_text_init(&text, why, WEFT_EMU_WHY_BYTES);
    weft_text_add(&text, "this process emulates '");
    weft_text_add(&text, emu->machine.node);
    weft_text_add(&text, "' with dilation ");
    weft_text_number(&text, emu->clock.dilation);
    if (emu->machine_name[0] != '\0') {
        weft_text_add(&text, " as the machine named '");
        weft_text_add(&text, emu->machine_name);
        weft_text_char(&text, '\'');
    }
    weft_text_add(&text,
                  " already; a process has one machine: give the same, or run two processes");
    return -1;
}

static bool init_contexts(struct weft_emu *emu)
{
    for (uint32_t i = 0; i < emu->machine.gpu_count; i++) {
        struct weft_emu_context *context = &emu->contexts[i];

        context->gpu = i;
        context->handle = weft_emu_handle_new(&emu->context_handles, context);
        emu->default_streams[i].gpu = i;
        if (context->handle == NULL)
            return false;
    }
    return true;
}

static bool init_tables(struct weft_emu *emu)
{
    return weft_emu_handles_init(&emu->context_handles, CONTEXT_HANDLE, WEFT_EMU_GPUS_MAX) &&
           weft_emu_handles_init(&emu->stream_handles, STREAM_HANDLE, WEFT_EMU_STREAMS_MAX) &&
           weft_emu_handles_init(&emu->event_handles, EVENT_HANDLE, WEFT_EMU_EVENTS_MAX) &&
           init_contexts(emu);
}

static bool init_waiting(struct weft_emu *emu)
{
    pthread_condattr_t attributes;
    bool is_made = pthread_condattr_init(&attributes) == 0 &&
                   pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
                   pthread_mutex_init(&emu->lock, NULL) == 0 &&
                   pthread_cond_init(&emu->news, &attributes) == 0;

    pthread_condattr_destroy(&attributes);
    return is_made;
}

/* What came of the machine so far; nobody else knows it yet. */
static void discard(struct weft_emu *emu)
{
    weft_emu_board_leave(&emu->board);
    if (!emu->board.is_shared)
        free(emu->board.common);
    weft_emu_handles_fini(&emu->context_handles);
    weft_emu_handles_fini(&emu->stream_handles);
    weft_emu_handles_fini(&emu->event_handles);
    free(emu);
}

/* Sleeps until the worker has its seat; it has a deadline of its own for that. */
static bool is_seated(struct weft_emu *emu)
{
    pthread_mutex_lock(&emu->lock);
    while (!emu->is_ready)
        pthread_cond_wait(&emu->news, &emu->lock);
    pthread_mutex_unlock(&emu->lock);
    return emu->board.seat != WEFT_NONE;
}

static int start_worker(struct weft_emu *emu, char why[WEFT_EMU_WHY_BYTES])
{
    if (pthread_create(&emu->worker, NULL, weft_emu_work, emu) != 0)
        return refuse(why, "the worker thread of the emulated machine could not be started");
    if (is_seated(emu))
        return 0;
    pthread_join(emu->worker, NULL);
    return refuse(why, "the named machine has 32 processes, which is the most; end one of them");
}

static int make_board(struct weft_emu *emu, unsigned dilation, const char *machine_name,
                      char why[WEFT_EMU_WHY_BYTES])
{
    if (machine_name[0] != '\0')
        return weft_emu_board_open(&emu->board, machine_name, &emu->machine, dilation, why);
    if (!weft_emu_board_init(&emu->board, &emu->machine, dilation))
        return refuse(why, "no memory for the emulated machine");
    return 0;
}

static int make(const char *node, unsigned dilation, const char *machine_name,
                char why[WEFT_EMU_WHY_BYTES])
{
    struct weft_emu *emu = calloc(1, sizeof(*emu));
    int result;

    if (emu == NULL)
        return refuse(why, "no memory for the emulated machine");
    result = weft_emu_machine_init(&emu->machine, node, why);
    if (result == 0 && (!init_tables(emu) || !init_waiting(emu)))
        result = refuse(why, "no memory for the tables of the emulated machine");
    if (result == 0)
        result = make_board(emu, dilation, machine_name, why);
    if (result != 0)
        goto fail;
    weft_text_copy(emu->machine_name, sizeof(emu->machine_name), machine_name);
    emu->machine.live = &emu->board.state.live;
    weft_emu_clock_start(&emu->clock, emu->board.common->origin_ns, dilation);
    emu->news_at_ns = weft_emu_clock_real_now();
    emu->late_at = WEFT_NEVER;
    emu->process = (int)getpid();
    if (start_worker(emu, why) != 0)
        goto fail;
    weft_emu_board_opened(&emu->board);
    atomic_store_explicit(&the_emu, emu, memory_order_release);
    return 0;
fail:
    discard(emu);
    return -1;
}

int weft_emu_open(const char *node, unsigned dilation, const char *machine_name,
                  char why[WEFT_EMU_WHY_BYTES])
{
    struct weft_emu *emu;
    int result = 0;

    if (node == NULL || node[0] == '\0')
        return refuse(why, "no machine named; give a preset's name or a topology file");
    if (dilation < 1 || dilation > DILATION_MAX)
        return refuse(why, "the dilation must be 1 to 100000");
    pthread_mutex_lock(&open_lock);
    emu = get();
    if (emu == NULL)
        result = make(node, dilation, machine_name, why);
    else if (!is_same(emu, node, dilation, machine_name))
        result = refuse_reopen(emu, why);
    pthread_mutex_unlock(&open_lock);
    return result;
}

struct weft_emu *weft_emu_enter_any(void)
{
    struct weft_emu *emu = get();

    if (emu == NULL || emu->process != (int)getpid())
        return NULL;
    if (pthread_equal(pthread_self(), emu->worker)) /* a host function; it would wait for itself */
        return NULL;
    pthread_mutex_lock(&emu->lock);
    if (!emu->is_stopping)
        return emu;
    pthread_mutex_unlock(&emu->lock);
    return NULL;
}

struct weft_emu *weft_emu_enter(void)
{
    struct weft_emu *emu = weft_emu_enter_any();

    if (emu == NULL || emu->is_initialized)
        return emu;
    pthread_mutex_unlock(&emu->lock);
    return NULL;
}

void weft_emu_leave(struct weft_emu *emu)
{
    pthread_mutex_unlock(&emu->lock);
}

weft_ns weft_emu_charge(weft_ns cost_ns)
{
    struct weft_emu *emu = get();

    return emu == NULL ? 0 : weft_emu_clock_charge(&emu->clock, cost_ns);
}

static void ring(struct weft_emu *emu)
{
    weft_emu_board_ring(&emu->board, 1ull << emu->board.seat);
}

void weft_emu_wake(struct weft_emu *emu)
{
    if (!emu->is_asleep)
        return;
    emu->is_asleep = false;
    ring(emu);
}

/* Sleeps until the worker has published something, or LISTEN_NS. */
static void listen(struct weft_emu *emu)
{
    uint64_t at_ns = weft_emu_clock_real_now() + LISTEN_NS;
    struct timespec time = {(time_t)(at_ns / SECOND), (long)(at_ns % SECOND)};

    emu->listener_count++;
    pthread_cond_timedwait(&emu->news, &emu->lock, &time);
    emu->listener_count--;
}

weft_cuda_result weft_emu_await(struct weft_emu *emu, struct weft_emu_point *point)
{
    uint64_t since_ns = weft_emu_clock_real_now();

    while (!point->is_reached && !emu->is_stopping) {
        uint64_t news_at_ns = weft_max(since_ns, emu->news_at_ns);

        if (weft_emu_clock_real_now() > news_at_ns + GIVE_UP_NS)
            return WEFT_CUDA_LAUNCH_TIMEOUT;
        listen(emu);
    }
    return point->is_reached ? point->result : WEFT_CUDA_DEINITIALIZED;
}

void weft_emu_apply(struct weft_emu *emu)
{
    uint64_t change = ++emu->change_count;

    weft_emu_wake(emu);
    while (emu->applied_count < change && !emu->is_stopping)
        listen(emu);
}

/* Lets go of the lock for a moment. */
static void nap(struct weft_emu *emu)
{
    struct timespec wait = {0, NAP_NS};

    pthread_mutex_unlock(&emu->lock);
    nanosleep(&wait, NULL);
    pthread_mutex_lock(&emu->lock);
}

void weft_emu_catch_up(struct weft_emu *emu)
{
    uint64_t until_ns = weft_emu_clock_real_now() + 2 * WEFT_EMU_BOARD_PATIENCE_NS;
    weft_ns now = weft_emu_clock_now(&emu->clock);

    while (emu->board.is_shared && emu->at < now && weft_emu_clock_real_now() < until_ns &&
           !emu->is_stopping) {
        weft_emu_wake(emu);
        nap(emu);
    }
}

/* True when there is nobody left to wait for; without the board it is not known. */
static bool have_others_applied(struct weft_emu *emu, uint64_t fault)
{
    bool have_applied;

    if (!weft_emu_board_lock(&emu->board, WEFT_EMU_BOARD_CALL_NS))
        return false;
    weft_emu_board_bury(&emu->board);
    have_applied = weft_emu_state_has_applied(&emu->board.state, fault);
    return weft_emu_board_unlock(&emu->board) && have_applied;
}

void weft_emu_apply_everywhere(struct weft_emu *emu, uint64_t fault)
{
    uint64_t until_ns = weft_emu_clock_real_now() + APPLY_NS;

    weft_emu_board_ring(&emu->board, UINT64_MAX);
    weft_emu_apply(emu);
    while (!have_others_applied(emu, fault) && weft_emu_clock_real_now() < until_ns)
        nap(emu);
}

/* At the end of the process: nothing of ours runs after this. */
__attribute__((destructor)) static void stop(void)
{
    struct weft_emu *emu = get();

    if (emu == NULL || emu->process != (int)getpid())
        return;
    pthread_mutex_lock(&emu->lock);
    emu->is_stopping = true;
    ring(emu);
    pthread_cond_broadcast(&emu->news);
    pthread_mutex_unlock(&emu->lock);
    pthread_join(emu->worker, NULL);
    weft_emu_board_leave(&emu->board);
}
