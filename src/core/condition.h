/* The condition of a server: which of the links of its description carry less, or more, now than
 * described. A link that is not listed is as described; a rate of 0 says that it is down.
 *
 * Listed by rising link, none twice; what is read from outside is so, or refused. */
#ifndef WEFT_CONDITION_H
#define WEFT_CONDITION_H

#include "../base/base.h"
#include "../base/buf.h"

#define WEFT_CONDITION_LINKS_MAX 256
#define WEFT_CONDITION_BYTES_MAX (2 + WEFT_CONDITION_LINKS_MAX * 6)

struct weft_condition_link {
    uint32_t link; /* by the description */
    uint32_t rate_bytes_per_us;
};

struct weft_condition {
    uint32_t count;
    struct weft_condition_link links[WEFT_CONDITION_LINKS_MAX];
};

/* Lists the link, or takes it off the list where its rate is that of the description. False when
 * that changes nothing, or the list is full. */
bool weft_condition_set(struct weft_condition *condition, uint32_t link, uint64_t rate_bytes_per_us,
                        uint64_t described_bytes_per_us);

/* What the link carries now. */
uint64_t weft_condition_rate(const struct weft_condition *condition, uint32_t link,
                             uint64_t described_bytes_per_us);

void weft_condition_write(const struct weft_condition *condition, struct weft_writer *writer);

/* False: the bytes are no condition; the reader has failed, or `condition` is empty. */
bool weft_condition_read(struct weft_condition *condition, struct weft_reader *reader);

#endif
