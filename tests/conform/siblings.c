/* Siblings: windows of another process of the same emulated server. They are opened, not sent to.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/comm.h"
#include "host/sibling.h"
#include "peers_server.h"

/* What both sides say to find each other, sealed: far below one window's bytes. */
#define WORDS_BYTES_MAX KIB(256)

/* The machine is the test's own: tests run beside each other. */
static struct server_settings settings_of(const char *crypto)
{
    static char machine[32];

    snprintf(machine, sizeof(machine), "siblings-%d", (int)getpid());
    return (struct server_settings){"127.0.0.1", crypto, AREA_BYTES, "emu_machine", machine};
}

static weftResult_t sum_lanes(struct weft_loop *loop, struct weft_command *command, weft_ns now)
{
    const struct weft_peers *peers = loop->peers;

    (void)now;
    command->size_bytes = 0;
    for (uint32_t i = 0; i < WEFT_PEERS_MAX; i++)
        for (uint32_t lane = 0; lane < peers->peers[i].lanes; lane++) {
            struct weft_net_lane_state state;

            peers->ops->lane_state(peers->net, i, lane, &state);
            command->size_bytes += state.sent_bytes + state.received_bytes;
        }
    command->copies = peers->world.server_count;
    return weftSuccess;
}

/* Bytes that went over the network, both ways. */
static uint64_t net_bytes(weftComm_t comm, uint32_t *servers)
{
    struct weft_command command = {.run = sum_lanes, .deadline_at = WEFT_NEVER};

    cr_assert_eq(weft_loop_call(weft_comm_find(comm)->loop, &command), weftSuccess);
    if (servers != NULL)
        *servers = command.copies;
    return command.size_bytes;
}

static void expect_words_only(weftComm_t comm)
{
    uint32_t servers;
    uint64_t bytes = net_bytes(comm, &servers);

    cr_assert_leq(bytes, WORDS_BYTES_MAX, "%llu bytes", (unsigned long long)bytes);
    cr_assert_eq(servers, 1, "the sibling is no second server");
}

Test(siblings, put_and_get__all_kinds_of_memory, .timeout = 120)
{
    static const size_t sizes[] = {1, 4096, 100001, MIB(3), AREA_BYTES};
    struct server_settings settings = settings_of("full");
    struct server server = peers_server_start(&settings);
    struct first first = peers_first_open(&server, &settings);

    for (uint32_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        weftRequest_t request;

        peers_put_dram(&server, &first, sizes[i], i);
        peers_put_gpu(&server, &first, sizes[i], i + 100);
        peers_tell(&server, 'f', 0, sizes[i], i + 200);
        SUCCEED(
            weftGet(first.gpu.window, 0, first.far_dram, 0, sizes[i], first.comm, NULL, &request));
        peers_wait(&request);
        cr_assert(conform_holds_by(&first.gpu, &first.stage, sizes[i], i + 200));
        /* Between two windows of the sibling: both are memory of this process. */
        SUCCEED(
            weftCopy(first.far_gpu, 0, first.far_dram, 0, sizes[i], first.comm, NULL, &request));
        peers_wait(&request);
        cr_assert(peers_tell(&server, 'g', 0, sizes[i], i + 200));
    }
    expect_words_only(first.comm);
    conform_close(first.comm);
    peers_server_stop(&server);
}

/* The word at `offset` of the sibling's GPU. */
static uint64_t gpu_word(const struct first *first, size_t offset)
{
    weftRequest_t request;
    uint64_t word;

    SUCCEED(weftGet(first->stage.window, 0, first->far_gpu, offset, sizeof(word), first->comm, NULL,
                    &request));
    peers_wait(&request);
    memcpy(&word, first->stage.base, sizeof(word));
    return word;
}

Test(siblings, put_signal__after_the_bytes, .timeout = 120)
{
    struct server_settings settings = settings_of("off");
    struct server server = peers_server_start(&settings);
    struct first first = peers_first_open(&server, &settings);
    weftRequest_t request;

    peers_put_signals(&server, &first);
    SUCCEED(weftSignal(first.far_gpu, 64, 40, weftSignalSet, first.comm, NULL, &request));
    peers_wait(&request);
    SUCCEED(weftPutSignal(first.far_dram, 0, first.dram.window, 0, MIB(1), first.far_gpu, 64, 2,
                          weftSignalAdd, first.comm, NULL, &request));
    peers_wait(&request);
    cr_assert_eq(gpu_word(&first, 64), 42);
    expect_words_only(first.comm);
    conform_close(first.comm);
    peers_server_stop(&server);
}

