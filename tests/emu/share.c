/* A machine that several processes share: links, engines, faults, and what the death or stop of one
 * does to the others, in numbers worked out by hand from costs.h and the presets.
 *
 * No two processes look at anything at the same time, so copies that are to start together are put
 * onto a link that hangs: when it is restored, all of them flow from the same modelled instant on,
 * and what they take is exact. */
#include "peers.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define DILATION 100

static void set_link(const char *link, enum weft_emu_link_state state, unsigned permille)
{
    char why[WEFT_EMU_WHY_BYTES];

    OK(cuda.link(link, state, permille, why));
}

/* Process 0 hangs the link and restores it, process 1 comes second. Each measures one copy. */
static void measure_together(struct page *page, int index, const char *link, int gpu, size_t size)
{
    struct lane lane = to_device(gpu, size, 0);
    struct hung_copy copy;

    if (index == 0)
        set_link(link, WEFT_EMU_LINK_HUNG, 0);
    else
        await_peer(page, 0, 1);
    copy = hang_copy(&lane, size, gpu);
    come_to(page, index, 1);
    if (index == 0) {
        await_peer(page, 1, 1);
        set_link(link, WEFT_EMU_LINK_UP, 1000);
    }
    page->us[index] = hung_copy_us(&copy);
}

static void run_two(struct page *page, void (*body)(struct page *page, int index))
{
    pid_t peers[2] = {start_peer(page, 0, body), start_peer(page, 1, body)};

    expect_end(peers[0]);
    expect_end(peers[1]);
    cr_expect(!has_object(page));
}

static void copy_16_to_device(struct page *page, int index)
{
    join_machine("dgx-a100", DILATION, page->machine);
    measure_together(page, index, "switch0-pcie", index, 16 * MIB);
}

/* GPUs 0 and 1 of a DGX A100 share an uplink of 26.2 GB/s. */
Test(share, links__half_each_for_two_processes)
{
    struct page *page = new_page();

    run_two(page, copy_16_to_device);
    expect_exact_us("16 MiB at 13.1 GB/s", page->us[0], 1280.703);
    expect_exact_us("16 MiB at 13.1 GB/s", page->us[1], 1280.703);
}

static void copy_4_or_16_to_device(struct page *page, int index)
{
    join_machine("dgx-a100", DILATION, page->machine);
    measure_together(page, index, "switch0-pcie", index, index == 0 ? 4 * MIB : 16 * MIB);
}

/* The shorter copy has half, and the longer one everything after it: 20 MiB at 26.2 GB/s. */
Test(share, links__all_for_the_one_that_is_left)
{
    struct page *page = new_page();

    run_two(page, copy_4_or_16_to_device);
    expect_exact_us("4 MiB at 13.1 GB/s", page->us[0], 320.176);
    expect_exact_us("16 MiB, 12 of them alone", page->us[1], 800.439);
}

static void copy_8_through_one_engine(struct page *page, int index)
{
    join_machine("hgx-h100", 2 * DILATION, page->machine);
    measure_together(page, index, "gpu0-pcie", 0, 8 * MIB);
}

/* The second copy, and the second marker, have their set-up of 2.0 when the first have ended. */
Test(share, engine__is_a_fifo_of_all_processes)
{
    struct page *page = new_page();

    run_two(page, copy_8_through_one_engine);
    expect_exact_us("the first 8 MiB at 55.4 GB/s", page->us[0], 151.419);
    expect_exact_us("the second", page->us[1], 151.419 + 2.0 + 151.419 - 2.0);
}

static void cut_and_restore(struct page *page, int index)
{
    char why[WEFT_EMU_WHY_BYTES];

    join_machine("hgx-h100", DILATION, page->machine);
    set_link("gpu0-pcie", WEFT_EMU_LINK_UP, 20);
    come_to(page, index, 1);
    await_step(page, 2);
    set_link("gpu0-pcie", WEFT_EMU_LINK_CUT, 0);
    come_to(page, index, 2);
    await_step(page, 3);
    set_link("gpu0-pcie", WEFT_EMU_LINK_UP, 500);
    OK(cuda.fail_copies("gpu0", 1, why));
    come_to(page, index, 3);
    await_step(page, 5);
    MUST(cuda.bytes("gpu0", 1) > 8 * MIB); /* which the other process has moved */
}

