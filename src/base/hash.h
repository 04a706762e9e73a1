/* FNV-1a over 64-bit words and bytes: traces, checksums of test data. Not for secrets. */
#ifndef WEFT_HASH_H
#define WEFT_HASH_H

#include "base.h"

#define WEFT_HASH_SEED 0xcbf29ce484222325u

static inline uint64_t weft_hash_word(uint64_t hash, uint64_t word)
{
    hash ^= word;
    hash *= 0x100000001b3u;
    return hash ^ (hash >> 32);
}

/* A checksum of memory, eight bytes a step: fast enough to verify what was moved. */
static inline uint64_t weft_hash_bytes(uint64_t hash, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;

    for (; size >= 8; size -= 8, at += 8) {
        uint64_t word;

        __builtin_memcpy(&word, at, 8);
        hash = weft_hash_word(hash, word);
    }
    for (; size > 0; size--, at++)
        hash = weft_hash_word(hash, *at);
    return hash;
}

#endif
