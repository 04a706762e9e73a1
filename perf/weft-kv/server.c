/* Opening and closing a server, and the layout of its area. */
#include "server.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/text.h"

#define AREA_DEVICE       "dram0"
#define AREA_BYTES        (WEFT_KV_SEATS_MAX * WEFT_KV_PARTS_MAX * sizeof(struct weft_kv_place))
#define DILATION_LOAD     800 /* two cores must carry all NICs' bytes, seal them and check them */
#define DILATION_SATURATE 1000
/* Real time, whatever the dilation: of a transfer, and of the comm's end with a hung peer. */
#define DEADLINE_REAL_MS  30000
#define ABORT_REAL_MS     5000
/* Two emulated servers on few cores: a lane that stands still for the default is not dead. */
#define SILENCE_REAL_MS   "2000"

static unsigned dilation_of(const struct weft_kv_options *options)
{
    if (options->dilation != 0)
        return options->dilation;
    return options->saturate ? DILATION_SATURATE : DILATION_LOAD;
}

static bool area_open(struct weft_kv_server *server, char why[WEFT_WHY_BYTES])
{
    void *memory;
    weftDevId_t device;

    if (!weft_testbed_device(&server->testbed, AREA_DEVICE, &device, why))
        return false;
    if (weftMemAlloc(server->testbed.home, device, AREA_BYTES, &memory) != weftSuccess) {
        weft_text_copy(why, WEFT_WHY_BYTES, weftGetLastError(server->testbed.home));
        return false;
    }
    server->area = memory;
    return true;
}

bool weft_kv_server_open(struct weft_kv_server *server, const struct weft_kv_options *options,
                         const char *id, uint64_t seed, char why[WEFT_WHY_BYTES])
{
    memset(server, 0, sizeof(*server));
    server->options = options;
    server->id = id;
    if (weft_testbed_open(&server->testbed, options->node, dilation_of(options), why) &&
        weft_kv_store_init(&server->store, &server->testbed, options, seed, why) &&
        area_open(server, why)) {
        server->part_count =
            options->per_layer ? weft_kv_model_layers(options->model, &server->store.shape) : 1;
        return true;
    }
    weft_kv_server_close(server);
    return false;
}

void weft_kv_server_close(struct weft_kv_server *server)
{
    weft_kv_server_leave(server);
    if (server->area != NULL)
        (void)weftMemFree(server->testbed.home, server->area);
    weft_kv_store_fini(&server->store);
    weft_testbed_close(&server->testbed);
    memset(server, 0, sizeof(*server));
}

/* The machine's time that lasts so long in real time, as a setting. */
static void setting_ms(const struct weft_kv_server *server, uint64_t real_ms,
                       char text[WEFT_UNIT_BYTES])
{
    (void)snprintf(text, WEFT_UNIT_BYTES, "%llu",
                   (unsigned long long)weft_max(real_ms / server->testbed.dilation, 1));
}

static bool comm_open(struct weft_kv_server *server, const char *sched, char why[WEFT_WHY_BYTES])
{
    char deadline_ms[WEFT_UNIT_BYTES];
    char abort_ms[WEFT_UNIT_BYTES];
    struct weft_testbed_setting settings[] = {
        {"net", "tcp"},
        {"server_id", server->id},
        {"timeout_ms", deadline_ms},
        {"abort_ms", abort_ms},
        {"net_silence_ms", SILENCE_REAL_MS},
        {"sched", sched}, /* the last one: it may be left out */
    };
    size_t count = WEFT_ARRAY_COUNT(settings) - (sched == NULL);

    setting_ms(server, DEADLINE_REAL_MS, deadline_ms);
    setting_ms(server, ABORT_REAL_MS, abort_ms);
    return weft_testbed_comm(&server->testbed, settings, count, &server->comm, why);
}

bool weft_kv_server_join(struct weft_kv_server *server, const char *sched, char why[WEFT_WHY_BYTES])
{
    bool good = comm_open(server, sched, why);
    weftDevId_t device;

    memset(server->area, 0, AREA_BYTES);
    for (uint32_t i = 0; good && i < server->store.gpu_count; i++)
        good = weft_kv_pool_register(server->comm, &server->store.gpus[i], &server->gpus[i], why);
    if (good && (weftDevIdParse(server->comm, AREA_DEVICE, &device) != weftSuccess ||
                 weftWindowRegister(server->comm, device, server->area, AREA_BYTES,
                                    WEFT_WIN_DEFAULT, &server->words) != weftSuccess)) {
        weft_text_copy(why, WEFT_WHY_BYTES, weftGetLastError(server->comm));
        good = false;
    }
    if (good && !weft_kv_store_reset(&server->store)) {
        (void)snprintf(why, WEFT_WHY_BYTES, "no memory for the cache's tables");
        good = false;
    }
    if (!good)
        weft_kv_server_leave(server);
    return good;
}

void weft_kv_server_leave(struct weft_kv_server *server)
{
    /* The comm's end is that of its windows, and waits once for whatever hangs. */
    if (server->comm != NULL)
        (void)weftCommDestroy(server->comm);
    memset(server->gpus, 0, sizeof(server->gpus));
    server->words = NULL;
    server->comm = NULL;
}

size_t weft_kv_server_word_at(uint32_t seat, uint32_t part)
{
    weft_assert(seat < WEFT_KV_SEATS_MAX);
    weft_assert(part < WEFT_KV_PARTS_MAX);
    return ((size_t)seat * WEFT_KV_PARTS_MAX + part) * sizeof(struct weft_kv_place) +
           offsetof(struct weft_kv_place, word);
}

size_t weft_kv_server_checksum_at(uint32_t seat, uint32_t part)
{
    return weft_kv_server_word_at(seat, part) - offsetof(struct weft_kv_place, word) +
           offsetof(struct weft_kv_place, checksum);
}

struct weft_kv_place *weft_kv_server_place(const struct weft_kv_server *server, uint32_t seat,
                                           uint32_t part)
{
    return &server->area[(size_t)seat * WEFT_KV_PARTS_MAX + part];
}

struct weft_kv_span weft_kv_server_span(const struct weft_kv_server *server, uint32_t part)
{
    uint32_t pages = server->store.shape.page_count;
    uint32_t first = pages * part / server->part_count;

    return (struct weft_kv_span){first, pages * (part + 1) / server->part_count - first};
}

uint64_t weft_kv_server_pattern(uint64_t key, uint64_t run)
{
    return weft_hash_word(weft_hash_word(WEFT_HASH_SEED, key), run);
}

bool weft_kv_server_checksum(const struct weft_kv_server *server, uint32_t gpu,
                             const uint32_t *slots, uint32_t count, uint32_t part,
                             uint64_t *checksum)
{
    struct weft_kv_span span = weft_kv_server_span(server, part);
    uint64_t sum = WEFT_HASH_SEED;

    for (uint32_t i = 0; i < count; i++)
        if (!weft_kv_pool_checksum_pages(&server->store, &server->store.gpus[gpu], slots[i],
                                         span.first, span.count, &sum))
            return false;
    *checksum = sum;
    return true;
}