static void suffer_faults(struct page *page, int index)
{
    struct lane lane;
    uint64_t moved;

    join_machine("hgx-h100", DILATION, page->machine);
    lane = to_device(0, 8 * MIB, 0);
    OK(cuda.copy(lane.dst, lane.src, 8 * MIB, lane.stream));
    OK(cuda.event_record(lane.end, lane.stream));
    while (cuda.bytes("gpu0", 1) < 65536)
        pass(1000);
    come_to(page, index, 1);
    await_step(page, 3);
    MUST(end_of(lane.end) == WEFT_CUDA_UNKNOWN);
    moved = cuda.bytes("gpu0", 1);
    MUST(moved < 8 * MIB);
    come_to(page, index, 2);
    await_step(page, 4);
    OK(cuda.copy(lane.dst, lane.src, MIB, lane.stream));
    OK(cuda.event_record(lane.end, lane.stream));
    MUST(end_of(lane.end) == WEFT_CUDA_UNKNOWN); /* half-way, as was ordered */
    page->us[index] = gated_copy_us(&lane, 8 * MIB);
}

/* 8 MiB at half of 55.4 GB/s, once the link is up again. */
Test(share, faults__of_one_process_act_on_all)
{
    struct page *page = new_page();
    pid_t peers[2];

    peers[0] = start_peer(page, 0, cut_and_restore);
    await_peer(page, 0, 1);
    peers[1] = start_peer(page, 1, suffer_faults);
    await_peer(page, 1, 1);
    allow(page, 2);
    await_peer(page, 0, 2);
    allow(page, 3);
    await_peer(page, 0, 3);
    await_peer(page, 1, 2);
    allow(page, 4);
    expect_end(peers[1]);
    expect_exact_us("8 MiB at 27.7 GB/s", page->us[1], 2.0 + 302.838);
    allow(page, 5);
    expect_end(peers[0]);
    cr_expect(!has_object(page));
}

static void join_first(struct page *page, int index)
{
    join_machine("hgx-h100", DILATION, page->machine);
    come_to(page, index, 1);
    await_step(page, 2);
}

struct refused_row {
    const char *node;
    unsigned dilation;
    const char *name; /* NULL: the machine's */
    const char *says;
};

static void join_otherwise(struct page *page, int index)
{
    static const struct refused_row rows[] = {
        {"dgx-a100", DILATION, NULL, "'hgx-h100' with dilation 100"},
        {"hgx-h100", DILATION + 1, NULL, "not 'hgx-h100' with dilation 101"},
        {"hgx-h100", DILATION, "", "1 to 64 letters"},
        {"hgx-h100", DILATION, "a/b", "1 to 64 letters"},
        {"hgx-h100", DILATION, "a b", "1 to 64 letters"},
        {"no-such-machine", DILATION, NULL, "neither a preset"},
    };
    char why[WEFT_EMU_WHY_BYTES] = "";

    (void)index;
    load_driver();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *name = rows[i].name == NULL ? page->machine : rows[i].name;

        MUST(cuda.join(rows[i].node, rows[i].dilation, name, why) == -1);
        MUST(strstr(why, rows[i].says) != NULL);
    }
    OK(cuda.join("hgx-h100", DILATION, page->machine, why));
    OK(cuda.join("hgx-h100", DILATION, page->machine, why));
    MUST(cuda.open("hgx-h100", DILATION, why) == -1);
    MUST(strstr(why, page->machine) != NULL);
}

Test(share, join__says_what_the_machine_is)
{
    struct page *page = new_page();
    pid_t first = start_peer(page, 0, join_first);

    await_peer(page, 0, 1);
    cr_expect(has_object(page));
    expect_end(start_peer(page, 1, join_otherwise));
    cr_expect(has_object(page));
    allow(page, 2);
    expect_end(first);
    cr_expect(!has_object(page));
}

static void join_another(struct page *page, int index)
{
    uint64_t now;

    (void)index;
    join_machine("dgx-a100", 2 * DILATION, page->machine);
    now = cuda.now();
    MUST(now < 10000000000ull / DILATION); /* of its own start, not of the dead one's */
}

static void join_by_environment(struct page *page, int index)
{
    char why[WEFT_EMU_WHY_BYTES] = "";

    (void)index;
    load_driver();
    setenv("WEFT_EMU_MACHINE", page->machine, 1);
    MUST(cuda.open("dgx-a100", DILATION, why) == -1);
    MUST(strstr(why, page->machine) != NULL);
    OK(cuda.open("hgx-h100", DILATION, why));
    OK(cuda.join("hgx-h100", DILATION, page->machine, why));
}

static void init_by_environment(struct page *page, int index)
{
    char why[WEFT_EMU_WHY_BYTES] = "";

    (void)index;
    load_driver();
    setenv("WEFT_EMU_MACHINE", page->machine, 1);
    setenv("WEFT_EMULATE", "hgx-h100", 1);
    setenv("WEFT_DILATION", "100", 1);
    OK(cuda.init(0));
    OK(cuda.join("hgx-h100", DILATION, page->machine, why));
}

