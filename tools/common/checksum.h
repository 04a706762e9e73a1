/* A pattern that every byte of a transfer is checked against, and a checksum of real bytes.
 *
 * Byte p of the pattern `seed` depends on p and the seed alone, so that a byte that came from the
 * wrong place or from an earlier iteration is seen. */
#ifndef WEFT_TOOLS_CHECKSUM_H
#define WEFT_TOOLS_CHECKSUM_H

#include "base/base.h"

/* Writes bytes [position, position + size) of the pattern to memory. */
void weft_pattern_fill(void *memory, size_t size, uint64_t seed, uint64_t position);

/* How many bytes of memory differ from bytes [position, position + size) of the pattern. */
uint64_t weft_pattern_wrong(const void *memory, size_t size, uint64_t seed, uint64_t position);

/* A checksum in four independent lanes: as fast as memory, and a swap of two words changes it. */
uint64_t weft_checksum(const void *memory, size_t size);

#endif
