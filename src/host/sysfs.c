/* Reading /sys and /proc/cpuinfo. What cannot be read is unknown, never an error. */
#include "sysfs.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../base/text.h"
#include "log.h"

#define LANES_MOST  32      /* a width above it means "unknown" */
#define LOWERS_MOST 4       /* a bridge over a VLAN over a bond, say */
#define MBPS_MOST   4000000 /* a speed above it means "unknown" */

/* The first line of a file; false, and an empty text, where it cannot be read. */
static bool file_read(const char *folder, const char *name, char *text, size_t size)
{
    char path[WEFT_SYSFS_PATH_BYTES + 64];
    FILE *file;
    bool read;

    text[0] = '\0';
    weft_format(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "re");
    if (file == NULL)
        return false;
    read = fgets(text, (int)size, file) != NULL;
    fclose(file);
    if (!read)
        text[0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return read;
}

static int64_t number_read(const char *folder, const char *name, int64_t otherwise)
{
    char text[64];
    char *end;
    int64_t value;

    if (!file_read(folder, name, text, sizeof(text)))
        return otherwise;
    value = strtoll(text, &end, 0);
    return end == text ? otherwise : value;
}

uint32_t weft_sysfs_speed_parse(const char *text)
{
    uint32_t tenths = 0;

    if (!isdigit((unsigned char)*text))
        return 0;
    for (; isdigit((unsigned char)*text) && tenths < 10000; text++)
        tenths = tenths * 10 + (uint32_t)(*text - '0');
    tenths *= 10;
    if (*text == '.' && isdigit((unsigned char)text[1]))
        tenths += (uint32_t)(text[1] - '0');
    return tenths;
}

static uint32_t speed_read(const char *folder, const char *name)
{
    char text[64] = "";

    file_read(folder, name, text, sizeof(text));
    return weft_sysfs_speed_parse(text);
}

/* What a device's link can do: the slower end's best, for an idle GPU lowers the current speed. The
 * width is the current one, which stays. */
static void link_read(struct weft_sysfs_pci *pci)
{
    char above[WEFT_SYSFS_PATH_BYTES + 4];
    uint32_t port_speed;
    int64_t lanes = number_read(pci->path, "current_link_width", 0);

    if (lanes <= 0 || lanes > LANES_MOST)
        lanes = number_read(pci->path, "max_link_width", 0);
    pci->lanes = lanes <= 0 || lanes > LANES_MOST ? 0 : (uint32_t)lanes;
    pci->speed_tenths = speed_read(pci->path, "max_link_speed");
    if (pci->speed_tenths == 0)
        pci->speed_tenths = speed_read(pci->path, "current_link_speed");
    if (pci->ancestor_count == 0)
        return;
    weft_format(above, sizeof(above), "%s/..", pci->path);
    port_speed = speed_read(above, "max_link_speed");
    if (port_speed != 0 && (pci->speed_tenths == 0 || port_speed < pci->speed_tenths))
        pci->speed_tenths = port_speed;
}

/* True for "0000:1b:00.0". */
static bool is_bus(const char *name, size_t length)
{
    size_t colons = 0;

    for (size_t i = 0; i < length; i++) {
        if (name[i] == ':')
            colons++;
        else if (name[i] != '.' && !isxdigit((unsigned char)name[i]))
            return false;
    }
    return colons == 2 && length < WEFT_SYSFS_BUS_BYTES;
}

/* The bridges in a resolved path: every PCI address in it but the last. */
static void ancestors_read(struct weft_sysfs_pci *pci)
{
    const char *at = pci->path;

    pci->ancestor_count = 0;
    while (*at != '\0') {
        size_t length = strcspn(at, "/");
        bool is_last = at[length] == '\0';

        if (!is_last && is_bus(at, length) && pci->ancestor_count < WEFT_SYSFS_ANCESTORS_MAX) {
            char *name = pci->ancestors[pci->ancestor_count++];

            memcpy(name, at, length);
            name[length] = '\0';
        }
        at += length + (is_last ? 0 : 1);
    }
}

bool weft_sysfs_pci_read(const char *root, const char *bus, struct weft_sysfs_pci *pci)
{
    char path[WEFT_SYSFS_PATH_BYTES];
    char *resolved;

    memset(pci, 0, sizeof(*pci));
    weft_format(path, sizeof(path), "%s/bus/pci/devices/%s", root, bus);
    resolved = realpath(path, NULL);
    if (resolved == NULL || strlen(resolved) >= sizeof(pci->path)) {
        free(resolved);
        return false;
    }
    weft_text_copy(pci->path, sizeof(pci->path), resolved);
    free(resolved);
    weft_text_copy(pci->bus, sizeof(pci->bus), bus);
    pci->class_code = (uint32_t)number_read(pci->path, "class", 0);
    pci->vendor = (uint32_t)number_read(pci->path, "vendor", 0);
    pci->device = (uint32_t)number_read(pci->path, "device", 0);
    pci->numa_node = (int)number_read(pci->path, "numa_node", -1);
    weft_format(path, sizeof(path), "%.480s/physfn", pci->path);
    pci->is_virtual = access(path, F_OK) == 0;
    ancestors_read(pci);
    link_read(pci);
    return true;
}

static int bus_compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

uint32_t weft_sysfs_pci_list(const char *root, char (**buses)[WEFT_SYSFS_BUS_BYTES])
{
    char path[WEFT_SYSFS_PATH_BYTES];
    char(*list)[WEFT_SYSFS_BUS_BYTES] = NULL;
    uint32_t count = 0;
    DIR *folder;

    weft_format(path, sizeof(path), "%s/bus/pci/devices", root);
    folder = opendir(path);
    for (const struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        void *larger;

        if (!is_bus(entry->d_name, strlen(entry->d_name)))
            continue;
        larger = realloc(list, (count + 1) * sizeof(*list));
        if (larger == NULL)
            break;
        list = larger;
        weft_text_copy(list[count++], sizeof(*list), entry->d_name);
    }
    if (folder != NULL)
        closedir(folder);
    if (count > 0)
        qsort(list, count, sizeof(*list), bus_compare);
    *buses = list;
    return count;
}

/* "Node 0 MemTotal:  131072 kB" is the first line of a node's meminfo. */
static uint64_t node_memory(const char *folder)
{
    char text[128];
    const char *at;

    if (!file_read(folder, "meminfo", text, sizeof(text)))
        return 0;
    at = strstr(text, "MemTotal:");
    return at == NULL ? 0 : strtoull(at + strlen("MemTotal:"), NULL, 10) * 1024;
}

/* The socket of the first processor in "0-31,64-95". */
static int node_package(const char *root, const char *cpulist)
{
    char folder[WEFT_SYSFS_PATH_BYTES];

    weft_format(folder, sizeof(folder), "%s/devices/system/cpu/cpu%lu/topology", root,
                strtoul(cpulist, NULL, 10));
    return (int)number_read(folder, "physical_package_id", -1);
}

uint32_t weft_sysfs_nodes(const char *root, struct weft_sysfs_node nodes[WEFT_SYSFS_NODES_MAX])
{
    uint32_t count = 0;

    for (int number = 0; number < WEFT_SYSFS_NODES_MAX; number++) {
        struct weft_sysfs_node *node = &nodes[count];
        char folder[WEFT_SYSFS_PATH_BYTES];
        char cpulist[64];

        weft_format(folder, sizeof(folder), "%s/devices/system/node/node%d", root, number);
        if (access(folder, F_OK) != 0)
            continue;
        file_read(folder, "cpulist", cpulist, sizeof(cpulist));
        node->number = number;
        node->memory_bytes = node_memory(folder);
        node->has_cpus = isdigit((unsigned char)cpulist[0]);
        node->package = node->has_cpus ? node_package(root, cpulist) : -1;
        count++;
    }
    return count;
}

/* The value of "key : value" when the line has that key. */
static const char *line_value(const char *line, const char *key)
{
    size_t length = strlen(key);
    const char *colon = strchr(line, ':');

    if (colon == NULL || strncmp(line, key, length) != 0)
        return NULL;
    for (line += length; line < colon; line++)
        if (*line != ' ' && *line != '\t')
            return NULL;
    return colon + 1 + strspn(colon + 1, " \t");
}

void weft_sysfs_cpu(const char *cpuinfo, struct weft_sysfs_cpu *cpu)
{
    struct utsname machine;
    FILE *file = fopen(cpuinfo, "re");
    char line[256];

    memset(cpu, 0, sizeof(*cpu));
    weft_text_copy(cpu->vendor, sizeof(cpu->vendor), "Unknown");
    if (uname(&machine) == 0) {
        bool is_arm = strcmp(machine.machine, "aarch64") == 0;

        weft_text_copy(cpu->arch, sizeof(cpu->arch), is_arm ? "arm64" : machine.machine);
    }
    /* An empty line ends the first processor: the others are alike. */
    while (file != NULL && fgets(line, sizeof(line), file) != NULL && line[0] != '\n') {
        const char *value;

        line[strcspn(line, "\n")] = '\0';
        if ((value = line_value(line, "vendor_id")) != NULL)
            weft_text_copy(cpu->vendor, sizeof(cpu->vendor), value);
        else if ((value = line_value(line, "model name")) != NULL)
            weft_text_copy(cpu->model_name, sizeof(cpu->model_name), value);
        else if ((value = line_value(line, "cpu family")) != NULL)
            cpu->family = (uint32_t)strtoul(value, NULL, 10);
        else if ((value = line_value(line, "model")) != NULL)
            cpu->model = (uint32_t)strtoul(value, NULL, 10);
    }
    if (file != NULL)
        fclose(file);
}

/* The largest number that begins the file `leaf` of any entry of a folder. */
static uint64_t entries_most(const char *folder, const char *leaf)
{
    DIR *entries = opendir(folder);
    uint64_t most = 0;

    for (const struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;) {
        char path[2 * WEFT_SYSFS_PATH_BYTES];
        int64_t number;

        if (entry->d_name[0] == '.')
            continue;
        weft_format(path, sizeof(path), "%s/%s", folder, entry->d_name);
        number = number_read(path, leaf, 0);
        if (number > 0)
            most = weft_max(most, (uint64_t)number);
    }
    if (entries != NULL)
        closedir(entries);
    return most;
}

uint64_t weft_sysfs_net_mbps(const struct weft_sysfs_pci *pci)
{
    char folder[WEFT_SYSFS_PATH_BYTES + 16];
    uint64_t infiniband_gbps;

    weft_format(folder, sizeof(folder), "%s/infiniband", pci->path);
    infiniband_gbps = entries_most(folder, "ports/1/rate");
    if (infiniband_gbps > 0)
        return infiniband_gbps * 1000;
    weft_format(folder, sizeof(folder), "%s/net", pci->path);
    return entries_most(folder, "speed");
}

/* ---- network interfaces ---- */

/* The first interface that `name` is over, which `lower` may hold before; false: none. */
static bool lower_read(const char *root, const char *name, char lower[WEFT_SYSFS_INTERFACE_BYTES])
{
    static const char prefix[] = "lower_";
    char path[WEFT_SYSFS_PATH_BYTES];
    bool found = false;
    DIR *entries;

    weft_format(path, sizeof(path), "%s/class/net/%s", root, name);
    entries = opendir(path);
    for (const struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;) {
        const char *other = entry->d_name + strlen(prefix);

        if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0 ||
            strlen(other) >= WEFT_SYSFS_INTERFACE_BYTES || (found && strcmp(other, lower) >= 0))
            continue;
        weft_text_copy(lower, WEFT_SYSFS_INTERFACE_BYTES, other);
        found = true;
    }
    if (entries != NULL)
        closedir(entries);
    return found;
}

