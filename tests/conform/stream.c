/* Transfers in a CUDA stream: after what was in it, before what comes later. */
#include <string.h>

#include "conform.h"

/* The few functions of the driver that an application would use here. */
struct driver {
    int (*device_get)(int *device, int ordinal);
    int (*context_retain)(void **context, int device);
    int (*context_set)(void *context);
    int (*stream_create)(void **stream, unsigned flags);
    int (*stream_query)(void *stream);
    int (*stream_synchronize)(void *stream);
    int (*stream_wait)(void *stream, unsigned long long address, uint64_t value, unsigned flags);
};

static void find(weftComm_t comm, const char *name, void *function)
{
    void *symbol = conform_driver(comm, name);

    memcpy(function, &symbol, sizeof(symbol));
}

static void *open_stream(weftComm_t comm, struct driver *driver)
{
    void *context;
    void *stream;
    int device;

    find(comm, "cuDeviceGet", &driver->device_get);
    find(comm, "cuDevicePrimaryCtxRetain", &driver->context_retain);
    find(comm, "cuCtxSetCurrent", &driver->context_set);
    find(comm, "cuStreamCreate", &driver->stream_create);
    find(comm, "cuStreamQuery", &driver->stream_query);
    find(comm, "cuStreamSynchronize", &driver->stream_synchronize);
    find(comm, "cuStreamWaitValue64_v2", &driver->stream_wait);
    cr_assert_eq(driver->device_get(&device, 0), 0);
    cr_assert_eq(driver->context_retain(&context, device), 0);
    cr_assert_eq(driver->context_set(context), 0);
    cr_assert_eq(driver->stream_create(&stream, 1), 0);
    return stream;
}

#define NOT_READY 600

/* The word that opens the stream: in host memory, which the driver reads where it lies. */
static void close_gate(const struct driver *driver, const struct area *host, void *stream)
{
    memset(host->base + host->size - 8, 0, 8);
    cr_assert_eq(driver->stream_wait(
                     stream, (unsigned long long)(uintptr_t)(host->base + host->size - 8), 1, 0),
                 0);
}

static void open_gate(weftComm_t comm, const struct area *host)
{
    SUCCEED(weftSignal(host->window, host->size - 8, 1, weftSignalSet, comm, NULL, NULL));
}

Test(stream, put__waits_for_the_stream_and_holds_it, .timeout = 60)
{
    weftComm_t comm = conform_comm(NULL);
    struct driver driver;
    void *stream = open_stream(comm, &driver);
    struct area host;
    struct area gpu;
    weftRequest_t first;
    weftRequest_t second;

    conform_area(comm, "dram0", MIB(8) + 8, &host);
    conform_area(comm, "gpu0", MIB(8), &gpu);
    conform_fill(&host, 0, MIB(8), 1);
    close_gate(&driver, &host, stream);
    SUCCEED(weftPut(gpu.window, 0, host.window, 0, MIB(8), comm, stream, &first));
    EXPECT(weftWait(&first, MS(2)), weftInProgress);
    /* The bytes are read only when the stream gets there: this is what arrives. */
    conform_fill(&host, 0, MIB(8), 2);
    SUCCEED(weftGet(host.window, 0, gpu.window, 0, MIB(8), comm, stream, &second));
    open_gate(comm, &host);
    SUCCEED(weftWait(&first, WEFT_TIMEOUT_DEFAULT));
    SUCCEED(weftWait(&second, WEFT_TIMEOUT_DEFAULT));
    cr_assert_eq(driver.stream_synchronize(stream), 0);
    cr_assert(conform_holds(&host, 0, MIB(8), 2));
    conform_close(comm);
}

Test(stream, put__later_work_waits_for_the_bytes, .timeout = 60)
{
    weftComm_t comm = conform_comm(NULL);
    struct driver driver;
    void *stream = open_stream(comm, &driver);
    struct area host;
    struct area gpu;
    struct area back;

    conform_area(comm, "dram0", MIB(16), &host);
    conform_area(comm, "dram1", MIB(16), &back);
    conform_area(comm, "gpu0", MIB(16), &gpu);
    for (uint32_t turn = 1; turn <= 3; turn++) {
        conform_fill(&host, 0, MIB(16), turn);
        SUCCEED(weftPut(gpu.window, 0, host.window, 0, MIB(16), comm, stream, NULL));
        SUCCEED(weftPut(back.window, 0, gpu.window, 0, MIB(16), comm, stream, NULL));
        cr_assert_eq(driver.stream_synchronize(stream), 0);
        cr_assert(conform_holds(&back, 0, MIB(16), turn));
    }
    SUCCEED(weftFlush(comm, 0));
    conform_close(comm);
}

