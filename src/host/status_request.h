/* Requests of the status port: as much of HTTP as curl, a browser and weft-top need.
 *
 * A request is a head of at most WEFT_STATUS_REQUEST_BYTES that ends with an empty line; what it
 * asks for is GET / (text) or GET /json. Any bytes give one of the kinds below and touch nothing.
 * A head that names another host than this computer is refused, so that a page in a browser here
 * cannot read the port under a name of its own. */
#ifndef WEFT_STATUS_REQUEST_H
#define WEFT_STATUS_REQUEST_H

#include "../base/text.h"

#define WEFT_STATUS_REQUEST_BYTES 4096

enum weft_status_request {
    WEFT_STATUS_MORE, /* the head is not whole yet */
    WEFT_STATUS_TEXT,
    WEFT_STATUS_JSON,
    WEFT_STATUS_UNKNOWN,   /* there is no such page */
    WEFT_STATUS_METHOD,    /* not GET */
    WEFT_STATUS_HOST,      /* asked for under a name that is not this computer's */
    WEFT_STATUS_GARBAGE,   /* no HTTP, or too long */
    WEFT_STATUS_NO_ANSWER, /* the progress thread said nothing in time */
    WEFT_STATUS_REQUESTS
};

/* What the bytes ask for; never NO_ANSWER. Final unless it is MORE. */
enum weft_status_request weft_status_request_read(const char *bytes, size_t size);

/* The head of an answer with a body of `body_size` bytes. */
void weft_status_request_head(struct weft_text *text, enum weft_status_request request,
                              size_t body_size);

/* The sentence that is the body of an answer which is no page. */
const char *weft_status_request_sentence(enum weft_status_request request);

#endif
