/* Shadow memory: who owns each byte, what it holds, and whether that is right. */
#include "shadow.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define UNDEFINED 0

/* What bytes hold while a copy writes them. */
static uint64_t written_by(uint32_t cookie)
{
    return UINT64_C(1) + cookie;
}

static bool is_being_written(uint64_t value)
{
    return value != UNDEFINED && value < SIM_MAP_PLACE;
}

/* Room for `count` things of a table, of which the new ones are zeroed. */
static void *grow(void *table, uint32_t *have, uint32_t count, size_t each)
{
    if (count <= *have)
        return table;
    table = realloc(table, count * each);
    weft_assert(table != NULL);
    memset((char *)table + *have * each, 0, (count - *have) * each);
    *have = count;
    return table;
}

void sim_shadow_begin(struct sim_shadow *shadow, struct sim_history *history, uint32_t windows,
                      uint32_t ops)
{
    shadow->history = history;
    shadow->place_count = 0;
    shadow->verified_bytes = 0;
    shadow->relay_in_bytes = 0;
    shadow->relay_out_bytes = 0;
    shadow->memories =
        grow(shadow->memories, &shadow->memory_count, windows, sizeof(shadow->memories[0]));
    shadow->landed_bytes =
        grow(shadow->landed_bytes, &shadow->op_count, ops, sizeof(shadow->landed_bytes[0]));
    for (uint32_t i = 0; i < shadow->memory_count; i++)
        shadow->memories[i].is_live = false;
    memset(shadow->landed_bytes, 0, shadow->op_count * sizeof(shadow->landed_bytes[0]));
}

void sim_shadow_fini(struct sim_shadow *shadow)
{
    for (uint32_t i = 0; i < shadow->memory_count; i++) {
        sim_map_fini(&shadow->memories[i].holds);
        sim_map_fini(&shadow->memories[i].owner);
        sim_map_fini(&shadow->memories[i].origin);
        sim_map_fini(&shadow->memories[i].given_up);
    }
    free(shadow->memories);
    free(shadow->windows);
    free(shadow->landed_bytes);
}

void sim_shadow_add(struct sim_shadow *shadow, uint32_t window, uint32_t device,
                    uint64_t size_bytes, bool is_relay)
{
    struct sim_memory *memory;

    if (window >= shadow->memory_count)
        shadow->memories = grow(shadow->memories, &shadow->memory_count, 2 * window + 1,
                                sizeof(shadow->memories[0]));
    memory = &shadow->memories[window];
    weft_assert(!memory->is_live);
    weft_assert(size_bytes < SIM_MAP_PLACE);
    if (shadow->place_count == shadow->place_capacity)
        shadow->windows = grow(shadow->windows, &shadow->place_capacity,
                               2 * shadow->place_capacity + 64, sizeof(shadow->windows[0]));
    shadow->windows[shadow->place_count++] = window;
    memory->is_live = true;
    memory->is_relay = is_relay;
    memory->is_revoked = false;
    memory->device = device;
    memory->size_bytes = size_bytes;
    memory->base = shadow->place_count * SIM_MAP_PLACE;
    sim_map_reset(&memory->holds, size_bytes, is_relay ? UNDEFINED : memory->base);
    sim_map_reset(&memory->owner, size_bytes, 0);
    sim_map_reset(&memory->origin, size_bytes, 0);
    sim_map_reset(&memory->given_up, size_bytes, 0);
}

void sim_shadow_remove(struct sim_shadow *shadow, uint32_t window)
{
    shadow->memories[window].is_live = false;
}

void sim_shadow_own(struct sim_shadow *shadow, uint32_t number, const struct sim_op *op,
                    const struct weft_extent *extents)
{
    struct sim_memory *dst = &shadow->memories[op->dst_window];
    const struct sim_memory *src = &shadow->memories[op->src_window];

    for (uint32_t i = 0; i < op->extent_count; i++) {
        const struct weft_extent *extent = &extents[i];

        sim_map_set(&dst->owner, extent->dst_offset, extent->size_bytes, number + 1);
        sim_map_set(&dst->origin, extent->dst_offset, extent->size_bytes,
                    src->base + extent->src_offset);
    }
}

void sim_shadow_release(struct sim_shadow *shadow, const struct sim_op *op,
                        const struct weft_extent *extents)
{
    struct sim_memory *dst = &shadow->memories[op->dst_window];

    for (uint32_t i = 0; i < op->extent_count; i++)
        sim_map_set(&dst->owner, extents[i].dst_offset, extents[i].size_bytes, 0);
}

