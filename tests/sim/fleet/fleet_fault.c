/* What the faults of a fleet do. */
#include "fleet_run.h"

/* Of what is on the lane, some is lost, and some comes late, if it is taken there. */
static void scatter(struct sim_fleet *fleet, const struct sim_link *link, uint32_t lane)
{
    for (uint32_t i = link->items.first; i != WEFT_NONE; i = fleet->item_links[i].next) {
        struct sim_item *item = &fleet->items[i];

        if (item->kind > SIM_ITEM_MESSAGE || item->lane != lane || item->phase == SIM_ITEM_APPLIED)
            continue;
        if (sim_fleet_below(fleet, 2) == 0)
            sim_item_park(fleet, i);
        else
            sim_item_at(fleet, i,
                        fleet->now + sim_dice_scaled(&fleet->dice, 1000, 4 * fleet->silence_ns));
    }
}

/* What is on the lane stands still until the NIC goes on. */
static void park(struct sim_fleet *fleet, const struct sim_link *link, uint32_t lane)
{
    for (uint32_t i = link->items.first; i != WEFT_NONE; i = fleet->item_links[i].next)
        if (fleet->items[i].kind <= SIM_ITEM_MESSAGE && fleet->items[i].lane == lane &&
            sim_fleet_below(fleet, 4) != 0)
            sim_item_park(fleet, i);
}

static void go_on(struct sim_fleet *fleet, const struct sim_link *link, uint32_t lane)
{
    for (uint32_t i = link->items.first; i != WEFT_NONE; i = fleet->item_links[i].next)
        if (fleet->items[i].kind <= SIM_ITEM_MESSAGE && fleet->items[i].lane == lane &&
            fleet->items[i].is_parked && !fleet->items[i].is_lost)
            sim_item_at(fleet, i, fleet->now + 1000 + sim_fleet_below(fleet, 100000));
}

/* Both sides of the lane will give it up, each in its own time. */
static void close_both(struct sim_fleet *fleet, uint32_t index, uint32_t lane, weft_ns least_ns,
                       uint64_t number)
{
    for (uint32_t side = 0; side < 2; side++)
        sim_link_close_at(fleet, index, lane, side,
                          fleet->now + least_ns + sim_fleet_below(fleet, least_ns + 200000),
                          number);
}

/* What counts the changes that may end a silence (fleet_link.c). */
static uint64_t changes_of(const struct sim_fleet *fleet, const struct sim_link *link,
                           uint32_t lane)
{
    uint64_t sum = 0;
    uint32_t nics[2];

    (void)sim_link_nics(fleet, link, lane, nics);
    for (uint32_t side = 0; side < 2; side++)
        sum += fleet->servers[link->server[side]].stops +
               fleet->servers[link->server[side]].nics[nics[side]].changes;
    return sum;
}

static void break_lane(struct sim_fleet *fleet, uint32_t index, uint32_t lane)
{
    scatter(fleet, &fleet->links[index], lane);
    close_both(fleet, index, lane, 1000, 0);
}

static void silence_lane(struct sim_fleet *fleet, uint32_t index, uint32_t lane)
{
    park(fleet, &fleet->links[index], lane);
    close_both(fleet, index, lane, fleet->silence_ns,
               changes_of(fleet, &fleet->links[index], lane));
}

static void restore_lane(struct sim_fleet *fleet, uint32_t index, uint32_t lane)
{
    go_on(fleet, &fleet->links[index], lane);
    sim_link_settle_at(fleet, index, lane, fleet->now + 100000 + sim_fleet_below(fleet, 2000000));
}

/* Each lane of the server, or of one of its NICs. */
static void each_lane(struct sim_fleet *fleet, uint32_t server, uint32_t nic,
                      void (*act)(struct sim_fleet *, uint32_t link, uint32_t lane))
{
    for (uint32_t i = 0; i < fleet->link_count; i++)
        for (uint32_t lane = 0; lane < fleet->links[i].lane_count; lane++) {
            const struct sim_link *link = &fleet->links[i];
            uint32_t nics[2];

            (void)sim_link_nics(fleet, link, lane, nics);
            for (uint32_t side = 0; side < 2 && !link->is_dead; side++)
                if (link->server[side] == server && (nic == WEFT_NONE || nics[side] == nic)) {
                    act(fleet, i, lane);
                    link = &fleet->links[i];
                }
        }
}

static void nic_fault(struct sim_fleet *fleet, const struct sim_fault *fault, uint32_t server,
                      uint32_t number)
{
    struct sim_nic *nic = &fleet->servers[server].nics[number];

    if (fleet->servers[server].tells_nics)
        sim_server_wake(fleet, server, fleet->now + 1000);
    switch (fault->kind) {
    case SIM_FAULT_NIC_CUT:
    case SIM_FAULT_NIC_SILENCE:
        nic->state = fault->kind == SIM_FAULT_NIC_CUT ? WEFT_NET_SHAPE_CUT : WEFT_NET_SHAPE_SILENT;
        nic->changes++;
        each_lane(fleet, server, number,
                  fault->kind == SIM_FAULT_NIC_CUT ? break_lane : silence_lane);
        break;
    case SIM_FAULT_NIC_DEGRADE:
        nic->permille = (uint32_t)fault->argument;
        break;
    case SIM_FAULT_NIC_REFUSE:
        nic->refuse_until = fleet->now + fault->argument;
        break;
    default:
        nic->permille = 1000;
        nic->state = WEFT_NET_SHAPE_UP;
        nic->changes++;
        each_lane(fleet, server, number, restore_lane);
    }
}

