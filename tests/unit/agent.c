/* Agents: the newest version wins, everybody is told once, and not too often. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "core/agent.h"

#define AGENTS   4
#define OWN_GAP  100
#define PEER_GAP 10

static struct weft_agent *agents[AGENTS];

static void open_all(void)
{
    for (uint32_t i = 0; i < AGENTS; i++) {
        agents[i] = calloc(1, sizeof(*agents[i]));
        weft_agent_init(agents[i], 1000 + i, 5, OWN_GAP, PEER_GAP);
    }
}

static void close_all(void)
{
    for (uint32_t i = 0; i < AGENTS; i++)
        free(agents[i]);
}

TestSuite(agent, .init = open_all, .fini = close_all);

static struct weft_agent_record record(uint64_t name, uint64_t incarnation, uint64_t sequence,
                                       const char *text)
{
    return (struct weft_agent_record){.name = name,
                                      .version = {incarnation, sequence},
                                      .size_bytes = (uint32_t)strlen(text),
                                      .bytes = (const uint8_t *)text};
}

static enum weft_agent_news hear(uint32_t peer, uint64_t name, uint64_t incarnation,
                                 uint64_t sequence, const char *text)
{
    struct weft_agent_record one = record(name, incarnation, sequence, text);
    uint32_t origin;

    return weft_agent_hear(agents[0], peer, &one, 0, &origin);
}

static void expect_text(const struct weft_agent *agent, uint64_t name, const char *text)
{
    uint32_t place = weft_agent_find(agent, name);

    cr_assert_neq(place, WEFT_NONE);
    cr_assert_eq(agent->origins[place].size_bytes, strlen(text));
    cr_assert_arr_eq(agent->origins[place].bytes, text, strlen(text));
}

Test(agent, is_newer__by_incarnation_then_sequence)
{
    static const struct {
        struct weft_agent_version a;
        struct weft_agent_version b;
        bool newer;
    } rows[] = {
        {{1, 1}, {0, 0}, true},  {{1, 2}, {1, 1}, true},  {{2, 1}, {1, 9}, true},
        {{1, 1}, {1, 1}, false}, {{1, 9}, {2, 1}, false},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        cr_assert_eq(weft_agent_is_newer(rows[i].a, rows[i].b), rows[i].newer, "row %zu", i);
}

Test(agent, hear__the_newest_wins)
{
    weft_agent_join(agents[0], 0, 0);
    cr_assert_eq(hear(0, 7, 5, 2, "two"), WEFT_AGENT_NEW);
    cr_assert_eq(hear(0, 7, 5, 2, "two"), WEFT_AGENT_SAME);
    cr_assert_eq(hear(0, 7, 5, 1, "one"), WEFT_AGENT_OLD);
    expect_text(agents[0], 7, "two");
    cr_assert_eq(hear(0, 7, 5, 3, "three"), WEFT_AGENT_NEW);
    /* It was started again. */
    cr_assert_eq(hear(0, 7, 6, 1, "new"), WEFT_AGENT_NEW);
    cr_assert_eq(hear(0, 7, 5, 4, "four"), WEFT_AGENT_OLD);
    expect_text(agents[0], 7, "new");
    cr_assert_eq(agents[0]->dropped_count, 2);
}

/* One delivery from an agent to all its peers, which are numbered alike everywhere. */
static uint32_t deliver(uint32_t from, weft_ns now)
{
    uint32_t count = 0;
    uint32_t peer;
    uint32_t origin;

    while (weft_agent_next(agents[from], now, &peer, &origin)) {
        uint8_t bytes[256];
        struct weft_writer writer = weft_writer_of(bytes, sizeof(bytes));
        struct weft_agent_record heard;
        struct weft_reader reader;

        weft_agent_write(&agents[from]->origins[origin], &writer);
        reader = weft_reader_of(bytes, writer.used);
        cr_assert(weft_agent_read(&heard, &reader));
        weft_agent_told(agents[from], peer, origin, now);
        (void)weft_agent_hear(agents[peer], from, &heard, now, &origin);
        count++;
    }
    return count;
}

static uint32_t deliver_all(weft_ns now, weft_ns until)
{
    uint32_t count = 0;

    for (; now < until; now += PEER_GAP)
        for (uint32_t i = 0; i < AGENTS; i++)
            count += deliver(i, now);
    return count;
}

static void link_up(uint32_t a, uint32_t b, weft_ns now)
{
    weft_agent_join(agents[a], b, now);
    weft_agent_join(agents[b], a, now);
}

/* 0 - 1 - 2 - 3: the ends learn of each other. */
Test(agent, next__a_chain_learns_of_all)
{
    link_up(0, 1, 0);
    link_up(1, 2, 0);
    link_up(2, 3, 0);
    for (uint32_t i = 0; i < AGENTS; i++) {
        char text[2] = {(char)('a' + i), '\0'};

        cr_assert(weft_agent_say(agents[i], text, 1, 0));
    }
    /* Each of four records crosses each of three links once: no echo. */
    cr_assert_eq(deliver_all(0, 1000), 12);
    for (uint32_t i = 0; i < AGENTS; i++)
        for (uint32_t k = 0; k < AGENTS; k++) {
            char text[2] = {(char)('a' + k), '\0'};

            expect_text(agents[i], 1000 + k, text);
        }
    for (uint32_t i = 0; i < AGENTS; i++)
        cr_assert_eq(agents[i]->wake_at, WEFT_NEVER);
    cr_assert(weft_agent_say(agents[3], "news", 4, 1000));
    cr_assert_eq(deliver_all(1000, 2000), 3);
    expect_text(agents[0], 1003, "news");
}

