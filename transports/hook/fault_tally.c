/* Counting over all ports; see fault_tally.h. */
#include "fault_tally.h"

void weft_fault_tally_init(struct weft_fault_tally *tally, const struct weft_fault_plan *plan)
{
    pthread_mutex_init(&tally->lock, NULL);
    weft_prng_init(&tally->prng, plan->seed);
}

bool weft_fault_tally_hits(struct weft_fault_tally *tally, const struct weft_fault_plan *plan,
                           uint32_t rule)
{
    bool hits;

    pthread_mutex_lock(&tally->lock);
    hits = weft_fault_rule_hits(&plan->rules[rule], &tally->counts[rule], &tally->prng);
    pthread_mutex_unlock(&tally->lock);
    return hits;
}

weftResult_t weft_fault_tally_decide(struct weft_fault_tally *tally,
                                     const struct weft_fault_plan *plan, enum weft_fault_slot slot)
{
    for (uint32_t i = 0; i < plan->rule_count; i++)
        if (plan->rules[i].slot == slot && weft_fault_tally_hits(tally, plan, i))
            return plan->rules[i].result;
    return weftSuccess;
}

uint64_t weft_fault_tally_done(struct weft_fault_tally *tally)
{
    uint64_t done = 0;

    pthread_mutex_lock(&tally->lock);
    for (uint32_t i = 0; i < WEFT_FAULT_RULES_MAX; i++)
        done += tally->counts[i].done;
    pthread_mutex_unlock(&tally->lock);
    return done;
}
