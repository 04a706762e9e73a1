/* Bytes arrive: every pair of devices, every shape and size. */
#include <stdlib.h>
#include <string.h>

#include "conform.h"

static const char *const devices[] = {"gpu0", "gpu1", "gpu2", "gpu3",  "gpu4",
                                      "gpu5", "gpu6", "gpu7", "dram0", "dram1"};

#define DEVICES (sizeof(devices) / sizeof(devices[0]))

/* One area per device, in host memory one more to fill and look from. */
static void all_pairs(size_t size)
{
    weftComm_t comm = conform_comm(NULL);
    struct area areas[DEVICES];
    struct area more[DEVICES]; /* a device copies to itself too, never onto the same bytes */
    struct area stage;
    uint32_t seed = 1;

    conform_area(comm, "dram0", size, &stage);
    for (size_t i = 0; i < DEVICES; i++) {
        conform_area(comm, devices[i], size, &areas[i]);
        conform_area(comm, devices[i], size, &more[i]);
    }
    for (size_t src = 0; src < DEVICES; src++) {
        conform_fill_by(&areas[src], &stage, size, ++seed);
        for (size_t dst = 0; dst < DEVICES; dst++) {
            weftRequest_t request;

            SUCCEED(weftPut(more[dst].window, 0, areas[src].window, 0, size, comm, NULL, &request));
            SUCCEED(weftWait(&request, WEFT_TIMEOUT_DEFAULT));
            cr_assert_null(request);
            cr_assert(conform_holds_by(&more[dst], &stage, size, seed), "%s to %s", devices[src],
                      devices[dst]);
        }
    }
    conform_close(comm);
}

Test(transfer, put__all_pairs_odd, .timeout = 120)
{
    all_pairs(12347);
}

Test(transfer, put__all_pairs_1_mib, .timeout = 120)
{
    all_pairs(MIB(1));
}

struct size_row {
    size_t size;
    size_t dst_offset;
    size_t src_offset;
};

static const struct size_row sizes[] = {
    {1, 0, 0},
    {1, 3, 5},
    {7, 1, 0},
    {4095, 4096, 1},
    {4096, 0, 0},
    {65537, 13, 0},
    {MIB(1) - 1, 1, 1},
    {MIB(1) + 3, 0, 11},
    {MIB(3), 4096, 64},
    {MIB(8) + 1, 0, 0},
    {MIB(64) - 128, 64, 128},
};

/* Each size there and back, the bytes around it untouched. */
static void there_and_back(const char *device)
{
    weftComm_t comm = conform_comm(NULL);
    struct area host;
    struct area far;

    conform_area(comm, "dram0", MIB(64), &host);
    conform_area(comm, device, MIB(64), &far);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        const struct size_row *row = &sizes[i];
        size_t end = row->src_offset + row->size;
        weftRequest_t request;

        conform_fill(&host, row->src_offset, row->size, (uint32_t)i);
        SUCCEED(weftPut(far.window, row->dst_offset, host.window, row->src_offset, row->size, comm,
                        NULL, &request));
        SUCCEED(weftWait(&request, WEFT_TIMEOUT_DEFAULT));
        memset(host.base, 0x5a, MIB(64));
        SUCCEED(weftGet(host.window, row->src_offset, far.window, row->dst_offset, row->size, comm,
                        NULL, &request));
        SUCCEED(weftWait(&request, WEFT_TIMEOUT_DEFAULT));
        cr_assert(conform_holds(&host, row->src_offset, row->size, (uint32_t)i), "size %zu",
                  row->size);
        cr_assert(row->src_offset == 0 || host.base[row->src_offset - 1] == 0x5a);
        cr_assert(end == MIB(64) || host.base[end] == 0x5a);
    }
    conform_close(comm);
}

Test(transfer, get__sizes_gpu, .timeout = 120)
{
    there_and_back("gpu2");
}

Test(transfer, get__sizes_other_socket, .timeout = 120)
{
    there_and_back("dram1");
}

Test(transfer, put__zero_bytes_end_at_once, .timeout = 60)
{
    weftComm_t comm = conform_comm(NULL);
    weftRequest_t request;
    struct area area;

    conform_area(comm, "gpu0", KIB(4), &area);
    SUCCEED(weftPut(area.window, KIB(4), area.window, 0, 0, comm, NULL, &request));
    SUCCEED(weftTest(&request));
    cr_assert_null(request);
    SUCCEED(weftPut(area.window, 0, area.window, 0, 0, comm, NULL, NULL));
    SUCCEED(weftFlush(comm, 0));
    conform_close(comm);
}

