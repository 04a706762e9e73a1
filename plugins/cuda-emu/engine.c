/* A singly linked queue. What happens to the current copy is the emulator's business. */
#include "engine.h"

void weft_emu_engine_append(struct weft_emu_engine *engine, struct weft_emu_copy *copy)
{
    copy->next = NULL;
    if (engine->first == NULL)
        engine->first = copy;
    else
        engine->last->next = copy;
    engine->last = copy;
}

weft_ns weft_emu_engine_next_at(const struct weft_emu_engine *engine, weft_ns at)
{
    if (engine->current != NULL)
        return weft_max(engine->current->next_at, at);
    if (engine->first != NULL)
        return weft_max(engine->first->ready_at, at);
    return WEFT_NEVER;
}

struct weft_emu_copy *weft_emu_engine_take(struct weft_emu_engine *engine)
{
    struct weft_emu_copy *copy = engine->first;

    weft_assert(engine->current == NULL);
    weft_assert(copy != NULL);
    engine->first = copy->next;
    copy->next = NULL;
    engine->current = copy;
    return copy;
}
