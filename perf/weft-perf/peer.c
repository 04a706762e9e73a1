/* The second process from outside: fork, orders and answers, and its end. */
#include "peer.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "common/json.h"
#include "order.h"

#define ANSWER_MS_MAX 60000 /* to open a machine or write its memory; real time */
#define END_MS_MAX    2000  /* between the end of its socket and its own */
#define END_STEP_MS   10
#define ROUTE_BYTES   256

struct weft_perf_peer {
    const struct weft_perf_options *options;
    pid_t process;
    int socket;
    bool gone; /* no order is sent any more */
    struct weft_perf_joint *joint;
    struct weft_topo *topo; /* of its machine; NULL on a real one */
    struct weft_perf_answer answer;
    char error[WEFT_WHY_BYTES];
};

/* Runs in the new process, and ends it. */
static _Noreturn void process_run(int socket, const struct weft_perf_options *options, pid_t parent)
{
    int status;

    /* The socket's end tells it too, but not while it is busy. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
        _exit(EXIT_FAILURE);
    status = weft_perf_peer_serve(socket, options);
    (void)fflush(NULL);
    _exit(status);
}

bool weft_perf_peer_start(const struct weft_perf_options *options, struct weft_perf_peer **peer,
                          char why[WEFT_WHY_BYTES])
{
    struct weft_perf_peer *made = calloc(1, sizeof(*made));
    pid_t parent = getpid();
    int ends[2] = {-1, -1};

    if (made == NULL || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        goto fail;
    (void)fflush(NULL);
    made->process = fork();
    if (made->process == 0) {
        (void)close(ends[0]);
        free(made);
        process_run(ends[1], options, parent);
    }
    if (made->process < 0)
        goto fail;
    (void)close(ends[1]);
    made->options = options;
    made->socket = ends[0];
    *peer = made;
    return true;
fail:
    (void)snprintf(why, WEFT_WHY_BYTES, "the second server cannot be started: %s", strerror(errno));
    if (ends[0] >= 0)
        (void)close(ends[0]);
    if (ends[1] >= 0)
        (void)close(ends[1]);
    free(made);
    return false;
}

void weft_perf_peer_stop(struct weft_perf_peer *peer)
{
    if (peer == NULL)
        return;
    (void)close(peer->socket);
    (void)kill(peer->process, SIGCONT);
    for (unsigned ms = 0; weft_perf_peer_alive(peer) && ms < END_MS_MAX; ms += END_STEP_MS)
        (void)poll(NULL, 0, END_STEP_MS);
    (void)kill(peer->process, SIGKILL);
    (void)waitpid(peer->process, NULL, 0);
    free(peer->joint);
    free(peer->topo);
    free(peer);
}

/* ---- how it is ---- */

/* True when it has ended, and how. It stays a zombie until it is stopped, so that any thread may
 * ask. */
static bool process_ended(const struct weft_perf_peer *peer, siginfo_t *how)
{
    memset(how, 0, sizeof(*how));
    return waitid(P_PID, (id_t)peer->process, how, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           how->si_pid == peer->process;
}

bool weft_perf_peer_alive(const struct weft_perf_peer *peer)
{
    siginfo_t how;

    return !process_ended(peer, &how);
}

const char *weft_perf_peer_error(const struct weft_perf_peer *peer)
{
    return peer->error;
}

const struct weft_perf_joint *weft_perf_peer_joint(const struct weft_perf_peer *peer)
{
    return peer->joint;
}

/* It closed its socket: says why, as soon as its process has ended. */
static void note_end(struct weft_perf_peer *peer)
{
    siginfo_t how;

    for (unsigned ms = 0; !process_ended(peer, &how) && ms < END_MS_MAX; ms += END_STEP_MS)
        (void)poll(NULL, 0, END_STEP_MS);
    if (how.si_pid == 0)
        (void)snprintf(peer->error, sizeof(peer->error),
                       "the second server (process %d) answers no more", (int)peer->process);
    else if (how.si_code == CLD_EXITED)
        (void)snprintf(peer->error, sizeof(peer->error),
                       "the second server (process %d) has ended with status %d",
                       (int)peer->process, how.si_status);
    else
        (void)snprintf(peer->error, sizeof(peer->error),
                       "the second server (process %d) was ended by signal %d (%s)",
                       (int)peer->process, how.si_status, strsignal(how.si_status));
}

/* ---- orders ---- */

/* The answer is in peer->answer. */
static bool answer_take(struct weft_perf_peer *peer)
{
    switch (weft_perf_answer_hear(peer->socket, &peer->answer, ANSWER_MS_MAX)) {
    case WEFT_PERF_HEARD:
        if (!peer->answer.good)
            weft_text_copy(peer->error, sizeof(peer->error), peer->answer.text);
        return peer->answer.good;
    case WEFT_PERF_HEARD_END:
        note_end(peer);
        break;
    default:
        (void)snprintf(peer->error, sizeof(peer->error),
                       "the second server (process %d) did not answer within %d s",
                       (int)peer->process, ANSWER_MS_MAX / 1000);
        break;
    }
    peer->gone = true;
    return false;
}

static bool ask(struct weft_perf_peer *peer, const struct weft_perf_order *order)
{
    if (peer->gone)
        return false;
    if (weft_perf_order_send(peer->socket, order))
        return answer_take(peer);
    note_end(peer);
    peer->gone = true;
    return false;
}

bool weft_perf_peer_open(struct weft_perf_peer *peer, const struct weft_testbed *testbed,
                         char why[WEFT_WHY_BYTES])
{
    const struct weft_perf_options *options = peer->options;

    if (!answer_take(peer)) {
        weft_text_copy(why, WEFT_WHY_BYTES, peer->error);
        return false;
    }
    if (!testbed->emulated)
        return true;
    peer->topo = weft_testbed_describe(options->peer_node, testbed->dilation, why);
    if (peer->topo == NULL)
        return false;
    peer->joint = calloc(1, sizeof(*peer->joint));
    weft_text_copy(why, WEFT_WHY_BYTES, "no memory for the two servers' description");
    return peer->joint != NULL &&
           weft_perf_joint_init(peer->joint, testbed->topo, peer->topo, options->nics, why);
}

bool weft_perf_peer_session_open(struct weft_perf_peer *peer, const char *sched,
                                 weftWindowKey_t keys[WEFT_PERF_FLOWS_MAX])
{
    struct weft_perf_order order = {.kind = WEFT_PERF_ORDER_SESSION_OPEN};

    weft_text_copy(order.text, sizeof(order.text), sched == NULL ? "" : sched);
    if (!ask(peer, &order))
        return false;
    memcpy(keys, peer->answer.keys, sizeof(peer->answer.keys));
    return true;
}

bool weft_perf_peer_session_close(struct weft_perf_peer *peer)
{
    return ask(peer, &(struct weft_perf_order){.kind = WEFT_PERF_ORDER_SESSION_CLOSE});
}

bool weft_perf_peer_prepare(struct weft_perf_peer *peer, uint64_t size, uint64_t seed)
{
    return ask(peer, &(struct weft_perf_order){
                         .kind = WEFT_PERF_ORDER_PREPARE, .size = size, .seed = seed});
}

bool weft_perf_peer_begin(struct weft_perf_peer *peer, uint64_t size)
{
    return ask(peer, &(struct weft_perf_order){.kind = WEFT_PERF_ORDER_BEGIN, .size = size});
}

bool weft_perf_peer_arrived(struct weft_perf_peer *peer, uint32_t *permille)
{
    if (!ask(peer, &(struct weft_perf_order){.kind = WEFT_PERF_ORDER_ARRIVED}))
        return false;
    *permille = (uint32_t)peer->answer.number;
    return true;
}

bool weft_perf_peer_verify(struct weft_perf_peer *peer, uint64_t size, uint64_t seed,
                           uint64_t *wrong)
{
    if (!ask(peer,
             &(struct weft_perf_order){.kind = WEFT_PERF_ORDER_VERIFY, .size = size, .seed = seed}))
        return false;
    *wrong = peer->answer.number;
    return true;
}

bool weft_perf_peer_landed(struct weft_perf_peer *peer, uint64_t size, uint64_t *bytes)
{
    if (!ask(peer, &(struct weft_perf_order){.kind = WEFT_PERF_ORDER_LANDED, .size = size}))
        return false;
    *bytes = peer->answer.number;
    return true;
}

void weft_perf_peer_signal(const struct weft_perf_peer *peer, int signal)
{
    (void)kill(peer->process, signal);
}

bool weft_perf_peer_link(struct weft_perf_peer *peer, const char *link,
                         enum weft_link_change change, unsigned permille)
{
    struct weft_perf_order order = {
        .kind = WEFT_PERF_ORDER_LINK, .change = change, .permille = permille};

    weft_text_copy(order.text, sizeof(order.text), link);
    return ask(peer, &order);
}

/* ---- routes ---- */

/* Names are relative to who gives them: a's own devices have no server in front. */
static void route_rename(const char *theirs, char *text, size_t size)
{
    const char *own = WEFT_PERF_SERVER_A ":";
    struct weft_text name;

    weft_text_init(&name, text, size);
    for (const char *device = theirs; *device != '\0';) {
        if (weft_text_starts(device, own))
            device += strlen(own);
        else
            weft_text_add(&name, WEFT_PERF_SERVER_B ":");
        while (*device != '\0' && *device != '>')
            weft_text_char(&name, *device++);
        if (*device == '>')
            weft_text_char(&name, *device++);
    }
}

static void route_add(cJSON *routes, const char *name, double bytes)
{
    cJSON *row;

    cJSON_ArrayForEach(row, routes)
    {
        cJSON *sum = cJSON_GetObjectItemCaseSensitive(row, "bytes");

        if (strcmp(weft_json_text(row, "name", ""), name) == 0) {
            (void)cJSON_SetNumberValue(sum, cJSON_GetNumberValue(sum) + bytes);
            return;
        }
    }
    row = cJSON_CreateObject();
    (void)cJSON_AddStringToObject(row, "name", name);
    (void)cJSON_AddNumberToObject(row, "bytes", bytes);
    (void)cJSON_AddItemToArray(routes, row);
}

/* What this server moved for the other one is part of the other one's routes. */
static void routes_drop_inner(cJSON *routes)
{
    cJSON *next;

    for (cJSON *row = routes->child; row != NULL; row = next) {
        next = row->next;
        if (strstr(weft_json_text(row, "name", ""), WEFT_PERF_SERVER_B ":") == NULL)
            cJSON_Delete(cJSON_DetachItemViaPointer(routes, row));
    }
}

bool weft_perf_peer_routes(struct weft_perf_peer *peer, cJSON *routes)
{
    cJSON *theirs;
    const cJSON *row;

    routes_drop_inner(routes);
    if (!ask(peer, &(struct weft_perf_order){.kind = WEFT_PERF_ORDER_ROUTES}))
        return false;
    theirs = cJSON_Parse(peer->answer.text);
    cJSON_ArrayForEach(row, theirs)
    {
        const char *name = weft_json_text(row, "name", "");
        char renamed[ROUTE_BYTES];

        /* The others are parts of this server's own routes. */
        if (strstr(name, ">" WEFT_PERF_SERVER_A ":") == NULL)
            continue;
        route_rename(name, renamed, sizeof(renamed));
        route_add(routes, renamed, weft_json_number(row, "bytes", 0));
    }
    cJSON_Delete(theirs);
    return true;
}
