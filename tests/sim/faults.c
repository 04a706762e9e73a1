/* Fault schedules: drawn, printed, read back. */
#include "faults.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DRAWS_MAX 24 /* faults before what undoes them */

struct kind_row {
    const char *name;
    bool is_of_link;
    uint64_t argument_max; /* drawn, scaled; 0: none */
    enum sim_fault_kind undo;
};

static const struct kind_row kinds[SIM_FAULT_KINDS] = {
    [SIM_FAULT_DEGRADE] = {"degrade", true, 999, SIM_FAULT_RESTORE},
    [SIM_FAULT_CUT] = {"cut", true, 0, SIM_FAULT_RESTORE},
    [SIM_FAULT_HANG] = {"hang", true, 0, SIM_FAULT_RESTORE},
    [SIM_FAULT_RESTORE] = {"restore", true, 0, SIM_FAULT_KINDS},
    [SIM_FAULT_ANNOUNCE] = {"announce", true, 0, SIM_FAULT_KINDS},
    [SIM_FAULT_STALL] = {"stall", false, 0, SIM_FAULT_RESUME},
    [SIM_FAULT_RESUME] = {"resume", false, 0, SIM_FAULT_KINDS},
    [SIM_FAULT_REFUSE] = {"refuse", false, 2000000, SIM_FAULT_KINDS},
    [SIM_FAULT_FAIL] = {"fail", false, 20, SIM_FAULT_KINDS},
    [SIM_FAULT_ERROR] = {"error", false, 20, SIM_FAULT_KINDS},
    [SIM_FAULT_DELAY] = {"delay", false, 500000, SIM_FAULT_RESUME},
};

/* The kinds that are drawn; the others undo them. */
static const enum sim_fault_kind drawn[] = {
    SIM_FAULT_DEGRADE, SIM_FAULT_CUT,  SIM_FAULT_HANG,  SIM_FAULT_STALL,
    SIM_FAULT_REFUSE,  SIM_FAULT_FAIL, SIM_FAULT_ERROR, SIM_FAULT_DELAY,
};

/* How a schedule ends. */
enum ending {
    ENDING_HEALED, /* everything is restored */
    ENDING_CORE,   /* what the direct hop of one pair needs is restored */
    ENDING_DEAD,   /* every link is cut or hung */
};

/* Of ten schedules: six heal, three keep a core, one kills. */
static const enum ending endings[] = {
    ENDING_HEALED, ENDING_HEALED, ENDING_HEALED, ENDING_HEALED, ENDING_HEALED,
    ENDING_HEALED, ENDING_CORE,   ENDING_CORE,   ENDING_CORE,   ENDING_DEAD,
};

const char *sim_fault_name(enum sim_fault_kind kind)
{
    weft_assert((unsigned)kind < SIM_FAULT_KINDS);
    return kinds[kind].name;
}

static void add(struct sim_faults *faults, weft_ns at, enum sim_fault_kind kind, uint32_t target,
                uint64_t argument)
{
    if (faults->count == SIM_FAULTS_MAX)
        return;
    faults->faults[faults->count++] = (struct sim_fault){at, kind, target, argument};
}

static int compare(const void *a, const void *b)
{
    const struct sim_fault *x = a;
    const struct sim_fault *y = b;

    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    return (x->target > y->target) - (x->target < y->target);
}

static void finish(struct sim_faults *faults)
{
    qsort(faults->faults, faults->count, sizeof(faults->faults[0]), compare);
    faults->ends_at = faults->count == 0 ? 0 : faults->faults[faults->count - 1].at;
}

static void draw_one(struct sim_faults *faults, struct sim_dice *dice,
                     const struct sim_world *world, enum sim_fault_kind kind, weft_ns span_ns)
{
    const struct kind_row *row = &kinds[kind];
    uint32_t targets = row->is_of_link ? world->topo.link_count : world->hops.count;
    uint32_t target = (uint32_t)sim_dice_below(dice, targets);
    uint64_t argument = row->argument_max == 0 ? 0 : sim_dice_scaled(dice, 1, row->argument_max);
    weft_ns at = sim_dice_below(dice, span_ns);
    weft_ns lasts_ns = sim_dice_scaled(dice, 1000, span_ns + 1000);
    bool is_announced = row->is_of_link && sim_dice_chance(dice, 30);
    bool is_undone = sim_dice_chance(dice, 80);

    add(faults, at, kind, target, argument);
    if (is_announced)
        add(faults, at + 1, SIM_FAULT_ANNOUNCE, target, 0);
    if (row->undo == SIM_FAULT_KINDS || !is_undone)
        return;
    add(faults, at + lasts_ns, row->undo, target, 0);
    if (is_announced)
        add(faults, at + lasts_ns + 1, SIM_FAULT_ANNOUNCE, target, 0);
}

/* Everything as it was at first. */
static void heal(struct sim_faults *faults, weft_ns at)
{
    bool is_touched[WEFT_LINKS_MAX] = {false};
    bool is_touched_hop[WEFT_HOPS_MAX] = {false};
    uint32_t count = faults->count;

    for (uint32_t i = 0; i < count; i++) {
        const struct sim_fault *fault = &faults->faults[i];
        bool *touched = kinds[fault->kind].is_of_link ? is_touched : is_touched_hop;

        if (touched[fault->target])
            continue;
        touched[fault->target] = true;
        if (kinds[fault->kind].is_of_link) {
            add(faults, at, SIM_FAULT_RESTORE, fault->target, 0);
            add(faults, at + 1, SIM_FAULT_ANNOUNCE, fault->target, 0);
        } else {
            add(faults, at, SIM_FAULT_RESUME, fault->target, 0);
        }
    }
}

