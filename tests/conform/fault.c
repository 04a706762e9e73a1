/* Links that slow down, are cut or hang: rerouting, deadlines, sentences, aborts. */
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "conform.h"

/* The ways out of gpu0 and into it. */
static void gpu0_links(weftComm_t comm, enum weft_emu_link_state state)
{
    conform_link(comm, "gpu0-pcie", state, 1000);
    conform_link(comm, "gpu0-nvlink", state, 1000);
}

Test(link, cut_before__bytes_take_another_route, .timeout = 60)
{
    weftComm_t comm = conform_comm(NULL);
    struct area host;
    struct area gpu;

    conform_area(comm, "dram0", MIB(16), &host);
    conform_area(comm, "gpu0", MIB(16), &gpu);
    conform_link(comm, "gpu0-pcie", WEFT_EMU_LINK_CUT, 1000);
    conform_fill_by(&gpu, &host, MIB(16), 8);
    cr_assert(conform_holds_by(&gpu, &host, MIB(16), 8));
    conform_close(comm);
}

Test(link, cut_during__bytes_are_right, .timeout = 60)
{
    weftComm_t comm = conform_comm(NULL);
    struct area host;
    struct area gpu;
    weftRequest_t request;

    conform_area(comm, "dram0", MIB(64), &host);
    conform_area(comm, "gpu0", MIB(64), &gpu);
    conform_fill(&host, 0, MIB(64), 2);
    SUCCEED(weftPut(gpu.window, 0, host.window, 0, MIB(64), comm, NULL, &request));
    conform_link(comm, "gpu1-pcie", WEFT_EMU_LINK_CUT, 1000);
    conform_link(comm, "gpu0-pcie", WEFT_EMU_LINK_CUT, 1000);
    SUCCEED(weftWait(&request, WEFT_TIMEOUT_DEFAULT));
    conform_link(comm, "gpu0-pcie", WEFT_EMU_LINK_UP, 1000);
    cr_assert(conform_holds_by(&gpu, &host, MIB(64), 2));
    conform_close(comm);
}

Test(link, slow__still_arrives, .timeout = 60)
{
    weftComm_t comm = conform_comm(NULL);
    struct area host;
    struct area gpu;

    conform_area(comm, "dram0", MIB(32), &host);
    conform_area(comm, "gpu0", MIB(32), &gpu);
    conform_link(comm, "gpu0-pcie", WEFT_EMU_LINK_UP, 50);
    conform_fill_by(&gpu, &host, MIB(32), 3);
    cr_assert(conform_holds_by(&gpu, &host, MIB(32), 3));
    conform_close(comm);
}

Test(link, all_cut__remote_error_names_the_path, .timeout = 60)
{
    weftComm_t comm = conform_comm("timeout_ms", "100", NULL);
    struct area host;
    struct area gpu;
    weftRequest_t request;

    conform_area(comm, "dram0", MIB(4), &host);
    conform_area(comm, "gpu0", MIB(4), &gpu);
    gpu0_links(comm, WEFT_EMU_LINK_CUT);
    SUCCEED(weftPut(gpu.window, 0, host.window, 0, MIB(4), comm, NULL, &request));
    EXPECT(weftWait(&request, WEFT_TIMEOUT_DEFAULT), weftRemoteError);
    EXPECT_WORD("gpu0");
    EXPECT_WORD("dram0");
    EXPECT_WORD("no route left");
    /* It comes back: the next transfer goes. */
    gpu0_links(comm, WEFT_EMU_LINK_UP);
    conform_move_when_up(&gpu, &host, MIB(4));
    conform_fill_by(&gpu, &host, MIB(4), 12);
    cr_assert(conform_holds_by(&gpu, &host, MIB(4), 12));
    conform_close(comm);
}

Test(link, hung__unknown_at_the_deadline_and_memory_is_kept, .timeout = 60)
{
    weftComm_t comm = conform_comm("timeout_ms", "20", "routes", "direct", NULL);
    struct area host;
    struct area gpu;
    weftRequest_t request;

    conform_area(comm, "dram0", MIB(8), &host);
    conform_area(comm, "gpu0", MIB(8), &gpu);
    gpu0_links(comm, WEFT_EMU_LINK_HUNG);
    SUCCEED(weftPut(gpu.window, 0, host.window, 0, MIB(8), comm, NULL, &request));
    EXPECT(weftWait(&request, WEFT_TIMEOUT_DEFAULT), weftUnknown);
    EXPECT_WORD("dram0 -> gpu0");
    EXPECT_WORD("gpu0-pcie");
    EXPECT_WORD("no progress");
    EXPECT(weftWindowDeregister(gpu.window), weftUnknown);
    EXPECT(weftCommAbort(comm), weftUnknown);
    EXPECT_WORD("gpu0");
    EXPECT(weftCommDestroy(comm), weftUnknown);
    EXPECT(weftCommAbort(comm), weftInvalidArgument);
}

