/* A window that its owner takes back while others use it, and comms that are aborted.
 *
 *          conceal              revoke            remove
 *     NONE ------> CONCEALING --------> REVOKING --------> REMOVING --> NONE: new memory, a new key
 *                      ^                   |  not in abort_ms: copies hang
 *                      '-------------------'
 */
#ifndef SIM_FLEET_REVOKE_H
#define SIM_FLEET_REVOKE_H

#include "host/loop.h"

struct sim_fleet;

enum sim_revoke_stage {
    SIM_REVOKE_NONE,
    SIM_REVOKE_CONCEALING,
    SIM_REVOKE_REVOKING,
    SIM_REVOKE_REMOVING,
    SIM_REVOKE_STAGES
};

struct sim_revoke_run {
    enum sim_revoke_stage stage;
    weft_ns again_at;
    struct weft_command command;
};

void sim_revoke_begin(struct sim_fleet *fleet, uint32_t server, uint32_t window);
void sim_abort_begin(struct sim_fleet *fleet, uint32_t server);
weft_ns sim_revokes_next_at(const struct sim_fleet *fleet);
void sim_revokes_due(struct sim_fleet *fleet);
void sim_revokes_check_done(struct sim_fleet *fleet);

#endif
