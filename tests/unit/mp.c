/* Sessions: two ends whose packets a test carries by hand. One group of two paths unless it says
 * otherwise; the bytes of messages are of no matter here (tests/mp looks at those). */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "core/mp.h"

#define US(n)     ((weft_ns)(n)*1000)
#define MS(n)     ((weft_ns)(n)*1000000)
#define ALL       UINT32_MAX
#define DATAGRAM  2048
#define KEPT_MOST 2048

struct datagram {
    uint8_t bytes[DATAGRAM];
    size_t size;
    uint32_t path;
    bool has_data;
};

struct bench {
    struct weft_mp_config config;
    struct weft_mp *ends[2];
    struct datagram *kept; /* what an end sent, by `pull` */
    uint32_t count;
};

static struct bench made(uint32_t groups, uint32_t paths)
{
    struct bench bench = {.count = 0};

    weft_mp_defaults(&bench.config);
    bench.config.group_count = groups;
    bench.config.path_count = paths;
    bench.config.burst_packets = 1;
    for (int i = 0; i < 2; i++) {
        void *memory = aligned_alloc(64, (weft_mp_size(&bench.config) + 63) & ~(size_t)63);

        cr_assert_not_null(memory);
        bench.ends[i] = weft_mp_init(&bench.config, memory, 0);
    }
    bench.kept = calloc(KEPT_MOST, sizeof(*bench.kept));
    cr_assert_not_null(bench.kept);
    return bench;
}

static void done(struct bench *bench)
{
    free(bench->ends[0]);
    free(bench->ends[1]);
    free(bench->kept);
}

/* All that the end has to send now; how many. */
static uint32_t pull(struct bench *bench, uint32_t end, weft_ns now)
{
    struct weft_mp_packet packet;

    bench->count = 0;
    while (weft_mp_next(bench->ends[end], now, ALL, &packet)) {
        struct datagram *datagram = &bench->kept[bench->count++];

        cr_assert_lt(bench->count, KEPT_MOST);
        memset(datagram, 0, sizeof(*datagram));
        memcpy(datagram->bytes, packet.bytes, packet.size);
        datagram->size = packet.size + packet.length;
        datagram->path = packet.path;
        datagram->has_data = packet.has_data;
    }
    return bench->count;
}

static enum weft_mp_verdict push(struct bench *bench, uint32_t end, uint32_t index, weft_ns now)
{
    const struct datagram *datagram = &bench->kept[index];
    struct weft_mp_arrival arrival;
    enum weft_mp_verdict verdict =
        weft_mp_arrived(bench->ends[end], now, datagram->bytes, datagram->size, &arrival);

    if (verdict == WEFT_MP_PLACE)
        (void)weft_mp_placed(bench->ends[end], now, &arrival, weftSuccess);
    return verdict;
}

/* All that one end has goes to the other. */
static uint32_t carry(struct bench *bench, uint32_t from, weft_ns now)
{
    uint32_t count = pull(bench, from, now);

    for (uint32_t i = 0; i < count; i++)
        cr_assert_neq(push(bench, 1 - from, i, now), WEFT_MP_BAD);
    return count;
}

static bool ended(struct bench *bench, uint64_t cookie, weftResult_t result)
{
    struct weft_mp_event event;

    return weft_mp_event(bench->ends[0], &event) && event.kind == WEFT_MP_ENDED &&
           event.cookie == cookie && event.result == result;
}

static void submit(struct bench *bench, uint64_t cookie, uint64_t size)
{
    cr_assert_eq(weft_mp_submit(bench->ends[0], cookie, 0, size, 0), weftSuccess);
}

/* The ack of what somebody waited for goes behind what he sends, over the same path, and by itself
 * when he sends nothing. */
