/* Copies of the CUDA transport on a GPU. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

#define CHUNK WEFT_MIB(1)

static struct machine machine;

Test(copy, weft_cuda_copy__to_the_gpu_and_back)
{
    char *there;
    char *back;

    machine_open(&machine, 1, 1);
    there = machine_window(&machine, 0, machine.dram, 8 * CHUNK);
    back = machine_window(&machine, 1, machine.dram, 8 * CHUNK);
    machine_window(&machine, 2, 0, 8 * CHUNK);
    machine_fill(there, 8 * CHUNK, 1);
    memset(back, 0, 8 * CHUNK);
    machine_move(&machine, machine.dram, 0, 0, 0, 2, 4096, 7 * CHUNK);
    machine_move(&machine, 0, 2, 4096, machine.dram, 1, 512, 7 * CHUNK);
    cr_assert_arr_eq(back + 512, there, 7 * CHUNK);
    cr_assert_eq(back[511], 0);
    cr_assert_eq(back[512 + 7 * CHUNK], 0);
    machine_close(&machine);
}

/* More extents than one driver call takes, of sizes from 8 bytes on, each to its mirrored place. */
Test(copy, weft_cuda_copy__scattered_extents)
{
    enum { EXTENTS = 1500, PAGE = 4096 };
    static struct weft_extent out[EXTENTS];
    static struct weft_extent in[EXTENTS];
    const size_t size = (size_t)EXTENTS * PAGE;
    struct weft_copy copy;
    char *there;
    char *back;

    machine_open(&machine, 1, 1);
    there = machine_window(&machine, 0, machine.dram, size);
    back = machine_window(&machine, 1, machine.dram, size);
    machine_window(&machine, 2, 0, size);
    machine_fill(there, size, 2);
    memset(back, 0, size);
    for (uint32_t i = 0; i < EXTENTS; i++) {
        uint64_t mirrored = (uint64_t)(EXTENTS - 1 - i) * PAGE;

        out[i] = (struct weft_extent){mirrored, (uint64_t)i * PAGE, 8 * (1 + i % 512)};
        in[i] = (struct weft_extent){(uint64_t)i * PAGE, mirrored, 8 * (1 + i % 512)};
    }
    copy = machine_copy(&machine, machine.dram, 0, 0, 2, 7, out, EXTENTS);
    cr_assert_eq(machine_issue(&machine, machine.dram, 0, &copy), weftSuccess);
    cr_assert_eq(machine_wait(&machine, 7), weftSuccess);
    copy = machine_copy(&machine, 0, 2, machine.dram, 1, 8, in, EXTENTS);
    cr_assert_eq(machine_issue(&machine, 0, machine.dram, &copy), weftSuccess);
    cr_assert_eq(machine_wait(&machine, 8), weftSuccess);
    for (uint32_t i = 0; i < EXTENTS; i++) {
        uint64_t at = in[i].dst_offset;

        cr_assert_arr_eq(back + at, there + at, in[i].size_bytes, "extent %u", i);
        cr_assert(in[i].size_bytes == PAGE || back[at + in[i].size_bytes] == 0, "behind %u", i);
    }
    machine_close(&machine);
}

/* Into the GPU and out of it in chained pieces that reuse few slots: the first hop of a slot's next
 * piece waits, on the device, for the second hop of the one before. */
Test(copy, weft_cuda_copy__chained_through_the_gpu)
{
    enum { PIECES = 64, SLOTS = 4, PIECE = 128 * 1024 };
    char *there;
    char *back;

    machine_open(&machine, 1, 1);
    there = machine_window(&machine, 0, machine.dram, PIECES * PIECE);
    back = machine_window(&machine, 1, machine.dram, PIECES * PIECE);
    machine_window(&machine, 2, 0, SLOTS * PIECE);
    machine_fill(there, PIECES * PIECE, 3);
    memset(back, 0, PIECES * PIECE);
    for (uint32_t i = 0; i < PIECES; i++) {
        struct weft_extent in = {i % SLOTS * PIECE, (uint64_t)i * PIECE, PIECE};
        struct weft_extent out = {(uint64_t)i * PIECE, i % SLOTS * PIECE, PIECE};
        struct weft_copy first = machine_copy(&machine, machine.dram, 0, 0, 2, 2 * i, &in, 1);
        struct weft_copy second = machine_copy(&machine, 0, 2, machine.dram, 1, 2 * i + 1, &out, 1);

        if (i >= SLOTS) {
            first.after = 2 * (i - SLOTS) + 1;
            first.after_port = machine.gpus[0];
        }
        second.after = first.cookie;
        second.after_port = machine.gpus[0];
        cr_assert_eq(machine_issue(&machine, machine.dram, 0, &first), weftSuccess);
        cr_assert_eq(machine_issue(&machine, 0, machine.dram, &second), weftSuccess);
    }
    for (uint32_t cookie = 0; cookie < 2 * PIECES; cookie++)
        cr_assert_eq(machine_wait(&machine, cookie), weftSuccess);
    cr_assert_arr_eq(back, there, PIECES * PIECE);
    machine_close(&machine);
}

