/* Very many servers: the same machine everywhere, no faults, random traffic for a while. It shows
 * what a comm costs among many: memory, time, routes. All checks of a fleet hold here, too. */
#ifndef SIM_FLEET_MANY_H
#define SIM_FLEET_MANY_H

#include "fleet.h"

struct sim_many {
    uint32_t server_count;
    uint32_t gpu_count; /* of each server: 1 to 8 */
    weft_ns traffic_ns; /* simulated */
};

/* Runs it and prints what it took. False when a transfer failed, or a route cost too much. */
bool sim_many_run(const struct sim_many *many);

/* A call of a plain fleet that has ended begins anew; one that has not begun does. */
void sim_many_renew(struct sim_fleet *fleet, uint32_t call);

#endif
