/* Links that are degraded, cut, hung and restored, and copies that are made to fail. */
#include "fixture.h"

#include <string.h>

#define MIB      ((size_t)1 << 20)
#define DILATION 200

struct stage {
    weft_cuda_stream stream;
    weft_cuda_event event;
    weft_cuda_ptr device;
    unsigned char *host;
};

static char why[WEFT_EMU_WHY_BYTES];

static struct stage set_stage(size_t size)
{
    struct stage stage;

    open_machine("hgx-h100", DILATION);
    stage.stream = new_stream(0);
    stage.event = new_event(0);
    stage.device = new_memory(0, size);
    stage.host = new_host(size, 0);
    fill_pattern(stage.host, size, 1);
    return stage;
}

static void start_copy(const struct stage *stage, size_t size)
{
    OK(cuda.copy(stage->device, address_of(stage->host), size, stage->stream));
    OK(cuda.event_record(stage->event, stage->stream));
}

/* Copies and says how that ended. */
static int copy(const struct stage *stage, size_t size)
{
    start_copy(stage, size);
    return end_of(stage->event);
}

static void set_link(const char *link, enum weft_emu_link_state state, unsigned permille)
{
    cr_assert_eq(cuda.link(link, state, permille, why), 0, "%s", why);
}

/* Starts a copy of 8 MiB at a fiftieth of the link's rate, so that it lasts for more than a real
 * second, and waits until some of it has arrived. */
static void start_slow_copy(const struct stage *stage)
{
    set_link("gpu0-pcie", WEFT_EMU_LINK_UP, 20);
    start_copy(stage, 8 * MIB);
    while (cuda.bytes("gpu0", 1) < 65536)
        pass(1000);
}

static unsigned char *bytes_of(const struct stage *stage)
{
    return (unsigned char *)(uintptr_t)stage->device;
}

Test(fault, cut__fails_a_copy_where_it_is)
{
    struct stage stage = set_stage(8 * MIB);
    uint64_t moved;

    start_slow_copy(&stage);
    set_link("gpu0-pcie", WEFT_EMU_LINK_CUT, 0);
    cr_expect_eq(end_of(stage.event), WEFT_CUDA_UNKNOWN);
    moved = cuda.bytes("gpu0", 1);
    cr_expect_lt(moved, 8 * MIB);
    cr_expect(is_pattern(bytes_of(&stage), moved, 1));
    cr_expect_eq(bytes_of(&stage)[8 * MIB - 1], 0);
    cr_expect_eq(cuda.stream_query(stage.stream), WEFT_CUDA_UNKNOWN);

    /* One that starts now fails too, without a byte. */
    cr_expect_eq(copy(&stage, MIB), WEFT_CUDA_UNKNOWN);
    cr_expect_eq(cuda.bytes("gpu0", 1), moved);

    set_link("gpu0-pcie", WEFT_EMU_LINK_UP, 1000);
    cr_expect_eq(copy(&stage, 8 * MIB), WEFT_CUDA_SUCCESS);
    cr_expect(is_pattern(bytes_of(&stage), 8 * MIB, 1));
    OK(cuda.stream_query(stage.stream));
}

Test(fault, cut__leaves_other_links_alone)
{
    struct stage stage = set_stage(MIB);

    set_link("gpu1-pcie", WEFT_EMU_LINK_CUT, 0);
    set_link("gpu0-nvlink", WEFT_EMU_LINK_CUT, 0);
    cr_expect_eq(copy(&stage, MIB), WEFT_CUDA_SUCCESS);
}

Test(fault, hung__stops_and_goes_on)
{
    struct stage stage = set_stage(8 * MIB);
    uint64_t moved;

    start_slow_copy(&stage);
    set_link("gpu0-pcie", WEFT_EMU_LINK_HUNG, 0);
    moved = cuda.bytes("gpu0", 1);
    cr_expect_lt(moved, 8 * MIB);
    pass(500000);
    cr_expect_eq(cuda.bytes("gpu0", 1), moved);
    cr_expect_eq(cuda.event_query(stage.event), WEFT_CUDA_NOT_READY);
    set_link("gpu0-pcie", WEFT_EMU_LINK_UP, 1000);
    cr_expect_eq(end_of(stage.event), WEFT_CUDA_SUCCESS);
    cr_expect_eq(cuda.bytes("gpu0", 1), 8 * MIB);
    cr_expect(is_pattern(bytes_of(&stage), 8 * MIB, 1));
}

