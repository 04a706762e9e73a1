/* A link: two processes that have met, their lanes, and all items between them. How they meet, lose
 * each other, and give lanes up and make them anew. */
#ifndef SIM_FLEET_LINK_H
#define SIM_FLEET_LINK_H

#include "base/list.h"
#include "fleet_lane.h"

struct sim_fleet;

struct sim_link {
    bool is_dead; /* one of them has ended, and the other knows */
    uint32_t server[2];
    uint32_t life[2];
    uint32_t peer[2]; /* the number of the other, at each */
    uint32_t lane_count;
    struct sim_fleet_lane lanes[SIM_LANES_MAX];
    struct weft_list items; /* of both sides, waiting ones included */
};

/* A CLOSE, SETTLE, GONE or DIAL goes on. */
void sim_link_due(struct sim_fleet *fleet, uint32_t item);
void sim_link_close(struct sim_fleet *fleet, uint32_t link, uint32_t lane, uint32_t side);
void sim_link_settle_at(struct sim_fleet *fleet, uint32_t link, uint32_t lane, weft_ns at);
void sim_link_close_at(struct sim_fleet *fleet, uint32_t link, uint32_t lane, uint32_t side,
                       weft_ns at, uint64_t number);
/* A server that was stopped sees which of its lanes broke meanwhile. */
void sim_link_go_on(struct sim_fleet *fleet, uint32_t server);
/* That side has closed it for good. */
void sim_link_bye(struct sim_fleet *fleet, uint32_t link, uint32_t side);
void sim_link_killed(struct sim_fleet *fleet, uint32_t server);
/* The NICs of a lane; false: one of them does nothing. */
bool sim_link_nics(const struct sim_fleet *fleet, const struct sim_link *link, uint32_t lane,
                   uint32_t nics[2]);

#endif
