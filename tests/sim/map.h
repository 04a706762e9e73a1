/* What every byte of a window is, as intervals: a terabyte costs what its pieces cost.
 *
 * A map covers [0, size) without gaps. A value below SIM_MAP_PLACE is the same for all bytes of an
 * interval (a state, an owner); a value from there on is a place in the space of all bytes ever
 * registered, and counts up with the bytes: byte b of [begin, ...) has value + (b - begin).
 * Neighbours that continue each other are one interval. */
#ifndef SIM_MAP_H
#define SIM_MAP_H

#include "base/base.h"

#define SIM_MAP_PLACE (UINT64_C(1) << 44)

struct sim_span {
    uint64_t begin;
    uint64_t value;
};

struct sim_map {
    struct sim_span *spans; /* sorted by begin; the first begins at 0 */
    uint32_t count;
    uint32_t capacity;
    uint64_t size_bytes;
};

/* A piece of a range, as sim_map_piece finds it. */
struct sim_piece {
    uint64_t size_bytes; /* at most what was asked for */
    uint64_t value;      /* of its first byte */
};

/* The memory of a map that was used before is used again. */
void sim_map_reset(struct sim_map *map, uint64_t size_bytes, uint64_t value);
void sim_map_fini(struct sim_map *map);

/* Needs: the range is inside the map. */
void sim_map_set(struct sim_map *map, uint64_t begin, uint64_t size_bytes, uint64_t value);

/* The longest piece of [begin, begin + size_bytes) from its start that is one interval. */
struct sim_piece sim_map_piece(const struct sim_map *map, uint64_t begin, uint64_t size_bytes);

/* True when every byte of the range has `value` (a state). */
bool sim_map_is(const struct sim_map *map, uint64_t begin, uint64_t size_bytes, uint64_t value);

static inline uint64_t sim_map_advance(uint64_t value, uint64_t bytes)
{
    return value < SIM_MAP_PLACE ? value : value + bytes;
}

#endif
