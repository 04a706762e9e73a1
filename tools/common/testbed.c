/* Opens the testbed, real or emulated, and answers for its clock and links. The emulated driver is
 * found among the loaded libraries: Weft has loaded it, from wherever its settings said. */
#include "common/testbed.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "core/preset.h"
#include "host/machine.h"
#include "../../plugins/cuda-emu/emu.h"

#define EMULATOR_FILE  "libweft-cuda-emu.so"
#define DEVICES_LISTED 256
#define SLEEP_NS_MIN   50000

struct weft_testbed_controls {
    void *library;
    weft_emu_link_fn *link;
    weft_emu_bytes_fn *bytes;
    weft_emu_now_fn *now;
    weft_emu_submit_ns_fn *submit_ns;
};

void weft_testbed_nodes(char *text, size_t size)
{
    struct weft_text list;

    weft_text_init(&list, text, size);
    for (uint32_t i = 0; weft_preset_name(i) != NULL; i++) {
        weft_text_add(&list, i == 0 ? "" : ", ");
        weft_text_add(&list, weft_preset_name(i));
    }
}

/* Settings of the machine itself, then the caller's. */
static weftResult_t config_fill(weftConfig_t config, const struct weft_testbed *testbed,
                                const struct weft_testbed_setting *settings, size_t count)
{
    char dilation[WEFT_UNIT_BYTES];

    if (testbed->emulated) {
        (void)snprintf(dilation, sizeof(dilation), "%u", testbed->dilation);
        WEFT_TRY(weftConfigSet(config, "emulate", testbed->node));
        WEFT_TRY(weftConfigSet(config, "dilation", dilation));
    }
    if (testbed->server_id[0] != '\0')
        WEFT_TRY(weftConfigSet(config, "server_id", testbed->server_id));
    for (size_t i = 0; i < count; i++)
        WEFT_TRY(weftConfigSet(config, settings[i].name, settings[i].value));
    return weftSuccess;
}

bool weft_testbed_comm(const struct weft_testbed *testbed,
                       const struct weft_testbed_setting *settings, size_t count, weftComm_t *comm,
                       char why[WEFT_WHY_BYTES])
{
    weftConfig_t config = NULL;
    weftResult_t result = weftConfigCreate(&config);

    if (result == weftSuccess)
        result = config_fill(config, testbed, settings, count);
    if (result == weftSuccess)
        result = weftCommInit(comm, config);
    if (result != weftSuccess) {
        const char *sentence = weftGetLastError(NULL);

        weft_text_copy(why, WEFT_WHY_BYTES,
                       sentence[0] != '\0' ? sentence : weftGetErrorString(result));
    }
    (void)weftConfigDestroy(config);
    return result == weftSuccess;
}

static int library_match(struct dl_phdr_info *info, size_t size, void *found)
{
    (void)size;
    if (info->dlpi_name == NULL || strstr(info->dlpi_name, EMULATOR_FILE) == NULL)
        return 0;
    weft_text_copy(found, WEFT_TESTBED_PATH_BYTES, info->dlpi_name);
    return 1;
}

void weft_testbed_driver(const struct weft_testbed *testbed, char path[WEFT_TESTBED_PATH_BYTES])
{
    path[0] = '\0';
    if (testbed->emulated)
        (void)dl_iterate_phdr(library_match, path);
}

/* A function's address: POSIX has dlsym give it as an object pointer. */
static bool symbol_take(void *library, const char *name, void *function)
{
    void *address = dlsym(library, name);

    memcpy(function, &address, sizeof(address));
    return address != NULL;
}

static bool controls_open(struct weft_testbed_controls **controls, char why[WEFT_WHY_BYTES])
{
    char path[WEFT_TESTBED_PATH_BYTES];
    struct weft_testbed_controls *made = calloc(1, sizeof(*made));

    if (made == NULL || dl_iterate_phdr(library_match, path) == 0)
        goto fail;
    made->library = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
    if (made->library == NULL || !symbol_take(made->library, WEFT_EMU_LINK, &made->link) ||
        !symbol_take(made->library, WEFT_EMU_BYTES, &made->bytes) ||
        !symbol_take(made->library, WEFT_EMU_NOW, &made->now) ||
        !symbol_take(made->library, WEFT_EMU_SUBMIT_NS, &made->submit_ns))
        goto fail;
    *controls = made;
    return true;
fail:
    (void)snprintf(why, WEFT_WHY_BYTES,
                   "the emulated machine has no controls: %s is not loaded, or is of another build",
                   EMULATOR_FILE);
    if (made != NULL && made->library != NULL)
        (void)dlclose(made->library);
    free(made);
    return false;
}

