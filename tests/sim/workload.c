/* Workloads: each holder has a window to read from and one to write to; operations take their
 * ranges from the windows' ends, so that the last byte of each window is used. */
#include "workload.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define OPS_DRAWN_MAX      40
#define OP_EXTENTS_MAX     1000
#define OP_CHUNKS_MAX      256 /* about how many chunks an operation may need */
#define QUIET_BYTES_MAX    WEFT_MIB(512)
#define PAGE_BYTES         4096
#define DEADLINE_NS_LONG   UINT64_C(30000000000)
#define DEADLINE_NS_MEDIUM UINT64_C(3000000000)

/* Windows come in pairs for each holder. */
static uint32_t source_of(uint32_t holder)
{
    return 2 * holder;
}

static uint32_t target_of(uint32_t holder)
{
    return 2 * holder + 1;
}

static bool is_target(uint32_t window)
{
    return window % 2 == 1;
}

static void add_windows(struct sim_workload *workload, const struct sim_world *world)
{
    workload->window_count = 2 * world->holder_count;
    for (uint32_t i = 0; i < workload->window_count; i++)
        workload->windows[i] = (struct sim_window){
            .device = world->holders[i / 2],
            .rights = is_target(i) ? WEFT_RIGHTS_ALL : WEFT_RIGHT_READ,
        };
}

static uint64_t bytes_max(const struct sim_world *world)
{
    const struct weft_config *config = &world->config;
    uint64_t chunk = weft_min(config->chunk_bytes_max, config->relay_slot_bytes);

    if (world->is_quiet)
        return QUIET_BYTES_MAX;
    return OP_CHUNKS_MAX * weft_max(WEFT_KIB(64), weft_min(chunk, config->lent_chunk_bytes));
}

/* Appends extents of `size_bytes` in all at the ends of both windows, with holes of at most
 * `hole_bytes` on either side; some swap places in the source, as pages of a cache do. */
static void add_extents(struct sim_workload *workload, struct sim_dice *dice, struct sim_op *op,
                        uint64_t *src_at, uint64_t *dst_at, uint32_t count, uint64_t each_bytes,
                        uint64_t hole_bytes)
{
    struct weft_extent *extents = &workload->extents[workload->extent_count];
    bool is_shuffled = sim_dice_chance(dice, 30);

    op->first_extent = workload->extent_count;
    op->extent_count = count;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t bytes =
            sim_dice_chance(dice, 20) ? sim_dice_scaled(dice, 1, each_bytes) : each_bytes;

        extents[i] = (struct weft_extent){*dst_at, *src_at, bytes};
        op->size_bytes += bytes;
        *dst_at += bytes;
        *src_at += bytes;
        if (hole_bytes > 0 && i + 1 < count) {
            *dst_at += sim_dice_below(dice, hole_bytes + 1);
            *src_at += sim_dice_below(dice, hole_bytes + 1);
        }
    }
    for (uint32_t i = 0; is_shuffled && i + 1 < count; i++) {
        uint32_t k = (uint32_t)sim_dice_between(dice, i, count - 1);
        struct weft_extent other = extents[k];

        if (extents[i].size_bytes != other.size_bytes)
            continue;
        extents[k].src_offset = extents[i].src_offset;
        extents[i].src_offset = other.src_offset;
    }
    workload->extent_count += count;
}

/* A few are kept for the closing transfers. */
static uint32_t extents_left(const struct sim_workload *workload)
{
    return SIM_EXTENTS_MAX - SIM_EXTENTS_KEPT - workload->extent_count;
}

static void draw_bytes(struct sim_workload *workload, struct sim_dice *dice,
                       const struct sim_world *world, struct sim_op *op)
{
    struct sim_window *src = &workload->windows[op->src_window];
    struct sim_window *dst = &workload->windows[op->dst_window];
    uint64_t total = sim_dice_scaled(dice, 1, bytes_max(world));
    uint32_t count = 1;
    uint64_t hole_bytes = 0;
    uint64_t src_again = 0;
    uint64_t *src_at = &src->size_bytes;

    if (world->is_quiet)
        total = sim_dice_scaled(dice, WEFT_MIB(8), QUIET_BYTES_MAX);
    if (sim_dice_chance(dice, 40) && !world->is_quiet) {
        count = (uint32_t)sim_dice_scaled(dice, 2, OP_EXTENTS_MAX);
        hole_bytes = sim_dice_chance(dice, 70) ? sim_dice_below(dice, 2 * PAGE_BYTES) : 0;
    }
    if (count > extents_left(workload))
        count = 1;
    if (total / count == 0)
        total = count;
    /* Sources may be read by several operations at once. */
    if (sim_dice_chance(dice, 20) && !is_target(op->src_window))
        src_at = &src_again;
    add_extents(workload, dice, op, src_at, &dst->size_bytes, count, total / count, hole_bytes);
    src->size_bytes = weft_max(src->size_bytes, *src_at);
}

