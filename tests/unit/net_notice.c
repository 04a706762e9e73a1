/* transports/net, over any transport: what each end tells the other of its NICs. Silence is much
 * longer than these tests last: nobody finds out by himself. */
#include "net_fixture.h"

#define SILENCE_NS UINT64_C(300000000000)

static struct net_end ends[2];

static bool is_up(const struct net_end *end, uint32_t lane)
{
    struct weft_net_lane_state state;

    net_ops->lane_state(end->net, 0, lane, &state);
    return state.is_up;
}

static void meet(uint32_t nic_count)
{
    net_silence_ns = SILENCE_NS;
    net_meet(ends, nic_count, WEFT_NET_CRYPTO_FULL);
    net_wait_lanes(ends, 2, &ends[0], 0, nic_count);
    net_wait_lanes(ends, 2, &ends[1], 0, nic_count);
}

Test(net_notice, cut__and_back)
{
    NET_EACH()
    {
        meet(3);
        net_shape(&ends[1], 1, WEFT_NET_SHAPE_CUT);
        NET_WHILE(ends, 2, is_up(&ends[0], 1));
        cr_expect(is_up(&ends[0], 0));
        cr_expect(is_up(&ends[0], 2));
        net_shape(&ends[0], 2, WEFT_NET_SHAPE_CUT);
        NET_WHILE(ends, 2, is_up(&ends[1], 2));
        for (uint32_t e = 0; e < 2; e++) {
            cr_expect_eq(net_copy(&ends[e], 1, 0, 0, 64, 0), weftRemoteError);
            cr_expect_eq(net_copy(&ends[e], 2, 0, 0, 64, 0), weftRemoteError);
            cr_assert_eq(net_copy(&ends[e], 0, 0, 0, 64, 0), weftSuccess);
            cr_expect_eq(net_wait(ends, 2, &ends[e], 0), weftSuccess);
        }
        net_shape(&ends[1], 1, WEFT_NET_SHAPE_UP);
        net_shape(&ends[0], 2, WEFT_NET_SHAPE_UP);
        net_wait_lanes(ends, 2, &ends[0], 0, 3);
        net_wait_lanes(ends, 2, &ends[1], 0, 3);
        net_close_end(&ends[0]);
        net_close_end(&ends[1]);
    }
}

/* All NICs but one of each end are cut, in turn, and what was under way arrives. */
Test(net_notice, cut__one_left_in_turn)
{
    NET_EACH()
    {
        meet(2);
        for (uint32_t turn = 0; turn < 6; turn++) {
            struct net_end *end = &ends[turn / 2 % 2];
            uint32_t cookie = turn;

            cr_assert_eq(net_copy(&ends[0], 1 - turn % 2, 0, 0, 500000, cookie), weftSuccess);
            net_shape(end, turn % 2, WEFT_NET_SHAPE_CUT);
            NET_WHILE(ends, 2, is_up(&ends[0], turn % 2) || is_up(&ends[1], turn % 2));
            cr_expect_eq(net_wait(ends, 2, &ends[0], cookie), weftSuccess);
            net_shape(end, turn % 2, WEFT_NET_SHAPE_UP);
            net_wait_lanes(ends, 2, &ends[0], 0, 2);
            net_wait_lanes(ends, 2, &ends[1], 0, 2);
        }
        net_close_end(&ends[0]);
        net_close_end(&ends[1]);
    }
}

/* Both ends lose all their NICs at once, and what they wanted to say of it arrives when it is not
 * true any more: neither waits for the other one for ever. */
Test(net_notice, cut__all_of_both_and_back)
{
    NET_EACH()
    {
        meet(2);
        for (uint32_t turn = 0; turn < 4; turn++) {
            for (uint32_t i = 0; i < 4; i++)
                net_shape(&ends[i / 2], i % 2, WEFT_NET_SHAPE_CUT);
            for (uint32_t i = 0; i < 20 + turn; i++)
                net_turn(ends, 2);
            for (uint32_t i = 0; i < 4; i++)
                net_shape(&ends[i / 2], i % 2, WEFT_NET_SHAPE_UP);
            net_wait_lanes(ends, 2, &ends[0], 0, 2);
            net_wait_lanes(ends, 2, &ends[1], 0, 2);
        }
        net_close_end(&ends[0]);
        net_close_end(&ends[1]);
    }
}
