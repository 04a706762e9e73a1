/* HELLO and WELCOME: how a connection becomes a lane's, in a new generation of it.
 *
 * Both bring this side's closures of the generations before, so that the lane's past is settled at
 * both ends before anything goes over it. A session is one peer_open and what was made for it at
 * the other end: frames are counted within a session, so that one end alone cannot begin anew. */
#include <string.h>

#include "tcp_net.h"

#define REFUSAL_FRAME_BYTES (WEFT_WIRE_HEAD_BYTES + WEFT_WIRE_HELLO_BYTES + WEFT_WIRE_ADDRESS_BYTES)

static void closures_fill(const struct weft_tcp_lane *lane, struct weft_wire_hello *hello)
{
    if (lane->generation != 0)
        hello->closures[hello->closure_count++] = weft_tcp_closure_of(lane);
    if (lane->past.generation != 0)
        hello->closures[hello->closure_count++] = lane->past;
}

/* What this side says about the lane, which is not live. */
static struct weft_wire_hello hello_of(const struct weft_tcp_net *net,
                                       const struct weft_tcp_lane *lane,
                                       const struct weft_tcp_channel *channel, uint64_t generation)
{
    const struct weft_tcp_peer *peer = &net->peers[lane->peer];
    struct weft_wire_hello hello = {
        .incarnation = net->end.env.incarnation,
        .session = peer->base.session,
        .target_incarnation = peer->base.incarnation,
        .target_session = peer->base.session_there,
        .generation = generation,
        .generation_up = lane->generation,
        .lane = lane->number,
        .nic = channel->nic,
        .peer_nic = channel->peer_nic,
        .nic_count = net->nic_count,
        .verdict = WEFT_WIRE_ACCEPTED,
        .hello = net->end.env.hello,
        .hello_bytes = (uint32_t)net->end.env.hello_size,
    };

    memcpy(hello.address, net->address_told, sizeof(hello.address));
    closures_fill(lane, &hello);
    return hello;
}

static struct weft_writer hello_write(struct weft_writer writer, enum weft_wire_kind kind,
                                      const struct weft_wire_hello *hello)
{
    struct weft_wire_head head = {.kind = kind,
                                  .body_bytes = WEFT_WIRE_HELLO_BYTES + WEFT_WIRE_ADDRESS_BYTES +
                                                hello->closure_count * WEFT_WIRE_CLOSURE_BYTES +
                                                hello->hello_bytes};

    weft_wire_put_head(&writer, &head);
    weft_wire_put_hello(&writer, hello);
    weft_assert(!writer.failed);
    return writer;
}

void weft_tcp_hello_put(struct weft_tcp_net *net, struct weft_tcp_lane *lane)
{
    struct weft_wire_hello hello = hello_of(net, lane, lane->dial, lane->generation_dial);
    struct weft_writer writer;

    weft_tcp_batch_reset(&lane->batch);
    writer = hello_write(weft_tcp_batch_writer(&lane->batch), WEFT_WIRE_HELLO, &hello);
    weft_tcp_batch_add(&lane->batch, &writer);
}

/* The peer's closures settle what this side has sent; what it says about a generation that it never
 * had up is: nothing. False: its word does not cover our past. */
static bool past_settle(struct weft_tcp_net *net, struct weft_tcp_lane *lane,
                        const struct weft_wire_hello *hello)
{
    for (uint32_t i = 0; i < hello->closure_count; i++)
        weft_tcp_closure_apply(net, lane, &hello->closures[i]);
    if (lane->state == WEFT_TCP_LANE_DEAD && hello->generation_up < lane->generation) {
        struct weft_wire_closure none = {.lane = lane->number, .generation = lane->generation};

        weft_tcp_closure_apply(net, lane, &none);
    }
    return lane->state == WEFT_TCP_LANE_CLOSED;
}

/* Before the next generation begins: what the peer had up and may still ask about is kept. */
static void past_keep(struct weft_tcp_lane *lane, const struct weft_wire_hello *hello)
{
    if (lane->generation != 0 && hello->generation_up == lane->generation)
        lane->past = weft_tcp_closure_of(lane);
}

static void hello_keep(struct weft_tcp_peer *peer, const struct weft_wire_hello *hello)
{
    peer->base.session_there = hello->session;
    peer->base.hello_bytes = hello->hello_bytes;
    memcpy(peer->base.hello, hello->hello, hello->hello_bytes);
}

