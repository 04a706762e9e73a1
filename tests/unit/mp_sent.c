/* The sender's log: states, the floor, what counts as lost. */
#include <criterion/criterion.h>

#include <signal.h>

#include "core/mp_sent.h"

static struct weft_mp_sent sent;
static struct weft_mp_path path;

static void open_log(uint32_t packets)
{
    weft_mp_sent_init(&sent);
    weft_mp_path_init(&path, 0);
    for (uint32_t i = 0; i < packets; i++) {
        weft_mp_sent_at(&sent, sent.next)->sent_at = 1000 * (weft_ns)i;
        weft_mp_sent_out(&sent, sent.next, &path);
    }
}

static uint64_t find(weft_ns now, weft_ns *look_at)
{
    return weft_mp_sent_find_lost(&sent, &path, 5000, now, look_at);
}

Test(mp_sent, acked__floor_over_gaps)
{
    open_log(4);
    weft_mp_sent_acked(&sent, 1, &path.out);
    weft_mp_sent_acked(&sent, 2, &path.out);
    cr_expect_eq(sent.floor, 0);
    cr_expect_eq(weft_mp_sent_at(&sent, 1)->state, WEFT_MP_SENT_ACKED);
    weft_mp_sent_acked(&sent, 0, &path.out);
    cr_expect_eq(sent.floor, 3);
    cr_expect_eq(weft_mp_sent_at(&sent, 1)->state, WEFT_MP_SENT_FREE);
    cr_expect_not(weft_mp_sent_has(&sent, 2));
    cr_expect(weft_mp_sent_has(&sent, 3));
}

Test(mp_sent, full__when_the_receivers_memory_is)
{
    open_log(1023);
    cr_expect_not(weft_mp_sent_full(&sent));
    weft_mp_sent_out(&sent, 1023, &path);
    cr_expect(weft_mp_sent_full(&sent));
    weft_mp_sent_acked(&sent, 5, &path.out);
    cr_expect(weft_mp_sent_full(&sent), "the first gap holds it");
    weft_mp_sent_acked(&sent, 0, &path.out);
    cr_expect_not(weft_mp_sent_full(&sent));
    cr_expect_eq(weft_mp_sent_sequence(&sent, 0), 1024);
    cr_expect_eq(weft_mp_sent_sequence(&sent, 1), 1);
}

Test(mp_sent, find_lost__by_order)
{
    weft_ns look_at;

    open_log(6);
    cr_expect_eq(find(0, &look_at), WEFT_MP_NO_SEQUENCE, "none was acked");
    cr_expect_eq(look_at, WEFT_NEVER);
    weft_mp_path_acked(&path, 2, 2000);
    cr_expect_eq(find(2000, &look_at), WEFT_MP_NO_SEQUENCE, "only two later ones");
    cr_expect_eq(look_at, 5000, "but by then");
    weft_mp_path_acked(&path, 3, 3000);
    cr_expect_eq(find(3000, &look_at), 0);
}

Test(mp_sent, find_lost__by_time)
{
    weft_ns look_at;

    open_log(2);
    weft_mp_path_acked(&path, 1, 1000);
    cr_expect_eq(find(4999, &look_at), WEFT_MP_NO_SEQUENCE);
    cr_expect_eq(find(5000, &look_at), 0);
}

Test(mp_sent, lost__and_sent_again)
{
    struct weft_list lost;

    open_log(2);
    weft_list_init(&lost);
    weft_mp_sent_lost(&sent, 0, &path, &lost);
    cr_expect_eq(lost.first, 0);
    cr_expect_eq(path.out.first, 1);
    weft_list_remove(&lost, sent.links, 0);
    weft_mp_sent_out(&sent, 0, &path);
    cr_expect_eq(weft_mp_sent_at(&sent, 0)->tries, 2);
    cr_expect_eq(weft_mp_sent_at(&sent, 0)->order, 2, "the last that was sent on the path");
    cr_expect_eq(sent.next, 2);
}

Test(mp_sent, acked__twice, .signal = SIGABRT)
{
    open_log(2);
    weft_mp_sent_acked(&sent, 1, &path.out);
    weft_mp_sent_acked(&sent, 1, &path.out);
}
