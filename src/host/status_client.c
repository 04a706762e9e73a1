/* Reads requests and sends answers, as far as the sockets go; see status_client.h. */
#include "status_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "status.h"

#define HEAD_BYTES 512

#define TO(state) (1u << WEFT_STATUS_CLIENT_##state)

static const unsigned next_states[WEFT_STATUS_CLIENT_STATES] = {
    [WEFT_STATUS_CLIENT_FREE] = TO(READING),
    [WEFT_STATUS_CLIENT_READING] = TO(WAITING) | TO(SENDING) | TO(FREE),
    [WEFT_STATUS_CLIENT_WAITING] = TO(SENDING) | TO(FREE),
    [WEFT_STATUS_CLIENT_SENDING] = TO(FREE),
};

static void set_state(struct weft_status_client *client, enum weft_status_client_state state,
                      weft_ns deadline_at)
{
    weft_assert((next_states[client->state] & 1u << state) != 0);
    client->state = state;
    client->deadline_at = deadline_at;
}

static bool is_later(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

void weft_status_client_take(struct weft_status_client *client, int fd, weft_ns now)
{
    set_state(client, WEFT_STATUS_CLIENT_READING, now + WEFT_STATUS_CLIENT_REAL_NS);
    client->fd = fd;
    client->begun_at = now;
    client->used = 0;
    client->answer = NULL;
    client->answer_size = 0;
    client->sent = 0;
}

void weft_status_client_drop(struct weft_status_client *client)
{
    set_state(client, WEFT_STATUS_CLIENT_FREE, WEFT_NEVER);
    (void)close(client->fd);
    free(client->answer);
    client->fd = -1;
    client->answer = NULL;
}

void weft_status_client_read(struct weft_status_client *client, weft_ns now)
{
    ssize_t got = recv(client->fd, client->head + client->used, sizeof(client->head) - client->used,
                       MSG_DONTWAIT);
    enum weft_status_request request;

    if (got < 0 && is_later(errno))
        return;
    if (got <= 0) {
        weft_status_client_drop(client);
        return;
    }
    client->used += (size_t)got;
    request = weft_status_request_read(client->head, client->used);
    if (request == WEFT_STATUS_MORE)
        return;
    if (request != WEFT_STATUS_TEXT && request != WEFT_STATUS_JSON) {
        weft_status_client_refuse(client, request);
        return;
    }
    client->request = request;
    set_state(client, WEFT_STATUS_CLIENT_WAITING, now + WEFT_STATUS_ANSWER_REAL_NS);
}

static void answer(struct weft_status_client *client, enum weft_status_request request,
                   const char *body, size_t body_size)
{
    char head[HEAD_BYTES];
    struct weft_text text;

    weft_text_init(&text, head, sizeof(head));
    weft_status_request_head(&text, request, body_size);
    weft_assert(!text.cut);
    client->answer = malloc(text.used + body_size);
    if (client->answer == NULL) {
        weft_status_client_drop(client);
        return;
    }
    memcpy(client->answer, head, text.used);
    memcpy(client->answer + text.used, body, body_size);
    client->answer_size = text.used + body_size;
    set_state(client, WEFT_STATUS_CLIENT_SENDING, client->begun_at + WEFT_STATUS_CLIENT_REAL_NS);
    weft_status_client_send(client);
}

void weft_status_client_show(struct weft_status_client *client, const char *page, size_t size)
{
    answer(client, client->request, page, size);
}

void weft_status_client_refuse(struct weft_status_client *client, enum weft_status_request request)
{
    const char *sentence = weft_status_request_sentence(request);

    answer(client, request, sentence, strlen(sentence));
}

void weft_status_client_send(struct weft_status_client *client)
{
    while (client->sent < client->answer_size) {
        ssize_t put = send(client->fd, client->answer + client->sent,
                           client->answer_size - client->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (put < 0 && is_later(errno))
            return;
        if (put <= 0)
            break;
        client->sent += (size_t)put;
    }
    weft_status_client_drop(client);
}

void weft_status_client_expire(struct weft_status_client *client, weft_ns now)
{
    if (client->state == WEFT_STATUS_CLIENT_FREE || now < client->deadline_at)
        return;
    if (client->state == WEFT_STATUS_CLIENT_WAITING)
        weft_status_client_refuse(client, WEFT_STATUS_NO_ANSWER);
    else
        weft_status_client_drop(client);
}