/* ---- the side that was dialled ---- */

static void refuse(struct weft_tcp_net *net, struct weft_tcp_channel *guest,
                   const struct weft_wire_hello *theirs, enum weft_wire_verdict verdict,
                   uint64_t generation_up)
{
    uint8_t bytes[REFUSAL_FRAME_BYTES];
    struct weft_wire_hello hello = {.incarnation = net->end.env.incarnation,
                                    .target_incarnation = theirs->incarnation,
                                    .target_session = theirs->session,
                                    .generation = theirs->generation,
                                    .generation_up = generation_up,
                                    .lane = theirs->lane,
                                    .nic_count = net->nic_count,
                                    .verdict = verdict};
    struct weft_writer writer =
        hello_write(weft_writer_of(bytes, sizeof(bytes)), WEFT_WIRE_WELCOME, &hello);
    struct iovec piece = {bytes, writer.used};

    /* Where it does not get through, silence says the same, later. */
    (void)weft_tcp_channel_write(guest, &piece, 1, piece.iov_len);
    weft_tcp_net_discard(net, guest);
}

/* The peer that says this, made if need be; NULL with a verdict. */
static struct weft_tcp_peer *peer_of(struct weft_tcp_net *net, const struct weft_wire_hello *hello,
                                     const struct weft_wire_address *address,
                                     enum weft_wire_verdict *verdict)
{
    struct weft_tcp_peer *peer =
        (struct weft_tcp_peer *)(void *)weft_net_peer_find(&net->end, hello->incarnation);

    if (hello->target_incarnation != net->end.env.incarnation) {
        *verdict = WEFT_WIRE_ANOTHER;
        return NULL;
    }
    if (peer == NULL) {
        *verdict = hello->target_session != 0 ? WEFT_WIRE_FORGOTTEN : WEFT_WIRE_FULL;
        if (hello->target_session == 0)
            peer = (struct weft_tcp_peer *)(void *)weft_tcp_peer_make(&net->end, address, false);
        return peer;
    }
    if (hello->target_session != 0 && hello->target_session != peer->base.session) {
        *verdict = WEFT_WIRE_FORGOTTEN;
        return NULL;
    }
    if (peer->base.session_there != 0 && peer->base.session_there != hello->session) {
        *verdict = WEFT_WIRE_BUSY;
        if (peer->base.state != WEFT_NET_PEER_STATE_GONE)
            weft_tcp_peer_gone(net, peer, "the peer has closed its side, and begins anew");
        return NULL;
    }
    if (peer->base.state == WEFT_NET_PEER_STATE_GONE) {
        *verdict = WEFT_WIRE_FORGOTTEN;
        return NULL;
    }
    return peer;
}

static enum weft_wire_verdict judge(const struct weft_tcp_net *net,
                                    const struct weft_tcp_lane *lane,
                                    const struct weft_wire_hello *hello)
{
    if (hello->generation <= lane->generation || hello->generation_up > lane->generation)
        return WEFT_WIRE_STALE;
    /* Of two sides that dial each other the lower incarnation's connection wins. */
    if (lane->dial != NULL && net->end.env.incarnation < hello->incarnation)
        return WEFT_WIRE_BUSY;
    return WEFT_WIRE_ACCEPTED;
}

static void adopt(struct weft_tcp_net *net, struct weft_tcp_peer *peer, struct weft_tcp_lane *lane,
                  struct weft_tcp_channel *guest, const struct weft_wire_hello *theirs)
{
    struct weft_wire_hello ours;
    struct weft_writer writer;

    guest->peer_nic = theirs->nic;
    if (weft_tcp_lane_is_live(lane))
        weft_tcp_lane_die(net, lane, "the peer dials it anew");
    if (lane->dial != NULL)
        weft_tcp_dial_drop(net, lane);
    hello_keep(peer, theirs);
    ours = hello_of(net, lane, guest, theirs->generation);
    if (!past_settle(net, lane, theirs)) {
        weft_tcp_net_discard(net, guest);
        return;
    }
    past_keep(lane, theirs);
    weft_tcp_lane_raise(net, lane, guest, theirs->generation);
    writer = hello_write(weft_tcp_batch_writer(&lane->batch), WEFT_WIRE_WELCOME, &ours);
    weft_tcp_lane_put(lane, &writer, 0);
}

