/* perf/weft-perf/peer: a second process on this machine, and what is said when there is none any
 * more. */
#include <criterion/criterion.h>

#include <string.h>

#include "../../perf/weft-perf/peer.h"

#define BYTES WEFT_MIB(1)
#define SEED  3

static const struct weft_perf_options options = {.op = WEFT_PERF_PUT,
                                                 .from = "dram0",
                                                 .to = "dram0",
                                                 .to_side = WEFT_PERF_B,
                                                 .has_peer = true,
                                                 .size_max = BYTES,
                                                 .crypto = "off"};
static const struct weft_testbed real = {.emulated = false};

/* Its destination is poisoned: no byte of it is what was sent. */
Test(perf_peer, prepare__and_verify)
{
    struct weft_perf_peer *peer;
    weftWindowKey_t keys[WEFT_PERF_FLOWS_MAX];
    char why[WEFT_WHY_BYTES] = "";
    uint64_t wrong = 0;
    uint32_t permille = 1;

    cr_assert(weft_perf_peer_start(&options, &peer, why), "%s", why);
    cr_assert(weft_perf_peer_open(peer, &real, why), "%s", why);
    cr_expect(weft_perf_peer_session_open(peer, NULL, keys), "%s", weft_perf_peer_error(peer));
    cr_expect(weft_perf_peer_prepare(peer, BYTES, SEED));
    cr_expect(weft_perf_peer_begin(peer, BYTES));
    cr_expect(weft_perf_peer_arrived(peer, &permille));
    cr_expect_eq(permille, 0);
    cr_expect(weft_perf_peer_verify(peer, BYTES, SEED, &wrong));
    cr_expect_gt(wrong, BYTES / 2);
    cr_expect_leq(wrong, BYTES);
    cr_expect(!weft_perf_peer_link(peer, "nic0-net", WEFT_LINK_CUT, 1000), "it is no emulation");
    cr_expect_not_null(strstr(weft_perf_peer_error(peer), "emulated"));
    cr_expect(weft_perf_peer_session_close(peer));
    cr_expect(weft_perf_peer_alive(peer));
    weft_perf_peer_stop(peer);
}

Test(perf_peer, open__refused)
{
    struct weft_perf_options wrong = options;
    struct weft_perf_peer *peer;
    char why[WEFT_WHY_BYTES] = "";

    wrong.to = "gpu99";
    cr_assert(weft_perf_peer_start(&wrong, &peer, why), "%s", why);
    cr_expect(!weft_perf_peer_open(peer, &real, why));
    cr_expect_not_null(strstr(why, "'gpu99' is no device"), "%s", why);
    cr_expect_not_null(strstr(why, "dram0"), "%s", why);
    /* It has ended by itself; what is asked of it now is an error, and no wait. */
    cr_expect(!weft_perf_peer_prepare(peer, BYTES, SEED));
    cr_expect_not_null(strstr(weft_perf_peer_error(peer), "has ended with status 1"), "%s",
                       weft_perf_peer_error(peer));
    cr_expect(!weft_perf_peer_alive(peer));
    cr_expect(!weft_perf_peer_begin(peer, BYTES));
    weft_perf_peer_stop(peer);
}

Test(perf_peer, stop__none)
{
    weft_perf_peer_stop(NULL);
}