/* Only the links of one hop, its own engine, and the way back. */
static void heal_core(struct sim_faults *faults, struct sim_dice *dice,
                      const struct sim_world *world, weft_ns at)
{
    uint32_t index = (uint32_t)sim_dice_below(dice, world->hops.count);
    const struct weft_hop *hop = &world->hops.hops[index];

    add(faults, at, SIM_FAULT_RESUME, index, 0);
    for (uint32_t i = 0; i < hop->link_count; i++) {
        add(faults, at, SIM_FAULT_RESTORE, hop->links[i], 0);
        add(faults, at + 1, SIM_FAULT_ANNOUNCE, hop->links[i], 0);
    }
}

static void kill_all(struct sim_faults *faults, struct sim_dice *dice,
                     const struct sim_world *world, weft_ns at)
{
    bool is_told = sim_dice_chance(dice, 30);
    uint32_t hang_percent = 50 * (uint32_t)sim_dice_below(dice, 3);

    for (uint32_t i = 0; i < world->topo.link_count; i += 2) {
        enum sim_fault_kind kind =
            sim_dice_chance(dice, hang_percent) ? SIM_FAULT_HANG : SIM_FAULT_CUT;

        add(faults, at, kind, i, 0);
        if (is_told)
            add(faults, at + 1, SIM_FAULT_ANNOUNCE, i, 0);
    }
}

void sim_faults_draw(struct sim_faults *faults, struct sim_dice *dice,
                     const struct sim_world *world, weft_ns span_ns)
{
    bool is_on[WEFT_ARRAY_COUNT(drawn)];
    uint32_t draws = (uint32_t)sim_dice_below(dice, DRAWS_MAX + 1);
    enum ending ending = endings[sim_dice_below(dice, WEFT_ARRAY_COUNT(endings))];
    uint32_t on = 0;

    faults->count = 0;
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(drawn); i++) {
        is_on[i] = sim_dice_chance(dice, 50);
        on += is_on[i];
    }
    if (world->is_quiet || on == 0 || world->hops.count == 0)
        draws = 0;
    for (uint32_t i = 0; i < draws; i++) {
        uint32_t pick = (uint32_t)sim_dice_below(dice, WEFT_ARRAY_COUNT(drawn));

        while (!is_on[pick])
            pick = (pick + 1) % WEFT_ARRAY_COUNT(drawn);
        draw_one(faults, dice, world, drawn[pick], span_ns);
    }
    finish(faults);
    if (draws > 0 && ending == ENDING_DEAD)
        kill_all(faults, dice, world, sim_dice_below(dice, span_ns));
    else if (draws > 0 && ending == ENDING_CORE)
        heal_core(faults, dice, world, faults->ends_at + 10);
    else
        heal(faults, faults->ends_at + 10);
    finish(faults);
}

bool sim_faults_remain(const struct sim_faults *faults)
{
    for (uint32_t i = 0; i < faults->count; i++) {
        const struct sim_fault *fault = &faults->faults[i];
        enum sim_fault_kind undo = kinds[fault->kind].undo;
        bool is_undone = undo == SIM_FAULT_KINDS;

        for (uint32_t k = i + 1; k < faults->count && !is_undone; k++)
            is_undone = faults->faults[k].kind == undo && faults->faults[k].target == fault->target;
        if (!is_undone)
            return true;
    }
    return false;
}

void sim_faults_print(FILE *to, const struct sim_faults *faults)
{
    for (uint32_t i = 0; i < faults->count; i++) {
        const struct sim_fault *fault = &faults->faults[i];

        fprintf(to, "%" PRIu64 " %s %s:%u %" PRIu64 "\n", fault->at, kinds[fault->kind].name,
                kinds[fault->kind].is_of_link ? "link" : "hop", fault->target, fault->argument);
    }
}

static bool read_line(const char *line, const struct sim_world *world, struct sim_fault *fault)
{
    char kind[16];
    char target[8];

    if (sscanf(line, "%" SCNu64 " %15s %7[^:]:%u %" SCNu64, &fault->at, kind, target,
               &fault->target, &fault->argument) != 5)
        return false;
    for (uint32_t i = 0; i < SIM_FAULT_KINDS; i++) {
        bool is_link = kinds[i].is_of_link;

        if (strcmp(kinds[i].name, kind) != 0 || strcmp(target, is_link ? "link" : "hop") != 0)
            continue;
        fault->kind = (enum sim_fault_kind)i;
        return fault->target < (is_link ? world->topo.link_count : world->hops.count);
    }
    return false;
}

bool sim_faults_read(FILE *from, const struct sim_world *world, struct sim_faults *faults,
                     uint64_t *seed, uint32_t *line)
{
    char text[256];

    faults->count = 0;
    for (*line = 1; fgets(text, sizeof(text), from) != NULL; ++*line) {
        if (text[0] == '#' || text[0] == '\n')
            continue;
        if (sscanf(text, "seed %" SCNu64, seed) == 1)
            continue;
        if (faults->count == SIM_FAULTS_MAX)
            return false;
        if (world != NULL && !read_line(text, world, &faults->faults[faults->count++]))
            return false;
    }
    finish(faults);
    return true;
}
