/* transports/secure: the bytes on the wire and the keys behind them, which another implementation
 * would have to make, too. A change of any of these numbers is another version of the protocol. */
#include <criterion/criterion.h>

#include <openssl/evp.h>
#include <string.h>

#include "secure_pair.h"

#define TAG WEFT_SECURE_TAG_BYTES

static void expect_hex(const uint8_t *bytes, size_t size, const char *hex, const char *what)
{
    static const char digits[] = "0123456789abcdef";
    char text[256] = "";

    cr_assert_lt(2 * size, sizeof(text));
    for (size_t i = 0; i < size; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    cr_expect_str_eq(text, hex, "%s is %s", what, text);
}

/* Gives an end a known ephemeral (private bytes from, from + 1, ...) and nonce. */
static void fix_hello(struct weft_secure *end, uint8_t from, uint8_t nonce)
{
    uint8_t bytes[WEFT_SECURE_KEY_BYTES];
    size_t size = WEFT_SECURE_KEY_BYTES;

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(from + i);
    EVP_PKEY_free(end->ephemeral);
    end->ephemeral = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, bytes, sizeof(bytes));
    cr_assert_not_null(end->ephemeral);
    cr_assert_eq(EVP_PKEY_get_raw_public_key(end->ephemeral, end->hello, &size), 1);
    memset(end->hello + WEFT_SECURE_KEY_BYTES, nonce, WEFT_SECURE_KEY_BYTES);
}

/* Computed by a program of another language (Python: hmac, hashlib, cryptography) from the formulas
 * in secure_handshake.c, secure_direction.h and secure_record.c. The third record has a new key. */
struct known {
    enum weft_secure_mode mode;
    const char *head_and_ephemeral;
    const char *responder_ephemeral;
    const char *responder_proof;
    const char *initiator_proof;
    const char *records[3]; /* of "head" and "plain bytes" */
    const char *answer;     /* of "" and "answer" */
};

static const struct known known[] = {
    {
        WEFT_SECURE_FULL,
        "776566740100000079a631eede1bf9c98f12032cdeadd0e7a079398fc786b88cc846ec89af85a51a",
        "493e82fc74464a59268817623d2053c5eb8e2cc4a988b4fee179ec6b010d531d",
        "5a916a44d615a486984a1752d398d74bd0bfd6e4070e25363e72f485623a165c",
        "5294b8fd1fa9d4dc6d4fc8f48b53a34f7d429d1ca798d966d85c8b19ded6ade8",
        {
            "63ba2454459f6a3863caaf227796f64802cc1a46d1c7d0d9a1d77d",
            "c5aaa756d009b9592f6b7b45b5f3ed35f857045dcea19a647f6065",
            "1c4d942519f146f4e2ca715c4d9c50f25a9b90ed40458f8350d7b8",
        },
        "deb96d0e1b822df4b2e4200a11e90dbf47ffcb753908",
    },
    {
        WEFT_SECURE_INTEGRITY,
        "776566740101000079a631eede1bf9c98f12032cdeadd0e7a079398fc786b88cc846ec89af85a51a",
        "493e82fc74464a59268817623d2053c5eb8e2cc4a988b4fee179ec6b010d531d",
        "858fd270bea8894621adcd35c43f034acd10f0fa9e9439ed5371d4396e267da0",
        "95d78a37f2d533c6615fb5f5ca610836e00433779255a8dfb1bf76c35584a46b",
        {
            "706c61696e206279746573e3282f0da9b7cbe860376bc9785f8f3e",
            "706c61696e206279746573b1bf22ee9dc50f6c1c32e31df7aef830",
            "706c61696e2062797465731e2fa65b1050b6d3dcd08a7f649a07cc",
        },
        "616e737765727692a2c4fa17bd05e6fac8d7d066e1a5",
    },
};

Test(secure_format, handshake__known_bytes)
{
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(known); i++) {
        struct secure_pair pair = secure_pair_make(known[i].mode);
        uint8_t sealed[64];
        struct secure_words words;

        fix_hello(pair.initiator, 64, 0xaa);
        fix_hello(pair.responder, 128, 0xbb);
        cr_assert_eq(weft_secure_first(pair.initiator, words.first), weftSuccess);
        cr_assert_eq(weft_secure_second(pair.responder, words.first, words.second), weftSuccess);
        cr_assert_eq(weft_secure_third(pair.initiator, words.second, words.third), weftSuccess);
        cr_assert_eq(weft_secure_accept(pair.responder, words.third), weftSuccess);
        expect_hex(words.first, 40, known[i].head_and_ephemeral, "head and ephemeral");
        expect_hex(words.second, 32, known[i].responder_ephemeral, "ephemeral");
        expect_hex(words.second + 64, 32, known[i].responder_proof, "responder's proof");
        expect_hex(words.third, 32, known[i].initiator_proof, "initiator's proof");
        /* Each record costs a key 79 bytes. */
        pair.initiator->sealing.key_bytes_max = 200;
        for (size_t j = 0; j < WEFT_ARRAY_COUNT(known[i].records); j++) {
            cr_assert_eq(secure_pair_seal(pair.initiator, "head", "plain bytes", 11, sealed),
                         weftSuccess);
            expect_hex(sealed, 11 + TAG, known[i].records[j], "a record");
        }
        cr_assert_eq(secure_pair_seal(pair.responder, "", "answer", 6, sealed), weftSuccess);
        expect_hex(sealed, 6 + TAG, known[i].answer, "the answer");
        secure_pair_free(&pair);
    }
}