/* From the owner's return on nothing lands, whatever the sibling had under way. */
Test(siblings, deregister__nothing_lands_after, .timeout = 120)
{
    struct server_settings settings = settings_of("off");
    struct server server = peers_server_start(&settings);
    struct first first = peers_first_open(&server, &settings);
    weftRequest_t requests[8];

    conform_fill(&first.dram, 0, AREA_BYTES, 5);
    for (uint32_t i = 0; i < 8; i++)
        SUCCEED(weftPut(first.far_dram, 0, i % 2 == 0 ? first.gpu.window : first.dram.window, 0,
                        AREA_BYTES, first.comm, NULL, &requests[i]));
    cr_assert_eq(peers_tell(&server, 'x', 0, AREA_BYTES, 9), weftSuccess);
    for (uint32_t i = 0; i < 8; i++) {
        weftResult_t result = weftWait(&requests[i], WEFT_TIMEOUT_DEFAULT);

        cr_expect(result == weftSuccess || result == weftCancelled, "%d", (int)result);
    }
    cr_assert(peers_tell(&server, 'd', 0, AREA_BYTES, 9), "nothing of it landed late");
    SUCCEED(weftPut(first.far_dram, 0, first.dram.window, 0, 8, first.comm, NULL, &requests[0]));
    EXPECT(weftWait(&requests[0], WEFT_TIMEOUT_DEFAULT), weftCancelled);
    EXPECT_WORD("revoked");
    /* The other window is as before, and a key that is no more opens nothing. */
    peers_put_gpu(&server, &first, MIB(1), 8);
    SUCCEED(weftWindowDeregister(first.far_dram));
    EXPECT(weftWindowImport(first.comm, &server.keys.dram, &first.far_dram), weftInvalidUsage);
    EXPECT_WORD("revoked");
    conform_close(first.comm);
    peers_server_stop(&server);
}

/* The test's own window, which the server has open. */
static struct first owner_open(struct server *server, const struct server_settings *settings)
{
    struct first first = peers_first_open(server, settings);
    weftWindowKey_t key;

    SUCCEED(weftWindowGetKey(first.dram.window, WEFT_RIGHTS_ALL, &key));
    peers_give_key(server, &key);
    return first;
}

/* Who gives a window back is asked for nothing any more, and its number serves another one. */
Test(siblings, deregister__by_the_importer, .timeout = 120)
{
    struct server_settings settings = settings_of("off");
    struct server server = peers_server_start(&settings);
    struct first first = peers_first_open(&server, &settings);
    weftRequest_t request;

    SUCCEED(weftWindowDeregister(first.far_dram));
    SUCCEED(weftWindowDeregister(first.stage.window));
    SUCCEED(weftWindowRegister(first.comm, conform_device(first.comm, "dram0"), first.stage.base,
                               AREA_BYTES, WEFT_WIN_DEFAULT, &first.stage.window));
    SUCCEED(weftWindowImport(first.comm, &server.keys.dram, &first.far_dram));
    conform_fill(&first.stage, 0, MIB(1), 2);
    SUCCEED(weftPut(first.far_dram, 0, first.stage.window, 0, MIB(1), first.comm, NULL, &request));
    peers_wait(&request);
    cr_assert(peers_tell(&server, 'd', 0, MIB(1), 2));
    SUCCEED(weftWindowDeregister(first.far_dram));
    cr_assert_eq(peers_tell(&server, 'x', 0, MIB(1), 9), weftSuccess);
    SUCCEED(
        weftCopy(first.gpu.window, 0, first.stage.window, 0, MIB(1), first.comm, NULL, &request));
    peers_wait(&request);
    conform_close(first.comm);
    peers_server_stop(&server);
}

/* The memory of a comm outlives it while a process that stands still may write it. */
Test(siblings, importer_stopped__the_comm_is_kept, .timeout = 120)
{
    struct server_settings settings = settings_of("off");
    struct server server = peers_server_start(&settings);
    struct first first = owner_open(&server, &settings);

    peers_server_halt(&server);
    SUCCEED(weftWindowDeregister(first.far_dram));
    SUCCEED(weftWindowDeregister(first.far_gpu));
    SUCCEED(weftCommFinalize(first.comm));
    EXPECT(weftCommDestroy(first.comm), weftUnknown);
    first.dram.base[0] = 1;
    peers_server_kill(&server);
}

