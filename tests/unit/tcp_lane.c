/* transports/tcp/tcp_lane: what lanes do that no contract tells of. */
#include "net_fixture.h"

#include <string.h>

static struct net_end ends[2];

static bool has_said(const struct net_end *end, const char *text)
{
    for (uint32_t i = 0; i < end->seen_count; i++)
        if (end->seen[i].event.kind == WEFT_NET_MESSAGE && strcmp(end->seen[i].bytes, text) == 0)
            return true;
    return false;
}

static bool is_up(struct net_end *end)
{
    struct weft_net_lane_state state;

    net_ops->lane_state(end->net, 0, 0, &state);
    return state.is_up;
}

/* Who was dialled sends what waits with its WELCOME, and says nothing more. */
static void behind_the_welcome(enum weft_net_crypto crypto)
{
    net_meet(ends, 1, crypto);
    net_shape(&ends[0], 0, WEFT_NET_SHAPE_CUT);
    cr_assert_eq(net_ops->send(ends[1].net, 0, "still there?", 13), weftSuccess);
    NET_WHILE(ends, 2, is_up(&ends[1]));
    net_shape(&ends[0], 0, WEFT_NET_SHAPE_UP);
    NET_WHILE(ends, 2, !is_up(&ends[1]));
    ends[1].is_idle = true;
    NET_WHILE(ends, 2, !is_up(&ends[0]));
    for (uint32_t turn = 0; turn < 10; turn++)
        net_turn(ends, 2);
    cr_assert(has_said(&ends[0], "still there?"));
    net_close_end(&ends[0]);
    net_close_end(&ends[1]);
}

Test(tcp_lane, raise__what_came_behind_the_welcome)
{
    behind_the_welcome(WEFT_NET_CRYPTO_OFF);
}

Test(tcp_lane, raise__what_came_behind_the_welcome_sealed)
{
    behind_the_welcome(WEFT_NET_CRYPTO_FULL);
}

#define LANES 16

/* Every lane that there can be waits for its NIC, and is listed again while it has its turn. */
Test(tcp_lane, touch__all_lanes_of_all_peers)
{
    struct weft_net_shape slow = {.state = WEFT_NET_SHAPE_UP, .rate_bytes_per_ms = 1000};
    struct weft_net_shape plain = {.state = WEFT_NET_SHAPE_UP};

    net_peers_max = 1;
    net_silence_ns = 5000000000;
    net_meet(ends, LANES, WEFT_NET_CRYPTO_OFF);
    for (uint32_t i = 0; i < LANES; i++)
        net_ops->shape(ends[0].net, i, &slow);
    for (uint32_t i = 0; i < LANES; i++)
        cr_assert_eq(net_copy(&ends[0], i, i * 200000, i * 200000, 200000, i), weftSuccess);
    for (uint32_t turn = 0; turn < 10; turn++)
        net_turn(ends, 2);
    for (uint32_t i = 0; i < LANES; i++)
        net_ops->shape(ends[0].net, i, &plain);
    for (uint32_t i = 0; i < LANES; i++)
        cr_assert_eq(net_wait(ends, 2, &ends[0], i), weftSuccess);
    net_close_end(&ends[0]);
    net_close_end(&ends[1]);
}
