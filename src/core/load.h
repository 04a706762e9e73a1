/* Load: what plans take of a link, told between the engines of processes that share a server.
 *
 * What an engine's plan gives its paths is what it may take now, whoever is in its way: so an owner
 * whose link is borrowed by another process is seen with all that is his, and gets it back. */
#ifndef WEFT_LOAD_H
#define WEFT_LOAD_H

#include "../base/base.h"

#define WEFT_LOAD_BYTES_PER_US_MAX (UINT64_C(1) << 32) /* more is taken for this */

struct weft_load {
    uint64_t own_bytes_per_us;  /* by paths that use the engines of their own ends alone */
    uint64_t lent_bytes_per_us; /* by paths that borrow another device's */
};

#endif
