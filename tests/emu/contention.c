/* How copies share links and engines, in numbers worked out by hand from costs.h and the presets.
 *
 * All operations are submitted behind a gate, and when it opens the events say what the model
 * computed: what real waiting does to it does not show, so it must be right within 0.1 %. Behind a
 * gate only the set-up of 2.0 us comes before the bytes. */
#include "lane.h"

#include <math.h>
#include <stdatomic.h>

#define DILATION 40

/* What streams wait for before they start, all at the same modelled instant. */
struct gate {
    _Atomic uint64_t *word;
    weft_cuda_event open;
};

static struct gate new_gate(void)
{
    struct gate gate = {(_Atomic uint64_t *)(void *)new_host(4096, 0), new_event(0)};
    weft_cuda_stream stream = new_stream(0);

    OK(cuda.stream_wait_value(stream, address_of((const void *)gate.word), 1,
                              WEFT_CUDA_STREAM_WAIT_GEQ));
    OK(cuda.event_record(gate.open, stream));
    return gate;
}

static void wait_at(const struct gate *gate, const struct lane *lane)
{
    OK(cuda.stream_wait_event(lane->stream, gate->open, 0));
    OK(cuda.event_record(lane->start, lane->stream));
}

/* Opens the gate; for each lane, the time between its events. */
static void open_gate(const struct gate *gate, const struct lane *lanes, size_t count,
                      double *event_us)
{
    atomic_store(gate->word, 1);
    for (size_t i = 0; i < count; i++) {
        OK(cuda.event_synchronize(lanes[i].end));
        event_us[i] = elapsed_us(&lanes[i]);
    }
}

/* Copies `size` in all lanes, from the same instant on. */
static void run_gated(const struct lane *lanes, size_t count, size_t size, double *event_us)
{
    struct gate gate = new_gate();

    for (size_t i = 0; i < count; i++) {
        wait_at(&gate, &lanes[i]);
        OK(cuda.copy(lanes[i].dst, lanes[i].src, size, lanes[i].stream));
        OK(cuda.event_record(lanes[i].end, lanes[i].stream));
    }
    pass(10000); /* longer than the latency of what was submitted last */
    open_gate(&gate, lanes, count, event_us);
}

static void expect_exact_us(const char *what, double us, double expected_us)
{
    cr_expect(fabs(us - expected_us) <= 0.001 * expected_us, "%s took %.3f us, not %.3f", what, us,
              expected_us);
}

/* GPUs 0 and 1 of a DGX A100 share an uplink of 26.2 GB/s to the device: 13.1 each. */
Test(contention, links__two_gpus_on_one_uplink)
{
    struct lane lanes[2];
    double us[2];

    open_machine("dgx-a100", DILATION);
    lanes[0] = to_device(0, 4 * MIB, 0);
    lanes[1] = to_device(1, 4 * MIB, 0);
    run_gated(lanes, 2, 4 * MIB, us);
    expect_exact_us("4 MiB at 13.1 GB/s", us[0], 2.0 + 320.176);
    expect_exact_us("4 MiB at 13.1 GB/s", us[1], 2.0 + 320.176);
}

/* One has less to move: half the rate as long as both move, then all of it. The first ends after
 * 2.0 and 1 MiB at 13.1 GB/s, the other after 3 MiB more at 26.2. */
Test(contention, links__ends_with_the_shorter_copy)
{
    struct lane lanes[2];
    struct gate gate;
    double us[2];

    open_machine("dgx-a100", DILATION);
    gate = new_gate();
    lanes[0] = to_device(0, MIB, 0);
    lanes[1] = to_device(1, 4 * MIB, 0);
    for (int i = 0; i < 2; i++) {
        wait_at(&gate, &lanes[i]);
        OK(cuda.copy(lanes[i].dst, lanes[i].src, i == 0 ? MIB : 4 * MIB, lanes[i].stream));
        OK(cuda.event_record(lanes[i].end, lanes[i].stream));
    }
    pass(10000);
    open_gate(&gate, lanes, 2, us);
    expect_exact_us("1 MiB at 13.1 GB/s", us[0], 2.0 + 80.044);
    expect_exact_us("4 MiB, 3 of them alone", us[1], 2.0 + 80.044 + 120.066);
}

/* GPUs 0 and 2 have uplinks of their own: 26.2 each. */
Test(contention, links__two_uplinks_do_not_share)
{
    struct lane lanes[2];
    double us[2];

    open_machine("dgx-a100", DILATION);
    lanes[0] = to_device(0, 4 * MIB, 0);
    lanes[1] = to_device(2, 4 * MIB, 0);
    run_gated(lanes, 2, 4 * MIB, us);
    expect_exact_us("4 MiB at 26.2 GB/s", us[0], 2.0 + 160.088);
    expect_exact_us("4 MiB at 26.2 GB/s", us[1], 2.0 + 160.088);
}

/* Four GPUs of one socket write 191 GB/s into its memory: 47.75 each, less than their 55.2. */
Test(contention, links__four_gpus_into_one_memory)
{
    struct lane lanes[4];
    double us[4];

    open_machine("hgx-h100", DILATION);
    for (int i = 0; i < 4; i++)
        lanes[i] = to_host(i, 8 * MIB, 0);
    run_gated(lanes, 4, 8 * MIB, us);
    for (int i = 0; i < 4; i++)
        expect_exact_us("8 MiB at 47.75 GB/s", us[i], 2.0 + 175.677);
}

