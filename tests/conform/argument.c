/* Every bad argument of every function gives the documented result and a sentence; nothing crashes.
 *
 * A row that is wrong names the call by its text. Handles are tried as NULL, as freed, as those of
 * another kind, and as bytes that never were a handle. */
#include <stdlib.h>
#include <string.h>

#include "conform.h"

static weftComm_t comm;
static weftComm_t gone_comm;
static weftComm_t other;
static weftWindow_t window;
static weftWindow_t gone_window;
static weftWindow_t foreign;
static weftWindow_t read_only;
static weftDevId_t gpu;
static weftDevId_t dram;
static const weftDevId_t nowhere = {0x7f000001, 9999};
static const weftDevId_t elsewhere = {0x0a000001, 0};
static void *memory;

#define SIZE KIB(64)

static void setup(void)
{
    struct area area;
    struct area there;
    weftWindowKey_t key;

    comm = conform_comm("relay_slots", "2", "chunks_max", "64", NULL);
    other = conform_comm("relay_slots", "2", "chunks_max", "64", NULL);
    gone_comm = conform_comm("relay_slots", "2", "chunks_max", "64", NULL);
    SUCCEED(weftCommDestroy(gone_comm));
    gpu = conform_device(comm, "gpu0");
    dram = conform_device(comm, "dram0");
    conform_area(comm, "dram0", SIZE, &area);
    window = area.window;
    memory = area.base;
    conform_area(comm, "gpu1", SIZE, &area);
    gone_window = area.window;
    SUCCEED(weftWindowDeregister(gone_window));
    conform_area(other, "gpu0", SIZE, &there);
    foreign = there.window;
    SUCCEED(weftWindowGetKey(foreign, WEFT_RIGHT_READ, &key));
    SUCCEED(weftWindowImport(comm, &key, &read_only));
}

static void teardown(void)
{
    conform_close(comm);
    conform_close(other);
}

TestSuite(argument, .init = setup, .fini = teardown, .timeout = 120);

/* Both the result and the sentence. */
#define BAD(call, result)                                                                          \
    do {                                                                                           \
        EXPECT(call, result);                                                                      \
        cr_assert_gt(strlen(weftGetLastError(NULL)), 15, "%s says: %s", #call,                     \
                     weftGetLastError(NULL));                                                      \
    } while (0)

#define WRONG(call) BAD(call, weftInvalidArgument)
#define USAGE(call) BAD(call, weftInvalidUsage)

/* What a comm may be mistaken for. */
static weftComm_t bad_comm(size_t turn)
{
    const weftComm_t bad[] = {NULL, gone_comm, (weftComm_t)window, (weftComm_t)memory,
                              (weftComm_t)(uintptr_t)0xc1ffffffffffffffu};

    return bad[turn];
}

static weftWindow_t bad_window(size_t turn)
{
    const weftWindow_t bad[] = {NULL, gone_window, (weftWindow_t)comm, (weftWindow_t)memory,
                                (weftWindow_t)(uintptr_t)0xc2ffffffffffffffu};

    return bad[turn];
}

