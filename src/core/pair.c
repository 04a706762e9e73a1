/* Pairs: load. */
#include "pair.h"

static void check(const struct weft_pair *pair)
{
    weft_assert(pair->loads > 0 || pair->load_bytes == 0);
}

bool weft_pair_load_began(struct weft_pair *pair, uint64_t bytes)
{
    pair->loads++;
    pair->load_bytes += bytes;
    return pair->loads == 1;
}

void weft_pair_load_moved(struct weft_pair *pair, uint64_t bytes)
{
    weft_assert(pair->load_bytes >= bytes);
    pair->load_bytes -= bytes;
}

bool weft_pair_load_ended(struct weft_pair *pair, uint64_t bytes)
{
    weft_assert(pair->loads > 0);
    weft_pair_load_moved(pair, bytes);
    pair->loads--;
    check(pair);
    return pair->loads == 0;
}