Test(transfer, put__all_routes_settings, .timeout = 120)
{
    static const char *const settings[][2] = {
        {"routes", "direct"}, {"routes", "staged"},    {"routes", "transit:gpu1,gpu2"},
        {"sched", "direct"},  {"sched", "roundrobin"}, {"sched", "static"},
    };

    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        weftComm_t comm = conform_comm(settings[i][0], settings[i][1], NULL);
        struct area host;
        struct area gpu;

        conform_area(comm, "dram0", MIB(16), &host);
        conform_area(comm, "gpu0", MIB(16), &gpu);
        conform_fill_by(&gpu, &host, MIB(16), 9);
        cr_assert(conform_holds_by(&gpu, &host, MIB(16), 9), "%s %s", settings[i][0],
                  settings[i][1]);
        conform_close(comm);
    }
}

/* ---- lists and blocks ---- */

#define PIECES 700

Test(list, put__odd_pieces_in_any_order, .timeout = 60)
{
    weftComm_t comm = conform_comm(NULL);
    weftExtent_t extents[PIECES];
    struct area src;
    struct area gpu;
    struct area back;
    weftRequest_t request;

    conform_area(comm, "dram0", MIB(2), &src);
    conform_area(comm, "gpu3", MIB(2), &gpu);
    conform_area(comm, "dram1", MIB(2), &back);
    conform_fill(&src, 0, MIB(2), 4);
    /* Piece i lies at slot i of the source and at slot (i * 37) mod 700 of the destination. */
    for (size_t i = 0; i < PIECES; i++)
        extents[i] = (weftExtent_t){i * 37 % PIECES * 2048 + 5, i * 2048, 1 + i * 3 % 2000};
    SUCCEED(weftPutList(extents, PIECES, gpu.window, src.window, comm, NULL, &request));
    SUCCEED(weftWait(&request, WEFT_TIMEOUT_DEFAULT));
    memset(back.base, 0, MIB(2));
    for (size_t i = 0; i < PIECES; i++)
        extents[i].srcOffset = extents[i].dstOffset;
    SUCCEED(weftGetList(extents, PIECES, back.window, gpu.window, comm, NULL, &request));
    SUCCEED(weftWait(&request, WEFT_TIMEOUT_DEFAULT));
    for (size_t i = 0; i < PIECES; i++) {
        const unsigned char *piece = back.base + extents[i].dstOffset;

        cr_assert_arr_eq(piece, src.base + i * 2048, extents[i].size, "piece %zu", i);
        cr_assert_eq(piece[extents[i].size], 0, "behind piece %zu", i);
    }
    conform_close(comm);
}

Test(list, put__empty, .timeout = 60)
{
    weftComm_t comm = conform_comm(NULL);
    weftExtent_t none[2] = {{0, 0, 0}, {KIB(4), KIB(4), 0}};
    weftRequest_t request;
    struct area area;

    conform_area(comm, "gpu0", KIB(4), &area);
    SUCCEED(weftPutList(NULL, 0, area.window, area.window, comm, NULL, &request));
    SUCCEED(weftTest(&request));
    SUCCEED(weftPutList(none, 2, area.window, area.window, comm, NULL, &request));
    SUCCEED(weftTest(&request));
    conform_close(comm);
}

#define PAGES      256
#define PAGE_BYTES 4096

Test(blocks, put__pages_by_id_and_back, .timeout = 60)
{
    weftComm_t comm = conform_comm(NULL);
    uint32_t ids[PAGES];
    weftBlocks_t table = {.base = 512, .stride = PAGE_BYTES + 256, .ids = ids};
    weftBlocks_t dense = {.base = 0, .stride = PAGE_BYTES, .ids = NULL};
    struct area host;
    struct area pool;
    weftRequest_t request;

    conform_area(comm, "dram0", PAGES * PAGE_BYTES, &host);
    conform_area(comm, "gpu5", 512 + PAGES * (PAGE_BYTES + 256), &pool);
    for (uint32_t i = 0; i < PAGES; i++)
        ids[i] = i * 101 % PAGES;
    conform_fill(&host, 0, host.size, 3);
    SUCCEED(weftPutBlocks(pool.window, &table, host.window, &dense, PAGE_BYTES, PAGES, comm, NULL,
                          &request));
    SUCCEED(weftWait(&request, WEFT_TIMEOUT_DEFAULT));
    memset(host.base, 0, host.size);
    SUCCEED(weftGetBlocks(host.window, &dense, pool.window, &table, PAGE_BYTES, PAGES, comm, NULL,
                          &request));
    SUCCEED(weftWait(&request, WEFT_TIMEOUT_DEFAULT));
    cr_assert(conform_holds(&host, 0, host.size, 3));
    /* One page alone lies where its id says. */
    SUCCEED(weftGet(host.window, 0, pool.window, 512 + 101 * (PAGE_BYTES + 256), PAGE_BYTES, comm,
                    NULL, &request));
    SUCCEED(weftWait(&request, WEFT_TIMEOUT_DEFAULT));
    for (size_t i = 0; i < PAGE_BYTES; i++)
        cr_assert_eq(host.base[i], conform_byte(3, PAGE_BYTES + i));
    conform_close(comm);
}
