/* Messages, words, and what must be where; see end.h. */
#include "end_flow.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "udp/udp.h"

#define GUARD_BYTES 4096
#define GUARD       0xe7 /* around what may be written */
#define TAKEN       0x3c /* where bytes were looked at: they are somebody else's now */
#define GONE        0xc3 /* where bytes were sent from */
#define TOKEN       0x5a
#define EPOCH       7

enum message_state { UNSENT, COPYING, WAITING, STORING, ENDED };

struct mpwire_message {
    uint8_t state;
    uint8_t lane;
};

void mpwire_end_fail(struct mpwire_end *end, const char *format, ...)
{
    va_list arguments;

    if (end->news.why[0] != '\0')
        return;
    va_start(arguments, format);
    (void)vsnprintf(end->news.why, sizeof(end->news.why), format, arguments);
    va_end(arguments);
    end->news.version++;
}

/* ---- where messages are ---- */

static uint32_t count_of(const struct mpsim_flow *flow)
{
    return flow->total_bytes == 0
               ? 0
               : (uint32_t)((flow->total_bytes + flow->message_bytes - 1) / flow->message_bytes);
}

static uint64_t offset_of(const struct mpsim_flow *flow, uint32_t message)
{
    return (uint64_t)message * flow->message_bytes;
}

static uint64_t bytes_of(const struct mpsim_flow *flow, uint32_t message)
{
    return weft_min(flow->message_bytes, flow->total_bytes - offset_of(flow, message));
}

static size_t padded(uint64_t bytes)
{
    return (bytes + 7) / 8 * 8;
}

static size_t words_at(const struct mpsim_flow *flow)
{
    return GUARD_BYTES + padded(flow->total_bytes) + GUARD_BYTES;
}

static uint64_t word_of(const struct mpwire_end *end, uint32_t message)
{
    uint64_t word;

    memcpy(&word, end->sink + words_at(&end->peer_end->flow) + 8 * (size_t)message, sizeof(word));
    return word;
}

/* ---- memory ---- */

bool mpwire_flow_alloc(struct mpwire_end *end, const struct mpsim_flow *theirs, uint64_t seed)
{
    uint32_t their_count = theirs->exchanges > 0 ? 0 : count_of(theirs);
    struct weft_prng prng;

    weft_prng_init(&prng, seed * 2 + end->side);
    end->message_count = count_of(&end->flow);
    end->pattern = malloc(padded(end->flow.total_bytes) + 8);
    end->source = malloc(padded(end->flow.total_bytes) + 8);
    end->messages = calloc((size_t)end->message_count + 1, sizeof(*end->messages));
    end->out = calloc(end->lane_count, sizeof(*end->out));
    end->is_got = calloc((size_t)count_of(theirs) + 1, sizeof(*end->is_got));
    end->sink_bytes = words_at(theirs) + 8 * (size_t)their_count + GUARD_BYTES;
    end->sink = malloc(end->sink_bytes);
    if (end->pattern == NULL || end->source == NULL || end->messages == NULL || end->out == NULL ||
        end->is_got == NULL || end->sink == NULL)
        return false;
    for (size_t i = 0; i < padded(end->flow.total_bytes) + 8; i += 8) {
        uint64_t word = weft_prng_next(&prng);

        memcpy(end->pattern + i, &word, sizeof(word));
    }
    memcpy(end->source, end->pattern, padded(end->flow.total_bytes) + 8);
    memset(end->sink, GUARD, end->sink_bytes);
    memset(end->sink + GUARD_BYTES, 0, theirs->total_bytes);
    memset(end->sink + words_at(theirs), 0, 8 * (size_t)their_count);
    end->news.is_sent = end->message_count == 0;
    end->news.is_got = count_of(theirs) == 0;
    end->news.version = 1;
    return true;
}

void mpwire_flow_free(struct mpwire_end *end)
{
    free(end->pattern);
    free(end->source);
    free(end->messages);
    free(end->out);
    free(end->is_got);
    free(end->sink);
}

