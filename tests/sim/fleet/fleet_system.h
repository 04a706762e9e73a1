/* What stands for the system under src/host: clock, discovery, random numbers, threads. */
#ifndef SIM_FLEET_SYSTEM_H
#define SIM_FLEET_SYSTEM_H

struct sim_fleet;

/* Whose time it is, and whose loop is being opened. */
void sim_system_use(struct sim_fleet *fleet);

#endif
