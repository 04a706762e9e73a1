/* Messages of meetings: any bytes give a message whose every number is in its bounds, or none, and
 * what was read, written again, is the same bytes. */
#include <string.h>

#include "fuzz.h"
#include "host/boot_message.h"

static uint8_t again[WEFT_NET_HELLO_BYTES];

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct weft_boot_message message;
    struct weft_writer writer;

    if (size > sizeof(again) || !weft_boot_message_read(&message, bytes, size))
        return 0;
    if (message.kind == WEFT_BOOT_COME)
        weft_assert(message.coming.rank < message.coming.rank_count);
    if (message.kind == WEFT_BOOT_TOLD)
        weft_assert(weft_range_inside(message.offset, message.size_bytes, message.total_bytes));
    writer = weft_writer_of(again, sizeof(again));
    weft_boot_message_write(&message, &writer);
    weft_assert(!writer.failed);
    weft_assert(writer.used == size);
    weft_assert(memcmp(again, bytes, size) == 0);
    return 0;
}
