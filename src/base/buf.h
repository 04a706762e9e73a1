/* Numbers and bytes in messages: little-endian, bounded, with an error that sticks.
 *
 * A reader past its end gives zeros, and a writer past its end writes nothing: whoever is done
 * looks at `failed` once. Nothing is read or written outside of the memory given. */
#ifndef WEFT_BUF_H
#define WEFT_BUF_H

#include <string.h>

#include "base.h"

struct weft_reader {
    const uint8_t *bytes;
    size_t size;
    size_t used;
    bool failed; /* for good */
};

struct weft_writer {
    uint8_t *bytes;
    size_t size;
    size_t used;
    bool failed; /* for good */
};

static inline struct weft_reader weft_reader_of(const void *bytes, size_t size)
{
    return (struct weft_reader){bytes, size, 0, false};
}

static inline struct weft_writer weft_writer_of(void *bytes, size_t size)
{
    return (struct weft_writer){bytes, size, 0, false};
}

/* The next `size` bytes, or NULL; they stay the message's. */
static inline const uint8_t *weft_reader_take(struct weft_reader *reader, size_t size)
{
    const uint8_t *bytes = reader->bytes + reader->used;

    reader->failed = reader->failed || size > reader->size - reader->used;
    if (reader->failed)
        return NULL;
    reader->used += size;
    return bytes;
}

static inline uint64_t weft_reader_number(struct weft_reader *reader, size_t size)
{
    const uint8_t *bytes = weft_reader_take(reader, size);
    uint64_t value = 0;

    for (size_t i = 0; bytes != NULL && i < size; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

/* Copies `size` bytes, or zeros. */
static inline void weft_reader_bytes(struct weft_reader *reader, void *out, size_t size)
{
    const uint8_t *bytes = weft_reader_take(reader, size);

    if (bytes == NULL)
        memset(out, 0, size);
    else
        memcpy(out, bytes, size);
}

static inline void weft_writer_bytes(struct weft_writer *writer, const void *bytes, size_t size)
{
    writer->failed = writer->failed || size > writer->size - writer->used;
    if (writer->failed)
        return;
    if (size > 0)
        memcpy(writer->bytes + writer->used, bytes, size);
    writer->used += size;
}

static inline void weft_writer_number(struct weft_writer *writer, uint64_t value, size_t size)
{
    uint8_t bytes[sizeof(value)];

    weft_assert(size <= sizeof(value));
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    weft_writer_bytes(writer, bytes, size);
}

#endif
