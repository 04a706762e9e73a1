/* Whose keys open, and how much of what a peer asks for is done at once. */
#include <string.h>
#include <time.h>

#include "peers_server.h"

#define SECRET "the secret of one tenant"
#define OTHER  "the secret of another one"

static const struct server_settings of_tenant = {"127.0.0.2", "full", AREA_BYTES, "tenant_secret",
                                                 SECRET};
static const struct server_settings here = {"127.0.0.1", "full", AREA_BYTES, NULL, NULL};

static weftComm_t comm_of(const char *secret)
{
    return conform_comm("net", "tcp", "server_id", "127.0.0.1", "net_crypto", "full",
                        "tenant_secret", secret, NULL);
}

static void expect_closed(weftComm_t comm, const weftWindowKey_t *key, const char *word)
{
    weftWindow_t window;

    EXPECT(weftWindowImport(comm, key, &window), weftInvalidUsage);
    EXPECT_WORD("tenant");
    EXPECT_WORD(word);
}

Test(limits, tenant__its_keys_open_for_its_comms_alone, .timeout = 120)
{
    struct server server = peers_server_start(&of_tenant);
    weftComm_t comms[] = {comm_of(SECRET), comm_of(OTHER), comm_of("")};
    struct area area;
    weftWindow_t far;
    weftRequest_t request;

    conform_area(comms[0], "dram0", MIB(1), &area);
    SUCCEED(weftWindowImport(comms[0], &server.keys.dram, &far));
    conform_fill(&area, 0, MIB(1), 3);
    SUCCEED(weftPut(far, 0, area.window, 0, MIB(1), comms[0], NULL, &request));
    peers_wait(&request);
    cr_assert(peers_tell(&server, 'd', 0, MIB(1), 3));
    expect_closed(comms[1], &server.keys.dram, "another tenant");
    expect_closed(comms[2], &server.keys.dram, "this comm has none");
    for (uint32_t i = 0; i < 3; i++)
        conform_close(comms[i]);
    peers_server_stop(&server);
}

/* The keys of a process itself are no exception; an open key is for comms without a tenant. */
Test(limits, tenant__in_one_process, .timeout = 120)
{
    weftComm_t one = conform_comm("tenant_secret", SECRET, NULL);
    weftComm_t same = conform_comm("tenant_secret", SECRET, NULL);
    weftComm_t none = conform_comm(NULL);
    struct area area;
    struct area open;
    weftWindowKey_t key;
    weftWindowKey_t open_key;
    weftWindow_t window;

    conform_area(one, "dram0", MIB(1), &area);
    conform_area(none, "dram0", MIB(1), &open);
    SUCCEED(weftWindowGetKey(area.window, WEFT_RIGHT_READ, &key));
    SUCCEED(weftWindowGetKey(open.window, WEFT_RIGHT_READ, &open_key));
    expect_closed(none, &key, "this comm has none");
    expect_closed(one, &open_key, "without a tenant");
    SUCCEED(weftWindowImport(none, &open_key, &window));
    SUCCEED(weftWindowImport(same, &key, &window));
    conform_close(none);
    conform_close(same);
    conform_close(one);
}

Test(limits, tenant__a_short_secret_is_none, .timeout = 60)
{
    weftConfig_t config = conform_config("tenant_secret", "guess me", NULL);
    weftComm_t comm;

    EXPECT(weftCommInit(&comm, config), weftInvalidArgument);
    EXPECT_WORD("tenant_secret");
    SUCCEED(weftConfigDestroy(config));
}

static double seconds_since(const struct timespec *begun)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - begun->tv_sec) + (double)(now.tv_nsec - begun->tv_nsec) / 1e9;
}

/* All of it comes, and no sooner than the owner lets it. */
static void get_slowly(const struct server_settings *settings, uint32_t gets, size_t size,
                       double seconds)
{
    static weftRequest_t requests[64];
    struct server server = peers_server_start(settings);
    struct first first = peers_first_open(&server, &here);
    struct timespec begun;

    peers_tell(&server, 'f', 0, AREA_BYTES, 6);
    clock_gettime(CLOCK_MONOTONIC, &begun);
    for (uint32_t i = 0; i < gets; i++)
        SUCCEED(weftGet(first.stage.window, i * size, first.far_dram, i * size, size, first.comm,
                        NULL, &requests[i]));
    for (uint32_t i = 0; i < gets; i++)
        peers_wait(&requests[i]);
    cr_assert_geq(seconds_since(&begun), seconds);
    cr_assert(conform_holds(&first.stage, 0, gets * size, 6));
    conform_close(first.comm);
    peers_server_stop(&server);
}

/* 40 at 50 a second, of which a tenth of a second's worth and one come at once. */
Test(limits, peer_ops_per_s__more_wait, .timeout = 120)
{
    static const struct server_settings slow = {"127.0.0.2", "full", AREA_BYTES, "peer_ops_per_s",
                                                "50"};

    get_slowly(&slow, 40, KIB(4), 34 / 50.0);
}

/* 8 MiB at 10 MiB a second; the last one is paid for by nobody. */
Test(limits, peer_rate_bytes_per_s__more_wait, .timeout = 120)
{
    static const struct server_settings slow = {"127.0.0.2", "full", AREA_BYTES,
                                                "peer_rate_bytes_per_s", "10M"};

    get_slowly(&slow, 16, KIB(512), 0.8 - 0.1 - 0.05);
}
