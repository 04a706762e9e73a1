/* Strangers: a thread that calls on every port that some addresses listen on, like a port scanner
 * and like a client that says random bytes, until it is told to stop. */
#ifndef STRANGERS_H
#define STRANGERS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#define STRANGERS_PORTS_MAX 64

struct strangers {
    pthread_t thread;
    atomic_bool stop;
    const unsigned *servers;
    unsigned ports[STRANGERS_PORTS_MAX];
    uint32_t addresses[STRANGERS_PORTS_MAX];
    int types[STRANGERS_PORTS_MAX]; /* SOCK_STREAM or SOCK_DGRAM */
    atomic_uint port_count;
    atomic_uint connected;
};

/* Looks for what listens on 127.<server>.*.*; `servers` ends with 0. Ports that are opened later
 * are found as well. */
void strangers_begin(struct strangers *strangers, const unsigned *servers);
void strangers_end(struct strangers *strangers);

#endif
