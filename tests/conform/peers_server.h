/* What the tests of peers share: servers in processes of their own, on emulated machines.
 *
 * A test forks its servers before it makes a comm (a forked driver is of no use). Each owns a
 * window on a GPU and one in host memory, gives their keys through a socket, and does what it is
 * told by single letters. */
#ifndef PEERS_SERVER_H
#define PEERS_SERVER_H

#include <sys/types.h>

#include "conform.h"

#define AREA_BYTES MIB(16)

struct keys {
    weftWindowKey_t gpu;
    weftWindowKey_t dram;
};

/* What a server is asked for, answered by a number:
 *     f F     fill the host memory, the GPU, with `seed`
 *     d g     do they hold it?
 *     w       the word at `offset` of the host memory
 *     r       revoke the window in host memory: the result
 *     x       deregister it, and fill the memory at once: the result
 *     k       import the key that `key` is
 *     p       fill staging memory and begin to put it, at `offset`, into the window of that key
 *     e       the result of that put, when it has ended
 *     n       NIC number `seed` of its machine carries `size` permille from now on; 0: it is cut */
struct order {
    char letter;
    uint32_t seed;
    uint64_t offset;
    uint64_t size;
    weftWindowKey_t key;
};

struct server {
    pid_t process;
    int socket;
    struct keys keys;
};

/* Settings of a server beside the address that it is known by; NULL ends the pairs. */
struct server_settings {
    const char *id;
    const char *crypto;
    size_t area_bytes;
    const char *name; /* one more setting, or NULL */
    const char *value;
};

/* The network transport of all comms: what PEERS_NET says, else tcp. */
const char *peers_net(void);

/* One that is to start after the test has made a comm is forked before that. */
struct server peers_server_start(const struct server_settings *settings);
struct server peers_server_fork(const struct server_settings *settings);
void peers_server_begin(struct server *server);
uint64_t peers_tell(const struct server *server, char letter, uint64_t offset, uint64_t size,
                    uint32_t seed);
void peers_give_key(const struct server *server, const weftWindowKey_t *key);

/* Ends a server in good order, or by force. */
void peers_server_stop(struct server *server);
void peers_server_kill(struct server *server);

/* All its threads stand still when this returns, until it gets SIGCONT. */
void peers_server_halt(const struct server *server);

/* The test's own comm, and its areas. */
struct first {
    weftComm_t comm;
    struct area gpu;
    struct area dram;
    struct area stage;
    weftWindow_t far_gpu;
    weftWindow_t far_dram;
};

struct first peers_first_open(const struct server *server, const struct server_settings *settings);
void peers_wait(weftRequest_t *request);

/* Puts a pattern into the server's host memory, or its GPU, and asks the server whether it is
 * there. */
void peers_put_dram(const struct server *server, const struct first *first, size_t size,
                    uint32_t seed);
void peers_put_gpu(const struct server *server, const struct first *first, size_t size,
                   uint32_t seed);

/* Puts with a signal in the last word of its host memory: it is raised after the bytes, once for
 * each. */
void peers_put_signals(const struct server *server, const struct first *first);

#endif
