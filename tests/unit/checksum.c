/* tools/common/checksum: patterns that see every wrong byte, and a checksum of real bytes. */
#include <criterion/criterion.h>

#include <string.h>

#include "common/checksum.h"

/* Any cut of a pattern is the pattern at that position, whatever the alignment. */
Test(checksum, pattern__pieces_are_the_whole)
{
    static const struct {
        size_t position;
        size_t size;
    } rows[] = {{0, 100}, {0, 1}, {7, 1}, {3, 3}, {5, 20}, {8, 64}, {13, 87}};
    unsigned char whole[100];

    weft_pattern_fill(whole, sizeof(whole), 42, 0);
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        unsigned char piece[100];

        weft_pattern_fill(piece, rows[i].size, 42, rows[i].position);
        cr_expect_eq(memcmp(piece, whole + rows[i].position, rows[i].size), 0, "row %zu", i);
        cr_expect_eq(
            weft_pattern_wrong(whole + rows[i].position, rows[i].size, 42, rows[i].position), 0,
            "row %zu", i);
    }
}

Test(checksum, pattern__every_wrong_byte_counts)
{
    unsigned char bytes[100];

    weft_pattern_fill(bytes, sizeof(bytes), 7, 1000);
    bytes[0] ^= 1;
    bytes[50] ^= 0x80;
    bytes[51] ^= 0xff;
    bytes[99] ^= 2;
    cr_expect_eq(weft_pattern_wrong(bytes, sizeof(bytes), 7, 1000), 4);
}

/* A shifted or stale buffer is wrong nearly everywhere: equal bytes are chance. */
Test(checksum, pattern__other_place_or_seed_is_seen)
{
    unsigned char bytes[4096];

    weft_pattern_fill(bytes, sizeof(bytes), 7, 0);
    cr_expect_gt(weft_pattern_wrong(bytes, sizeof(bytes), 7, 8), 3900);
    cr_expect_gt(weft_pattern_wrong(bytes, sizeof(bytes), 8, 0), 3900);
}

Test(checksum, checksum__swap_and_tail_change_it)
{
    unsigned char bytes[75];
    unsigned char other[75];
    uint64_t sum;

    weft_pattern_fill(bytes, sizeof(bytes), 1, 0);
    sum = weft_checksum(bytes, sizeof(bytes));
    cr_expect_eq(weft_checksum(bytes, sizeof(bytes)), sum);
    memcpy(other, bytes, sizeof(bytes));
    memcpy(other, bytes + 8, 8);
    memcpy(other + 8, bytes, 8);
    cr_expect_neq(weft_checksum(other, sizeof(other)), sum);
    memcpy(other, bytes, sizeof(bytes));
    other[74] ^= 1;
    cr_expect_neq(weft_checksum(other, sizeof(other)), sum);
}
