/* Relays: slots given and taken. */
#include "relay.h"

void weft_relay_init(struct weft_relay *relay, uint32_t window, uint32_t slot_count,
                     uint64_t slot_bytes)
{
    weft_assert(slot_count >= 1);
    weft_assert(slot_count <= WEFT_RELAY_SLOTS_MAX);
    relay->window = window;
    relay->slot_count = slot_count;
    relay->slot_bytes = slot_bytes;
    relay->free_slots = slot_count == 64 ? UINT64_MAX : (UINT64_C(1) << slot_count) - 1;
    for (uint32_t i = 0; i < WEFT_RELAY_SLOTS_MAX; i++)
        relay->generations[i] = 0;
}

void weft_relay_end(struct weft_relay *relay)
{
    weft_assert(weft_relay_free_count(relay) == relay->slot_count);
    relay->window = WEFT_NONE;
    relay->slot_count = 0;
    relay->free_slots = 0;
}

uint32_t weft_relay_take(struct weft_relay *relay)
{
    uint32_t slot;

    if (relay->window == WEFT_NONE || relay->free_slots == 0)
        return WEFT_NONE;
    slot = (uint32_t)__builtin_ctzll(relay->free_slots);
    relay->free_slots &= relay->free_slots - 1;
    relay->generations[slot]++;
    return slot;
}

void weft_relay_give(struct weft_relay *relay, uint32_t slot)
{
    weft_assert(slot < relay->slot_count);
    weft_assert((relay->free_slots >> slot & 1) == 0);
    relay->free_slots |= UINT64_C(1) << slot;
}

uint32_t weft_relay_free_count(const struct weft_relay *relay)
{
    uint32_t count = 0;

    if (relay->window == WEFT_NONE)
        return 0;
    for (uint64_t slots = relay->free_slots; slots != 0; slots &= slots - 1)
        count++;
    return count;
}

uint64_t weft_relay_slot_offset(const struct weft_relay *relay, uint32_t slot)
{
    weft_assert(slot < relay->slot_count);
    return slot * relay->slot_bytes;
}

uint64_t weft_relay_probe_offset(const struct weft_relay *relay, uint32_t place)
{
    weft_assert(place < WEFT_RELAY_PROBE_PLACES);
    return relay->slot_count * relay->slot_bytes + place * WEFT_RELAY_PROBE_PLACE_BYTES;
}
