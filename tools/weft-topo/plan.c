/* Plans a transfer with an engine that never runs: made for one question, then freed. */
#include "plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/table.h"
#include "host/registry.h"

#define MEMORY_ALIGNMENT  64
#define RELAY_EXTRA_BYTES 4096

static bool is_kind(const struct weft_topo *topo, uint32_t device, weftDeviceKind_t kind)
{
    return topo->devices[device].kind == kind;
}

/* The overhead that the library's transport of this name adds to a copy. */
static weft_ns overhead_of(const char *transport)
{
    for (uint32_t i = 0; weft_registry_row(i) != NULL; i++)
        if (strcmp(weft_registry_row(i)->ops->name, transport) == 0)
            return weft_registry_row(i)->overhead_ns;
    return 0;
}

/* The hops of copy engines, then those of copying threads, in the order in which the host adds
 * them: ties between routes go by index. */
static void add_hops(struct weft_hop_table *hops, const struct weft_topo *topo)
{
    weft_ns cuda_ns = overhead_of("cuda");
    weft_ns host_ns = overhead_of("host");

    weft_hop_init(hops);
    for (uint32_t src = 0; src < topo->device_count; src++)
        for (uint32_t dst = 0; dst < topo->device_count; dst++) {
            bool from_gpu = is_kind(topo, src, weftDeviceGpu);
            bool to_gpu = is_kind(topo, dst, weftDeviceGpu);
            bool peer = from_gpu && to_gpu;

            if (src == dst || !weft_topo_holds_bytes(topo, src) ||
                !weft_topo_holds_bytes(topo, dst) || is_kind(topo, src, weftDeviceSsd) ||
                is_kind(topo, dst, weftDeviceSsd) || (!from_gpu && !to_gpu))
                continue;
            weft_hop_add(hops, topo, src, dst, from_gpu ? src : dst, peer, 0, cuda_ns);
        }
    for (uint32_t src = 0; src < topo->device_count; src++)
        for (uint32_t dst = 0; dst < topo->device_count; dst++)
            if (is_kind(topo, src, weftDeviceDram) && is_kind(topo, dst, weftDeviceDram))
                weft_hop_add(hops, topo, src, dst, src, false, WEFT_TRANSPORTS_MAX + hops->count,
                             host_ns);
}

/* Gives every GPU and host memory a relay: it may be a transit. */
static bool add_relays(struct weft_engine *engine, const struct weft_config *config,
                       const struct weft_topo *topo)
{
    uint64_t size = config->relay_slots * config->relay_slot_bytes + RELAY_EXTRA_BYTES;

    for (uint32_t i = 0; i < topo->device_count; i++) {
        if (!is_kind(topo, i, weftDeviceGpu) && !is_kind(topo, i, weftDeviceDram))
            continue;
        if (weft_engine_window_add(engine, i, i, size, WEFT_RIGHTS_ALL) != weftSuccess)
            return false;
        weft_engine_relay_add(engine, i, i, (uint32_t)config->relay_slots);
    }
    return true;
}

bool weft_topo_plan_make(struct weft_topo_plan *plan, const struct weft_config *config,
                         const struct weft_topo *topo, uint32_t src_device, uint32_t dst_device,
                         uint64_t size_bytes, char why[WEFT_WHY_BYTES])
{
    struct weft_config roomy = *config;
    struct weft_engine_input input = {.config = &roomy, .topo = topo, .hops = &plan->hops};
    struct weft_engine *engine = NULL;
    const char *reason = "no memory";
    void *memory;
    size_t size;

    /* Relays are windows too, as in the host's loop. */
    roomy.windows_max += WEFT_DEVICES_MAX;
    plan->src_device = src_device;
    plan->dst_device = dst_device;
    plan->size_bytes = size_bytes;
    add_hops(&plan->hops, topo);
    size = (weft_engine_size(&input) + MEMORY_ALIGNMENT - 1) / MEMORY_ALIGNMENT * MEMORY_ALIGNMENT;
    memory = aligned_alloc(MEMORY_ALIGNMENT, size);
    if (memory != NULL)
        engine = weft_engine_init(&input, memory, 0, &reason);
    if (engine == NULL || !add_relays(engine, &roomy, topo)) {
        (void)snprintf(why, WEFT_WHY_BYTES, "no plan can be made: %s", reason);
        free(memory);
        return false;
    }
    plan->row_count = weft_engine_explain(engine, src_device, dst_device, size_bytes, plan->rows,
                                          WEFT_TOPO_ROUTES_MAX, &plan->expected_ns);
    free(memory);
    if (plan->row_count > 0)
        return true;
    (void)snprintf(why, WEFT_WHY_BYTES, "there is no route from %s to %s",
                   topo->devices[src_device].name, topo->devices[dst_device].name);
    return false;
}