/* Both directions of a Gen5 link are 0.93 of 55.2 + 55.4, 102.858: 51.429 each. */
Test(contention, links__both_directions_of_a_link)
{
    struct lane lanes[2];
    double us[2];

    open_machine("hgx-h100", DILATION);
    lanes[0] = to_device(0, 8 * MIB, 0);
    lanes[1] = to_host(0, 8 * MIB, 0);
    run_gated(lanes, 2, 8 * MIB, us);
    expect_exact_us("8 MiB at 51.429 GB/s", us[0], 2.0 + 163.111);
    expect_exact_us("8 MiB at 51.429 GB/s", us[1], 2.0 + 163.111);
}

/* Two GPUs send to a third, which takes in 397 GB/s. */
Test(contention, links__two_into_one_over_nvlink)
{
    struct lane lanes[2];
    double us[2];

    open_machine("hgx-h100", DILATION);
    enable_peers(0, 2);
    enable_peers(1, 2);
    lanes[0] = to_peer(0, 2, 32 * MIB);
    lanes[1] = to_peer(1, 2, 32 * MIB);
    run_gated(lanes, 2, 32 * MIB, us);
    expect_exact_us("32 MiB at 198.5 GB/s", us[0], 2.0 + 169.040);
    expect_exact_us("32 MiB at 198.5 GB/s", us[1], 2.0 + 169.040);
}

/* The second copy waits for the first, and has its own set-up then. */
Test(contention, engine__is_a_fifo)
{
    struct lane lanes[2];
    double us[2];

    open_machine("hgx-h100", DILATION);
    lanes[0] = to_device(0, 4 * MIB, 0);
    lanes[1] = to_device(0, 4 * MIB, 0);
    run_gated(lanes, 2, 4 * MIB, us);
    expect_exact_us("the first 4 MiB", us[0], 2.0 + 75.709);
    expect_exact_us("the second", us[1], 2.0 + 75.709 + 2.0 + 75.709);
}

/* To the device and to a peer are two engines: neither waits. */
Test(contention, engine__is_one_per_direction)
{
    struct lane lanes[2];
    double us[2];

    open_machine("hgx-h100", DILATION);
    enable_peers(0, 1);
    lanes[0] = to_device(0, 4 * MIB, 0);
    lanes[1] = to_peer(0, 1, 4 * MIB);
    run_gated(lanes, 2, 4 * MIB, us);
    expect_exact_us("4 MiB at 55.4 GB/s", us[0], 2.0 + 75.709);
    expect_exact_us("4 MiB at 397 GB/s", us[1], 2.0 + 10.565);
}

/* 4 MiB at a quarter of 55.4 GB/s. */
Test(contention, links__degraded)
{
    char why[WEFT_EMU_WHY_BYTES];
    struct lane lane;
    double us;

    open_machine("hgx-h100", DILATION);
    lane = to_device(0, 4 * MIB, 0);
    cr_assert_eq(cuda.link("gpu0-pcie", WEFT_EMU_LINK_UP, 250, why), 0, "%s", why);
    run_gated(&lane, 1, 4 * MIB, &us);
    expect_exact_us("4 MiB at 13.85 GB/s", us, 2.0 + 302.838);
}

/* One batch of pages, host to device, between two events; what the call cost its thread. */
static double batch_us(size_t pages, size_t page, uint64_t *submit_ns)
{
    static weft_cuda_ptr dst[1024];
    static weft_cuda_ptr src[1024];
    static size_t sizes[1024];
    struct weft_cuda_copy_attributes attributes = {.order = WEFT_CUDA_ACCESS_ORDER_STREAM};
    struct lane lane = to_device(0, pages * page, 0);
    struct gate gate = new_gate();
    size_t first = 0;
    double us;

    for (size_t i = 0; i < pages; i++) {
        dst[i] = lane.dst + i * page;
        src[i] = lane.src + i * page;
        sizes[i] = page;
    }
    wait_at(&gate, &lane);
    *submit_ns = cuda.submit_ns();
    OK(cuda.copy_batch_v2(dst, src, sizes, pages, &attributes, &first, 1, lane.stream));
    *submit_ns = cuda.submit_ns() - *submit_ns;
    OK(cuda.event_record(lane.end, lane.stream));
    pass(10000);
    open_gate(&gate, &lane, 1, &us);
    return us;
}

/* Submit 0.8 + 100 * 0.34; set-up 2.0 + 99 * 0.42; 6,553,600 bytes at 55.4 GB/s. */
Test(contention, batch__large_pages)
{
    uint64_t submit_ns;

    open_machine("hgx-h100", DILATION);
    expect_exact_us("100 pages of 64 KiB", batch_us(100, 65536, &submit_ns), 43.58 + 118.296);
    cr_expect_eq(submit_ns, 34800);
}

/* Pages of up to 16 KiB cost the engine 1.2 us each: set-up 2.0 + 99 * 1.2; 1,638,400 bytes. */
Test(contention, batch__small_pages)
{
    uint64_t submit_ns;

    open_machine("hgx-h100", DILATION);
    expect_exact_us("100 pages of 16 KiB", batch_us(100, 16384, &submit_ns), 120.8 + 29.574);
    cr_expect_eq(submit_ns, 34800);
}