/* All with all: who hears one thing from two sides tells neither. */
Test(agent, next__a_mesh_makes_no_storm)
{
    for (uint32_t a = 0; a < AGENTS; a++)
        for (uint32_t b = a + 1; b < AGENTS; b++)
            link_up(a, b, 0);
    cr_assert(weft_agent_say(agents[0], "x", 1, 0));
    cr_assert_leq(deliver_all(0, 1000), AGENTS * (AGENTS - 1));
    for (uint32_t i = 0; i < AGENTS; i++)
        expect_text(agents[i], 1000, "x");
    cr_assert_eq(deliver_all(1000, 2000), 0);
}

Test(agent, say__not_too_often)
{
    cr_assert(weft_agent_say(agents[0], "1", 1, 50));
    cr_assert_not(weft_agent_say(agents[0], "2", 1, 149));
    expect_text(agents[0], 1000, "1");
    cr_assert(weft_agent_say(agents[0], "2", 1, 150));
    cr_assert_eq(agents[0]->origins[WEFT_AGENT_SELF].version.sequence, 2);
}

Test(agent, next__a_gap_after_each_record)
{
    uint32_t peer;
    uint32_t origin;

    cr_assert_eq(hear(1, 7, 1, 1, "a"), WEFT_AGENT_NEW);
    cr_assert_eq(hear(1, 8, 1, 1, "b"), WEFT_AGENT_NEW);
    weft_agent_join(agents[0], 3, 0);
    cr_assert(weft_agent_next(agents[0], 0, &peer, &origin));
    cr_assert_eq(peer, 3);
    weft_agent_told(agents[0], peer, origin, 0);
    cr_assert_not(weft_agent_next(agents[0], 9, &peer, &origin));
    cr_assert_eq(agents[0]->wake_at, 10);
    cr_assert(weft_agent_next(agents[0], 10, &peer, &origin));
    weft_agent_postpone(agents[0], peer, 10);
    cr_assert_not(weft_agent_next(agents[0], 10, &peer, &origin));
    cr_assert(weft_agent_next(agents[0], 20, &peer, &origin));
    weft_agent_told(agents[0], peer, origin, 20);
    cr_assert_not(weft_agent_next(agents[0], 1000, &peer, &origin));
    /* One that comes back knows nothing. */
    weft_agent_leave(agents[0], 3);
    weft_agent_join(agents[0], 3, 1000);
    cr_assert(weft_agent_next(agents[0], 1000, &peer, &origin));
}

/* Its clock went back, or somebody lies: what it says itself wins in the end. */
Test(agent, hear__of_itself_goes_past_it)
{
    link_up(0, 1, 0);
    cr_assert(weft_agent_say(agents[0], "truth", 5, 0));
    deliver_all(0, 100);
    {
        struct weft_agent_record lie = record(1000, 900, 7, "lie");
        uint32_t origin;

        cr_assert_eq(weft_agent_hear(agents[1], 2, &lie, 100, &origin), WEFT_AGENT_NEW);
    }
    deliver_all(100, 200);
    expect_text(agents[1], 1000, "truth");
    cr_assert_eq(agents[0]->origins[WEFT_AGENT_SELF].version.incarnation, 901);
}

Test(agent, hear__the_least_recently_heard_makes_room)
{
    for (uint64_t i = 1; i < WEFT_AGENT_ORIGINS_MAX; i++)
        cr_assert_eq(hear(0, i, 1, 1, "x"), WEFT_AGENT_NEW);
    cr_assert_eq(hear(0, 1, 1, 1, "x"), WEFT_AGENT_SAME);
    cr_assert_eq(hear(0, 500, 1, 1, "y"), WEFT_AGENT_NEW);
    cr_assert_eq(weft_agent_find(agents[0], 2), WEFT_NONE);
    expect_text(agents[0], 1, "x");
    expect_text(agents[0], 500, "y");
}

Test(agent, read__what_is_none)
{
    static uint8_t bytes[WEFT_AGENT_HEAD_BYTES + 8];
    struct weft_agent_record read;

    for (uint32_t row = 0; row < 6; row++) {
        struct weft_writer writer = weft_writer_of(bytes, sizeof(bytes));
        struct weft_reader reader;

        weft_writer_number(&writer, 7, 8);
        weft_writer_number(&writer, row == 0 ? 0 : row == 1 ? UINT64_MAX : 5, 8);
        weft_writer_number(&writer, row == 2 ? 0 : row == 3 ? UINT64_MAX / 2 : 5, 8);
        weft_writer_number(&writer, row == 4 ? WEFT_AGENT_BYTES_MAX + 1 : 8, 4);
        reader = weft_reader_of(bytes, row == 5 ? sizeof(bytes) : sizeof(bytes) - 1);
        cr_assert_eq(weft_agent_read(&read, &reader), row == 5, "row %u", row);
    }
}
