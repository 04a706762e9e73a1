/* Carrying by hand; see mp_bench.h. */
#include "mp_bench.h"

struct mp_bench mp_bench_made(uint32_t groups, uint32_t paths)
{
    struct mp_bench bench = {.count = 0};

    weft_mp_defaults(&bench.config);
    bench.config.group_count = groups;
    bench.config.path_count = paths;
    bench.config.burst_packets = 1;
    for (int i = 0; i < 2; i++) {
        void *memory = aligned_alloc(64, (weft_mp_size(&bench.config) + 63) & ~(size_t)63);

        cr_assert_not_null(memory);
        bench.ends[i] = weft_mp_init(&bench.config, memory, 0);
    }
    bench.kept = calloc(KEPT_MOST, sizeof(*bench.kept));
    cr_assert_not_null(bench.kept);
    return bench;
}

void mp_bench_done(struct mp_bench *bench)
{
    free(bench->ends[0]);
    free(bench->ends[1]);
    free(bench->kept);
}

uint32_t mp_bench_pull(struct mp_bench *bench, uint32_t end, weft_ns now)
{
    struct weft_mp_packet packet;

    bench->count = 0;
    while (weft_mp_next(bench->ends[end], now, ALL, &packet)) {
        struct mp_datagram *datagram = &bench->kept[bench->count++];

        cr_assert_lt(bench->count, KEPT_MOST);
        memset(datagram, 0, sizeof(*datagram));
        memcpy(datagram->bytes, packet.bytes, packet.size);
        datagram->size = packet.size + packet.length;
        datagram->path = packet.path;
        datagram->has_data = packet.has_data;
    }
    return bench->count;
}

enum weft_mp_verdict mp_bench_push(struct mp_bench *bench, uint32_t end, uint32_t index,
                                   weft_ns now)
{
    const struct mp_datagram *datagram = &bench->kept[index];
    struct weft_mp_arrival arrival;
    enum weft_mp_verdict verdict =
        weft_mp_arrived(bench->ends[end], now, datagram->bytes, datagram->size, &arrival);

    if (verdict == WEFT_MP_PLACE)
        (void)weft_mp_placed(bench->ends[end], now, &arrival, weftSuccess);
    return verdict;
}

uint32_t mp_bench_carry(struct mp_bench *bench, uint32_t from, weft_ns now)
{
    uint32_t count = mp_bench_pull(bench, from, now);

    for (uint32_t i = 0; i < count; i++)
        cr_assert_neq(mp_bench_push(bench, 1 - from, i, now), WEFT_MP_BAD);
    return count;
}

bool mp_bench_ended(struct mp_bench *bench, uint64_t cookie, weftResult_t result)
{
    struct weft_mp_event event;

    return weft_mp_event(bench->ends[0], &event) && event.kind == WEFT_MP_ENDED &&
           event.cookie == cookie && event.result == result;
}

void mp_bench_submit(struct mp_bench *bench, uint64_t cookie, uint64_t size)
{
    cr_assert_eq(weft_mp_submit(bench->ends[0], cookie, 0, size, 0), weftSuccess);
}
