/* The hash: every bit counts, and so does the order. */
#include <criterion/criterion.h>

#include "base/hash.h"

Test(hash, bytes__every_bit_counts)
{
    unsigned char bytes[37] = {0};
    uint64_t plain = weft_hash_bytes(WEFT_HASH_SEED, bytes, sizeof(bytes));

    for (size_t i = 0; i < sizeof(bytes) * 8; i++) {
        bytes[i / 8] ^= (unsigned char)(1u << i % 8);
        cr_assert_neq(weft_hash_bytes(WEFT_HASH_SEED, bytes, sizeof(bytes)), plain, "bit %zu", i);
        bytes[i / 8] ^= (unsigned char)(1u << i % 8);
    }
    cr_assert_eq(weft_hash_bytes(WEFT_HASH_SEED, bytes, sizeof(bytes)), plain);
}

Test(hash, bytes__length_and_alignment)
{
    unsigned char bytes[64];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)(i % 16);
    cr_assert_neq(weft_hash_bytes(1, bytes, 15), weft_hash_bytes(1, bytes, 16));
    cr_assert_eq(weft_hash_bytes(1, bytes, 16), weft_hash_bytes(1, bytes + 16, 16));
    cr_assert_eq(weft_hash_bytes(1, bytes, 0), 1);
}

Test(hash, word__order_counts)
{
    uint64_t ab = weft_hash_word(weft_hash_word(WEFT_HASH_SEED, 1), 2);
    uint64_t ba = weft_hash_word(weft_hash_word(WEFT_HASH_SEED, 2), 1);

    cr_assert_neq(ab, ba);
}
