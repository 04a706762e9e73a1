/* Pairs: load. */
#include "pair.h"

bool weft_pair_load_began(struct weft_pair *pair)
{
    pair->loads++;
    return pair->loads == 1;
}

void weft_pair_load_ended(struct weft_pair *pair, weft_ns now)
{
    weft_assert(pair->loads > 0);
    pair->loads--;
    pair->load_ended_at = now;
}

bool weft_pair_counts(const struct weft_pair *pair, weft_ns idle_ns, weft_ns now)
{
    if (pair->loads > 0)
        return true;
    return pair->active && now < weft_add_sat(pair->load_ended_at, idle_ns);
}
