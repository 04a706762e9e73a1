/* A port of a simulated server: copies inside it, behind the table of functions of
 * weft_transport.h. */
#ifndef SIM_FLEET_PORT_H
#define SIM_FLEET_PORT_H

#include "base/list.h"
#include "weft_transport.h"

struct sim_fleet;

struct sim_port {
    struct weft_port_base base;
    struct sim_fleet *fleet;
    uint32_t server;
    uint32_t device;
    uint32_t copies;
    struct weft_list ended; /* items */
};

extern const struct weft_transport_ops sim_port_ops;

/* Whose ports are opened from now on. */
void sim_port_use(struct sim_fleet *fleet);

/* A LOCAL item goes on. */
void sim_port_due(struct sim_fleet *fleet, uint32_t item);

/* The hop is stalled no longer. */
void sim_port_resume(struct sim_fleet *fleet, uint32_t server, uint32_t hop);

#endif
