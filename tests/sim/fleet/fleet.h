/* A fleet: several servers in one virtual time, each with a comm of its own: the very code of
 * src/core and of src/host (its loop, its peers), over simulated hardware.
 *
 *     server 0                         server 1
 *     weft_loop: engine, peers         weft_loop: engine, peers
 *        |             |                  |             |
 *     ports of       net of  ---lanes--- net of      ports of
 *     this file's    this file's         this file's ...
 *
 * What stands for the system (clock, discovery, random numbers, threads) is fleet_system.c; for
 * weft_transport.h, fleet_port.c; for weft_net.h, fleet_net.c and fleet_lane.c, which keep the
 * contract of that header and no more: lanes die with writes in flight, which land later unless the
 * lane was fenced. One event heap, one thread, integers. Memory is the shadow's (shadow.h). */
#ifndef SIM_FLEET_H
#define SIM_FLEET_H

#include "../schedule.h"
#include "../shadow.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/pool.h"
#include "fleet_call.h"
#include "fleet_item.h"
#include "fleet_link.h"
#include "fleet_server.h"

struct sim_fleet_shape {
    uint32_t server_count;
    uint32_t call_count;
    uint32_t items_max;
    bool is_given;       /* machine, calls and faults are a scenario's (scenario.h) */
    bool is_plain;       /* the same machine everywhere, no faults (fleet_many.h), where */
    uint32_t calls_each; /* each server has so many calls under way, */
    uint32_t peers_each; /* to so many others */
};

struct sim_fleet {
    struct sim_history history;
    struct sim_shadow shadow;
    struct sim_dice dice;
    struct sim_source source;
    struct sim_schedule schedule;
    struct sim_fleet_shape shape;
    weft_ns now;
    uint64_t hash;
    struct weft_heap timers; /* items, then one for each server, then faults, then calls */
    struct weft_heap_item *timer_items;
    uint32_t *timer_places;
    struct weft_pool item_pool;
    uint32_t *item_indices;
    struct sim_item *items;
    struct weft_list_link *item_links;  /* in a link's items */
    struct weft_list_link *ended_links; /* in a port's or net's ended ones */
    uint32_t server_count;
    struct sim_server *servers;
    uint32_t link_count;
    uint32_t link_capacity;
    struct sim_link *links;
    uint32_t memory_count; /* ever */
    uint32_t opening;      /* the server whose loop is being opened, */
    uint32_t looking;      /* or looks at what there is to do */
    uint64_t randoms;
    struct weft_config config;
    weft_ns silence_ns;
    weft_ns hop_ns;
    uint32_t next_fault;
    weft_ns faults_end_at;
    uint32_t call_count;
    struct sim_call *calls;
    struct weft_extent *lists; /* SIM_LIST_EXTENTS_MAX each; NULL where nothing is drawn */
    uint32_t calls_live;       /* neither ended nor skipped */
    bool is_closing;
    uint32_t disturbances; /* faults so far, but for windows taken back and comms aborted */
    weft_ns notice_ns_max; /* so late a server looks for what came */
    bool tells_nics;       /* some server's machine says what becomes of its NICs */
    bool is_jammed;        /* messages are refused now and then, for a while */
    bool is_hurried;       /* deadlines are shorter than faults last */
    uint64_t item_count;
    uint64_t landed_bytes;
    uint64_t failed_writes; /* copies over lanes that were told to have failed */
    uint64_t rounds;
    uint64_t steps;
    weft_ns renew_until; /* of a plain one: calls that end begin anew before that */
    uint64_t call_results[weftNumResults];
    struct sim_fleet_record *record; /* filled for a drawing; or NULL (fleet_record.h) */
    weft_ns healed_at;               /* all was restored; WEFT_NEVER: not yet */
};

struct sim_fleet *sim_fleet_open(const struct sim_fleet_shape *shape);
void sim_fleet_close(struct sim_fleet *fleet);

void sim_fleet_fail(struct sim_fleet *fleet, enum sim_oracle oracle, const char *what, uint64_t a,
                    uint64_t b) __attribute__((noreturn));
void sim_fleet_mix(struct sim_fleet *fleet, uint64_t a, uint64_t b, uint64_t c);

static inline uint64_t sim_fleet_below(struct sim_fleet *fleet, uint64_t bound)
{
    return sim_dice_below(&fleet->dice, bound);
}

#endif
