/* A topology and a plan as JSON: rates in bytes per microsecond, which are thousandths of GB/s. */
#include "report.h"

#include "common/json.h"

static cJSON *device_make(const struct weft_device *device)
{
    cJSON *object = cJSON_CreateObject();

    (void)cJSON_AddStringToObject(object, "name", device->name);
    (void)cJSON_AddStringToObject(object, "kind", weft_device_kind_name(device->kind));
    (void)cJSON_AddNumberToObject(object, "numa_node", device->numa_node);
    (void)cJSON_AddStringToObject(object, "bus", device->bus);
    (void)cJSON_AddStringToObject(object, "model", device->model);
    (void)cJSON_AddNumberToObject(object, "memory_bytes", (double)device->memory_bytes);
    (void)cJSON_AddNumberToObject(object, "sm", device->sm);
    return object;
}

/* A link with both its directions. */
static cJSON *link_make(const struct weft_topo *topo, uint32_t index, const char *name)
{
    const struct weft_link *link = &topo->links[index];
    cJSON *object = cJSON_CreateObject();

    (void)cJSON_AddStringToObject(object, "name", name);
    (void)cJSON_AddStringToObject(object, "kind", weft_link_kind_name(link->kind));
    (void)cJSON_AddStringToObject(object, "from", topo->devices[link->from].name);
    (void)cJSON_AddStringToObject(object, "to", topo->devices[link->to].name);
    (void)cJSON_AddNumberToObject(object, "out_bytes_per_us", (double)link->rate_bytes_per_us);
    (void)cJSON_AddNumberToObject(object, "in_bytes_per_us",
                                  (double)topo->links[link->reverse].rate_bytes_per_us);
    (void)cJSON_AddNumberToObject(object, "duplex_bytes_per_us", (double)link->duplex_bytes_per_us);
    (void)cJSON_AddNumberToObject(object, "latency_ns", (double)link->latency_ns);
    return object;
}

static cJSON *route_make(const struct weft_topo_plan *plan, uint32_t index)
{
    const struct weft_route_report *row = &plan->rows[index];
    cJSON *object = cJSON_CreateObject();

    (void)cJSON_AddStringToObject(object, "name", row->name);
    (void)cJSON_AddBoolToObject(object, "used", row->admitted);
    (void)cJSON_AddNumberToObject(object, "nominal_bytes_per_us",
                                  (double)row->nominal_bytes_per_us);
    (void)cJSON_AddNumberToObject(object, "planned_bytes_per_us",
                                  row->admitted ? (double)row->rate_bytes_per_us : 0);
    (void)cJSON_AddNumberToObject(object, "share_permille", weft_topo_plan_share(plan, index));
    (void)cJSON_AddNumberToObject(object, "chunk_bytes", (double)row->chunk_bytes);
    return object;
}

static void add_plan(cJSON *tree, const struct weft_topo *topo, const struct weft_topo_plan *plan)
{
    cJSON *object = cJSON_AddObjectToObject(tree, "plan");
    cJSON *routes;

    (void)cJSON_AddStringToObject(object, "from", topo->devices[plan->src_device].name);
    (void)cJSON_AddStringToObject(object, "to", topo->devices[plan->dst_device].name);
    (void)cJSON_AddNumberToObject(object, "size_bytes", (double)plan->size_bytes);
    (void)cJSON_AddNumberToObject(object, "expected_ns", (double)plan->expected_ns);
    routes = cJSON_AddArrayToObject(object, "routes");
    for (uint32_t i = 0; i < plan->row_count; i++)
        (void)cJSON_AddItemToArray(routes, route_make(plan, i));
}

bool weft_topo_report_write(const struct weft_topo *topo, const struct weft_topo_plan *plan,
                            const char *path, char why[WEFT_WHY_BYTES])
{
    cJSON *tree = cJSON_CreateObject();
    cJSON *list;
    bool written;

    (void)cJSON_AddStringToObject(tree, "name", topo->name);
    list = cJSON_AddArrayToObject(tree, "devices");
    for (uint32_t i = 0; i < topo->device_count; i++)
        (void)cJSON_AddItemToArray(list, device_make(&topo->devices[i]));
    list = cJSON_AddArrayToObject(tree, "links");
    for (uint32_t i = 0; i < topo->link_count; i++) {
        char name[80];

        weft_topo_link_name(topo, i, name, sizeof(name));
        if (weft_topo_link_find(topo, name) == i)
            (void)cJSON_AddItemToArray(list, link_make(topo, i, name));
    }
    list = cJSON_AddArrayToObject(tree, "assumed");
    for (uint32_t i = 0; i < topo->note_count; i++)
        (void)cJSON_AddItemToArray(list, cJSON_CreateString(topo->notes[i]));
    if (plan != NULL)
        add_plan(tree, topo, plan);
    written = weft_json_write(tree, path, why);
    cJSON_Delete(tree);
    return written;
}
