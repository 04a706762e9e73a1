/* What the multipath protocol costs the processor: two sessions that send each other descriptors,
 * without sockets, sealing or bytes. */
#ifndef WEFT_BENCH_MP_H
#define WEFT_BENCH_MP_H

#include <stdint.h>

/* Messages of 64 KiB in packets of 8 KiB from one end to the other, over 4 groups of 16 paths.
 * Returns how many packets that was: each was sent, came, was placed and acked. */
uint64_t weft_bench_mp_packets(void);

#endif
