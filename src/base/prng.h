/* A small deterministic generator (SplitMix64: Steele, Lea, Flood, OOPSLA 2014). Integers only;
 * equal seeds give equal sequences on every machine. Not for secrets. */
#ifndef WEFT_PRNG_H
#define WEFT_PRNG_H

#include "base.h"

struct weft_prng {
    uint64_t state;
};

static inline void weft_prng_init(struct weft_prng *prng, uint64_t seed)
{
    prng->state = seed;
}

static inline uint64_t weft_prng_next(struct weft_prng *prng)
{
    uint64_t z = (prng->state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* A number in [0, bound); bound > 0. */
static inline uint64_t weft_prng_below(struct weft_prng *prng, uint64_t bound)
{
    weft_assert(bound > 0);
    return weft_prng_next(prng) % bound;
}

/* A number in [low, high]. */
static inline uint64_t weft_prng_between(struct weft_prng *prng, uint64_t low, uint64_t high)
{
    weft_assert(low <= high);
    return low + weft_prng_below(prng, high - low + 1);
}

/* True in `percent` of the draws. */
static inline bool weft_prng_chance(struct weft_prng *prng, uint32_t percent)
{
    return weft_prng_below(prng, 100) < percent;
}

#endif
