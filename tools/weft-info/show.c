/* Shows version, transports, devices, interfaces and settings; see show.h. */
#include "show.h"

#include <stdio.h>

#include "base/text.h"
#include "common/interfaces.h"
#include "common/table.h"
#include "core/preset.h"
#include "core/topo.h"

static const char *const origins[WEFT_CONFIG_ORIGINS] = {
    [WEFT_CONFIG_DEFAULT] = "default",
    [WEFT_CONFIG_ENVIRONMENT] = "environment",
    [WEFT_CONFIG_CALL] = "option",
};

static bool has_gpu(const struct weft_machine *machine)
{
    uint32_t gpu = weft_topo_nth(&machine->topo, weftDeviceGpu, 0);

    return gpu != WEFT_NONE && machine->memory_ports[gpu] != WEFT_NONE;
}

static uint32_t port_count(const struct weft_machine *machine, uint32_t transport)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < machine->port_count; i++)
        count += machine->ports[i].transport == transport;
    return count;
}

/* ---- text ---- */

/* A secret is not for logs and screens. */
static void value_get(const struct weft_config *config, uint32_t index,
                      char value[WEFT_CONFIG_TEXT_BYTES])
{
    weft_text_copy(value, WEFT_CONFIG_TEXT_BYTES, "?");
    (void)weft_config_get(config, index, value, WEFT_CONFIG_TEXT_BYTES);
    if (index == WEFT_SETTING_tenant_secret && value[0] != '\0')
        weft_text_copy(value, WEFT_CONFIG_TEXT_BYTES, "(hidden)");
}

static void print_settings(const struct weft_config *config)
{
    struct weft_table table;

    (void)printf("\nsettings\n");
    weft_table_init(&table, 5);
    for (uint32_t i = 0; i < WEFT_SETTINGS; i++) {
        const struct weft_setting *row = weft_config_row(i);
        char value[WEFT_CONFIG_TEXT_BYTES];

        value_get(config, i, value);
        weft_table_add(&table, "%s", row->name);
        weft_table_add(&table, "%s", value[0] == '\0' ? "\"\"" : value);
        weft_table_add(&table, "%s", row->is_number ? row->unit : "");
        weft_table_add(&table, "%s", origins[config->origins[i]]);
        weft_table_add(&table, "%s", row->about);
    }
    weft_table_print(&table, stdout, 2);
    weft_table_fini(&table);
}

static void print_transports(const struct weft_machine *machine)
{
    struct weft_table table;

    (void)printf("\ntransports\n");
    weft_table_init(&table, 3);
    for (uint32_t i = 0; i < machine->transport_count; i++) {
        const struct weft_machine_transport *transport = &machine->transports[i];

        weft_table_add(&table, "%s", transport->row->ops->name);
        if (transport->present)
            weft_table_add(&table, "%u ports", port_count(machine, i));
        else
            weft_table_add(&table, "not used");
        weft_table_add(&table, "%s", transport->present ? transport->row->about : transport->why);
    }
    weft_table_print(&table, stdout, 2);
    weft_table_fini(&table);
}

static void print_devices(const struct weft_machine *machine)
{
    struct weft_table table;

    (void)printf("\ndevices\n");
    weft_table_init(&table, 6);
    for (uint32_t i = 0; i < machine->topo.device_count; i++) {
        const struct weft_device *device = &machine->topo.devices[i];

        weft_table_add(&table, "%u.%u.%u.%u:%u", machine->server >> 24, machine->server >> 16 & 255,
                       machine->server >> 8 & 255, machine->server & 255, i);
        weft_table_add(&table, "%s", device->name);
        weft_table_add(&table, "%s", device->bus);
        if (device->numa_node >= 0)
            weft_table_add(&table, "node %d", device->numa_node);
        else
            weft_table_add(&table, "%s", "");
        weft_table_add(&table, "%s", machine->memory_ports[i] != WEFT_NONE ? "windows" : "");
        weft_table_add(&table, "%s", device->model);
    }
    weft_table_print(&table, stdout, 2);
    weft_table_fini(&table);
}

static void print_presets(void)
{
    (void)printf("\nno GPU here; machines to emulate (WEFT_EMULATE=NAME or --node NAME)\n");
    for (uint32_t i = 0; weft_preset_name(i) != NULL; i++)
        (void)printf("  %-12s %s\n", weft_preset_name(i), weft_preset_about(i));
}

