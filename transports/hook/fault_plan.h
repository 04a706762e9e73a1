/* A fault plan as rules; the grammar is in fault.h. Parsing and matching only: no transport
 * here. */
#ifndef WEFT_FAULT_PLAN_H
#define WEFT_FAULT_PLAN_H

#include "base/base.h"
#include "base/prng.h"

#define WEFT_FAULT_RULES_MAX 16
#define WEFT_FAULT_NAME_MAX  16

/* The slots of a transport that rules are about. */
enum weft_fault_slot {
    WEFT_FAULT_COPY,
    WEFT_FAULT_PROBE,
    WEFT_FAULT_HOPS,
    WEFT_FAULT_OPEN,
    WEFT_FAULT_ALLOC,
    WEFT_FAULT_PIN,
    WEFT_FAULT_WINDOW_ADD,
    WEFT_FAULT_EXPORT,
    WEFT_FAULT_IMPORT,
    WEFT_FAULT_CONNECT,
    WEFT_FAULT_STORE,
    WEFT_FAULT_LOAD,
    WEFT_FAULT_STREAM_MARK,
    WEFT_FAULT_STREAM_REACHED,
    WEFT_FAULT_STREAM_HOLD,
    WEFT_FAULT_STREAM_AWAIT,
    WEFT_FAULT_SLOTS
};

/* What becomes of a copy. */
enum weft_fault_action {
    WEFT_FAULT_NONE,
    WEFT_FAULT_REFUSE,
    WEFT_FAULT_REJECT,
    WEFT_FAULT_FAIL,
    WEFT_FAULT_SPOIL,
    WEFT_FAULT_HANG,
    WEFT_FAULT_ACTIONS
};

struct weft_fault_rule {
    enum weft_fault_slot slot;
    bool together;  /* counts over all ports; always so for other slots than copy */
    uint32_t every; /* 0: not given, as for the next four */
    uint32_t nth;   /* counts from 1, as the next one */
    uint32_t from;
    uint32_t percent; /* 1 .. 100 */
    uint32_t times;
    char src[WEFT_FAULT_NAME_MAX]; /* empty: every hop */
    char dst[WEFT_FAULT_NAME_MAX];
    enum weft_fault_action action; /* of a copy */
    weftResult_t result;           /* of a call of another slot */
};

struct weft_fault_plan {
    uint64_t seed;
    uint32_t rule_count;
    struct weft_fault_rule rules[WEFT_FAULT_RULES_MAX];
    uint32_t delay_polls;
    bool reorder;
};

/* What a rule has seen and done, on one port or on all. */
struct weft_fault_count {
    uint64_t seen;
    uint64_t done;
};

/* Fills `plan`. weftInvalidArgument: `why` says where it is wrong, and what is valid. */
weftResult_t weft_fault_plan_parse(const char *text, struct weft_fault_plan *plan, char why[256]);

/* True when the rule is about copies from `src` to `dst`. */
bool weft_fault_rule_covers(const struct weft_fault_rule *rule, const char *src, const char *dst);

/* Whether the rule acts on the call or copy that has come to it. Counts. */
bool weft_fault_rule_hits(const struct weft_fault_rule *rule, struct weft_fault_count *count,
                          struct weft_prng *prng);

#endif
