/* Nets over real loopback sockets, several in one process, polled in turn.
 *
 * Each net has a window of its own memory, exposed to all with one token; after `tcp_meet` each of
 * two nets has imported the other's. Nothing waits but with a deadline that fails the test. */
#ifndef TCP_FIXTURE_H
#define TCP_FIXTURE_H

#include <criterion/criterion.h>

#include "base/base.h"
#include "tcp/tcp.h"

#define TCP_COOKIES  512
#define TCP_WINDOWS  16
#define TCP_PEERS    4
#define TCP_OWN      0 /* window numbers */
#define TCP_THEIRS   1
#define TCP_LATER    2
#define TCP_BYTES    WEFT_MIB(4)
#define TCP_NICS_MAX 8
#define TCP_TOKEN    0x5a
#define TCP_EPOCH    7
#define TCP_WAIT_S   30
#define TCP_EVENTS   4096

/* An event that was seen, with its first bytes. */
struct tcp_seen {
    struct weft_net_event event;
    char bytes[64];
    char why[256];
    struct weft_extent extents[4];
};

struct tcp_end {
    struct weft_net *net;
    struct weft_net_env env;
    char hello[64];
    uint32_t nic_count;
    uint8_t address[WEFT_NET_ADDRESS_BYTES];
    char *memory;                      /* window TCP_OWN */
    weftResult_t results[TCP_COOKIES]; /* weftNumResults: not ended */
    uint32_t ended_count;
    bool is_idle;      /* is not polled: stopped */
    bool keeps_events; /* does not take its events */
    struct tcp_seen seen[TCP_EVENTS];
    uint32_t seen_count;
};

/* A net with `nic_count` NICs 127.0.<server>.1 and so on; of server 0 all are ::1. */
void tcp_open_end(struct tcp_end *end, uint32_t server, uint32_t nic_count,
                  enum weft_net_crypto crypto);
void tcp_close_end(struct tcp_end *end);

/* Of nets opened from now on; 300 ms in each test. */
extern uint64_t tcp_silence_ns;

/* What the window is to peers. */
struct weft_net_remote tcp_remote(void);

/* Two nets that have met, with each other as peer 0. */
void tcp_meet(struct tcp_end ends[2], uint32_t nic_count, enum weft_net_crypto crypto);
void tcp_import(struct tcp_end *end, uint32_t peer);

/* One turn of each net. */
void tcp_turn(struct tcp_end *ends, uint32_t count);

bool tcp_is_ended(const struct tcp_end *end, uint32_t cookie);
/* Turns until it has ended; its result. */
weftResult_t tcp_wait(struct tcp_end *ends, uint32_t count, struct tcp_end *end, uint32_t cookie);
/* Turns until an event of the kind was seen that is not older than `from`. */
const struct tcp_seen *tcp_wait_event(struct tcp_end *ends, uint32_t count, struct tcp_end *end,
                                      enum weft_net_event_kind kind, uint32_t from);
/* Turns until so many lanes of the peer are up. */
void tcp_wait_lanes(struct tcp_end *ends, uint32_t count, struct tcp_end *end, uint32_t peer,
                    uint32_t lanes);

/* One extent, into the peer's window. */
weftResult_t tcp_copy(struct tcp_end *end, uint32_t lane, uint64_t dst, uint64_t src, uint64_t size,
                      uint32_t cookie);
/* The same until there is room for it. */
void tcp_copy_surely(struct tcp_end *ends, uint32_t count, struct tcp_end *end, uint32_t lane,
                     uint64_t dst, uint64_t src, uint64_t size, uint32_t cookie);

/* All bytes are `byte`. */
bool tcp_is_all(const char *memory, size_t size, char byte);
void tcp_fill(char *memory, size_t size, uint64_t seed);
void tcp_shape(struct tcp_end *end, uint32_t nic, enum weft_net_shape_state state);

/* Turns while `condition`, which must end within TCP_WAIT_S. */
#define TCP_WHILE(ends, count, condition)                                                          \
    do {                                                                                           \
        uint64_t deadline_ns_ = tcp_clock() + TCP_WAIT_S * UINT64_C(1000000000);                   \
        while (condition) {                                                                        \
            cr_assert_lt(tcp_clock(), deadline_ns_, "still %s", #condition);                       \
            tcp_turn(ends, count);                                                                 \
        }                                                                                          \
    } while (0)

uint64_t tcp_clock(void);

#endif