Test(mp, hold_ack__goes_behind_an_answer)
{
    struct bench bench = made(1, 2);
    struct weft_mp_arrival arrival;

    for (uint32_t answers = 0; answers < 2; answers++) {
        weft_ns now = MS(answers + 1);

        submit(&bench, answers, 100);
        cr_assert_eq(pull(&bench, 0, now), 1);
        cr_assert_eq(
            weft_mp_arrived(bench.ends[1], now, bench.kept[0].bytes, bench.kept[0].size, &arrival),
            WEFT_MP_PLACE);
        (void)weft_mp_placed(bench.ends[1], now, &arrival, weftSuccess);
        weft_mp_hold_ack(bench.ends[1], now, &arrival);
        cr_expect_eq(pull(&bench, 1, now), 0);
        cr_expect_eq(weft_mp_deadline(bench.ends[1]), now + 1);
        if (answers == 1)
            cr_assert_eq(weft_mp_submit(bench.ends[1], 1, 0, 50, 0), weftSuccess);
        cr_assert_eq(pull(&bench, 1, now + 1), answers + 1);
        cr_expect_eq(bench.kept[0].has_data, answers == 1);
        cr_expect_not(bench.kept[answers].has_data);
        cr_expect_eq(bench.kept[answers].path, bench.kept[0].path);
    }
    done(&bench);
}

Test(mp, submit__comes_and_ends)
{
    struct bench bench = made(1, 2);

    submit(&bench, 5, 3000);
    cr_expect_eq(carry(&bench, 0, 0), 3, "1,352 bytes each");
    cr_expect_eq(carry(&bench, 1, 0), 1, "an ack at once for the last");
    cr_expect(ended(&bench, 5, weftSuccess));
    cr_expect_eq(weft_mp_messages(bench.ends[0]), 0);
    done(&bench);
}

Test(mp, submit__no_bytes_and_full)
{
    struct bench bench = made(1, 1);

    for (uint64_t i = 0; i < 1024; i++)
        submit(&bench, i, 0);
    cr_expect_eq(weft_mp_submit(bench.ends[0], 9, 0, 0, 0), weftNoResource);
    for (weft_ns now = 0; weft_mp_messages(bench.ends[0]) > 0 && now < MS(50); now += US(10)) {
        struct weft_mp_event event;

        (void)carry(&bench, 0, now);
        (void)carry(&bench, 1, now);
        while (weft_mp_event(bench.ends[0], &event))
            cr_assert_eq(event.result, weftSuccess);
    }
    cr_expect_eq(weft_mp_messages(bench.ends[0]), 0);
    done(&bench);
}

Test(mp, arrived__twice_is_a_duplicate)
{
    struct bench bench = made(1, 2);

    submit(&bench, 1, 100);
    (void)pull(&bench, 0, 0);
    cr_expect_eq(push(&bench, 1, 0, 0), WEFT_MP_PLACE);
    cr_expect_eq(push(&bench, 1, 0, 0), WEFT_MP_DUPLICATE);
    cr_expect_eq(weft_mp_counts_of(bench.ends[1])->duplicate_packets, 1);
    done(&bench);
}

Test(mp, arrived__while_it_is_being_placed)
{
    struct bench bench = made(1, 2);
    struct weft_mp_arrival arrival;
    struct weft_mp_arrival again;

    submit(&bench, 1, 100);
    (void)pull(&bench, 0, 0);
    cr_assert_eq(
        weft_mp_arrived(bench.ends[1], 0, bench.kept[0].bytes, bench.kept[0].size, &arrival),
        WEFT_MP_PLACE);
    cr_expect_eq(weft_mp_arrived(bench.ends[1], 0, bench.kept[0].bytes, bench.kept[0].size, &again),
                 WEFT_MP_DUPLICATE);
    (void)carry(&bench, 1, 0);
    cr_expect_not(ended(&bench, 1, weftSuccess), "it is not visible yet");
    cr_expect(weft_mp_placed(bench.ends[1], US(50), &arrival, weftSuccess), "complete");
    (void)carry(&bench, 1, US(50));
    cr_expect(ended(&bench, 1, weftSuccess));
    done(&bench);
}

