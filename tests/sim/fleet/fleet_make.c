/* What all fleets are made of. */
#include "fleet_make.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "host/peers.h"

#define HOST_COPY_NS     1000
#define NIC_BYTES_PER_US 1000 /* where no link says it */

void sim_fleet_fit_config(struct sim_fleet *fleet)
{
    struct weft_config *config = &fleet->config;

    config->windows_max = 128;
    config->peers_max = WEFT_PEERS_MAX;
    config->trace_records = 1024;
    weft_text_copy(config->net, sizeof(config->net), "sim");
    weft_text_copy(config->net_siblings, sizeof(config->net_siblings), "net");
    weft_text_copy(config->loads, sizeof(config->loads), "own");
    fleet->silence_ns = config->net_silence_ms * WEFT_NS_PER_MS;
}

void sim_fleet_take_config(const struct sim_fleet *fleet, struct sim_server *server)
{
    struct weft_config *config = &server->world->config;
    struct weft_text text;

    *config = fleet->config;
    if (server->gpus)
        weft_text_copy(config->emulate, sizeof(config->emulate), "sim");
    weft_text_init(&text, config->net_address, sizeof(config->net_address));
    for (uint32_t i = 0; i < server->nic_count; i++)
        weft_text_add(&text, i == 0 ? "nic" : ",nic");
}

void sim_fleet_add_host_copies(struct sim_world *world)
{
    for (uint32_t i = 0; i < world->holder_count; i++)
        if (world->topo.devices[world->holders[i]].kind == weftDeviceDram)
            (void)weft_hop_add(&world->hops, &world->topo, world->holders[i], world->holders[i],
                               world->holders[i], false, 0, HOST_COPY_NS);
}

static void find_nics(struct sim_server *server)
{
    const struct weft_topo *topo = &server->world->topo;

    server->nic_count = 0;
    for (uint32_t i = 0; i < topo->device_count && server->nic_count < WEFT_NET_NICS_MAX; i++) {
        struct sim_nic *nic = &server->nics[server->nic_count];

        if (topo->devices[i].kind != weftDeviceNic)
            continue;
        *nic = (struct sim_nic){.permille = 1000, .rate_bytes_per_us = NIC_BYTES_PER_US};
        for (uint32_t k = 0; k < topo->link_count; k++)
            if (topo->links[k].from == i && topo->links[k].kind == WEFT_LINK_NET)
                nic->rate_bytes_per_us = topo->links[k].rate_bytes_per_us;
        server->nic_count++;
    }
}

/* Host memory first: who asks for no GPU memory of a peer asks for that. */
static void find_holders(struct sim_server *server)
{
    const struct sim_world *world = server->world;

    server->holder_count = 0;
    for (uint32_t pass = 0; pass < 2; pass++)
        for (uint32_t i = 0; i < world->holder_count; i++) {
            bool is_dram = world->topo.devices[world->holders[i]].kind == weftDeviceDram;

            if (server->holder_count < SIM_FLEET_HOLDERS && is_dram == (pass == 0) &&
                (pass == 1 || server->holder_count == 0))
                server->holders[server->holder_count++] = world->holders[i];
        }
}

void sim_fleet_begin_server(struct sim_fleet *fleet, uint32_t index)
{
    struct sim_server *server = &fleet->servers[index];
    const struct sim_world *world = server->world;

    find_nics(server);
    find_holders(server);
    free(server->imports);
    server->imports =
        calloc((size_t)fleet->server_count * SIM_FLEET_WINDOWS, sizeof(*server->imports));
    weft_assert(server->imports != NULL);
    memset(server->links_until, 0, world->topo.link_count * sizeof(server->links_until[0]));
    memset(server->stalled, 0, world->hops.count * sizeof(server->stalled[0]));
    memset(server->failing, 0, world->hops.count * sizeof(server->failing[0]));
    server->life = 0;
    server->stops = 0;
    server->tells_nics = false;
    server->said = (struct weft_agent_version){0, 0};
    server->state = SIM_SERVER_DEAD;
}
