/* Records of the secure channel; see secure.h. What a mode does with a record is a row of `modes`.
 *
 *     FULL       AES-256-GCM(head as additional data, plain bytes), tag
 *     INTEGRITY  plain bytes, tag: all of it additional data, the head's size (8, little-endian)
 *                before it, so that nobody can move the border between head and bytes
 *     OFF        plain bytes, 16 zeros */
#include <openssl/crypto.h>
#include <string.h>

#include "secure_part.h"

/* The lengths of EVP_CipherUpdate are ints. */
_Static_assert(WEFT_SECURE_RECORD_MAX <= INT32_MAX, "a record is one update");
_Static_assert(2 * WEFT_SECURE_RECORD_MAX + 1024 <= WEFT_SECURE_REKEY_BYTES,
               "a key takes any record");

/* `out` NULL: additional data. Nothing is no update: OpenSSL takes it for the end. */
static bool update(EVP_CIPHER_CTX *context, uint8_t *out, const void *bytes, size_t size)
{
    int done = 0;

    return size == 0 ||
           (EVP_CipherUpdate(context, out, &done, bytes, (int)size) == 1 && done == (int)size);
}

static void copy(const struct weft_secure_record *record, uint8_t *out)
{
    for (uint32_t i = 0; i < record->count; i++) {
        if (record->pieces[i].size > 0)
            memcpy(out, record->pieces[i].bytes, record->pieces[i].size);
        out += record->pieces[i].size;
    }
}

static bool pass_sealed(EVP_CIPHER_CTX *context, const struct weft_secure_record *record,
                        uint8_t *out)
{
    bool good = update(context, NULL, record->head, record->head_size);

    for (uint32_t i = 0; good && i < record->count; i++) {
        good = update(context, out, record->pieces[i].bytes, record->pieces[i].size);
        out += record->pieces[i].size;
    }
    return good;
}

/* The tag is over the copy: a user who writes to the source meanwhile spoils his own bytes, not the
 * channel. */
static bool pass_signed(EVP_CIPHER_CTX *context, const struct weft_secure_record *record,
                        uint8_t *out)
{
    uint8_t border[sizeof(uint64_t)];

    for (uint32_t i = 0; i < sizeof(border); i++)
        border[i] = (uint8_t)((uint64_t)record->head_size >> (8 * i) & 0xff);
    copy(record, out);
    return update(context, NULL, border, sizeof(border)) &&
           update(context, NULL, record->head, record->head_size) &&
           update(context, NULL, out, record->size);
}

static bool pass_plain(EVP_CIPHER_CTX *context, const struct weft_secure_record *record,
                       uint8_t *out)
{
    (void)context;
    copy(record, out);
    return true;
}

static bool write_tag(EVP_CIPHER_CTX *context, uint8_t *tag)
{
    int none = 0;

    return EVP_CipherFinal_ex(context, tag, &none) == 1 && none == 0 &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, WEFT_SECURE_TAG_BYTES, tag) == 1;
}

static bool write_zero(EVP_CIPHER_CTX *context, uint8_t *tag)
{
    (void)context;
    memset(tag, 0, WEFT_SECURE_TAG_BYTES);
    return true;
}

static bool is_tag(EVP_CIPHER_CTX *context, const uint8_t *tag)
{
    uint8_t awaited[WEFT_SECURE_TAG_BYTES];
    int none = 0;

    memcpy(awaited, tag, sizeof(awaited));
    return EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, sizeof(awaited), awaited) == 1 &&
           EVP_CipherFinal_ex(context, awaited, &none) == 1;
}

static bool is_zero(EVP_CIPHER_CTX *context, const uint8_t *tag)
{
    static const uint8_t zero[WEFT_SECURE_TAG_BYTES];

    (void)context;
    return memcmp(tag, zero, sizeof(zero)) == 0;
}

