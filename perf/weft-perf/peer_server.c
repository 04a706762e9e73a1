/* The second process from inside: opens its machine, then obeys order after order. */
#include "peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arrival.h"
#include "base/text.h"
#include "common/comm_stats.h"
#include "order.h"
#include "session.h"

struct peer_server {
    const struct weft_perf_options *options;
    struct weft_testbed testbed;
    struct weft_perf_subject subject;
    struct weft_perf_session session;
    struct weft_perf_arrival arrival;
    cJSON *before; /* the comm's counters at the last BEGIN */
};

/* Does what the order says and fills the answer, which is good and empty before. */
typedef void obey_fn(struct peer_server *server, const struct weft_perf_order *order,
                     struct weft_perf_answer *answer);

static void obey_session_open(struct peer_server *server, const struct weft_perf_order *order,
                              struct weft_perf_answer *answer)
{
    char why[WEFT_WHY_BYTES];

    if (!weft_perf_session_open(&server->session, &server->subject, server->options,
                                order->text[0] == '\0' ? NULL : order->text, why)) {
        weft_perf_answer_text(answer, false, why);
        return;
    }
    if (weft_perf_session_keys(&server->session, answer->keys, why)) {
        answer->payload_bytes = sizeof(answer->keys);
        return;
    }
    weft_perf_session_close(&server->session);
    weft_perf_answer_text(answer, false, why);
}

static void obey_session_close(struct peer_server *server, const struct weft_perf_order *order,
                               struct weft_perf_answer *answer)
{
    (void)order;
    (void)answer;
    weft_perf_session_close(&server->session);
}

static void obey_prepare(struct peer_server *server, const struct weft_perf_order *order,
                         struct weft_perf_answer *answer)
{
    if (!weft_perf_subject_prepare(&server->subject, order->size, order->seed))
        weft_perf_answer_text(answer, false, weft_perf_subject_error(&server->subject));
}

static void obey_verify(struct peer_server *server, const struct weft_perf_order *order,
                        struct weft_perf_answer *answer)
{
    if (!weft_perf_subject_verify(&server->subject, order->size, order->seed, &answer->number))
        weft_perf_answer_text(answer, false, weft_perf_subject_error(&server->subject));
}

static void obey_landed(struct peer_server *server, const struct weft_perf_order *order,
                        struct weft_perf_answer *answer)
{
    if (!weft_perf_subject_landed(&server->subject, order->size, &answer->number))
        weft_perf_answer_text(answer, false, weft_perf_subject_error(&server->subject));
}

static void obey_begin(struct peer_server *server, const struct weft_perf_order *order,
                       struct weft_perf_answer *answer)
{
    (void)answer;
    weft_perf_subject_mark(&server->subject, order->size, &server->arrival);
    cJSON_Delete(server->before);
    server->before = weft_comm_stats_read(server->session.comm);
}

static void obey_arrived(struct peer_server *server, const struct weft_perf_order *order,
                         struct weft_perf_answer *answer)
{
    (void)order;
    answer->number = weft_perf_arrival_permille(&server->arrival);
}

static void obey_link(struct peer_server *server, const struct weft_perf_order *order,
                      struct weft_perf_answer *answer)
{
    char why[WEFT_WHY_BYTES];

    if (!weft_testbed_link(&server->testbed, order->text, order->change, order->permille, why))
        weft_perf_answer_text(answer, false, why);
}

static void obey_routes(struct peer_server *server, const struct weft_perf_order *order,
                        struct weft_perf_answer *answer)
{
    cJSON *after = weft_comm_stats_read(server->session.comm);
    cJSON *routes = cJSON_CreateArray();
    char *text;

    (void)order;
    weft_comm_stats_routes(server->before, after, routes);
    text = cJSON_PrintUnformatted(routes);
    weft_perf_answer_text(answer, true, text == NULL ? "[]" : text);
    cJSON_free(text);
    cJSON_Delete(routes);
    cJSON_Delete(after);
}

static obey_fn *const obeys[WEFT_PERF_ORDERS] = {
    [WEFT_PERF_ORDER_SESSION_OPEN] = obey_session_open,
    [WEFT_PERF_ORDER_SESSION_CLOSE] = obey_session_close,
    [WEFT_PERF_ORDER_PREPARE] = obey_prepare,
    [WEFT_PERF_ORDER_VERIFY] = obey_verify,
    [WEFT_PERF_ORDER_LANDED] = obey_landed,
    [WEFT_PERF_ORDER_BEGIN] = obey_begin,
    [WEFT_PERF_ORDER_ARRIVED] = obey_arrived,
    [WEFT_PERF_ORDER_LINK] = obey_link,
    [WEFT_PERF_ORDER_ROUTES] = obey_routes,
};

static bool server_open(struct peer_server *server, struct weft_perf_answer *answer)
{
    const struct weft_perf_options *options = server->options;
    char why[WEFT_WHY_BYTES];
    bool good =
        weft_testbed_open_server(&server->testbed, WEFT_PERF_SERVER_B, options->peer_node,
                                 options->dilation, why) &&
        weft_perf_subject_init(&server->subject, &server->testbed, WEFT_PERF_B, NULL, options, why);

    weft_perf_answer_text(answer, good, good ? "" : why);
    return good;
}

int weft_perf_peer_serve(int socket, const struct weft_perf_options *options)
{
    struct peer_server *server = calloc(1, sizeof(*server));
    struct weft_perf_answer *answer = calloc(1, sizeof(*answer));
    struct weft_perf_order order;
    bool good = server != NULL && answer != NULL;

    if (good) {
        server->options = options;
        good = server_open(server, answer);
        good = weft_perf_answer_send(socket, answer) && good;
    }
    while (good && weft_perf_order_hear(socket, &order)) {
        memset(answer, 0, sizeof(*answer));
        answer->good = true;
        weft_assert((unsigned)order.kind < WEFT_PERF_ORDERS);
        obeys[order.kind](server, &order, answer);
        good = weft_perf_answer_send(socket, answer);
    }
    if (server != NULL) {
        cJSON_Delete(server->before);
        weft_perf_session_close(&server->session);
        weft_perf_subject_fini(&server->subject);
        weft_testbed_close(&server->testbed);
    }
    free(answer);
    free(server);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
