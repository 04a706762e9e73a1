/* Transfers: every state by every event, accounts of bytes. */
#include <criterion/criterion.h>

#include <signal.h>

#include "fixture.h"

#include "core/transfer.h"

#define SIZE 1000

static struct weft_transfer made(void)
{
    struct weft_op op = {.tag = 3, .first_block = 7, .size_bytes = SIZE};
    struct weft_transfer transfer = {.state = WEFT_TRANSFER_FREE};

    weft_transfer_init(&transfer, &op, 5);
    return transfer;
}

static struct weft_transfer in_state(enum weft_transfer_state state)
{
    struct weft_transfer transfer = made();

    transfer.state = state;
    return transfer;
}

enum event { INIT, START, DRAIN, END_WELL, END_BADLY, TOLD, EVENTS };

struct step {
    struct weft_transfer transfer;
    enum event event;
};

static void apply(void *argument)
{
    struct step *step = argument;
    struct weft_op op = {.tag = 4, .first_block = 8, .size_bytes = SIZE};

    switch (step->event) {
    case INIT:
        weft_transfer_init(&step->transfer, &op, 6);
        break;
    case START:
        weft_transfer_start(&step->transfer);
        break;
    case DRAIN:
        weft_transfer_drain(&step->transfer, weftTimeout, WEFT_CAUSE_DEADLINE);
        break;
    case END_WELL:
        /* All bytes done, as far as the state allows it. */
        step->transfer.op.size_bytes =
            step->transfer.state == WEFT_TRANSFER_WAITING ? 0 : step->transfer.op.size_bytes;
        step->transfer.taken_bytes = step->transfer.op.size_bytes;
        step->transfer.done_bytes = step->transfer.op.size_bytes;
        weft_transfer_end(&step->transfer, weftSuccess, WEFT_CAUSE_NONE);
        break;
    case END_BADLY:
        weft_transfer_end(&step->transfer, weftCancelled, WEFT_CAUSE_CANCELLED);
        break;
    default:
        weft_transfer_told(&step->transfer);
    }
}

Test(transfer, set_state__every_state_by_every_event)
{
#define ROW(free_, waiting, moving, draining, ended)                                               \
    {                                                                                              \
        WEFT_TRANSFER_##free_, WEFT_TRANSFER_##waiting, WEFT_TRANSFER_##moving,                    \
            WEFT_TRANSFER_##draining, WEFT_TRANSFER_##ended                                        \
    }
#define WEFT_TRANSFER_ABORT WEFT_TRANSFER_STATES
    static const enum weft_transfer_state next[EVENTS][WEFT_TRANSFER_STATES] = {
        /*                FREE     WAITING  MOVING    DRAINING  ENDED */
        [INIT] = ROW(WAITING, ABORT, ABORT, ABORT, ABORT),
        [START] = ROW(ABORT, MOVING, ABORT, ABORT, ABORT),
        [DRAIN] = ROW(ABORT, ABORT, DRAINING, ABORT, ABORT),
        [END_WELL] = ROW(ABORT, ENDED, ENDED, ENDED, ABORT),
        [END_BADLY] = ROW(ABORT, ENDED, ENDED, ENDED, ABORT),
        [TOLD] = ROW(ABORT, ABORT, ABORT, ABORT, FREE),
    };
#undef ROW

    for (uint32_t event = 0; event < EVENTS; event++)
        for (uint32_t state = 0; state < WEFT_TRANSFER_STATES; state++) {
            struct step step = {in_state((enum weft_transfer_state)state), (enum event)event};

            if (next[event][state] == WEFT_TRANSFER_ABORT) {
                cr_expect(fixture_aborts(apply, &step), "event %u in state %u", event, state);
                continue;
            }
            apply(&step);
            cr_expect_eq(step.transfer.state, next[event][state], "event %u in state %u", event,
                         state);
        }
#undef WEFT_TRANSFER_ABORT
}

Test(transfer, init__of_a_used_entry)
{
    struct weft_transfer transfer = made();
    struct weft_op op = {.tag = 9, .first_block = 2, .size_bytes = 50};

    weft_transfer_start(&transfer);
    transfer.taken_bytes = 70;
    transfer.done_bytes = 60;
    transfer.path_bytes[2] = 60;
    transfer.cause_hop = 4;
    transfer.cause_since = 99;
    weft_transfer_end(&transfer, weftRemoteError, WEFT_CAUSE_DOWN);
    weft_transfer_told(&transfer);
    weft_transfer_init(&transfer, &op, 1);
    cr_expect_eq(transfer.op.tag, 9);
    cr_expect_eq(transfer.pair, 1);
    cr_expect_eq(transfer.cursor.block, 2);
    cr_expect_eq(transfer.cursor.index, 0);
    cr_expect_eq(transfer.cursor.skip_bytes, 0);
    cr_expect_eq(transfer.taken_bytes, 0);
    cr_expect_eq(transfer.done_bytes, 0);
    cr_expect_eq(transfer.returned_bytes, 0);
    cr_expect_eq(transfer.returned.count, 0);
    cr_expect_eq(transfer.chunks, 0);
    cr_expect_eq(transfer.path_bytes[2], 0);
    cr_expect_eq(transfer.result, weftSuccess);
    cr_expect_eq(transfer.cause, WEFT_CAUSE_NONE);
    cr_expect_eq(transfer.cause_hop, WEFT_NONE);
    cr_expect_eq(transfer.cause_since, 0);
}

