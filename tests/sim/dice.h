/* Where the simulator's choices come from: a seed, or the bytes of a fuzzer.
 *
 * Streams are forked by label, so that a choice more in one part of a run shifts nothing in the
 * others. A fuzzer's bytes are cut into one piece for each label; when a piece is used up every
 * further choice is the smallest one. Integers only. */
#ifndef SIM_DICE_H
#define SIM_DICE_H

#include "base/hash.h"
#include "base/prng.h"

enum sim_label {
    SIM_LABEL_WORLD,
    SIM_LABEL_CONFIG,
    SIM_LABEL_WORKLOAD,
    SIM_LABEL_FAULTS,
    SIM_LABEL_FABRIC,
    SIM_LABELS
};

struct sim_dice {
    struct weft_prng prng;
    const uint8_t *bytes; /* NULL: the generator */
    size_t left_bytes;
};

/* What all streams of a run are forked from. */
struct sim_source {
    uint64_t seed;
    const uint8_t *bytes; /* NULL: the seed */
    size_t size_bytes;
};

static inline struct sim_dice sim_dice_fork(const struct sim_source *source, enum sim_label label)
{
    struct sim_dice dice = {.bytes = NULL};
    uint64_t seed = weft_hash_word(weft_hash_word(WEFT_HASH_SEED, source->seed), label);

    weft_prng_init(&dice.prng, seed);
    if (source->bytes != NULL) {
        dice.left_bytes = source->size_bytes / SIM_LABELS;
        dice.bytes = source->bytes + dice.left_bytes * label;
    }
    return dice;
}

static inline uint64_t sim_dice_next(struct sim_dice *dice, uint64_t bound)
{
    uint64_t value = 0;

    if (dice->bytes == NULL)
        return weft_prng_next(&dice->prng);
    for (; bound > 1 && dice->left_bytes > 0; bound = (bound + 255) / 256) {
        value = value << 8 | *dice->bytes++;
        dice->left_bytes--;
    }
    return value;
}

/* A number in [0, bound); bound > 0. */
static inline uint64_t sim_dice_below(struct sim_dice *dice, uint64_t bound)
{
    weft_assert(bound > 0);
    return sim_dice_next(dice, bound) % bound;
}

/* A number in [low, high]; the smallest choice is `low`. */
static inline uint64_t sim_dice_between(struct sim_dice *dice, uint64_t low, uint64_t high)
{
    weft_assert(low <= high);
    return low + sim_dice_below(dice, high - low + 1);
}

static inline bool sim_dice_chance(struct sim_dice *dice, uint32_t percent)
{
    return sim_dice_below(dice, 100) + percent >= 100;
}

/* A number in [low, high], every power of two as likely as the next; low > 0. */
static inline uint64_t sim_dice_scaled(struct sim_dice *dice, uint64_t low, uint64_t high)
{
    uint32_t least = 63 - (uint32_t)__builtin_clzll(low);
    uint32_t most = 63 - (uint32_t)__builtin_clzll(high);
    uint64_t power = UINT64_C(1) << sim_dice_between(dice, least, most);
    uint64_t value = power + sim_dice_below(dice, power);

    return weft_min(weft_max(value, low), high);
}

#endif
