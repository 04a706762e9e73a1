/* Comms: beginning, meeting, ending, and what they say of themselves. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conform.h"

Test(comm, init__wrong_settings_are_named, .timeout = 60)
{
    static const struct {
        const char *name;
        const char *value;
        weftResult_t result;
        const char *word;
    } rows[] = {
        {"emulate", "hgx-h1000", weftSystemError, "hgx-h100"},
        {"server_id", "1.2.3", weftInvalidArgument, "server_id"},
        {"routes", "scenic", weftInvalidArgument, "direct"},
        {"sched", "random", weftInvalidArgument, "pull"},
        {"log", "loud", weftInvalidArgument, "trace"},
        {"fault", "copy:explode", weftInvalidArgument, "fail"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        weftConfig_t config = conform_config(rows[i].name, rows[i].value, NULL);
        weftComm_t comm = NULL;

        EXPECT(weftCommInit(&comm, config), rows[i].result);
        EXPECT_WORD(rows[i].word);
        cr_assert_null(comm);
        SUCCEED(weftConfigDestroy(config));
    }
}

Test(comm, init_rank__waits_no_longer_than_the_timeout, .timeout = 60)
{
    weftConfig_t config = conform_config("boot_timeout_ms", "20", NULL);
    weftUniqueId id;
    weftUniqueId zero = {{0}};
    weftComm_t comm = NULL;

    SUCCEED(weftGetUniqueId(&id));
    EXPECT(weftCommInitRank(&comm, 2, id, 1, config), weftTimeout);
    EXPECT_WORD("1 of 2");
    cr_assert_null(comm);
    EXPECT(weftCommInitRank(&comm, 2, zero, 1, config), weftInvalidArgument);
    SUCCEED(weftCommInitRank(&comm, 1, id, 0, config));
    conform_close(comm);
    SUCCEED(weftConfigDestroy(config));
}

Test(comm, finalize__takes_nothing_new, .timeout = 60)
{
    weftComm_t comm = conform_comm(NULL);
    struct area host;
    weftWindow_t window;

    conform_area(comm, "dram0", KIB(64), &host);
    SUCCEED(weftPut(host.window, 0, host.window, KIB(32), KIB(32), comm, NULL, NULL));
    SUCCEED(weftCommFinalize(comm));
    EXPECT(weftPut(host.window, 0, host.window, KIB(32), 8, comm, NULL, NULL), weftInvalidUsage);
    EXPECT_WORD("finalized");
    EXPECT(weftFence(comm), weftInvalidUsage);
    EXPECT(weftWindowRegister(comm, conform_device(comm, "dram0"), host.base, KIB(4), 0, &window),
           weftInvalidUsage);
    SUCCEED(weftFlush(comm, 0));
    SUCCEED(weftCommFinalize(comm));
    SUCCEED(weftCommDestroy(comm));
    EXPECT(weftCommDestroy(comm), weftInvalidArgument);
    EXPECT(weftWindowDeregister(host.window), weftInvalidArgument);
}

Test(comm, devices__of_the_preset, .timeout = 60)
{
    weftComm_t comm = conform_comm("server_id", "11.1.1.1", NULL);
    weftDeviceProps_t props;
    weftDevId_t ids[64];
    weftDevId_t id;
    char text[24];
    int count = 0;
    int gpus = 0;
    int holders = 0;

    SUCCEED(weftDeviceList(comm, NULL, &count));
    cr_assert_gt(count, 10);
    cr_assert_leq(count, 64);
    gpus = 3;
    EXPECT(weftDeviceList(comm, ids, &gpus), weftNoResource);
    cr_assert_eq(gpus, count);
    SUCCEED(weftDeviceList(comm, ids, &count));
    gpus = 0;
    for (int i = 0; i < count; i++) {
        SUCCEED(weftDeviceGetProps(comm, ids[i], &props));
        cr_assert_eq(props.emulated, 1);
        gpus += props.kind == weftDeviceGpu;
        holders += props.holdsWindows;
    }
    cr_assert_eq(gpus, 8);
    cr_assert_eq(holders, 10);
    SUCCEED(weftDevIdParse(comm, "11.1.1.1:gpu3", &id));
    SUCCEED(weftDeviceGetProps(comm, id, &props));
    cr_assert_str_eq(props.name, "gpu3");
    cr_assert_eq(id.server, 0x0b010101);
    SUCCEED(weftDevIdFormat(id, text, sizeof(text)));
    SUCCEED(weftDevIdParse(comm, text, &ids[0]));
    cr_assert(ids[0].server == id.server && ids[0].local == id.local);
    conform_close(comm);
}

/* Whatever this machine has, host memory moves; without a GPU that is all there is. */
Test(comm, init__real_machine_moves_host_memory, .timeout = 60)
{
    weftConfig_t config;
    weftComm_t comm;
    weftDeviceProps_t props;
    struct area host;
    weftRequest_t request;

    SUCCEED(weftConfigCreate(&config));
    SUCCEED(weftConfigSet(config, "emulate", ""));
    SUCCEED(weftConfigSet(config, "log", "none"));
    SUCCEED(weftCommInit(&comm, config));
    SUCCEED(weftConfigDestroy(config));
    SUCCEED(weftDeviceGetProps(comm, conform_device(comm, "dram0"), &props));
    cr_assert(props.holdsWindows == 1 && props.emulated == 0);
    conform_area(comm, "dram0", MIB(2), &host);
    conform_fill(&host, 0, MIB(1), 6);
    SUCCEED(weftPut(host.window, MIB(1), host.window, 0, MIB(1), comm, NULL, &request));
    SUCCEED(weftWait(&request, WEFT_TIMEOUT_DEFAULT));
    cr_assert(conform_holds(&host, MIB(1), MIB(1), 6));
    conform_close(comm);
}

