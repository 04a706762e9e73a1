/* Reading a fault plan, and matching by it. */
#include "fault_plan.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define WORD_MAX 64

static const char *const action_names[WEFT_FAULT_ACTIONS] = {
    [WEFT_FAULT_NONE] = "none", [WEFT_FAULT_REFUSE] = "refuse", [WEFT_FAULT_REJECT] = "reject",
    [WEFT_FAULT_FAIL] = "fail", [WEFT_FAULT_SPOIL] = "spoil",   [WEFT_FAULT_HANG] = "hang",
};

static const char *const slot_names[WEFT_FAULT_SLOTS] = {
    [WEFT_FAULT_COPY] = "copy",
    [WEFT_FAULT_PROBE] = "probe",
    [WEFT_FAULT_HOPS] = "hops",
    [WEFT_FAULT_OPEN] = "open",
    [WEFT_FAULT_ALLOC] = "alloc",
    [WEFT_FAULT_PIN] = "pin",
    [WEFT_FAULT_WINDOW_ADD] = "window_add",
    [WEFT_FAULT_EXPORT] = "window_export",
    [WEFT_FAULT_IMPORT] = "window_import",
    [WEFT_FAULT_CONNECT] = "connect",
    [WEFT_FAULT_STORE] = "store",
    [WEFT_FAULT_LOAD] = "load",
    [WEFT_FAULT_STREAM_MARK] = "stream_mark",
    [WEFT_FAULT_STREAM_REACHED] = "stream_reached",
    [WEFT_FAULT_STREAM_HOLD] = "stream_hold",
    [WEFT_FAULT_STREAM_AWAIT] = "stream_await",
};

static const struct {
    const char *name;
    weftResult_t result;
} errors[] = {
    {"cuda", weftUnhandledCudaError},  {"system", weftSystemError},
    {"argument", weftInvalidArgument}, {"usage", weftInvalidUsage},
    {"resource", weftNoResource},      {"timeout", weftTimeout},
    {"unknown", weftUnknown},
};

/* Takes the text up to the next ':', and that; false when it is too long. */
static bool word_take(const char **at, char word[WORD_MAX])
{
    size_t length = strcspn(*at, ":");

    weft_text_copy(word, weft_min(length + 1, WORD_MAX), *at);
    *at += length + 1;
    return length < WORD_MAX;
}

/* What stands behind "key=" in a word, or NULL. */
static const char *value_of(const char *word, const char *key)
{
    if (!weft_text_starts(word, key))
        return NULL;
    word += strlen(key);
    return *word == '=' ? word + 1 : NULL;
}

/* Reads "key=number" with a number of 1 to `most`. */
static bool number_read(const char *word, const char *key, uint32_t most, uint32_t *number)
{
    const char *at = value_of(word, key);
    uint64_t value = 0;

    for (; at != NULL && *at != '\0'; at++) {
        if (*at < '0' || *at > '9' || value > most)
            return false;
        value = value * 10 + (uint64_t)(*at - '0');
    }
    if (value == 0 || value > most)
        return false;
    *number = (uint32_t)value;
    return true;
}

/* Reads "hop=gpu1>dram0". */
static bool hop_read(const char *word, struct weft_fault_rule *rule)
{
    const char *src = value_of(word, "hop");
    const char *arrow = src == NULL ? NULL : strchr(src, '>');
    size_t src_length;

    if (arrow == NULL)
        return false;
    src_length = (size_t)(arrow - src);
    if (src_length == 0 || src_length >= WEFT_FAULT_NAME_MAX || arrow[1] == '\0' ||
        strlen(arrow + 1) >= WEFT_FAULT_NAME_MAX)
        return false;
    memcpy(rule->src, src, src_length);
    rule->src[src_length] = '\0';
    weft_text_copy(rule->dst, sizeof(rule->dst), arrow + 1);
    return true;
}

static bool selector_read(const char *word, struct weft_fault_rule *rule)
{
    if (number_read(word, "every", UINT32_MAX, &rule->every) ||
        number_read(word, "nth", UINT32_MAX, &rule->nth) ||
        number_read(word, "from", UINT32_MAX, &rule->from) ||
        number_read(word, "percent", 100, &rule->percent) ||
        number_read(word, "times", UINT32_MAX, &rule->times))
        return true;
    if (rule->slot != WEFT_FAULT_COPY)
        return false;
    if (strcmp(word, "together") == 0)
        rule->together = true;
    return rule->together || hop_read(word, rule);
}

