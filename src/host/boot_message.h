/* What a rank and the root of its id tell each other, as messages of a net.
 *
 *     COME     kind, made, rank, count, member, time to wait, size; the bytes that the rank brings
 *     LEAVE    rank, member
 *     TOLD     total, offset; the bytes of all ranks from there on: as many messages as it takes
 *     REFUSED  result, the length of a sentence; the sentence
 *     LEFT
 *
 * Who sends them has the id; every number is checked nevertheless. */
#ifndef WEFT_BOOT_MESSAGE_H
#define WEFT_BOOT_MESSAGE_H

#include "../base/buf.h"
#include "boot_meeting.h"
#include "weft_net.h"

#define WEFT_BOOT_COME_BYTES_MAX (64 + WEFT_BOOT_BYTES_MAX)
#define WEFT_BOOT_TOLD_BYTES     32768 /* of one message */
#define WEFT_BOOT_TOLD_BYTES_MAX (16 + WEFT_BOOT_TOLD_BYTES)
#define WEFT_BOOT_WAIT_MS_MAX    86400000u

enum weft_boot_message_kind {
    WEFT_BOOT_COME = 1,
    WEFT_BOOT_LEAVE,
    WEFT_BOOT_TOLD,
    WEFT_BOOT_REFUSED,
    WEFT_BOOT_LEFT,
};

struct weft_boot_message {
    enum weft_boot_message_kind kind;
    struct weft_boot_coming coming; /* COME; LEAVE: rank and member; its bytes are the message's */
    uint64_t wait_ms;               /* COME */
    uint32_t total_bytes;           /* TOLD */
    uint32_t offset;                /* TOLD */
    weftResult_t result;            /* REFUSED */
    const uint8_t *bytes;           /* TOLD, REFUSED: the message's */
    uint32_t size_bytes;
};

/* What does not fit fails the writer. */
void weft_boot_message_write(const struct weft_boot_message *message, struct weft_writer *writer);

/* False: the bytes are none of these messages, or one says what can never be right. */
bool weft_boot_message_read(struct weft_boot_message *message, const void *bytes, size_t size);

#endif
