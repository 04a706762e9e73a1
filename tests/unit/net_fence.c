/* transports/net, over any transport: lanes that die, with things on their way.
 *
 * Whatever is told as done is there; what is told as failed never comes: its place is filled anew
 * at once, and must stay so. Stores and messages come once each. */
#include "net_fixture.h"

#include <string.h>

#include "base/prng.h"
#include "host/log.h"

#define SLOTS      31                   /* places of copies, each way */
#define WORD       (SLOTS * SLOT_BYTES) /* behind the sources: stores go there */
#define RAISED     (WORD + 8)           /* raised by each copy that is there, and no other */
#define SLOT_BYTES 65536
#define GUARD      0x6b

/* A stream of copies from one net to the other: slot i goes from half to half. */
struct stream {
    struct net_end *from;
    struct net_end *to;
    bool is_out[SLOTS];
    bool is_guarded[SLOTS]; /* failed: its place holds GUARD since */
    uint64_t seed[SLOTS];
    uint32_t good;
    uint32_t bad;
};

static struct net_end ends[2];

static char *source(struct stream *stream, uint32_t slot)
{
    return stream->from->memory + (size_t)slot * SLOT_BYTES;
}

static char *place(struct stream *stream, uint32_t slot)
{
    return stream->to->memory + NET_BYTES / 2 + (size_t)slot * SLOT_BYTES;
}

static void check_guard(struct stream *stream, uint32_t slot)
{
    if (stream->is_guarded[slot])
        cr_assert(net_is_all(place(stream, slot), SLOT_BYTES, GUARD), "slot %u: a late byte", slot);
}

/* What has ended is looked at, and its place given to another. */
static void stream_reap(struct stream *stream)
{
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        weftResult_t result = stream->from->results[slot];

        if (!stream->is_out[slot] || result == weftNumResults)
            continue;
        stream->is_out[slot] = false;
        stream->from->results[slot] = weftNumResults;
        if (result == weftSuccess) {
            cr_assert_eq(memcmp(place(stream, slot), source(stream, slot), SLOT_BYTES), 0);
            stream->good++;
        } else {
            cr_assert_eq(result, weftRemoteError);
            memset(place(stream, slot), GUARD, SLOT_BYTES);
            stream->is_guarded[slot] = true;
            stream->bad++;
        }
    }
}

static void stream_issue(struct stream *stream, struct weft_prng *prng)
{
    uint32_t slot = (uint32_t)weft_prng_below(prng, SLOTS);
    uint32_t lane = (uint32_t)weft_prng_below(prng, stream->from->nic_count);

    struct weft_copy_signal signal = {NET_THEIRS, RAISED, 1, weftSignalAdd};
    struct weft_extent extent = {.size_bytes = SLOT_BYTES};
    struct weft_copy copy = {.dst_window = NET_THEIRS,
                             .src_window = NET_OWN,
                             .extent_count = 1,
                             .extents = &extent,
                             .size_bytes = SLOT_BYTES,
                             .after = WEFT_COOKIE_NONE,
                             .signal = net_ops->signal_bytes_max > 0 ? &signal : NULL};

    if (stream->is_out[slot])
        return;
    check_guard(stream, slot);
    net_fill(source(stream, slot), SLOT_BYTES, weft_prng_next(prng));
    copy.lane = lane;
    copy.cookie = slot;
    extent.dst_offset = NET_BYTES / 2 + (uint64_t)slot * SLOT_BYTES;
    extent.src_offset = (uint64_t)slot * SLOT_BYTES;
    if (net_ops->copy(stream->from->net, &copy) != weftSuccess)
        return;
    stream->is_guarded[slot] = false;
    stream->is_out[slot] = true;
}

static uint32_t stream_out(const struct stream *stream)
{
    uint32_t out = 0;

    for (uint32_t i = 0; i < SLOTS; i++)
        out += stream->is_out[i];
    return out;
}

static void streams_turn(struct stream *streams)
{
    net_turn(ends, 2);
    stream_reap(&streams[0]);
    stream_reap(&streams[1]);
}

