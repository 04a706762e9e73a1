/* Gets from a peer's windows: of any number of extents, behind fences, and their ends. */
#include <stdlib.h>
#include <string.h>

#include "peers_server.h"

#define BLOCKS      81920
#define BLOCK_BYTES KIB(4)
#define FAR_BLOCKS  4096

static const struct server_settings second = {"127.0.0.2", "off", AREA_BYTES, NULL, NULL};
static const struct server_settings here = {"127.0.0.1", "off", AREA_BYTES, NULL, NULL};

/* Which of the peer's blocks goes to block `i`: neighbours are none there, so none is merged. */
static size_t far_block(size_t i)
{
    return i * 1031 % FAR_BLOCKS;
}

Test(peers_fetch, get__of_81920_blocks, .timeout = 120)
{
    static const struct server_settings patient = {"127.0.0.1", "off", AREA_BYTES, "timeout_ms",
                                                   "4000"};
    struct server server = peers_server_start(&second);
    struct first first = peers_first_open(&server, &patient);
    weftExtent_t *extents = calloc(BLOCKS, sizeof(*extents));
    unsigned char *wanted = malloc(AREA_BYTES);
    struct area large;
    weftRequest_t request;

    cr_assert(extents != NULL && wanted != NULL);
    conform_area(first.comm, "dram0", BLOCKS * BLOCK_BYTES, &large);
    for (size_t i = 0; i < BLOCKS; i++)
        extents[i] = (weftExtent_t){i * BLOCK_BYTES, far_block(i) * BLOCK_BYTES, BLOCK_BYTES};
    peers_tell(&server, 'f', 0, AREA_BYTES, 4);
    for (size_t i = 0; i < AREA_BYTES; i++)
        wanted[i] = conform_byte(4, i);
    SUCCEED(weftGetList(extents, BLOCKS, large.window, first.far_dram, first.comm, NULL, &request));
    peers_wait(&request);
    for (size_t i = 0; i < BLOCKS; i++)
        cr_assert_eq(
            memcmp(large.base + i * BLOCK_BYTES, wanted + far_block(i) * BLOCK_BYTES, BLOCK_BYTES),
            0, "block %zu", i);
    free(extents);
    free(wanted);
    conform_close(first.comm);
    peers_server_stop(&server);
}

/* The peer has room for a few transfers, and for few extents: the rest waits for its turn. */
Test(peers_fetch, get__more_than_the_peer_has_room_for, .timeout = 120)
{
    enum { GETS = 400, EXTENTS = 20 };
    static const struct server_settings narrow = {"127.0.0.2", "off", AREA_BYTES, "transfers_max",
                                                  "16"};
    struct server server = peers_server_start(&narrow);
    struct first first = peers_first_open(&server, &here);
    static weftRequest_t requests[GETS];

    peers_tell(&server, 'f', 0, AREA_BYTES, 6);
    for (size_t g = 0; g < GETS; g++) {
        weftExtent_t extents[EXTENTS];

        for (size_t i = 0; i < EXTENTS; i++) {
            size_t at = (g * EXTENTS + i) * 1024;

            extents[i] = (weftExtent_t){at, at, 1000};
        }
        SUCCEED(weftGetList(extents, EXTENTS, first.dram.window, first.far_dram, first.comm, NULL,
                            &requests[g]));
    }
    for (size_t g = 0; g < GETS; g++)
        peers_wait(&requests[g]);
    for (size_t at = 0; at < GETS * EXTENTS * 1024; at++)
        cr_assert_eq(first.dram.base[at], at % 1024 < 1000 ? conform_byte(6, at) : 0, "%zu", at);
    conform_close(first.comm);
    peers_server_stop(&server);
}