Test(siblings, owner_killed__ends_what_is_under_way, .timeout = 120)
{
    struct server_settings settings = settings_of("off");
    struct server server = peers_server_start(&settings);
    struct first first = peers_first_open(&server, &settings);
    weftRequest_t requests[8];

    conform_fill(&first.dram, 0, AREA_BYTES, 5);
    for (uint32_t i = 0; i < 8; i++)
        SUCCEED(weftPut(i % 2 == 0 ? first.far_gpu : first.far_dram, 0, first.gpu.window, 0,
                        AREA_BYTES, first.comm, NULL, &requests[i]));
    peers_server_kill(&server);
    for (uint32_t i = 0; i < 8; i++) {
        weftResult_t result = weftWait(&requests[i], WEFT_TIMEOUT_DEFAULT);

        cr_expect(result == weftSuccess || result == weftRemoteError, "%d", (int)result);
    }
    do { /* until the end of its lanes has been seen */
        SUCCEED(weftPut(first.far_gpu, 0, first.dram.window, 0, 8, first.comm, NULL, &requests[0]));
    } while (weftWait(&requests[0], WEFT_TIMEOUT_DEFAULT) == weftSuccess);
    EXPECT_WORD("the process there has ended");
    SUCCEED(weftSignal(first.far_dram, 0, 1, weftSignalAdd, first.comm, NULL, &requests[0]));
    EXPECT(weftWait(&requests[0], WEFT_TIMEOUT_DEFAULT), weftRemoteError);
    SUCCEED(weftWindowDeregister(first.far_dram));
    SUCCEED(weftWindowDeregister(first.far_gpu));
    conform_close(first.comm);
}

Test(siblings, importer_killed__is_waited_for_no_more, .timeout = 120)
{
    struct server_settings settings = settings_of("off");
    struct server server = peers_server_start(&settings);
    struct first first = owner_open(&server, &settings);

    cr_assert_eq(peers_tell(&server, 'p', 0, AREA_BYTES, 4), weftSuccess);
    peers_server_kill(&server);
    SUCCEED(weftWindowDeregister(first.dram.window));
    conform_fill(&first.dram, 0, AREA_BYTES, 6);
    cr_assert(conform_holds(&first.dram, 0, AREA_BYTES, 6));
    conform_close(first.comm);
}

Test(siblings, importer_stopped__unknown_at_the_deadline, .timeout = 120)
{
    struct server_settings settings = settings_of("off");
    struct server server = peers_server_start(&settings);
    struct first first = owner_open(&server, &settings);
    char number[32];

    snprintf(number, sizeof(number), "process %d ", (int)server.process);
    peers_server_halt(&server);
    EXPECT(weftWindowDeregister(first.dram.window), weftUnknown);
    EXPECT_WORD(number);
    /* Its own windows go on: nobody is asked to write into them. */
    kill(server.process, SIGCONT);
    cr_assert_eq(peers_tell(&server, 'f', 0, 8, 1), 1, "it goes on");
    SUCCEED(weftWindowDeregister(first.dram.window));
    conform_close(first.comm);
    peers_server_stop(&server);
}

/* Memory that is no weftMemAlloc's cannot be opened elsewhere: it is reached as another server's.
 */
Test(siblings, plain_memory__goes_over_the_network, .timeout = 120)
{
    struct server_settings settings = settings_of("off");
    struct server server = peers_server_start(&settings);
    struct first first = peers_first_open(&server, &settings);
    struct area plain = {.comm = first.comm, .size = AREA_BYTES};
    weftWindowKey_t key;
    weftRequest_t request;
    uint32_t servers;

    plain.base = malloc(AREA_BYTES);
    memset(plain.base, 0, AREA_BYTES);
    SUCCEED(weftWindowRegister(first.comm, conform_device(first.comm, "dram0"), plain.base,
                               AREA_BYTES, WEFT_WIN_DEFAULT, &plain.window));
    SUCCEED(weftWindowGetKey(plain.window, WEFT_RIGHTS_ALL, &key));
    peers_give_key(&server, &key);
    cr_assert_eq(peers_tell(&server, 'p', 0, MIB(2), 4), weftSuccess);
    cr_assert_eq(peers_tell(&server, 'e', 0, 0, 0), weftSuccess);
    /* A word of the thread that received them orders its writes and our reads, for a sanitizer that
     * does not see the other process. */
    SUCCEED(weftPut(plain.window, MIB(4), plain.window, MIB(3), 8, first.comm, NULL, &request));
    peers_wait(&request);
    cr_assert(conform_holds(&plain, 0, MIB(2), 4));
    cr_assert_gt(net_bytes(first.comm, &servers), MIB(2));
    cr_assert_eq(servers, 2);
    SUCCEED(weftWindowDeregister(plain.window));
    free(plain.base);
    conform_close(first.comm);
    peers_server_stop(&server);
}

/* Two emulated machines on one computer are two servers. */
Test(siblings, other_machine__is_another_server, .timeout = 120)
{
    struct server_settings settings = settings_of("off");
    struct server_settings other = {"127.0.0.2", "off", AREA_BYTES, NULL, NULL};
    struct server server = peers_server_start(&other);
    struct first first = peers_first_open(&server, &settings);
    uint32_t servers;

    peers_put_dram(&server, &first, MIB(2), 4);
    cr_assert_gt(net_bytes(first.comm, &servers), MIB(2));
    cr_assert_eq(servers, 2);
    conform_close(first.comm);
    peers_server_stop(&server);
}
