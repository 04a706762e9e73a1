/* The two ways out of the GPU. What always holds: a cookie that flies was issued and not yet given
 * back; nothing flies before a transfer and, when it went well, after it. */
#include "relay.h"

#include <stdio.h>

/* The copies of a slot. */
#define FIRST(slot)  (2 * (slot))
#define SECOND(slot) (2 * (slot) + 1)

static bool failed(const char *what, weftResult_t result, char why[WEFT_WHY_BYTES])
{
    (void)snprintf(why, WEFT_WHY_BYTES, "%s: %s", what, weftGetErrorString(result));
    return false;
}

static void poll_once(struct weft_relay_rig *rig)
{
    struct weft_completion ended[WEFT_RELAY_COOKIES];
    uint32_t count = rig->ops->poll(rig->port, ended, WEFT_RELAY_COOKIES);

    for (uint32_t i = 0; i < count; i++) {
        weft_assert(rig->flies[ended[i].cookie]);
        rig->flies[ended[i].cookie] = false;
        rig->flying--;
        if (ended[i].result != weftSuccess && rig->failed == weftSuccess)
            rig->failed = ended[i].result;
    }
}

/* Polls once unless the deadline has passed or a copy has failed. */
static bool go_on(struct weft_relay_rig *rig, weft_ns deadline_at, char why[WEFT_WHY_BYTES])
{
    poll_once(rig);
    if (rig->failed != weftSuccess)
        return failed("a copy ended badly", rig->failed, why);
    if (weft_testbed_now(rig->testbed) > deadline_at)
        return failed("the copies do not end", weftTimeout, why);
    return true;
}

static bool issue(struct weft_relay_rig *rig, const struct weft_copy *copy, weft_ns deadline_at,
                  char why[WEFT_WHY_BYTES])
{
    weftResult_t result;

    while ((result = rig->ops->copy(rig->port, copy)) == weftNoResource)
        if (!go_on(rig, deadline_at, why))
            return false;
    if (result != weftSuccess)
        return failed("a copy cannot be issued", result, why);
    rig->flies[copy->cookie] = true;
    rig->flying++;
    return true;
}

static bool drain(struct weft_relay_rig *rig, weft_ns deadline_at, char why[WEFT_WHY_BYTES])
{
    while (rig->flying > 0)
        if (!go_on(rig, deadline_at, why))
            return false;
    return true;
}

bool weft_relay_direct(struct weft_relay_rig *rig, uint64_t size, weft_ns *time_ns,
                       char why[WEFT_WHY_BYTES])
{
    weft_ns begun_at = weft_testbed_now(rig->testbed);
    struct weft_extent extent = {.size_bytes = size};
    struct weft_copy copy = {.lane = rig->lanes[WEFT_RELAY_OUT],
                             .dst_window = WEFT_RELAY_HOST,
                             .src_window = WEFT_RELAY_SOURCE,
                             .extent_count = 1,
                             .extents = &extent,
                             .size_bytes = size,
                             .cookie = FIRST(0),
                             .after = WEFT_COOKIE_NONE};

    if (!issue(rig, &copy, begun_at + WEFT_RELAY_WAIT_NS, why) ||
        !drain(rig, begun_at + WEFT_RELAY_WAIT_NS, why))
        return false;
    *time_ns = weft_testbed_now(rig->testbed) - begun_at;
    return true;
}

/* One chunk into its slot, and behind that on the device from there to host memory. */
static bool chunk_issue(struct weft_relay_rig *rig, uint32_t slot, uint64_t offset, uint64_t size,
                        weft_ns deadline_at, char why[WEFT_WHY_BYTES])
{
    uint64_t place = slot * WEFT_RELAY_SLOT_BYTES;
    struct weft_extent in = {.dst_offset = place, .src_offset = offset, .size_bytes = size};
    struct weft_extent out = {.dst_offset = offset, .src_offset = place, .size_bytes = size};
    struct weft_copy first = {.lane = rig->lanes[WEFT_RELAY_INSIDE],
                              .dst_window = WEFT_RELAY_STAGING,
                              .src_window = WEFT_RELAY_SOURCE,
                              .extent_count = 1,
                              .extents = &in,
                              .size_bytes = size,
                              .cookie = FIRST(slot),
                              .after = WEFT_COOKIE_NONE};
    struct weft_copy second = {.lane = rig->lanes[WEFT_RELAY_OUT],
                               .dst_window = WEFT_RELAY_HOST,
                               .src_window = WEFT_RELAY_STAGING,
                               .extent_count = 1,
                               .extents = &out,
                               .size_bytes = size,
                               .cookie = SECOND(slot),
                               .after = FIRST(slot),
                               .after_port = rig->port};

    return issue(rig, &first, deadline_at, why) && issue(rig, &second, deadline_at, why);
}

bool weft_relay_staged(struct weft_relay_rig *rig, uint64_t size, weft_ns *time_ns,
                       char why[WEFT_WHY_BYTES])
{
    weft_ns begun_at = weft_testbed_now(rig->testbed);
    weft_ns deadline_at = begun_at + WEFT_RELAY_WAIT_NS;
    uint32_t slot = 0;

    for (uint64_t done = 0; done < size; done += WEFT_RELAY_SLOT_BYTES) {
        uint64_t chunk = weft_min(WEFT_RELAY_SLOT_BYTES, size - done);

        while (rig->flies[FIRST(slot)] || rig->flies[SECOND(slot)])
            if (!go_on(rig, deadline_at, why))
                return false;
        if (!chunk_issue(rig, slot, done, chunk, deadline_at, why))
            return false;
        slot = (slot + 1) % WEFT_RELAY_SLOTS;
    }
    if (!drain(rig, deadline_at, why))
        return false;
    *time_ns = weft_testbed_now(rig->testbed) - begun_at;
    return true;
}
