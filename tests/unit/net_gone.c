/* transports/net, over any transport: peers whose process is killed. */
#include "net_fixture.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct net_end ends[2];

/* A process that is killed: the child tells its address, and lives until then. */
static pid_t child_start(uint8_t address[WEFT_NET_ADDRESS_BYTES])
{
    int tell[2];
    pid_t child;

    cr_assert_eq(pipe(tell), 0);
    child = fork();
    cr_assert_geq(child, 0);
    if (child == 0) {
        net_open_end(&ends[1], 2, 2, WEFT_NET_CRYPTO_FULL);
        if (write(tell[1], ends[1].address, WEFT_NET_ADDRESS_BYTES) != WEFT_NET_ADDRESS_BYTES)
            _exit(1);
        for (;;)
            net_turn(&ends[1], 1);
    }
    cr_assert_eq(read(tell[0], address, WEFT_NET_ADDRESS_BYTES), WEFT_NET_ADDRESS_BYTES);
    close(tell[0]);
    close(tell[1]);
    return child;
}

Test(net_gone, gone__process_killed)
{
    NET_EACH()
    {
        uint8_t address[WEFT_NET_ADDRESS_BYTES];
        const struct net_seen *seen;
        pid_t child = child_start(address);
        uint32_t peer;

        net_open_end(&ends[0], 1, 2, WEFT_NET_CRYPTO_FULL);
        cr_assert_eq(net_ops->peer_open(ends[0].net, address, &peer), weftSuccess);
        (void)net_wait_event(ends, 1, &ends[0], WEFT_NET_PEER_UP, 0);
        net_import(&ends[0], peer);
        net_wait_lanes(ends, 1, &ends[0], 0, 2);
        cr_assert_eq(kill(child, SIGSTOP), 0);
        for (uint32_t i = 0; i < 20; i++)
            cr_assert_eq(net_copy(&ends[0], i % 2, 0, 0, NET_BYTES, i), weftSuccess);
        cr_assert_eq(net_ops->store(ends[0].net, NET_THEIRS, 0, 1, weftSignalAdd, 20), weftSuccess);
        for (uint32_t turn = 0; turn < 100; turn++)
            net_turn(ends, 1);
        cr_assert_eq(ends[0].ended_count, 0);
        cr_assert_eq(kill(child, SIGKILL), 0);
        cr_assert_eq(waitpid(child, NULL, 0), child);
        seen = net_wait_event(ends, 1, &ends[0], WEFT_NET_PEER_DOWN, 0);
        cr_assert(seen->event.is_gone, "%s", seen->why);
        cr_assert_not_null(strstr(seen->why, "refuse"), "%s", seen->why);
        for (uint32_t i = 0; i <= 20; i++)
            cr_assert_eq(net_wait(ends, 1, &ends[0], i), weftRemoteError);
        net_ops->peer_close(ends[0].net, peer);
        net_close_end(&ends[0]);
    }
}

/* The same when the one that is killed has dialled. */
Test(net_gone, gone__dialler_killed)
{
    NET_EACH()
    {
        static const enum weft_net_crypto modes[] = {WEFT_NET_CRYPTO_FULL, WEFT_NET_CRYPTO_OFF};

        for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(modes); i++) {
            pid_t child;
            uint32_t peer;

            net_open_end(&ends[0], 1, 2, modes[i]);
            child = fork();
            cr_assert_geq(child, 0);
            if (child == 0) {
                net_open_end(&ends[1], 2, 2, modes[i]);
                if (net_ops->peer_open(ends[1].net, ends[0].address, &peer) != weftSuccess)
                    _exit(1);
                for (;;)
                    net_turn(&ends[1], 1);
            }
            (void)net_wait_event(ends, 1, &ends[0], WEFT_NET_PEER_UP, 0);
            net_wait_lanes(ends, 1, &ends[0], 0, 2);
            cr_assert_eq(kill(child, SIGKILL), 0);
            cr_assert_eq(waitpid(child, NULL, 0), child);
            cr_assert(net_wait_event(ends, 1, &ends[0], WEFT_NET_PEER_DOWN, 0)->event.is_gone);
            net_close_end(&ends[0]);
        }
    }
}