static bool action_read(const char *word, struct weft_fault_rule *rule)
{
    for (int action = WEFT_FAULT_REFUSE; action < WEFT_FAULT_ACTIONS; action++)
        if (strcmp(word, action_names[action]) == 0) {
            rule->action = (enum weft_fault_action)action;
            return true;
        }
    return false;
}

static bool error_read(const char *word, struct weft_fault_rule *rule)
{
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(errors); i++)
        if (strcmp(word, errors[i].name) == 0) {
            rule->result = errors[i].result;
            return true;
        }
    return false;
}

static bool slot_read(const char *word, struct weft_fault_rule *rule)
{
    for (int slot = 0; slot < WEFT_FAULT_SLOTS; slot++)
        if (strcmp(word, slot_names[slot]) == 0) {
            rule->slot = (enum weft_fault_slot)slot;
            rule->together = slot != WEFT_FAULT_COPY;
            return true;
        }
    return false;
}

/* Reads a slot, selectors, and what happens. What is wrong is in `word`. */
static bool rule_read(const char *at, struct weft_fault_rule *rule, char word[WORD_MAX])
{
    const char *colon = strrchr(at, ':');
    const char *last = colon == NULL ? at : colon + 1;

    if (colon == NULL || !word_take(&at, word) || !slot_read(word, rule))
        return false;
    while (at < last)
        if (!word_take(&at, word) || !selector_read(word, rule))
            return false;
    weft_text_copy(word, WORD_MAX, last);
    return rule->slot == WEFT_FAULT_COPY ? action_read(word, rule) : error_read(word, rule);
}

static bool item_read(const char *item, struct weft_fault_plan *plan, char word[WORD_MAX])
{
    uint32_t seed;

    weft_text_copy(word, WORD_MAX, item);
    if (number_read(item, "seed", UINT32_MAX, &seed)) {
        plan->seed = seed;
        return true;
    }
    if (strcmp(item, "poll:reorder") == 0) {
        plan->reorder = true;
        return true;
    }
    if (strncmp(item, "poll:", 5) == 0)
        return number_read(item + 5, "delay", 1000000, &plan->delay_polls);
    if (plan->rule_count == WEFT_FAULT_RULES_MAX)
        return false;
    return rule_read(item, &plan->rules[plan->rule_count++], word);
}

weftResult_t weft_fault_plan_parse(const char *text, struct weft_fault_plan *plan, char why[256])
{
    const char *at = text;
    char item[WORD_MAX * 4] = "";

    memset(plan, 0, sizeof(*plan));
    plan->seed = 1;
    while (*at != '\0') {
        char word[WORD_MAX] = "";
        size_t length = strcspn(at, ";");

        weft_text_copy(item, weft_min(sizeof(item), length + 1), at);
        if (length >= sizeof(item) || !item_read(item, plan, word)) {
            snprintf(
                why, 256,
                "fault plan: \"%.24s\" in \"%.40s\" is not understood; valid: seed=N, "
                "poll:delay=N, poll:reorder, copy[:SELECTOR]...:refuse|reject|fail|spoil|hang, "
                "SLOT[:SELECTOR]...:ERROR as in hook/fault.h, at most %d",
                length >= sizeof(item) ? "too long" : word, item, WEFT_FAULT_RULES_MAX);
            return weftInvalidArgument;
        }
        at += length;
        if (*at != '\0')
            at++;
    }
    return weftSuccess;
}

bool weft_fault_rule_covers(const struct weft_fault_rule *rule, const char *src, const char *dst)
{
    if (rule->src[0] == '\0')
        return true;
    return weft_text_equal(rule->src, src) && weft_text_equal(rule->dst, dst);
}

bool weft_fault_rule_hits(const struct weft_fault_rule *rule, struct weft_fault_count *count,
                          struct weft_prng *prng)
{
    count->seen++;
    if (rule->times != 0 && count->done >= rule->times)
        return false;
    if (rule->every != 0 && count->seen % rule->every != 0)
        return false;
    if (rule->nth != 0 && count->seen != rule->nth)
        return false;
    if (count->seen < rule->from)
        return false;
    if (rule->percent != 0 && !weft_prng_chance(prng, rule->percent))
        return false;
    count->done++;
    return true;
}
