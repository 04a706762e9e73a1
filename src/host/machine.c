/* Makes the machine of a comm; see machine.h. */
#include "machine.h"

#include <pthread.h>
#include <stdlib.h>

#include "../core/engine.h"
#include "../core/preset.h"
#include "discover.h"
#include "log.h"
#include "topo_xml.h"

/* Guards what transports share in a process: loading a driver, opening and closing ports. */
static pthread_mutex_t transports_lock = PTHREAD_MUTEX_INITIALIZER;

bool weft_server_parse(const char *text, uint32_t *server)
{
    uint32_t value = 0;

    for (uint32_t part = 0; part < 4; part++) {
        uint32_t number = 0;
        uint32_t digits = 0;

        for (; *text >= '0' && *text <= '9' && digits < 4; text++, digits++)
            number = number * 10 + (uint32_t)(*text - '0');
        if (digits == 0 || number > 255 || *text != (part < 3 ? '.' : '\0'))
            return false;
        text++;
        value = value << 8 | number;
    }
    *server = value;
    return true;
}

static weftResult_t describe_topo(const struct weft_config *config, struct weft_machine *machine,
                                  char why[WEFT_MACHINE_WHY_BYTES])
{
    if (machine->emulation.on && weft_preset_fill(config->emulate, &machine->topo))
        return weftSuccess;
    if (machine->emulation.on)
        return weft_topo_xml_read(config->emulate, &machine->topo, why);
    if (config->topo_file[0] != '\0')
        return weft_topo_xml_read(config->topo_file, &machine->topo, why);
    return weft_discover(config, &machine->topo, why);
}

weftResult_t weft_machine_describe(const struct weft_config *config, struct weft_machine *machine,
                                   char why[WEFT_MACHINE_WHY_BYTES])
{
    const char *wrong;

    if (!weft_server_parse(config->server_id, &machine->server)) {
        weft_format(why, WEFT_MACHINE_WHY_BYTES,
                    "the setting server_id is \"%.64s\"; it must be four numbers 0 to 255 with "
                    "points between them, as 11.1.1.1",
                    config->server_id);
        return weftInvalidArgument;
    }
    WEFT_TRY(weft_emulation_open(config, &machine->emulation, why));
    WEFT_TRY(describe_topo(config, machine, why));
    wrong = weft_topo_check(&machine->topo);
    if (wrong != NULL) {
        weft_format(why, WEFT_MACHINE_WHY_BYTES, "the topology \"%s\" is wrong: %s",
                    machine->topo.name, wrong);
        return weftSystemError;
    }
    if (config->topo_dump_file[0] != '\0')
        WEFT_TRY(weft_topo_xml_write(config->topo_dump_file, &machine->topo, why));
    /* Not the topology's, so not in the dump: which interfaces there are now, and how the machine
     * is run. */
    weft_interfaces_find(config, &machine->interfaces);
    weft_interfaces_join("/sys", &machine->interfaces, &machine->topo);
    if (machine->emulation.on)
        weft_topo_note(&machine->topo,
                       "emulated: GPU copies are timed as described; copies between "
                       "host memories run at this machine's own speed");
    return weftSuccess;
}

static void device_ref(const struct weft_machine *machine, uint32_t device,
                       struct weft_device_ref *ref)
{
    const struct weft_device *found = &machine->topo.devices[device];

    ref->device = device;
    ref->kind = found->kind;
    ref->numa_node = found->numa_node;
    weft_text_copy(ref->bus, sizeof(ref->bus), found->bus);
}

/* The transport's port on a device, opened when it is the first use; WEFT_NONE when it cannot be.
 * */
