/* Nets over real loopback sockets, several in one process, polled in turn; over each transport.
 *
 * Each net has a window of its own memory, exposed to all with one token; after `net_meet` each of
 * two nets has imported the other's. Nothing waits but with a deadline that fails the test. */
#ifndef NET_FIXTURE_H
#define NET_FIXTURE_H

#include <criterion/criterion.h>

#include "base/base.h"
#include "tcp/tcp.h"
#include "udp/udp.h"

#define NET_COOKIES  512
#define NET_WINDOWS  16
#define NET_PEERS    4
#define NET_OWN      0 /* window numbers */
#define NET_THEIRS   1
#define NET_LATER    2
#define NET_BYTES    WEFT_MIB(4)
#define NET_NICS_MAX 16
#define NET_TOKEN    0x5a
#define NET_EPOCH    7
#define NET_WAIT_S   30
#define NET_EVENTS   4096

/* An event that was seen, with its first bytes. */
struct net_seen {
    struct weft_net_event event;
    char bytes[64];
    char why[256];
    struct weft_extent extents[4];
};

struct net_end {
    struct weft_net *net;
    struct weft_net_env env;
    char hello[64];
    uint32_t nic_count;
    uint8_t address[WEFT_NET_ADDRESS_BYTES];
    char *memory;                      /* window NET_OWN */
    weftResult_t results[NET_COOKIES]; /* weftNumResults: not ended */
    uint32_t ended_count;
    bool is_idle;      /* is not polled: stopped */
    bool keeps_events; /* does not take its events */
    struct net_seen seen[NET_EVENTS];
    uint32_t seen_count;
};

/* The transport under test. NET_EACH does what follows it with each in turn. */
extern const struct weft_net_ops *net_ops;
void net_ops_first(void);
void net_ops_next(void);
#define NET_EACH() for (net_ops_first(); net_ops != NULL; net_ops_next())

/* A net with `nic_count` NICs 127.0.<server>.1 and so on; of server 0 all are ::1. */
void net_open_end(struct net_end *end, uint32_t server, uint32_t nic_count,
                  enum weft_net_crypto crypto);
void net_close_end(struct net_end *end);

/* Of nets opened from now on; 300 ms in each test, and NET_PEERS. */
extern uint64_t net_silence_ns;
extern uint32_t net_peers_max;
extern uint64_t net_guests_per_s; /* 0: no limit */

/* What the window is to peers. */
struct weft_net_remote net_remote(void);

/* Two nets that have met, with each other as peer 0. */
void net_meet(struct net_end ends[2], uint32_t nic_count, enum weft_net_crypto crypto);
void net_import(struct net_end *end, uint32_t peer);

/* One turn of each net. */
void net_turn(struct net_end *ends, uint32_t count);

bool net_is_ended(const struct net_end *end, uint32_t cookie);
/* Turns until it has ended; its result. */
weftResult_t net_wait(struct net_end *ends, uint32_t count, struct net_end *end, uint32_t cookie);
/* Turns until an event of the kind was seen that is not older than `from`. */
const struct net_seen *net_wait_event(struct net_end *ends, uint32_t count, struct net_end *end,
                                      enum weft_net_event_kind kind, uint32_t from);
/* Turns until so many lanes of the peer are up. */
void net_wait_lanes(struct net_end *ends, uint32_t count, struct net_end *end, uint32_t peer,
                    uint32_t lanes);

/* One extent, into the peer's window. */
weftResult_t net_copy(struct net_end *end, uint32_t lane, uint64_t dst, uint64_t src, uint64_t size,
                      uint32_t cookie);
/* The same until there is room for it. */
void net_copy_surely(struct net_end *ends, uint32_t count, struct net_end *end, uint32_t lane,
                     uint64_t dst, uint64_t src, uint64_t size, uint32_t cookie);

/* All bytes are `byte`. */
bool net_is_all(const char *memory, size_t size, char byte);
void net_fill(char *memory, size_t size, uint64_t seed);
void net_shape(struct net_end *end, uint32_t nic, enum weft_net_shape_state state);

/* Turns while `condition`, which must end within NET_WAIT_S. */
#define NET_WHILE(ends, count, condition)                                                          \
    do {                                                                                           \
        uint64_t deadline_ns_ = net_clock() + NET_WAIT_S * UINT64_C(1000000000);                   \
        while (condition) {                                                                        \
            cr_assert_lt(net_clock(), deadline_ns_, "still %s", #condition);                       \
            net_turn(ends, count);                                                                 \
        }                                                                                          \
    } while (0)

uint64_t net_clock(void);

#endif
