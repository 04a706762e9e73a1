/* Points and their series; see point.h. */
#include "point.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "driver.h"
#include "hook/fault.h"
#include "wrap.h"

static const struct {
    const char *name;
    const char *faults; /* words, with a blank between them */
} kinds[SWEEP_KINDS] = {
#define KIND(name, faults) {#name, faults},
#include "kinds.def"
#undef KIND
};

const char *sweep_kind_name(enum sweep_kind kind)
{
    return kinds[kind].name;
}

enum sweep_kind sweep_kind_find(const char *name)
{
    for (int kind = 0; kind < SWEEP_KINDS; kind++)
        if (strcmp(kinds[kind].name, name) == 0)
            return (enum sweep_kind)kind;
    return SWEEP_KINDS;
}

/* Takes word number `index` of `words`; false when there are fewer. */
static bool word_find(const char *words, uint32_t index, char word[16])
{
    while (index > 0 && *words != '\0')
        index -= *words++ == ' ';
    weft_text_copy(word, weft_min(16, strcspn(words, " ") + 1), words);
    return word[0] != '\0';
}

bool sweep_point_stalls(const struct sweep_point *point)
{
    bool is_of_copies = point->kind == SWEEP_KIND_copy || point->kind == SWEEP_KIND_driver;

    return strcmp(point->fault, "hang") == 0 || (is_of_copies && point->onwards);
}

uint32_t sweep_fault_count(enum sweep_kind kind)
{
    uint32_t count = 0;
    char word[16];

    while (word_find(kinds[kind].faults, count, word))
        count++;
    return count;
}

static bool is_sparse(enum sweep_kind kind, bool onwards)
{
    return onwards && kind != SWEEP_KIND_allocation;
}

bool sweep_point_set(enum sweep_kind kind, bool onwards, uint32_t nth, uint32_t fault,
                     struct sweep_point *point)
{
    uint32_t each_max = is_sparse(kind, onwards) ? 1 : SWEEP_EACH_MAX;

    *point = (struct sweep_point){.kind = kind, .onwards = onwards, .nth = nth};
    return word_find(kinds[kind].faults, fault, point->fault) &&
           (nth <= each_max || nth % sweep_fault_count(kind) == fault);
}

uint32_t sweep_nth_next(enum sweep_kind kind, bool onwards, uint32_t nth)
{
    if (is_sparse(kind, onwards))
        return nth + 1 + nth / 4;
    if (nth < SWEEP_ALL_MAX)
        return nth + 1;
    return nth + 2 + (nth - SWEEP_ALL_MAX) / 4;
}

void sweep_point_write(const struct sweep_point *point, char text[SWEEP_POINT_BYTES])
{
    snprintf(text, SWEEP_POINT_BYTES, "%s:%s:%s=%u", kinds[point->kind].name, point->fault,
             point->onwards ? "from" : "nth", point->nth);
}

bool sweep_point_read(const char *text, struct sweep_point *point)
{
    char kind[16];
    char mode[8];
    char word[16];
    char end;

    if (sscanf(text, "%15[^:]:%15[^:]:%7[^=]=%u%c", kind, point->fault, mode, &point->nth, &end) !=
            4 ||
        point->nth == 0 || (strcmp(mode, "nth") != 0 && strcmp(mode, "from") != 0))
        return false;
    point->onwards = strcmp(mode, "from") == 0;
    point->kind = sweep_kind_find(kind);
    for (uint32_t i = 0;
         point->kind != SWEEP_KINDS && word_find(kinds[point->kind].faults, i, word); i++)
        if (strcmp(word, point->fault) == 0)
            return true;
    return false;
}

static void plan_write(const struct sweep_point *point, char plan[SWEEP_POINT_BYTES])
{
    snprintf(plan, SWEEP_POINT_BYTES, "%s:%s%s=%u:%s", kinds[point->kind].name,
             point->kind == SWEEP_KIND_copy ? "together:" : "", point->onwards ? "from" : "nth",
             point->nth, point->fault);
}

void sweep_point_arm(const struct sweep_point *point, char plan[SWEEP_POINT_BYTES])
{
    plan[0] = '\0';
    if (point->kind == SWEEP_KIND_driver)
        sweep_driver_error_set(point->fault);
    if (point->kind < (int)SWEEP_WRAPS)
        sweep_wrap_arm((enum sweep_wrap)point->kind, point->nth, point->onwards);
    else
        plan_write(point, plan);
}

bool sweep_point_disarm(const struct sweep_point *point)
{
    char plan[SWEEP_POINT_BYTES];

    if (point->kind < (int)SWEEP_WRAPS)
        return sweep_wrap_disarm() > 0;
    plan_write(point, plan);
    return weft_fault_done(plan) > 0;
}
