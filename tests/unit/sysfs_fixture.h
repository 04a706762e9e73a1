/* Machines that are written down: a kernel's view of one in a folder of its own. */
#ifndef SYSFS_FIXTURE_H
#define SYSFS_FIXTURE_H

#define SYSFS_PATH 512

extern char sysfs_root[64]; /* the folder that stands for /sys; proc/cpuinfo lies in it, too */

void sysfs_make(void);
void sysfs_remove(void);

void sysfs_file(const char *folder, const char *name, const char *text);

/* A PCI device at a path of bridges: "0000:00:01.0/0000:01:00.0"; texts of NULL make no file. */
void sysfs_pci(const char *path, const char *class_code, const char *speed, const char *lanes,
               const char *numa_node);

void sysfs_node(int number, const char *memory, const char *cpulist, const char *package);

/* An interface of a device, "pci0000:00/0000:05:00.0" or "virtual"; one that is over another. */
void sysfs_interface(const char *device, const char *name, const char *speed);
void sysfs_lower(const char *name, const char *lower);

#endif
