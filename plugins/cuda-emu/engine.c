/* A singly linked queue. What happens to the current copy is the emulator's business. */
#include "engine.h"

void weft_emu_engine_append(struct weft_emu_engine *engine, struct weft_emu_copy *copy, weft_ns at)
{
    copy->asked_at = at;
    copy->next = NULL;
    if (engine->first == NULL)
        engine->first = copy;
    else
        engine->last->next = copy;
    engine->last = copy;
}

void weft_emu_engine_ask(const struct weft_emu_engine *engine, struct weft_emu_arbiter *arbiter,
                         uint32_t seat)
{
    const struct weft_emu_copy *copy = engine->first;
    struct weft_emu_request none = {WEFT_NEVER, WEFT_NEVER};

    arbiter->requests[seat] =
        copy == NULL ? none : (struct weft_emu_request){copy->asked_at, copy->ready_at};
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

void weft_emu_engine_put_back(struct weft_emu_engine *engine)
{
    struct weft_emu_copy *copy = engine->current;

    weft_assert(copy != NULL);
    engine->current = NULL;
    copy->next = engine->first;
    if (engine->first == NULL)
        engine->last = copy;
    engine->first = copy;
}