Test(share, join__by_the_environment)
{
    struct page *page = new_page();
    pid_t first = start_peer(page, 0, join_first);

    await_peer(page, 0, 1);
    expect_end(start_peer(page, 1, join_by_environment));
    expect_end(start_peer(page, 2, init_by_environment));
    allow(page, 2);
    expect_end(first);
    cr_expect(!has_object(page));
}

/* Its only process was killed: what it left is of no machine any more. */
Test(share, join__replaces_what_the_dead_have_left)
{
    struct page *page = new_page();
    pid_t victim = start_peer(page, 0, join_first);

    await_peer(page, 0, 1);
    kill_peer(victim);
    cr_expect(has_object(page));
    expect_end(start_peer(page, 1, join_another));
    cr_expect(!has_object(page));
}

static void hang_until_killed(struct page *page, int index)
{
    struct lane lane;

    join_machine("dgx-a100", DILATION, page->machine);
    set_link("switch0-pcie", WEFT_EMU_LINK_HUNG, 0);
    lane = to_device(1, 16 * MIB, 0);
    hang_copy(&lane, 16 * MIB, 1);
    come_to(page, index, 1);
    await_step(page, 9);
}

static size_t free_bytes_of(int gpu)
{
    size_t free_bytes = 0;
    size_t total;

    use_gpu(gpu);
    OK(cuda.memory_info(&free_bytes, &total));
    return free_bytes;
}

static void go_on_without(struct page *page, int index)
{
    struct hung_copy copies[2];
    struct lane lanes[2];
    size_t before;

    join_machine("dgx-a100", DILATION, page->machine);
    before = free_bytes_of(1);
    lanes[0] = to_device(0, 16 * MIB, 0);
    copies[0] = hang_copy(&lanes[0], 16 * MIB, 0);
    come_to(page, index, 1);
    await_step(page, 2);
    MUST(free_bytes_of(1) - before == 16 * MIB + 4096);
    set_link("switch0-pcie", WEFT_EMU_LINK_UP, 1000);
    page->us[0] = hung_copy_us(&copies[0]);
    lanes[1] = to_device(1, 4 * MIB, 0); /* through the engine that the dead one had */
    page->us[1] = gated_copy_us(&lanes[1], 4 * MIB);
}

/* Killed in mid copy, it has no part of the link any more, no engine and no memory. */
Test(share, killed__gives_back_what_it_had)
{
    struct page *page = new_page();
    pid_t victim = start_peer(page, 1, hang_until_killed);
    pid_t other;

    await_peer(page, 1, 1);
    other = start_peer(page, 0, go_on_without);
    await_peer(page, 0, 1);
    kill_peer(victim);
    allow(page, 2);
    expect_end(other);
    expect_exact_us("16 MiB at 26.2 GB/s", page->us[0], 640.351);
    expect_exact_us("4 MiB at 26.2 GB/s", page->us[1], 2.0 + 160.088);
    cr_expect(!has_object(page));
}

static void copy_while_stopped(struct page *page, int index)
{
    struct lane lane;

    join_machine("hgx-h100", DILATION, page->machine);
    lane = to_device(0, 16 * MIB, 0);
    fill_pattern((void *)(uintptr_t)lane.src, 16 * MIB, 3);
    OK(cuda.copy(lane.dst, lane.src, 16 * MIB, lane.stream));
    OK(cuda.copy(lane.dst, lane.src, 16 * MIB, lane.stream));
    OK(cuda.event_record(lane.end, lane.stream));
    come_to(page, index, 1);
    MUST(end_of(lane.end) == WEFT_CUDA_SUCCESS);
    MUST(is_pattern((void *)(uintptr_t)lane.dst, 16 * MIB, 3));
    page->bytes = cuda.bytes("gpu0", 1);
}

static void copy_beside_stopped(struct page *page, int index)
{
    struct lane lane;

    join_machine("hgx-h100", DILATION, page->machine);
    lane = to_device(0, MIB, 0);
    page->us[index] = gated_copy_us(&lane, MIB);
}

/* Both use one engine. The stopped process keeps it, or the lock, until it is late, not longer, and
 * has lost nothing when it goes on. */
Test(share, stopped__does_not_stop_the_others)
{
    struct page *page = new_page();
    pid_t stopped = start_peer(page, 0, copy_while_stopped);

    await_peer(page, 0, 1);
    MUST(kill(stopped, SIGSTOP) == 0);
    expect_end(start_peer(page, 1, copy_beside_stopped));
    cr_expect_gt(page->us[1], 2.0 + 18.0); /* 1 MiB at 55.4 GB/s */
    MUST(kill(stopped, SIGCONT) == 0);
    expect_end(stopped);
    cr_expect_eq(page->bytes, 33 * MIB, "%zu bytes", (size_t)page->bytes);
    cr_expect(!has_object(page));
}
