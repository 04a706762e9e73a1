/* Emulated and faulty NICs: their paces and delays, and what the states cut and silent do.
 *
 * A NIC that is cut takes nothing and hears nothing, and core/mp is told; one that is silent loses
 * what it is given, and nobody is told. */
#include "udp_net.h"

void weft_udp_shape(struct weft_net *base, uint32_t nic, const struct weft_net_shape *shape)
{
    struct weft_udp_net *net = weft_udp_net_of(base);

    weft_assert(nic < net->nic_count);
    net->end.now = weft_net_now();
    weft_net_pace_set(&net->nics[nic].pace, shape, net->end.now);
    if (shape->delay_ns > 0 && !weft_udp_delay_open(&net->nics[nic].delay))
        net->end.env.log(1, "udp: no memory for the delay of a NIC: it has none");
    for (uint32_t i = 0; i < net->sessions_max; i++)
        if (net->sessions[i] != NULL) {
            weft_udp_session_shape(net, net->sessions[i], nic);
            if (net->sessions[i]->state == WEFT_UDP_SESSION_UP)
                weft_udp_peer_judge(net, weft_udp_peer_at(net, net->sessions[i]->peer));
        }
}