/* Behind a fence an operation may pass on what an earlier one has brought, or write over it. */
static bool draw_again(struct sim_workload *workload, struct sim_dice *dice,
                       const struct sim_world *world, struct sim_op *op)
{
    const struct sim_op *before = &workload->ops[sim_dice_below(dice, workload->op_count)];
    bool passes_on = sim_dice_chance(dice, 60);
    struct weft_extent *extents = &workload->extents[workload->extent_count];
    uint32_t holder = (uint32_t)sim_dice_below(dice, world->holder_count);

    if (before->submits != weftSuccess || before->is_signal)
        return false;
    if (before->extent_count > extents_left(workload))
        return false;
    *op = *before;
    op->is_fenced = true;
    op->is_alone = false;
    op->first_extent = workload->extent_count;
    workload->extent_count += op->extent_count;
    memcpy(extents, &workload->extents[before->first_extent],
           op->extent_count * sizeof(extents[0]));
    if (!passes_on)
        return true;
    if (world->holders[holder] == workload->windows[op->dst_window].device)
        holder = (holder + 1) % world->holder_count;
    op->src_window = before->dst_window;
    op->dst_window = target_of(holder);
    for (uint32_t i = 0; i < op->extent_count; i++) {
        uint64_t *end = &workload->windows[op->dst_window].size_bytes;

        extents[i].src_offset = extents[i].dst_offset;
        extents[i].dst_offset = *end;
        *end += extents[i].size_bytes;
    }
    return true;
}

static void draw_signal(struct sim_workload *workload, struct sim_dice *dice,
                        const struct sim_world *world, struct sim_op *op)
{
    uint32_t window = target_of((uint32_t)sim_dice_below(dice, world->holder_count));
    uint64_t *end = &workload->windows[window].size_bytes;

    *end = (*end + 7) / 8 * 8;
    op->signal.window = window;
    op->signal.offset = *end;
    op->signal.value = sim_dice_below(dice, 1000);
    op->signal.op = sim_dice_chance(dice, 50) ? weftSignalAdd : weftSignalSet;
    *end += 8;
}

static void draw_places(struct sim_dice *dice, const struct sim_world *world, struct sim_op *op)
{
    uint32_t src = (uint32_t)sim_dice_below(dice, world->holder_count);
    uint32_t dst = (uint32_t)sim_dice_below(dice, world->holder_count - 1);

    dst += dst >= src;
    op->src_window = source_of(src);
    op->dst_window = target_of(dst);
}

static void draw_times(struct sim_dice *dice, const struct sim_world *world, struct sim_op *op,
                       weft_ns takes_ns)
{
    uint32_t haste = (uint32_t)sim_dice_below(dice, 10);

    op->gap_ns = sim_dice_chance(dice, 50) ? 0 : sim_dice_below(dice, 2 * takes_ns + 1);
    op->is_alone = world->is_quiet || sim_dice_chance(dice, 10);
    op->deadline_ns = haste < 6 ? DEADLINE_NS_LONG : DEADLINE_NS_MEDIUM;
    if (haste == 9)
        op->deadline_ns = sim_dice_scaled(dice, 1, 4 * takes_ns + 1000);
    op->cancel_ns = WEFT_NEVER;
    if (sim_dice_chance(dice, 8))
        op->cancel_ns = sim_dice_below(dice, 2 * takes_ns + 1000);
    if (!world->is_quiet)
        return;
    op->deadline_ns = DEADLINE_NS_LONG;
    op->cancel_ns = WEFT_NEVER;
}

/* Makes an operation wrong. Ranges past the end are made wrong when the ends are known. */
static void spoil(struct sim_dice *dice, struct sim_op *op)
{
    if (sim_dice_chance(dice, 50)) {
        op->submits = weftInvalidArgument;
    } else {
        op->submits = weftInvalidUsage;
        op->dst_window -= 1; /* its holder's window to read from */
    }
}

static void draw_op(struct sim_workload *workload, struct sim_dice *dice,
                    const struct sim_world *world)
{
    struct sim_op *op = &workload->ops[workload->op_count];
    bool is_wrong = !world->is_quiet && sim_dice_chance(dice, 4);
    bool is_again = !world->is_quiet && workload->op_count > 0 && sim_dice_chance(dice, 15);
    uint64_t rate;

    memset(op, 0, sizeof(*op));
    if (!is_again || !draw_again(workload, dice, world, op)) {
        memset(op, 0, sizeof(*op));
        draw_places(dice, world, op);
        op->is_fenced = sim_dice_chance(dice, 10);
        op->is_signal = !world->is_quiet && sim_dice_chance(dice, 5);
        if (!op->is_signal)
            draw_bytes(workload, dice, world, op);
    }
    op->submits = weftSuccess;
    op->signal = (struct weft_signal){.window = WEFT_NONE};
    if (op->is_signal || sim_dice_chance(dice, 25))
        draw_signal(workload, dice, world, op);
    rate = sim_world_rate(world, workload->windows[op->src_window].device,
                          workload->windows[op->dst_window].device);
    draw_times(dice, world, op, weft_bytes_time(op->size_bytes, weft_max(rate, 1000)));
    workload->span_ns += 20000 + weft_bytes_time(op->size_bytes, weft_max(rate, 1000));
    if (is_wrong && !op->is_signal && !is_again)
        spoil(dice, op);
    workload->op_count++;
}