Test(argument, every_call__no_comm)
{
    char text[64];
    int number = 5;
    weftResult_t error;
    weftDeviceProps_t props;
    weftDevId_t id;
    void *got;
    weftWindow_t made;
    weftWindowKey_t key;
    weftExtent_t extent = {0, 0, 8};
    weftBlocks_t blocks = {0, 8, NULL};

    SUCCEED(weftWindowGetKey(window, WEFT_RIGHT_READ, &key));
    for (size_t turn = 0; turn < 5; turn++) {
        weftComm_t bad = bad_comm(turn);

        WRONG(weftCommCount(bad, &number));
        WRONG(weftCommUserRank(bad, &number));
        WRONG(weftCommGetAsyncError(bad, &error));
        WRONG(weftCommAbort(bad));
        WRONG(weftCommFinalize(bad));
        if (bad != NULL)
            WRONG(weftCommDestroy(bad));
        WRONG(weftDeviceList(bad, NULL, &number));
        WRONG(weftDeviceGetProps(bad, gpu, &props));
        WRONG(weftDevIdParse(bad, "gpu0", &id));
        WRONG(weftMemAlloc(bad, gpu, 1, &got));
        WRONG(weftMemFree(bad, memory));
        WRONG(weftWindowRegister(bad, dram, memory, SIZE, 0, &made));
        WRONG(weftWindowImport(bad, &key, &made));
        WRONG(weftPut(window, 0, window, 8, 8, bad, NULL, NULL));
        WRONG(weftGet(window, 0, window, 8, 8, bad, NULL, NULL));
        WRONG(weftCopy(window, 0, window, 8, 8, bad, NULL, NULL));
        WRONG(weftPutList(&extent, 1, window, window, bad, NULL, NULL));
        WRONG(weftGetList(&extent, 1, window, window, bad, NULL, NULL));
        WRONG(weftPutBlocks(window, &blocks, window, &blocks, 8, 1, bad, NULL, NULL));
        WRONG(weftGetBlocks(window, &blocks, window, &blocks, 8, 1, bad, NULL, NULL));
        WRONG(
            weftPutSignal(window, 0, window, 8, 8, window, 16, 1, weftSignalSet, bad, NULL, NULL));
        WRONG(
            weftCopySignal(window, 0, window, 8, 8, window, 16, 1, weftSignalSet, bad, NULL, NULL));
        WRONG(weftSignal(window, 0, 1, weftSignalSet, bad, NULL, NULL));
        WRONG(weftWaitSignal(window, 0, 1, bad, NULL, 0));
        WRONG(weftFence(bad));
        WRONG(weftFlush(bad, 0));
        WRONG(weftExplain(bad, gpu, dram, 1, weftExplainText, text, sizeof(text)));
        WRONG(weftCommGetStats(bad, text, sizeof(text)));
    }
    cr_assert_eq(number, 5, "an output was set by a failed call");
}

Test(argument, every_call__no_window)
{
    weftWindowKey_t key;
    weftExtent_t extent = {0, 0, 8};
    weftBlocks_t blocks = {0, 8, NULL};

    for (size_t turn = 0; turn < 5; turn++) {
        weftWindow_t bad = bad_window(turn);

        WRONG(weftWindowGetKey(bad, WEFT_RIGHT_READ, &key));
        WRONG(weftWindowRevoke(bad));
        WRONG(weftWindowDeregister(bad));
        WRONG(weftPut(bad, 0, window, 8, 8, comm, NULL, NULL));
        WRONG(weftPut(window, 0, bad, 8, 8, comm, NULL, NULL));
        WRONG(weftGet(bad, 0, window, 8, 8, comm, NULL, NULL));
        WRONG(weftGet(window, 0, bad, 8, 8, comm, NULL, NULL));
        WRONG(weftCopy(bad, 0, window, 8, 8, comm, NULL, NULL));
        WRONG(weftCopy(window, 0, bad, 8, 8, comm, NULL, NULL));
        WRONG(weftPutList(&extent, 1, bad, window, comm, NULL, NULL));
        WRONG(weftGetList(&extent, 1, window, bad, comm, NULL, NULL));
        WRONG(weftPutBlocks(bad, &blocks, window, &blocks, 8, 1, comm, NULL, NULL));
        WRONG(weftGetBlocks(window, &blocks, bad, &blocks, 8, 1, comm, NULL, NULL));
        WRONG(weftPutSignal(window, 0, window, 8, 8, bad, 16, 1, weftSignalSet, comm, NULL, NULL));
        WRONG(weftCopySignal(window, 0, window, 8, 8, bad, 16, 1, weftSignalSet, comm, NULL, NULL));
        WRONG(weftSignal(bad, 0, 1, weftSignalSet, comm, NULL, NULL));
        WRONG(weftWaitSignal(bad, 0, 1, comm, NULL, 0));
    }
    /* Windows of another comm. */
    WRONG(weftPut(foreign, 0, window, 0, 8, comm, NULL, NULL));
    WRONG(weftPut(window, 0, foreign, 0, 8, comm, NULL, NULL));
    WRONG(weftSignal(foreign, 0, 1, weftSignalSet, comm, NULL, NULL));
    WRONG(weftWaitSignal(foreign, 0, 1, comm, NULL, 0));
}

