/* What servers know of what each says of itself (core/agent): a version that was heard is never
 * replaced by an older one, nobody has one that was never said, and at rest all have the same. */
#ifndef SIM_FLEET_AGENT_H
#define SIM_FLEET_AGENT_H

#include "core/agent.h"

struct sim_fleet;

/* The name under which a server describes itself, in all its lives. */
uint64_t sim_agent_name(const struct sim_fleet *fleet, uint32_t server);

/* After a round of the server. */
void sim_agent_check(struct sim_fleet *fleet, uint32_t server);

/* Nothing is under way, and all servers are up and have met. */
void sim_agents_check_rest(struct sim_fleet *fleet);

#endif
