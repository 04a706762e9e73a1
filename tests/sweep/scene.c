/* The order of a run: comms, memory, windows, transfers, explanations, and the end; see scene.h. */
#include "scene.h"

#include <string.h>

#include "base/base.h"
#include "report.h"

#define EXPLAIN_BYTES 16384
#define STATS_BYTES   (1u << 20)
#define AT(slot)      ((size_t)(slot)*SLOT_BYTES)

static const char *const area_devices[AREAS] = {
    [AREA_HOST] = "dram0",
    [AREA_BACK] = "dram1",
    [AREA_GPU0] = "gpu0",
    [AREA_GPU1] = "gpu1",
};

/* A small machine's worth of tables, chunks that a transfer has several of, and deadlines of the
 * machine's time: twice as long in ours. */
static const char *const settings[][2] = {
    {"emulate", "hgx-h100"},
    {"dilation", "2"},
    {"log", "none"},
    {"relay_slots", "2"},
    {"relay_slot_bytes", "65536"},
    {"chunk_bytes_max", "65536"},
    {"chunk_ns_min", "0"},
    {"multipath_bytes_min", "65536"},
    {"transfers_max", "16"},
    {"extents_max", "1024"},
    {"windows_max", "16"},
    {"chunks_max", "32"},
    {"trace_records", "1024"},
    {"poll_ns", "5000"},
};
static const char *const long_deadlines[][2] = {{"timeout_ms", "2000"}, {"abort_ms", "2000"}};
static const char *const short_deadlines[][2] = {{"timeout_ms", "10"}, {"abort_ms", "10"}};

static void set_all(weftConfig_t config, const char *const pairs[][2], size_t count)
{
    for (size_t i = 0; i < count; i++)
        (void)CALL(weftConfigSet, config, pairs[i][0], pairs[i][1]);
}

static weftConfig_t config_make(const struct sweep_scene *scene)
{
    weftConfig_t config;

    if (CALL(weftConfigCreate, &config) != weftSuccess)
        return NULL;
    set_all(config, settings, WEFT_ARRAY_COUNT(settings));
    if (scene->is_short)
        set_all(config, short_deadlines, WEFT_ARRAY_COUNT(short_deadlines));
    else
        set_all(config, long_deadlines, WEFT_ARRAY_COUNT(long_deadlines));
    (void)CALL(weftConfigSet, config, "fault", scene->plan);
    return config;
}

static void comms_open(struct sweep_scene *scene)
{
    weftConfig_t config = config_make(scene);
    weftUniqueId id;
    int mine = 1;
    int all = 0;

    if (config == NULL)
        return;
    (void)CALL(weftCommInit, &scene->owner, config);
    if (CALL(weftGetUniqueId, &id) == weftSuccess &&
        CALL(weftCommInitRank, &scene->user, 1, id, 0, config) == weftSuccess)
        (void)CALL(weftCommExchange, scene->user, &mine, &all, sizeof(mine));
    (void)CALL(weftConfigDestroy, config);
}

static void area_open(weftComm_t comm, const char *name, size_t size, struct sweep_area *area)
{
    weftDevId_t id;
    void *memory;

    (void)CALL(weftDevIdParse, comm, name, &id);
    if (CALL(weftMemAlloc, comm, id, size, &memory) != weftSuccess)
        return;
    area->base = memory;
    (void)CALL(weftWindowRegister, comm, id, memory, size, WEFT_WIN_DEFAULT, &area->window);
}

static void areas_open(struct sweep_scene *scene)
{
    weftDevId_t id;

    for (int i = 0; i < AREAS; i++)
        area_open(scene->owner, area_devices[i], SLOTS * SLOT_BYTES, &scene->areas[i]);
    area_open(scene->owner, "gpu0", PAGE_BYTES, &scene->gpu_word);
    (void)CALL(weftDevIdParse, scene->owner, "dram0", &id);
    (void)CALL(weftWindowRegister, scene->owner, id, sweep_page, PAGE_BYTES, WEFT_WIN_DEFAULT,
               &scene->host_word);
    for (int slot = 0; slot < SLOTS; slot++) {
        if (scene->areas[AREA_HOST].base != NULL)
            sweep_fill(&scene->areas[AREA_HOST], (enum sweep_slot)slot);
        if (scene->areas[AREA_GPU1].base != NULL)
            sweep_fill(&scene->areas[AREA_GPU1], (enum sweep_slot)slot);
    }
}

