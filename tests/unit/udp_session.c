/* transports/udp: what a handshake says of the network. */
#include <criterion/criterion.h>

#include "udp/udp_net.h"

/* What was said twice was answered at the earliest when it was said first: the least is nearest. */
Test(udp_session, answered__the_least_of_the_round_trips)
{
    static const struct {
        weft_ns asked_at;
        weft_ns now;
        weft_ns rtt_ns;
    } rows[] = {
        {1000, 31000, 30000}, /* it was lost once */
        {31000, 41000, 10000},
        {41000, 56000, 10000},
    };
    static struct weft_udp_net net;
    struct weft_udp_session session = {.rtt_ns = WEFT_NEVER};

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        session.asked_at = rows[i].asked_at;
        net.end.now = rows[i].now;
        weft_udp_session_answered(&net, &session);
        cr_expect_eq(session.rtt_ns, rows[i].rtt_ns, "row %zu", i);
        cr_expect_eq(session.asked_at, 0, "the next question begins anew");
    }
}