uint32_t sim_shadow_owner(struct sim_shadow *shadow, const struct sim_copy *copy)
{
    const struct sim_memory *dst = &shadow->memories[copy->dst_window];
    uint64_t owner = 0;

    for (uint32_t i = 0; i < copy->extent_count; i++) {
        const struct weft_extent *extent = &copy->extents[i];
        struct sim_piece piece = sim_map_piece(&dst->owner, extent->dst_offset, extent->size_bytes);

        if (i == 0)
            owner = piece.value;
        if (piece.value == 0 || piece.value != owner || piece.size_bytes != extent->size_bytes)
            sim_history_fail(shadow->history, SIM_ORACLE_STRAY_WRITE,
                             "copy %u writes [%" PRIu64 ", +%" PRIu64
                             ") of window %u, which is not wholly of one transfer under way",
                             copy->cookie, extent->dst_offset, extent->size_bytes,
                             copy->dst_window);
    }
    return (uint32_t)owner - 1;
}

/* True when nothing may be said of these bytes. */
static bool is_given_up(const struct sim_memory *memory, uint64_t offset, uint64_t size_bytes)
{
    return !sim_map_is(&memory->given_up, offset, size_bytes, 0);
}

static void check_read(struct sim_shadow *shadow, const struct sim_copy *copy,
                       const struct weft_extent *extent)
{
    const struct sim_memory *src = &shadow->memories[copy->src_window];
    uint64_t at = extent->src_offset;
    uint64_t left = extent->size_bytes;

    while (left > 0 && !copy->is_orphan) {
        struct sim_piece piece = sim_map_piece(&src->holds, at, left);

        if (is_being_written(piece.value) && !is_given_up(src, at, piece.size_bytes))
            sim_history_fail(shadow->history, SIM_ORACLE_TORN_READ,
                             "copy %u reads [%" PRIu64 ", +%" PRIu64
                             ") of window %u while copy %" PRIu64 " writes it",
                             copy->cookie, at, piece.size_bytes, copy->src_window, piece.value - 1);
        at += piece.size_bytes;
        left -= piece.size_bytes;
    }
}

static void check_write(struct sim_shadow *shadow, const struct sim_copy *copy,
                        const struct weft_extent *extent, bool is_start)
{
    const struct sim_memory *dst = &shadow->memories[copy->dst_window];
    uint64_t at = extent->dst_offset;
    uint64_t left = extent->size_bytes;

    while (left > 0) {
        struct sim_piece piece = sim_map_piece(&dst->holds, at, left);
        bool is_right =
            is_start ? !is_being_written(piece.value) : piece.value == written_by(copy->cookie);

        if (!is_right && !is_given_up(dst, at, piece.size_bytes))
            sim_history_fail(shadow->history, SIM_ORACLE_OVERLAP,
                             "copy %u writes [%" PRIu64 ", +%" PRIu64
                             ") of window %u, which copy %" PRIu64 " wrote at the same time",
                             copy->cookie, at, piece.size_bytes, copy->dst_window,
                             piece.value < SIM_MAP_PLACE ? piece.value - 1 : UINT64_MAX);
        at += piece.size_bytes;
        left -= piece.size_bytes;
    }
}

void sim_shadow_started(struct sim_shadow *shadow, const struct sim_copy *copy)
{
    struct sim_memory *dst = &shadow->memories[copy->dst_window];

    if (copy->is_probe)
        return;
    for (uint32_t i = 0; i < copy->extent_count; i++) {
        const struct weft_extent *extent = &copy->extents[i];

        check_read(shadow, copy, extent);
        check_write(shadow, copy, extent, true);
        sim_map_set(&dst->holds, extent->dst_offset, extent->size_bytes, written_by(copy->cookie));
    }
}

static void move(struct sim_shadow *shadow, const struct sim_copy *copy,
                 const struct weft_extent *extent)
{
    const struct sim_memory *src = &shadow->memories[copy->src_window];
    struct sim_memory *dst = &shadow->memories[copy->dst_window];
    uint64_t done = 0;

    while (done < extent->size_bytes) {
        struct sim_piece piece =
            sim_map_piece(&src->holds, extent->src_offset + done, extent->size_bytes - done);

        if (is_being_written(piece.value))
            piece.value = UNDEFINED;
        sim_map_set(&dst->holds, extent->dst_offset + done, piece.size_bytes, piece.value);
        done += piece.size_bytes;
    }
}

