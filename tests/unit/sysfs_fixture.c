/* Kernels' views of machines that are written down; see sysfs_fixture.h. */
#include "sysfs_fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

char sysfs_root[64];

/* Makes every folder of a path below the root. */
static void folders_make(const char *path)
{
    char made[SYSFS_PATH];

    snprintf(made, sizeof(made), "%s/", sysfs_root);
    for (const char *at = path; *at != '\0'; at++) {
        size_t used = strlen(made);

        if (*at == '/')
            mkdir(made, 0700);
        cr_assert_lt(used + 1, sizeof(made));
        made[used] = *at;
        made[used + 1] = '\0';
    }
}

void sysfs_file(const char *folder, const char *name, const char *text)
{
    char path[SYSFS_PATH];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    folders_make(path);
    snprintf(path, sizeof(path), "%s/%s/%s", sysfs_root, folder, name);
    file = fopen(path, "w");
    cr_assert_not_null(file, "%s", path);
    fputs(text, file);
    fclose(file);
}

void sysfs_pci(const char *path, const char *class_code, const char *speed, const char *lanes,
               const char *numa_node)
{
    char folder[SYSFS_PATH];
    char target[SYSFS_PATH];
    const char *bus = strrchr(path, '/') == NULL ? path : strrchr(path, '/') + 1;

    snprintf(folder, sizeof(folder), "devices/pci0000:00/%s", path);
    sysfs_file(folder, "class", class_code);
    sysfs_file(folder, "vendor", "0x10de\n");
    if (speed != NULL)
        sysfs_file(folder, "max_link_speed", speed);
    /* An idle link. */
    sysfs_file(folder, "current_link_speed", speed != NULL ? "2.5 GT/s PCIe\n" : "Unknown\n");
    if (lanes != NULL)
        sysfs_file(folder, "current_link_width", lanes);
    if (numa_node != NULL)
        sysfs_file(folder, "numa_node", numa_node);
    folders_make("bus/pci/devices/x");
    snprintf(folder, sizeof(folder), "%s/bus/pci/devices/%s", sysfs_root, bus);
    snprintf(target, sizeof(target), "../../../devices/pci0000:00/%s", path);
    cr_assert_eq(symlink(target, folder), 0, "%s", folder);
}

void sysfs_node(int number, const char *memory, const char *cpulist, const char *package)
{
    char folder[SYSFS_PATH];

    snprintf(folder, sizeof(folder), "devices/system/node/node%d", number);
    sysfs_file(folder, "meminfo", memory);
    sysfs_file(folder, "cpulist", cpulist);
    snprintf(folder, sizeof(folder), "devices/system/cpu/cpu%lu/topology",
             strtoul(cpulist, NULL, 10));
    if (cpulist[0] != '\n')
        sysfs_file(folder, "physical_package_id", package);
}

void sysfs_make(void)
{
    weft_text_copy(sysfs_root, sizeof(sysfs_root), "/tmp/weft-discover-XXXXXX");
    cr_assert_not_null(mkdtemp(sysfs_root));
    sysfs_file("proc", "cpuinfo",
               "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 143\n"
               "model name\t: Intel(R) Xeon(R) Platinum 8462Y+\nstepping\t: 8\n\nprocessor\t: 1\n"
               "model\t\t: 7\n");
}

void sysfs_remove(void)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -rf '%s'", sysfs_root);
    cr_assert_eq(system(command), 0);
}

void sysfs_interface(const char *device, const char *name, const char *speed)
{
    char folder[SYSFS_PATH];
    char link[SYSFS_PATH];

    snprintf(folder, sizeof(folder), "devices/%s/net/%s", device, name);
    sysfs_file(folder, "operstate", "up\n");
    if (speed != NULL)
        sysfs_file(folder, "speed", speed);
    folders_make("class/net/x");
    snprintf(folder, sizeof(folder), "../../devices/%s/net/%s", device, name);
    snprintf(link, sizeof(link), "%s/class/net/%s", sysfs_root, name);
    cr_assert_eq(symlink(folder, link), 0, "%s", link);
}

void sysfs_lower(const char *name, const char *lower)
{
    char link[SYSFS_PATH];

    snprintf(link, sizeof(link), "%s/class/net/%s/lower_%s", sysfs_root, name, lower);
    cr_assert_eq(symlink(sysfs_root, link), 0, "%s", link);
}
