/* Shared means of the API's tests; see conform.h. */
#include "conform.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "api/comm.h"

static const char *const defaults[][2] = {
    {"emulate", "hgx-h100"}, {"dilation", "20"},   {"timeout_ms", "400"},
    {"abort_ms", "50"},      {"relay_slots", "4"}, {"log", "error"},
};

static void set_all(weftConfig_t config, const char *name, va_list more)
{
    for (; name != NULL; name = va_arg(more, const char *))
        SUCCEED(weftConfigSet(config, name, va_arg(more, const char *)));
}

static weftConfig_t make_config(const char *name, va_list more)
{
    weftConfig_t config;

    SUCCEED(weftConfigCreate(&config));
    for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
        SUCCEED(weftConfigSet(config, defaults[i][0], defaults[i][1]));
    set_all(config, name, more);
    return config;
}

weftConfig_t conform_config(const char *name, ...)
{
    va_list more;
    weftConfig_t config;

    va_start(more, name);
    config = make_config(name, more);
    va_end(more);
    return config;
}

weftComm_t conform_comm(const char *name, ...)
{
    va_list more;
    weftConfig_t config;
    weftComm_t comm;

    va_start(more, name);
    config = make_config(name, more);
    va_end(more);
    SUCCEED(weftCommInit(&comm, config));
    SUCCEED(weftConfigDestroy(config));
    return comm;
}

void conform_close(weftComm_t comm)
{
    SUCCEED(weftCommFinalize(comm));
    SUCCEED(weftCommDestroy(comm));
}

weftDevId_t conform_device(weftComm_t comm, const char *name)
{
    weftDevId_t id;

    SUCCEED(weftDevIdParse(comm, name, &id));
    return id;
}

void conform_area(weftComm_t comm, const char *device, size_t size, struct area *area)
{
    weftDevId_t id = conform_device(comm, device);
    void *memory;

    SUCCEED(weftMemAlloc(comm, id, size, &memory));
    area->comm = comm;
    area->base = memory;
    area->size = size;
    SUCCEED(weftWindowRegister(comm, id, memory, size, WEFT_WIN_DEFAULT, &area->window));
}

/* For what touches a buffer of these tests alone: looked at byte by byte it would take minutes. */
#define UNWATCHED __attribute__((no_sanitize("thread", "address", "undefined")))

#define PATTERN_BYTES 4096u

UNWATCHED static inline unsigned char byte_of(uint32_t seed, size_t i)
{
    uint64_t word = (i + 1) * 0x9e3779b97f4a7c15u ^ seed * 0xbf58476d1ce4e5b9u;

    return (unsigned char)(word >> 33);
}

unsigned char conform_byte(uint32_t seed, size_t i)
{
    return byte_of(seed, i);
}

UNWATCHED static void pattern_make(unsigned char pattern[PATTERN_BYTES], uint32_t seed, size_t from)
{
    for (size_t i = 0; i < PATTERN_BYTES; i++)
        pattern[i] = byte_of(seed, from + i);
}

void conform_fill(const struct area *area, size_t offset, size_t size, uint32_t seed)
{
    unsigned char pattern[PATTERN_BYTES];

    for (size_t i = 0; i < size; i += PATTERN_BYTES) {
        pattern_make(pattern, seed, i);
        memcpy(area->base + offset + i, pattern, weft_min(size - i, PATTERN_BYTES));
    }
}

static void tell_wrong(const struct area *area, size_t offset, size_t size, uint32_t seed)
{
    for (size_t i = 0; i < size; i++) {
        if (area->base[offset + i] == conform_byte(seed, i))
            continue;
        cr_log_error("byte %zu of %zu is %u, not %u", i, size, area->base[offset + i],
                     conform_byte(seed, i));
        return;
    }
}

bool conform_holds(const struct area *area, size_t offset, size_t size, uint32_t seed)
{
    unsigned char pattern[PATTERN_BYTES];

    for (size_t i = 0; i < size; i += PATTERN_BYTES) {
        pattern_make(pattern, seed, i);
        if (memcmp(area->base + offset + i, pattern, weft_min(size - i, PATTERN_BYTES)) == 0)
            continue;
        tell_wrong(area, offset, size, seed);
        return false;
    }
    return true;
}

static void move_and_wait(const struct area *dst, const struct area *src, size_t size)
{
    weftRequest_t request;

    SUCCEED(weftCopy(dst->window, 0, src->window, 0, size, dst->comm, NULL, &request));
    SUCCEED(weftWait(&request, WEFT_TIMEOUT_DEFAULT));
}

void conform_move_when_up(const struct area *dst, const struct area *src, size_t size)
{
    weftResult_t result;

    do {
        weftRequest_t request;

        SUCCEED(weftCopy(dst->window, 0, src->window, 0, size, dst->comm, NULL, &request));
        result = weftWait(&request, WEFT_TIMEOUT_DEFAULT);
    } while (result == weftRemoteError);
    EXPECT(result, weftSuccess);
}

void conform_fill_by(const struct area *area, const struct area *stage, size_t size, uint32_t seed)
{
    conform_fill(stage, 0, size, seed);
    move_and_wait(area, stage, size);
}

bool conform_holds_by(const struct area *area, const struct area *stage, size_t size, uint32_t seed)
{
    memset(stage->base, 0, size);
    move_and_wait(stage, area, size);
    return conform_holds(stage, 0, size, seed);
}

void *conform_driver(weftComm_t comm, const char *name)
{
    const char *path = weft_comm_find(comm)->loop->machine->emulation.driver;
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *function;

    cr_assert_not_null(library, "%s: %s", path, dlerror());
    function = dlsym(library, name);
    cr_assert_not_null(function, "%s has no %s", path, name);
    return function;
}

void conform_link(weftComm_t comm, const char *link, enum weft_emu_link_state state,
                  unsigned permille)
{
    void *symbol = conform_driver(comm, WEFT_EMU_LINK);
    weft_emu_link_fn *set;
    char why[WEFT_EMU_WHY_BYTES] = "";

    memcpy(&set, &symbol, sizeof(set));
    cr_assert_eq(set(link, state, permille, why), 0, "%s: %s", link, why);
}
