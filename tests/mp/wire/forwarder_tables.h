/* What the files of the forwarder share; the world sees forwarder.h. */
#ifndef MPWIRE_FORWARDER_TABLES_H
#define MPWIRE_FORWARDER_TABLES_H

#include <pthread.h>

#include "forwarder.h"
#include "net/net_address.h"

#define MPWIRE_FRONTS_MAX     (2 * MPSIM_ROW_LINKS)
#define MPWIRE_BATCH          32 /* datagrams of one call of the kernel */
#define MPWIRE_DATAGRAM_BYTES 16384

/* What an event of epoll is of. */
enum {
    MPWIRE_TIMER,
    MPWIRE_STOPPED,
    MPWIRE_FRONT,
    MPWIRE_BINDING = MPWIRE_FRONT + MPWIRE_FRONTS_MAX
};

struct mpwire_front {
    uint32_t side; /* of the NIC behind it */
    uint32_t link;
    struct sockaddr_storage address;
    struct sockaddr_storage behind;
    int fd; /* -1: it refuses */
    uint32_t binding_count;
};

struct mpwire_binding {
    uint32_t front;
    uint32_t path;
    struct sockaddr_storage from;
    int fd;
    weft_ns used_at;
};

struct mpwire_forwarder {
    pthread_t thread;
    bool is_started;
    bool is_stopping;
    pthread_mutex_t lock; /* guards all below */
    struct mpsim_net net;
    struct mpwire_front fronts[MPWIRE_FRONTS_MAX];
    uint32_t front_count;
    struct mpwire_binding bindings[MPWIRE_BINDINGS_MAX];
    uint32_t binding_count;
    uint32_t rebinds;
    uint64_t undelivered_packets;
    uint64_t refused_links;
    uint64_t rebound;
    int epoll_fd;
    int timer_fd;
    int stop_fd;
    uint8_t ring[MPWIRE_BATCH][MPWIRE_DATAGRAM_BYTES]; /* the thread's own */
};

/* ---- forwarder_binding.c ---- */

bool mpwire_forwarder_watch(const struct mpwire_forwarder *forwarder, int fd, uint32_t what);
/* Where fronts of a side are. */
struct sockaddr_storage mpwire_front_address(uint32_t side, uint32_t link);
/* Opens its socket where it was, or at any port for the first time. False: errno. */
bool mpwire_front_bind(struct mpwire_forwarder *forwarder, uint32_t number);

/* The binding from there to the front, made if need be. */
struct mpwire_binding *mpwire_binding_of(struct mpwire_forwarder *forwarder, uint32_t front,
                                         const struct sockaddr_storage *from);
/* Gives it another socket, at an address that says how often its side was bound anew. */
void mpwire_binding_bind(struct mpwire_forwarder *forwarder, struct mpwire_binding *binding);
void mpwire_binding_close(struct mpwire_binding *binding);

/* ---- forwarder_run.c ---- */

/* The thread. */
void *mpwire_forwarder_run(void *forwarder);

#endif