static void controls_close(struct weft_testbed_controls *controls)
{
    if (controls == NULL)
        return;
    (void)dlclose(controls->library);
    free(controls);
}

/* `*emulated` says whether one of them is. */
static unsigned gpus_count(weftComm_t comm, bool *emulated)
{
    weftDevId_t ids[DEVICES_LISTED];
    int count = DEVICES_LISTED;
    unsigned gpus = 0;

    if (weftDeviceList(comm, ids, &count) != weftSuccess)
        return 0;
    for (int i = 0; i < count; i++) {
        weftDeviceProps_t props;

        if (weftDeviceGetProps(comm, ids[i], &props) != weftSuccess ||
            props.kind != weftDeviceGpu || !props.holdsWindows)
            continue;
        gpus++;
        *emulated = *emulated || props.emulated != 0;
    }
    return gpus;
}

struct weft_topo *weft_testbed_describe(const char *node, unsigned dilation,
                                        char why[WEFT_WHY_BYTES])
{
    struct weft_machine *machine = calloc(1, sizeof(*machine));
    struct weft_topo *topo = calloc(1, sizeof(*topo));
    struct weft_config config;
    bool described = false;

    weft_config_init(&config);
    config.dilation = dilation;
    if (node != NULL)
        weft_text_copy(config.emulate, sizeof(config.emulate), node);
    if (machine == NULL || topo == NULL)
        (void)snprintf(why, WEFT_WHY_BYTES, "no memory for the machine's description");
    else
        described = weft_machine_describe(&config, machine, why) == weftSuccess;
    if (described)
        *topo = machine->topo;
    free(machine);
    if (described)
        return topo;
    free(topo);
    return NULL;
}

/* The home comm carries no transfer: it needs few of a driver's resources. */
static const struct weft_testbed_setting home_settings[] = {
    {"chunks_max", "16"}, {"relay_slots", "2"}, {"relay_slot_bytes", "65536"}};

bool weft_testbed_open(struct weft_testbed *testbed, const char *node, unsigned dilation,
                       char why[WEFT_WHY_BYTES])
{
    return weft_testbed_open_server(testbed, "", node, dilation, why);
}

bool weft_testbed_open_server(struct weft_testbed *testbed, const char *server_id, const char *node,
                              unsigned dilation, char why[WEFT_WHY_BYTES])
{
    bool emulated = false;

    memset(testbed, 0, sizeof(*testbed));
    weft_text_copy(testbed->server_id, sizeof(testbed->server_id), server_id);
    testbed->emulated = node != NULL;
    testbed->dilation = node == NULL ? 1 : dilation != 0 ? dilation : 100;
    weft_text_copy(testbed->node, sizeof(testbed->node), node != NULL ? node : "this machine");
    /* A real machine that cannot be described can still be measured, without a bound. */
    testbed->topo = weft_testbed_describe(node, testbed->dilation, why);
    if (testbed->topo == NULL && node != NULL)
        goto fail;
    if (!weft_testbed_comm(testbed, home_settings, WEFT_ARRAY_COUNT(home_settings), &testbed->home,
                           why))
        goto fail;
    if (testbed->emulated && !controls_open(&testbed->controls, why))
        goto fail;
    testbed->gpu_count = gpus_count(testbed->home, &emulated);
    if (emulated && !testbed->emulated) {
        (void)snprintf(why, WEFT_WHY_BYTES,
                       "the environment asks for an emulated machine (WEFT_EMULATE), whose times "
                       "need care: name it with --node");
        goto fail;
    }
    return true;
fail:
    weft_testbed_close(testbed);
    return false;
}

void weft_testbed_close(struct weft_testbed *testbed)
{
    if (testbed->home != NULL)
        (void)weftCommDestroy(testbed->home);
    controls_close(testbed->controls);
    free(testbed->topo);
    memset(testbed, 0, sizeof(*testbed));
}

