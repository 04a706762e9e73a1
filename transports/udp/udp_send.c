/* What goes out: packets of core/mp, in runs for one way, sealed or straight from the windows.
 *
 * A run is given to the kernel at once. What the kernel does not take is gone, as on any network:
 * core/mp sends it again. */
#include <errno.h>
#include <string.h>

#include "udp_net.h"

#define PIECES_OF_PACKET (2 + WEFT_UDP_PLACES_MAX)
#define BLOCKED_NS       100000u

static bool is_busy(const struct weft_udp_lane *lane)
{
    uint32_t parts = 0;

    for (uint32_t i = 0; i < WEFT_NET_CLASSES; i++)
        parts += lane->part_counts[i];
    return parts > 0;
}

/* What is not under way on the lane does not wait for its NIC's tokens. */
static bool nic_is_open(struct weft_udp_net *net, const struct weft_udp_lane *lane)
{
    struct weft_net_pace *pace = &net->nics[lane->nic].pace;

    /* What a silent NIC is given is lost, and nobody says so. */
    if (pace->shape.state == WEFT_NET_SHAPE_SILENT ||
        pace->shape.state == WEFT_NET_SHAPE_SILENT_OUT)
        return true;
    return is_busy(lane) ? weft_net_pace_allow(pace, 1, net->end.now) > 0
                         : weft_net_pace_is_open(pace, net->end.now);
}

/* A faulty NIC loses some of its packets, at random. */
static bool nic_loses(struct weft_udp_net *net, const struct weft_udp_lane *lane)
{
    uint32_t one_in = net->nics[lane->nic].pace.shape.loss_one_in;

    return one_in != 0 && weft_prng_below(&net->prng, one_in) == 0;
}

/* The lanes that may send now, a bit each. */
static uint32_t lanes_ready(struct weft_udp_net *net, const struct weft_udp_session *session)
{
    uint32_t ready = 0;

    for (uint32_t l = 0; l < session->lane_count; l++) {
        const struct weft_udp_lane *lane = &session->lanes[l];

        if (net->end.now < lane->blocked_until || lane->is_cut || !nic_is_open(net, lane))
            continue;
        ready |= 1u << l;
    }
    return ready;
}

/* ---- packets ---- */

static const struct weft_udp_part *part_of(const struct weft_udp_session *session,
                                           const struct weft_mp_packet *packet)
{
    return packet->has_data ? &session->parts[packet->cookie] : NULL;
}

static struct weft_writer heads_write(struct weft_udp_net *net,
                                      const struct weft_udp_session *session,
                                      const struct weft_mp_packet *packet)
{
    struct weft_writer writer =
        weft_writer_of(net->sealed + net->sealed_used, WEFT_UDP_SEALED_BYTES - net->sealed_used);
    struct weft_udp_head head = {.kind = WEFT_UDP_DATA, .tag = session->tag_there};

    weft_udp_put_head(&writer, &head);
    weft_writer_bytes(&writer, packet->bytes, packet->size);
    return writer;
}

/* Straight from where it lies; bodies do not lie for long. */
static bool packet_plain(struct weft_udp_net *net, struct weft_udp_session *session,
                         const struct weft_mp_packet *packet)
{
    const struct weft_udp_part *part = part_of(session, packet);
    struct weft_writer writer = heads_write(net, session, packet);

    if (packet->has_own_head)
        weft_udp_part_head(net, part, &writer);
    if (part != NULL && part->lane == WEFT_NONE)
        weft_udp_part_copy(net, session, part, packet->offset, packet->length, &writer);
    weft_assert(!writer.failed);
    net->sealed_used += writer.used;
    weft_udp_run_begin(&net->run);
    weft_udp_run_add(&net->run, writer.bytes, writer.used);
    if (part != NULL && part->lane != WEFT_NONE)
        weft_udp_part_gather(net, session, part, packet->offset, packet->length, &net->run);
    return true;
}