/* ---- a responder that was written from the formulas alone ---- */

/* HKDF is made of HMAC here, and the transcript of pieces, so that nothing of the library is used.
 */
static void hmac(const uint8_t *key, size_t key_size, const void *text, size_t size, uint8_t *out)
{
    cr_assert_not_null(
        EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key, key_size, text, size, out, 32, NULL));
}

static void expand(const uint8_t key[32], const char *purpose, const uint8_t *hash, uint8_t out[64])
{
    size_t purpose_size = strlen(purpose);
    size_t hash_size = hash == NULL ? 0 : 32;
    uint8_t text[32 + 64 + 1];

    memcpy(text + 32, purpose, purpose_size);
    if (hash != NULL)
        memcpy(text + 32 + purpose_size, hash, hash_size);
    text[32 + purpose_size + hash_size] = 1;
    hmac(key, 32, text + 32, purpose_size + hash_size + 1, out);
    memcpy(text, out, 32);
    text[32 + purpose_size + hash_size] = 2;
    hmac(key, 32, text, 32 + purpose_size + hash_size + 1, out + 32);
}

struct stranger {
    uint8_t root[32];
    uint8_t hash[32];
};

static void stranger_agree(struct stranger *stranger, EVP_PKEY *own,
                           const uint8_t first[WEFT_SECURE_FIRST_BYTES], const uint8_t second[64])
{
    EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, first + 8, 32);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(own, NULL);
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    const uint8_t mode = 0;
    uint8_t agreed[32];
    size_t size = sizeof(agreed);

    cr_assert_eq(EVP_PKEY_derive_init(context), 1);
    cr_assert_eq(EVP_PKEY_derive_set_peer(context, peer), 1);
    cr_assert_eq(EVP_PKEY_derive(context, agreed, &size), 1);
    hmac(secure_pair_secret, 32, agreed, 32, stranger->root);
    cr_assert_eq(EVP_DigestInit_ex2(digest, EVP_sha256(), NULL), 1);
    cr_assert_eq(EVP_DigestUpdate(digest, "weft secure 0001", 16), 1);
    cr_assert_eq(EVP_DigestUpdate(digest, &mode, 1), 1);
    cr_assert_eq(EVP_DigestUpdate(digest, first, WEFT_SECURE_FIRST_BYTES), 1);
    cr_assert_eq(EVP_DigestUpdate(digest, second, 64), 1);
    cr_assert_eq(EVP_DigestFinal_ex(digest, stranger->hash, NULL), 1);
    EVP_MD_CTX_free(digest);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(peer);
}

static void stranger_prove(const struct stranger *stranger, const char *purpose, uint8_t proof[32])
{
    uint8_t key[64];

    expand(stranger->root, purpose, stranger->hash, key);
    hmac(key, 32, stranger->hash, 32, proof);
}

/* Opens the first record of the initiator, which has no head. */
static void stranger_open(const struct stranger *stranger, const uint8_t *sealed, size_t size,
                          uint8_t *plain)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    uint8_t secret[64];
    uint8_t key[64];
    int done = 0;

    expand(stranger->root, "initiator record", stranger->hash, secret);
    expand(secret, "weft secure record key", NULL, key);
    cr_assert_eq(EVP_DecryptInit_ex2(context, EVP_aes_256_gcm(), key, key + 32, NULL), 1);
    cr_assert_eq(EVP_DecryptUpdate(context, plain, &done, sealed, (int)size), 1);
    cr_assert_eq(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG, (void *)(sealed + size)),
                 1);
    cr_expect_eq(EVP_DecryptFinal_ex(context, plain, &done), 1);
    EVP_CIPHER_CTX_free(context);
}

Test(secure_format, handshake__with_another_implementation)
{
    struct weft_secure *initiator = weft_secure_new(true, WEFT_SECURE_FULL, secure_pair_secret);
    EVP_PKEY *own = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    struct secure_words words = {0};
    struct stranger stranger;
    uint8_t awaited[32];
    uint8_t sealed[11 + TAG];
    uint8_t plain[11];
    size_t size = 32;

    cr_assert_eq(weft_secure_first(initiator, words.first), weftSuccess);
    cr_assert_eq(EVP_PKEY_get_raw_public_key(own, words.second, &size), 1);
    memset(words.second + 32, 0x77, 32);
    stranger_agree(&stranger, own, words.first, words.second);
    stranger_prove(&stranger, "responder proof ", words.second + 64);
    cr_assert_eq(weft_secure_third(initiator, words.second, words.third), weftSuccess);
    stranger_prove(&stranger, "initiator proof ", awaited);
    cr_expect_eq(memcmp(words.third, awaited, sizeof(awaited)), 0);
    cr_assert_eq(secure_pair_seal(initiator, "", "plain bytes", 11, sealed), weftSuccess);
    stranger_open(&stranger, sealed, 11, plain);
    cr_expect_eq(memcmp(plain, "plain bytes", 11), 0);
    EVP_PKEY_free(own);
    weft_secure_free(initiator);
}