static void server_fault(struct sim_fleet *fleet, enum sim_fault_kind kind, uint32_t index)
{
    struct sim_server *server = &fleet->servers[index];

    switch (kind) {
    case SIM_FAULT_SERVER_STOP:
        if (server->state != SIM_SERVER_UP)
            return;
        server->state = SIM_SERVER_STOPPED;
        server->stops++;
        for (uint32_t i = 0; i < fleet->link_count; i++)
            for (uint32_t lane = 0; lane < fleet->links[i].lane_count; lane++)
                if (!fleet->links[i].is_dead &&
                    (fleet->links[i].server[0] == index || fleet->links[i].server[1] == index))
                    close_both(fleet, i, lane, fleet->silence_ns,
                               changes_of(fleet, &fleet->links[i], lane));
        break;
    case SIM_FAULT_SERVER_CONTINUE:
        if (server->state != SIM_SERVER_STOPPED)
            return;
        server->state = SIM_SERVER_UP;
        server->stops++;
        sim_link_go_on(fleet, index);
        sim_server_wake(fleet, index, fleet->now + 1000);
        break;
    case SIM_FAULT_SERVER_KILL:
        sim_server_kill(fleet, index);
        break;
    default:
        if (server->state == SIM_SERVER_DEAD)
            sim_server_open(fleet, index);
    }
}

static uint32_t link_between(const struct sim_fleet *fleet, uint32_t a, uint32_t b)
{
    for (uint32_t i = 0; i < fleet->link_count; i++)
        if (!fleet->links[i].is_dead &&
            ((fleet->links[i].server[0] == a && fleet->links[i].server[1] == b) ||
             (fleet->links[i].server[0] == b && fleet->links[i].server[1] == a)))
            return i;
    return WEFT_NONE;
}

static void lane_fault(struct sim_fleet *fleet, uint32_t a, uint32_t b, uint32_t lane)
{
    uint32_t link = link_between(fleet, a, b);

    if (link != WEFT_NONE && lane < fleet->links[link].lane_count)
        break_lane(fleet, link, lane);
}

void sim_fleet_fault(struct sim_fleet *fleet, const struct sim_fault *fault)
{
    uint32_t a = sim_fault_part(fault->target, 0);
    uint32_t b = sim_fault_part(fault->target, 1);
    uint32_t c = sim_fault_part(fault->target, 2);
    bool is_hop = a < fleet->server_count && b < fleet->servers[a].world->hops.count;

    SIM_NOTE(&fleet->history, sim_fault_row(fault->kind)->note, a, b, c, fault->argument);
    if (a >= fleet->server_count)
        return;
    fleet->disturbances += fault->kind < SIM_FAULT_WINDOW_REVOKE;
    switch (fault->kind) {
    case SIM_FAULT_COPY_STALL:
        if (is_hop)
            fleet->servers[a].stalled[b] = true;
        break;
    case SIM_FAULT_COPY_ERROR:
        if (is_hop)
            fleet->servers[a].failing[b] = (uint32_t)fault->argument;
        break;
    case SIM_FAULT_COPY_RESUME:
        if (is_hop)
            sim_port_resume(fleet, a, b);
        break;
    case SIM_FAULT_LANE_BREAK:
        lane_fault(fleet, a, b, c);
        break;
    case SIM_FAULT_WINDOW_REVOKE:
        sim_revoke_begin(fleet, a, b);
        break;
    case SIM_FAULT_SERVER_ABORT:
        sim_abort_begin(fleet, a);
        break;
    case SIM_FAULT_SERVER_ANNOUNCE:
        fleet->servers[a].tells_nics = true;
        fleet->tells_nics = true;
        break;
    case SIM_FAULT_SERVER_STOP:
    case SIM_FAULT_SERVER_CONTINUE:
    case SIM_FAULT_SERVER_KILL:
    case SIM_FAULT_SERVER_RESTART:
        server_fault(fleet, fault->kind, a);
        break;
    default:
        if (b < fleet->servers[a].nic_count)
            nic_fault(fleet, fault, a, b);
    }
}

/* All that the schedule left broken is as it was. */
void sim_fleet_heal(struct sim_fleet *fleet)
{
    for (uint32_t i = 0; i < fleet->server_count; i++) {
        server_fault(fleet, SIM_FAULT_SERVER_CONTINUE, i);
        server_fault(fleet, SIM_FAULT_SERVER_RESTART, i);
        for (uint32_t nic = 0; nic < fleet->servers[i].nic_count; nic++) {
            struct sim_fault restore = {.kind = SIM_FAULT_NIC_RESTORE};

            fleet->servers[i].nics[nic].refuse_until = 0;
            nic_fault(fleet, &restore, i, nic);
        }
        for (uint32_t hop = 0; hop < fleet->servers[i].world->hops.count; hop++) {
            fleet->servers[i].failing[hop] = 0;
            if (fleet->servers[i].stalled[hop])
                sim_port_resume(fleet, i, hop);
        }
    }
}