void weft_tcp_hello_receive(struct weft_tcp_net *net, struct weft_tcp_channel *guest,
                            struct weft_reader *body)
{
    struct weft_wire_hello hello;
    struct weft_wire_address address;
    struct weft_tcp_peer *peer;
    struct weft_tcp_lane *lane;
    enum weft_wire_verdict verdict = WEFT_WIRE_FULL;

    if (!weft_wire_get_hello(body, &hello) || !weft_wire_get_address(hello.address, &address) ||
        address.incarnation != hello.incarnation || hello.nic_count != address.nic_count ||
        hello.nic >= hello.nic_count || hello.incarnation == net->end.env.incarnation ||
        hello.lane >= weft_max(hello.nic_count, net->nic_count)) {
        net->end.counts.strangers++;
        weft_tcp_net_discard(net, guest);
        return;
    }
    peer = peer_of(net, &hello, &address, &verdict);
    if (peer == NULL) {
        refuse(net, guest, &hello, verdict, 0);
        return;
    }
    if (hello.lane >= peer->base.lane_count) {
        weft_tcp_net_discard(net, guest);
        return;
    }
    lane = &peer->lanes[hello.lane];
    verdict = judge(net, lane, &hello);
    if (verdict == WEFT_WIRE_ACCEPTED)
        adopt(net, peer, lane, guest, &hello);
    else
        refuse(net, guest, &hello, verdict, weft_max(lane->generation, lane->generation_seen));
}

/* ---- the side that dials ---- */

static void refused(struct weft_tcp_net *net, struct weft_tcp_lane *lane,
                    const struct weft_wire_hello *hello)
{
    static const char *const words[WEFT_WIRE_VERDICTS] = {
        [WEFT_WIRE_ACCEPTED] = "",
        [WEFT_WIRE_ANOTHER] = "another process answers at the address of the peer",
        [WEFT_WIRE_FORGOTTEN] = "the peer has closed its side",
        [WEFT_WIRE_BUSY] = "the peer is dialling, too",
        [WEFT_WIRE_STALE] = "the lane has had a newer generation",
        [WEFT_WIRE_FULL] = "the peer has no room for more peers (peers_max)",
    };
    struct weft_tcp_peer *peer = &net->peers[lane->peer];
    bool ends = hello->verdict == WEFT_WIRE_ANOTHER || hello->verdict == WEFT_WIRE_FORGOTTEN;

    if (hello->verdict == WEFT_WIRE_STALE)
        lane->generation_seen = weft_max(lane->generation_seen, hello->generation_up);
    weft_tcp_dial_fail(net, lane, 0, words[hello->verdict]);
    if (ends && peer->base.state != WEFT_NET_PEER_STATE_UP &&
        peer->base.state != WEFT_NET_PEER_STATE_GONE)
        weft_tcp_peer_gone(net, peer, words[hello->verdict]);
}

void weft_tcp_welcome_receive(struct weft_tcp_net *net, struct weft_tcp_lane *lane,
                              struct weft_reader *body)
{
    struct weft_tcp_peer *peer = &net->peers[lane->peer];
    struct weft_tcp_channel *dial = lane->dial;
    struct weft_wire_hello hello;

    if (!weft_wire_get_hello(body, &hello) || hello.generation != lane->generation_dial ||
        hello.lane != lane->number) {
        weft_tcp_dial_fail(net, lane, 0, "its WELCOME is wrong");
        return;
    }
    if (hello.verdict != WEFT_WIRE_ACCEPTED) {
        refused(net, lane, &hello);
        return;
    }
    if (hello.incarnation != peer->base.incarnation || hello.session == 0 ||
        hello.nic_count != peer->base.address.nic_count ||
        hello.target_session != peer->base.session ||
        (peer->base.session_there != 0 && peer->base.session_there != hello.session) ||
        !past_settle(net, lane, &hello)) {
        weft_tcp_dial_fail(net, lane, 0, "its WELCOME is not for us");
        return;
    }
    hello_keep(peer, &hello);
    past_keep(lane, &hello);
    lane->dial = NULL;
    weft_tcp_lane_raise(net, lane, dial, hello.generation);
}
