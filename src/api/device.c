/* Devices: lists, properties, and DevIDs as text. */
#include "device.h"

#include <string.h>

#include "../host/log.h"
#include "error.h"

#define NAMES_BYTES 256

/* "gpu0, gpu1, dram0, ...": what a wrong name could have been. */
static const char *names_of(const struct weft_comm *comm, char text[NAMES_BYTES])
{
    const struct weft_topo *topo = &comm->loop->machine->topo;
    struct weft_text names;

    weft_text_init(&names, text, NAMES_BYTES);
    for (uint32_t i = 0; i < topo->device_count; i++) {
        if (!weft_topo_holds_bytes(topo, i))
            continue;
        if (names.used > 0)
            weft_text_add(&names, ", ");
        weft_text_add(&names, topo->devices[i].name);
    }
    return text;
}

weftResult_t weft_device_get(const char *call, const struct weft_comm *comm, weftDevId_t id,
                             uint32_t *device)
{
    const struct weft_machine *machine = comm->loop->machine;
    char names[NAMES_BYTES];

    if (id.server == machine->server && id.local < machine->topo.device_count) {
        *device = id.local;
        return weftSuccess;
    }
    if (id.server != machine->server)
        return weft_error(weftInvalidArgument,
                          "%s: the device is on server %u.%u.%u.%u, this one is %u.%u.%u.%u", call,
                          id.server >> 24, id.server >> 16 & 255, id.server >> 8 & 255,
                          id.server & 255, machine->server >> 24, machine->server >> 16 & 255,
                          machine->server >> 8 & 255, machine->server & 255);
    return weft_error(weftInvalidArgument,
                      "%s: there is no device %u; they are 0 to %u, memory is on %s", call,
                      id.local, machine->topo.device_count - 1, names_of(comm, names));
}

weftResult_t weftDeviceList(weftComm_t handle, weftDevId_t *ids, int *count)
{
    static const char call[] = "weftDeviceList";
    struct weft_comm *comm;
    int there;
    int room;

    WEFT_TRY(weft_comm_get(call, handle, &comm));
    if (count == NULL)
        return weft_error(weftInvalidArgument, "%s: count is NULL", call);
    there = (int)comm->loop->machine->topo.device_count;
    room = *count;
    *count = there;
    if (ids == NULL)
        return weftSuccess;
    if (room < there)
        return weft_error(weftNoResource, "%s: ids has room for %d, there are %d", call, room,
                          there);
    for (int i = 0; i < there; i++)
        ids[i] = (weftDevId_t){comm->loop->machine->server, (uint32_t)i};
    return weftSuccess;
}

weftResult_t weftDeviceGetProps(weftComm_t handle, weftDevId_t id, weftDeviceProps_t *props)
{
    static const char call[] = "weftDeviceGetProps";
    struct weft_comm *comm;
    const struct weft_device *found;
    weftDeviceProps_t made = {.id = id};
    uint32_t device;

    WEFT_TRY(weft_comm_get(call, handle, &comm));
    if (props == NULL)
        return weft_error(weftInvalidArgument, "%s: props is NULL", call);
    WEFT_TRY(weft_device_get(call, comm, id, &device));
    found = &comm->loop->machine->topo.devices[device];
    made.kind = found->kind;
    weft_text_copy(made.name, sizeof(made.name), found->name);
    weft_text_copy(made.model, sizeof(made.model), found->model);
    weft_text_copy(made.bus, sizeof(made.bus), found->bus);
    made.numaNode = found->numa_node;
    made.holdsWindows = comm->loop->machine->memory_ports[device] != WEFT_NONE;
    made.memoryBytes = found->memory_bytes;
    made.emulated = comm->loop->machine->emulation.on;
    *props = made;
    return weftSuccess;
}

/* A number below 2^32, to the end of the text; false when it is none. */
static bool parse_number(const char *text, uint32_t *number)
{
    uint64_t value = 0;

    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9' || value > UINT32_MAX / 10)
            return false;
        value = value * 10 + (uint64_t)(*text - '0');
    }
    *number = (uint32_t)value;
    return value <= UINT32_MAX;
}

weftResult_t weftDevIdParse(weftComm_t handle, const char *text, weftDevId_t *id)
{
    static const char call[] = "weftDevIdParse";
    struct weft_comm *comm;
    const struct weft_machine *machine;
    const char *colon;
    const char *local;
    char server[32];
    char names[NAMES_BYTES];
    weftDevId_t made;

    WEFT_TRY(weft_comm_get(call, handle, &comm));
    if (text == NULL || id == NULL)
        return weft_error(weftInvalidArgument, "%s: %s is NULL", call,
                          text == NULL ? "text" : "id");
    machine = comm->loop->machine;
    made.server = machine->server;
    colon = strchr(text, ':');
    local = colon == NULL ? text : colon + 1;
    if (colon != NULL) {
        size_t length = (size_t)(colon - text);

        weft_text_copy(server, weft_min(length + 1, sizeof(server)), text);
        if (!weft_server_parse(server, &made.server))
            return weft_error(weftInvalidArgument,
                              "%s: \"%.64s\" does not begin with a server as 11.1.1.1", call, text);
    }
    made.local = weft_topo_find(&machine->topo, local);
    if (made.local == WEFT_NONE && (colon == NULL || !parse_number(local, &made.local)))
        return weft_error(weftInvalidArgument, "%s: \"%.64s\" is no device; memory is on %s", call,
                          text, names_of(comm, names));
    WEFT_TRY(weft_device_get(call, comm, made, &made.local));
    *id = made;
    return weftSuccess;
}

weftResult_t weftDevIdFormat(weftDevId_t id, char *text, size_t size)
{
    char made[32];

    if (text == NULL)
        return weft_error(weftInvalidArgument, "weftDevIdFormat: text is NULL");
    weft_format(made, sizeof(made), "%u.%u.%u.%u:%u", id.server >> 24, id.server >> 16 & 255,
                id.server >> 8 & 255, id.server & 255, id.local);
    if (strlen(made) >= size)
        return weft_error(weftInvalidArgument,
                          "weftDevIdFormat: \"%s\" does not fit into %zu bytes (24 always fit)",
                          made, size);
    weft_text_copy(text, size, made);
    return weftSuccess;
}