static uint32_t port_of(struct weft_machine *machine, uint32_t transport, uint32_t device,
                        bool *failed)
{
    const struct weft_transport_ops *ops = machine->transports[transport].ops;
    struct weft_machine_port *port = &machine->ports[machine->port_count];
    struct weft_device_ref ref;
    weftResult_t result;

    for (uint32_t i = 0; i < machine->port_count; i++)
        if (machine->ports[i].transport == transport && machine->ports[i].device == device)
            return i;
    if (failed[device] || machine->port_count == WEFT_MACHINE_PORTS_MAX)
        return WEFT_NONE;
    device_ref(machine, device, &ref);
    result = ops->open(&machine->env, &ref, &port->port);
    if (result != weftSuccess) {
        failed[device] = true;
        weft_log(WEFT_LOG_WARN, ops->name, "%s cannot be opened and is not used (result %d)",
                 machine->topo.devices[device].name, (int)result);
        return WEFT_NONE;
    }
    port->ops = ops;
    port->transport = transport;
    port->device = device;
    if (machine->memory_ports[device] == WEFT_NONE)
        machine->memory_ports[device] = machine->port_count;
    return machine->port_count++;
}

/* Opens the lane of an offered hop and adds the hop; hops that are there already stay as they are.
 * */
static void hop_join(struct weft_machine *machine, uint32_t transport,
                     const struct weft_hop_offer *offer, bool *failed)
{
    const struct weft_registry_row *row = machine->transports[transport].row;
    uint32_t domain = row->chains ? transport : WEFT_TRANSPORTS_MAX + machine->hops.count;
    uint32_t port;
    uint32_t lane;
    uint32_t hop;

    if (weft_hop_find(&machine->hops, offer->src_device, offer->dst_device) != WEFT_NONE)
        return;
    port = port_of(machine, transport, offer->port_device, failed);
    if (port == WEFT_NONE)
        return;
    if (machine->ports[port].ops->connect(machine->ports[port].port, offer, &lane) != weftSuccess) {
        weft_log(WEFT_LOG_WARN, machine->ports[port].ops->name, "no lane from %s to %s",
                 machine->topo.devices[offer->src_device].name,
                 machine->topo.devices[offer->dst_device].name);
        return;
    }
    hop = weft_hop_add(&machine->hops, &machine->topo, offer->src_device, offer->dst_device,
                       offer->port_device, offer->peer, domain, row->overhead_ns);
    if (hop == WEFT_NONE) {
        machine->ports[port].ops->disconnect(machine->ports[port].port, lane);
        return;
    }
    machine->lanes[hop] = (struct weft_machine_lane){port, lane};
    machine->transports[transport].touches[offer->src_device] = true;
    machine->transports[transport].touches[offer->dst_device] = true;
}

/* What joining a transport needs for a while; too large for a stack. */
struct scratch {
    struct weft_device_found found[WEFT_DEVICES_MAX];
    struct weft_device_ref refs[WEFT_DEVICES_MAX];
    struct weft_hop_offer offers[WEFT_DEVICES_MAX * WEFT_DEVICES_MAX];
    bool failed[WEFT_DEVICES_MAX];
};

static void transport_join(struct weft_machine *machine, uint32_t index, struct scratch *scratch)
{
    struct weft_machine_transport *transport = &machine->transports[index];
    uint32_t count = 0;
    weftResult_t result;

    result = transport->ops->probe(&machine->env, scratch->found, WEFT_DEVICES_MAX, &count,
                                   transport->why);
    if (result != weftSuccess) {
        weft_log(result == weftInvalidUsage ? WEFT_LOG_INFO : WEFT_LOG_WARN, transport->ops->name,
                 "not used: %s", transport->why);
        return;
    }
    for (uint32_t i = 0; i < machine->topo.device_count; i++) {
        device_ref(machine, i, &scratch->refs[i]);
        scratch->failed[i] = false;
    }
    count = 0;
    result = transport->ops->hops(&machine->env, scratch->refs, machine->topo.device_count,
                                  scratch->offers, &count);
    if (result != weftSuccess) {
        weft_text_copy(transport->why, sizeof(transport->why), "it could not list its hops");
        weft_log(WEFT_LOG_WARN, transport->ops->name, "not used: %s", transport->why);
        return;
    }
    transport->present = true;
    for (uint32_t i = 0; i < count; i++)
        hop_join(machine, index, &scratch->offers[i], scratch->failed);
}

