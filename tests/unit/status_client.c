/* host/status_client: one connection, over a pair of sockets and with instants that are given. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/status.h"
#include "host/status_client.h"

#define NOW 1000

static struct weft_status_client client;
static int far; /* the other end */

static void begin(void)
{
    int ends[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    far = ends[1];
    weft_status_client_take(&client, ends[0], NOW);
}

TestSuite(status_client, .init = begin);

static void say(const char *text)
{
    cr_assert_eq(send(far, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static const char *hear(void)
{
    static char bytes[4096];
    ssize_t got = recv(far, bytes, sizeof(bytes) - 1, MSG_DONTWAIT);

    bytes[got < 0 ? 0 : got] = '\0';
    return bytes;
}

Test(status_client, read__a_request_in_pieces)
{
    say("GET /json");
    weft_status_client_read(&client, NOW);
    cr_expect_eq(client.state, WEFT_STATUS_CLIENT_READING);
    weft_status_client_read(&client, NOW); /* nothing has come */
    cr_expect_eq(client.state, WEFT_STATUS_CLIENT_READING);
    say(" HTTP/1.0\r\n\r\n");
    weft_status_client_read(&client, NOW + 5);
    cr_expect_eq(client.state, WEFT_STATUS_CLIENT_WAITING);
    cr_expect_eq(client.request, WEFT_STATUS_JSON);
    cr_expect_eq(client.deadline_at, NOW + 5 + WEFT_STATUS_ANSWER_REAL_NS);
    weft_status_client_show(&client, "{}", 2);
    cr_expect_eq(client.state, WEFT_STATUS_CLIENT_FREE);
    cr_expect_not_null(strstr(hear(), "Content-Length: 2\r\n"));
}

Test(status_client, read__hangs_up)
{
    cr_assert_eq(close(far), 0);
    weft_status_client_read(&client, NOW);
    cr_expect_eq(client.state, WEFT_STATUS_CLIENT_FREE);
}

Test(status_client, read__garbage_is_answered_at_once)
{
    say("\x01");
    weft_status_client_read(&client, NOW);
    cr_expect_eq(client.state, WEFT_STATUS_CLIENT_FREE);
    cr_expect(weft_text_starts(hear(), "HTTP/1.0 400 Bad Request\r\n"));
}

Test(status_client, expire__half_a_request)
{
    say("GET ");
    weft_status_client_read(&client, NOW);
    weft_status_client_expire(&client, NOW + WEFT_STATUS_CLIENT_REAL_NS - 1);
    cr_expect_eq(client.state, WEFT_STATUS_CLIENT_READING);
    weft_status_client_expire(&client, NOW + WEFT_STATUS_CLIENT_REAL_NS);
    cr_expect_eq(client.state, WEFT_STATUS_CLIENT_FREE);
    cr_expect_eq(recv(far, &(char){0}, 1, 0), 0);
}

Test(status_client, expire__no_snapshot_comes)
{
    say("GET / HTTP/1.0\r\n\r\n");
    weft_status_client_read(&client, NOW);
    weft_status_client_expire(&client, NOW + WEFT_STATUS_ANSWER_REAL_NS);
    cr_expect_eq(client.state, WEFT_STATUS_CLIENT_FREE);
    cr_expect_not_null(strstr(hear(), "progress thread does not answer"));
}

Test(status_client, send__one_that_does_not_read)
{
    static char page[WEFT_MIB(4)];

    memset(page, 'x', sizeof(page));
    say("GET / HTTP/1.0\r\n\r\n");
    weft_status_client_read(&client, NOW);
    weft_status_client_show(&client, page, sizeof(page));
    cr_expect_eq(client.state, WEFT_STATUS_CLIENT_SENDING);
    cr_expect_lt(client.sent, client.answer_size);
    weft_status_client_send(&client);
    cr_expect_eq(client.state, WEFT_STATUS_CLIENT_SENDING);
    weft_status_client_expire(&client, NOW + WEFT_STATUS_CLIENT_REAL_NS);
    cr_expect_eq(client.state, WEFT_STATUS_CLIENT_FREE);
}