/* What is behind a fence begins after a get before it, and a get after what is before it. */
Test(peers_fetch, fence__orders_gets_and_puts, .timeout = 120)
{
    struct server server = peers_server_start(&second);
    struct first first = peers_first_open(&server, &here);

    for (uint32_t i = 0; i < 8; i++) {
        conform_fill(&first.dram, 0, MIB(4), i);
        peers_tell(&server, 'f', 0, MIB(8), 99);
        SUCCEED(weftPut(first.far_dram, 0, first.dram.window, 0, MIB(4), first.comm, NULL, NULL));
        SUCCEED(weftFence(first.comm));
        SUCCEED(weftGet(first.stage.window, 0, first.far_dram, 0, MIB(4), first.comm, NULL, NULL));
        SUCCEED(weftFence(first.comm));
        SUCCEED(
            weftPut(first.far_dram, MIB(4), first.stage.window, 0, MIB(4), first.comm, NULL, NULL));
        SUCCEED(weftFlush(first.comm, WEFT_TIMEOUT_DEFAULT));
        cr_assert(conform_holds(&first.stage, 0, MIB(4), i));
        SUCCEED(
            weftGet(first.stage.window, 0, first.far_dram, MIB(4), MIB(4), first.comm, NULL, NULL));
        SUCCEED(weftFlush(first.comm, WEFT_TIMEOUT_DEFAULT));
        cr_assert(conform_holds(&first.stage, 0, MIB(4), i));
    }
    conform_close(first.comm);
    peers_server_stop(&server);
}

/* When it has ended, cancelled or not, nothing of it lands; others into the window go on. */
Test(peers_fetch, cancel__nothing_lands_after_it, .timeout = 120)
{
    struct server server = peers_server_start(&second);
    struct first first = peers_first_open(&server, &here);
    weftRequest_t cancelled;
    weftRequest_t other;

    peers_tell(&server, 'f', 0, AREA_BYTES, 2);
    for (uint32_t i = 0; i < 8; i++) {
        weftResult_t result;

        memset(first.stage.base, 0, AREA_BYTES);
        SUCCEED(weftGet(first.stage.window, 0, first.far_dram, 0, MIB(12), first.comm, NULL,
                        &cancelled));
        SUCCEED(weftGet(first.stage.window, MIB(12), first.far_dram, MIB(12), MIB(4), first.comm,
                        NULL, &other));
        SUCCEED(weftCancel(cancelled));
        result = weftWait(&cancelled, WEFT_TIMEOUT_DEFAULT);
        cr_assert(result == weftCancelled || result == weftSuccess, "%s",
                  weftGetErrorString(result));
        conform_fill(&first.stage, 0, MIB(12), i + 40);
        peers_wait(&other);
        cr_assert(conform_holds(&first.stage, 0, MIB(12), i + 40));
        for (size_t at = MIB(12); at < AREA_BYTES; at++)
            cr_assert_eq(first.stage.base[at], conform_byte(2, at));
    }
    conform_close(first.comm);
    peers_server_stop(&server);
}

Test(peers_fetch, deregister__ends_gets_into_the_window, .timeout = 120)
{
    struct server server = peers_server_start(&second);
    struct first first = peers_first_open(&server, &here);
    weftRequest_t request;
    weftResult_t result;

    peers_tell(&server, 'f', 0, AREA_BYTES, 2);
    SUCCEED(
        weftGet(first.dram.window, 0, first.far_dram, 0, AREA_BYTES, first.comm, NULL, &request));
    SUCCEED(weftWindowDeregister(first.dram.window));
    conform_fill(&first.dram, 0, AREA_BYTES, 3);
    result = weftWait(&request, WEFT_TIMEOUT_DEFAULT);
    cr_assert(result == weftCancelled || result == weftSuccess, "%s", weftGetErrorString(result));
    /* The memory is a window again, and gets into it work. */
    SUCCEED(weftGet(first.stage.window, 0, first.far_dram, 0, MIB(1), first.comm, NULL, &request));
    peers_wait(&request);
    cr_assert(conform_holds(&first.dram, 0, AREA_BYTES, 3));
    cr_assert_eq(peers_tell(&server, 'r', 0, 0, 0), weftSuccess);
    SUCCEED(weftGet(first.stage.window, 0, first.far_dram, 0, MIB(1), first.comm, NULL, &request));
    EXPECT(weftWait(&request, WEFT_TIMEOUT_DEFAULT), weftCancelled);
    EXPECT_WORD("revoked");
    conform_close(first.comm);
    peers_server_stop(&server);
}
