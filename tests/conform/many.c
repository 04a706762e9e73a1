/* Comms beside each other in one process, each with the settings that users get unasked. */
#include "conform.h"

#define COMMS 4
#define SIZE  KIB(64)

/* A comm of the emulated machine, all else by default. */
static weftComm_t default_comm(void)
{
    weftConfig_t config;
    weftComm_t comm;

    SUCCEED(weftConfigCreate(&config));
    SUCCEED(weftConfigSet(config, "emulate", "hgx-h100"));
    SUCCEED(weftConfigSet(config, "log", "error"));
    SUCCEED(weftCommInit(&comm, config));
    SUCCEED(weftConfigDestroy(config));
    return comm;
}

Test(many, put__four_comms_by_default, .timeout = 120)
{
    static const char *const gpus[COMMS] = {"gpu0", "gpu3", "gpu5", "gpu7"};
    weftComm_t comms[COMMS];
    struct area hosts[COMMS];
    struct area areas[COMMS];

    for (uint32_t i = 0; i < COMMS; i++) {
        comms[i] = default_comm();
        conform_area(comms[i], "dram0", SIZE, &hosts[i]);
        conform_area(comms[i], gpus[i], SIZE, &areas[i]);
    }
    for (uint32_t i = 0; i < COMMS; i++)
        conform_fill_by(&areas[i], &hosts[i], SIZE, i + 1);
    for (uint32_t i = 0; i < COMMS; i++)
        cr_assert(conform_holds_by(&areas[i], &hosts[i], SIZE, i + 1), "comm %u", i);
    for (uint32_t i = 0; i < COMMS; i++)
        conform_close(comms[i]);
}
