/* This server as a comm uses it: topology, transports, ports, hops with their lanes, memory.
 *
 * Made once per comm, then the topology and the tables do not change. The progress thread alone
 * issues and polls on the ports; memory and windows may be handled by the callers' threads (the
 * transports allow it). It leaves to the loop what is copied when. */
#ifndef WEFT_MACHINE_H
#define WEFT_MACHINE_H

#include "../core/config.h"
#include "../core/hop.h"
#include "interface.h"
#include "plugin.h"
#include "registry.h"

#define WEFT_MACHINE_PORTS_MAX 512
#define WEFT_MACHINE_WHY_BYTES 512

struct weft_machine_port {
    const struct weft_transport_ops *ops;
    struct weft_port *port;
    uint32_t transport; /* row of the registry */
    uint32_t device;
};

/* The lane of the hop with the same index. */
struct weft_machine_lane {
    uint32_t port; /* index in ports */
    uint32_t lane;
};

struct weft_machine_transport {
    const struct weft_registry_row *row;
    const struct weft_transport_ops *ops; /* the row's, or a wrapper of them */
    bool present;
    char why[256];                  /* why it is not */
    bool touches[WEFT_DEVICES_MAX]; /* it has a hop from or to the device */
};

struct weft_machine {
    struct weft_topo topo;
    struct weft_hop_table hops;
    struct weft_emulation emulation;
    struct weft_interfaces interfaces; /* of a real machine */
    struct weft_transport_env env;
    uint32_t server; /* of a DevID */
    uint32_t transport_count;
    uint32_t port_count;
    struct weft_machine_transport transports[WEFT_TRANSPORTS_MAX];
    struct weft_machine_port ports[WEFT_MACHINE_PORTS_MAX];
    struct weft_machine_lane lanes[WEFT_HOPS_MAX];
    uint32_t memory_ports[WEFT_DEVICES_MAX]; /* whose alloc, load, store serve it, or WEFT_NONE */
    char driver[WEFT_PLUGIN_PATH_BYTES];
};

/* Describes the machine (emulated, from a file, or discovered), without transports.
 * weftSystemError: no description; weftInvalidArgument: a setting is wrong; `why` says it. */
weftResult_t weft_machine_describe(const struct weft_config *config, struct weft_machine *machine,
                                   char why[WEFT_MACHINE_WHY_BYTES]);

/* Describes it and opens what the transports offer. `windows_max` is the count of window numbers.
 * Owns: the caller, until close. Results as above; weftSystemError: no transport at all. */
weftResult_t weft_machine_open(const struct weft_config *config, uint32_t windows_max,
                               struct weft_machine **machine, char why[WEFT_MACHINE_WHY_BYTES]);

/* NULL allowed. Needs: no copy is in flight, every window was removed. */
void weft_machine_close(struct weft_machine *machine);

/* A port that knows the user's streams: that of `device` if it can, else any that can; WEFT_NONE
 * without one. */
uint32_t weft_machine_stream_port(const struct weft_machine *machine, uint32_t device);

/* Memory of a device that has a memory port; host memory is pinned for every port that reaches it,
 * and is no more of use to them once it is given to free (NULL allowed) with its size.
 * weftNoResource  the device has no room, or no more can be pinned; `why` says which */
weftResult_t weft_machine_alloc(struct weft_machine *machine, uint32_t device, size_t size,
                                void **memory, char why[256]);
void weft_machine_free(struct weft_machine *machine, uint32_t device, void *memory, size_t size);

/* Tells every port that may touch the device of window number `window`, all or none.
 * weftInvalidArgument: the memory is not of that device; `why` says what it is. */
weftResult_t weft_machine_window_add(struct weft_machine *machine, uint32_t window, uint32_t device,
                                     void *base, size_t size, char why[256]);
void weft_machine_window_remove(struct weft_machine *machine, uint32_t window, uint32_t device);

/* Memory of other processes of this server: a ticket for a window here, memory for one that is
 * theirs, which window_add then takes, and its end, after window_remove. Results as those of the
 * transport's window_export and window_import. */
weftResult_t weft_machine_export(struct weft_machine *machine, uint32_t device, uint32_t window,
                                 struct weft_ticket *ticket, char why[256]);
weftResult_t weft_machine_import(struct weft_machine *machine, uint32_t device,
                                 const struct weft_ticket *ticket, size_t size, void **base,
                                 char why[256]);
void weft_machine_import_end(struct weft_machine *machine, uint32_t device, void *base);

/* Reads "11.1.1.1"; false when it is none. */
bool weft_server_parse(const char *text, uint32_t *server);

#endif