static const struct mode {
    bool has_key;
    bool (*pass)(EVP_CIPHER_CTX *context, const struct weft_secure_record *record, uint8_t *out);
    bool (*write)(EVP_CIPHER_CTX *context, uint8_t *tag);
    bool (*is_right)(EVP_CIPHER_CTX *context, const uint8_t *tag);
} modes[WEFT_SECURE_MODES] = {
    [WEFT_SECURE_FULL] = {true, pass_sealed, write_tag, is_tag},
    [WEFT_SECURE_INTEGRITY] = {true, pass_signed, write_tag, is_tag},
    [WEFT_SECURE_OFF] = {false, pass_plain, write_zero, is_zero},
};

/* ---- with a context that has its key and nonce ---- */

bool weft_secure_record_write(enum weft_secure_mode mode, EVP_CIPHER_CTX *context,
                              const struct weft_secure_record *record, uint8_t *sealed)
{
    return modes[mode].pass(context, record, sealed) &&
           modes[mode].write(context, sealed + record->size);
}

weftResult_t weft_secure_record_read(enum weft_secure_mode mode, EVP_CIPHER_CTX *context,
                                     const struct weft_secure_record *record, uint8_t *plain)
{
    if (!modes[mode].pass(context, record, plain))
        return weftSystemError;
    if (modes[mode].is_right(context, (const uint8_t *)record->pieces->bytes + record->size))
        return weftSuccess;
    OPENSSL_cleanse(plain, record->size);
    return weftInvalidArgument;
}

bool weft_secure_record_has_key(enum weft_secure_mode mode)
{
    return modes[mode].has_key;
}

static bool begin(enum weft_secure_mode mode, struct weft_secure_direction *direction,
                  const struct weft_secure_record *record)
{
    return !modes[mode].has_key ||
           weft_secure_direction_next(direction, record->head_size + record->size);
}

/* ---- of a channel ---- */

size_t weft_secure_record_size(const struct weft_secure_piece *pieces, uint32_t count)
{
    size_t size = 0;

    for (uint32_t i = 0; i < count; i++) {
        weft_assert(pieces[i].size <= WEFT_SECURE_RECORD_MAX - size);
        size += pieces[i].size;
    }
    return size;
}

weftResult_t weft_secure_seal(struct weft_secure *secure, const void *head, size_t head_size,
                              const struct weft_secure_piece *pieces, uint32_t count,
                              uint8_t *sealed)
{
    struct weft_secure_direction *direction = &secure->sealing;
    struct weft_secure_record record = {head, head_size, pieces, count, 0};

    if (secure->state != WEFT_SECURE_OPEN)
        return weftInvalidUsage;
    weft_assert(head_size <= WEFT_SECURE_RECORD_MAX);
    record.size = weft_secure_record_size(pieces, count);
    if (!begin(secure->mode, direction, &record) ||
        !weft_secure_record_write(secure->mode, direction->context, &record, sealed))
        return weft_secure_break(secure, weftSystemError);
    weft_secure_check(secure);
    return weftSuccess;
}

weftResult_t weft_secure_open(struct weft_secure *secure, const void *head, size_t head_size,
                              const uint8_t *sealed, size_t size, uint8_t *plain)
{
    struct weft_secure_direction *direction = &secure->opening;
    size_t plain_size = weft_sub_sat(size, WEFT_SECURE_TAG_BYTES);
    const struct weft_secure_piece piece = {sealed, plain_size};
    const struct weft_secure_record record = {head, head_size, &piece, 1, plain_size};
    weftResult_t result;

    if (secure->state != WEFT_SECURE_OPEN)
        return weftInvalidUsage;
    weft_assert(head_size <= WEFT_SECURE_RECORD_MAX);
    if (size < WEFT_SECURE_TAG_BYTES || plain_size > WEFT_SECURE_RECORD_MAX)
        return weft_secure_break(secure, weftInvalidArgument);
    if (!begin(secure->mode, direction, &record))
        return weft_secure_break(secure, weftSystemError);
    result = weft_secure_record_read(secure->mode, direction->context, &record, plain);
    if (result != weftSuccess)
        return weft_secure_break(secure, result);
    weft_secure_check(secure);
    return weftSuccess;
}
