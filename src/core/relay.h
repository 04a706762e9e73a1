/* Relays: a ring of staging slots on a device that chunks pass through.
 *
 * A slot is one chunk's from the issue of the copy that fills it until the copy that empties it has
 * ended; a hung copy keeps its slot. Generations count how often a slot was taken, so that a record
 * of an older use is told from the present one. Behind the slots lie 4 KiB that only probes
 * touch. */
#ifndef WEFT_RELAY_H
#define WEFT_RELAY_H

#include "../base/base.h"

#define WEFT_RELAY_SLOTS_MAX         64
#define WEFT_RELAY_PROBE_BYTES       4096 /* behind the slots: a place for each prober */
#define WEFT_RELAY_PROBE_PLACES      128
#define WEFT_RELAY_PROBE_PLACE_BYTES (WEFT_RELAY_PROBE_BYTES / WEFT_RELAY_PROBE_PLACES)

struct weft_relay {
    uint32_t window; /* WEFT_NONE: the device has no relay */
    uint32_t slot_count;
    uint64_t slot_bytes;
    uint64_t free_slots; /* bit i: slot i is free */
    uint32_t generations[WEFT_RELAY_SLOTS_MAX];
};

void weft_relay_init(struct weft_relay *relay, uint32_t window, uint32_t slot_count,
                     uint64_t slot_bytes);

/* Its memory is gone: it has no slot any more. Needs: none is taken. */
void weft_relay_end(struct weft_relay *relay);

/* The lowest free slot, now taken, or WEFT_NONE. */
uint32_t weft_relay_take(struct weft_relay *relay);

/* Needs: the slot is taken. */
void weft_relay_give(struct weft_relay *relay, uint32_t slot);

uint32_t weft_relay_free_count(const struct weft_relay *relay);

/* Where a slot, and the probes' bytes, begin in the window. */
uint64_t weft_relay_slot_offset(const struct weft_relay *relay, uint32_t slot);
uint64_t weft_relay_probe_offset(const struct weft_relay *relay, uint32_t place);

#endif