Test(mp, placed__refused_ends_with_the_reason)
{
    struct bench bench = made(1, 2);
    struct weft_mp_arrival arrival;

    submit(&bench, 1, 100);
    (void)pull(&bench, 0, 0);
    cr_assert_eq(
        weft_mp_arrived(bench.ends[1], 0, bench.kept[0].bytes, bench.kept[0].size, &arrival),
        WEFT_MP_PLACE);
    (void)weft_mp_placed(bench.ends[1], 0, &arrival, weftInvalidUsage);
    (void)pull(&bench, 1, 0); /* this ack is lost */
    submit(&bench, 2, 100);
    (void)carry(&bench, 0, US(10));
    (void)carry(&bench, 1, US(10));
    cr_expect(ended(&bench, 1, weftInvalidUsage), "the next ack tells it again");
    cr_expect(ended(&bench, 2, weftSuccess));
    done(&bench);
}

Test(mp, overloaded__is_sent_again)
{
    struct bench bench = made(1, 2);
    struct weft_mp_arrival arrival;

    submit(&bench, 1, 100);
    (void)pull(&bench, 0, 0);
    cr_assert_eq(
        weft_mp_arrived(bench.ends[1], 0, bench.kept[0].bytes, bench.kept[0].size, &arrival),
        WEFT_MP_PLACE);
    weft_mp_overloaded(bench.ends[1], 0, &arrival);
    (void)carry(&bench, 1, US(10));
    cr_expect_eq(pull(&bench, 0, US(10)), 0, "not at once");
    cr_expect_eq(weft_mp_deadline(bench.ends[0]), US(210));
    weft_mp_expire(bench.ends[0], US(210));
    cr_expect_eq(pull(&bench, 0, US(210)), 1);
    cr_expect_eq(push(&bench, 1, 0, US(220)), WEFT_MP_PLACE);
    (void)carry(&bench, 1, US(220));
    cr_expect(ended(&bench, 1, weftSuccess));
    done(&bench);
}

/* An echo of what found no room shows, too, that what was sent before it is missing. */
Test(mp, overloaded__does_not_hide_what_was_lost)
{
    struct bench bench = made(1, 1);
    struct weft_mp_arrival arrival;

    submit(&bench, 1, 100);
    submit(&bench, 2, 100);
    cr_assert_eq(pull(&bench, 0, 0), 2);
    cr_assert_eq(
        weft_mp_arrived(bench.ends[1], US(500), bench.kept[1].bytes, bench.kept[1].size, &arrival),
        WEFT_MP_PLACE);
    weft_mp_overloaded(bench.ends[1], US(500), &arrival);
    (void)carry(&bench, 1, US(500));
    weft_mp_expire(bench.ends[0], US(700));
    cr_expect_eq(weft_mp_counts_of(bench.ends[0])->lost_packets, 1, "the round trip and 0.2 ms");
    done(&bench);
}

Test(mp, acked__never_sent_is_bad)
{
    struct bench bench = made(1, 1);
    const struct weft_mp_wire_head head = {.kind = WEFT_MP_WIRE_KIND_ACK, .number = 1};
    const struct weft_mp_wire_ack acks[] = {
        {.cumulative = 2},
        {.cumulative = 0, .word_count = 1, .words = {2}},
        {.cumulative = UINT64_MAX, .word_count = 17, .words = {1}},
        {.cumulative = 0, .refusal_count = 1, .refusals = {{.sequence = 1, .result = 5}}},
        {.cumulative = 0, .overload_count = 1, .overloads = {UINT64_MAX}},
    };

    submit(&bench, 1, 100);
    (void)pull(&bench, 0, 0);
    for (size_t i = 0; i < sizeof(acks) / sizeof(acks[0]); i++) {
        uint8_t bytes[WEFT_MP_WIRE_MAX];
        struct weft_writer writer = weft_writer_of(bytes, sizeof(bytes));
        struct weft_mp_arrival arrival;

        weft_mp_wire_put_head(&writer, &head);
        weft_mp_wire_put_ack(&writer, &acks[i]);
        cr_expect_eq(weft_mp_arrived(bench.ends[0], 0, bytes, writer.used, &arrival), WEFT_MP_BAD,
                     "row %zu", i);
    }
    cr_expect_eq(weft_mp_messages(bench.ends[0]), 1);
    done(&bench);
}

