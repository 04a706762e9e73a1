/* Windows and their keys: between comms, between threads, until they are revoked. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "conform.h"

Test(window, import__write_by_key, .timeout = 60)
{
    weftComm_t owner = conform_comm(NULL);
    weftComm_t holder = conform_comm(NULL);
    struct area target;
    struct area source;
    weftWindowKey_t key;
    weftWindow_t imported;
    weftRequest_t request;

    conform_area(owner, "dram1", MIB(2), &target);
    conform_area(holder, "gpu2", MIB(2), &source);
    SUCCEED(weftWindowGetKey(target.window, WEFT_RIGHT_WRITE, &key));
    SUCCEED(weftWindowImport(holder, &key, &imported));
    conform_fill(&target, 0, MIB(2), 1);
    {
        struct area stage;

        conform_area(holder, "dram0", MIB(2), &stage);
        conform_fill_by(&source, &stage, MIB(2), 2);
    }
    SUCCEED(weftPut(imported, 0, source.window, 0, MIB(2), holder, NULL, &request));
    SUCCEED(weftWait(&request, WEFT_TIMEOUT_DEFAULT));
    cr_assert(conform_holds(&target, 0, MIB(2), 2));
    /* The key gave no right to read or to signal, and no more can be made of it. */
    EXPECT(weftGet(source.window, 0, imported, 0, 8, holder, NULL, NULL), weftInvalidUsage);
    EXPECT(weftSignal(imported, 0, 1, weftSignalSet, holder, NULL, NULL), weftInvalidUsage);
    EXPECT(weftWindowGetKey(imported, WEFT_RIGHT_READ, &key), weftInvalidUsage);
    EXPECT(weftWindowRevoke(imported), weftInvalidUsage);
    EXPECT(weftGet(imported, 0, source.window, 0, 8, holder, NULL, NULL), weftInvalidArgument);
    EXPECT_WORD("imported");
    EXPECT(weftPut(target.window, 0, source.window, 0, 8, holder, NULL, NULL), weftInvalidArgument);
    SUCCEED(weftWindowDeregister(imported));
    EXPECT(weftWindowDeregister(imported), weftInvalidArgument);
    conform_close(holder);
    conform_close(owner);
}

Test(window, key__every_byte_counts, .timeout = 60)
{
    weftComm_t comm = conform_comm(NULL);
    struct area area;
    weftWindowKey_t key;
    weftWindowKey_t forged;
    weftWindow_t window;

    conform_area(comm, "gpu0", KIB(4), &area);
    SUCCEED(weftWindowGetKey(area.window, WEFT_RIGHT_READ, &key));
    for (size_t i = 0; i < WEFT_WINDOW_KEY_BYTES; i++) {
        forged = key;
        forged.internal[i] = (char)(forged.internal[i] ^ 4);
        EXPECT(weftWindowImport(comm, &forged, &window), weftInvalidArgument);
    }
    memset(&forged, 0, sizeof(forged));
    EXPECT(weftWindowImport(comm, &forged, &window), weftInvalidArgument);
    SUCCEED(weftWindowImport(comm, &key, &window));
    SUCCEED(weftWindowDeregister(window));
    conform_close(comm);
}

Test(window, revoke__ends_the_transfers_of_others, .timeout = 60)
{
    weftComm_t owner = conform_comm(NULL);
    weftComm_t holder = conform_comm(NULL);
    struct area target;
    struct area source;
    weftWindowKey_t key;
    weftWindow_t imported;
    weftRequest_t request;
    weftResult_t result;

    conform_area(owner, "dram0", MIB(64), &target);
    conform_area(holder, "gpu0", MIB(64), &source);
    SUCCEED(weftWindowGetKey(target.window, WEFT_RIGHTS_ALL, &key));
    SUCCEED(weftWindowImport(holder, &key, &imported));
    SUCCEED(weftPut(imported, 0, source.window, 0, MIB(64), holder, NULL, &request));
    SUCCEED(weftWindowRevoke(target.window));
    conform_fill(&target, 0, MIB(64), 5);
    result = weftWait(&request, WEFT_TIMEOUT_DEFAULT);
    cr_assert(result == weftCancelled || result == weftSuccess, "%d", result);
    EXPECT(weftPut(imported, 0, source.window, 0, 1, holder, NULL, NULL), weftInvalidUsage);
    EXPECT_WORD("revoked");
    EXPECT(weftWindowImport(holder, &key, &imported), weftInvalidUsage);
    EXPECT(weftWindowGetKey(target.window, WEFT_RIGHT_READ, &key), weftInvalidUsage);
    cr_assert(conform_holds(&target, 0, MIB(64), 5));
    /* The owner's own transfers go on. */
    SUCCEED(weftPut(target.window, 0, target.window, MIB(1), KIB(64), owner, NULL, &request));
    SUCCEED(weftWait(&request, WEFT_TIMEOUT_DEFAULT));
    SUCCEED(weftWindowRevoke(target.window));
    conform_close(owner);
    conform_close(holder);
}