static void streams_init(struct stream *streams)
{
    memset(streams, 0, 2 * sizeof(*streams));
    for (uint32_t i = 0; i < 2; i++) {
        streams[i].from = &ends[i];
        streams[i].to = &ends[1 - i];
    }
}

static void streams_drain(struct stream *streams)
{
    uint64_t deadline_ns = net_clock() + NET_WAIT_S * UINT64_C(1000000000);

    while (stream_out(&streams[0]) + stream_out(&streams[1]) > 0) {
        cr_assert_lt(net_clock(), deadline_ns, "%u and %u copies do not end",
                     stream_out(&streams[0]), stream_out(&streams[1]));
        streams_turn(streams);
    }
    for (uint32_t i = 0; net_ops->signal_bytes_max > 0 && i < 2; i++) {
        uint64_t raised;

        memcpy(&raised, streams[i].to->memory + RAISED, sizeof(raised));
        cr_assert_eq(raised, streams[i].good, "raised %u times by %u copies", (unsigned)raised,
                     streams[i].good);
    }
}

/* Fills all lanes, lets some of it flow, breaks NICs in a state, and sees all copies end. */
static void break_nics(enum weft_net_crypto crypto, enum weft_net_shape_state state,
                       uint32_t broken_end, uint32_t broken_count)
{
    static struct stream streams[2];
    struct weft_prng prng;
    struct weft_net_counts counts;

    net_meet(ends, 4, crypto);
    streams_init(streams);
    weft_prng_init(&prng, 5);
    for (uint32_t round = 0; round < 5; round++) {
        for (uint32_t i = 0; i < 200; i++)
            stream_issue(&streams[i % 2], &prng);
        for (uint32_t i = 0; i < round; i++)
            streams_turn(streams);
        for (uint32_t i = 0; i < broken_count; i++)
            net_shape(&ends[broken_end], (round + i) % 4, state);
        for (uint32_t i = 0; i < 50; i++)
            stream_issue(&streams[i % 2], &prng);
        streams_drain(streams);
        for (uint32_t i = 0; i < broken_count; i++)
            net_shape(&ends[broken_end], (round + i) % 4, WEFT_NET_SHAPE_UP);
        net_wait_lanes(ends, 2, &ends[0], 0, 4);
        net_wait_lanes(ends, 2, &ends[1], 0, 4);
    }
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        check_guard(&streams[0], slot);
        check_guard(&streams[1], slot);
    }
    /* Over TCP what was on the lane fails; over UDP it takes another. */
    if (net_ops == &weft_tcp_net)
        cr_assert_gt(streams[0].bad + streams[1].bad, 0, "nothing was on its way");
    else
        cr_assert_eq(streams[0].bad + streams[1].bad, 0);
    cr_assert_gt(streams[0].good, 0);
    cr_assert_gt(streams[1].good, 0);
    net_ops->counts(ends[0].net, &counts);
    if (net_ops == &weft_tcp_net)
        cr_assert_geq(counts.fences, 5 * broken_count);
    net_close_end(&ends[0]);
    net_close_end(&ends[1]);
}

Test(net_fence, die__one_lane_cut)
{
    NET_EACH()
    {
        break_nics(WEFT_NET_CRYPTO_OFF, WEFT_NET_SHAPE_CUT, 0, 1);
    }
}

Test(net_fence, die__one_lane_cut_at_the_peer_sealed)
{
    NET_EACH()
    {
        break_nics(WEFT_NET_CRYPTO_FULL, WEFT_NET_SHAPE_CUT, 1, 1);
    }
}

Test(net_fence, die__three_lanes_cut)
{
    NET_EACH()
    {
        break_nics(WEFT_NET_CRYPTO_OFF, WEFT_NET_SHAPE_CUT, 1, 3);
    }
}

Test(net_fence, die__one_lane_silent)
{
    NET_EACH()
    {
        break_nics(WEFT_NET_CRYPTO_OFF, WEFT_NET_SHAPE_SILENT, 1, 1);
    }
}

