/* Memory and windows of a machine: which ports are asked and told; see machine.h. */
#include "machine.h"

#include "log.h"

static bool knows_streams(const struct weft_machine *machine, uint32_t port)
{
    /* Transports that chain copies do so on streams; others have the stubs. */
    return port != WEFT_NONE && machine->transports[machine->ports[port].transport].row->chains;
}

uint32_t weft_machine_stream_port(const struct weft_machine *machine, uint32_t device)
{
    if (knows_streams(machine, machine->memory_ports[device]))
        return machine->memory_ports[device];
    for (uint32_t i = 0; i < machine->port_count; i++)
        if (knows_streams(machine, i))
            return i;
    return WEFT_NONE;
}

static bool is_host_memory(const struct weft_machine *machine, uint32_t device)
{
    return machine->topo.devices[device].kind == weftDeviceDram;
}

static bool serves(const struct weft_machine *machine, uint32_t port, uint32_t device)
{
    return machine->transports[machine->ports[port].transport].touches[device];
}

/* Takes back the pins of host memory from the ports below `port_end`. */
static void unpin(struct weft_machine *machine, uint32_t port_end, uint32_t device, void *memory,
                  size_t size)
{
    if (!is_host_memory(machine, device))
        return;
    for (uint32_t i = 0; i < port_end; i++)
        if (serves(machine, i, device))
            machine->ports[i].ops->unpin(machine->ports[i].port, memory, size);
}

/* Pins host memory for every port that reaches it, or for none. */
static weftResult_t pin(struct weft_machine *machine, uint32_t device, void *memory, size_t size,
                        char why[256])
{
    if (!is_host_memory(machine, device))
        return weftSuccess;
    for (uint32_t i = 0; i < machine->port_count; i++) {
        weftResult_t result;

        if (!serves(machine, i, device))
            continue;
        result = machine->ports[i].ops->pin(machine->ports[i].port, memory, size, why);
        if (result != weftSuccess) {
            unpin(machine, i, device, memory, size);
            return result;
        }
    }
    return weftSuccess;
}

weftResult_t weft_machine_alloc(struct weft_machine *machine, uint32_t device, size_t size,
                                void **memory, char why[256])
{
    const struct weft_machine_port *port;
    void *made;
    weftResult_t result;

    weft_assert(machine->memory_ports[device] != WEFT_NONE);
    port = &machine->ports[machine->memory_ports[device]];
    result = port->ops->alloc(port->port, size, &made);
    if (result != weftSuccess) {
        weft_format(why, 256, "it has no room for %zu bytes", size);
        return result;
    }
    result = pin(machine, device, made, size, why);
    if (result != weftSuccess) {
        port->ops->free(port->port, made);
        return result;
    }
    *memory = made;
    return weftSuccess;
}

void weft_machine_free(struct weft_machine *machine, uint32_t device, void *memory, size_t size)
{
    const struct weft_machine_port *port;

    if (memory == NULL)
        return;
    weft_assert(machine->memory_ports[device] != WEFT_NONE);
    unpin(machine, machine->port_count, device, memory, size);
    port = &machine->ports[machine->memory_ports[device]];
    port->ops->free(port->port, memory);
}

weftResult_t weft_machine_window_add(struct weft_machine *machine, uint32_t window, uint32_t device,
                                     void *base, size_t size, char why[256])
{
    const struct weft_device *found = &machine->topo.devices[device];
    struct weft_device_ref ref = {
        .device = device, .kind = found->kind, .numa_node = found->numa_node};
    weftResult_t result = weftSuccess;
    uint32_t told = 0;

    weft_text_copy(ref.bus, sizeof(ref.bus), found->bus);
    /* An emulated machine's NUMA nodes are not this machine's: it has to be told. */
    if (machine->emulation.on && is_host_memory(machine, device))
        (void)machine->emulation.place(base, size, found->numa_node);
    for (; told < machine->port_count; told++) {
        const struct weft_machine_port *port = &machine->ports[told];

        if (!serves(machine, told, device))
            continue;
        result = port->ops->window_add(port->port, window, &ref, base, size, why);
        if (result != weftSuccess)
            break;
    }
    if (result == weftSuccess)
        return weftSuccess;
    while (told-- > 0)
        if (serves(machine, told, device))
            machine->ports[told].ops->window_remove(machine->ports[told].port, window);
    return result;
}

void weft_machine_window_remove(struct weft_machine *machine, uint32_t window, uint32_t device)
{
    for (uint32_t i = 0; i < machine->port_count; i++)
        if (serves(machine, i, device))
            machine->ports[i].ops->window_remove(machine->ports[i].port, window);
}

static const struct weft_machine_port *memory_port(const struct weft_machine *machine,
                                                   uint32_t device)
{
    weft_assert(machine->memory_ports[device] != WEFT_NONE);
    return &machine->ports[machine->memory_ports[device]];
}

weftResult_t weft_machine_export(struct weft_machine *machine, uint32_t device, uint32_t window,
                                 struct weft_ticket *ticket, char why[256])
{
    const struct weft_machine_port *port = memory_port(machine, device);

    return port->ops->window_export(port->port, window, ticket, why);
}

weftResult_t weft_machine_import(struct weft_machine *machine, uint32_t device,
                                 const struct weft_ticket *ticket, size_t size, void **base,
                                 char why[256])
{
    const struct weft_machine_port *port = memory_port(machine, device);

    return port->ops->window_import(port->port, ticket, size, base, why);
}

void weft_machine_import_end(struct weft_machine *machine, uint32_t device, void *base)
{
    const struct weft_machine_port *port = memory_port(machine, device);

    port->ops->import_end(port->port, base);
}