Test(window, revoke__says_unknown_while_a_copy_of_another_hangs, .timeout = 60)
{
    weftComm_t owner = conform_comm(NULL);
    weftComm_t holder = conform_comm("routes", "direct", NULL);
    struct area target;
    struct area source;
    weftWindowKey_t key;
    weftWindow_t imported;
    weftRequest_t request;
    weftResult_t result;

    conform_area(owner, "dram0", MIB(8), &target);
    conform_area(holder, "gpu0", MIB(8), &source);
    SUCCEED(weftWindowGetKey(target.window, WEFT_RIGHTS_ALL, &key));
    SUCCEED(weftWindowImport(holder, &key, &imported));
    conform_link(holder, "gpu0-pcie", WEFT_EMU_LINK_HUNG, 1000);
    SUCCEED(weftPut(imported, 0, source.window, 0, MIB(8), holder, NULL, &request));
    /* Not before a copy is out: a transfer without one is cancelled, and that is no hang. */
    EXPECT(weftWait(&request, MS(1)), weftInProgress);
    EXPECT(weftWindowRevoke(target.window), weftUnknown);
    EXPECT_WORD("dram0");
    EXPECT(weftWait(&request, WEFT_TIMEOUT_DEFAULT), weftUnknown);
    EXPECT(weftWindowDeregister(target.window), weftUnknown);
    EXPECT(weftMemFree(owner, target.base), weftInvalidUsage);
    EXPECT(weftCommDestroy(holder), weftUnknown);
    EXPECT(weftWindowRevoke(target.window), weftUnknown);
    /* What hung ends at last; only then may the memory go. */
    conform_link(owner, "gpu0-pcie", WEFT_EMU_LINK_UP, 1000);
    do {
        result = weftWindowDeregister(target.window);
    } while (result == weftUnknown);
    EXPECT(result, weftSuccess);
    SUCCEED(weftMemFree(owner, target.base));
    conform_close(owner);
}

Test(window, deregister__of_the_owner_ends_imports, .timeout = 60)
{
    weftComm_t owner = conform_comm(NULL);
    weftComm_t holder = conform_comm(NULL);
    struct area target;
    struct area source;
    weftWindowKey_t key;
    weftWindow_t imported;

    conform_area(owner, "dram0", MIB(1), &target);
    conform_area(holder, "dram0", MIB(1), &source);
    SUCCEED(weftWindowGetKey(target.window, WEFT_RIGHTS_ALL, &key));
    SUCCEED(weftWindowImport(holder, &key, &imported));
    EXPECT(weftMemFree(owner, target.base), weftInvalidUsage);
    SUCCEED(weftWindowDeregister(target.window));
    SUCCEED(weftMemFree(owner, target.base));
    EXPECT(weftMemFree(owner, target.base), weftInvalidArgument);
    EXPECT(weftPut(imported, 0, source.window, 0, 1, holder, NULL, NULL), weftInvalidUsage);
    SUCCEED(weftWindowDeregister(imported));
    conform_close(owner);
    conform_close(holder);
}

Test(window, deregister__waits_for_own_transfers, .timeout = 60)
{
    weftComm_t comm = conform_comm(NULL);
    struct area host;
    struct area gpu;
    weftRequest_t request;

    conform_area(comm, "dram0", MIB(32), &host);
    conform_area(comm, "gpu0", MIB(32), &gpu);
    SUCCEED(weftPut(gpu.window, 0, host.window, 0, MIB(32), comm, NULL, &request));
    SUCCEED(weftWindowDeregister(gpu.window));
    SUCCEED(weftTest(&request));
    conform_close(comm);
}

