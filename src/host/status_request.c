/* Reads the heads of requests; see status_request.h. */
#include "status_request.h"

/* A run of the head. */
struct span {
    const char *at;
    size_t size;
};

struct answer {
    const char *status;
    const char *type;
    const char *sentence; /* empty: a page */
};

static const struct answer answers[WEFT_STATUS_REQUESTS] = {
    [WEFT_STATUS_MORE] = {"408 Request Timeout", "text/plain", "The request did not end.\n"},
    [WEFT_STATUS_TEXT] = {"200 OK", "text/plain", ""},
    [WEFT_STATUS_JSON] = {"200 OK", "application/json", ""},
    [WEFT_STATUS_UNKNOWN] = {"404 Not Found", "text/plain",
                             "There is no such page: / is text, /json is JSON.\n"},
    [WEFT_STATUS_METHOD] = {"405 Method Not Allowed", "text/plain",
                            "Only GET is known: / is text, /json is JSON.\n"},
    [WEFT_STATUS_HOST] = {"403 Forbidden", "text/plain",
                          "Ask for 127.0.0.1 or localhost: other names are not answered.\n"},
    [WEFT_STATUS_GARBAGE] = {"400 Bad Request", "text/plain",
                             "This is no request: write GET / HTTP/1.0 and an empty line.\n"},
    [WEFT_STATUS_NO_ANSWER] = {"503 Service Unavailable", "text/plain",
                               "The comm's progress thread does not answer: a driver call takes "
                               "long or hangs, or the thread gets no CPU. Ask again.\n"},
};

static bool span_is(struct span span, const char *word)
{
    size_t i = 0;

    while (i < span.size && word[i] != '\0' && span.at[i] == word[i])
        i++;
    return i == span.size && word[i] == '\0';
}

static char lower(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
}

/* `word` is in lower case. */
static bool span_begins(struct span span, const char *word)
{
    size_t i = 0;

    while (i < span.size && word[i] != '\0' && lower(span.at[i]) == word[i])
        i++;
    return word[i] == '\0';
}

/* Takes what lies before `end` off the front, and `end` with it; all of it where there is none. */
static struct span take(struct span *from, char end)
{
    struct span part = {from->at, 0};

    while (part.size < from->size && part.at[part.size] != end)
        part.size++;
    from->at += part.size;
    from->size -= part.size;
    if (from->size > 0) {
        from->at++;
        from->size--;
    }
    return part;
}

static struct span take_line(struct span *head)
{
    struct span line = take(head, '\n');

    if (line.size > 0 && line.at[line.size - 1] == '\r')
        line.size--;
    return line;
}

/* A head is letters, with line ends; anything else is said to be garbage before its end. */
static bool is_clean(const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)bytes[i];

        if ((byte < 0x20 && byte != '\r' && byte != '\n' && byte != '\t') || byte >= 0x7f)
            return false;
    }
    return true;
}

/* The bytes up to the empty line; false when it is not there yet. */
static bool find_head(const char *bytes, size_t size, struct span *head)
{
    struct span left = {bytes, size};

    while (left.size > 0) {
        bool whole = false;
        struct span line;

        for (size_t i = 0; i < left.size && !whole; i++)
            whole = left.at[i] == '\n';
        if (!whole)
            return false;
        line = take_line(&left);
        if (line.size > 0)
            continue;
        *head = (struct span){bytes, (size_t)(line.at - bytes)};
        return true;
    }
    return false;
}

static bool is_this_computer(struct span host)
{
    struct span name = host;

    while (name.size > 0 && (name.at[0] == ' ' || name.at[0] == '\t')) {
        name.at++;
        name.size--;
    }
    while (name.size > 0 && (name.at[name.size - 1] == ' ' || name.at[name.size - 1] == '\t'))
        name.size--;
    /* The port is what this connection came to, whatever it says. */
    name = take(&name, ':');
    return span_is(name, "127.0.0.1") || span_is(name, "localhost");
}

static bool hosts_are_here(struct span lines)
{
    static const char field[] = "host:";

    while (lines.size > 0) {
        struct span line = take_line(&lines);

        if (!span_begins(line, field))
            continue;
        line.at += sizeof(field) - 1;
        line.size -= sizeof(field) - 1;
        if (!is_this_computer(line))
            return false;
    }
    return true;
}

enum weft_status_request weft_status_request_read(const char *bytes, size_t size)
{
    struct span head;
    struct span line;
    struct span method;
    struct span target;

    if (!is_clean(bytes, size))
        return WEFT_STATUS_GARBAGE;
    if (!find_head(bytes, size, &head))
        return size < WEFT_STATUS_REQUEST_BYTES ? WEFT_STATUS_MORE : WEFT_STATUS_GARBAGE;
    line = take_line(&head);
    method = take(&line, ' ');
    target = take(&line, ' ');
    if (method.size == 0 || target.size == 0 || !span_begins(line, "http/1."))
        return WEFT_STATUS_GARBAGE;
    if (!span_is(method, "GET"))
        return WEFT_STATUS_METHOD;
    if (!hosts_are_here(head))
        return WEFT_STATUS_HOST;
    target = take(&target, '?');
    if (span_is(target, "/"))
        return WEFT_STATUS_TEXT;
    return span_is(target, "/json") ? WEFT_STATUS_JSON : WEFT_STATUS_UNKNOWN;
}

void weft_status_request_head(struct weft_text *text, enum weft_status_request request,
                              size_t body_size)
{
    weft_text_add(text, "HTTP/1.0 ");
    weft_text_add(text, answers[request].status);
    weft_text_add(text, "\r\nContent-Type: ");
    weft_text_add(text, answers[request].type);
    weft_text_add(text, "; charset=utf-8\r\nContent-Length: ");
    weft_text_number(text, body_size);
    weft_text_add(text, "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff"
                        "\r\nConnection: close\r\n\r\n");
}

const char *weft_status_request_sentence(enum weft_status_request request)
{
    return answers[request].sentence;
}
