/* Sizes, counts, factors and times as people write and read them.
 *
 * Parsing takes the whole text or nothing; what is wrong is said in `why`, with what is valid.
 * Sizes are binary: 1K is 1,024 bytes. Rates are decimal: 1 GB/s is 1e9 bytes a second. */
#ifndef WEFT_TOOLS_UNITS_H
#define WEFT_TOOLS_UNITS_H

#include "base/base.h"

#define WEFT_WHY_BYTES  1024
#define WEFT_UNIT_BYTES 32

/* "4096", "4K", "1.5M", "1G", "2GiB": bytes, at least 1. */
bool weft_size_parse(const char *text, uint64_t *bytes, char why[WEFT_WHY_BYTES]);

/* A whole number in [least, most]; `what` names it in the reason. */
bool weft_count_parse(const char *text, const char *what, uint64_t least, uint64_t most,
                      uint64_t *count, char why[WEFT_WHY_BYTES]);

/* "0.25", "25%", "1/4": a part in (0, 1], in millionths. */
bool weft_part_parse(const char *text, const char *what, uint32_t *millionths,
                     char why[WEFT_WHY_BYTES]);

/* One of `words`: its index. */
bool weft_word_parse(const char *text, const char *what, const char *const *words, size_t count,
                     size_t *index, char why[WEFT_WHY_BYTES]);

/* "1G", "4K", "1.50M", "100". */
void weft_size_format(uint64_t bytes, char text[WEFT_UNIT_BYTES]);

/* "12.3 us", "4.56 ms", "7.89 s". */
void weft_time_format(weft_ns duration_ns, char text[WEFT_UNIT_BYTES]);

/* GB/s of `bytes` in `duration_ns`; 0 for no time. */
double weft_rate_gb_per_s(uint64_t bytes, weft_ns duration_ns);

#endif
