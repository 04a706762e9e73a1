/* What calls and copies take as their caller sees it, in numbers worked out by hand from costs.h
 * and the presets' rates.
 *
 * It depends on real waiting: the median of several runs must be within 5 %. What streams do by
 * themselves is checked more closely in contention.c. */
#include "lane.h"

#include <math.h>
#include <stdlib.h>

#define DILATION 1000
#define RUNS     5
#define COPIES   4

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof(values[0]), compare);
    return values[count / 2];
}

/* Copies `size` in all lanes at once. Microseconds of the machine's time from the first call to the
 * last end as the caller sees it, and for each lane between its events. */
static double run(struct lane *lanes, size_t count, size_t size, double *event_us)
{
    uint64_t start = cuda.now();
    double us;

    for (size_t i = 0; i < count; i++) {
        OK(cuda.event_record(lanes[i].start, lanes[i].stream));
        OK(cuda.copy(lanes[i].dst, lanes[i].src, size, lanes[i].stream));
        OK(cuda.event_record(lanes[i].end, lanes[i].stream));
    }
    for (size_t i = 0; i < count; i++)
        OK(cuda.event_synchronize(lanes[i].end));
    us = (double)(cuda.now() - start) / 1000;
    for (size_t i = 0; i < count; i++) {
        event_us[i] = elapsed_us(&lanes[i]);
    }
    return us;
}

/* The median over RUNS of each time; the first run warms up. */
static double measure(struct lane *lanes, size_t count, size_t size, double *event_us)
{
    double seen[RUNS];
    double events[COPIES][RUNS];
    double one[COPIES];

    run(lanes, count, size, one);
    for (size_t r = 0; r < RUNS; r++) {
        seen[r] = run(lanes, count, size, one);
        for (size_t i = 0; i < count; i++)
            events[i][r] = one[i];
    }
    for (size_t i = 0; i < count; i++)
        event_us[i] = median(events[i], RUNS);
    return median(seen, RUNS);
}

/* Submit 1.1 (from the event on), latency 2.5, set-up 2.0: 5.6 us before bytes flow; a caller waits
 * for two records and a synchronisation of 0.15 too, one of them hidden behind the copy. */
Test(timing, single__host_to_device)
{
    struct lane lane;
    double event_us;
    double us;

    open_machine("hgx-h100", 2 * DILATION);
    lane = to_device(0, 4 * MIB, 0);
    us = measure(&lane, 1, 4 * MIB, &event_us);
    expect_us("4 MiB at 55.4 GB/s", event_us, 5.6 + 75.71);
    expect_us("the same for the caller", us, 5.75 + 75.71);
}

/* Where what is no transfer is more than half of the time: a higher dilation for the same noise. */
Test(timing, single__host_to_device_small)
{
    struct lane lane;
    double event_us;
    double us;

    open_machine("hgx-h100", 16 * DILATION);
    lane = to_device(0, MIB / 4, 0);
    us = measure(&lane, 1, MIB / 4, &event_us);
    expect_us("256 KiB at 55.4 GB/s", event_us, 5.6 + 4.73);
    expect_us("the same for the caller", us, 5.75 + 4.73);
}

Test(timing, single__device_to_host)
{
    struct lane lane;
    double event_us;

    open_machine("hgx-h100", DILATION);
    lane = to_host(3, 8 * MIB, 0);
    measure(&lane, 1, 8 * MIB, &event_us);
    expect_us("8 MiB at 55.2 GB/s", event_us, 5.6 + 151.97);
}

/* Submit 3.3, so 7.8 us before bytes flow. */
Test(timing, single__peer_over_nvlink)
{
    struct lane lane;
    double event_us;

    open_machine("hgx-h100", DILATION);
    enable_peers(0, 6);
    lane = to_peer(0, 6, 16 * MIB);
    measure(&lane, 1, 16 * MIB, &event_us);
    expect_us("16 MiB at 397 GB/s", event_us, 7.8 + 42.26);
}

/* Without access the driver stages through the host: 55.2 GB/s out of the GPU is the slowest. */
Test(timing, single__peer_without_access)
{
    struct lane lane;
    double event_us;

    open_machine("hgx-h100", DILATION);
    lane = to_peer(0, 1, 8 * MIB);
    measure(&lane, 1, 8 * MIB, &event_us);
    expect_us("8 MiB at 55.2 GB/s", event_us, 7.8 + 151.97);
}

