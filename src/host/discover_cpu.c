/* Processors, one for each NUMA node, their memory, and the links between them. */
#include "base/text.h"
#include "discover_tree.h"

void weft_discover_cpus_find(struct weft_discover_tree *tree)
{
    uint32_t kept = 0;

    tree->node_count = weft_sysfs_nodes(tree->input->sysfs, tree->nodes);
    for (uint32_t i = 0; i < tree->node_count; i++) {
        if (!tree->nodes[i].has_cpus) {
            weft_discover_note(tree, "NUMA node %d has no processors and is left out",
                               tree->nodes[i].number);
            continue;
        }
        tree->nodes[kept++] = tree->nodes[i];
    }
    tree->node_count = kept;
    if (kept == 0) {
        weft_discover_note(tree, "the kernel shows no NUMA nodes: one is assumed");
        tree->nodes[0] = (struct weft_sysfs_node){.number = 0, .package = 0, .has_cpus = true};
        tree->node_count = 1;
    }
    weft_sysfs_cpu(tree->input->cpuinfo, &tree->cpu);
    tree->cpu_facts =
        weft_facts_cpu(tree->cpu.arch, tree->cpu.vendor, tree->cpu.family, tree->cpu.model);
    if (tree->cpu_facts->model[0] == '\0')
        weft_discover_note(
            tree, "processor \"%.48s\" is unknown: memory and socket links are guessed low",
            tree->cpu.model_name);
}

void weft_discover_cpus_add(struct weft_discover_tree *tree)
{
    for (uint32_t i = 0; i < tree->node_count; i++) {
        const char *model = tree->cpu_facts->model;

        tree->cpus[i] =
            weft_discover_device(tree, weftDeviceCpu, NULL, tree->nodes[i].number, NULL);
        if (!tree->full)
            weft_text_copy(tree->topo->devices[tree->cpus[i]].model,
                           sizeof(tree->topo->devices[0].model),
                           model[0] != '\0' ? model : tree->cpu.model_name);
    }
    for (uint32_t i = 0; i < tree->node_count; i++) {
        uint32_t device =
            weft_discover_device(tree, weftDeviceDram, NULL, tree->nodes[i].number, NULL);

        if (!tree->full)
            tree->topo->devices[device].memory_bytes = tree->nodes[i].memory_bytes;
    }
}

static bool same_socket(const struct weft_discover_tree *tree, uint32_t a, uint32_t b)
{
    return tree->nodes[a].package >= 0 && tree->nodes[a].package == tree->nodes[b].package;
}

void weft_discover_cpus_link(struct weft_discover_tree *tree)
{
    for (uint32_t i = 0; i < tree->node_count; i++) {
        struct weft_facts_span span = tree->cpu_facts->memory;
        uint32_t sharers = 0;

        for (uint32_t k = 0; k < tree->node_count; k++)
            sharers += k == i || same_socket(tree, i, k);
        span.out_bytes_per_us /= sharers;
        span.in_bytes_per_us /= sharers;
        span.duplex_bytes_per_us /= sharers;
        if (sharers > 1 && i == 0)
            weft_discover_note(
                tree, "%u NUMA nodes share a socket: each is given its part of the memory's rate",
                sharers);
        weft_discover_span(tree, weft_topo_nth(tree->topo, weftDeviceDram, i), tree->cpus[i],
                           WEFT_LINK_MEM, span);
    }
    for (uint32_t i = 0; i < tree->node_count; i++)
        for (uint32_t k = i + 1; k < tree->node_count; k++)
            weft_discover_span(tree, tree->cpus[i], tree->cpus[k], WEFT_LINK_SYS,
                               same_socket(tree, i, k) ? tree->cpu_facts->memory
                                                       : tree->cpu_facts->socket);
}

uint32_t weft_discover_cpu_of(const struct weft_discover_tree *tree, int numa_node)
{
    for (uint32_t i = 0; i < tree->node_count; i++)
        if (tree->nodes[i].number == numa_node)
            return tree->cpus[i];
    return tree->cpus[0];
}