/* One area as the other comm sees it; NULL when it does not. */
static weftWindow_t import(const struct sweep_scene *scene, enum sweep_area_name name)
{
    weftWindow_t window = NULL;
    weftWindowKey_t key;

    if (scene->areas[name].window == NULL ||
        CALL(weftWindowGetKey, scene->areas[name].window, WEFT_RIGHTS_ALL, &key) != weftSuccess)
        return NULL;
    (void)CALL(weftWindowImport, scene->user, &key, &window);
    return window;
}

/* The other comm moves bytes between imported windows, and one of them is revoked meanwhile. */
static void move_imported(struct sweep_scene *scene)
{
    weftWindow_t host = import(scene, AREA_HOST);
    weftWindow_t gpu0 = import(scene, AREA_GPU0);
    size_t at = AT(SLOT_IMPORT);
    weftRequest_t request;

    if (host != NULL && gpu0 != NULL) {
        weftResult_t result =
            CALL(weftCopy, gpu0, at, host, at, SLOT_BYTES, scene->user, NULL, &request);

        (void)CALL(weftWindowRevoke, scene->areas[AREA_GPU0].window);
        sweep_settle(&scene->areas[AREA_GPU0], SLOT_IMPORT,
                     sweep_wait(result, &request, RESULT(Cancelled)));
    }
    if (host != NULL)
        (void)CALL(weftWindowDeregister, host);
}

static void explain(const struct sweep_scene *scene)
{
    static char text[STATS_BYTES];
    weftDevId_t src;
    weftDevId_t dst;

    (void)CALL(weftDevIdParse, scene->owner, "dram0", &src);
    (void)CALL(weftDevIdParse, scene->owner, "gpu0", &dst);
    (void)CALL(weftExplain, scene->owner, dst, src, SLOT_BYTES, weftExplainText, text,
               EXPLAIN_BYTES);
    (void)CALL(weftExplain, scene->owner, dst, src, SLOT_BYTES, weftExplainJson, text,
               EXPLAIN_BYTES);
    (void)CALL(weftCommGetStats, scene->owner, text, sizeof(text));
}

static void area_close(weftComm_t comm, struct sweep_area *area)
{
    if (area->window != NULL && CALL(weftWindowDeregister, area->window) != weftSuccess)
        return;
    if (area->base != NULL)
        (void)CALL(weftMemFree, comm, area->base);
    area->window = NULL;
    area->base = NULL;
}

static void comm_destroy(weftComm_t comm)
{
    if (comm != NULL && CALL(weftCommDestroy, comm) != weftSuccess)
        sweep_report->kept = true;
}

/* With transfers under way, which the abort ends; windows and memory go with the comm. */
static void end_by_abort(struct sweep_scene *scene)
{
    struct sweep_area *host = &scene->areas[AREA_HOST];
    struct sweep_area *gpu0 = &scene->areas[AREA_GPU0];
    weftResult_t result = weftInvalidUsage;
    weftRequest_t request;

    if (host->window != NULL && gpu0->window != NULL)
        result = CALL(weftPut, gpu0->window, AT(SLOT_ABORT), host->window, AT(SLOT_ABORT),
                      SLOT_BYTES, scene->owner, NULL, &request);
    /* The abort is a fence: its transfers have ended when it returns. */
    if (CALL(weftCommAbort, scene->owner) == weftSuccess && result == weftSuccess)
        result = CALL_MAY(RESULT(Cancelled), weftTest, &request);
    else
        result = sweep_wait(result, &request, 0);
    if (host->window != NULL && gpu0->window != NULL)
        sweep_settle(gpu0, SLOT_ABORT, result);
    sweep_check_guards(scene);
}

static void end_in_order(struct sweep_scene *scene)
{
    sweep_check_guards(scene);
    for (int i = 0; i < AREAS; i++)
        area_close(scene->owner, &scene->areas[i]);
    area_close(scene->owner, &scene->gpu_word);
    if (scene->host_word != NULL)
        (void)CALL(weftWindowDeregister, scene->host_word);
    (void)CALL(weftCommFinalize, scene->owner);
}

void sweep_scene_run(struct sweep_scene *scene)
{
    weftResult_t error;

    comms_open(scene);
    if (scene->owner != NULL) {
        sweep_stream_open(scene);
        areas_open(scene);
        sweep_moves(scene);
        sweep_stream_moves(scene);
        if (scene->user != NULL)
            move_imported(scene);
        explain(scene);
        (void)CALL(weftCommGetAsyncError, scene->owner, &error);
        if (error != weftSuccess)
            sweep_complain("the comm has the error %s", weftGetErrorString(error));
        sweep_stream_close(scene);
        if (scene->is_aborted)
            end_by_abort(scene);
        else
            end_in_order(scene);
    }
    comm_destroy(scene->user);
    comm_destroy(scene->owner);
}