Test(mp, expire__lost_packets_take_another_path)
{
    struct bench bench = made(1, 2);
    uint32_t first;

    submit(&bench, 1, 100);
    (void)pull(&bench, 0, 0);
    first = bench.kept[0].path;
    cr_expect_eq(weft_mp_deadline(bench.ends[0]), MS(5) / 2, "half of what the path gets");
    weft_mp_expire(bench.ends[0], MS(5) / 2);
    cr_assert_eq(pull(&bench, 0, MS(5) / 2), 1);
    cr_expect_neq(bench.kept[0].path, first);
    cr_expect_eq(push(&bench, 1, 0, MS(3)), WEFT_MP_PLACE);
    done(&bench);
}

/* Ten packets of which nothing is heard: two are sent again; then the path is asked, and when it
 * answers, with all that came, nothing else is. */
Test(mp, expire__silence_is_asked_about_before_all_is_sent_again)
{
    struct bench bench = made(1, 1);

    submit(&bench, 1, 13520);
    cr_assert_eq(pull(&bench, 0, 0), 10);
    for (uint32_t i = 0; i < 10; i++)
        cr_expect_eq(push(&bench, 1, i, US(100)), WEFT_MP_PLACE);
    (void)pull(&bench, 1, US(100)); /* the acks are lost */
    weft_mp_expire(bench.ends[0], MS(5) / 2);
    cr_expect_eq(pull(&bench, 0, MS(5) / 2), 2, "and these, too");
    weft_mp_expire(bench.ends[0], MS(5));
    cr_expect_str_eq(weft_mp_path_look(bench.ends[0], 0), "suspect");
    cr_assert_eq(pull(&bench, 0, MS(5)), 1);
    cr_expect_not(bench.kept[0].has_data);
    (void)push(&bench, 1, 0, MS(6));
    (void)carry(&bench, 1, MS(6));
    cr_expect_str_eq(weft_mp_path_look(bench.ends[0], 0), "good");
    cr_expect(ended(&bench, 1, weftSuccess));
    cr_expect_eq(weft_mp_counts_of(bench.ends[0])->resent_packets, 2);
    done(&bench);
}

/* The same, but that the packets were lost: the answer to the probe, which went behind them, says
 * that they were. */
Test(mp, expire__the_answer_to_a_probe_shows_what_was_lost)
{
    struct bench bench = made(1, 1);

    submit(&bench, 1, 13520);
    (void)pull(&bench, 0, 0);
    weft_mp_expire(bench.ends[0], MS(5) / 2);
    (void)pull(&bench, 0, MS(5) / 2);
    weft_mp_expire(bench.ends[0], MS(5));
    cr_assert_eq(pull(&bench, 0, MS(5)), 1);
    (void)push(&bench, 1, 0, MS(6));
    (void)carry(&bench, 1, MS(6));
    cr_expect_eq(carry(&bench, 0, MS(6)), 10);
    (void)carry(&bench, 1, MS(6));
    cr_expect(ended(&bench, 1, weftSuccess));
    done(&bench);
}

/* A NIC that is dead is found out by one of its paths, not by one after the other. */
Test(mp, expire__a_silent_group_is_suspect_as_a_whole)
{
    struct bench bench = made(2, 16);

    submit(&bench, 1, 100);
    (void)pull(&bench, 0, 0);
    weft_mp_expire(bench.ends[0], MS(5));
    for (uint32_t path = 0; path < 16; path++)
        cr_expect_str_eq(weft_mp_path_look(bench.ends[0], path),
                         path % 2 == 0 ? "suspect" : "fresh", "path %u", path);
    done(&bench);
}

Test(mp, expire__a_silent_path_of_a_group_that_answers_is_suspect_alone)
{
    struct bench bench = made(1, 2);

    submit(&bench, 1, 100);
    cr_assert_eq(pull(&bench, 0, 0), 1);
    cr_assert_eq(bench.kept[0].path, 0);
    submit(&bench, 2, 100);
    cr_assert_eq(pull(&bench, 0, 0), 1);
    cr_assert_eq(bench.kept[0].path, 1);
    (void)push(&bench, 1, 0, MS(1));
    (void)carry(&bench, 1, MS(1));
    weft_mp_expire(bench.ends[0], MS(5));
    cr_expect_str_eq(weft_mp_path_look(bench.ends[0], 0), "suspect");
    cr_expect_str_eq(weft_mp_path_look(bench.ends[0], 1), "good");
    done(&bench);
}

