/* Taking windows back as weftWindowDeregister does, and aborting comms: what must have ended by
 * then, and that nothing lands after it. */
#include "fleet_revoke.h"

#include <string.h>

#include "fleet_run.h"
#include "host/peers.h"

#define AGAIN_NS 100000 /* a command that is not done is asked again after this */

/* The call reads or writes the memory: one that only waits for its signal's answer does not. */
static bool is_user(const struct sim_fleet *fleet, uint32_t number, uint32_t server,
                    uint32_t memory)
{
    const struct sim_call *call = &fleet->calls[number];
    bool is_read =
        call->op.src_window == memory && fleet->shadow.landed_bytes[number] < call->size_bytes;

    return call->state == SIM_CALL_ACTIVE && call->server == server &&
           (memory == WEFT_NONE || call->op.dst_window == memory || is_read);
}

/* No call of the server names the memory, of an aborted comm (WEFT_NONE) any. */
static void check_calls(struct sim_fleet *fleet, uint32_t index, uint32_t memory)
{
    sim_calls_round(fleet, index);
    for (uint32_t i = 0; i < fleet->call_count; i++)
        SIM_CHECK(&fleet->history, !is_user(fleet, i, index, memory), STOPPED,
                  "call %u has not ended, server %u took back its memory", i, index);
}

/* No copy of the server touches it, nor does one of others write it. */
static void check_untouched(struct sim_fleet *fleet, uint32_t index, uint32_t memory)
{
    for (uint32_t i = 0; i < fleet->shape.items_max; i++) {
        const struct sim_item *item = &fleet->items[i];
        bool is_own = sim_server_is(fleet, index, item->life) && item->server == index &&
                      (item->kind == SIM_ITEM_LOCAL || item->kind == SIM_ITEM_WRITE) &&
                      item->phase != SIM_ITEM_APPLIED && !item->is_refused;
        bool is_there = item->kind != SIM_ITEM_FREE && item->phase == SIM_ITEM_LANDING;

        if (is_own && (memory == WEFT_NONE || item->copy.src_window == memory ||
                       item->copy.dst_window == memory))
            sim_fleet_fail(fleet, SIM_ORACLE_STOPPED, "a copy of memory that was taken back is out",
                           i, memory);
        if (is_there && item->copy.dst_window == memory)
            sim_fleet_fail(fleet, SIM_ORACLE_LATE_WRITE,
                           "a copy lands in memory that was taken back", i, memory);
    }
}

static void set_stage(struct sim_fleet *fleet, struct sim_server *server, uint32_t window,
                      enum sim_revoke_stage stage)
{
    static weftResult_t (*const runs[SIM_REVOKE_STAGES])(struct weft_loop *, struct weft_command *,
                                                         weft_ns) = {
        [SIM_REVOKE_NONE] = weft_command_idle,
        [SIM_REVOKE_CONCEALING] = weft_command_conceal,
        [SIM_REVOKE_REVOKING] = weft_command_window_revoke,
        [SIM_REVOKE_REMOVING] = weft_command_window_remove,
    };
    struct sim_revoke_run *revoke = &server->revokes[window];
    uint64_t within_ms =
        stage == SIM_REVOKE_REMOVING ? fleet->config.timeout_ms : fleet->config.abort_ms;

    revoke->stage = stage;
    revoke->again_at = fleet->now;
    revoke->command = (struct weft_command){.run = runs[stage],
                                            .window = window,
                                            .deadline_at = fleet->now + within_ms * WEFT_NS_PER_MS};
}

void sim_revoke_begin(struct sim_fleet *fleet, uint32_t index, uint32_t window)
{
    struct sim_server *server = &fleet->servers[index];

    if (server->state != SIM_SERVER_UP || window >= 2 * server->holder_count ||
        server->revokes[window].stage != SIM_REVOKE_NONE || server->abort.run != NULL)
        return;
    fleet->shadow.memories[server->memories[window]].is_revoked = true;
    set_stage(fleet, server, window, SIM_REVOKE_CONCEALING);
}

/* The window is gone; its number, and its place for others' keys, are used again. */
static void removed(struct sim_fleet *fleet, uint32_t index, uint32_t window)
{
    struct sim_server *server = &fleet->servers[index];

    check_calls(fleet, index, server->memories[window]);
    check_untouched(fleet, index, server->memories[window]);
    weft_machine_window_remove(server->loop->machine, window, server->holders[window / 2]);
    sim_shadow_remove(&fleet->shadow, server->memories[window]);
    server->revokes[window].stage = SIM_REVOKE_NONE;
    server->uses[window]++;
    SIM_NOTE(&fleet->history, "server %llu has taken back window %llu", index, window);
    sim_server_add_window(fleet, index, window);
}