struct range_row {
    size_t dst_offset;
    size_t src_offset;
    size_t size;
};

static const struct range_row outside[] = {
    {SIZE, 0, 1},         {0, SIZE, 1},     {SIZE + 1, 0, 0},
    {0, 0, SIZE + 1},     {1, 0, SIZE},     {0, 1, SIZE},
    {SIZE_MAX, 0, 1},     {0, SIZE_MAX, 2}, {SIZE_MAX, SIZE_MAX, SIZE_MAX},
    {8, 8, SIZE_MAX - 7},
};

Test(argument, transfers__ranges_outside)
{
    weftRequest_t request = NULL;

    for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
        const struct range_row *row = &outside[i];
        weftExtent_t extents[2] = {{0, 8, 8}, {row->dst_offset, row->src_offset, row->size}};
        weftBlocks_t dst = {row->dst_offset, 0, NULL};
        weftBlocks_t src = {row->src_offset, 0, NULL};

        WRONG(weftPut(window, row->dst_offset, window, row->src_offset, row->size, comm, NULL,
                      &request));
        WRONG(weftGet(window, row->dst_offset, window, row->src_offset, row->size, comm, NULL,
                      &request));
        WRONG(weftCopy(window, row->dst_offset, window, row->src_offset, row->size, comm, NULL,
                       &request));
        WRONG(weftPutList(extents, 2, window, window, comm, NULL, &request));
        WRONG(weftGetList(extents, 2, window, window, comm, NULL, &request));
        WRONG(weftPutBlocks(window, &dst, window, &src, row->size, 1, comm, NULL, &request));
        WRONG(weftGetBlocks(window, &dst, window, &src, row->size, 1, comm, NULL, &request));
        WRONG(weftPutSignal(window, row->dst_offset, window, row->src_offset, row->size, window, 0,
                            1, weftSignalSet, comm, NULL, &request));
    }
    cr_assert_null(request);
}

Test(argument, lists__missing_tables_and_wrapping_blocks)
{
    uint32_t ids[2] = {0, UINT32_MAX};
    weftBlocks_t good = {0, 8, NULL};
    weftBlocks_t far = {0, 8, ids};
    weftBlocks_t wraps = {16, SIZE_MAX / 2, ids};

    WRONG(weftPutList(NULL, 1, window, window, comm, NULL, NULL));
    WRONG(weftPutBlocks(window, NULL, window, &good, 8, 1, comm, NULL, NULL));
    WRONG(weftPutBlocks(window, &good, window, NULL, 8, 1, comm, NULL, NULL));
    WRONG(weftPutBlocks(window, &far, window, &good, 8, 2, comm, NULL, NULL));
    WRONG(weftPutBlocks(window, &wraps, window, &good, 8, 2, comm, NULL, NULL));
    WRONG(weftGetBlocks(window, &good, window, &wraps, 8, 2, comm, NULL, NULL));
}

Test(argument, signals__bounds_alignment_rights)
{
    WRONG(weftSignal(window, 4, 1, weftSignalSet, comm, NULL, NULL));
    WRONG(weftSignal(window, SIZE, 1, weftSignalSet, comm, NULL, NULL));
    WRONG(weftSignal(window, SIZE_MAX - 7, 1, weftSignalSet, comm, NULL, NULL));
    WRONG(weftSignal(window, 0, 1, weftNumSignalOps, comm, NULL, NULL));
    WRONG(weftSignal(window, 0, 1, (weftSignalOp_t)-1, comm, NULL, NULL));
    WRONG(weftPutSignal(window, 0, window, 64, 8, window, 1, 1, weftSignalSet, comm, NULL, NULL));
    WRONG(weftWaitSignal(window, 4, 1, comm, NULL, 0));
    WRONG(weftWaitSignal(window, SIZE, 1, comm, NULL, 0));
    WRONG(weftWaitSignal(window, 0, UINT64_MAX, comm, NULL, -2));
    USAGE(weftSignal(read_only, 0, 1, weftSignalSet, comm, NULL, NULL));
    USAGE(weftCopy(read_only, 0, window, 0, 8, comm, NULL, NULL));
    WRONG(weftPut(window, 0, read_only, 0, 8, comm, NULL, NULL));
    WRONG(weftFlush(comm, -2));
    SUCCEED(weftGet(window, 0, read_only, 0, 8, comm, NULL, NULL));
    SUCCEED(weftFlush(comm, WEFT_TIMEOUT_DEFAULT));
}

