/* Shows interfaces; see interfaces.h. */
#include "interfaces.h"

#include "table.h"

/* The NIC that it is, or "". */
static const char *nic_of(const struct weft_interface *row, const struct weft_topo *topo)
{
    return row->is_used && row->device != WEFT_NONE ? topo->devices[row->device].name : "";
}

static const char *address_of(const struct weft_interface *row)
{
    if (row->is_used)
        return row->address;
    return row->address_count > 0 ? row->addresses[0] : "";
}

static void add_row(struct weft_table *table, const struct weft_interface *row,
                    const struct weft_topo *topo)
{
    weft_table_add(table, "%s", row->name);
    weft_table_add(table, "%s", weft_interface_state(row));
    weft_table_add(table, "%s", address_of(row));
    if (row->place.mbps > 0)
        weft_table_add(table, "%llu Mb/s", (unsigned long long)row->place.mbps);
    else
        weft_table_add(table, "speed unknown");
    weft_table_add(table, "%s", row->place.bus);
    if (row->place.numa_node >= 0)
        weft_table_add(table, "node %d", row->place.numa_node);
    else
        weft_table_add(table, "%s", "");
    if (!row->is_used)
        weft_table_add(table, "not used: %s", row->why);
    else if (row->device != WEFT_NONE)
        weft_table_add(table, "is %s", nic_of(row, topo));
    else
        weft_table_add(table, "used");
}

void weft_interfaces_print(const struct weft_interfaces *interfaces, const struct weft_topo *topo)
{
    struct weft_table table;

    if (interfaces->count == 0)
        return;
    (void)printf("\ninterfaces\n");
    weft_table_init(&table, 7);
    for (uint32_t i = 0; i < interfaces->count; i++)
        add_row(&table, &interfaces->rows[i], topo);
    weft_table_print(&table, stdout, 2);
    weft_table_fini(&table);
    if (interfaces->wrong[0] != '\0')
        (void)printf("  %s\n", interfaces->wrong);
    else if (interfaces->used_count == 0)
        (void)printf("  none is used: a comm listens on net_address, else on 127.0.0.1, which "
                     "this machine alone reaches\n");
}

cJSON *weft_interfaces_json(const struct weft_interfaces *interfaces, const struct weft_topo *topo)
{
    cJSON *list = cJSON_CreateArray();

    for (uint32_t i = 0; i < interfaces->count; i++) {
        const struct weft_interface *row = &interfaces->rows[i];
        cJSON *object = cJSON_CreateObject();

        (void)cJSON_AddStringToObject(object, "name", row->name);
        (void)cJSON_AddStringToObject(object, "state", weft_interface_state(row));
        (void)cJSON_AddStringToObject(object, "address", address_of(row));
        (void)cJSON_AddNumberToObject(object, "mbps", (double)row->place.mbps);
        (void)cJSON_AddStringToObject(object, "bus", row->place.bus);
        (void)cJSON_AddNumberToObject(object, "numa_node", row->place.numa_node);
        (void)cJSON_AddBoolToObject(object, "used", row->is_used);
        (void)cJSON_AddStringToObject(object, "nic", nic_of(row, topo));
        (void)cJSON_AddStringToObject(object, "why", row->why);
        (void)cJSON_AddItemToArray(list, object);
    }
    return list;
}
