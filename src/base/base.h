/* What every file of Weft may use: time, results, assertion, small arithmetic.
 *
 * Holds no state. Time is an unsigned count of nanoseconds since an origin that the host chose;
 * the core only compares instants and adds durations. */
#ifndef WEFT_BASE_H
#define WEFT_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "weft.h"

/* An instant or a duration. WEFT_NEVER is later than every instant. */
typedef uint64_t weft_ns;
#define WEFT_NEVER UINT64_MAX

#define WEFT_NONE UINT32_MAX /* "no index" in every table of the library */

#define WEFT_KIB(n) ((uint64_t)(n) << 10)
#define WEFT_MIB(n) ((uint64_t)(n) << 20)
#define WEFT_GIB(n) ((uint64_t)(n) << 30)

/* Prints the condition and its place, then aborts. Defined by the host (and by the tests), so that
 * the core itself needs no C library for it. */
_Noreturn void weft_assert_failed(const char *condition, const char *file, int line);

/* A programmer's error. On in every build; one condition each. */
#define weft_assert(condition)                                                                     \
    ((condition) ? (void)0 : weft_assert_failed(#condition, __FILE__, __LINE__))

/* Passes an error on. Only where nothing is owned yet. */
#define WEFT_TRY(call)                                                                             \
    do {                                                                                           \
        weftResult_t result_ = (call);                                                             \
        if (result_ != weftSuccess)                                                                \
            return result_;                                                                        \
    } while (0)

#define WEFT_ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define WEFT_CONTAINER_OF(pointer, type, member)                                                   \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

static inline uint64_t weft_min(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline uint64_t weft_max(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* a + b, or the largest value where that does not fit: WEFT_NEVER stays never. */
static inline uint64_t weft_add_sat(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* a - b, or 0 where b is larger. */
static inline uint64_t weft_sub_sat(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

/* True when [offset, offset + size) lies inside [0, limit); safe for every value. */
static inline bool weft_range_inside(uint64_t offset, uint64_t size, uint64_t limit)
{
    return offset <= limit && size <= limit - offset;
}

/* The time that `bytes` take at `rate` bytes per microsecond (1 GB/s is 1,000), rounded up; a rate
 * of 0 never ends. Exact up to 18 PB. */
static inline weft_ns weft_bytes_time(uint64_t bytes, uint64_t rate_bytes_per_us)
{
    if (rate_bytes_per_us == 0)
        return WEFT_NEVER;
    if (bytes > UINT64_MAX / 1000)
        return WEFT_NEVER;
    /* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): the analyser forgets the check above */
    return (bytes * 1000 + rate_bytes_per_us - 1) / rate_bytes_per_us;
}

#endif
