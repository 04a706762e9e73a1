/* Pairs: load. */
#include "pair.h"

bool weft_pair_load_began(struct weft_pair *pair)
{
    pair->loads++;
    return pair->loads == 1;
}

bool weft_pair_load_ended(struct weft_pair *pair)
{
    weft_assert(pair->loads > 0);
    pair->loads--;
    return pair->loads == 0;
}
