/* The decode server's loop: one thread, beside it a worker that checks. */
#include "decode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arrivals.h"
#include "base/list.h"
#include "base/text.h"
#include "intake.h"

#define SERVER_ID  "127.0.0.2"
#define PAGE_SEED  29 /* other pages than the prefill server's */
#define IDLE_MS    1000
#define BETWEEN_MS 1 /* looks at words */

struct decode {
    const struct weft_kv_options *options;
    const struct weft_kv_trace *trace;
    struct weft_kv_control *control;
    struct weft_kv_server server;
    struct weft_kv_worker worker;
    struct weft_kv_intake intakes[WEFT_KV_SEATS_MAX];
    struct weft_list queues[WEFT_KV_GPUS_MAX]; /* of seats that wait for room */
    struct weft_list_link queue_links[WEFT_KV_SEATS_MAX];
    uint64_t active_blocks[WEFT_KV_GPUS_MAX];
    bool running;
    struct weft_kv_message message; /* the one that is being read or written */
};

static bool decode_send(struct decode *decode, enum weft_kv_message_kind kind,
                        const struct weft_kv_intake *intake, char why[WEFT_WHY_BYTES])
{
    decode->message.kind = kind;
    if (intake != NULL) {
        decode->message.seat = intake->seat;
        decode->message.serial = intake->serial;
        decode->message.gpu = intake->gpu;
    }
    return weft_kv_control_send(decode->control, &decode->message, why);
}

/* ---- a run's begin and end ---- */

static bool key_take(struct decode *decode, weftWindow_t window, unsigned rights,
                     char why[WEFT_WHY_BYTES])
{
    struct weft_kv_message *message = &decode->message;

    if (weftWindowGetKey(window, rights, &message->of.keys[message->count++]) == weftSuccess)
        return true;
    weft_text_copy(why, WEFT_WHY_BYTES, weftGetLastError(decode->server.comm));
    return false;
}

static bool run_begin(struct decode *decode, char why[WEFT_WHY_BYTES])
{
    struct weft_kv_server *server = &decode->server;
    struct weft_kv_message *message = &decode->message;
    const char *sched = message->count == 0 ? NULL : message->of.text;

    for (uint32_t i = 0; i < WEFT_KV_SEATS_MAX; i++) {
        decode->intakes[i].server = server;
        decode->intakes[i].seat = i;
        decode->intakes[i].run = message->serial;
    }
    for (uint32_t i = 0; i < WEFT_KV_GPUS_MAX; i++)
        weft_list_init(&decode->queues[i]);
    memset(decode->active_blocks, 0, sizeof(decode->active_blocks));
    if (!weft_kv_server_join(server, sched, why))
        return false;
    decode->running = true;
    if (!weft_kv_worker_start(&decode->worker)) {
        (void)snprintf(why, WEFT_WHY_BYTES, "the thread that checks could not be started");
        return false;
    }
    message->count = 0;
    if (!key_take(decode, server->words, WEFT_RIGHT_WRITE | WEFT_RIGHT_SIGNAL, why))
        return false;
    for (uint32_t i = 0; i < server->store.gpu_count; i++)
        if (!key_take(decode, server->gpus[i], WEFT_RIGHT_WRITE, why))
            return false;
    message->serial = server->store.seed;
    return decode_send(decode, WEFT_KV_KEYS, NULL, why);
}

static void intake_end(struct decode *decode, struct weft_kv_intake *intake)
{
    decode->active_blocks[intake->gpu] -= intake->block_count;
    weft_kv_intake_free(intake);
}

static bool run_end(struct decode *decode, char why[WEFT_WHY_BYTES])
{
    /* It ends with its queue: what was dropped while it was checked is over then. */
    weft_kv_worker_stop(&decode->worker);
    for (uint32_t i = 0; i < WEFT_KV_SEATS_MAX; i++)
        if (decode->intakes[i].state == WEFT_KV_INTAKE_CHECKING)
            intake_end(decode, &decode->intakes[i]);
    weft_kv_server_leave(&decode->server);
    decode->running = false;
    decode->message.count = 0;
    return decode_send(decode, WEFT_KV_ENDED, NULL, why);
}

/* ---- requests ---- */

static bool ask_take(struct decode *decode, char why[WEFT_WHY_BYTES])
{
    const struct weft_kv_message *message = &decode->message;
    struct weft_kv_intake *intake = &decode->intakes[message->seat];
    const struct weft_kv_arrival *arrival = &decode->trace->arrivals[message->request];
    uint32_t gpu = weft_kv_arrivals_gpu(decode->options, decode->server.store.gpu_count,
                                        message->request, decode->active_blocks);

    if (intake->state != WEFT_KV_INTAKE_FREE) {
        (void)snprintf(why, WEFT_WHY_BYTES, "seat %u was given to two requests", message->seat);
        return false;
    }
    decode->active_blocks[gpu] += arrival->block_count;
    weft_kv_intake_ask(intake, message->serial, gpu, decode->trace->blocks + arrival->first_block,
                       arrival->block_count);
    weft_list_append(&decode->queues[gpu], decode->queue_links, message->seat);
    return true;
}

