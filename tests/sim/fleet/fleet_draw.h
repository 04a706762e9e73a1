/* What a seed makes of a fleet, and parts of that for fleets that are not drawn. */
#ifndef SIM_FLEET_DRAW_H
#define SIM_FLEET_DRAW_H

#include "fleet.h"

void sim_fleet_draw(struct sim_fleet *fleet);
/* Parts of that, for a plain one. */
void sim_fleet_add_host_copies(struct sim_world *world);
void sim_fleet_begin_server(struct sim_fleet *fleet, uint32_t server);
void sim_fleet_take_config(const struct sim_fleet *fleet, struct sim_server *server);
/* Where the call's bytes lie in its windows. */
void sim_fleet_place(struct sim_call *call, struct sim_dice *dice);
void sim_fleet_add_closing(struct sim_fleet *fleet);

#endif
