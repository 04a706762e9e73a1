/* A fault plan as rules; the grammar is in fault.h. Parsing and matching only: no transport
 * here. */
#ifndef WEFT_FAULT_PLAN_H
#define WEFT_FAULT_PLAN_H

#include "base/base.h"
#include "base/prng.h"

#define WEFT_FAULT_RULES_MAX 16
#define WEFT_FAULT_NAME_MAX  16

enum weft_fault_action {
    WEFT_FAULT_NONE,
    WEFT_FAULT_REFUSE,
    WEFT_FAULT_REJECT,
    WEFT_FAULT_FAIL,
    WEFT_FAULT_SPOIL,
    WEFT_FAULT_ACTIONS
};

struct weft_fault_rule {
    uint32_t every;   /* 0: not given, as for the next three */
    uint32_t nth;     /* counts from 1 */
    uint32_t percent; /* 1 .. 100 */
    uint32_t times;
    char src[WEFT_FAULT_NAME_MAX]; /* empty: every hop */
    char dst[WEFT_FAULT_NAME_MAX];
    enum weft_fault_action action;
};

struct weft_fault_plan {
    uint64_t seed;
    uint32_t rule_count;
    struct weft_fault_rule rules[WEFT_FAULT_RULES_MAX];
    uint32_t delay_polls;
    bool reorder;
};

/* What a rule has seen and done on one port. */
struct weft_fault_count {
    uint64_t seen;
    uint64_t done;
};

/* Fills `plan`. weftInvalidArgument: `why` says where it is wrong, and what is valid. */
weftResult_t weft_fault_plan_parse(const char *text, struct weft_fault_plan *plan, char why[256]);

/* True when the rule is about copies from `src` to `dst`. */
bool weft_fault_rule_covers(const struct weft_fault_rule *rule, const char *src, const char *dst);

/* What happens to the next copy on a lane whose covering rules are the set bits of `rules`.
 * Counts. */
enum weft_fault_action weft_fault_plan_decide(const struct weft_fault_plan *plan, uint32_t rules,
                                              struct weft_fault_count *counts,
                                              struct weft_prng *prng);

#endif
