/* What a seed makes of a fleet. */
#ifndef SIM_FLEET_DRAW_H
#define SIM_FLEET_DRAW_H

#include "fleet.h"

void sim_fleet_draw(struct sim_fleet *fleet);

/* Where the call's bytes lie in its windows. */
void sim_fleet_place(struct sim_call *call, struct sim_dice *dice);

/* One put and one get from each server to its next one, small. */
void sim_fleet_add_closing(struct sim_fleet *fleet);

#endif