Test(argument, windows__wrong_memory_and_flags)
{
    weftWindow_t made = NULL;
    weftWindowKey_t key;
    weftDevId_t nic = conform_device(comm, "nic0");

    WRONG(weftWindowRegister(comm, dram, NULL, 8, 0, &made));
    WRONG(weftWindowRegister(comm, dram, memory, 0, 0, &made));
    WRONG(weftWindowRegister(comm, dram, memory, SIZE_MAX, 0, &made));
    WRONG(weftWindowRegister(comm, dram, memory, 8, 1, &made));
    WRONG(weftWindowRegister(comm, dram, memory, 8, 0, NULL));
    WRONG(weftWindowRegister(comm, nowhere, memory, 8, 0, &made));
    WRONG(weftWindowRegister(comm, elsewhere, memory, 8, 0, &made));
    WRONG(weftWindowRegister(comm, nic, memory, 8, 0, &made));
    WRONG(weftWindowRegister(comm, gpu, memory, SIZE, 0, &made));
    WRONG(weftWindowGetKey(window, 0, &key));
    WRONG(weftWindowGetKey(window, 8, &key));
    WRONG(weftWindowGetKey(window, 1, NULL));
    WRONG(weftWindowImport(comm, NULL, &made));
    SUCCEED(weftWindowGetKey(window, 1, &key));
    WRONG(weftWindowImport(comm, &key, NULL));
    cr_assert_null(made);
}

Test(argument, devices__and_memory)
{
    weftDeviceProps_t props;
    weftDevId_t id = {1, 2};
    weftDevId_t nic = conform_device(comm, "nic0");
    char text[8];
    void *got = NULL;

    WRONG(weftDeviceList(comm, NULL, NULL));
    WRONG(weftDeviceGetProps(comm, gpu, NULL));
    WRONG(weftDeviceGetProps(comm, nowhere, &props));
    WRONG(weftDeviceGetProps(comm, elsewhere, &props));
    WRONG(weftDevIdParse(comm, NULL, &id));
    WRONG(weftDevIdParse(comm, "gpu0", NULL));
    WRONG(weftDevIdParse(comm, "", &id));
    WRONG(weftDevIdParse(comm, "gpu99", &id));
    EXPECT_WORD("dram1");
    WRONG(weftDevIdParse(comm, "1.2.3:gpu0", &id));
    WRONG(weftDevIdParse(comm, "10.0.0.1:gpu0", &id));
    WRONG(weftDevIdParse(comm, "127.0.0.1:99999999999", &id));
    WRONG(weftDevIdParse(comm, "127.0.0.1:", &id));
    WRONG(weftDevIdFormat(gpu, NULL, 8));
    WRONG(weftDevIdFormat(gpu, text, sizeof(text)));
    WRONG(weftDevIdFormat(gpu, text, 0));
    WRONG(weftMemAlloc(comm, gpu, 0, &got));
    WRONG(weftMemAlloc(comm, gpu, 8, NULL));
    WRONG(weftMemAlloc(comm, nowhere, 8, &got));
    WRONG(weftMemAlloc(comm, nic, 8, &got));
    BAD(weftMemAlloc(comm, gpu, (size_t)1 << 50, &got), weftNoResource);
    WRONG(weftMemFree(comm, NULL));
    WRONG(weftMemFree(comm, &got));
    cr_assert_null(got);
    cr_assert(id.server == 1 && id.local == 2);
}

