/* A server of a fleet: its machine, the comm on it, what callers there registered and imported.
 *
 *           open                      stop (it stands still)
 *     DEAD -----------> UP <------------------------------> STOPPED
 *      ^                |                                      |
 *      '----------------+------------- close, kill ------------'
 */
#ifndef SIM_FLEET_SERVER_H
#define SIM_FLEET_SERVER_H

#include "fleet_agent.h"
#include "fleet_health.h"
#include "fleet_net.h"
#include "fleet_port.h"
#include "fleet_revoke.h"
#include "host/loop.h"
#include "../world.h"

#define SIM_SERVERS_DRAWN_MAX 8
#define SIM_FLEET_HOLDERS     4 /* devices of a server that users have windows on */
#define SIM_FLEET_WINDOWS     (2 * SIM_FLEET_HOLDERS) /* on each a source and a target */

struct sim_nic {
    uint64_t rate_bytes_per_us;
    uint32_t permille;
    enum weft_net_shape_state state;
    uint64_t changes; /* faults so far */
    weft_ns refuse_until;
    weft_ns sends_until; /* with what is issued */
    weft_ns takes_until;
    bool is_told_cut; /* its server was told so, at some time */
};

enum sim_server_state { SIM_SERVER_DEAD, SIM_SERVER_UP, SIM_SERVER_STOPPED };

/* What one server knows of a window of another. */
struct sim_import {
    uint32_t life;   /* of its owner; 0: not imported */
    uint32_t use;    /* of the window's number there */
    uint32_t number; /* here */
};

struct sim_server {
    enum sim_server_state state;
    uint32_t life;           /* counts from 1 */
    uint64_t stops;          /* so far */
    struct sim_world *world; /* its own, or one of all alike */
    bool gpus;               /* NICs reach GPU memory */
    bool tells_nics;         /* its machine says what becomes of its NICs */
    uint64_t incarnation;
    struct weft_loop *loop;
    struct sim_net *net;             /* NULL while there is none */
    struct sim_fleet_health *health; /* NULL in a fleet of very many */
    struct sim_port ports[WEFT_DEVICES_MAX];
    uint32_t *memory_of; /* by window number: what the ports were told */
    uint32_t *item_of;   /* by cookie, of copies inside the server */
    uint32_t nic_count;
    struct sim_nic nics[WEFT_NET_NICS_MAX];
    weft_ns links_until[WEFT_LINKS_MAX];
    bool stalled[WEFT_HOPS_MAX];
    uint32_t failing[WEFT_HOPS_MAX]; /* so many copies end badly */
    weft_ns poll_ns;
    uint32_t holder_count;
    uint32_t holders[SIM_FLEET_HOLDERS];
    uint32_t memories[SIM_FLEET_WINDOWS];
    struct weft_net_remote exposed[SIM_FLEET_WINDOWS];
    uint32_t next_window;             /* number for an import */
    uint32_t uses[SIM_FLEET_WINDOWS]; /* so often the window was taken back */
    struct sim_revoke_run revokes[SIM_FLEET_WINDOWS];
    struct weft_command abort; /* `run` NULL: it goes on */
    weft_ns abort_again_at;
    uint64_t news;                  /* so much was heard and said when that was looked at last */
    struct weft_agent_version said; /* of itself; after a restart it goes on */
    struct weft_agent_version heard[SIM_SERVERS_DRAWN_MAX]; /* of each, in this life */
    struct sim_import *imports; /* by server * SIM_FLEET_WINDOWS + window */
};

/* That life of it has not ended. */
bool sim_server_is(const struct sim_fleet *fleet, uint32_t server, uint32_t life);

void sim_server_open(struct sim_fleet *fleet, uint32_t server);
void sim_server_close(struct sim_fleet *fleet, uint32_t server);
void sim_server_kill(struct sim_fleet *fleet, uint32_t server);
void sim_server_wake(struct sim_fleet *fleet, uint32_t server, weft_ns at);
void sim_server_round(struct sim_fleet *fleet, uint32_t server);
void sim_server_rest(struct sim_fleet *fleet, uint32_t server);
/* Does what src/api does for weftWindowRegister, and for a key that others are given. */
void sim_server_add_window(struct sim_fleet *fleet, uint32_t server, uint32_t window);

#endif
