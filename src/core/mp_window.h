/* The congestion window of a group of paths: how many bytes may be out.
 *
 * Delay decides, not loss (as NSCC of Ultra Ethernet, without marks that a program cannot see):
 * what a round trip takes beyond the least of its path is time in queues. Up to a target, one least
 * round trip, the window grows, beyond it shrinks. It never goes over 1.5 times what the group
 * showed that it carries in a least round trip, so that a queue is at most half as long as that.
 * Lost packets change nothing unless they are many: a link that drops every fiftieth packet is as
 * fast as one that drops none. It has a floor, so that something is always on its way.
 *
 * Far away, where a round trip takes longer than any rack's, it begins small and is paced, since no
 * queue there holds a window at once (RFC 6928; RFC 9002, 7.7).
 *
 * A round trip here is the network's and what both hosts add by looking only now and then
 * (`host_ns`). */
#ifndef WEFT_MP_WINDOW_H
#define WEFT_MP_WINDOW_H

#include "mp.h"
#include "mp_least.h"

struct weft_mp_window {
    uint64_t window_bytes;
    uint64_t inflight_bytes;
    uint64_t least_bytes;
    uint64_t packet_bytes;
    uint64_t first_bytes;
    weft_ns host_ns;
    weft_ns rtt_ns; /* smoothed; 0: not known */
    struct weft_mp_least base_rtt;
    weft_ns queue_ns; /* smoothed: round trip less the path's least */
    uint64_t delivered_bytes;
    weft_ns delivered_at;
    uint64_t rates_bytes_per_ms[2]; /* the most in this and in the last period */
    weft_ns period_until;
    weft_ns round_until; /* what is decided once per round trip */
    uint64_t round_acked_bytes;
    uint64_t round_lost_bytes;
    bool is_starting;     /* grows by what is acked, until a queue builds up */
    bool is_limited;      /* it held something back in this period */
    weft_ns rtt_ns_first; /* before rtt_ns is known */
    weft_ns paced_to;     /* what was sent takes until then at the pace */
    weft_ns wake_at;      /* it is open again; WEFT_NEVER: the pace holds nothing back */
};

/* What is remembered of the window when a packet is sent. */
struct weft_mp_window_mark {
    uint64_t delivered_bytes;
    weft_ns delivered_at;
};

void weft_mp_window_init(struct weft_mp_window *window, const struct weft_mp_config *config);

/* May so many bytes more be out now? One packet always may. */
bool weft_mp_window_open(struct weft_mp_window *window, uint64_t bytes, weft_ns now);

struct weft_mp_window_mark weft_mp_window_sent(struct weft_mp_window *window, uint64_t bytes,
                                               weft_ns now);

/* Of what is out. `lost`: to the network; `dropped`: not, or the path alone is to blame. */
void weft_mp_window_acked(struct weft_mp_window *window, uint64_t bytes, weft_ns now);
void weft_mp_window_lost(struct weft_mp_window *window, uint64_t bytes);
void weft_mp_window_dropped(struct weft_mp_window *window, uint64_t bytes);

/* A packet with that mark came back: its round trip, and the least of its path. */
void weft_mp_window_sample(struct weft_mp_window *window, weft_ns rtt_ns, weft_ns base_rtt_ns,
                           struct weft_mp_window_mark mark, weft_ns now);

/* The receiver is overloaded. */
void weft_mp_window_overloaded(struct weft_mp_window *window, weft_ns now);

/* Nothing comes back on any path: begin anew. */
void weft_mp_window_collapse(struct weft_mp_window *window);

uint64_t weft_mp_window_rate(const struct weft_mp_window *window); /* bytes per ms */

/* A queue of that time is longer than it should be. */
bool weft_mp_window_slow(const struct weft_mp_window *window, weft_ns queue_ns);

#endif