Test(window, register__own_host_memory_and_limits, .timeout = 60)
{
    weftComm_t comm = conform_comm("windows_max", "16", NULL);
    weftDevId_t dram = conform_device(comm, "dram1");
    unsigned char *memory = malloc(MIB(1));
    weftWindow_t windows[16];
    weftWindow_t more;

    for (size_t i = 0; i < 16; i++)
        SUCCEED(weftWindowRegister(comm, dram, memory + i * KIB(64), KIB(64), WEFT_WIN_DEFAULT,
                                   &windows[i]));
    EXPECT(weftWindowRegister(comm, dram, memory, KIB(64), WEFT_WIN_DEFAULT, &more),
           weftNoResource);
    EXPECT_WORD("windows_max");
    memset(memory, 7, KIB(64));
    SUCCEED(weftPut(windows[1], 0, windows[0], 0, KIB(64), comm, NULL, NULL));
    SUCCEED(weftFlush(comm, WEFT_TIMEOUT_DEFAULT));
    cr_assert_arr_eq(memory, memory + KIB(64), KIB(64));
    SUCCEED(weftWindowDeregister(windows[3]));
    SUCCEED(weftWindowRegister(comm, dram, memory, KIB(64), WEFT_WIN_DEFAULT, &more));
    conform_close(comm);
    free(memory);
}

/* ---- ranks in threads ---- */

#define RANKS 4

struct rank {
    weftUniqueId id;
    int rank;
    weftWindowKey_t *keys; /* of all */
    pthread_barrier_t *barrier;
    pthread_t thread;
};

/* Every rank writes its pattern into the window of the next one, and signals it. */
static void *run_rank(void *argument)
{
    struct rank *self = argument;
    static const char *const devices[RANKS] = {"dram0", "dram1", "dram0", "dram1"};
    weftConfig_t config =
        conform_config("timeout_ms", "2000", "relay_slots", "2", "chunks_max", "64", NULL);
    int next = (self->rank + 1) % RANKS;
    int before = (self->rank + RANKS - 1) % RANKS;
    struct area mine;
    struct area gpu;
    struct area stage;
    weftWindow_t theirs;
    weftComm_t comm;
    int count = 0;
    int rank = -1;

    SUCCEED(weftCommInitRank(&comm, RANKS, self->id, self->rank, config));
    SUCCEED(weftConfigDestroy(config));
    SUCCEED(weftCommCount(comm, &count));
    SUCCEED(weftCommUserRank(comm, &rank));
    cr_assert(count == RANKS && rank == self->rank);
    conform_area(comm, devices[self->rank], MIB(1) + KIB(4), &mine);
    conform_area(comm, "gpu0", MIB(1), &gpu);
    conform_area(comm, "dram0", MIB(1), &stage);
    memset(mine.base, 0, mine.size);
    conform_fill_by(&gpu, &stage, MIB(1), (uint32_t)self->rank);
    SUCCEED(weftWindowGetKey(mine.window, WEFT_RIGHTS_ALL, &self->keys[self->rank]));
    pthread_barrier_wait(self->barrier);
    SUCCEED(weftWindowImport(comm, &self->keys[next], &theirs));
    SUCCEED(weftPutSignal(theirs, 0, gpu.window, 0, MIB(1), theirs, MIB(1), 1, weftSignalAdd, comm,
                          NULL, NULL));
    SUCCEED(weftWaitSignal(mine.window, MIB(1), 1, comm, NULL, WEFT_TIMEOUT_DEFAULT));
    cr_assert(conform_holds(&mine, 0, MIB(1), (uint32_t)before));
    SUCCEED(weftFlush(comm, WEFT_TIMEOUT_DEFAULT));
    pthread_barrier_wait(self->barrier);
    SUCCEED(weftCommFinalize(comm));
    SUCCEED(weftCommDestroy(comm));
    return NULL;
}

Test(rank, ring_of_threads__each_gets_the_pattern_before, .timeout = 120)
{
    pthread_barrier_t barrier;
    weftWindowKey_t keys[RANKS];
    struct rank ranks[RANKS];
    weftUniqueId id;

    SUCCEED(weftGetUniqueId(&id));
    pthread_barrier_init(&barrier, NULL, RANKS);
    for (int i = 0; i < RANKS; i++) {
        ranks[i] = (struct rank){.id = id, .rank = i, .keys = keys, .barrier = &barrier};
        cr_assert_eq(pthread_create(&ranks[i].thread, NULL, run_rank, &ranks[i]), 0);
    }
    for (int i = 0; i < RANKS; i++)
        pthread_join(ranks[i].thread, NULL);
    pthread_barrier_destroy(&barrier);
}
