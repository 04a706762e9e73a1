/* Two ends and the instants between them. */
#include "mp.h"

#include <stdlib.h>
#include <string.h>

#include "core/mp.h"

#define MESSAGES      20000
#define MESSAGE_BYTES 65536
#define AHEAD         64 /* messages */
#define BATCH         64 /* packets on their way at once */
#define DATAGRAM      8192
#define LEG_NS        10000

static struct weft_mp *opened(const struct weft_mp_config *config)
{
    void *memory = aligned_alloc(64, (weft_mp_size(config) + 63) & ~(size_t)63);

    weft_assert(memory != NULL);
    return weft_mp_init(config, memory, 0);
}

/* All that an end has to send now, at most a batch, arrives at the other a leg later. */
static uint32_t carry(struct weft_mp *from, struct weft_mp *to, weft_ns now)
{
    static uint8_t datagrams[BATCH][DATAGRAM];
    static size_t sizes[BATCH];
    uint32_t count = 0;
    struct weft_mp_packet packet;

    while (count < BATCH && weft_mp_next(from, now, UINT32_MAX, &packet)) {
        memcpy(datagrams[count], packet.bytes, packet.size);
        sizes[count++] = packet.size + packet.length;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct weft_mp_arrival arrival;

        if (weft_mp_arrived(to, now + LEG_NS, datagrams[i], sizes[i], &arrival) == WEFT_MP_PLACE)
            (void)weft_mp_placed(to, now + LEG_NS, &arrival, weftSuccess);
    }
    return count;
}

uint64_t weft_bench_mp_packets(void)
{
    struct weft_mp_config config;
    struct weft_mp *ends[2];
    uint32_t submitted = 0;
    uint32_t ended = 0;
    uint64_t packets;
    weft_ns now = 0;

    weft_mp_defaults(&config);
    config.group_count = 4;
    config.path_count = 64;
    config.packet_bytes = DATAGRAM;
    ends[0] = opened(&config);
    ends[1] = opened(&config);
    while (ended < MESSAGES) {
        struct weft_mp_event event;

        while (submitted < MESSAGES && submitted < ended + AHEAD) {
            weft_assert(weft_mp_submit(ends[0], submitted, submitted % 4, MESSAGE_BYTES, 32) ==
                        weftSuccess);
            submitted++;
        }
        (void)carry(ends[0], ends[1], now);
        now += LEG_NS;
        (void)carry(ends[1], ends[0], now);
        now += LEG_NS;
        weft_mp_expire(ends[0], now);
        weft_mp_expire(ends[1], now);
        while (weft_mp_event(ends[0], &event))
            ended += event.kind == WEFT_MP_ENDED;
    }
    packets = weft_mp_counts_of(ends[1])->placed_packets;
    free(ends[0]);
    free(ends[1]);
    return packets;
}
