/* host/status_request: what is asked for, and everything else that may come. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "host/status_request.h"

static enum weft_status_request read_text(const char *text)
{
    return weft_status_request_read(text, strlen(text));
}

Test(status_request, read__pages)
{
    static const struct {
        const char *head;
        enum weft_status_request request;
    } cases[] = {
        {"GET / HTTP/1.0\r\n\r\n", WEFT_STATUS_TEXT},
        {"GET / HTTP/1.1\r\nHost: 127.0.0.1:9100\r\nUser-Agent: curl/7\r\n\r\n", WEFT_STATUS_TEXT},
        {"GET /json HTTP/1.0\n\n", WEFT_STATUS_JSON},
        {"GET /json?pretty HTTP/1.1\r\nhost:localhost \r\n\r\n", WEFT_STATUS_JSON},
        {"GET /json HTTP/1.0\r\n\r\nand more", WEFT_STATUS_JSON},
        {"GET /jsonx HTTP/1.0\r\n\r\n", WEFT_STATUS_UNKNOWN},
        {"GET /favicon.ico HTTP/1.1\r\nHost: localhost:1\r\n\r\n", WEFT_STATUS_UNKNOWN},
        {"POST / HTTP/1.0\r\n\r\n", WEFT_STATUS_METHOD},
        {"get / HTTP/1.0\r\n\r\n", WEFT_STATUS_METHOD},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(cases); i++)
        cr_expect_eq(read_text(cases[i].head), cases[i].request, "%s", cases[i].head);
}

Test(status_request, read__other_hosts)
{
    static const char *const hosts[] = {
        "example.com", "127.0.0.1.example.com", "localhost.x:80", "", "127.0.0.2", "[::1]:80"};

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(hosts); i++) {
        char head[256];

        (void)snprintf(head, sizeof(head), "GET / HTTP/1.1\r\nAccept: */*\r\nHost: %s\r\n\r\n",
                       hosts[i]);
        cr_expect_eq(read_text(head), WEFT_STATUS_HOST, "%s", hosts[i]);
    }
    /* One good name does not make up for a bad one. */
    cr_expect_eq(read_text("GET / HTTP/1.1\r\nHost: localhost\r\nHost: x\r\n\r\n"),
                 WEFT_STATUS_HOST);
}

Test(status_request, read__garbage)
{
    static const char *const heads[] = {
        "\r\n\r\n",
        "GET\r\n\r\n",
        "GET /\r\n\r\n",
        "GET / FTP/1\r\n\r\n",
        "SSH-2.0-scan\r\n\r\n",
        "\x16\x03\x01",
        "GET / HTTP/1.0\r\nX: \x80",
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(heads); i++)
        cr_expect_eq(read_text(heads[i]), WEFT_STATUS_GARBAGE, "case %zu", i);
    cr_expect_eq(weft_status_request_read("G\0", 2), WEFT_STATUS_GARBAGE);
}

Test(status_request, read__comes_in_pieces)
{
    static const char head[] = "GET /json HTTP/1.1\r\nHost: localhost\r\n\r\n";

    for (size_t size = 0; size < sizeof(head) - 1; size++)
        cr_assert_eq(weft_status_request_read(head, size), WEFT_STATUS_MORE, "after %zu", size);
    cr_expect_eq(weft_status_request_read(head, sizeof(head) - 1), WEFT_STATUS_JSON);
}

Test(status_request, read__has_no_end)
{
    static char head[WEFT_STATUS_REQUEST_BYTES];

    memset(head, 'a', sizeof(head));
    cr_expect_eq(weft_status_request_read(head, sizeof(head) - 1), WEFT_STATUS_MORE);
    cr_expect_eq(weft_status_request_read(head, sizeof(head)), WEFT_STATUS_GARBAGE);
}

Test(status_request, head__json)
{
    char buffer[512];
    struct weft_text text;

    weft_text_init(&text, buffer, sizeof(buffer));
    weft_status_request_head(&text, WEFT_STATUS_JSON, 1234);
    cr_expect_str_eq(buffer, "HTTP/1.0 200 OK\r\n"
                             "Content-Type: application/json; charset=utf-8\r\n"
                             "Content-Length: 1234\r\n"
                             "Cache-Control: no-store\r\n"
                             "X-Content-Type-Options: nosniff\r\n"
                             "Connection: close\r\n\r\n");
}

Test(status_request, head__fits_its_buffer)
{
    for (int request = 0; request < WEFT_STATUS_REQUESTS; request++) {
        char buffer[512];
        struct weft_text text;
        bool is_page = request == WEFT_STATUS_TEXT || request == WEFT_STATUS_JSON;

        weft_text_init(&text, buffer, sizeof(buffer));
        weft_status_request_head(&text, (enum weft_status_request)request, SIZE_MAX);
        cr_expect_not(text.cut);
        cr_expect_eq(weft_status_request_sentence((enum weft_status_request)request)[0] == '\0',
                     is_page);
    }
}
