/* Requests, fences, flushes and groups. */
#include <string.h>

#include "conform.h"

Test(request, test__goes_from_in_progress_to_freed, .timeout = 60)
{
    weftComm_t comm = conform_comm(NULL);
    weftRequest_t request;
    weftRequest_t copy;
    weftResult_t result;
    struct area gpu;
    struct area host;

    conform_area(comm, "gpu0", MIB(32), &gpu);
    conform_area(comm, "dram0", MIB(32), &host);
    SUCCEED(weftPut(gpu.window, 0, host.window, 0, MIB(32), comm, NULL, &request));
    copy = request;
    EXPECT(weftTest(&request), weftInProgress);
    cr_assert_eq(request, copy);
    EXPECT(weftWait(&request, 0), weftInProgress);
    do {
        result = weftTest(&request);
    } while (result == weftInProgress);
    EXPECT(result, weftSuccess);
    cr_assert_null(request);
    EXPECT(weftTest(&copy), weftInvalidArgument);
    EXPECT_WORD("freed");
    EXPECT(weftWait(&copy, 0), weftInvalidArgument);
    EXPECT(weftCancel(copy), weftInvalidArgument);
    conform_close(comm);
}

Test(request, freed__stays_freed_when_its_slot_is_used_again, .timeout = 60)
{
    weftComm_t comm = conform_comm("transfers_max", "16", NULL);
    weftRequest_t old = NULL;
    struct area host;

    conform_area(comm, "dram0", MIB(1), &host);
    for (uint32_t i = 0; i < 40; i++) {
        weftRequest_t request;

        SUCCEED(weftPut(host.window, 0, host.window, KIB(64), 100, comm, NULL, &request));
        if (old != NULL)
            EXPECT(weftTest(&old), weftInvalidArgument);
        old = request;
        SUCCEED(weftWait(&request, WEFT_TIMEOUT_DEFAULT));
    }
    conform_close(comm);
}

Test(request, cancel__ends_and_later_bytes_do_not_land, .timeout = 60)
{
    weftComm_t comm = conform_comm(NULL);
    struct area gpu;
    struct area host;
    weftRequest_t request;
    weftResult_t result;

    conform_area(comm, "gpu0", MIB(64), &gpu);
    conform_area(comm, "dram0", MIB(64), &host);
    SUCCEED(weftGet(host.window, 0, gpu.window, 0, MIB(64), comm, NULL, &request));
    SUCCEED(weftCancel(request));
    SUCCEED(weftCancel(request));
    result = weftWait(&request, WEFT_TIMEOUT_DEFAULT);
    cr_assert(result == weftCancelled || result == weftSuccess, "%d: %s", result,
              weftGetLastError(comm));
    cr_assert_null(request);
    /* It has ended: what is written now stays. */
    conform_fill(&host, 0, MIB(64), 77);
    conform_fill_by(&gpu, &host, KIB(64), 77);
    for (size_t i = 0; i < MIB(64); i += 4093)
        cr_assert_eq(host.base[i], conform_byte(77, i));
    conform_close(comm);
}

Test(request, limit__too_many_transfers_and_again_later, .timeout = 60)
{
    weftComm_t comm = conform_comm("transfers_max", "16", NULL);
    weftRequest_t requests[16];
    weftRequest_t more;
    struct area gpu;
    struct area host;

    conform_area(comm, "gpu0", MIB(16), &gpu);
    conform_area(comm, "dram0", MIB(16), &host);
    for (size_t i = 0; i < 16; i++)
        SUCCEED(weftPut(gpu.window, i * MIB(1), host.window, i * MIB(1), MIB(1), comm, NULL,
                        &requests[i]));
    EXPECT(weftPut(gpu.window, 0, host.window, 0, 1, comm, NULL, &more), weftNoResource);
    EXPECT_WORD("transfers_max");
    for (size_t i = 0; i < 16; i++)
        SUCCEED(weftWait(&requests[i], WEFT_TIMEOUT_DEFAULT));
    SUCCEED(weftPut(gpu.window, 0, host.window, 0, 1, comm, NULL, &more));
    SUCCEED(weftWait(&more, WEFT_TIMEOUT_DEFAULT));
    conform_close(comm);
}

Test(request, limit__too_many_extents, .timeout = 60)
{
    static weftExtent_t extents[5000];
    weftComm_t comm = conform_comm("extents_max", "1024", NULL);
    weftRequest_t request;
    struct area host;

    conform_area(comm, "dram0", MIB(1), &host);
    for (size_t i = 0; i < 5000; i++)
        extents[i] = (weftExtent_t){i * 100, KIB(512) + i * 70, 9};
    EXPECT(weftPutList(extents, 5000, host.window, host.window, comm, NULL, &request),
           weftNoResource);
    EXPECT_WORD("extents_max");
    SUCCEED(weftPutList(extents, 900, host.window, host.window, comm, NULL, &request));
    SUCCEED(weftWait(&request, WEFT_TIMEOUT_DEFAULT));
    conform_close(comm);
}