Test(net_fence, die__two_lanes_silent_sealed)
{
    NET_EACH()
    {
        break_nics(WEFT_NET_CRYPTO_FULL, WEFT_NET_SHAPE_SILENT, 0, 2);
    }
}

/* A black hole one way: at an end that says nothing any more, and at one that hears nothing. */
Test(net_fence, die__one_lane_silent_out)
{
    NET_EACH()
    {
        break_nics(WEFT_NET_CRYPTO_OFF, WEFT_NET_SHAPE_SILENT_OUT, 0, 1);
    }
}

Test(net_fence, die__two_lanes_silent_in_sealed)
{
    NET_EACH()
    {
        break_nics(WEFT_NET_CRYPTO_FULL, WEFT_NET_SHAPE_SILENT_IN, 0, 2);
    }
}

/* All lanes: what is in doubt is not told until one lane is back, then all of it is. */
Test(net_fence, die__all_lanes_and_back)
{
    NET_EACH()
    {
        static struct stream streams[2];
        struct weft_prng prng;
        uint32_t from = 0;

        net_meet(ends, 2, WEFT_NET_CRYPTO_OFF);
        streams_init(streams);
        weft_prng_init(&prng, 6);
        for (uint32_t i = 0; i < 100; i++)
            stream_issue(&streams[i % 2], &prng);
        streams_turn(streams);
        from = ends[0].seen_count;
        net_shape(&ends[0], 0, WEFT_NET_SHAPE_CUT);
        net_shape(&ends[0], 1, WEFT_NET_SHAPE_CUT);
        cr_assert_eq(net_copy(&ends[0], 0, 0, 0, 1, SLOTS), weftRemoteError);
        cr_assert_eq(net_ops->send(ends[0].net, 0, "x", 1), weftRemoteError);
        /* Overdue, but not gone: the peer's process listens. */
        cr_assert_not(net_wait_event(ends, 2, &ends[0], WEFT_NET_PEER_DOWN, from)->event.is_gone);
        stream_reap(&streams[0]);
        stream_reap(&streams[1]);
        cr_assert_gt(stream_out(&streams[0]), 0, "what was on its way is in doubt");
        from = ends[0].seen_count;
        net_shape(&ends[0], 1, WEFT_NET_SHAPE_UP);
        cr_assert_eq(net_wait_event(ends, 2, &ends[0], WEFT_NET_PEER_UP, from)->event.peer, 0);
        streams_drain(streams);
        net_shape(&ends[0], 0, WEFT_NET_SHAPE_UP);
        net_wait_lanes(ends, 2, &ends[0], 0, 2);
        for (uint32_t i = 0; i < 100; i++)
            stream_issue(&streams[i % 2], &prng);
        streams_drain(streams);
        for (uint32_t slot = 0; slot < SLOTS; slot++) {
            check_guard(&streams[0], slot);
            check_guard(&streams[1], slot);
        }
        net_close_end(&ends[0]);
        net_close_end(&ends[1]);
    }
}

/* A process that is stopped, and goes on. */
Test(net_fence, silence__peer_stopped_and_continued)
{
    NET_EACH()
    {
        static struct stream streams[2];
        struct weft_prng prng;
        uint32_t from;

        net_meet(ends, 2, WEFT_NET_CRYPTO_FULL);
        streams_init(streams);
        weft_prng_init(&prng, 7);
        for (uint32_t i = 0; i < 100; i++)
            stream_issue(&streams[0], &prng);
        cr_assert_eq(net_ops->store(ends[0].net, NET_THEIRS, WORD, 1, weftSignalAdd, 100),
                     weftSuccess);
        from = ends[0].seen_count;
        ends[1].is_idle = true;
        cr_assert_not(net_wait_event(ends, 2, &ends[0], WEFT_NET_PEER_DOWN, from)->event.is_gone);
        stream_reap(&streams[0]);
        cr_assert_gt(stream_out(&streams[0]), 0);
        cr_assert_not(net_is_ended(&ends[0], 100));
        ends[1].is_idle = false;
        streams_drain(streams);
        cr_assert_eq(net_wait(ends, 2, &ends[0], 100), weftSuccess);
        cr_assert_eq(*(uint64_t *)(void *)(ends[1].memory + WORD), 1);
        net_wait_lanes(ends, 2, &ends[0], 0, 2);
        for (uint32_t slot = 0; slot < SLOTS; slot++)
            check_guard(&streams[0], slot);
        net_close_end(&ends[0]);
        net_close_end(&ends[1]);
    }
}

