/* Faults: their table, how they are drawn, and their lines. */
#include "faults.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DRAWS_MAX       24 /* faults before what undoes them */
#define KIND_ON_PERCENT 50
#define CORE_HOPS_MAX   4

/* A name, its note, and what it is of. */
#define LINK(name) name, "fault " name " of link:%llu, argument %llu", true, NULL, 1
#define HOP(name)  name, "fault " name " of hop:%llu, argument %llu", false, NULL, 1
#define OF(name, of, parts)                                                                        \
    name, "fault " name " of " of ":%llu.%llu.%llu, argument %llu", false, of, parts

static const struct sim_fault_row kinds[SIM_FAULT_ALL_KINDS] = {
    [SIM_FAULT_DEGRADE] = {LINK("degrade"), true, 999, SIM_FAULT_RESTORE,
                           "runs at so many thousandths of its rate"},
    [SIM_FAULT_CUT] = {LINK("cut"), true, 0, SIM_FAULT_RESTORE, "what is on it ends with an error"},
    [SIM_FAULT_HANG] = {LINK("hang"), true, 0, SIM_FAULT_RESTORE, "what is on it stays there"},
    [SIM_FAULT_RESTORE] = {LINK("restore"), false, 0, SIM_FAULT_KINDS, "is as it was at first"},
    [SIM_FAULT_ANNOUNCE] = {LINK("announce"), false, 0, SIM_FAULT_KINDS,
                            "the engine is told its present rate"},
    [SIM_FAULT_LOAD] = {LINK("load"), true, 2000, SIM_FAULT_RESTORE,
                        "another process's plan takes so many thousandths of it as an owner, "
                        "above 1000 as a borrower"},
    [SIM_FAULT_STALL] = {HOP("stall"), true, 0, SIM_FAULT_RESUME, "its engine makes no progress"},
    [SIM_FAULT_RESUME] = {HOP("resume"), false, 0, SIM_FAULT_KINDS, "is as it was at first"},
    [SIM_FAULT_REFUSE] = {HOP("refuse"), true, 2000000, SIM_FAULT_KINDS,
                          "copies are refused for so many ns, as by a full queue"},
    [SIM_FAULT_FAIL] = {HOP("fail"), true, 20, SIM_FAULT_KINDS,
                        "so many copies fail when they are issued"},
    [SIM_FAULT_ERROR] = {HOP("error"), true, 20, SIM_FAULT_KINDS,
                         "so many copies end with an error"},
    [SIM_FAULT_DELAY] = {HOP("delay"), true, 500000, SIM_FAULT_RESUME,
                         "ends are noticed so many ns later"},
    [SIM_FAULT_NIC_CUT] = {OF("cut", "nic", 2), true, 0, SIM_FAULT_NIC_RESTORE,
                           "its lanes break, and new ones fail"},
    [SIM_FAULT_NIC_SILENCE] = {OF("silence", "nic", 2), true, 0, SIM_FAULT_NIC_RESTORE,
                               "nothing goes out or comes in, and nothing is said"},
    [SIM_FAULT_NIC_DEGRADE] = {OF("degrade", "nic", 2), true, 999, SIM_FAULT_NIC_RESTORE,
                               "runs at so many thousandths of its rate"},
    [SIM_FAULT_NIC_REFUSE] = {OF("refuse", "nic", 2), true, 2000000, SIM_FAULT_ALL_KINDS,
                              "writes are refused for so many ns, as by a full queue"},
    [SIM_FAULT_NIC_RESTORE] = {OF("restore", "nic", 2), false, 0, SIM_FAULT_ALL_KINDS,
                               "is as it was at first"},
    [SIM_FAULT_LANE_BREAK] = {OF("break", "lane", 3), true, 0, SIM_FAULT_ALL_KINDS,
                              "its connection breaks, with what is on it"},
    [SIM_FAULT_COPY_STALL] = {OF("stall", "copy", 2), true, 0, SIM_FAULT_COPY_RESUME,
                              "what is on the hop stays there"},
    [SIM_FAULT_COPY_ERROR] = {OF("error", "copy", 2), true, 20, SIM_FAULT_ALL_KINDS,
                              "so many copies end with an error"},
    [SIM_FAULT_COPY_RESUME] = {OF("resume", "copy", 2), false, 0, SIM_FAULT_ALL_KINDS,
                               "is as it was at first"},
    [SIM_FAULT_SERVER_STOP] = {OF("stop", "server", 1), true, 0, SIM_FAULT_SERVER_CONTINUE,
                               "its process stands still; what is sent to it waits"},
    [SIM_FAULT_SERVER_CONTINUE] = {OF("continue", "server", 1), false, 0, SIM_FAULT_ALL_KINDS,
                                   "its process goes on"},
    [SIM_FAULT_SERVER_KILL] = {OF("kill", "server", 1), true, 0, SIM_FAULT_SERVER_RESTART,
                               "its process ends"},
    [SIM_FAULT_SERVER_RESTART] = {OF("restart", "server", 1), false, 0, SIM_FAULT_ALL_KINDS,
                                  "another process begins in its place"},
    [SIM_FAULT_WINDOW_REVOKE] = {OF("revoke", "window", 2), true, 0, SIM_FAULT_ALL_KINDS,
                                 "its owner takes it back, and registers other memory"},
    [SIM_FAULT_SERVER_ABORT] = {OF("abort", "server", 1), true, 0, SIM_FAULT_SERVER_RESTART,
                                "its comm is aborted and closed"},
    [SIM_FAULT_SERVER_ANNOUNCE] = {OF("announce", "server", 1), false, 0, SIM_FAULT_ALL_KINDS,
                                   "its comm is told from now on what becomes of its NICs"},
};

