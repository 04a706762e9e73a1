/* Paths: windows, predictions, learning.
 *
 * The window is the bandwidth-delay product and one chunk: less starves the engine, more turns late
 * binding into early binding (multi-path transfers: pull beats any split fixed in advance). */
#include "path.h"

#define HOST_TURN_NS   10000        /* from a chunk's end until the next is issued, generously */
#define LEAST_BYTES    WEFT_KIB(64) /* a chunk may have so many on the slowest path */
#define CHUNKS_MAX     16 /* small chunks in flight: a path that hangs must not hold them all */
#define RAMP_BYTES_MAX WEFT_GIB(1)
#define SLOW_PERCENT   60 /* less than this of its share: it proved slower */
#define FULL_PERCENT   90 /* more than this of its limit: it may do more */

static void check(const struct weft_path *path)
{
    weft_assert(path->chunks > 0 || path->bytes == 0);
    weft_assert(path->rate_bytes_per_us > 0);
    weft_assert(path->admitted || path->cap_bytes_per_us == 0);
}

void weft_path_init(struct weft_path *path, const struct weft_route *route,
                    const struct weft_hop_table *hops, uint32_t src_device, uint32_t dst_device)
{
    uint64_t rate = weft_max(route->rate_bytes_per_us, 1);

    *path =
        (struct weft_path){.route = *route, .limit_bytes_per_us = rate, .rate_bytes_per_us = rate};
    for (uint32_t i = 0; i < route->hop_count; i++) {
        uint32_t port = hops->hops[route->hops[i]].port_device;

        path->lent = path->lent || (port != src_device && port != dst_device);
    }
    check(path);
}

bool weft_path_alive(const struct weft_path *path, const struct weft_lane *lanes)
{
    for (uint32_t i = 0; i < path->route.hop_count; i++)
        if (!weft_lane_alive(&lanes[path->route.hops[i]]))
            return false;
    return true;
}

bool weft_path_full(const struct weft_path *path, const struct weft_lane *lanes)
{
    for (uint32_t i = 0; i < path->route.hop_count; i++)
        if (weft_lane_is_full(&lanes[path->route.hops[i]]))
            return true;
    return false;
}

static bool window_open(const struct weft_path *path)
{
    uint64_t delay_ns = path->route.latency_ns + HOST_TURN_NS;
    uint64_t product = path->rate_bytes_per_us * delay_ns / 1000;

    /* On lent links two are enough to keep the slow engine busy: a third would only be in the way
     * of the owner. */
    if (path->lent)
        return path->chunks < 2;
    if (path->chunks <= path->route.hop_count)
        return true;
    return path->bytes < product && path->chunks < CHUNKS_MAX;
}

bool weft_path_open(const struct weft_path *path, const struct weft_lane *lanes,
                    const struct weft_relay *relays, weft_ns now)
{
    if (!window_open(path))
        return false;
    for (uint32_t i = 0; i < path->route.hop_count; i++)
        if (!weft_lane_usable(&lanes[path->route.hops[i]], now))
            return false;
    for (uint32_t i = 0; i + 1 < path->route.hop_count; i++)
        if (weft_relay_free_count(&relays[path->route.transits[i]]) == 0)
            return false;
    return true;
}

uint64_t weft_path_chunk_max(const struct weft_path *path, const struct weft_lane *lanes,
                             const struct weft_config *config)
{
    weft_ns chunk_ns_max = path->route.crosses ? config->net_chunk_ns_max : config->chunk_ns_max;
    uint64_t timely = path->route.rate_bytes_per_us * chunk_ns_max / 1000;
    uint64_t most = weft_min(config->chunk_bytes_max, weft_max(timely, LEAST_BYTES));

    if (path->route.hop_count > 1)
        most = weft_min(most, config->relay_slot_bytes);
    if (path->lent)
        most = weft_min(most, path->owner_busy ? config->lent_chunk_bytes : path->ramp_bytes);
    for (uint32_t i = 0; i < path->route.hop_count; i++)
        if (lanes[path->route.hops[i]].state == WEFT_LANE_TRIAL)
            most = weft_min(most, config->lent_chunk_bytes);
    return most;
}

weft_ns weft_path_time(const struct weft_path *path, uint64_t bytes)
{
    weft_ns moving = weft_bytes_time(weft_add_sat(path->bytes, bytes), path->rate_bytes_per_us);

    return weft_add_sat(moving, path->route.latency_ns);
}

void weft_path_taken(struct weft_path *path, uint64_t bytes)
{
    path->chunks++;
    path->bytes += bytes;
    check(path);
}

static void untake(struct weft_path *path, uint64_t bytes)
{
    weft_assert(path->chunks > 0);
    path->chunks--;
    path->bytes -= bytes;
}

/* A sample is the chunk's bytes over the time in which the path worked on it alone: since the end
 * of the one before, or since its own issue less the latency that it had to wait. */
void weft_path_done(struct weft_path *path, uint64_t bytes, weft_ns issued_at, weft_ns now)
{
    bool behind = path->ended_at > issued_at;
    weft_ns took = now - (behind ? path->ended_at : issued_at);
    uint64_t nominal = weft_max(path->route.rate_bytes_per_us, 1);
    uint64_t sample;

    if (!behind)
        took = weft_sub_sat(took, path->route.latency_ns);
    sample = weft_min(bytes * 1000 / weft_max(took, 1), nominal);
    sample = weft_max(sample, nominal / 64 + 1);
    if (sample * 2 < path->rate_bytes_per_us)
        path->rate_bytes_per_us = (path->rate_bytes_per_us + sample) / 2;
    else
        path->rate_bytes_per_us = (path->rate_bytes_per_us * 3 + sample) / 4;
    path->rate_bytes_per_us = weft_max(path->rate_bytes_per_us, 1);
    path->samples++;
    path->ended_at = now;
    path->moved_bytes += bytes;
    path->chunk_count++;
    path->ramp_bytes = weft_max(path->ramp_bytes, weft_min(bytes, RAMP_BYTES_MAX) * 2);
    untake(path, bytes);
    check(path);
}

void weft_path_failed(struct weft_path *path, uint64_t bytes)
{
    untake(path, bytes);
    check(path);
}

void weft_path_review(struct weft_path *path)
{
    uint64_t nominal = weft_max(path->route.rate_bytes_per_us, 1);

    if (path->samples >= 2 && path->admitted &&
        path->rate_bytes_per_us * 100 < path->cap_bytes_per_us * SLOW_PERCENT)
        path->limit_bytes_per_us = path->rate_bytes_per_us * 5 / 4 + 1;
    else if (path->rate_bytes_per_us * 100 >= path->limit_bytes_per_us * FULL_PERCENT)
        path->limit_bytes_per_us = path->limit_bytes_per_us * 3 / 2;
    path->limit_bytes_per_us = weft_min(path->limit_bytes_per_us, nominal);
    path->samples = 0;
}

void weft_path_restart(struct weft_path *path, const struct weft_config *config)
{
    path->ramp_bytes = config->ramp_bytes;
}

bool weft_path_limited(const struct weft_path *path)
{
    return path->limit_bytes_per_us < path->route.rate_bytes_per_us;
}

void weft_path_unplan(struct weft_path *path)
{
    path->admitted = false;
    path->owner_busy = false;
    path->cap_bytes_per_us = 0;
    check(path);
}
