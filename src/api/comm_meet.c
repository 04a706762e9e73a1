/* How a comm meets the others of its id: it tells them where it is reached, and, where the setting
 * boot_connect wants it, reaches them. See comm.h. */
#include <stdlib.h>
#include <string.h>

#include "../base/buf.h"
#include "../host/peers.h"
#include "comm.h"
#include "error.h"

/* What a rank says of itself: process, incarnation and address; zeros where its `net` is off. */
#define PLACE_BYTES (WEFT_KEY_TOKEN_BYTES + 8 + WEFT_NET_ADDRESS_BYTES)

_Static_assert(PLACE_BYTES <= WEFT_BOOT_BYTES_MAX, "a rank can say it");

static void place_write(const struct weft_comm *comm, uint8_t bytes[PLACE_BYTES])
{
    struct weft_writer writer = weft_writer_of(bytes, PLACE_BYTES);
    uint8_t process[WEFT_KEY_TOKEN_BYTES];

    memset(bytes, 0, PLACE_BYTES);
    if (comm == NULL || comm->loop->peers == NULL || !weft_process_id(process))
        return;
    weft_writer_bytes(&writer, process, sizeof(process));
    weft_writer_number(&writer, comm->loop->peers->incarnation, 8);
    weft_writer_bytes(&writer, comm->loop->peers->address, WEFT_NET_ADDRESS_BYTES);
}

/* Ranks of one process need no network between them. */
static weftResult_t reach(struct weft_comm *comm, uint32_t number, const uint8_t *bytes)
{
    struct weft_reader reader = weft_reader_of(bytes, PLACE_BYTES);
    struct weft_window_key key = {.number = 0};
    uint8_t process[WEFT_KEY_TOKEN_BYTES];
    char why[256] = "";
    struct weft_command command = {
        .run = weft_command_reach,
        .key = &key,
        .deadline_at =
            weft_clock_after(&comm->loop->clock, comm->loop->config.timeout_ms * WEFT_NS_PER_MS),
        .text = why,
        .text_size = sizeof(why)};
    weftResult_t result;

    weft_reader_bytes(&reader, key.process, sizeof(key.process));
    key.incarnation = weft_reader_number(&reader, 8);
    weft_reader_bytes(&reader, key.address, sizeof(key.address));
    if (key.incarnation == 0 || !weft_process_id(process) ||
        memcmp(process, key.process, sizeof(process)) == 0)
        return weftSuccess;
    result = weft_loop_call(comm->loop, &command);
    if (result == weftSuccess)
        return weftSuccess;
    return weft_error(result, "weftCommInitRank: rank %u cannot be reached: %s", number,
                      why[0] == '\0' ? weftGetErrorString(result) : why);
}

weftResult_t weft_comm_meet(struct weft_comm *comm, struct weft_rank *rank,
                            const struct weft_config *settings, weftResult_t made)
{
    uint8_t mine[PLACE_BYTES];
    uint8_t *all = malloc((size_t)rank->count * PLACE_BYTES);
    weftResult_t result = weftSystemError;

    place_write(comm, mine);
    /* The others are told, too. */
    if (all == NULL && made == weftSuccess)
        made = weft_error(weftSystemError, "weftCommInitRank: no memory for %u ranks", rank->count);
    result = weft_rank_begin(rank, settings, made, mine, all, PLACE_BYTES);
    if (result == weftSuccess && settings->boot_connect != 0 && comm->loop->peers != NULL)
        for (uint32_t i = 0; i < rank->count && result == weftSuccess; i++)
            if (i != rank->number)
                result = reach(comm, i, all + (size_t)i * PLACE_BYTES);
    free(all);
    return result;
}
