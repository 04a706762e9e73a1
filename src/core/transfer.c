/* Transfers: state and byte accounts. */
#include "transfer.h"

#define TO(state) (1u << WEFT_TRANSFER_##state)

static const unsigned next_states[WEFT_TRANSFER_STATES] = {
    [WEFT_TRANSFER_FREE] = TO(WAITING),
    [WEFT_TRANSFER_WAITING] = TO(MOVING) | TO(ENDED),
    [WEFT_TRANSFER_MOVING] = TO(DRAINING) | TO(ENDED),
    [WEFT_TRANSFER_DRAINING] = TO(ENDED),
    [WEFT_TRANSFER_ENDED] = TO(FREE),
};

static void check(const struct weft_transfer *transfer)
{
    weft_assert(transfer->taken_bytes <= transfer->op.size_bytes);
    weft_assert(transfer->done_bytes + transfer->returned_bytes <= transfer->taken_bytes);
    weft_assert(transfer->state != WEFT_TRANSFER_WAITING || transfer->taken_bytes == 0);
}

static void set_state(struct weft_transfer *transfer, enum weft_transfer_state state)
{
    weft_assert((next_states[transfer->state] >> state & 1) != 0);
    transfer->state = state;
}

void weft_transfer_init(struct weft_transfer *transfer, const struct weft_op *op, uint32_t pair)
{
    set_state(transfer, WEFT_TRANSFER_WAITING);
    transfer->op = *op;
    transfer->pair = pair;
    transfer->cursor = (struct weft_extent_cursor){op->first_block, 0, 0};
    transfer->taken_bytes = 0;
    transfer->done_bytes = 0;
    transfer->returned_bytes = 0;
    weft_list_init(&transfer->returned);
    transfer->chunks = 0;
    for (uint32_t i = 0; i < WEFT_ROUTES_MAX; i++)
        transfer->path_bytes[i] = 0;
    transfer->result = weftSuccess;
    transfer->cause = WEFT_CAUSE_NONE;
    transfer->cause_hop = WEFT_NONE;
    transfer->cause_since = 0;
    check(transfer);
}

void weft_transfer_start(struct weft_transfer *transfer)
{
    set_state(transfer, WEFT_TRANSFER_MOVING);
    check(transfer);
}

void weft_transfer_drain(struct weft_transfer *transfer, weftResult_t result, enum weft_cause cause)
{
    weft_assert(result != weftSuccess);
    set_state(transfer, WEFT_TRANSFER_DRAINING);
    transfer->result = result;
    transfer->cause = cause;
    check(transfer);
}

void weft_transfer_end(struct weft_transfer *transfer, weftResult_t result, enum weft_cause cause)
{
    weft_assert(result != weftSuccess || transfer->done_bytes == transfer->op.size_bytes);
    set_state(transfer, WEFT_TRANSFER_ENDED);
    transfer->result = result;
    transfer->cause = cause;
    check(transfer);
}

void weft_transfer_told(struct weft_transfer *transfer)
{
    set_state(transfer, WEFT_TRANSFER_FREE);
}

bool weft_transfer_is_load(const struct weft_transfer *transfer)
{
    return transfer->op.size_bytes >= WEFT_TRANSFER_LOAD_BYTES;
}

uint64_t weft_transfer_left(const struct weft_transfer *transfer)
{
    if (transfer->state != WEFT_TRANSFER_MOVING)
        return 0;
    return transfer->op.size_bytes - transfer->taken_bytes + transfer->returned_bytes;
}
