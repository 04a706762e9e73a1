/* First come, first served; of those that came at the same instant, the lowest seat. */
#include "arbiter.h"

void weft_emu_arbiter_init(struct weft_emu_arbiter *arbiter)
{
    arbiter->holder = WEFT_NONE;
    for (uint32_t i = 0; i < WEFT_EMU_SEATS_MAX; i++)
        arbiter->requests[i].asked_at = WEFT_NEVER;
}

bool weft_emu_arbiter_withdraw(struct weft_emu_arbiter *arbiter, uint32_t seat)
{
    arbiter->requests[seat].asked_at = WEFT_NEVER;
    if (arbiter->holder != seat)
        return false;
    arbiter->holder = WEFT_NONE;
    return true;
}

uint32_t weft_emu_arbiter_turn(const struct weft_emu_arbiter *arbiter, uint32_t seat_end)
{
    uint32_t first = WEFT_NONE;
    weft_ns first_at = WEFT_NEVER;

    if (arbiter->holder != WEFT_NONE)
        return arbiter->holder;
    for (uint32_t i = 0; i < seat_end; i++) {
        if (arbiter->requests[i].asked_at < first_at) {
            first = i;
            first_at = arbiter->requests[i].asked_at;
        }
    }
    return first;
}

weft_ns weft_emu_arbiter_next_at(const struct weft_emu_arbiter *arbiter, uint32_t turn, weft_ns at)
{
    if (turn == WEFT_NONE)
        return WEFT_NEVER;
    if (arbiter->holder == turn)
        return weft_max(arbiter->stage.next_at, at);
    return weft_max(arbiter->requests[turn].ready_at, at);
}