/* Of ten schedules: five heal, four keep a core, one kills. */
static const enum sim_ending endings[] = {
    SIM_ENDING_HEALED, SIM_ENDING_HEALED, SIM_ENDING_HEALED, SIM_ENDING_HEALED, SIM_ENDING_HEALED,
    SIM_ENDING_CORE,   SIM_ENDING_CORE,   SIM_ENDING_CORE,   SIM_ENDING_CORE,   SIM_ENDING_DEAD,
};

static const char *const ending_names[SIM_ENDINGS + 1] = {
    [SIM_ENDING_HEALED] = "healed",
    [SIM_ENDING_CORE] = "a core stays up",
    [SIM_ENDING_DEAD] = "dead",
    [SIM_ENDINGS] = "as written",
};

const struct sim_fault_row *sim_fault_row(enum sim_fault_kind kind)
{
    weft_assert((unsigned)kind < SIM_FAULT_ALL_KINDS);
    return &kinds[kind];
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
    if (x->target != y->target)
        return x->target < y->target ? -1 : 1;
    return (x->argument > y->argument) - (x->argument < y->argument);
}

void sim_faults_finish(struct sim_faults *faults)
{
    qsort(faults->faults, faults->count, sizeof(faults->faults[0]), compare);
    faults->ends_at = faults->count == 0 ? 0 : faults->faults[faults->count - 1].at;
}