struct weft_net_remote mpwire_sink_remote(const struct mpwire_end *end)
{
    struct weft_net_remote remote = {.window = MPWIRE_SINK,
                                     .epoch = EPOCH,
                                     .size_bytes = end->sink_bytes,
                                     .rights = WEFT_RIGHTS_ALL};

    memset(remote.token, TOKEN + (int)end->side, sizeof(remote.token));
    return remote;
}

/* ---- sending ---- */

/* Every other message raises its word by itself, where the transport takes that. */
static bool has_signal(const struct mpwire_end *end, uint32_t message)
{
    return message % 2 != 0 && bytes_of(&end->flow, message) <= weft_udp_net.signal_bytes_max;
}

static uint64_t word_offset(const struct mpwire_end *end, uint32_t message)
{
    return words_at(&end->flow) + 8 * (uint64_t)message;
}

static weftResult_t copy(struct mpwire_end *end, uint32_t message, uint32_t lane)
{
    uint64_t offset = offset_of(&end->flow, message);
    uint64_t size = bytes_of(&end->flow, message);
    const struct weft_extent extent = {GUARD_BYTES + offset, offset, size};
    const struct weft_copy_signal signal = {.window = MPWIRE_THEIRS,
                                            .offset = word_offset(end, message),
                                            .value = 1,
                                            .op = weftSignalAdd};
    const struct weft_copy copy = {.lane = lane,
                                   .dst_window = MPWIRE_THEIRS,
                                   .src_window = MPWIRE_SOURCE,
                                   .extent_count = 1,
                                   .extents = &extent,
                                   .size_bytes = size,
                                   .cookie = 2 * message,
                                   .after = WEFT_COOKIE_NONE,
                                   .signal = has_signal(end, message) ? &signal : NULL};

    return weft_udp_net.copy(end->net, &copy);
}

/* False: the lane is down, or full. */
static bool submit(struct mpwire_end *end, uint32_t lane)
{
    uint32_t message = end->message_next;

    if (copy(end, message, lane) != weftSuccess)
        return false;
    end->messages[message] = (struct mpwire_message){COPYING, (uint8_t)lane};
    end->out[lane]++;
    end->message_next++;
    return true;
}

/* The words of what has ended. */
static void stores_submit(struct mpwire_end *end)
{
    for (uint32_t i = 0; i < end->message_next && end->store_waits > 0; i++) {
        if (end->messages[i].state != WAITING)
            continue;
        if (weft_udp_net.store(end->net, MPWIRE_THEIRS, word_offset(end, i), 1, weftSignalAdd,
                               2 * i + 1) != weftSuccess)
            return;
        end->messages[i].state = STORING;
        end->store_waits--;
    }
}

static void exchange_submit(struct mpwire_end *end)
{
    uint32_t message = end->message_next;

    if (message == end->message_count || end->got_count != message + (end->side == 1))
        return;
    if (weft_udp_net.send(end->net, end->peer, end->pattern + offset_of(&end->flow, message),
                          bytes_of(&end->flow, message)) != weftSuccess)
        return;
    end->message_next++;
    end->news.is_sent = end->message_next == end->message_count;
    end->news.version += end->news.is_sent;
}

void mpwire_flow_submit(struct mpwire_end *end)
{
    if (end->flow.exchanges > 0) {
        exchange_submit(end);
        return;
    }
    stores_submit(end);
    for (uint32_t round = 0; round < end->flow.ahead; round++)
        for (uint32_t lane = 0; lane < end->lane_count; lane++)
            if (end->message_next < end->message_count && end->out[lane] <= round)
                (void)submit(end, lane);
}