Test(transfer, drain__keeps_why)
{
    struct weft_transfer transfer = in_state(WEFT_TRANSFER_MOVING);

    weft_transfer_drain(&transfer, weftCancelled, WEFT_CAUSE_REVOKED);
    cr_expect_eq(transfer.result, weftCancelled);
    cr_expect_eq(transfer.cause, WEFT_CAUSE_REVOKED);
}

Test(transfer, drain__with_success, .signal = SIGABRT)
{
    struct weft_transfer transfer = in_state(WEFT_TRANSFER_MOVING);

    weft_transfer_drain(&transfer, weftSuccess, WEFT_CAUSE_NONE);
}

/* Success means every byte. */
Test(transfer, end__success_with_bytes_missing, .signal = SIGABRT)
{
    struct weft_transfer transfer = in_state(WEFT_TRANSFER_MOVING);

    transfer.taken_bytes = SIZE;
    transfer.done_bytes = SIZE - 1;
    weft_transfer_end(&transfer, weftSuccess, WEFT_CAUSE_NONE);
}

Test(transfer, end__badly_with_bytes_missing)
{
    struct weft_transfer transfer = in_state(WEFT_TRANSFER_DRAINING);

    transfer.taken_bytes = SIZE;
    transfer.done_bytes = SIZE - 1;
    weft_transfer_end(&transfer, weftTimeout, WEFT_CAUSE_DEADLINE);
    cr_expect_eq(transfer.state, WEFT_TRANSFER_ENDED);
    cr_expect_eq(transfer.result, weftTimeout);
    cr_expect_eq(transfer.cause, WEFT_CAUSE_DEADLINE);
}

/* The accounts that cannot be: more taken than there is, more done than taken, taken too early. */
static void drain(void *argument)
{
    weft_transfer_drain(argument, weftTimeout, WEFT_CAUSE_DEADLINE);
}

Test(transfer, check__accounts)
{
    static const struct {
        uint64_t taken;
        uint64_t done;
        uint64_t returned;
        bool aborts;
    } rows[] = {{0, 0, 0, false},        {1000, 1000, 0, false}, {1000, 0, 1000, false},
                {1000, 400, 600, false}, {1001, 0, 0, true},     {500, 501, 0, true},
                {500, 0, 501, true},     {500, 300, 201, true}};

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct weft_transfer transfer = in_state(WEFT_TRANSFER_MOVING);

        transfer.taken_bytes = rows[i].taken;
        transfer.done_bytes = rows[i].done;
        transfer.returned_bytes = rows[i].returned;
        cr_expect_eq(fixture_aborts(drain, &transfer), rows[i].aborts, "row %zu", i);
    }
}

Test(transfer, left__by_state_and_accounts)
{
    static const struct {
        enum weft_transfer_state state;
        uint64_t taken;
        uint64_t returned;
        uint64_t left;
    } rows[] = {
        {WEFT_TRANSFER_FREE, 0, 0, 0},          {WEFT_TRANSFER_WAITING, 0, 0, 0},
        {WEFT_TRANSFER_MOVING, 0, 0, 1000},     {WEFT_TRANSFER_MOVING, 1, 0, 999},
        {WEFT_TRANSFER_MOVING, 1000, 0, 0},     {WEFT_TRANSFER_MOVING, 1000, 300, 300},
        {WEFT_TRANSFER_MOVING, 600, 600, 1000}, {WEFT_TRANSFER_DRAINING, 600, 0, 0},
        {WEFT_TRANSFER_ENDED, 600, 0, 0},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct weft_transfer transfer = in_state(rows[i].state);

        transfer.taken_bytes = rows[i].taken;
        transfer.returned_bytes = rows[i].returned;
        cr_expect_eq(weft_transfer_left(&transfer), rows[i].left, "row %zu", i);
    }
}

Test(transfer, left__largest_size)
{
    struct weft_transfer transfer = in_state(WEFT_TRANSFER_MOVING);

    transfer.op.size_bytes = UINT64_MAX;
    cr_expect_eq(weft_transfer_left(&transfer), UINT64_MAX);
    transfer.taken_bytes = UINT64_MAX - 1;
    cr_expect_eq(weft_transfer_left(&transfer), 1);
}