static void draw_one(struct sim_faults *faults, struct sim_dice *dice,
                     const struct sim_world *world, enum sim_fault_kind kind, weft_ns span_ns)
{
    const struct sim_fault_row *row = &kinds[kind];
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

/* What a fault is of, so that it can be told whether it lies in the core. */
struct core {
    bool links[WEFT_LINKS_MAX];
    bool hops[WEFT_HOPS_MAX];
};

/* A few hops, all links that they cross, both ways. */
static void draw_core(struct core *core, struct sim_dice *dice, const struct sim_world *world)
{
    uint32_t count = (uint32_t)sim_dice_scaled(dice, 1, CORE_HOPS_MAX);

    memset(core, 0, sizeof(*core));
    for (uint32_t i = 0; i < count; i++) {
        uint32_t index = (uint32_t)sim_dice_below(dice, world->hops.count);
        const struct weft_hop *hop = &world->hops.hops[index];

        core->hops[index] = true;
        for (uint32_t k = 0; k < hop->link_count; k++) {
            core->links[hop->links[k]] = true;
            core->links[world->topo.links[hop->links[k]].reverse] = true;
        }
    }
}

/* The core is restored; whatever else was ever broken is broken again, and stays so. */
static void keep_core(struct sim_faults *faults, struct sim_dice *dice,
                      const struct sim_world *world, weft_ns at)
{
    static struct core core;
    uint32_t count = faults->count;

    draw_core(&core, dice, world);
    for (uint32_t i = 0; i < count; i++) {
        const struct sim_fault fault = faults->faults[i];
        const struct sim_fault_row *row = &kinds[fault.kind];

        if (row->undo == SIM_FAULT_KINDS)
            continue;
        if (!(row->is_of_link ? core.links : core.hops)[fault.target])
            add(faults, at, fault.kind, fault.target, fault.argument);
    }
    for (uint32_t i = 0; i < world->topo.link_count; i += 2)
        if (core.links[i]) {
            add(faults, at, SIM_FAULT_RESTORE, i, 0);
            add(faults, at + 1, SIM_FAULT_ANNOUNCE, i, 0);
        }
    for (uint32_t i = 0; i < world->hops.count; i++)
        if (core.hops[i])
            add(faults, at, SIM_FAULT_RESUME, i, 0);
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

/* The next kind that is on, from `kind`. */
static enum sim_fault_kind next_on(unsigned kinds_on, uint32_t kind)
{
    while (!(kinds_on >> kind & 1))
        kind = (kind + 1) % SIM_FAULT_KINDS;
    return (enum sim_fault_kind)kind;
}

void sim_faults_draw(struct sim_faults *faults, struct sim_dice *dice,
                     const struct sim_world *world, weft_ns span_ns)
{
    uint32_t draws = (uint32_t)sim_dice_below(dice, DRAWS_MAX + 1);

    faults->count = 0;
    faults->kinds_on = 0;
    faults->ending = endings[sim_dice_below(dice, WEFT_ARRAY_COUNT(endings))];
    for (uint32_t i = 0; i < SIM_FAULT_KINDS; i++)
        if (kinds[i].is_drawn && sim_dice_chance(dice, KIND_ON_PERCENT))
            faults->kinds_on |= 1u << i;
    if (world->is_quiet || world->hops.count == 0)
        faults->kinds_on = 0;
    if (faults->kinds_on == 0)
        draws = 0;
    for (uint32_t i = 0; i < draws; i++) {
        uint32_t pick = (uint32_t)sim_dice_below(dice, SIM_FAULT_KINDS);

        draw_one(faults, dice, world, next_on(faults->kinds_on, pick), span_ns);
    }
    sim_faults_finish(faults);
    if (draws > 0 && faults->ending == SIM_ENDING_DEAD)
        kill_all(faults, dice, world, sim_dice_below(dice, span_ns));
    else if (draws > 0 && faults->ending == SIM_ENDING_CORE)
        keep_core(faults, dice, world, faults->ends_at + 10);
    else
        heal(faults, faults->ends_at + 10);
    sim_faults_finish(faults);
}

void sim_faults_print_swarm(const struct sim_faults *faults)
{
    printf("faults that are on:");
    for (uint32_t i = 0; i < SIM_FAULT_KINDS; i++)
        if (faults->kinds_on >> i & 1)
            printf(" %s", kinds[i].name);
    printf("%s; in the end: %s\n", faults->kinds_on == 0 ? " none" : "",
           ending_names[faults->ending]);
}

void sim_fault_print(FILE *to, const struct sim_fault *fault)
{
    const struct sim_fault_row *row = &kinds[fault->kind];

    fprintf(to, "%" PRIu64 " %s ", fault->at, row->name);
    if (row->of == NULL)
        fprintf(to, "%s:%u", row->is_of_link ? "link" : "hop", fault->target);
    for (uint32_t i = 0; row->of != NULL && i < row->parts; i++)
        fprintf(to, "%s%s%u", i == 0 ? row->of : "", i == 0 ? ":" : ".",
                sim_fault_part(fault->target, i));
    fprintf(to, " %" PRIu64 "\n", fault->argument);
}

/* The numbers of a target, as the row has them. */
static bool parse_target(const char *text, const struct sim_fault_row *row, uint32_t *target)
{
    unsigned numbers[SIM_FAULT_PARTS_MAX] = {0};
    uint32_t count = (uint32_t)sscanf(text, "%u.%u.%u", &numbers[0], &numbers[1], &numbers[2]);

    *target = row->of == NULL ? numbers[0] : sim_fault_target(numbers[0], numbers[1], numbers[2]);
    for (uint32_t i = 0; row->of != NULL && i < SIM_FAULT_PARTS_MAX; i++)
        if (numbers[i] >= 1u << SIM_FAULT_PART_BITS)
            return false;
    return count == row->parts;
}

bool sim_fault_parse(const char *line, struct sim_fault *fault)
{
    char kind[16];
    char of[8];
    char target[40];

    if (sscanf(line, "%" SCNu64 " %15s %7[^:]:%39s %" SCNu64, &fault->at, kind, of, target,
               &fault->argument) != 5)
        return false;
    for (uint32_t i = 0; i < SIM_FAULT_ALL_KINDS; i++) {
        const struct sim_fault_row *row = &kinds[i];
        const char *its = row->of != NULL ? row->of : row->is_of_link ? "link" : "hop";

        if (strcmp(row->name, kind) != 0 || strcmp(of, its) != 0)
            continue;
        fault->kind = (enum sim_fault_kind)i;
        return fault->argument <= row->argument_max && parse_target(target, row, &fault->target);
    }
    return false;
}

uint32_t sim_faults_misfit(const struct sim_faults *faults, const struct sim_world *world)
{
    for (uint32_t i = 0; i < faults->count; i++) {
        const struct sim_fault *fault = &faults->faults[i];
        uint32_t targets =
            kinds[fault->kind].is_of_link ? world->topo.link_count : world->hops.count;

        if (fault->kind >= SIM_FAULT_KINDS || fault->target >= targets)
            return i;
    }
    return WEFT_NONE;
}