Test(comm, explain__names_routes_and_the_emulation, .timeout = 60)
{
    weftComm_t comm = conform_comm(NULL);
    weftDevId_t gpu = conform_device(comm, "gpu0");
    weftDevId_t dram = conform_device(comm, "dram0");
    char *text = malloc(KIB(16));

    SUCCEED(weftExplain(comm, dram, gpu, MIB(64), weftExplainText, text, KIB(16)));
    cr_assert_not_null(strstr(text, "64 MiB from gpu0 to dram0"), "%s", text);
    cr_assert_not_null(strstr(text, "gpu0>gpu1>dram0"), "%s", text);
    cr_assert_not_null(strstr(text, "emulated hgx-h100, dilation 20"), "%s", text);
    SUCCEED(weftExplain(comm, dram, gpu, MIB(64), weftExplainJson, text, KIB(16)));
    cr_assert_not_null(strstr(text, "\"emulated\":{\"node\":\"hgx-h100\",\"dilation\":20}"));
    cr_assert_not_null(strstr(text, "\"size_bytes\":67108864"));
    EXPECT(weftExplain(comm, dram, gpu, MIB(64), weftExplainText, text, 20), weftNoResource);
    free(text);
    conform_close(comm);
}

Test(comm, stats__count_what_was_moved, .timeout = 60)
{
    weftComm_t comm = conform_comm("routes", "direct", NULL);
    struct area host;
    struct area gpu;
    char *text = malloc(KIB(64));

    conform_area(comm, "dram0", MIB(1), &host);
    conform_area(comm, "gpu0", MIB(1), &gpu);
    conform_fill_by(&gpu, &host, MIB(1), 1);
    SUCCEED(weftCommGetStats(comm, text, KIB(64)));
    cr_assert_not_null(strstr(text, "\"src\":\"dram0\",\"dst\":\"gpu0\",\"route\":\"dram0>gpu0\""),
                       "%s", text);
    cr_assert_not_null(strstr(text, "\"moved_bytes\":1048576"), "%s", text);
    cr_assert_not_null(strstr(text, "\"transfers\":1,"), "%s", text);
    EXPECT(weftCommGetStats(comm, text, 10), weftNoResource);
    free(text);
    conform_close(comm);
}

Test(comm, trace_file__is_written_at_destroy, .timeout = 60)
{
    char path[] = "/tmp/weft-conform-XXXXXX";
    char written[sizeof(path) + 24];
    int file = mkstemp(path);
    weftComm_t comm;
    struct area host;
    char *text = calloc(1, MIB(1));
    size_t size;
    FILE *in;

    cr_assert_geq(file, 0);
    comm = conform_comm("trace_file", path, NULL);
    conform_area(comm, "dram0", MIB(1), &host);
    SUCCEED(weftPut(host.window, 0, host.window, KIB(512), KIB(512), comm, NULL, NULL));
    conform_close(comm);
    (void)snprintf(written, sizeof(written), "%s.%ld.0", path, (long)getpid()); /* the first comm */
    in = fopen(written, "r");
    cr_assert_not_null(in);
    size = fread(text, 1, MIB(1) - 1, in);
    fclose(in);
    remove(path);
    remove(written);
    cr_assert_gt(size, 100);
    cr_assert_not_null(strstr(text, "\"name\":\"transfer_ended\",\"ph\":\"i\""));
    cr_assert_not_null(strstr(text, "\"name\":\"copy_ended\",\"ph\":\"X\""));
    cr_assert_str_eq(text + size - 4, "\n]}\n");
    free(text);
}

Test(comm, two__do_not_disturb_each_other, .timeout = 60)
{
    weftComm_t one = conform_comm(NULL);
    weftComm_t two = conform_comm(NULL);
    struct area a;
    struct area b;
    struct area ga;
    struct area gb;

    conform_area(one, "dram0", MIB(4), &a);
    conform_area(two, "dram0", MIB(4), &b);
    conform_area(one, "gpu0", MIB(4), &ga);
    conform_area(two, "gpu0", MIB(4), &gb);
    conform_fill_by(&ga, &a, MIB(4), 1);
    conform_fill_by(&gb, &b, MIB(4), 2);
    SUCCEED(weftCommAbort(one));
    cr_assert(conform_holds_by(&gb, &b, MIB(4), 2));
    SUCCEED(weftCommDestroy(one));
    cr_assert(conform_holds_by(&gb, &b, MIB(4), 2));
    conform_close(two);
}