/* Bytes [dst_at, + size) of the window hold what the bytes at `place` do. */
static void compare(struct sim_shadow *shadow, uint32_t window, uint64_t dst_at, uint64_t place,
                    uint64_t size_bytes, const char *when)
{
    const struct sim_memory *dst = &shadow->memories[window];
    uint32_t src_window = shadow->windows[place / SIM_MAP_PLACE - 1];
    const struct sim_memory *src = &shadow->memories[src_window];
    uint64_t src_at = place % SIM_MAP_PLACE;

    while (size_bytes > 0) {
        struct sim_piece has = sim_map_piece(&dst->holds, dst_at, size_bytes);
        struct sim_piece wants = sim_map_piece(&src->holds, src_at, has.size_bytes);

        if (has.value != wants.value && !is_given_up(dst, dst_at, wants.size_bytes) &&
            !is_given_up(src, src_at, wants.size_bytes))
            sim_history_fail(shadow->history, SIM_ORACLE_WRONG_BYTES,
                             "%s byte %" PRIu64 " of window %u holds %" PRIx64
                             ", its source byte %" PRIu64 " of window %u %" PRIx64,
                             when, dst_at, window, has.value, src_at, src_window, wants.value);
        dst_at += wants.size_bytes;
        src_at += wants.size_bytes;
        size_bytes -= wants.size_bytes;
    }
}

static void check_landed(struct sim_shadow *shadow, const struct sim_copy *copy,
                         const struct weft_extent *extent)
{
    const struct sim_memory *dst = &shadow->memories[copy->dst_window];
    uint64_t at = extent->dst_offset;
    uint64_t left = extent->size_bytes;

    while (left > 0) {
        struct sim_piece piece = sim_map_piece(&dst->origin, at, left);

        compare(shadow, copy->dst_window, at, piece.value, piece.size_bytes, "when it landed,");
        at += piece.size_bytes;
        left -= piece.size_bytes;
    }
}

void sim_shadow_ended(struct sim_shadow *shadow, const struct sim_copy *copy, bool is_moved)
{
    struct sim_memory *dst = &shadow->memories[copy->dst_window];

    if (copy->is_probe)
        return;
    for (uint32_t i = 0; i < copy->extent_count; i++) {
        const struct weft_extent *extent = &copy->extents[i];

        check_write(shadow, copy, extent, false);
        if (!is_moved) {
            sim_map_set(&dst->holds, extent->dst_offset, extent->size_bytes, UNDEFINED);
            continue;
        }
        check_read(shadow, copy, extent);
        move(shadow, copy, extent);
        if (copy->op != WEFT_NONE)
            check_landed(shadow, copy, extent);
    }
    if (!is_moved)
        return;
    if (copy->op != WEFT_NONE)
        shadow->landed_bytes[copy->op] += copy->size_bytes;
    if (dst->is_relay)
        shadow->relay_in_bytes += copy->size_bytes;
    if (shadow->memories[copy->src_window].is_relay)
        shadow->relay_out_bytes += copy->size_bytes;
}

void sim_shadow_give_up(struct sim_shadow *shadow, const struct sim_copy *copy)
{
    struct sim_memory *dst = &shadow->memories[copy->dst_window];

    for (uint32_t i = 0; i < copy->extent_count; i++)
        sim_map_set(&dst->given_up, copy->extents[i].dst_offset, copy->extents[i].size_bytes, 1);
}

void sim_shadow_verify(struct sim_shadow *shadow, uint32_t number, const struct sim_op *op,
                       const struct weft_extent *extents)
{
    const struct sim_memory *src = &shadow->memories[op->src_window];

    SIM_CHECK(shadow->history, shadow->landed_bytes[number] >= op->size_bytes, EARLY_COMPLETE,
              "op %u of %" PRIu64 " bytes ended well, of which %" PRIu64 " had landed", number,
              op->size_bytes, shadow->landed_bytes[number]);
    for (uint32_t i = 0; i < op->extent_count; i++)
        compare(shadow, op->dst_window, extents[i].dst_offset, src->base + extents[i].src_offset,
                extents[i].size_bytes, "when its transfer had ended,");
    shadow->verified_bytes += op->size_bytes;
}