bool weft_testbed_device(const struct weft_testbed *testbed, const char *name, weftDevId_t *id,
                         char why[WEFT_WHY_BYTES])
{
    weftDeviceProps_t props;
    weftDevId_t found;
    weftDevId_t ids[DEVICES_LISTED];
    int count = DEVICES_LISTED;
    struct weft_text list;

    if (weftDevIdParse(testbed->home, name, &found) == weftSuccess &&
        weftDeviceGetProps(testbed->home, found, &props) == weftSuccess && props.holdsWindows) {
        *id = found;
        return true;
    }
    weft_text_init(&list, why, WEFT_WHY_BYTES);
    weft_text_add(&list, "'");
    weft_text_add(&list, name);
    weft_text_add(&list, "' is no device of ");
    weft_text_add(&list, testbed->node);
    weft_text_add(&list, " that bytes can be moved to; these are:");
    if (weftDeviceList(testbed->home, ids, &count) != weftSuccess)
        count = 0;
    for (int i = 0; i < count; i++) {
        if (weftDeviceGetProps(testbed->home, ids[i], &props) != weftSuccess || !props.holdsWindows)
            continue;
        weft_text_char(&list, ' ');
        weft_text_add(&list, props.name);
    }
    return false;
}

weft_ns weft_testbed_now(const struct weft_testbed *testbed)
{
    struct timespec now;

    if (testbed->controls != NULL)
        return testbed->controls->now();
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (weft_ns)now.tv_sec * 1000000000u + (weft_ns)now.tv_nsec;
}

void weft_testbed_sleep(const struct weft_testbed *testbed, weft_ns duration_ns)
{
    weft_ns real_ns = weft_max(duration_ns * testbed->dilation, SLEEP_NS_MIN);
    struct timespec rest = {.tv_sec = (time_t)(real_ns / 1000000000u),
                            .tv_nsec = (long)(real_ns % 1000000000u)};

    (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &rest, NULL);
}

bool weft_testbed_link_listed(const struct weft_topo *topo, const char *node, const char *link,
                              char why[WEFT_WHY_BYTES])
{
    struct weft_text list;
    char last[64] = "";

    if (weft_topo_link_find(topo, link) != WEFT_NONE)
        return true;
    weft_text_init(&list, why, WEFT_WHY_BYTES);
    weft_text_add(&list, "'");
    weft_text_add(&list, link);
    weft_text_add(&list, "' is no link of ");
    weft_text_add(&list, node);
    weft_text_add(&list, "; these are:");
    for (uint32_t i = 0; i < topo->link_count; i += 2) {
        char name[64];

        weft_topo_link_name(topo, i, name, sizeof(name));
        if (weft_text_equal(name, last))
            continue;
        weft_text_char(&list, ' ');
        weft_text_add(&list, name);
        weft_text_copy(last, sizeof(last), name);
    }
    return false;
}

bool weft_testbed_link_known(const struct weft_testbed *testbed, const char *link,
                             char why[WEFT_WHY_BYTES])
{
    if (testbed->controls != NULL)
        return weft_testbed_link_listed(testbed->topo, testbed->node, link, why);
    (void)snprintf(why, WEFT_WHY_BYTES,
                   "links can be changed on an emulated machine only: name one with --node");
    return false;
}

bool weft_testbed_link(const struct weft_testbed *testbed, const char *link,
                       enum weft_link_change change, unsigned permille, char why[WEFT_WHY_BYTES])
{
    static const enum weft_emu_link_state states[] = {
        [WEFT_LINK_SCALE] = WEFT_EMU_LINK_UP,        [WEFT_LINK_CUT] = WEFT_EMU_LINK_CUT,
        [WEFT_LINK_HANG] = WEFT_EMU_LINK_HUNG,       [WEFT_LINK_HANG_OUT] = WEFT_EMU_LINK_HUNG_OUT,
        [WEFT_LINK_HANG_IN] = WEFT_EMU_LINK_HUNG_IN, [WEFT_LINK_LOSE] = WEFT_EMU_LINK_LOSSY,
        [WEFT_LINK_DELAY] = WEFT_EMU_LINK_FAR};

    if (!weft_testbed_link_known(testbed, link, why))
        return false;
    return testbed->controls->link(link, states[change], permille, why) == 0;
}

uint64_t weft_testbed_written(const struct weft_testbed *testbed, const char *device)
{
    return testbed->controls == NULL ? 0 : testbed->controls->bytes(device, 1);
}

weft_ns weft_testbed_submit_ns(const struct weft_testbed *testbed)
{
    return testbed->controls == NULL ? 0 : testbed->controls->submit_ns();
}