static weftResult_t transports_join(const struct weft_config *config, struct weft_machine *machine,
                                    char why[WEFT_MACHINE_WHY_BYTES])
{
    struct scratch *scratch = calloc(1, sizeof(*scratch));
    weftResult_t result = weftSuccess;

    if (scratch == NULL) {
        weft_format(why, WEFT_MACHINE_WHY_BYTES, "no memory to describe the machine");
        return weftSystemError;
    }
    for (uint32_t i = 0; result == weftSuccess && weft_registry_row(i) != NULL; i++) {
        struct weft_machine_transport *transport = &machine->transports[i];

        transport->row = weft_registry_row(i);
        transport->ops = transport->row->ops;
        machine->transport_count = i + 1;
        if (config->fault[0] != '\0')
            result = weft_registry_wrap(transport->row, config->fault, &transport->ops, why);
        if (result == weftSuccess)
            transport_join(machine, i, scratch);
    }
    free(scratch);
    WEFT_TRY(result);
    if (machine->emulation.on && !machine->transports[0].present) {
        weft_format(why, WEFT_MACHINE_WHY_BYTES, "the emulated machine %s has no driver: %s",
                    machine->emulation.node, machine->transports[0].why);
        return weftSystemError;
    }
    if (machine->port_count == 0) {
        weft_format(why, WEFT_MACHINE_WHY_BYTES,
                    "no transport drives any device of the machine \"%s\" (cuda: %s); set emulate "
                    "to run without a GPU",
                    machine->topo.name, machine->transports[0].why);
        return weftSystemError;
    }
    return weftSuccess;
}

weftResult_t weft_machine_open(const struct weft_config *config, uint32_t windows_max,
                               struct weft_machine **machine, char why[WEFT_MACHINE_WHY_BYTES])
{
    struct weft_machine *made = calloc(1, sizeof(*made));
    weftResult_t result;

    if (made == NULL) {
        weft_format(why, WEFT_MACHINE_WHY_BYTES, "no memory to describe the machine");
        return weftSystemError;
    }
    for (uint32_t i = 0; i < WEFT_DEVICES_MAX; i++)
        made->memory_ports[i] = WEFT_NONE;
    result = weft_machine_describe(config, made, why);
    if (result == weftSuccess) {
        bool own_driver = made->emulation.on && config->cuda_driver[0] == '\0';

        weft_text_copy(made->driver, sizeof(made->driver),
                       own_driver ? made->emulation.driver : config->cuda_driver);
        made->env = (struct weft_transport_env){
            .cookies_max = weft_engine_cookies(config),
            .windows_max = windows_max,
            .driver = made->driver,
            .shares = !weft_text_equal(config->net, "off"),
            .log = weft_log_transport,
        };
        pthread_mutex_lock(&transports_lock);
        result = transports_join(config, made, why);
        pthread_mutex_unlock(&transports_lock);
    }
    if (result != weftSuccess) {
        weft_machine_close(made);
        return result;
    }
    *machine = made;
    return weftSuccess;
}

void weft_machine_close(struct weft_machine *machine)
{
    if (machine == NULL)
        return;
    pthread_mutex_lock(&transports_lock);
    for (uint32_t i = 0; i < machine->hops.count; i++) {
        const struct weft_machine_port *port = &machine->ports[machine->lanes[i].port];

        port->ops->disconnect(port->port, machine->lanes[i].lane);
    }
    for (uint32_t i = 0; i < machine->port_count; i++)
        machine->ports[i].ops->close(machine->ports[i].port);
    pthread_mutex_unlock(&transports_lock);
    free(machine);
}
