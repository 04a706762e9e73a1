/* Loads: a comm beside another process of the same emulated server, of which there is only what it
 * says of itself. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "api/comm.h"
#include "conform.h"
#include "host/loads.h"

static char machine[32];

static weftComm_t open_comm(const char *name, const char *value)
{
    (void)snprintf(machine, sizeof(machine), "loads-%d", (int)getpid());
    return conform_comm("emu_machine", machine, name, value, NULL);
}

static const struct weft_topo *topo_of(weftComm_t comm)
{
    return &weft_comm_find(comm)->loop->machine->topo;
}

static struct weft_loads *open_other(weftComm_t comm)
{
    struct weft_loads *other = NULL;
    struct weft_process self;
    char why[WEFT_LOADS_WHY_BYTES] = "";

    weft_process_self(machine, &self);
    cr_assert_eq(weft_loads_open(&self, topo_of(comm), &other, why), weftSuccess, "%s", why);
    return other;
}

/* It is alive, and takes so much of a link in the direction of its name. */
static void tell(struct weft_loads *other, weftComm_t comm, const char *link, uint64_t own)
{
    static struct weft_load told[WEFT_LINKS_MAX];
    static bool is_new[WEFT_LINKS_MAX];
    uint32_t index = weft_topo_link_find(topo_of(comm), link);
    struct timespec at;

    cr_assert_neq(index, WEFT_NONE);
    clock_gettime(CLOCK_MONOTONIC, &at);
    (void)weft_loads_look(other, (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec, is_new);
    memset(told, 0, sizeof(told));
    told[index].own_bytes_per_us = own;
    weft_loads_tell(other, told);
}

/* Would a transfer from gpu0 to dram0 go through gpu1, too? */
static bool relays_by_gpu1(weftComm_t comm)
{
    const struct weft_topo *topo = topo_of(comm);
    struct weft_command command = {.run = weft_command_explain,
                                   .device = weft_topo_find(topo, "gpu0"),
                                   .dst_device = weft_topo_find(topo, "dram0"),
                                   .size_bytes = MIB(16),
                                   .deadline_at = WEFT_NEVER};

    cr_assert_eq(weft_loop_call(weft_comm_find(comm)->loop, &command), weftSuccess);
    for (uint32_t i = 0; i < command.row_count; i++)
        if (strcmp(command.rows[i].name, "gpu0>gpu1>dram0") == 0)
            return command.rows[i].admitted;
    cr_assert(false, "there is no such route");
    return false;
}

Test(loads, relay__yields_to_an_owner_elsewhere, .timeout = 60)
{
    weftComm_t comm = open_comm(NULL, NULL);
    struct weft_loads *other = open_other(comm);

    cr_assert(relays_by_gpu1(comm), "nobody uses gpu1's links");
    do
        tell(other, comm, "gpu1-pcie", 55200);
    while (relays_by_gpu1(comm));
    do
        tell(other, comm, "gpu1-pcie", 0);
    while (!relays_by_gpu1(comm));
    /* Another GPU's owner is in nobody's way here. */
    tell(other, comm, "gpu7-pcie", 55200);
    cr_assert(relays_by_gpu1(comm));
    do
        tell(other, comm, "gpu1-pcie", 55200);
    while (relays_by_gpu1(comm));
    weft_loads_close(other);
    while (!relays_by_gpu1(comm))
        continue;
    conform_close(comm);
}

/* What this comm takes is told as well: all of its own path's link. */
Test(loads, put__is_told_to_the_others, .timeout = 60)
{
    static bool is_new[WEFT_LINKS_MAX];
    weftComm_t comm = open_comm(NULL, NULL);
    struct weft_loads *other = open_other(comm);
    uint32_t link = weft_topo_link_find(topo_of(comm), "gpu0-pcie");
    struct area gpu;
    struct area dram;
    weftRequest_t request;
    uint64_t most = 0;

    conform_area(comm, "gpu0", MIB(16), &gpu);
    conform_area(comm, "dram0", MIB(16), &dram);
    conform_link(comm, "gpu0-pcie", WEFT_EMU_LINK_UP, 100);
    do {
        SUCCEED(weftPut(dram.window, 0, gpu.window, 0, MIB(16), comm, NULL, &request));
        while (weftTest(&request) == weftInProgress) {
            struct timespec at;

            clock_gettime(CLOCK_MONOTONIC, &at);
            (void)weft_loads_look(other, (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec,
                                  is_new);
            if (other->foreign[link].own_bytes_per_us > most)
                most = other->foreign[link].own_bytes_per_us;
        }
    } while (most == 0);
    cr_assert_leq(most, 55200);
    conform_close(comm);
    weft_loads_close(other);
}

Test(loads, own__knows_nobody, .timeout = 60)
{
    weftComm_t comm = open_comm("loads", "own");
    struct weft_loads *other = open_other(comm);

    for (uint32_t i = 0; i < 100; i++) {
        tell(other, comm, "gpu1-pcie", 55200);
        cr_assert(relays_by_gpu1(comm));
    }
    weft_loads_close(other);
    conform_close(comm);
}
