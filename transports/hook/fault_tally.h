/* What the rules of a plan have seen and done over all ports of the process, whatever thread calls.
 *
 * What always holds: the wraps of one plan share one tally, so that its N-th call is one call, and
 * not one of each transport. */
#ifndef WEFT_FAULT_TALLY_H
#define WEFT_FAULT_TALLY_H

#include <pthread.h>

#include "fault_plan.h"

struct weft_fault_tally {
    pthread_mutex_t lock; /* guards the two below */
    struct weft_fault_count counts[WEFT_FAULT_RULES_MAX];
    struct weft_prng prng;
};

void weft_fault_tally_init(struct weft_fault_tally *tally, const struct weft_fault_plan *plan);

/* Whether rule number `rule` of the plan acts now. Counts. */
bool weft_fault_tally_hits(struct weft_fault_tally *tally, const struct weft_fault_plan *plan,
                           uint32_t rule);

/* What the next call of a slot other than copy is to return instead of being made; weftSuccess: it
 * is made. Counts. */
weftResult_t weft_fault_tally_decide(struct weft_fault_tally *tally,
                                     const struct weft_fault_plan *plan, enum weft_fault_slot slot);

/* How often its rules have acted. */
uint64_t weft_fault_tally_done(struct weft_fault_tally *tally);

#endif
