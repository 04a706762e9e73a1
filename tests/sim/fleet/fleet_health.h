/* What is known of the lanes of a server's engine from outside: from what it was told of its
 * copies, of its NICs, and how long copies have been out. A lane is
 *
 *     struck    when something of it has failed, ever: a lane to which nothing happened is not
 *               down, whatever became of others
 *     dead      when the last that was told of it is that a copy on it alone failed: no user's
 *               bytes set out on it before something good was heard of it
 */
#ifndef SIM_FLEET_HEALTH_H
#define SIM_FLEET_HEALTH_H

#include "core/hop.h"
#include "weft_transport.h"

struct sim_fleet;
struct sim_item;

/* By hop of the server's world. */
struct sim_fleet_health {
    uint64_t state_changes; /* that the engine had traced when its lanes were looked at last */
    bool is_struck[WEFT_HOPS_MAX];
    uint32_t dead[WEFT_HOPS_MAX]; /* 0: not; else its link and 2, 1 of a hop inside the server */
};

/* The hop that the copy is for: inside the server, or over a peer's lane. WEFT_NONE: nobody looks,
 * in a fleet of very many. */
uint32_t sim_fleet_health_hop(struct sim_fleet *fleet, uint32_t server, uint32_t peer,
                              const struct weft_copy *copy);

/* From where the bytes are to where they belong: how it ends is its lane's doing alone. */
bool sim_fleet_health_is_direct(const struct sim_fleet *fleet, uint32_t server,
                                const struct weft_copy *copy);

/* The copy is about to be issued on the hop. */
void sim_fleet_health_issue(struct sim_fleet *fleet, uint32_t server, uint32_t hop,
                            const struct weft_copy *copy);

/* It failed at once. */
void sim_fleet_health_failed(struct sim_fleet *fleet, uint32_t server, uint32_t hop,
                             const struct weft_copy *copy);

/* The engine is told how the item, a copy, has ended. */
void sim_fleet_health_ended(struct sim_fleet *fleet, const struct sim_item *item);

/* After a round of the server. */
void sim_fleet_health_check(struct sim_fleet *fleet, uint32_t server);

#endif