/* ---- order ---- */

Test(fence, fence__what_comes_after_sees_what_came_before, .timeout = 60)
{
    weftComm_t comm = conform_comm(NULL);
    struct area host;
    struct area a;
    struct area b;

    conform_area(comm, "dram0", MIB(8), &host);
    conform_area(comm, "gpu0", MIB(8), &a);
    conform_area(comm, "gpu4", MIB(8), &b);
    for (uint32_t turn = 1; turn <= 4; turn++) {
        conform_fill(&host, 0, MIB(8), turn);
        SUCCEED(weftPut(a.window, 0, host.window, 0, MIB(8), comm, NULL, NULL));
        SUCCEED(weftFence(comm));
        SUCCEED(weftPut(b.window, 0, a.window, 0, MIB(8), comm, NULL, NULL));
        SUCCEED(weftFence(comm));
        SUCCEED(weftGet(host.window, 0, b.window, 0, MIB(8), comm, NULL, NULL));
        SUCCEED(weftFence(comm));
        SUCCEED(weftFlush(comm, WEFT_TIMEOUT_DEFAULT));
        cr_assert(conform_holds(&host, 0, MIB(8), turn));
    }
    conform_close(comm);
}

Test(flush, flush__times_out_and_later_succeeds, .timeout = 60)
{
    weftComm_t comm = conform_comm(NULL);
    struct area host;
    struct area gpu;

    conform_area(comm, "dram0", MIB(64), &host);
    conform_area(comm, "gpu0", MIB(64), &gpu);
    SUCCEED(weftPut(gpu.window, 0, host.window, 0, MIB(64), comm, NULL, NULL));
    EXPECT(weftFlush(comm, 0), weftTimeout);
    SUCCEED(weftFlush(comm, WEFT_TIMEOUT_DEFAULT));
    SUCCEED(weftFlush(comm, 0));
    conform_close(comm);
}

/* ---- groups ---- */

Test(group, group__begins_at_the_outer_end, .timeout = 60)
{
    weftComm_t comm = conform_comm(NULL);
    weftComm_t other = conform_comm(NULL);
    struct area host;
    struct area gpu;
    struct area far;
    weftRequest_t requests[8];
    weftRequest_t foreign;

    conform_area(comm, "dram0", MIB(2), &host);
    conform_area(comm, "gpu0", MIB(2), &gpu);
    conform_area(other, "dram1", MIB(2), &far);
    conform_fill(&host, 0, MIB(1), 5);
    conform_fill(&far, 0, MIB(1), 6);
    SUCCEED(weftGroupStart());
    SUCCEED(weftGroupStart());
    for (size_t i = 0; i < 8; i++)
        SUCCEED(weftPut(gpu.window, i * KIB(128), host.window, i * KIB(128), KIB(128), comm, NULL,
                        &requests[i]));
    SUCCEED(weftPut(far.window, MIB(1), far.window, 0, MIB(1), other, NULL, &foreign));
    SUCCEED(weftGroupEnd());
    EXPECT(weftTest(&requests[0]), weftInProgress);
    EXPECT(weftWait(&requests[0], MS(1)), weftInvalidUsage);
    EXPECT(weftFlush(comm, MS(1)), weftInvalidUsage);
    EXPECT(weftCommDestroy(comm), weftInvalidUsage);
    SUCCEED(weftGroupEnd());
    for (size_t i = 0; i < 8; i++)
        SUCCEED(weftWait(&requests[i], WEFT_TIMEOUT_DEFAULT));
    SUCCEED(weftWait(&foreign, WEFT_TIMEOUT_DEFAULT));
    cr_assert(conform_holds(&far, MIB(1), MIB(1), 6));
    cr_assert(conform_holds_by(&gpu, &host, MIB(1), 5));
    conform_close(comm);
    conform_close(other);
}

Test(group, group__tells_its_first_error_at_the_end, .timeout = 60)
{
    weftComm_t comm = conform_comm(NULL);
    struct area host;
    weftRequest_t good;
    weftRequest_t bad = NULL;

    conform_area(comm, "dram0", MIB(1), &host);
    SUCCEED(weftGroupStart());
    SUCCEED(weftPut(host.window, 0, host.window, KIB(512), KIB(64), comm, NULL, &good));
    EXPECT(weftPut(host.window, 0, host.window, MIB(1), 1, comm, NULL, &bad), weftInvalidArgument);
    cr_assert_null(bad);
    EXPECT(weftGroupEnd(), weftInvalidArgument);
    SUCCEED(weftWait(&good, WEFT_TIMEOUT_DEFAULT));
    EXPECT(weftGroupEnd(), weftInvalidUsage);
    SUCCEED(weftGroupStart());
    SUCCEED(weftGroupEnd());
    conform_close(comm);
}
