/* What all fleets are made of, drawn ones (fleet_draw.h) and given ones (fleet_many.h, scenario.h):
 * the settings that the simulated system needs, and servers of machines. */
#ifndef SIM_FLEET_MAKE_H
#define SIM_FLEET_MAKE_H

#include "fleet.h"

/* Sets in fleet->config what the simulated network needs, and takes from it what the fleet does. */
void sim_fleet_fit_config(struct sim_fleet *fleet);

/* The server has the fleet's settings, and addresses for as many NICs as it has. */
void sim_fleet_take_config(const struct sim_fleet *fleet, struct sim_server *server);

/* Host memory is some port's own, whatever the GPUs reach. */
void sim_fleet_add_host_copies(struct sim_world *world);

/* The server is one of its world's machine, and dead. */
void sim_fleet_begin_server(struct sim_fleet *fleet, uint32_t server);

#endif