/* A lane whose NIC is slow by order is not silent. */
Test(net_fence, silence__slow_is_not_silent)
{
    NET_EACH()
    {
        /* 2 MiB take three times as long as a lane may be silent. */
        const struct weft_net_shape slow = {.state = WEFT_NET_SHAPE_UP, .rate_bytes_per_ms = 20000};
        struct weft_net_counts counts;

        net_silence_ns = 30000000;
        net_meet(ends, 1, WEFT_NET_CRYPTO_OFF);
        net_ops->shape(ends[0].net, 0, &slow);
        net_fill(ends[0].memory, NET_BYTES, 1);
        cr_assert_eq(net_copy(&ends[0], 0, 0, 0, NET_BYTES / 2, 0), weftSuccess);
        cr_assert_eq(net_wait(ends, 2, &ends[0], 0), weftSuccess);
        cr_assert_eq(memcmp(ends[0].memory, ends[1].memory, NET_BYTES / 2), 0);
        net_ops->counts(ends[0].net, &counts);
        cr_assert_eq(counts.fences, 0);
        net_close_end(&ends[0]);
        net_close_end(&ends[1]);
    }
}

/* ---- everything at once ---- */

#define CHAOS_STEPS      5000
#define CHAOS_SILENCE_NS 15000000

struct tally {
    uint64_t stored;             /* sum of values */
    bool is_stored[NET_COOKIES]; /* with that cookie, at some time */
    uint32_t messages;
    uint32_t forwards;
    bool got[4096];
};

static void chaos_issue(struct tally *tally, struct weft_prng *prng, uint32_t step)
{
    uint32_t cookie = 100 + step % 300;
    struct weft_extent extent = {0, 64, 8};
    struct weft_copy copy = {.dst_window = NET_THEIRS,
                             .src_window = NET_THEIRS,
                             .extent_count = 1,
                             .extents = &extent,
                             .size_bytes = 8,
                             .cookie = 450 + step % 50,
                             .after = WEFT_COOKIE_NONE};

    /* The net may have no room for it: then the next one with that cookie. */
    if ((ends[0].results[cookie] == weftSuccess || !tally->is_stored[cookie]) &&
        net_ops->store(ends[0].net, NET_THEIRS, WORD, step, weftSignalAdd, cookie) == weftSuccess) {
        tally->stored += step;
        tally->is_stored[cookie] = true;
        ends[0].results[cookie] = weftNumResults;
    }
    if (weft_prng_chance(prng, 30) &&
        net_ops->send(ends[0].net, 0, &tally->messages, sizeof(tally->messages)) == weftSuccess)
        tally->messages++;
    if (weft_prng_chance(prng, 10) && tally->forwards < 50) {
        copy.cookie = 450 + tally->forwards;
        if (net_ops->forward(ends[0].net, &copy) == weftSuccess)
            tally->forwards++;
    }
}

/* Takes what the second net has seen: each message once, each forward answered. */
static void chaos_take(struct tally *tally)
{
    for (uint32_t i = 0; i < ends[1].seen_count; i++) {
        const struct net_seen *seen = &ends[1].seen[i];
        uint32_t number;

        cr_assert_lt(i, NET_EVENTS);
        if (seen->event.kind == WEFT_NET_FORWARD)
            net_ops->answer(ends[1].net, 0, seen->event.request, weftSuccess);
        if (seen->event.kind != WEFT_NET_MESSAGE)
            continue;
        memcpy(&number, seen->bytes, sizeof(number));
        cr_assert_lt(number, tally->messages);
        cr_assert_not(tally->got[number], "message %u came twice", number);
        tally->got[number] = true;
    }
    ends[1].seen_count = 0;
    ends[0].seen_count = 0;
}

