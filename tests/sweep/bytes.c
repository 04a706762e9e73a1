/* What lies in the slots of areas: patterns, and guards where nothing may land; see scene.h. */
#include <string.h>

#include "report.h"
#include "scene.h"

#define GUARD 0xa5

_Alignas(PAGE_BYTES) unsigned char sweep_page[PAGE_BYTES];

static const char *const slot_names[SLOTS] = {
    [SLOT_CHAIN] = "chain",
    [SLOT_HOST] = "host",
    [SLOT_LIST] = "list",
    [SLOT_BLOCKS] = "blocks",
    [SLOT_SIGNAL] = "signal",
    [SLOT_GROUP] = "group",
    [SLOT_FLUSH] = "flush",
    [SLOT_STREAM_PUT] = "stream put",
    [SLOT_STREAM_GET] = "stream get",
    [SLOT_STREAM_GROUP] = "stream group",
    [SLOT_IMPORT] = "import",
    [SLOT_CANCEL] = "cancel",
    [SLOT_ABORT] = "abort",
};

static uint64_t pattern(enum sweep_slot slot, size_t i)
{
    return (i + 1) * 0x9e3779b97f4a7c15u ^ ((uint64_t)slot + 1) * 0xbf58476d1ce4e5b9u;
}

static uint64_t *words_of(const struct sweep_area *area, enum sweep_slot slot)
{
    return (uint64_t *)(void *)(area->base + (size_t)slot * SLOT_BYTES);
}

void sweep_fill(struct sweep_area *area, enum sweep_slot slot)
{
    uint64_t *words = words_of(area, slot);

    for (size_t i = 0; i < SLOT_BYTES / sizeof(*words); i++)
        words[i] = pattern(slot, i);
}

void sweep_settle(struct sweep_area *area, enum sweep_slot slot, weftResult_t result)
{
    const uint64_t *words = words_of(area, slot);

    if (result == weftUnknown)
        return;
    if (result != weftSuccess) {
        memset(area->base + (size_t)slot * SLOT_BYTES, GUARD, SLOT_BYTES);
        area->guarded[slot] = true;
        return;
    }
    for (size_t i = 0; i < SLOT_BYTES / sizeof(*words); i++)
        if (words[i] != pattern(slot, i))
            sweep_complain("the transfer of \"%s\" gave weftSuccess, but the 8 bytes at %zu are "
                           "wrong",
                           slot_names[slot], i * sizeof(*words));
}

static bool is_untouched(const unsigned char *bytes)
{
    /* All are as the first one, and that is as it should be. */
    return bytes[0] == GUARD && memcmp(bytes, bytes + 1, SLOT_BYTES - 1) == 0;
}

void sweep_check_guards(const struct sweep_scene *scene)
{
    for (int i = 0; i < AREAS; i++) {
        const struct sweep_area *area = &scene->areas[i];

        for (int slot = 0; slot < SLOTS; slot++)
            if (area->guarded[slot] && !is_untouched(area->base + (size_t)slot * SLOT_BYTES))
                sweep_complain("a byte of the transfer of \"%s\" landed after it had ended badly",
                               slot_names[slot]);
    }
}
