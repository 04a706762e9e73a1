/* Notices: each end tells the other which of its NICs are cut, by a message of core/mp that takes
 * any way that is alive, so that the other end loses no time with waiting for what cannot answer.
 * It is a hint: a lane that answers is up, whatever was said.
 *
 * One notice is under way at a time and says how all lanes are; what has changed meanwhile is said
 * by the next one. They may come in another order than they were sent: an older one says nothing.
 */
#include "udp_net.h"

static uint32_t lanes_cut(const struct weft_udp_session *session)
{
    uint32_t lanes = 0;

    for (uint32_t l = 0; l < session->lane_count; l++)
        lanes |= (uint32_t)session->lanes[l].is_cut << l;
    return lanes;
}

void weft_udp_notice_submit(struct weft_udp_session *session)
{
    struct weft_writer writer = weft_writer_of(session->notice, sizeof(session->notice));
    uint32_t lanes = lanes_cut(session);

    if (session->is_noticing || lanes == session->notice_lanes)
        return;
    weft_writer_number(&writer, session->notices + 1, 8);
    weft_writer_number(&writer, lanes, 4);
    weft_writer_number(&writer, 0, 4);
    if (!weft_udp_part_own(session, WEFT_WIRE_LANES, writer.used))
        return;
    session->is_noticing = true;
    session->notice_lanes = lanes;
    session->notices++;
}

void weft_udp_notice_ended(struct weft_udp_session *session)
{
    session->is_noticing = false;
}

enum weft_net_outcome weft_udp_notice_receive(struct weft_udp_net *net,
                                              struct weft_udp_session *session,
                                              struct weft_reader *body)
{
    uint64_t number = weft_reader_number(body, 8);
    uint64_t lanes = weft_reader_number(body, 4);
    uint64_t zero = weft_reader_number(body, 4);
    uint32_t news;

    if (body->failed || body->used != body->size || zero != 0 || number == 0 ||
        lanes >> session->lane_count != 0)
        return WEFT_NET_WRONG;
    if (number <= session->notice_heard)
        return WEFT_NET_APPLIED;
    news = session->lanes_cut_there ^ (uint32_t)lanes;
    session->notice_heard = number;
    session->lanes_cut_there = (uint32_t)lanes;
    for (uint32_t l = 0; l < session->lane_count; l++) {
        if ((news >> l & 1) == 0)
            continue;
        if ((lanes >> l & 1) != 0)
            weft_mp_group_doubted(session->mp, net->end.now, l);
        else if (!session->lanes[l].is_cut)
            weft_mp_group_told(session->mp, net->end.now, l, true);
    }
    return WEFT_NET_APPLIED;
}