Test(mp, expire__silence_is_lost_then_found)
{
    struct bench bench = made(1, 2);
    struct weft_mp_event event;
    weft_ns now = 0;
    bool is_down = false;

    submit(&bench, 1, 100);
    while (now < MS(2100)) {
        (void)pull(&bench, 0, now);
        now = weft_max(weft_mp_deadline(bench.ends[0]), now + 1);
        weft_mp_expire(bench.ends[0], now);
        if (!weft_mp_event(bench.ends[0], &event))
            continue;
        if (event.kind == WEFT_MP_LOST)
            break;
        is_down = is_down || event.kind == WEFT_MP_GROUP_DOWN;
    }
    cr_expect(is_down);
    cr_assert_eq(event.kind, WEFT_MP_LOST);
    cr_expect_eq(now, MS(2000));
    for (; now < MS(2100); now += MS(1)) {
        weft_mp_expire(bench.ends[0], now);
        (void)carry(&bench, 0, now);
        (void)carry(&bench, 1, now);
    }
    cr_expect(ended(&bench, 1, weftSuccess));
    cr_assert(weft_mp_event(bench.ends[0], &event));
    cr_expect_eq(event.kind, WEFT_MP_GROUP_UP);
    cr_assert(weft_mp_event(bench.ends[0], &event));
    cr_expect_eq(event.kind, WEFT_MP_FOUND);
    done(&bench);
}

Test(mp, group_told__down_sends_over_the_others)
{
    struct bench bench = made(2, 4);

    submit(&bench, 1, 100);
    (void)pull(&bench, 0, 0);
    cr_expect_eq(bench.kept[0].path % 2, 0);
    weft_mp_group_told(bench.ends[0], US(1), 0, false);
    cr_assert_eq(pull(&bench, 0, US(1)), 1);
    cr_expect_eq(bench.kept[0].path % 2, 1);
    cr_expect_str_eq(weft_mp_path_look(bench.ends[0], 0), "dead");
    weft_mp_group_told(bench.ends[0], US(2), 0, true);
    cr_assert_eq(pull(&bench, 0, US(2)), 2, "its paths are probed");
    cr_expect_not(bench.kept[0].has_data);
    (void)push(&bench, 1, 0, US(3));
    (void)carry(&bench, 1, US(3));
    cr_expect_str_eq(weft_mp_path_look(bench.ends[0], 0), "trial");
    done(&bench);
}

Test(mp, next__held_back_groups_wait)
{
    struct bench bench = made(2, 2);
    struct weft_mp_packet packet;

    cr_assert_eq(weft_mp_submit(bench.ends[0], 1, 1, 100, 0), weftSuccess);
    cr_expect_not(weft_mp_next(bench.ends[0], 0, 1, &packet));
    cr_assert(weft_mp_next(bench.ends[0], 0, 2, &packet));
    cr_expect_eq(packet.path, 1);
    done(&bench);
}

/* Until a packet was acked each has the owner's head; those that are cut later have not. */
Test(mp, next__own_head_until_one_was_acked)
{
    struct bench bench = made(1, 1);
    struct weft_mp_packet packets[3];
    struct weft_mp_arrival arrival;
    uint8_t bytes[DATAGRAM] = {0};

    bench.config.first_window_bytes = 0;
    (void)weft_mp_init(&bench.config, bench.ends[0], 0);
    cr_assert_eq(weft_mp_submit(bench.ends[0], 1, 0, 20000, 100), weftSuccess);
    for (uint32_t i = 0; i < 3; i++) {
        if (i == 2) {
            memcpy(bytes, packets[0].bytes, packets[0].size);
            cr_assert_eq(weft_mp_arrived(bench.ends[1], 0, bytes,
                                         packets[0].size + 100 + packets[0].length, &arrival),
                         WEFT_MP_PLACE);
            cr_expect_eq(arrival.own_head_bytes, 100);
            (void)weft_mp_placed(bench.ends[1], 0, &arrival, weftSuccess);
            (void)carry(&bench, 1, 0);
        }
        cr_assert(weft_mp_next(bench.ends[0], 0, ALL, &packets[i]));
    }
    cr_expect(packets[0].has_own_head);
    cr_expect(packets[1].has_own_head);
    cr_expect_eq(packets[1].length, 1252);
    cr_expect_not(packets[2].has_own_head);
    cr_expect_eq(packets[2].length, 1352);
    done(&bench);
}