Test(fault, fail_copies__half_way_and_counted)
{
    struct stage stage = set_stage(4 * MIB);

    cr_assert_eq(cuda.fail_copies("gpu0", 2, why), 0, "%s", why);
    cr_expect_eq(copy(&stage, 4 * MIB), WEFT_CUDA_UNKNOWN);
    cr_expect_eq(cuda.bytes("gpu0", 1), 2 * MIB);
    cr_expect(is_pattern(bytes_of(&stage), 2 * MIB, 1));
    cr_expect_eq(bytes_of(&stage)[2 * MIB], 0);
    cr_expect_eq(copy(&stage, 4 * MIB), WEFT_CUDA_UNKNOWN);
    cr_expect_eq(copy(&stage, 4 * MIB), WEFT_CUDA_SUCCESS);
    cr_expect(is_pattern(bytes_of(&stage), 4 * MIB, 1));
}

/* The second hop of a relay must not forward what the first did not bring. */
Test(fault, failed_event__fails_the_copy_that_waits_for_it)
{
    struct stage stage = set_stage(MIB);
    weft_cuda_stream second = new_stream(0);
    weft_cuda_event end = new_event(0);
    weft_cuda_ptr other = new_memory(0, MIB);

    cr_assert_eq(cuda.fail_copies("dram0", 1, why), 0, "%s", why);
    start_copy(&stage, MIB);
    OK(cuda.stream_wait_event(second, stage.event, 0));
    OK(cuda.copy(other, stage.device, MIB, second));
    OK(cuda.event_record(end, second));
    cr_expect_eq(end_of(stage.event), WEFT_CUDA_UNKNOWN);
    cr_expect_eq(end_of(end), WEFT_CUDA_UNKNOWN);
    cr_expect_eq(((unsigned char *)(uintptr_t)other)[0], 0);
    cr_expect_eq(cuda.bytes("gpu0", 0), 0);

    /* The next one is good again. */
    OK(cuda.copy(other, stage.device, MIB, second));
    OK(cuda.event_record(end, second));
    cr_expect_eq(end_of(end), WEFT_CUDA_SUCCESS);
}

/* Into a GPU, then inside of it: two operations of one call, and the first one's failure is the
 * call's, although the second is good. */
Test(fault, batch__fails_as_a_whole)
{
    struct weft_cuda_copy_attributes attributes = {.order = WEFT_CUDA_ACCESS_ORDER_STREAM};
    struct stage stage = set_stage(2 * MIB);
    weft_cuda_ptr to[2] = {stage.device, stage.device + MIB};
    weft_cuda_ptr from[2] = {address_of(stage.host), new_memory(0, MIB)};
    size_t sizes[2] = {MIB, MIB};
    size_t first = 0;

    fill_pattern((void *)(uintptr_t)from[1], MIB, 2);
    cr_assert_eq(cuda.fail_copies("dram0", 1, why), 0, "%s", why);
    OK(cuda.copy_batch_v2(to, from, sizes, 2, &attributes, &first, 1, stage.stream));
    OK(cuda.event_record(stage.event, stage.stream));
    cr_expect_eq(end_of(stage.event), WEFT_CUDA_UNKNOWN);
    cr_expect(is_pattern(bytes_of(&stage) + MIB, MIB, 2));
    cr_expect_eq(copy(&stage, MIB), WEFT_CUDA_SUCCESS);
}

Test(fault, unregister__ends_the_copies_of_the_memory)
{
    static unsigned char host[8 << 20];
    struct stage stage = set_stage(8 * MIB);
    uint64_t moved;

    OK(cuda.host_register(host, sizeof(host), 0));
    set_link("gpu0-pcie", WEFT_EMU_LINK_UP, 20);
    OK(cuda.copy(address_of(host), stage.device, sizeof(host), stage.stream));
    OK(cuda.event_record(stage.event, stage.stream));
    while (cuda.bytes("dram0", 1) < 65536)
        pass(1000);
    OK(cuda.host_unregister(host));
    moved = cuda.bytes("dram0", 1);
    memset(host, 0x11, sizeof(host));
    cr_expect_eq(end_of(stage.event), WEFT_CUDA_ILLEGAL_ADDRESS);
    pass(100000);
    cr_expect_eq(cuda.bytes("dram0", 1), moved);
    for (size_t i = 0; i < sizeof(host); i++)
        cr_assert_eq(host[i], 0x11, "byte %zu was written late", i);
}