Test(argument, requests__and_outputs)
{
    weftRequest_t request = NULL;
    char text[8];

    WRONG(weftTest(NULL));
    WRONG(weftTest(&request));
    WRONG(weftWait(NULL, 0));
    WRONG(weftWait(&request, 0));
    WRONG(weftCancel(NULL));
    request = (weftRequest_t)memory;
    WRONG(weftTest(&request));
    WRONG(weftCancel(request));
    request = (weftRequest_t)(uintptr_t)0xc3ffffffffffffffu;
    WRONG(weftWait(&request, 0));
    SUCCEED(weftPut(window, 0, window, 64, 8, comm, NULL, &request));
    WRONG(weftWait(&request, -2));
    SUCCEED(weftWait(&request, WEFT_TIMEOUT_DEFAULT));
    WRONG(weftCommCount(comm, NULL));
    WRONG(weftCommUserRank(comm, NULL));
    WRONG(weftCommGetAsyncError(comm, NULL));
    WRONG(weftExplain(comm, gpu, dram, 1, weftExplainText, NULL, 8));
    WRONG(weftExplain(comm, gpu, dram, 1, weftExplainText, text, 0));
    WRONG(weftExplain(comm, gpu, dram, 1, (weftExplainForm_t)2, text, 8));
    WRONG(weftExplain(comm, nowhere, dram, 1, weftExplainText, text, 8));
    WRONG(weftCommGetStats(comm, NULL, 8));
    USAGE(weftGroupEnd());
}

Test(argument, every_call__configs_and_beginnings)
{
    weftUniqueId id;
    weftComm_t made = NULL;
    weftConfig_t config;
    char text[256];

    WRONG(weftGetVersion(NULL));
    WRONG(weftGetUniqueId(NULL));
    WRONG(weftConfigCreate(NULL));
    SUCCEED(weftConfigCreate(&config));
    WRONG(weftConfigSet(NULL, "log", "warn"));
    WRONG(weftConfigSet(config, NULL, "warn"));
    WRONG(weftConfigSet(config, "log", NULL));
    WRONG(weftConfigSet(config, "timeout", "1"));
    EXPECT_WORD("timeout_ms");
    WRONG(weftConfigSet(config, "timeout_ms", "soon"));
    WRONG(weftConfigSet(config, "timeout_ms", "0"));
    WRONG(weftConfigSet(config, "timeout_ms", "99999999999"));
    WRONG(weftConfigSet(config, "timeout_ms", "-1"));
    WRONG(weftConfigGet(NULL, "log", text, sizeof(text)));
    WRONG(weftConfigGet(config, NULL, text, sizeof(text)));
    WRONG(weftConfigGet(config, "log", NULL, 8));
    WRONG(weftConfigGet(config, "log", text, 0));
    WRONG(weftConfigGet(config, "log", text, 4));
    WRONG(weftConfigGet(config, "lgo", text, sizeof(text)));
    SUCCEED(weftConfigGet(config, "timeout_ms", text, sizeof(text)));
    cr_assert_str_eq(text, "10000");
    SUCCEED(weftConfigDestroy(config));
    SUCCEED(weftConfigDestroy(NULL));
    SUCCEED(weftGetUniqueId(&id));
    WRONG(weftCommInit(NULL, NULL));
    WRONG(weftCommInitRank(NULL, 1, id, 0, NULL));
    WRONG(weftCommInitRank(&made, 0, id, 0, NULL));
    WRONG(weftCommInitRank(&made, 2, id, 2, NULL));
    WRONG(weftCommInitRank(&made, 2, id, -1, NULL));
    cr_assert_null(made);
    SUCCEED(weftCommDestroy(NULL));
    for (int i = -2; i < 14; i++)
        cr_assert_not_null(weftGetErrorString((weftResult_t)i));
    cr_assert_not_null(weftGetLastError(NULL));
    cr_assert_not_null(weftGetLastError(gone_comm));
}