static void chaos_shape(struct weft_prng *prng)
{
    static const enum weft_net_shape_state states[] = {WEFT_NET_SHAPE_UP, WEFT_NET_SHAPE_UP,
                                                       WEFT_NET_SHAPE_CUT, WEFT_NET_SHAPE_SILENT};

    net_shape(&ends[weft_prng_below(prng, 2)], (uint32_t)weft_prng_below(prng, 4),
              states[weft_prng_below(prng, 4)]);
}

/* What has not come or ended, or NULL. */
static const char *chaos_lacks(const struct tally *tally)
{
    static char text[64];
    struct weft_text out;

    weft_text_init(&out, text, sizeof(text));
    for (uint32_t i = 0; i < tally->messages; i++)
        if (!tally->got[i])
            weft_text_format(&out, "message %u of %u ", i, tally->messages);
    for (uint32_t i = 0; i < NET_COOKIES; i++)
        if (tally->is_stored[i] && ends[0].results[i] != weftSuccess)
            weft_text_format(&out, "store %u ", i);
    for (uint32_t i = 0; i < tally->forwards; i++)
        if (ends[0].results[450 + i] != weftSuccess)
            weft_text_format(&out, "forward %u ", i);
    return out.used == 0 ? NULL : text;
}

static void chaos(uint64_t seed, enum weft_net_crypto crypto)
{
    static struct stream streams[2];
    static struct tally tally;
    struct weft_prng prng;
    struct weft_net_counts counts;
    const char *lacks;
    uint64_t deadline_ns;
    uint64_t word;

    memset(&tally, 0, sizeof(tally));
    net_silence_ns = CHAOS_SILENCE_NS;
    net_meet(ends, 4, crypto);
    streams_init(streams);
    weft_prng_init(&prng, seed);
    for (uint32_t step = 0; step < CHAOS_STEPS; step++) {
        stream_issue(&streams[weft_prng_below(&prng, 2)], &prng);
        chaos_issue(&tally, &prng, step);
        if (weft_prng_below(&prng, 200) == 0)
            chaos_shape(&prng);
        if (weft_prng_chance(&prng, 50))
            streams_turn(streams);
        chaos_take(&tally);
    }
    for (uint32_t i = 0; i < 8; i++)
        net_shape(&ends[i / 4], i % 4, WEFT_NET_SHAPE_UP);
    streams_drain(streams);
    deadline_ns = net_clock() + NET_WAIT_S * UINT64_C(1000000000);
    while ((lacks = chaos_lacks(&tally)) != NULL) {
        cr_assert_lt(net_clock(), deadline_ns, "seed %u: lost over %s: %s", (unsigned)seed,
                     net_ops->name, lacks);
        streams_turn(streams);
        chaos_take(&tally);
    }
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        check_guard(&streams[0], slot);
        check_guard(&streams[1], slot);
    }
    net_ops->counts(ends[0].net, &counts);
    cr_assert_gt(counts.fences, 0, "seed %u: no lane died", (unsigned)seed);
    memcpy(&word, ends[1].memory + WORD, sizeof(word));
    cr_assert_eq(word, tally.stored, "stores came not once each");
    net_close_end(&ends[0]);
    net_close_end(&ends[1]);
}

Test(net_fence, die__any_lanes_any_time)
{
    NET_EACH()
    {
        for (uint64_t seed = 1; seed <= 12; seed++)
            chaos(seed, WEFT_NET_CRYPTO_OFF);
    }
}

Test(net_fence, die__any_lanes_any_time_sealed)
{
    NET_EACH()
    {
        for (uint64_t seed = 101; seed <= 106; seed++)
            chaos(seed, WEFT_NET_CRYPTO_FULL);
    }
}