uint32_t weft_topo_plan_share(const struct weft_topo_plan *plan, uint32_t row)
{
    uint64_t total = 0;

    for (uint32_t i = 0; i < plan->row_count; i++)
        if (plan->rows[i].admitted)
            total += plan->rows[i].rate_bytes_per_us;
    if (total == 0 || !plan->rows[row].admitted)
        return 0;
    return (uint32_t)((plan->rows[row].rate_bytes_per_us * 1000 + total / 2) / total);
}

static bool crosses(const struct weft_topo_plan *plan, uint32_t row, uint32_t link)
{
    for (uint32_t i = 0; i < plan->rows[row].hop_count; i++) {
        const struct weft_hop *hop = &plan->hops.hops[plan->rows[row].hops[i]];

        for (uint32_t k = 0; k < hop->link_count; k++)
            if (hop->links[k] == link)
                return true;
    }
    return false;
}

uint64_t weft_topo_plan_load(const struct weft_topo_plan *plan, uint32_t link, uint32_t *row)
{
    uint64_t load = 0;
    uint32_t count = 0;

    *row = WEFT_NONE;
    for (uint32_t i = 0; i < plan->row_count; i++) {
        if (!plan->rows[i].admitted || !crosses(plan, i, link))
            continue;
        load += plan->rows[i].rate_bytes_per_us;
        *row = i;
        count++;
    }
    if (count != 1)
        *row = WEFT_NONE;
    return load;
}

static void print_row(const struct weft_topo_plan *plan, uint32_t index, struct weft_table *table)
{
    const struct weft_route_report *row = &plan->rows[index];
    uint32_t share = weft_topo_plan_share(plan, index);
    char chunk[WEFT_UNIT_BYTES];

    weft_table_add(table, row->admitted ? "+" : "-");
    weft_table_add(table, "%s", row->name);
    weft_table_add(table, "%.1f", (double)row->nominal_bytes_per_us / 1000);
    if (row->admitted) {
        weft_size_format(row->chunk_bytes, chunk);
        weft_table_add(table, "%.1f", (double)row->rate_bytes_per_us / 1000);
        weft_table_add(table, "%u.%u %%", share / 10, share % 10);
        weft_table_add(table, "%s", chunk);
        return;
    }
    for (uint32_t i = 0; i < 3; i++)
        weft_table_add(table, "%s", "");
}

void weft_topo_plan_print(const struct weft_topo_plan *plan, const struct weft_topo *topo)
{
    static const char *const heads[] = {"",      "route", "alone GB/s", "planned GB/s",
                                        "share", "chunk"};
    struct weft_table table;
    char size[WEFT_UNIT_BYTES];
    char time[WEFT_UNIT_BYTES];

    weft_size_format(plan->size_bytes, size);
    weft_time_format(plan->expected_ns, time);
    (void)printf("Plan: %s from %s to %s, alone: %s, %.1f GB/s\n", size,
                 topo->devices[plan->src_device].name, topo->devices[plan->dst_device].name, time,
                 weft_rate_gb_per_s(plan->size_bytes, plan->expected_ns));
    weft_table_init(&table, WEFT_ARRAY_COUNT(heads));
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(heads); i++) {
        weft_table_add(&table, "%s", heads[i]);
        table.right[i] = i > 1;
    }
    for (uint32_t i = 0; i < plan->row_count; i++)
        print_row(plan, i, &table);
    weft_table_print(&table, stdout, 2);
    weft_table_fini(&table);
    (void)printf("  + used, - not used: another route is as good, or its links are taken\n");
}