static void revoke_step(struct sim_fleet *fleet, uint32_t index, uint32_t window)
{
    struct sim_server *server = &fleet->servers[index];
    struct sim_revoke_run *revoke = &server->revokes[window];
    weftResult_t result = revoke->command.run(server->loop, &revoke->command, fleet->now);

    revoke->command.started = true;
    revoke->again_at = fleet->now + AGAIN_NS;
    sim_server_wake(fleet, index, fleet->now);
    SIM_CHECK(&fleet->history, result == weftSuccess || result == weftInProgress, RESULT,
              "server %u cannot take back window %u: stage %u", index, window,
              (unsigned)revoke->stage);
    if (result == weftSuccess && revoke->stage == SIM_REVOKE_REMOVING) {
        removed(fleet, index, window);
    } else if (result == weftSuccess) {
        if (revoke->stage == SIM_REVOKE_REVOKING)
            check_untouched(fleet, index, server->memories[window]);
        set_stage(fleet, server, window, revoke->stage + 1);
    } else if (fleet->now >= revoke->command.deadline_at) {
        SIM_CHECK(&fleet->history, sim_fleet_is_disturbed(fleet), DEADLINE,
                  "server %u cannot take back window %u in time", index, window);
        set_stage(fleet, server, window, SIM_REVOKE_CONCEALING);
    }
}

void sim_abort_begin(struct sim_fleet *fleet, uint32_t index)
{
    struct sim_server *server = &fleet->servers[index];

    if (server->state != SIM_SERVER_UP || server->abort.run != NULL)
        return;
    server->abort =
        (struct weft_command){.run = weft_command_abort,
                              .deadline_at = fleet->now + fleet->config.abort_ms * WEFT_NS_PER_MS};
    server->abort_again_at = fleet->now;
}

/* Something of the server is out that it cannot recall, or that another server carries out. */
static bool has_out(const struct sim_fleet *fleet, uint32_t index)
{
    for (uint32_t i = 0; i < fleet->shape.items_max; i++) {
        const struct sim_item *item = &fleet->items[i];

        if (item->kind >= SIM_ITEM_LOCAL && item->kind <= SIM_ITEM_FORWARD &&
            item->server == index && item->life == fleet->servers[index].life)
            return true;
    }
    for (uint32_t i = 0; i < fleet->call_count; i++)
        if (fleet->calls[i].kind == SIM_CALL_COPY && fleet->calls[i].server == index &&
            (fleet->calls[i].state == SIM_CALL_ACTIVE ||
             (fleet->calls[i].state == SIM_CALL_ENDED && fleet->calls[i].result == weftUnknown)))
            return true;
    return false;
}

/* Its comm is closed once nothing is out, or what is out hangs. */
static void abort_step(struct sim_fleet *fleet, uint32_t index)
{
    struct sim_server *server = &fleet->servers[index];
    weftResult_t result = server->abort.run(server->loop, &server->abort, fleet->now);

    server->abort.started = true;
    server->abort_again_at = fleet->now + AGAIN_NS;
    sim_server_wake(fleet, index, fleet->now);
    if (result == weftInProgress && fleet->now < server->abort.deadline_at)
        return;
    SIM_CHECK(&fleet->history,
              result == weftSuccess || (sim_fleet_is_disturbed(fleet) && has_out(fleet, index)),
              DEADLINE, "server %u cannot abort in time", index);
    if (result == weftSuccess) {
        check_calls(fleet, index, WEFT_NONE);
        check_untouched(fleet, index, WEFT_NONE);
    }
    SIM_NOTE(&fleet->history, "server %llu closes its comm", index);
    fleet->disturbances++;
    sim_server_kill(fleet, index);
}

weft_ns sim_revokes_next_at(const struct sim_fleet *fleet)
{
    weft_ns at = WEFT_NEVER;

    for (uint32_t i = 0; i < fleet->server_count && !fleet->shape.is_plain; i++) {
        const struct sim_server *server = &fleet->servers[i];

        if (server->state != SIM_SERVER_UP)
            continue;
        if (server->abort.run != NULL)
            at = weft_min(at, server->abort_again_at);
        for (uint32_t k = 0; k < SIM_FLEET_WINDOWS && server->abort.run == NULL; k++)
            if (server->revokes[k].stage != SIM_REVOKE_NONE)
                at = weft_min(at, server->revokes[k].again_at);
    }
    return at;
}

void sim_revokes_due(struct sim_fleet *fleet)
{
    for (uint32_t i = 0; i < fleet->server_count && !fleet->shape.is_plain; i++) {
        struct sim_server *server = &fleet->servers[i];

        for (uint32_t k = 0; k < SIM_FLEET_WINDOWS && server->state == SIM_SERVER_UP; k++)
            if (server->revokes[k].stage != SIM_REVOKE_NONE && server->abort.run == NULL &&
                server->revokes[k].again_at <= fleet->now)
                revoke_step(fleet, i, k);
        if (server->state == SIM_SERVER_UP && server->abort.run != NULL &&
            server->abort_again_at <= fleet->now)
            abort_step(fleet, i);
    }
}

void sim_revokes_check_done(struct sim_fleet *fleet)
{
    for (uint32_t i = 0; i < fleet->server_count; i++)
        for (uint32_t k = 0; k < SIM_FLEET_WINDOWS; k++)
            SIM_CHECK(&fleet->history, fleet->servers[i].revokes[k].stage == SIM_REVOKE_NONE,
                      CLOSING, "server %u has not taken back window %u though all is restored", i,
                      k);
}