/* In, across and out again, the three hops chained on the device. */
Test(copy, weft_cuda_copy__inside_the_gpu)
{
    struct weft_extent there_to_gpu = {0, 0, CHUNK};
    struct weft_extent inside = {CHUNK, 0, CHUNK};
    struct weft_extent gpu_to_back = {0, CHUNK, CHUNK};
    struct weft_copy copies[3];
    char *there;
    char *back;

    machine_open(&machine, 1, 1);
    cr_assert_neq(machine.lanes[0][0], UINT32_MAX);
    there = machine_window(&machine, 0, machine.dram, CHUNK);
    back = machine_window(&machine, 1, machine.dram, CHUNK);
    machine_window(&machine, 2, 0, 2 * CHUNK);
    machine_fill(there, CHUNK, 6);
    memset(back, 0, CHUNK);
    copies[0] = machine_copy(&machine, machine.dram, 0, 0, 2, 10, &there_to_gpu, 1);
    copies[1] = machine_copy(&machine, 0, 2, 0, 2, 11, &inside, 1);
    copies[2] = machine_copy(&machine, 0, 2, machine.dram, 1, 12, &gpu_to_back, 1);
    for (uint32_t i = 1; i < 3; i++) {
        copies[i].after = copies[i - 1].cookie;
        copies[i].after_port = machine.gpus[0];
    }
    cr_assert_eq(machine_issue(&machine, machine.dram, 0, &copies[0]), weftSuccess);
    cr_assert_eq(machine_issue(&machine, 0, 0, &copies[1]), weftSuccess);
    cr_assert_eq(machine_issue(&machine, 0, machine.dram, &copies[2]), weftSuccess);
    cr_assert_eq(machine_wait(&machine, 12), weftSuccess);
    cr_assert_eq(machine_wait(&machine, 11), weftSuccess);
    cr_assert_arr_eq(back, there, CHUNK);
    machine_close(&machine);
}

Test(copy, weft_cuda_copy__between_two_gpus)
{
    char *there;
    char *back;

    machine_open(&machine, 2, 2);
    if (machine.lanes[0][1] == UINT32_MAX)
        cr_skip("skipped: the two GPUs do not reach each other");
    there = machine_window(&machine, 0, machine.dram, CHUNK);
    back = machine_window(&machine, 1, machine.dram, CHUNK);
    machine_window(&machine, 2, 0, CHUNK);
    machine_window(&machine, 3, 1, CHUNK);
    machine_fill(there, CHUNK, 4);
    memset(back, 0, CHUNK);
    machine_move(&machine, machine.dram, 0, 0, 0, 2, 0, CHUNK);
    machine_move(&machine, 0, 2, 0, 1, 3, 0, CHUNK);
    machine_move(&machine, 1, 3, 0, machine.dram, 1, 0, CHUNK);
    cr_assert_arr_eq(back, there, CHUNK);
    machine_close(&machine);
}

/* Two windows that overlap pin their memory in two pieces; copies within the larger one cross from
 * the first into the second. */