void mpwire_flow_ended(struct mpwire_end *end, const struct weft_completion *ended)
{
    uint32_t number = ended->cookie / 2;
    struct mpwire_message *message = &end->messages[number];
    bool is_store = ended->cookie % 2 != 0;

    if (number >= end->message_next || message->state != (is_store ? STORING : COPYING)) {
        mpwire_end_fail(end, "cookie %u ends, which is not out", ended->cookie);
        return;
    }
    end->news.errors += ended->result != weftSuccess;
    if (!is_store) {
        end->out[message->lane]--;
        if (ended->result == weftSuccess)
            memset(end->source + offset_of(&end->flow, number), GONE, bytes_of(&end->flow, number));
    }
    message->state = ENDED;
    if (ended->result == weftSuccess && !is_store && !has_signal(end, number)) {
        message->state = WAITING;
        end->store_waits++;
    }
    end->message_ended += message->state == ENDED;
    end->news.is_sent = end->message_ended == end->message_count;
    end->news.version += end->news.is_sent;
}

/* ---- getting ---- */

static void got(struct mpwire_end *end, uint32_t message)
{
    end->is_got[message] = true;
    end->got_count++;
    if (end->got_count < count_of(&end->peer_end->flow))
        return;
    end->news.is_got = true;
    end->news.got_at = mpwire_now();
    end->news.version++;
}

void mpwire_flow_message(struct mpwire_end *end, const void *bytes, size_t size)
{
    const struct mpsim_flow *flow = &end->peer_end->flow;
    uint32_t message = end->got_count;

    if (flow->exchanges == 0 || message == count_of(flow)) {
        mpwire_end_fail(end, "a message that nobody sent");
    } else if (size != bytes_of(flow, message) ||
               memcmp(bytes, end->peer_end->pattern + offset_of(flow, message), size) != 0) {
        mpwire_end_fail(end, "message %u has wrong bytes", message);
    } else {
        got(end, message);
    }
}

static void look_at(struct mpwire_end *end, uint32_t message)
{
    const struct mpsim_flow *flow = &end->peer_end->flow;
    uint64_t offset = offset_of(flow, message);
    uint64_t size = bytes_of(flow, message);

    if (memcmp(end->sink + GUARD_BYTES + offset, end->peer_end->pattern + offset, size) != 0)
        mpwire_end_fail(end, "the word of message %u is raised before its bytes are right",
                        message);
    memset(end->sink + GUARD_BYTES + offset, TAKEN, size);
    got(end, message);
}

void mpwire_flow_look(struct mpwire_end *end)
{
    const struct mpsim_flow *flow = &end->peer_end->flow;

    for (uint32_t i = 0; !end->news.is_got && flow->exchanges == 0 && i < count_of(flow); i++)
        if (!end->is_got[i] && word_of(end, i) != 0)
            look_at(end, i);
}

static bool is_all(const uint8_t *bytes, size_t size, uint8_t what)
{
    return size == 0 || (bytes[0] == what && memcmp(bytes, bytes + 1, size - 1) == 0);
}

bool mpwire_end_check(struct mpwire_end *end)
{
    const struct mpsim_flow *flow = &end->peer_end->flow;
    uint32_t count = flow->exchanges > 0 ? 0 : count_of(flow);
    size_t words = words_at(flow);

    if (!is_all(end->sink, GUARD_BYTES, GUARD) ||
        !is_all(end->sink + GUARD_BYTES + flow->total_bytes,
                words - GUARD_BYTES - flow->total_bytes, GUARD) ||
        !is_all(end->sink + words + 8 * (size_t)count, GUARD_BYTES, GUARD))
        mpwire_end_fail(end, "bytes around the window's places were written");
    for (uint32_t i = 0; i < count; i++) {
        if (!end->is_got[i])
            continue;
        if (word_of(end, i) != 1)
            mpwire_end_fail(end, "the word of message %u was raised to %" PRIu64, i,
                            word_of(end, i));
        if (!is_all(end->sink + GUARD_BYTES + offset_of(flow, i), bytes_of(flow, i), TAKEN))
            mpwire_end_fail(end, "message %u was written again after its word", i);
    }
    return end->news.why[0] == '\0';
}
