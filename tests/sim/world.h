/* The machine and the settings of a run, drawn from its dice: a preset or a random topology, the
 * hops that transports would offer, which devices have relays, and how the host and the ports
 * behave. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "core/config.h"
#include "core/hop.h"
#include "core/relay.h"
#include "dice.h"

#define SIM_HOLDERS_MAX 32

struct sim_world {
    struct weft_topo topo;
    struct weft_hop_table hops;
    struct weft_config config;
    uint32_t holders[SIM_HOLDERS_MAX]; /* devices that hold windows and take part */
    uint32_t holder_count;
    bool has_relay[WEFT_DEVICES_MAX];
    bool is_quiet;               /* no faults, one transfer at a time, settings near the defaults */
    uint32_t port_copies_max;    /* copies that a port queues before it refuses */
    weft_ns extent_ns;           /* what each extent adds to a copy */
    weft_ns delivery_ns_max;     /* how late the host may notice that a copy has ended */
    weft_ns wakeup_ns_max;       /* how late the host may notice the engine's deadline */
    uint32_t cut_refuse_percent; /* copies on a cut link that fail at once */
};

void sim_world_draw(struct sim_world *world, struct sim_dice *machine, struct sim_dice *settings);

/* The same machine for every seed: the preset `name`, default settings, relays everywhere. */
void sim_world_preset(struct sim_world *world, const char *name);

/* The best rate of one route between two holders: direct, or over one relay. */
uint64_t sim_world_rate(const struct sim_world *world, uint32_t src_device, uint32_t dst_device);

void sim_world_print(const struct sim_world *world);

#endif