Test(stream, fence__holds_back_what_comes_after_a_waiting_transfer, .timeout = 60)
{
    weftComm_t comm = conform_comm(NULL);
    struct driver driver;
    void *stream = open_stream(comm, &driver);
    struct area host;
    struct area gpu;
    weftRequest_t late;
    uint64_t one = 1;

    conform_area(comm, "dram0", MIB(1) + 8, &host);
    conform_area(comm, "gpu0", MIB(1), &gpu);
    conform_fill_by(&gpu, &host, MIB(1), 1);
    conform_fill(&host, 0, MIB(1), 2);
    close_gate(&driver, &host, stream);
    SUCCEED(weftPut(gpu.window, 0, host.window, 0, MIB(1), comm, stream, NULL));
    SUCCEED(weftFence(comm));
    SUCCEED(weftGet(host.window, 0, gpu.window, 0, MIB(1), comm, NULL, &late));
    EXPECT(weftWait(&late, MS(2)), weftInProgress);
    /* Not by a transfer: that would wait for the fence too. */
    __atomic_store((uint64_t *)(void *)(host.base + MIB(1)), &one, __ATOMIC_RELEASE);
    SUCCEED(weftWait(&late, WEFT_TIMEOUT_DEFAULT));
    cr_assert(conform_holds(&host, 0, MIB(1), 2));
    conform_close(comm);
}

Test(stream, wait_signal__holds_the_stream, .timeout = 60)
{
    weftComm_t comm = conform_comm(NULL);
    struct driver driver;
    void *stream = open_stream(comm, &driver);
    struct area gpu;
    struct area host;
    weftRequest_t request;

    conform_area(comm, "gpu0", MIB(1), &gpu);
    conform_area(comm, "dram0", MIB(1), &host);
    SUCCEED(weftSignal(gpu.window, 64, 0, weftSignalSet, comm, NULL, NULL));
    SUCCEED(weftFlush(comm, WEFT_TIMEOUT_DEFAULT));
    SUCCEED(weftWaitSignal(gpu.window, 64, 5, comm, stream, 0));
    SUCCEED(weftPut(host.window, 0, gpu.window, 0, KIB(64), comm, stream, &request));
    EXPECT(weftWait(&request, MS(1)), weftInProgress);
    cr_assert_eq(driver.stream_query(stream), NOT_READY);
    SUCCEED(weftSignal(gpu.window, 64, 5, weftSignalSet, comm, NULL, NULL));
    SUCCEED(weftWait(&request, WEFT_TIMEOUT_DEFAULT));
    cr_assert_eq(driver.stream_synchronize(stream), 0);
    conform_close(comm);
}

Test(stream, group__marks_before_it_holds, .timeout = 60)
{
    weftComm_t comm = conform_comm(NULL);
    struct driver driver;
    void *stream = open_stream(comm, &driver);
    struct area host;
    struct area gpu;
    weftRequest_t requests[6];

    conform_area(comm, "dram0", MIB(6), &host);
    conform_area(comm, "gpu0", MIB(6), &gpu);
    SUCCEED(weftGroupStart());
    for (size_t i = 0; i < 6; i++)
        SUCCEED(weftPut(gpu.window, i * MIB(1), host.window, i * MIB(1), MIB(1), comm, stream,
                        &requests[i]));
    SUCCEED(weftGroupEnd());
    for (size_t i = 0; i < 6; i++)
        SUCCEED(weftWait(&requests[i], WEFT_TIMEOUT_DEFAULT));
    cr_assert_eq(driver.stream_synchronize(stream), 0);
    conform_close(comm);
}

Test(stream, cancel_and_abort__let_the_stream_go, .timeout = 60)
{
    weftComm_t comm = conform_comm(NULL);
    struct driver driver;
    void *stream = open_stream(comm, &driver);
    struct area host;
    struct area gpu;
    weftRequest_t first;
    weftRequest_t second;
    uint64_t one = 1;

    conform_area(comm, "dram0", MIB(1) + 8, &host);
    conform_area(comm, "gpu0", MIB(1), &gpu);
    close_gate(&driver, &host, stream);
    SUCCEED(weftPut(gpu.window, 0, host.window, 0, MIB(1), comm, stream, &first));
    SUCCEED(weftPut(gpu.window, 0, host.window, 0, MIB(1), comm, stream, &second));
    SUCCEED(weftCancel(first));
    EXPECT(weftWait(&first, WEFT_TIMEOUT_DEFAULT), weftCancelled);
    SUCCEED(weftCommAbort(comm));
    EXPECT(weftTest(&second), weftCancelled);
    EXPECT_WORD("weftCommAbort");
    __atomic_store((uint64_t *)(void *)(host.base + MIB(1)), &one, __ATOMIC_RELEASE);
    cr_assert_eq(driver.stream_synchronize(stream), 0);
    SUCCEED(weftCommDestroy(comm));
}

Test(stream, put__stream_that_never_gets_there_times_out, .timeout = 60)
{
    weftComm_t comm = conform_comm("timeout_ms", "10", NULL);
    struct driver driver;
    void *stream = open_stream(comm, &driver);
    struct area host;
    struct area gpu;
    weftRequest_t request;
    uint64_t one = 1;

    conform_area(comm, "dram0", MIB(1) + 8, &host);
    conform_area(comm, "gpu0", MIB(1), &gpu);
    close_gate(&driver, &host, stream);
    SUCCEED(weftPut(gpu.window, 0, host.window, 0, MIB(1), comm, stream, &request));
    EXPECT(weftWait(&request, WEFT_TIMEOUT_DEFAULT), weftTimeout);
    __atomic_store((uint64_t *)(void *)(host.base + MIB(1)), &one, __ATOMIC_RELEASE);
    cr_assert_eq(driver.stream_synchronize(stream), 0);
    conform_close(comm);
}