Test(fault, free__waits_for_the_copies_of_the_memory)
{
    struct stage stage = set_stage(4 * MIB);

    start_copy(&stage, 4 * MIB);
    OK(cuda.memory_free(stage.device));
    OK(cuda.host_free(stage.host));
    cr_expect_eq(end_of(stage.event), WEFT_CUDA_SUCCESS);
    cr_expect_eq(cuda.bytes("gpu0", 1), 4 * MIB);
}

/* Each state ends the one before. */
Test(fault, link_look__of_a_nic)
{
    static const struct {
        enum weft_emu_link_state state;
        unsigned number;
        struct weft_emu_link_now now;
    } rows[] = {
        {WEFT_EMU_LINK_LOSSY, 100, {49300, 49300, 0, 100, 0}},
        {WEFT_EMU_LINK_FAR, 30, {49300, 49300, 0, 0, 30}},
        {WEFT_EMU_LINK_HUNG_OUT, 0, {0, 49300, 0, 0, 0}},
        {WEFT_EMU_LINK_HUNG_IN, 0, {49300, 0, 0, 0, 0}},
        {WEFT_EMU_LINK_HUNG, 0, {0, 0, 0, 0, 0}},
        {WEFT_EMU_LINK_CUT, 0, {0, 0, 1, 0, 0}},
        {WEFT_EMU_LINK_UP, 500, {24650, 24650, 0, 0, 0}},
    };

    open_machine("hgx-h100", DILATION);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct weft_emu_link_now now = {0};

        cr_assert_eq(cuda.link("nic0-net", rows[i].state, rows[i].number, why), 0, "%s", why);
        cr_assert_eq(cuda.link_look("nic0-net", &now), 0);
        cr_expect_eq(now.out_bytes_per_us, rows[i].now.out_bytes_per_us, "row %zu: %u", i,
                     (unsigned)now.out_bytes_per_us);
        cr_expect_eq(now.in_bytes_per_us, rows[i].now.in_bytes_per_us, "row %zu: %u", i,
                     (unsigned)now.in_bytes_per_us);
        cr_expect_eq(now.is_cut, rows[i].now.is_cut, "row %zu", i);
        cr_expect_eq(now.loss_one_in, rows[i].now.loss_one_in, "row %zu", i);
        cr_expect_eq(now.delay_us, rows[i].now.delay_us, "row %zu", i);
    }
    cr_expect_eq(cuda.link_look("nic99-net", &(struct weft_emu_link_now){0}), -1);
}

struct refused_row {
    const char *link;
    int state;
    unsigned permille;
    const char *says;
};

Test(fault, link__says_what_is_valid)
{
    static const struct refused_row rows[] = {
        {"gpu0-pci", WEFT_EMU_LINK_CUT, 0, "gpu0-pcie"},
        {"", WEFT_EMU_LINK_CUT, 0, "cpu0-cpu1"},
        {"gpu0-pcie", WEFT_EMU_LINK_UP, 0, "1 to 1000"},
        {"gpu0-pcie", WEFT_EMU_LINK_UP, 1001, "1 to 1000"},
        {"gpu0-pcie", 7, 1000, "hung (2)"},
        {"gpu0-pcie", WEFT_EMU_LINK_LOSSY, 100, "nic0-net"},
        {"nic0-net", WEFT_EMU_LINK_FAR, 0, "1 to 1000000"},
    };

    load_driver();
    cr_expect_eq(cuda.link("gpu0-pcie", WEFT_EMU_LINK_CUT, 0, why), -1);
    cr_expect_not_null(strstr(why, "weftEmuOpen"), "%s", why);
    open_machine("hgx-h100", DILATION);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cr_expect_eq(
            cuda.link(rows[i].link, (enum weft_emu_link_state)rows[i].state, rows[i].permille, why),
            -1, "row %zu", i);
        cr_expect_not_null(strstr(why, rows[i].says), "row %zu: %s", i, why);
    }
    cr_expect_eq(cuda.fail_copies("gpu9", 1, why), -1);
    cr_expect_not_null(strstr(why, "gpu7"), "%s", why);
}
