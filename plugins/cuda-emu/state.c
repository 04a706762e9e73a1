/* What the model does with all engines and all processes at once. */
#include "state.h"

#include <string.h>

void weft_emu_state_init(struct weft_emu_state *state, const struct weft_emu_machine *machine)
{
    state->engine_count = machine->gpu_count * WEFT_EMU_ENGINE_KINDS;
    state->link_count = machine->topo.link_count;
    weft_emu_live_init(&state->live, &machine->topo);
    for (uint32_t i = 0; i < state->engine_count; i++)
        weft_emu_arbiter_init(&state->arbiters[i]);
}

void weft_emu_state_copy(struct weft_emu_state *to, const struct weft_emu_state *from)
{
    memcpy(to, from, offsetof(struct weft_emu_state, members));
    memcpy(to->members, from->members, from->seat_end * sizeof(from->members[0]));
    memcpy(to->live.links, from->live.links, from->link_count * sizeof(from->live.links[0]));
    memcpy(to->live.cut, from->live.cut, from->link_count * sizeof(from->live.cut[0]));
    memcpy(to->live.loss_one_in, from->live.loss_one_in,
           from->link_count * sizeof(from->live.loss_one_in[0]));
    memcpy(to->live.delay_us, from->live.delay_us,
           from->link_count * sizeof(from->live.delay_us[0]));
    memcpy(to->live.failing, from->live.failing, sizeof(from->live.failing));
    for (uint32_t i = 0; i < from->engine_count; i++)
        memcpy(&to->arbiters[i], &from->arbiters[i],
               offsetof(struct weft_emu_arbiter, requests) +
                   from->seat_end * sizeof(struct weft_emu_request));
}

void weft_emu_state_withdraw(struct weft_emu_state *state, uint32_t seat)
{
    for (uint32_t i = 0; i < state->engine_count; i++)
        if (weft_emu_arbiter_withdraw(&state->arbiters[i], seat))
            state->is_stale = true;
}

void weft_emu_state_leave(struct weft_emu_state *state, uint32_t seat)
{
    weft_emu_state_withdraw(state, seat);
    state->members[seat] = (struct weft_emu_member){0};
}

void weft_emu_state_join(struct weft_emu_state *state, uint32_t seat)
{
    weft_emu_state_leave(state, seat); /* what one that died may have left there */
    state->members[seat].is_taken = true;
    state->members[seat].applied_count = state->fault_count;
    state->seat_end = (uint32_t)weft_max(state->seat_end, seat + 1);
}

/* When each seat has its next event. */
static void next_of_seats(const struct weft_emu_state *state, weft_ns next_at[WEFT_EMU_SEATS_MAX])
{
    for (uint32_t i = 0; i < state->seat_end; i++)
        next_at[i] = WEFT_NEVER;
    for (uint32_t i = 0; i < state->engine_count; i++) {
        const struct weft_emu_arbiter *arbiter = &state->arbiters[i];
        uint32_t turn = weft_emu_arbiter_turn(arbiter, state->seat_end);

        if (turn != WEFT_NONE)
            next_at[turn] =
                weft_min(next_at[turn], weft_emu_arbiter_next_at(arbiter, turn, state->at));
    }
}

void weft_emu_state_suspend(struct weft_emu_state *state, uint32_t seat, weft_ns at)
{
    weft_ns next_at[WEFT_EMU_SEATS_MAX];

    next_of_seats(state, next_at);
    for (uint32_t i = 0; i < state->seat_end; i++) {
        if (i == seat || next_at[i] > at)
            continue;
        weft_emu_state_withdraw(state, i);
        state->members[i].is_suspended = true;
    }
}

void weft_emu_state_next(const struct weft_emu_state *state, uint32_t seat, weft_ns *own_at,
                         weft_ns *other_at)
{
    weft_ns next_at[WEFT_EMU_SEATS_MAX];

    next_of_seats(state, next_at);
    *own_at = WEFT_NEVER;
    *other_at = WEFT_NEVER;
    for (uint32_t i = 0; i < state->seat_end; i++) {
        weft_ns *at = i == seat ? own_at : other_at;

        *at = weft_min(*at, next_at[i]);
    }
}

uint64_t weft_emu_state_surprise(struct weft_emu_state *state, uint32_t seat)
{
    weft_ns next_at[WEFT_EMU_SEATS_MAX];
    uint64_t seats = 0;

    next_of_seats(state, next_at);
    for (uint32_t i = 0; i < state->seat_end; i++) {
        if (i == seat || next_at[i] >= state->members[i].plan_at)
            continue;
        state->members[i].plan_at = next_at[i];
        seats |= 1ull << i;
    }
    return seats;
}

void weft_emu_state_flow(struct weft_emu_state *state, weft_ns until)
{
    for (uint32_t i = 0; i < state->engine_count; i++)
        if (state->arbiters[i].holder != WEFT_NONE)
            weft_emu_stage_flow(&state->arbiters[i].stage, until);
    state->at = weft_max(state->at, until);
}

void weft_emu_state_share(struct weft_emu_state *state)
{
    struct weft_emu_stage *stages[WEFT_EMU_ENGINES_MAX];
    struct weft_emu_flow flows[WEFT_EMU_ENGINES_MAX];
    uint32_t count = 0;

    if (!state->is_stale)
        return;
    state->is_stale = false;
    for (uint32_t i = 0; i < state->engine_count; i++) {
        struct weft_emu_stage *stage = &state->arbiters[i].stage;

        if (state->arbiters[i].holder == WEFT_NONE || !stage->is_flowing)
            continue;
        flows[count] = (struct weft_emu_flow){stage->path.links, stage->path.count,
                                              stage->limit_bytes_per_us, 0};
        stages[count++] = stage;
    }
    weft_emu_fluid_share(state->live.links, flows, count);
    for (uint32_t i = 0; i < count; i++)
        if (flows[i].rate_bytes_per_us != stages[i]->rate_bytes_per_us ||
            stages[i]->next_at == WEFT_NEVER)
            weft_emu_stage_set_rate(stages[i], flows[i].rate_bytes_per_us, state->at);
}

uint64_t weft_emu_state_used_bytes(const struct weft_emu_state *state, uint32_t gpu)
{
    uint64_t used_bytes = 0;

    for (uint32_t i = 0; i < state->seat_end; i++)
        used_bytes += state->members[i].used_bytes[gpu];
    return used_bytes;
}

bool weft_emu_state_has_applied(const struct weft_emu_state *state, uint64_t fault)
{
    for (uint32_t i = 0; i < state->seat_end; i++) {
        const struct weft_emu_member *member = &state->members[i];

        if (member->is_taken && !member->is_suspended && member->applied_count < fault)
            return false;
    }
    return true;
}
