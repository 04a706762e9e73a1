/* The C library's functions that give Weft memory, threads and random numbers, made to fail.
 *
 * The linker sends the calls of Weft's own objects here (--wrap); those of the emulated driver, of
 * expat and of the C library itself go where they always went. What always holds: what Weft has
 * and has not given back is counted, whether or not anything is made to fail. Any thread. */
#ifndef SWEEP_WRAP_H
#define SWEEP_WRAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SWEEP_BLOCKS_MAX 4096 /* of memory, had at once */

enum sweep_wrap {
    SWEEP_WRAP_ALLOCATION, /* malloc, calloc, realloc, aligned_alloc, mmap */
    SWEEP_WRAP_THREAD,     /* pthread_create */
    SWEEP_WRAP_RANDOM,     /* getrandom */
    SWEEP_WRAP_DRIVER,     /* calls of the CUDA driver, see driver.h */
    SWEEP_WRAPS
};

/* What is had: blocks and mappings of memory, threads that were not joined, and what the driver has
 * given: contexts, memory, registrations, streams, events. */
struct sweep_had {
    uint32_t blocks;
    uint32_t mappings;
    uint32_t threads;
    uint32_t driver;
};

/* From the next call on, the `nth` one of its sort fails, and all later ones if `onwards`. */
void sweep_wrap_arm(enum sweep_wrap wrap, uint32_t nth, bool onwards);

/* Nothing fails any more. How often something was made to fail. */
uint32_t sweep_wrap_disarm(void);

struct sweep_had sweep_wrap_had(void);

/* The number of allocating calls so far. */
uint32_t sweep_wrap_calls(void);

/* Writes which blocks of those had now were made after so many calls, and from where. */
void sweep_wrap_tell(uint32_t calls, char *text, size_t size);

/* ---- for driver.c ---- */

/* Whether the call that comes now is to fail. Counts. */
bool sweep_wrap_fails(enum sweep_wrap wrap);

void sweep_wrap_count_driver(int more);

#endif
