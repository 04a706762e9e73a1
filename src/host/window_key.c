/* Window keys as bytes; see window_key.h. */
#include "window_key.h"

#include <string.h>

#include "../base/hash.h"

#define KEY_MAGIC          0x4b545557u /* "WUTK" */
#define OFFSET_PROCESS     8
#define OFFSET_ID          24
#define OFFSET_SIZE        32
#define OFFSET_EPOCH       40
#define OFFSET_RIGHTS      44
#define OFFSET_SERVER      48
#define OFFSET_DEVICE      52
#define OFFSET_TOKEN       56
#define OFFSET_INCARNATION 72
#define OFFSET_NUMBER      80
#define OFFSET_ADDRESS     84
#define OFFSET_SEALED      244
#define OFFSET_NONCE       248
#define OFFSET_TAG         260
#define OFFSET_CHECKSUM    504

_Static_assert(sizeof(weftWindowKey_t) == OFFSET_CHECKSUM + 8, "the checksum ends the key");

static void put(weftWindowKey_t *bytes, size_t offset, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes->internal[offset + i] = (char)(value >> (8 * i) & 0xff);
}

static uint64_t get(const weftWindowKey_t *bytes, size_t offset, size_t size)
{
    uint64_t value = 0;

    for (size_t i = 0; i < size; i++)
        value |= (uint64_t)(unsigned char)bytes->internal[offset + i] << (8 * i);
    return value;
}

static uint64_t checksum(const weftWindowKey_t *bytes)
{
    return weft_hash_bytes(WEFT_HASH_SEED, bytes->internal, OFFSET_CHECKSUM);
}

void weft_window_key_write(const struct weft_window_key *key, weftWindowKey_t *bytes)
{
    memset(bytes, 0, sizeof(*bytes));
    put(bytes, 0, KEY_MAGIC, 4);
    put(bytes, 4, WEFT_KEY_VERSION, 2);
    put(bytes, 6, sizeof(*bytes), 2);
    memcpy(&bytes->internal[OFFSET_PROCESS], key->process, sizeof(key->process));
    put(bytes, OFFSET_ID, key->id, 8);
    put(bytes, OFFSET_SIZE, key->size_bytes, 8);
    put(bytes, OFFSET_EPOCH, key->epoch, 4);
    put(bytes, OFFSET_RIGHTS, key->rights, 4);
    put(bytes, OFFSET_SERVER, key->server, 4);
    put(bytes, OFFSET_DEVICE, key->device, 4);
    memcpy(&bytes->internal[OFFSET_TOKEN], key->token, sizeof(key->token));
    put(bytes, OFFSET_INCARNATION, key->incarnation, 8);
    put(bytes, OFFSET_NUMBER, key->number, 4);
    memcpy(&bytes->internal[OFFSET_ADDRESS], key->address, sizeof(key->address));
    put(bytes, OFFSET_SEALED, key->is_sealed, 4);
    memcpy(&bytes->internal[OFFSET_NONCE], key->nonce, sizeof(key->nonce));
    memcpy(&bytes->internal[OFFSET_TAG], key->tag, sizeof(key->tag));
    put(bytes, OFFSET_CHECKSUM, checksum(bytes), 8);
}

const char *weft_window_key_read(const weftWindowKey_t *bytes, struct weft_window_key *key)
{
    if (get(bytes, 0, 4) != KEY_MAGIC || get(bytes, 6, 2) != sizeof(*bytes))
        return "the bytes are no window key; use what weftWindowGetKey wrote";
    if (get(bytes, 4, 2) != WEFT_KEY_VERSION)
        return "the key is of another version of Weft; both sides need the same one";
    if (get(bytes, OFFSET_CHECKSUM, 8) != checksum(bytes))
        return "the key was damaged on its way; send all 512 bytes unchanged";
    memcpy(key->process, &bytes->internal[OFFSET_PROCESS], sizeof(key->process));
    memcpy(key->token, &bytes->internal[OFFSET_TOKEN], sizeof(key->token));
    key->id = get(bytes, OFFSET_ID, 8);
    key->size_bytes = get(bytes, OFFSET_SIZE, 8);
    key->epoch = (uint32_t)get(bytes, OFFSET_EPOCH, 4);
    key->rights = (uint32_t)get(bytes, OFFSET_RIGHTS, 4);
    key->server = (uint32_t)get(bytes, OFFSET_SERVER, 4);
    key->device = (uint32_t)get(bytes, OFFSET_DEVICE, 4);
    key->incarnation = get(bytes, OFFSET_INCARNATION, 8);
    key->number = (uint32_t)get(bytes, OFFSET_NUMBER, 4);
    memcpy(key->address, &bytes->internal[OFFSET_ADDRESS], sizeof(key->address));
    key->is_sealed = get(bytes, OFFSET_SEALED, 4) != 0;
    memcpy(key->nonce, &bytes->internal[OFFSET_NONCE], sizeof(key->nonce));
    memcpy(key->tag, &bytes->internal[OFFSET_TAG], sizeof(key->tag));
    return NULL;
}