Test(copy, weft_cuda_copy__across_a_seam)
{
    char why[256] = "";
    void *memory;
    char *bytes;
    char *back;

    machine_open(&machine, 1, 1);
    cr_assert_eq(weft_host_transport.alloc(machine.host, 4 * CHUNK, &memory), weftSuccess);
    bytes = memory;
    machine_fill(bytes, 4 * CHUNK, 5);
    cr_assert_eq(machine_window_add(&machine, 0, machine.dram, bytes, CHUNK, why), weftSuccess);
    cr_assert_eq(machine_window_add(&machine, 1, machine.dram, bytes, 4 * CHUNK, why), weftSuccess,
                 "%s", why);
    machine_window(&machine, 2, 0, 4 * CHUNK);
    back = machine_window(&machine, 3, machine.dram, 4 * CHUNK);
    machine_move(&machine, machine.dram, 1, 100, 0, 2, 0, 4 * CHUNK - 100);
    machine_move(&machine, 0, 2, 0, machine.dram, 3, 100, 4 * CHUNK - 100);
    cr_assert_arr_eq(back + 100, bytes + 100, 4 * CHUNK - 100);
    /* The first window's end takes nothing from the second. */
    weft_cuda_transport.window_remove(machine.gpus[0], 0);
    memset(bytes, 0, 4 * CHUNK);
    machine_move(&machine, 0, 2, 0, machine.dram, 1, 100, 4 * CHUNK - 100);
    cr_assert_arr_eq(bytes + 100, back + 100, 4 * CHUNK - 100);
    machine_close(&machine);
}

Test(copy, weft_cuda_copy__outside_of_its_window)
{
    static const struct weft_extent outside[] = {
        {0, CHUNK - 8, 16}, {CHUNK - 8, 0, 16}, {UINT64_MAX - 8, 0, 16},
        {0, 0, UINT64_MAX}, {0, CHUNK + 1, 0},
    };

    machine_open(&machine, 1, 1);
    machine_window(&machine, 0, machine.dram, CHUNK);
    machine_window(&machine, 1, 0, CHUNK);
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(outside); i++) {
        struct weft_copy copy = machine_copy(&machine, machine.dram, 0, 0, 1, 0, &outside[i], 1);

        cr_assert_eq(machine_issue(&machine, machine.dram, 0, &copy), weftInvalidArgument,
                     "extent %u", i);
    }
    machine_close(&machine);
}

/* A window of another device, or none, is no window of the lane. */
Test(copy, weft_cuda_copy__wrong_window)
{
    struct weft_extent extent = {0, 0, 64};
    struct weft_copy copy;

    machine_open(&machine, 1, 1);
    machine_window(&machine, 0, machine.dram, CHUNK);
    machine_window(&machine, 1, 0, CHUNK);
    copy = machine_copy(&machine, machine.dram, 0, 0, 0, 0, &extent, 1);
    cr_assert_eq(machine_issue(&machine, machine.dram, 0, &copy), weftInvalidArgument);
    copy = machine_copy(&machine, machine.dram, 0, 0, 9, 0, &extent, 1);
    cr_assert_eq(machine_issue(&machine, machine.dram, 0, &copy), weftInvalidArgument);
    machine_close(&machine);
}

Test(copy, weft_cuda_fence__after_the_last_copy)
{
    enum { COPIES = 40 };
    struct weft_extent extent = {0, 0, CHUNK};
    weft_ns deadline_at;

    machine_open(&machine, 1, 1);
    machine_window(&machine, 0, machine.dram, CHUNK);
    machine_window(&machine, 1, 0, CHUNK);
    cr_assert_eq(weft_cuda_transport.fence(machine.gpus[0], machine.lanes[machine.dram][0]),
                 weftSuccess);
    for (uint32_t i = 0; i < COPIES; i++) {
        struct weft_copy copy = machine_copy(&machine, machine.dram, 0, 0, 1, i, &extent, 1);

        cr_assert_eq(machine_issue(&machine, machine.dram, 0, &copy), weftSuccess);
    }
    deadline_at = machine_now() + MACHINE_WAIT_NS;
    while (weft_cuda_transport.fence(machine.gpus[0], machine.lanes[machine.dram][0]) ==
           weftInProgress)
        cr_assert_lt(machine_now(), deadline_at);
    for (uint32_t i = 0; i < COPIES; i++)
        cr_assert_eq(machine_wait(&machine, i), weftSuccess);
    machine_close(&machine);
}

/* What comes after a copy that fails moves nothing; later copies of the lane are good again. A real
 * GPU cannot be asked to fail. */
