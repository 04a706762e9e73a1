/* What the sockets hold, divided among the sessions that bring much.
 *
 * Only a message with more than its first bytes needs leave to come. Sessions that have brought
 * bytes of such a one lately have equal shares; one that is idle takes nothing from them, however
 * many peers there are. What a session was let in before another one began may still come. */
#include "udp_net.h"

#define LATELY_NS 10000000u

static void divide(const struct weft_udp_net *net)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < net->sessions_max; i++)
        count += net->sessions[i] != NULL && net->sessions[i]->fills_until != 0;
    for (uint32_t i = 0; i < net->sessions_max; i++)
        if (net->sessions[i] != NULL && net->sessions[i]->fills_until != 0)
            weft_mp_room(net->sessions[i]->mp, net->room_bytes / count);
}

void weft_udp_room_fill(const struct weft_udp_net *net, struct weft_udp_session *session,
                        uint64_t message_bytes)
{
    bool is_new = session->fills_until == 0;

    if (message_bytes <= session->unscheduled_bytes)
        return;
    session->fills_until = net->end.now + LATELY_NS;
    if (is_new)
        divide(net);
}

void weft_udp_room_tick(const struct weft_udp_net *net, struct weft_udp_session *session)
{
    if (session->fills_until > net->end.now)
        return;
    weft_udp_room_leave(net, session);
}

void weft_udp_room_leave(const struct weft_udp_net *net, struct weft_udp_session *session)
{
    if (session->fills_until == 0)
        return;
    session->fills_until = 0;
    divide(net);
}