static bool packet_sealed(struct weft_udp_net *net, struct weft_udp_session *session,
                          const struct weft_mp_packet *packet)
{
    const struct weft_udp_part *part = part_of(session, packet);
    struct weft_writer writer = heads_write(net, session, packet);
    struct weft_secure_piece pieces[PIECES_OF_PACKET];
    uint8_t own_head[WEFT_MP_OWN_HEAD_BYTES];
    struct weft_writer own = weft_writer_of(own_head, sizeof(own_head));
    size_t size = 0;

    weft_udp_run_reset(&net->gathered);
    if (part != NULL) {
        if (packet->has_own_head)
            weft_udp_part_head(net, part, &own);
        weft_assert(!own.failed);
        weft_udp_run_begin(&net->gathered);
        weft_udp_run_add(&net->gathered, own_head, own.used);
        weft_udp_part_gather(net, session, part, packet->offset, packet->length, &net->gathered);
    }
    for (uint32_t i = 0; i < net->gathered.piece_count; i++) {
        pieces[i] = (struct weft_secure_piece){net->gathered.pieces[i].iov_base,
                                               net->gathered.pieces[i].iov_len};
        size += pieces[i].size;
    }
    if (weft_secure_datagram_seal(session->keys, packet->number, writer.bytes, writer.used, pieces,
                                  net->gathered.piece_count,
                                  writer.bytes + writer.used) != weftSuccess)
        return false;
    size += writer.used + WEFT_SECURE_TAG_BYTES;
    net->sealed_used += size;
    weft_udp_run_begin(&net->run);
    weft_udp_run_add(&net->run, writer.bytes, size);
    return true;
}

/* ---- runs ---- */

static void run_flush(struct weft_udp_net *net, struct weft_udp_session *session, uint32_t path,
                      uint32_t *refusing)
{
    struct weft_udp_lane *lane = &session->lanes[path % session->lane_count];
    struct weft_udp_nic *nic = &net->nics[lane->nic];
    int error = 0;

    if (net->run.count == 0)
        return;
    if (weft_net_shape_sends(nic->pace.shape.state) && session->fds[path] >= 0) {
        if (weft_udp_nic_delays(nic))
            weft_udp_delay_keep(&nic->delay, &net->run, session->fds[path], session->slot,
                                net->end.now + nic->pace.shape.delay_ns);
        else
            error = weft_udp_run_send(&net->run, session->fds[path], net->segments);
    }
    lane->sent_bytes += net->run.bytes;
    if (error == EAGAIN || error == ENOBUFS)
        lane->blocked_until = net->end.now + BLOCKED_NS;
    else if (error == ECONNREFUSED)
        *refusing |= 1u << lane->peer_nic;
    else if (error == EIO || error == EINVAL)
        net->segments = false; /* the device cannot */
    weft_udp_run_reset(&net->run);
    net->sealed_used = 0;
}

/* The peer may be gone by it, and its session with it. */
static void refused_tell(struct weft_udp_net *net, uint32_t number, uint32_t refusing)
{
    struct weft_udp_peer *peer = weft_udp_peer_at(net, number);

    for (uint32_t i = 0; i < peer->base.address.nic_count; i++)
        if ((refusing >> i & 1) != 0)
            weft_udp_peer_refused(net, peer, i);
}

void weft_udp_session_write(struct weft_udp_net *net, struct weft_udp_session *session)
{
    uint64_t budget_bytes = WEFT_UDP_BUDGET_BYTES;
    struct weft_mp_packet *packet = &net->packet;
    uint32_t path = WEFT_NONE;
    uint32_t refusing = 0;
    uint32_t ready;

    weft_udp_parts_submit(net, session);
    weft_udp_run_reset(&net->run);
    net->sealed_used = 0;
    while (budget_bytes > 0 && (ready = lanes_ready(net, session)) != 0 &&
           weft_mp_next(session->mp, net->end.now, ready, packet)) {
        size_t before_bytes;
        bool is_good;

        if (nic_loses(net, &session->lanes[packet->path % session->lane_count]))
            continue;
        if (packet->path != path ||
            !weft_udp_run_has_room(&net->run, PIECES_OF_PACKET, WEFT_UDP_PACKET_BYTES + 1024,
                                   WEFT_UDP_RUN_BYTES))
            run_flush(net, session, path, &refusing);
        path = packet->path;
        before_bytes = net->run.bytes;
        is_good = net->mode == WEFT_SECURE_OFF ? packet_plain(net, session, packet)
                                               : packet_sealed(net, session, packet);
        if (!is_good)
            continue;
        weft_net_pace_spend(&net->nics[session->lanes[path % session->lane_count].nic].pace,
                            net->run.bytes - before_bytes);
        budget_bytes = weft_sub_sat(budget_bytes, net->run.bytes - before_bytes);
    }
    run_flush(net, session, path, &refusing);
    session->has_more = budget_bytes == 0;
    if (refusing != 0 && session->state == WEFT_UDP_SESSION_UP)
        refused_tell(net, session->peer, refusing);
}