Test(mp, next__blocked_without_leave_asks)
{
    struct bench bench = made(1, 1);

    submit(&bench, 1, WEFT_KIB(300));
    for (weft_ns now = 0; now < MS(1); now += US(20)) {
        (void)carry(&bench, 0, now);
        if (pull(&bench, 1, now) == 0)
            continue;
        /* Acks arrive but for what they grant, as if the leave were always lost. */
        for (uint32_t i = 0; i < bench.count; i++) {
            struct weft_reader reader = weft_reader_of(bench.kept[i].bytes, bench.kept[i].size);
            struct weft_mp_wire_head head;
            struct weft_mp_wire_ack ack;
            uint8_t bytes[WEFT_MP_WIRE_MAX];
            struct weft_writer writer = weft_writer_of(bytes, sizeof(bytes));
            struct weft_mp_arrival arrival;

            cr_assert(weft_mp_wire_get_head(&reader, &head));
            cr_assert(weft_mp_wire_get_ack(&reader, &ack));
            ack.grant_count = 0;
            weft_mp_wire_put_head(&writer, &head);
            weft_mp_wire_put_ack(&writer, &ack);
            (void)weft_mp_arrived(bench.ends[0], now, bytes, writer.used, &arrival);
        }
    }
    cr_expect_eq(weft_mp_counts_of(bench.ends[1])->placed_packets, 194, "256 KiB are unscheduled");
    for (weft_ns now = MS(1); now < MS(20); now += US(100)) {
        weft_mp_expire(bench.ends[0], now);
        (void)carry(&bench, 0, now);
        weft_mp_expire(bench.ends[1], now);
        (void)carry(&bench, 1, now);
    }
    cr_expect_geq(weft_mp_counts_of(bench.ends[0])->probes_sent, 1);
    cr_expect(ended(&bench, 1, weftSuccess));
    done(&bench);
}

Test(mp, abort__ends_all_and_sends_nothing)
{
    struct bench bench = made(1, 1);

    submit(&bench, 1, 100);
    submit(&bench, 2, WEFT_KIB(500));
    (void)pull(&bench, 0, 0);
    submit(&bench, 3, 100);
    weft_mp_abort(bench.ends[0], weftCancelled);
    cr_expect(ended(&bench, 1, weftCancelled));
    cr_expect(ended(&bench, 2, weftCancelled));
    cr_expect(ended(&bench, 3, weftCancelled));
    cr_expect_eq(pull(&bench, 0, MS(10)), 0);
    cr_expect_eq(weft_mp_deadline(bench.ends[0]), WEFT_NEVER);
    cr_expect_eq(weft_mp_submit(bench.ends[0], 4, 0, 1, 0), weftNoResource);
    done(&bench);
}

Test(mp, config__bounds)
{
    struct weft_mp_config config;
    const char *why = NULL;

    weft_mp_defaults(&config);
    cr_expect(weft_mp_config_valid(&config, &why));
    config.group_count = 17;
    cr_expect_not(weft_mp_config_valid(&config, &why));
    cr_expect_str_eq(why, "group_count is 1 to 16");
    weft_mp_defaults(&config);
    config.packet_bytes = 1199;
    cr_expect_not(weft_mp_config_valid(&config, &why));
    cr_expect_str_eq(why, "packet_bytes is 1200 to 65000");
}
