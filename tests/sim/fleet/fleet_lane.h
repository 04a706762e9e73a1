/* A lane: one way between two processes, over a NIC of each.
 *
 *          both sides        one side gives it up       the other hears of it, over another
 *     OPEN ----------> ... CLOSED at one side ---------------> CLOSED at both: SETTLED
 *      ^                   what it sent may still land          what has landed is known,    |
 *      |                   at the other: ghosts                 the rest never will          |
 *      '---------------------------------------------------------------- both NICs work -----'
 *
 * A copy that has not landed by then fails; all else goes over another lane. */
#ifndef SIM_FLEET_LANE_H
#define SIM_FLEET_LANE_H

#include "weft_net.h"

#define SIM_LANES_MAX     WEFT_NET_NICS_MAX
#define SIM_FLEET_TELL_NS 5000 /* a lane's latency */

struct sim_fleet;
struct sim_link;

struct sim_fleet_lane {
    uint64_t generation;
    bool is_closed[2]; /* that side neither sends nor takes */
    bool is_broken[2]; /* that side will close it when its process goes on */
    bool is_settled;   /* both sides know what was applied; it is to be made anew */
    uint32_t tries;
    uint32_t copies[2]; /* WRITEs under way */
};

/* An item of a lane goes on. */
void sim_lane_due(struct sim_fleet *fleet, uint32_t item);

/* Puts the item on the lane, or on any for WEFT_NONE; it may wait. */
void sim_lane_send(struct sim_fleet *fleet, uint32_t item, uint32_t lane);
bool sim_lane_is_open(const struct sim_fleet *fleet, const struct sim_link *link, uint32_t lane,
                      uint32_t side);
bool sim_lane_any(const struct sim_fleet *fleet, const struct sim_link *link, uint32_t side);
void sim_item_complete(struct sim_fleet *fleet, uint32_t item, weftResult_t result);

#endif
