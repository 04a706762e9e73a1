/* Points: one fault at one place.
 *
 *      KIND:FAULT:nth=N        the N-th call of its kind fails so
 *      KIND:FAULT:from=N       and all later ones
 *
 * A series is all points of a kind with "nth", or with "from"; it ends with the first N that no
 * run reaches. Up to SWEEP_EACH_MAX it has each N with every fault of its kind, up to SWEEP_ALL_MAX
 * each N with one of them in turn, after that fewer and fewer N. A series of "from", whose
 * neighbours tell nearly the same, has fewer N from the beginning (but for allocations, which cost
 * little). */
#ifndef SWEEP_POINT_H
#define SWEEP_POINT_H

#include <stdbool.h>
#include <stdint.h>

#define SWEEP_POINT_BYTES 64
#define SWEEP_EACH_MAX    16u
#define SWEEP_ALL_MAX     50u

enum sweep_kind {
#define KIND(name, faults) SWEEP_KIND_##name,
#include "kinds.def"
#undef KIND
    SWEEP_KINDS
};

struct sweep_point {
    enum sweep_kind kind;
    char fault[16];
    bool onwards;
    uint32_t nth; /* counts from 1 */
};

const char *sweep_kind_name(enum sweep_kind kind);

/* The kind of a name, or SWEEP_KINDS. */
enum sweep_kind sweep_kind_find(const char *name);

/* Sets the point with fault number `fault`; false when its series leaves it out. */
bool sweep_point_set(enum sweep_kind kind, bool onwards, uint32_t nth, uint32_t fault,
                     struct sweep_point *point);

/* How many faults a kind has. */
uint32_t sweep_fault_count(enum sweep_kind kind);

/* The N that comes after `nth` in a series; 1 after 0. */
uint32_t sweep_nth_next(enum sweep_kind kind, bool onwards, uint32_t nth);

void sweep_point_write(const struct sweep_point *point, char text[SWEEP_POINT_BYTES]);

/* False when the text is no point. */
bool sweep_point_read(const char *text, struct sweep_point *point);

/* From now on the point's fault is there. `plan` becomes the setting `fault` for it, or empty. */
void sweep_point_arm(const struct sweep_point *point, char plan[SWEEP_POINT_BYTES]);

/* It is not there any more. True when it was met. */
bool sweep_point_disarm(const struct sweep_point *point);

/* True for a fault after which transfers end at their deadlines: a copy that hangs, or none that
 * gets through. */
bool sweep_point_stalls(const struct sweep_point *point);

#endif