Test(link, hung_and_back__the_comm_can_go_on, .timeout = 60)
{
    weftComm_t comm = conform_comm("timeout_ms", "20", "routes", "direct", NULL);
    struct area lost; /* the copy that hung may land in it, or read it, until the comm is gone */
    struct area lost_gpu;
    struct area host;
    struct area gpu;
    weftRequest_t request;

    conform_area(comm, "dram0", MIB(2), &lost);
    conform_area(comm, "gpu0", MIB(2), &lost_gpu);
    conform_area(comm, "dram0", MIB(2), &host);
    conform_area(comm, "gpu0", MIB(2), &gpu);
    gpu0_links(comm, WEFT_EMU_LINK_HUNG);
    SUCCEED(weftPut(lost_gpu.window, 0, lost.window, 0, MIB(2), comm, NULL, &request));
    EXPECT(weftWait(&request, WEFT_TIMEOUT_DEFAULT), weftUnknown);
    gpu0_links(comm, WEFT_EMU_LINK_UP);
    /* It has one route, which is down again for a while after each copy that fails. */
    conform_fill(&host, 0, MIB(2), 21);
    conform_move_when_up(&gpu, &host, MIB(2));
    memset(host.base, 0, MIB(2));
    conform_move_when_up(&host, &gpu, MIB(2));
    cr_assert(conform_holds(&host, 0, MIB(2), 21));
    conform_close(comm);
}

Test(abort, abort__ends_everything_and_is_a_fence, .timeout = 60)
{
    weftComm_t comm = conform_comm(NULL);
    struct area host;
    struct area gpu;
    weftRequest_t requests[4];
    weftResult_t error;

    conform_area(comm, "dram0", MIB(64), &host);
    conform_area(comm, "gpu0", MIB(64), &gpu);
    for (size_t i = 0; i < 4; i++) {
        SUCCEED(weftGet(host.window, i * MIB(16), gpu.window, i * MIB(16), MIB(16), comm, NULL,
                        &requests[i]));
        SUCCEED(weftFence(comm));
    }
    SUCCEED(weftCommAbort(comm));
    conform_fill(&host, 0, MIB(64), 31);
    for (size_t i = 0; i < 4; i++) {
        weftResult_t result = weftTest(&requests[i]);

        cr_assert(result == weftCancelled || result == weftSuccess, "request %zu: %d", i, result);
    }
    EXPECT(weftGet(host.window, 0, gpu.window, 0, 1, comm, NULL, NULL), weftInvalidUsage);
    EXPECT_WORD("aborted");
    EXPECT(weftCommFinalize(comm), weftInvalidUsage);
    SUCCEED(weftCommGetAsyncError(comm, &error));
    cr_assert_eq(error, weftSuccess);
    SUCCEED(weftCommAbort(comm));
    cr_assert(conform_holds(&host, 0, MIB(64), 31));
    SUCCEED(weftCommDestroy(comm));
}

/* Another thread's deregistration waits up to timeout_ms: an abort does not wait for that. */
static void *deregister(void *window)
{
    return (void *)(uintptr_t)weftWindowDeregister(window);
}

Test(abort, abort__does_not_wait_for_other_calls, .timeout = 60)
{
    weftComm_t comm =
        conform_comm("timeout_ms", "1000", "abort_ms", "20", "routes", "direct", NULL);
    struct area host;
    struct area gpu;
    struct timespec begun;
    struct timespec ended;
    pthread_t thread;

    conform_area(comm, "dram0", MIB(8), &host);
    conform_area(comm, "gpu0", MIB(8), &gpu);
    gpu0_links(comm, WEFT_EMU_LINK_HUNG);
    SUCCEED(weftPut(gpu.window, 0, host.window, 0, MIB(8), comm, NULL, NULL));
    EXPECT(weftFlush(comm, MS(1)), weftTimeout);
    cr_assert_eq(pthread_create(&thread, NULL, deregister, gpu.window), 0);
    clock_gettime(CLOCK_MONOTONIC, &begun);
    EXPECT(weftCommAbort(comm), weftUnknown);
    clock_gettime(CLOCK_MONOTONIC, &ended);
    /* 20 ms of the machine's time are 0.4 s of ours; the deregistration would take 20 s. */
    cr_assert_lt(ended.tv_sec - begun.tv_sec, 5);
    gpu0_links(comm, WEFT_EMU_LINK_UP);
    pthread_join(thread, NULL);
    SUCCEED(weftCommDestroy(comm));
}

Test(abort, destroy__aborts_what_was_not_finalized, .timeout = 60)
{
    weftComm_t comm = conform_comm(NULL);
    struct area host;
    struct area gpu;

    conform_area(comm, "dram0", MIB(64), &host);
    conform_area(comm, "gpu0", MIB(64), &gpu);
    SUCCEED(weftPut(gpu.window, 0, host.window, 0, MIB(64), comm, NULL, NULL));
    SUCCEED(weftCommDestroy(comm));
}
