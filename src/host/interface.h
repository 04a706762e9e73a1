/* The network interfaces of this machine: found, chosen by the settings, joined to the devices.
 *
 *     read        names, states, addresses, as the kernel lists them
 *     complete    what each is in the machine: port, PCI device, NUMA node, speed (sysfs)
 *     choose      which are used as NICs, in which order, and why not the others
 *     join        the topology's NICs get those interfaces and their rates
 *
 * NIC number n of a net is used[n], and the n-th link to the network of the joined topology. A
 * zeroed struct is a machine whose interfaces nobody looked at. What becomes of them afterwards is
 * interface_watch.h. */
#ifndef WEFT_INTERFACE_H
#define WEFT_INTERFACE_H

#include "../core/config.h"
#include "../core/topo.h"
#include "sysfs.h"
#include "weft_net.h"

#define WEFT_INTERFACES_MAX          64
#define WEFT_INTERFACE_ADDRESSES_MAX 4
#define WEFT_INTERFACE_ADDRESS_BYTES 46 /* of an IPv6 address as text */
#define WEFT_INTERFACE_MBPS_ASSUMED  10000

struct weft_interface {
    char name[WEFT_SYSFS_INTERFACE_BYTES];
    uint32_t number; /* the kernel's; it changes when the interface is made anew */
    bool is_up;      /* it was set up, */
    bool is_running; /* and has a carrier */
    bool is_loopback;
    bool is_tunnel;
    uint32_t address_count; /* IPv4 first; those of one link alone (fe80::) left out */
    char addresses[WEFT_INTERFACE_ADDRESSES_MAX][WEFT_INTERFACE_ADDRESS_BYTES];
    struct weft_sysfs_interface place;
    bool is_used;
    char address[WEFT_INTERFACE_ADDRESS_BYTES]; /* the one of those that is used */
    uint32_t device;                            /* in the topology, when it is joined */
    char why[96];                               /* why it is not used */
};

struct weft_interfaces {
    uint32_t count;
    struct weft_interface rows[WEFT_INTERFACES_MAX];
    uint32_t used_count;
    uint32_t used[WEFT_NET_NICS_MAX]; /* rows, by the number of the NIC */
    bool are_joined;
    char wrong[256]; /* the settings ask for what is not there; empty: they do not */
};

/* All of it but join, for this machine; none of an emulated one. */
void weft_interfaces_find(const struct weft_config *config, struct weft_interfaces *interfaces);

/* ---- interface.c ---- */

/* Those with addresses first, should there be too many. */
void weft_interfaces_read(struct weft_interfaces *interfaces);
void weft_interfaces_complete(const char *sysfs, struct weft_interfaces *interfaces);

/* The row of that name, or WEFT_NONE. */
uint32_t weft_interfaces_named(const struct weft_interfaces *interfaces, const char *name);

/* Has it this address? */
bool weft_interface_has(const struct weft_interface *row, const char *address);

/* "up", "no carrier" or "down". */
const char *weft_interface_state(const struct weft_interface *row);

/* ---- interface_choose.c ---- */

/* As the settings net_address and net_interfaces say. Where net_address has an address that is not
 * of an interface, as 0.0.0.0, none is used: addresses stand for themselves then. Without
 * net_address NICs are in the order of their addresses, so that servers which are on the same
 * networks number them alike. */
void weft_interfaces_choose(const struct weft_config *config, struct weft_interfaces *interfaces);

/* Is the name one that a list of the setting net_interfaces chooses? The list is NCCL's: beginnings
 * of names with commas; names behind "=", as they are; behind "^" (and "^=") all others. */
bool weft_interface_is_chosen(const char *list, const char *name);

/* ---- interface_join.c ---- */

/* Gives each interface in use the NIC that it is, by the PCI address of its card, or a new one at
 * its NUMA node's processor, and its rate; a speed that is not known is noted. NICs that are not
 * used keep their links to the network, behind the others. Does nothing where none is used, or the
 * loopback. Before hops are made. */
void weft_interfaces_join(const char *sysfs, struct weft_interfaces *interfaces,
                          struct weft_topo *topo);

#endif
