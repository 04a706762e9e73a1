/* Transfers in a stream of the emulated driver; see scene.h. */
#include <dlfcn.h>
#include <sched.h>
#include <string.h>

#include "api/comm.h"
#include "base/ring.h"
#include "report.h"
#include "scene.h"

#define CUDA_NOT_READY 600
#define AT(slot)       ((size_t)(slot)*SLOT_BYTES)

/* The few functions of the driver that an application would use here. */
static struct {
    int (*device_get)(int *device, int ordinal);
    int (*context_retain)(void **context, int device);
    int (*context_release)(int device);
    int (*context_set)(void *context);
    int (*stream_create)(void **stream, unsigned flags);
    int (*stream_query)(void *stream);
    int (*stream_destroy)(void *stream);
} driver;

static int device;

static void find(void *library, const char *name, void *function)
{
    void *symbol = dlsym(library, name);

    if (symbol == NULL)
        sweep_complain("the emulated driver has no %s", name);
    memcpy(function, &symbol, sizeof(symbol));
}

/* The comm has loaded it: this is the same one again. */
static void driver_find(weftComm_t comm)
{
    const char *path = weft_comm_find(comm)->loop->machine->emulation.driver;
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);

    if (library == NULL)
        sweep_complain("%s: %s", path, dlerror());
    find(library, "cuDeviceGet", &driver.device_get);
    find(library, "cuDevicePrimaryCtxRetain", &driver.context_retain);
    find(library, "cuDevicePrimaryCtxRelease_v2", &driver.context_release);
    find(library, "cuCtxSetCurrent", &driver.context_set);
    find(library, "cuStreamCreate", &driver.stream_create);
    find(library, "cuStreamQuery", &driver.stream_query);
    find(library, "cuStreamDestroy_v2", &driver.stream_destroy);
    dlclose(library);
}

void sweep_stream_open(struct sweep_scene *scene)
{
    void *context;

    driver_find(scene->owner);
    if (driver.device_get(&device, 0) != 0 || driver.context_retain(&context, device) != 0 ||
        driver.context_set(context) != 0 || driver.stream_create(&scene->stream, 1) != 0)
        sweep_complain("the emulated driver gives no stream");
}

/* put, then wait for a word, then get: the get's bytes move when the word was raised. */
static void move_around_word(struct sweep_scene *scene)
{
    struct sweep_area *host = &scene->areas[AREA_HOST];
    struct sweep_area *gpu0 = &scene->areas[AREA_GPU0];
    struct sweep_area *gpu1 = &scene->areas[AREA_GPU1];
    struct sweep_area *back = &scene->areas[AREA_BACK];
    weftRequest_t requests[3];
    weftResult_t results[3];

    weft_word_set(sweep_page, 0);
    results[0] = CALL(weftPut, gpu0->window, AT(SLOT_STREAM_PUT), host->window, AT(SLOT_STREAM_PUT),
                      SLOT_BYTES, scene->owner, scene->stream, &requests[0]);
    (void)CALL(weftWaitSignal, scene->host_word, 0, 1, scene->owner, scene->stream, 0);
    results[1] = CALL(weftGet, back->window, AT(SLOT_STREAM_GET), gpu1->window, AT(SLOT_STREAM_GET),
                      SLOT_BYTES, scene->owner, scene->stream, &requests[1]);
    results[2] =
        CALL(weftSignal, scene->host_word, 0, 1, weftSignalSet, scene->owner, NULL, &requests[2]);
    if (sweep_wait(results[2], &requests[2], 0) != weftSuccess)
        weft_word_set(sweep_page, 1);
    sweep_settle(gpu0, SLOT_STREAM_PUT, sweep_wait(results[0], &requests[0], 0));
    sweep_settle(back, SLOT_STREAM_GET, sweep_wait(results[1], &requests[1], 0));
}

static void move_group(struct sweep_scene *scene)
{
    struct sweep_area *host = &scene->areas[AREA_HOST];
    struct sweep_area *gpu0 = &scene->areas[AREA_GPU0];
    struct sweep_area *gpu1 = &scene->areas[AREA_GPU1];
    struct sweep_area *back = &scene->areas[AREA_BACK];
    size_t at = AT(SLOT_STREAM_GROUP);
    weftRequest_t requests[2];
    weftResult_t results[2];

    (void)CALL(weftGroupStart);
    results[0] = CALL(weftPut, gpu0->window, at, host->window, at, SLOT_BYTES, scene->owner,
                      scene->stream, &requests[0]);
    results[1] = CALL(weftGet, back->window, at, gpu1->window, at, SLOT_BYTES, scene->owner,
                      scene->stream, &requests[1]);
    (void)CALL(weftGroupEnd);
    sweep_settle(gpu0, SLOT_STREAM_GROUP, sweep_wait(results[0], &requests[0], 0));
    sweep_settle(back, SLOT_STREAM_GROUP, sweep_wait(results[1], &requests[1], 0));
}

void sweep_stream_moves(struct sweep_scene *scene)
{
    for (int i = 0; i < AREAS; i++)
        if (scene->areas[i].window == NULL)
            return;
    if (scene->host_word == NULL)
        return;
    move_around_word(scene);
    move_group(scene);
}

void sweep_stream_close(struct sweep_scene *scene)
{
    weft_word_set(sweep_page, 1);
    sweep_call_begin("cuStreamQuery");
    while (driver.stream_query(scene->stream) == CUDA_NOT_READY)
        sched_yield();
    driver.stream_destroy(scene->stream);
    driver.context_set(NULL);
    driver.context_release(device);
}