static void drop_take(struct decode *decode)
{
    const struct weft_kv_message *message = &decode->message;
    struct weft_kv_intake *intake = &decode->intakes[message->seat];

    if (intake->state == WEFT_KV_INTAKE_FREE || intake->serial != message->serial)
        return;
    if (intake->state == WEFT_KV_INTAKE_CHECKING) {
        intake->is_dropped = true;
        return;
    }
    if (intake->state == WEFT_KV_INTAKE_ASKED)
        weft_list_remove(&decode->queues[intake->gpu], decode->queue_links, intake->seat);
    intake_end(decode, intake);
}

/* Grants the GPU's next request if it has room for it; `*moved` says so. */
static bool queue_step(struct decode *decode, uint32_t gpu, bool *moved, char why[WEFT_WHY_BYTES])
{
    uint32_t seat = decode->queues[gpu].first;
    struct weft_kv_intake *intake;

    if (seat == WEFT_NONE || !weft_kv_intake_grant(&decode->intakes[seat]))
        return true;
    intake = &decode->intakes[seat];
    *moved = true;
    weft_list_remove(&decode->queues[gpu], decode->queue_links, seat);
    decode->message.count = intake->block_count;
    memcpy(decode->message.of.slots, intake->slots, intake->block_count * sizeof(uint32_t));
    return decode_send(decode, WEFT_KV_GRANT, intake, why);
}

static bool intake_step(struct decode *decode, struct weft_kv_intake *intake, bool *moved,
                        char why[WEFT_WHY_BYTES])
{
    weftResult_t looked;
    bool told = true;

    if (intake->state == WEFT_KV_INTAKE_GRANTED) {
        looked = weft_kv_intake_look(intake);
        if (looked == weftInProgress)
            return true;
        if (looked != weftSuccess) {
            weft_text_copy(why, WEFT_WHY_BYTES, weftGetLastError(decode->server.comm));
            return false;
        }
        *moved = true;
        weft_kv_intake_check(intake, &decode->worker);
        return true;
    }
    if (intake->state != WEFT_KV_INTAKE_CHECKING || !weft_kv_task_done(&intake->task))
        return true;
    *moved = true;
    if (!intake->is_dropped) {
        decode->message.count = decode->server.part_count;
        decode->message.wrong_bytes = intake->wrong_bytes;
        memcpy(decode->message.of.checksums, intake->checksums,
               decode->server.part_count * sizeof(uint64_t));
        told = decode_send(decode, WEFT_KV_CHECKED, intake, why);
    }
    intake_end(decode, intake);
    return told;
}

/* ---- the process ---- */

static bool message_take(struct decode *decode, char why[WEFT_WHY_BYTES])
{
    const struct weft_kv_message *message = &decode->message;

    if (message->kind == WEFT_KV_RUN && !decode->running)
        return run_begin(decode, why);
    if (message->kind == WEFT_KV_END && decode->running)
        return run_end(decode, why);
    if (decode->running && message->seat < WEFT_KV_SEATS_MAX &&
        message->request < decode->trace->count) {
        if (message->kind == WEFT_KV_ASK)
            return ask_take(decode, why);
        if (message->kind == WEFT_KV_DROP) {
            drop_take(decode);
            return true;
        }
    }
    (void)snprintf(why, WEFT_WHY_BYTES, "message %u is not expected now", message->kind);
    return false;
}

static bool work(struct decode *decode, bool *moved, char why[WEFT_WHY_BYTES])
{
    bool good = true;

    for (uint32_t i = 0; good && i < decode->server.store.gpu_count; i++)
        good = queue_step(decode, i, moved, why);
    for (uint32_t i = 0; good && i < WEFT_KV_SEATS_MAX; i++)
        good = intake_step(decode, &decode->intakes[i], moved, why);
    return good;
}

/* Until the prefill server is gone (true), or something here is wrong. */
static bool serve(struct decode *decode, char why[WEFT_WHY_BYTES])
{
    bool moved = false;

    for (;;) {
        int wait_ms = moved ? 0 : decode->running ? BETWEEN_MS : IDLE_MS;

        switch (weft_kv_control_take(decode->control, wait_ms, &decode->message, why)) {
        case WEFT_KV_GONE:
            return true;
        case WEFT_KV_MESSAGE:
            moved = true;
            if (!message_take(decode, why))
                return false;
            break;
        default:
            moved = false;
            break;
        }
        if (decode->running && !work(decode, &moved, why))
            return false;
    }
}

static void tell_failure(struct decode *decode, const char *why)
{
    char unheard[WEFT_WHY_BYTES];

    weft_text_copy(decode->message.of.text, sizeof(decode->message.of.text), why);
    decode->message.count = (uint32_t)strlen(decode->message.of.text) + 1;
    (void)decode_send(decode, WEFT_KV_FAILED, NULL, unheard);
}

int weft_kv_decode(const struct weft_kv_options *options, const struct weft_kv_trace *trace,
                   struct weft_kv_control *control)
{
    struct decode *decode = calloc(1, sizeof(*decode));
    char why[WEFT_WHY_BYTES];
    bool good;

    if (decode == NULL)
        return EXIT_FAILURE;
    decode->options = options;
    decode->trace = trace;
    decode->control = control;
    good = weft_kv_server_open(&decode->server, options, SERVER_ID, PAGE_SEED, why) &&
           serve(decode, why);
    if (!good)
        tell_failure(decode, why);
    weft_kv_worker_stop(&decode->worker);
    weft_kv_server_close(&decode->server);
    free(decode);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
