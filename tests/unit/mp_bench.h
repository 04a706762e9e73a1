/* Two ends of a session whose packets a test carries by hand; the bytes of messages are of no
 * matter (tests/mp looks at those). */
#ifndef MP_BENCH_H
#define MP_BENCH_H

#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "core/mp.h"

#define US(n)     ((weft_ns)(n)*1000)
#define MS(n)     ((weft_ns)(n)*1000000)
#define ALL       UINT32_MAX
#define DATAGRAM  2048
#define KEPT_MOST 2048

struct mp_datagram {
    uint8_t bytes[DATAGRAM];
    size_t size;
    uint32_t path;
    bool has_data;
};

struct mp_bench {
    struct weft_mp_config config;
    struct weft_mp *ends[2];
    struct mp_datagram *kept; /* what an end sent, by `pull` */
    uint32_t count;
};

/* Of the defaults, but that bursts are of one packet. */
struct mp_bench mp_bench_made(uint32_t groups, uint32_t paths);
void mp_bench_done(struct mp_bench *bench);

/* All that the end has to send now; how many. */
uint32_t mp_bench_pull(struct mp_bench *bench, uint32_t end, weft_ns now);
/* One of those comes to an end. */
enum weft_mp_verdict mp_bench_push(struct mp_bench *bench, uint32_t end, uint32_t index,
                                   weft_ns now);
/* All that one end has goes to the other. */
uint32_t mp_bench_carry(struct mp_bench *bench, uint32_t from, weft_ns now);

/* A message of end 0, and that its next event is that it ended so. */
void mp_bench_submit(struct mp_bench *bench, uint64_t cookie, uint64_t size);
bool mp_bench_ended(struct mp_bench *bench, uint64_t cookie, weftResult_t result);

#endif