void weft_info_print(const struct weft_info *info, bool settings)
{
    const struct weft_machine *machine = info->machine;

    (void)printf("weft %s\n", WEFT_VERSION_TEXT);
    if (machine == NULL)
        (void)printf("machine not described: %s\n", info->why);
    else if (machine->emulation.on)
        (void)printf("machine %s, EMULATED, dilation %llu, %u hops\n", machine->topo.name,
                     (unsigned long long)machine->emulation.dilation, machine->hops.count);
    else
        (void)printf("machine %s, %u hops\n", machine->topo.name, machine->hops.count);
    if (machine != NULL) {
        print_transports(machine);
        print_devices(machine);
        weft_interfaces_print(&machine->interfaces, &machine->topo);
        for (uint32_t i = 0; i < machine->topo.note_count; i++)
            (void)printf("%s  %s\n", i == 0 ? "\nassumed\n" : "", machine->topo.notes[i]);
    }
    if (machine == NULL || !has_gpu(machine))
        print_presets();
    if (settings)
        print_settings(info->config);
}

/* ---- JSON ---- */

static void add_machine(cJSON *tree, const struct weft_machine *machine)
{
    cJSON *transports = cJSON_AddArrayToObject(tree, "transports");
    cJSON *devices = cJSON_AddArrayToObject(tree, "devices");

    for (uint32_t i = 0; i < machine->transport_count; i++) {
        const struct weft_machine_transport *transport = &machine->transports[i];
        cJSON *row = cJSON_CreateObject();

        (void)cJSON_AddStringToObject(row, "name", transport->row->ops->name);
        (void)cJSON_AddBoolToObject(row, "present", transport->present);
        (void)cJSON_AddNumberToObject(row, "ports", port_count(machine, i));
        if (!transport->present)
            (void)cJSON_AddStringToObject(row, "why", transport->why);
        (void)cJSON_AddItemToArray(transports, row);
    }
    for (uint32_t i = 0; i < machine->topo.device_count; i++) {
        const struct weft_device *device = &machine->topo.devices[i];
        cJSON *row = cJSON_CreateObject();

        (void)cJSON_AddNumberToObject(row, "local", i);
        (void)cJSON_AddStringToObject(row, "name", device->name);
        (void)cJSON_AddStringToObject(row, "kind", weft_device_kind_name(device->kind));
        (void)cJSON_AddStringToObject(row, "bus", device->bus);
        (void)cJSON_AddStringToObject(row, "model", device->model);
        (void)cJSON_AddNumberToObject(row, "numa_node", device->numa_node);
        (void)cJSON_AddNumberToObject(row, "memory_bytes", (double)device->memory_bytes);
        (void)cJSON_AddBoolToObject(row, "windows", machine->memory_ports[i] != WEFT_NONE);
        (void)cJSON_AddItemToArray(devices, row);
    }
    (void)cJSON_AddItemToObject(tree, "interfaces",
                                weft_interfaces_json(&machine->interfaces, &machine->topo));
}

static void add_settings(cJSON *tree, const struct weft_config *config)
{
    cJSON *settings = cJSON_AddArrayToObject(tree, "settings");

    for (uint32_t i = 0; i < WEFT_SETTINGS; i++) {
        const struct weft_setting *setting = weft_config_row(i);
        cJSON *row = cJSON_CreateObject();
        char value[WEFT_CONFIG_TEXT_BYTES];

        value_get(config, i, value);
        (void)cJSON_AddStringToObject(row, "name", setting->name);
        (void)cJSON_AddStringToObject(row, "value", value);
        (void)cJSON_AddStringToObject(row, "origin", origins[config->origins[i]]);
        (void)cJSON_AddStringToObject(row, "about", setting->about);
        if (setting->is_number)
            (void)cJSON_AddStringToObject(row, "unit", setting->unit);
        (void)cJSON_AddItemToArray(settings, row);
    }
}

cJSON *weft_info_json(const struct weft_info *info)
{
    const struct weft_machine *machine = info->machine;
    cJSON *tree = cJSON_CreateObject();
    cJSON *emulated;

    (void)cJSON_AddStringToObject(tree, "version", WEFT_VERSION_TEXT);
    (void)cJSON_AddStringToObject(tree, "machine", machine != NULL ? machine->topo.name : "");
    if (machine == NULL)
        (void)cJSON_AddStringToObject(tree, "why", info->why);
    if (machine != NULL && machine->emulation.on) {
        emulated = cJSON_AddObjectToObject(tree, "emulated");
        (void)cJSON_AddStringToObject(emulated, "node", machine->emulation.node);
        (void)cJSON_AddNumberToObject(emulated, "dilation", (double)machine->emulation.dilation);
    } else {
        (void)cJSON_AddNullToObject(tree, "emulated");
    }
    if (machine != NULL)
        add_machine(tree, machine);
    add_settings(tree, info->config);
    return tree;
}