/* The last PCI address in the path of the interface: between the two may be a virtio device. */
static void bus_read(const char *root, const char *name, char bus[WEFT_SYSFS_BUS_BYTES])
{
    char path[WEFT_SYSFS_PATH_BYTES];
    char *resolved;

    weft_format(path, sizeof(path), "%s/class/net/%s", root, name);
    resolved = realpath(path, NULL);
    for (const char *at = resolved; at != NULL && *at != '\0';) {
        size_t length = strcspn(at, "/");

        if (is_bus(at, length)) {
            memcpy(bus, at, length);
            bus[length] = '\0';
        }
        at += length + (at[length] == '\0' ? 0 : 1);
    }
    free(resolved);
}

uint64_t weft_sysfs_interface_mbps(const char *root, const char *name)
{
    char folder[WEFT_SYSFS_PATH_BYTES];
    int64_t mbps;

    weft_format(folder, sizeof(folder), "%s/class/net/%s", root, name);
    mbps = number_read(folder, "speed", 0);
    return mbps <= 0 || mbps > MBPS_MOST ? 0 : (uint64_t)mbps;
}

void weft_sysfs_interface_read(const char *root, const char *name,
                               struct weft_sysfs_interface *found)
{
    struct weft_sysfs_pci pci;

    memset(found, 0, sizeof(*found));
    weft_text_copy(found->port, sizeof(found->port), name);
    for (uint32_t i = 0; i < LOWERS_MOST && lower_read(root, found->port, found->port); i++)
        ;
    bus_read(root, found->port, found->bus);
    found->numa_node = -1;
    if (found->bus[0] != '\0' && weft_sysfs_pci_read(root, found->bus, &pci))
        found->numa_node = pci.numa_node;
    found->mbps = weft_sysfs_interface_mbps(root, name);
    if (found->mbps == 0)
        found->mbps = weft_sysfs_interface_mbps(root, found->port);
}
