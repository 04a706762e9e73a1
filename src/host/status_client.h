/* Clients of the status port: connections that ask once, are answered once, and go.
 *
 * The picture of their states is in status.h. All calls are of the status thread; none blocks. */
#ifndef WEFT_STATUS_CLIENT_H
#define WEFT_STATUS_CLIENT_H

#include "status_request.h"

enum weft_status_client_state {
    WEFT_STATUS_CLIENT_FREE,
    WEFT_STATUS_CLIENT_READING,
    WEFT_STATUS_CLIENT_WAITING,
    WEFT_STATUS_CLIENT_SENDING,
    WEFT_STATUS_CLIENT_STATES
};

struct weft_status_client {
    enum weft_status_client_state state;
    int fd;
    enum weft_status_request request; /* from WAITING on */
    weft_ns begun_at;                 /* real, as all instants here */
    weft_ns deadline_at;              /* of its state */
    size_t used;                      /* of `head` */
    char *answer;                     /* SENDING: head and body, its own */
    size_t answer_size;
    size_t sent;
    char head[WEFT_STATUS_REQUEST_BYTES];
};

/* FREE to READING; owns the socket from then on. */
void weft_status_client_take(struct weft_status_client *client, int fd, weft_ns now);

/* Any state to FREE. */
void weft_status_client_drop(struct weft_status_client *client);

/* READING: takes what is there. WAITING when it asks for a page; a bad request is answered. */
void weft_status_client_read(struct weft_status_client *client, weft_ns now);

/* To SENDING, with a page of `size` bytes, or with the sentence of a request that gets none. */
void weft_status_client_show(struct weft_status_client *client, const char *page, size_t size);
void weft_status_client_refuse(struct weft_status_client *client, enum weft_status_request request);

/* SENDING: sends what there is room for. */
void weft_status_client_send(struct weft_status_client *client);

/* Its deadline has come: a request that is waited for is answered without a page, others go. */
void weft_status_client_expire(struct weft_status_client *client, weft_ns now);

#endif
