/* Patterns and checksums of test data. Word i of a pattern is an affine function of i, which
 * compilers turn into vector additions: checking 1 GiB must not take longer than moving it. */
#include "common/checksum.h"

#include <string.h>

#include "base/hash.h"

#define WORD_STEP 0x9e3779b97f4a7c15u

static uint64_t pattern_word(uint64_t seed, uint64_t index)
{
    return (seed + 1) * 0xbf58476d1ce4e5b9u + index * WORD_STEP;
}

static unsigned char pattern_byte(uint64_t seed, uint64_t position)
{
    uint64_t word = pattern_word(seed, position / 8);

    return (unsigned char)(word >> (8 * (position % 8)));
}

void weft_pattern_fill(void *memory, size_t size, uint64_t seed, uint64_t position)
{
    unsigned char *at = memory;

    for (; size > 0 && position % 8 != 0; size--)
        *at++ = pattern_byte(seed, position++);
    for (; size >= 8; size -= 8, at += 8, position += 8) {
        uint64_t word = pattern_word(seed, position / 8);

        memcpy(at, &word, 8);
    }
    for (; size > 0; size--)
        *at++ = pattern_byte(seed, position++);
}

static uint64_t wrong_bytes_of(uint64_t difference)
{
    uint64_t wrong = 0;

    for (; difference != 0; difference >>= 8)
        wrong += (difference & 0xff) != 0;
    return wrong;
}

uint64_t weft_pattern_wrong(const void *memory, size_t size, uint64_t seed, uint64_t position)
{
    const unsigned char *at = memory;
    uint64_t wrong = 0;

    for (; size > 0 && position % 8 != 0; size--)
        wrong += *at++ != pattern_byte(seed, position++);
    for (; size >= 8; size -= 8, at += 8, position += 8) {
        uint64_t word;

        memcpy(&word, at, 8);
        word ^= pattern_word(seed, position / 8);
        if (word != 0)
            wrong += wrong_bytes_of(word);
    }
    for (; size > 0; size--)
        wrong += *at++ != pattern_byte(seed, position++);
    return wrong;
}

uint64_t weft_checksum(const void *memory, size_t size)
{
    const unsigned char *at = memory;
    uint64_t lanes[4] = {WEFT_HASH_SEED, WEFT_HASH_SEED + 1, WEFT_HASH_SEED + 2,
                         WEFT_HASH_SEED + 3};
    uint64_t sum;

    for (; size >= 32; size -= 32, at += 32) {
        uint64_t words[4];

        memcpy(words, at, 32);
        for (int i = 0; i < 4; i++)
            lanes[i] = weft_hash_word(lanes[i], words[i]);
    }
    sum = weft_hash_bytes(lanes[0], at, size);
    for (int i = 1; i < 4; i++)
        sum = weft_hash_word(sum, lanes[i]);
    return sum;
}
