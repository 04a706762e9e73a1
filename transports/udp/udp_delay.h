/* The delay of an emulated NIC: datagrams that go out are kept for so long, in order, and then
 * sent. What does not fit is lost, as in any queue. Memory is taken when a NIC is first given a
 * delay. */
#ifndef WEFT_UDP_DELAY_H
#define WEFT_UDP_DELAY_H

#include "udp_socket.h"

#define WEFT_UDP_DELAY_BYTES (8u << 20)
#define WEFT_UDP_DELAY_MAX   4096 /* datagrams */

/* A ring of datagrams, and one of their bytes. */
struct weft_udp_delay {
    uint32_t first;
    uint32_t count;
    uint32_t refused_slot; /* of a session whose peer refuses; valid while is_refused */
    int refused_fd;        /* and its socket */
    bool is_refused;
    size_t head;    /* where the next one's bytes go */
    uint8_t *bytes; /* NULL: the NIC never had a delay */
    struct {
        weft_ns due_at;
        uint32_t slot; /* of its session */
        int fd;        /* -1: its session is gone */
        size_t at;
        size_t size;
    } * datagrams;
};

/* False: there is no memory. */
bool weft_udp_delay_open(struct weft_udp_delay *delay);
void weft_udp_delay_close(struct weft_udp_delay *delay);

/* Keeps the datagrams of a run, which go over a way of the session in `slot`. */
void weft_udp_delay_keep(struct weft_udp_delay *delay, const struct weft_udp_run *run, int fd,
                         uint32_t slot, weft_ns due_at);
/* The session's sockets are closed. */
void weft_udp_delay_forget(struct weft_udp_delay *delay, uint32_t slot);
/* Sends what is due, or, of a NIC that does not send, loses it; when the next one is. */
weft_ns weft_udp_delay_send(struct weft_udp_delay *delay, bool is_up, weft_ns now);

#endif