Test(timing, single__inside_a_device)
{
    struct lane lane;
    double event_us;

    open_machine("hgx-h100", DILATION);
    lane = to_peer(2, 2, 32 * MIB);
    measure(&lane, 1, 32 * MIB, &event_us);
    expect_us("32 MiB at 1,500 GB/s", event_us, 7.8 + 22.37);
}

/* To the other socket: 55.4 of the GPU's link is less than the 60 between the sockets. */
Test(timing, single__other_socket)
{
    struct lane lane;
    double event_us;

    open_machine("hgx-h100", DILATION);
    lane = to_device(0, 8 * MIB, 1);
    measure(&lane, 1, 8 * MIB, &event_us);
    expect_us("8 MiB at 55.4 GB/s", event_us, 5.6 + 151.42);
}

Test(timing, single__unregistered_host_memory_is_half_as_fast)
{
    void *memory = calloc(1, 4 * MIB);
    struct lane lane;
    double event_us;

    open_machine("hgx-h100", DILATION);
    lane = lane_of(0, new_memory(0, 4 * MIB), address_of(memory));
    measure(&lane, 1, 4 * MIB, &event_us);
    expect_us("4 MiB at 27.7 GB/s", event_us, 5.6 + 151.42);
    free(memory);
}

/* GPUs 0 and 1 of a DGX A100 share an uplink of 26.2 GB/s to the device: 13.1 each. */
Test(timing, contention__two_gpus_on_one_uplink)
{
    struct lane lanes[2];
    double us[2];

    open_machine("dgx-a100", DILATION);
    lanes[0] = to_device(0, 4 * MIB, 0);
    lanes[1] = to_device(1, 4 * MIB, 0);
    expect_us("4 MiB each, at 13.1 GB/s", measure(lanes, 2, 4 * MIB, us), 5.6 + 320.18);
}

/* What calls cost their thread, whatever the copies take. */
Test(timing, submit__costs)
{
    weft_cuda_stream stream;
    weft_cuda_event event;
    weft_cuda_ptr device;
    unsigned char *host;
    uint64_t before;

    open_machine("hgx-h100", DILATION);
    stream = new_stream(0);
    event = new_event(0);
    device = new_memory(0, MIB);
    host = new_host(MIB, 0);
    before = cuda.submit_ns();
    OK(cuda.copy(device, address_of(host), 4096, stream));
    cr_expect_eq(cuda.submit_ns() - before, 1100);
    before = cuda.submit_ns();
    OK(cuda.copy(device, device + 65536, 4096, stream));
    cr_expect_eq(cuda.submit_ns() - before, 3300);
    before = cuda.submit_ns();
    OK(cuda.event_record(event, stream));
    OK(cuda.stream_wait_event(stream, event, 0));
    cuda.event_query(event);
    cuda.stream_query(stream);
    cr_expect_eq(cuda.submit_ns() - before, 600);
    before = cuda.submit_ns();
    OK(cuda.stream_write_value(stream, address_of(host), 1, 0));
    OK(cuda.stream_wait_value(stream, address_of(host), 1, 0));
    cr_expect_eq(cuda.submit_ns() - before, 1400);
    OK(cuda.stream_synchronize(stream));
}

/* 50 calls of 1.1 us: late wake-ups do not add up. */
Test(timing, submit__errors_do_not_accumulate)
{
    double us[RUNS];
    weft_cuda_stream stream;
    weft_cuda_ptr device;
    unsigned char *host;

    open_machine("hgx-h100", 4 * DILATION);
    stream = new_stream(0);
    device = new_memory(0, MIB);
    host = new_host(MIB, 0);
    for (size_t r = 0; r < RUNS; r++) {
        uint64_t start;

        pass(1000);
        start = cuda.now();
        for (int i = 0; i < 50; i++)
            OK(cuda.copy(device, address_of(host), 64, stream));
        us[r] = (double)(cuda.now() - start) / 1000;
        OK(cuda.stream_synchronize(stream));
    }
    expect_us("50 calls of 1.1 us", median(us, RUNS), 55.0);
}
