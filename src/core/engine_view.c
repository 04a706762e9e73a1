/* What the engine shows of its tables to who looks at it for people; it changes nothing. */
#include "tables.h"

const struct weft_pair *weft_engine_pair_at(const struct weft_engine *engine, uint32_t index)
{
    return index < engine->pair_count ? &engine->pairs[index] : NULL;
}

const struct weft_path *weft_engine_path_at(const struct weft_engine *engine, uint32_t index)
{
    return index < engine->path_count ? &engine->paths[index] : NULL;
}

const struct weft_lane *weft_engine_lane_at(const struct weft_engine *engine, uint32_t hop)
{
    return hop < engine->lane_count ? &engine->lanes[hop] : NULL;
}

const struct weft_relay *weft_engine_relay_at(const struct weft_engine *engine, uint32_t device)
{
    if (device >= engine->topo->device_count || engine->relays[device].window == WEFT_NONE)
        return NULL;
    return &engine->relays[device];
}
