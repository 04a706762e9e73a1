/* transports/tcp/tcp_queue and tcp_cut: whose turn it is, and where copies are cut. */
#include <criterion/criterion.h>

#include "tcp/tcp_queue.h"

enum { LENT, OWN, SMALL, LATE, OPERATIONS };

static struct weft_net_operation operations[OPERATIONS];
static struct weft_net_block blocks[OPERATIONS + 1];
static struct weft_list_link links[OPERATIONS];
static struct weft_net_end end = {.operations = operations, .blocks = blocks, .links = links};
static struct weft_tcp_queue queue;
static char source[WEFT_MIB(2)];

static void make(uint32_t number, uint64_t size_bytes, bool is_lent)
{
    operations[number] = (struct weft_net_operation){.kind = WEFT_NET_OP_COPY,
                                                     .is_lent = is_lent,
                                                     .first_block = number,
                                                     .extent_count = 1,
                                                     .size_bytes = size_bytes,
                                                     .src = source};
    blocks[number].next = WEFT_NONE;
    blocks[number].used = 1;
    blocks[number].of.extents[0] = (struct weft_extent){0, 0, size_bytes};
}

/* Sends one frame of the cut, all of it. */
static uint64_t send(struct weft_tcp_cut *cut)
{
    uint8_t bytes[4096];
    struct weft_writer writer = weft_writer_of(bytes, sizeof(bytes));
    struct weft_tcp_part part = weft_tcp_cut_part(cut, &end);
    const char *piece;
    uint64_t size_bytes;

    weft_tcp_queue_turn(&queue, cut);
    weft_tcp_cut_write(cut, &end, &part, &writer);
    cr_assert_eq(writer.used, part.extent_count * WEFT_WIRE_WRITE_EXTENT_BYTES);
    while (weft_tcp_cut_look(cut, &end, &piece, &size_bytes))
        weft_tcp_cut_take(cut, &end, size_bytes);
    if (weft_tcp_cut_is_whole(cut))
        weft_tcp_cut_init(cut);
    return part.size_bytes;
}

/* Small ones at once, own ones four frames to one of a lent one, and none is forgotten. */
Test(tcp_queue, next__takes_turns)
{
    static const struct {
        uint32_t operation;
        uint64_t bytes;
    } rows[] = {{SMALL, 64},    {OWN, 262144},  {OWN, 262144}, {OWN, 262144}, {OWN, 262144},
                {LENT, 262144}, {OWN, 262144},  {LATE, 16384}, {OWN, 1},      {LENT, 262144},
                {LENT, 262144}, {LENT, 262144}, {LENT, 262144}};

    weft_tcp_queue_init(&queue);
    make(LENT, 5 * 262144, true);
    make(OWN, 5 * 262144 + 1, false);
    make(SMALL, 64, true);
    make(LATE, 16384, false);
    weft_tcp_queue_append(&queue, &end, LENT);
    weft_tcp_queue_append(&queue, &end, OWN);
    weft_tcp_queue_append(&queue, &end, SMALL);
    cr_assert_eq(queue.count, 3);
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct weft_tcp_cut *cut;

        if (i == 7)
            weft_tcp_queue_append(&queue, &end, LATE);
        cut = weft_tcp_queue_next(&queue, &end);
        cr_assert_not_null(cut);
        cr_expect_eq(cut->operation, rows[i].operation, "frame %u: of %u", i, cut->operation);
        cr_expect_eq(send(cut), rows[i].bytes, "frame %u", i);
    }
    cr_assert_null(weft_tcp_queue_next(&queue, &end));
    cr_assert_eq(queue.count, 0);
    cr_assert(!weft_tcp_queue_is_cutting(&queue));
}

/* Extents are cut where a frame is full, and those without bytes are kept. */
Test(tcp_queue, cut__extents)
{
    static const struct {
        uint32_t extents;
        uint64_t bytes;
    } rows[] = {{3, 262144}, {1, 262144}, {3, 100}};
    struct weft_tcp_cut *cut;

    weft_tcp_queue_init(&queue);
    make(OWN, 2 * 262144 + 100, false);
    blocks[OWN].used = 3;
    blocks[OWN].next = OPERATIONS;
    blocks[OWN].of.extents[0] = (struct weft_extent){0, 0, 262143};
    blocks[OWN].of.extents[1] = (struct weft_extent){900000, 900000, 0};
    blocks[OWN].of.extents[2] = (struct weft_extent){300000, 300000, 262145 + 60};
    blocks[OPERATIONS].next = WEFT_NONE;
    blocks[OPERATIONS].used = 2;
    blocks[OPERATIONS].of.extents[0] = (struct weft_extent){7, 7, 40};
    blocks[OPERATIONS].of.extents[1] = (struct weft_extent){9, 9, 0};
    weft_tcp_queue_append(&queue, &end, OWN);
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        cut = weft_tcp_queue_next(&queue, &end);
        cr_assert_not_null(cut);
        cr_expect_eq(weft_tcp_cut_part(cut, &end).extent_count, rows[i].extents, "frame %u", i);
        cr_expect_eq(send(cut), rows[i].bytes, "frame %u", i);
    }
    cr_assert_null(weft_tcp_queue_next(&queue, &end));
}