/* Now that all ends are known: one byte too far, or so far that sums wrap. */
static void spoil_ranges(struct sim_workload *workload, struct sim_dice *dice)
{
    for (uint32_t i = 0; i < workload->op_count; i++) {
        const struct sim_op *op = &workload->ops[i];
        struct weft_extent *last = &workload->extents[op->first_extent];
        uint64_t src_end = workload->windows[op->src_window].size_bytes;
        uint64_t dst_end = workload->windows[op->dst_window].size_bytes;

        if (op->submits != weftInvalidArgument)
            continue;
        last += op->extent_count - 1;
        switch (sim_dice_below(dice, 4)) {
        case 0:
            last->dst_offset = dst_end - last->size_bytes + 1;
            break;
        case 1:
            last->src_offset = src_end - last->size_bytes + 1;
            break;
        case 2:
            last->dst_offset = UINT64_MAX - last->size_bytes + 1;
            break;
        default:
            last->src_offset = UINT64_MAX;
            break;
        }
    }
}

void sim_workload_draw(struct sim_workload *workload, struct sim_dice *dice,
                       const struct sim_world *world)
{
    uint32_t count = (uint32_t)sim_dice_scaled(dice, 1, OPS_DRAWN_MAX);

    workload->op_count = 0;
    workload->extent_count = 0;
    workload->revoke_count = 0;
    workload->span_ns = 0;
    workload->abort_at = WEFT_NEVER;
    add_windows(workload, world);
    if (world->holder_count < 2)
        return;
    while (workload->op_count < count && extents_left(workload) > 0)
        draw_op(workload, dice, world);
    for (uint32_t i = 0; i < workload->window_count; i++)
        workload->windows[i].size_bytes = weft_max(workload->windows[i].size_bytes, 1);
    spoil_ranges(workload, dice);
    if (world->is_quiet)
        return;
    if (sim_dice_chance(dice, 20)) {
        workload->revoke_count = (uint32_t)sim_dice_between(dice, 1, SIM_REVOKES_MAX);
        for (uint32_t i = 0; i < workload->revoke_count; i++)
            workload->revokes[i] = (struct sim_revoke){
                .at = sim_dice_below(dice, workload->span_ns),
                .window = (uint32_t)sim_dice_below(dice, workload->window_count),
                .is_added_again = sim_dice_chance(dice, 70),
            };
    }
    if (sim_dice_chance(dice, 8)) {
        workload->abort_at = sim_dice_below(dice, workload->span_ns + 1);
        workload->abort_deadline_ns = sim_dice_scaled(dice, 1, UINT64_C(1000000000));
    }
}

void sim_workload_print(const struct sim_workload *workload, const struct sim_world *world)
{
    for (uint32_t i = 0; i < workload->window_count; i++)
        printf("  window %u on %s, %" PRIu64 " bytes, rights %u\n", i,
               world->topo.devices[workload->windows[i].device].name,
               workload->windows[i].size_bytes, workload->windows[i].rights);
    for (uint32_t i = 0; i < workload->op_count; i++) {
        const struct sim_op *op = &workload->ops[i];

        printf("  op %u: window %u > %u, %" PRIu64 " bytes in %u extents, after %" PRIu64
               " ns%s%s%s, deadline %" PRIu64 " ns",
               i, op->src_window, op->dst_window, op->size_bytes, op->extent_count, op->gap_ns,
               op->is_alone ? ", alone" : "", op->is_fenced ? ", fenced" : "",
               op->signal.window == WEFT_NONE ? "" : ", signal", op->deadline_ns);
        if (op->cancel_ns != WEFT_NEVER)
            printf(", cancelled after %" PRIu64 " ns", op->cancel_ns);
        printf("%s\n", op->submits == weftSuccess ? "" : ", wrong on purpose");
    }
    for (uint32_t i = 0; i < workload->revoke_count; i++)
        printf("  revoke window %u at %" PRIu64 " ns\n", workload->revokes[i].window,
               workload->revokes[i].at);
    if (workload->abort_at != WEFT_NEVER)
        printf("  abort at %" PRIu64 " ns, deadline %" PRIu64 " ns later\n", workload->abort_at,
               workload->abort_deadline_ns);
}