Test(copy, weft_cuda_copy__after_a_failed_one)
{
    int (*fail_copies)(const char *device, unsigned count, char why[512]) = NULL;
    struct weft_extent extent = {0, 0, CHUNK};
    struct weft_copy first;
    struct weft_copy second;
    char why[512] = "";
    char *back;

    machine_open(&machine, 1, 1);
    *(void **)&fail_copies = dlsym(machine.driver->library, "weftEmuFailCopies");
    if (fail_copies == NULL)
        cr_skip("skipped: this driver cannot be told to fail");
    machine_window(&machine, 0, machine.dram, CHUNK);
    back = machine_window(&machine, 1, machine.dram, CHUNK);
    machine_window(&machine, 2, 0, CHUNK);
    memset(back, 0x5a, CHUNK);
    first = machine_copy(&machine, machine.dram, 0, 0, 2, 1, &extent, 1);
    second = machine_copy(&machine, 0, 2, machine.dram, 1, 2, &extent, 1);
    second.after = 1;
    second.after_port = machine.gpus[0];
    cr_assert_eq(fail_copies("gpu0", 1, why), 0, "%s", why);
    cr_assert_eq(machine_issue(&machine, machine.dram, 0, &first), weftSuccess);
    cr_assert_eq(machine_issue(&machine, 0, machine.dram, &second), weftSuccess);
    cr_assert_eq(machine_wait(&machine, 1), weftUnhandledCudaError);
    cr_assert_eq(machine_wait(&machine, 2), weftUnhandledCudaError);
    for (size_t i = 0; i < CHUNK; i++)
        cr_assert_eq(back[i], 0x5a);
    /* A copy after one that has ended badly is not even issued. */
    cr_assert_eq(machine_issue(&machine, 0, machine.dram, &second), weftUnhandledCudaError);
    machine_move(&machine, machine.dram, 0, 0, 0, 2, 0, CHUNK);
    machine_close(&machine);
}

/* A driver that has no event left for a copy: that copy fails, moves nothing, and the port goes on.
 */
Test(copy, weft_cuda_copy__no_event_left)
{
    enum { EVENTS_MAX = 1 << 20 };
    weft_cuda_event *events;
    struct weft_extent extent = {0, 0, CHUNK};
    struct weft_cuda_scope scope;
    weft_cuda_context context;
    struct weft_copy copy;
    uint32_t count = 0;
    char *there;
    char *back;

    machine_open(&machine, 1, 1);
    if (!machine.emulated)
        cr_skip("skipped: a real driver's events end with its memory");
    there = machine_window(&machine, 0, machine.dram, CHUNK);
    back = machine_window(&machine, 1, machine.dram, CHUNK);
    machine_window(&machine, 2, 0, CHUNK);
    events = calloc(EVENTS_MAX, sizeof(*events));
    cr_assert_not_null(events);
    machine_fill(there, CHUNK, 5);
    memset(back, 0, CHUNK);
    machine_move(&machine, machine.dram, 0, 0, 0, 2, 0, CHUNK);
    cr_assert_eq(machine.driver->primary_retain(&context, 0), WEFT_CUDA_SUCCESS);
    weft_cuda_enter(machine.driver, context, &scope);
    while (count < EVENTS_MAX && machine.driver->event_create(&events[count], 0) == 0)
        count++;
    cr_assert_lt(count, EVENTS_MAX, "the driver has more events than that");
    copy = machine_copy(&machine, 0, 2, machine.dram, 1, 7, &extent, 1);
    cr_assert_eq(machine_issue(&machine, 0, machine.dram, &copy), weftUnhandledCudaError);
    cr_assert_eq(weft_cuda_transport.fence(machine.gpus[0], copy.lane), weftSuccess);
    cr_assert_eq(back[0] | back[CHUNK - 1], 0);
    /* The cookie that flew before has its event. */
    machine_move(&machine, 0, 2, 0, machine.dram, 1, 0, CHUNK);
    cr_assert_arr_eq(back, there, CHUNK);
    while (count > 0)
        cr_assert_eq(machine.driver->event_destroy(events[--count]), WEFT_CUDA_SUCCESS);
    weft_cuda_leave(machine.driver, &scope);
    machine.driver->primary_release(0);
    cr_assert_eq(machine_issue(&machine, 0, machine.dram, &copy), weftSuccess);
    cr_assert_eq(machine_wait(&machine, 7), weftSuccess);
    free(events);
    machine_close(&machine);
}
