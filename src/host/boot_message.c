/* Messages of meetings; see boot_message.h. */
#include "boot_message.h"

static void write_come(const struct weft_boot_message *message, struct weft_writer *writer)
{
    const struct weft_boot_coming *coming = &message->coming;

    weft_writer_number(writer, coming->kind, 1);
    weft_writer_number(writer, (uint64_t)coming->made, 1);
    weft_writer_number(writer, coming->rank, 4);
    weft_writer_number(writer, coming->rank_count, 4);
    weft_writer_number(writer, coming->member, 8);
    weft_writer_number(writer, message->wait_ms, 8);
    weft_writer_number(writer, coming->size_bytes, 4);
    weft_writer_bytes(writer, coming->bytes, coming->size_bytes);
}

void weft_boot_message_write(const struct weft_boot_message *message, struct weft_writer *writer)
{
    weft_writer_number(writer, message->kind, 1);
    switch (message->kind) {
    case WEFT_BOOT_COME:
        write_come(message, writer);
        break;
    case WEFT_BOOT_LEAVE:
        weft_writer_number(writer, message->coming.rank, 4);
        weft_writer_number(writer, message->coming.member, 8);
        break;
    case WEFT_BOOT_TOLD:
        weft_writer_number(writer, message->total_bytes, 4);
        weft_writer_number(writer, message->offset, 4);
        weft_writer_number(writer, message->size_bytes, 4);
        weft_writer_bytes(writer, message->bytes, message->size_bytes);
        break;
    case WEFT_BOOT_REFUSED:
        weft_writer_number(writer, (uint64_t)message->result, 1);
        weft_writer_number(writer, message->size_bytes, 4);
        weft_writer_bytes(writer, message->bytes, message->size_bytes);
        break;
    default:
        weft_assert(message->kind == WEFT_BOOT_LEFT);
    }
}

static bool read_come(struct weft_boot_message *message, struct weft_reader *reader)
{
    struct weft_boot_coming *coming = &message->coming;
    uint64_t kind = weft_reader_number(reader, 1);
    uint64_t made = weft_reader_number(reader, 1);

    coming->rank = (uint32_t)weft_reader_number(reader, 4);
    coming->rank_count = (uint32_t)weft_reader_number(reader, 4);
    coming->member = weft_reader_number(reader, 8);
    message->wait_ms = weft_reader_number(reader, 8);
    coming->size_bytes = (uint32_t)weft_reader_number(reader, 4);
    if (reader->failed || kind >= WEFT_BOOT_KINDS || made >= weftNumResults ||
        made == weftInProgress || coming->rank >= coming->rank_count ||
        coming->rank_count > WEFT_BOOT_RANKS_MAX || coming->member == 0 ||
        message->wait_ms > WEFT_BOOT_WAIT_MS_MAX || coming->size_bytes > WEFT_BOOT_BYTES_MAX)
        return false;
    coming->kind = (enum weft_boot_kind)kind;
    coming->made = (weftResult_t)made;
    coming->bytes = weft_reader_take(reader, coming->size_bytes);
    return !reader->failed;
}

static bool read_told(struct weft_boot_message *message, struct weft_reader *reader)
{
    message->total_bytes = (uint32_t)weft_reader_number(reader, 4);
    message->offset = (uint32_t)weft_reader_number(reader, 4);
    message->size_bytes = (uint32_t)weft_reader_number(reader, 4);
    message->bytes = weft_reader_take(reader, message->size_bytes);
    return !reader->failed && message->total_bytes <= WEFT_BOOT_RANKS_MAX * WEFT_BOOT_BYTES_MAX &&
           weft_range_inside(message->offset, message->size_bytes, message->total_bytes);
}

static bool read_refused(struct weft_boot_message *message, struct weft_reader *reader)
{
    uint64_t result = weft_reader_number(reader, 1);

    message->size_bytes = (uint32_t)weft_reader_number(reader, 4);
    message->bytes = weft_reader_take(reader, message->size_bytes);
    message->result = (weftResult_t)result;
    return !reader->failed && result != weftSuccess && result != weftInProgress &&
           result < weftNumResults && message->size_bytes < WEFT_BOOT_WHY_BYTES;
}

bool weft_boot_message_read(struct weft_boot_message *message, const void *bytes, size_t size)
{
    struct weft_reader reader = weft_reader_of(bytes, size);
    bool is_good;

    memset(message, 0, sizeof(*message));
    message->kind = (enum weft_boot_message_kind)weft_reader_number(&reader, 1);
    switch (message->kind) {
    case WEFT_BOOT_COME:
        is_good = read_come(message, &reader);
        break;
    case WEFT_BOOT_LEAVE:
        message->coming.rank = (uint32_t)weft_reader_number(&reader, 4);
        message->coming.member = weft_reader_number(&reader, 8);
        is_good = message->coming.rank < WEFT_BOOT_RANKS_MAX;
        break;
    case WEFT_BOOT_TOLD:
        is_good = read_told(message, &reader);
        break;
    case WEFT_BOOT_REFUSED:
        is_good = read_refused(message, &reader);
        break;
    default:
        is_good = message->kind == WEFT_BOOT_LEFT;
    }
    return is_good && !reader.failed && reader.used == reader.size;
}
