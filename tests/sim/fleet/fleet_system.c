/* What stands for the system under src/host: the clock, the machine's description, the tables of
 * transports, random numbers, the progress thread. One thread, one fleet at a time. */
#include "fleet_system.h"

#include <string.h>

#include "../../../plugins/cuda-emu/emu.h"
#include "fleet.h"
#include "host/agent_name.h"
#include "host/discover.h"
#include "host/registry.h"
#include "host/share.h"
#include "host/topo_xml.h"

#define DILATION 100

static struct sim_fleet *fleet_now;

void sim_system_use(struct sim_fleet *fleet)
{
    fleet_now = fleet;
}

/* ---- clock.h ---- */

/* The same for all servers, whether theirs is emulated or not: peers tell each other real times. */
void weft_clock_init(struct weft_clock *clock, uint64_t dilation)
{
    (void)dilation;
    *clock = (struct weft_clock){.dilation = DILATION};
}

weft_ns weft_clock_now(const struct weft_clock *clock)
{
    (void)clock;
    return fleet_now->now;
}

uint64_t weft_clock_real(const struct weft_clock *clock, weft_ns duration)
{
    return duration > UINT64_MAX / clock->dilation ? UINT64_MAX : duration * clock->dilation;
}

weft_ns weft_clock_after(const struct weft_clock *clock, weft_ns duration)
{
    return weft_add_sat(weft_clock_now(clock), duration);
}

void weft_clock_sleep(const struct weft_clock *clock, weft_ns duration)
{
    (void)clock;
    (void)duration;
}

uint64_t weft_clock_thread_cpu(pthread_t thread)
{
    (void)thread;
    return 0;
}

/* ---- the machine ---- */

static struct sim_server *opening(void)
{
    return &fleet_now->servers[fleet_now->opening];
}

static int place(const void *base, size_t size, int numa_node)
{
    (void)base;
    (void)size;
    (void)numa_node;
    return 0;
}

/* The server whose round it is asks for a NIC of its own, by the name of that and "-net". */
static struct sim_nic *find_nic(const char *link)
{
    struct sim_server *server = &fleet_now->servers[fleet_now->looking];
    const struct weft_topo *topo = &server->world->topo;
    uint32_t number = 0;

    for (uint32_t i = 0; i < topo->device_count && number < server->nic_count; i++) {
        size_t length = strlen(topo->devices[i].name);

        if (topo->devices[i].kind != weftDeviceNic)
            continue;
        if (strncmp(link, topo->devices[i].name, length) == 0 && strcmp(link + length, "-net") == 0)
            return &server->nics[number];
        number++;
    }
    return NULL;
}

static int link_look(const char *link, struct weft_emu_link_now *now)
{
    struct sim_nic *nic = fleet_now->servers[fleet_now->looking].tells_nics ? find_nic(link) : NULL;

    if (nic == NULL)
        return -1;
    *now = (struct weft_emu_link_now){.is_cut = nic->state == WEFT_NET_SHAPE_CUT};
    if (nic->state == WEFT_NET_SHAPE_UP)
        now->out_bytes_per_us = weft_max(nic->rate_bytes_per_us * nic->permille / 1000, 1);
    now->in_bytes_per_us = now->out_bytes_per_us;
    nic->is_told_cut |= now->is_cut;
    return 0;
}

weftResult_t weft_emulation_open(const struct weft_config *config, struct weft_emulation *emulation,
                                 char why[WEFT_PLUGIN_WHY_BYTES])
{
    (void)config;
    (void)why;
    *emulation = (struct weft_emulation){
        .on = opening()->gpus, .dilation = 1, .place = place, .link_look = link_look};
    return weftSuccess;
}

weftResult_t weft_topo_xml_read(const char *path, struct weft_topo *topo,
                                char why[WEFT_TOPO_WHY_BYTES])
{
    (void)path;
    (void)why;
    *topo = opening()->world->topo;
    return weftSuccess;
}

weftResult_t weft_topo_xml_write(const char *path, const struct weft_topo *topo,
                                 char why[WEFT_TOPO_WHY_BYTES])
{
    (void)path;
    (void)topo;
    (void)why;
    return weftSystemError;
}

weftResult_t weft_discover(const struct weft_config *config, struct weft_topo *topo,
                           char why[WEFT_DISCOVER_WHY_BYTES])
{
    (void)config;
    return weft_topo_xml_read("", topo, why);
}

const struct weft_registry_row *weft_registry_row(uint32_t index)
{
    static const struct weft_registry_row row = {&sim_port_ops, "simulated copies", 1000, true};

    return index == 0 ? &row : NULL;
}

const struct weft_net_ops *weft_registry_net(const char *name)
{
    (void)name;
    return &sim_net_ops;
}

weftResult_t weft_registry_wrap(const struct weft_registry_row *row, const char *plan,
                                const struct weft_transport_ops **ops, char why[256])
{
    (void)plan;
    (void)why;
    *ops = row->ops;
    return weftSuccess;
}

bool weft_random(void *bytes, size_t size)
{
    struct weft_prng prng;
    uint8_t *at = bytes;

    weft_prng_init(&prng, weft_hash_word(fleet_now->source.seed, ++fleet_now->randoms));
    for (size_t i = 0; i < size; i++)
        at[i] = (uint8_t)(weft_prng_next(&prng) >> 16);
    return true;
}

/* A server's next life has the name of the one before. */
uint64_t weft_agent_name_take(uint32_t server, uint64_t incarnation, int *fd)
{
    (void)server;
    (void)incarnation;
    *fd = -1;
    return sim_agent_name(fleet_now, fleet_now->opening);
}

uint64_t weft_agent_name_born_ns(void)
{
    return fleet_now->now + opening()->life;
}

/* Its rounds are the fleet's to call. */
weftResult_t weft_loop_start(struct weft_loop *loop)
{
    loop->running = false;
    return weftSuccess;
}

weftResult_t weft_loop_help(struct weft_loop *loop)
{
    (void)loop;
    return weftInvalidUsage;
}

bool weft_loop_await(struct weft_loop *loop, struct weft_loop_wait *wait, weft_ns now)
{
    (void)loop;
    (void)wait;
    (void)now;
    return false;
}

void weft_loop_await_end(struct weft_loop *loop, const struct weft_loop_wait *wait)
{
    (void)loop;
    (void)wait;
}

void weft_loop_ring(struct weft_loop *loop)
{
    (void)loop;
}
