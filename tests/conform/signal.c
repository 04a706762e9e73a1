/* Signals: once, after the bytes, and waiting for them. */
#include <string.h>

#include "conform.h"

static uint64_t word_at(const struct area *area, size_t offset)
{
    uint64_t word;

    memcpy(&word, area->base + offset, sizeof(word));
    return word;
}

Test(signal, put_signal__bytes_are_there_when_it_is_raised, .timeout = 60)
{
    weftComm_t comm = conform_comm(NULL);
    struct area src;
    struct area dst;

    conform_area(comm, "gpu0", MIB(4), &src);
    conform_area(comm, "dram1", MIB(4) + KIB(4), &dst);
    memset(dst.base, 0, dst.size);
    for (uint32_t turn = 1; turn <= 5; turn++) {
        conform_fill_by(&src, &dst, MIB(4), turn);
        memset(dst.base, 0, MIB(4));
        SUCCEED(weftPutSignal(dst.window, 0, src.window, 0, MIB(4), dst.window, MIB(4), turn,
                              weftSignalSet, comm, NULL, NULL));
        SUCCEED(weftWaitSignal(dst.window, MIB(4), turn, comm, NULL, WEFT_TIMEOUT_DEFAULT));
        cr_assert(conform_holds(&dst, 0, MIB(4), turn));
    }
    SUCCEED(weftFlush(comm, WEFT_TIMEOUT_DEFAULT));
    cr_assert_eq(word_at(&dst, MIB(4)), 5);
    conform_close(comm);
}

Test(signal, signal__add_counts_every_one, .timeout = 60)
{
    weftComm_t comm = conform_comm(NULL);
    struct area gpu;
    struct area host;

    conform_area(comm, "gpu1", KIB(64), &gpu);
    conform_area(comm, "dram0", KIB(64), &host);
    memset(host.base, 0, KIB(64));
    SUCCEED(weftSignal(gpu.window, 8, 1000, weftSignalSet, comm, NULL, NULL));
    SUCCEED(weftFence(comm));
    for (uint32_t i = 0; i < 50; i++) {
        SUCCEED(weftSignal(gpu.window, 8, 3, weftSignalAdd, comm, NULL, NULL));
        SUCCEED(weftPutSignal(gpu.window, 4096, host.window, 8192, 100, host.window, 16, 1,
                              weftSignalAdd, comm, NULL, NULL));
    }
    SUCCEED(weftFlush(comm, WEFT_TIMEOUT_DEFAULT));
    cr_assert_eq(word_at(&host, 16), 50);
    SUCCEED(weftWaitSignal(gpu.window, 8, 1150, comm, NULL, 0));
    EXPECT(weftWaitSignal(gpu.window, 8, 1151, comm, NULL, 0), weftTimeout);
    EXPECT_WORD("1150");
    EXPECT_WORD("gpu1");
    conform_close(comm);
}

Test(signal, put_signal__zero_bytes, .timeout = 60)
{
    weftComm_t comm = conform_comm(NULL);
    weftRequest_t request;
    struct area host;

    conform_area(comm, "dram0", KIB(4), &host);
    memset(host.base, 0, KIB(4));
    SUCCEED(weftPutSignal(host.window, 0, host.window, 0, 0, host.window, 64, 7, weftSignalSet,
                          comm, NULL, &request));
    SUCCEED(weftWait(&request, WEFT_TIMEOUT_DEFAULT));
    cr_assert_eq(word_at(&host, 64), 7);
    conform_close(comm);
}

Test(signal, wait__times_out_in_time, .timeout = 60)
{
    weftComm_t comm = conform_comm(NULL);
    struct area host;

    conform_area(comm, "dram0", KIB(4), &host);
    memset(host.base, 0, KIB(4));
    EXPECT(weftWaitSignal(host.window, 0, 1, comm, NULL, MS(2)), weftTimeout);
    SUCCEED(weftWaitSignal(host.window, 0, 0, comm, NULL, 0));
    conform_close(comm);
}
