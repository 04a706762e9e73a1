/* The 512 bytes of a window's key, and where they are read and written.
 *
 *     0 magic 4 | 4 version 2 | 6 length 2 | 8 process 16 | 24 window id 8 | 32 size 8 | 40 epoch 4
 *     44 rights 4 | 48 server 4 | 52 device 4 | 56 token 16 | 72 incarnation 8 | 80 window number 4
 *     84 address 160 | 244 is it sealed 4 | 248 nonce 12 | 260 tag 16 | 276 zero 228
 *     504 checksum 8
 *
 * The incarnation, the number and the address are for other processes; an incarnation of 0 says
 * that its comm cannot be reached.
 * Numbers are little-endian. The checksum finds damage; the token, random per window and set of
 * rights, is what nobody can guess. It leaves to tenant.h what a sealed key says, and to share.c
 * whether a key opens anything. */
#ifndef WEFT_WINDOW_KEY_H
#define WEFT_WINDOW_KEY_H

#include "../base/base.h"
#include "weft_net.h"

#define WEFT_KEY_VERSION     3
#define WEFT_KEY_TOKEN_BYTES 16
#define WEFT_KEY_NONCE_BYTES 12
#define WEFT_KEY_TAG_BYTES   16

struct weft_window_key {
    uint8_t process[WEFT_KEY_TOKEN_BYTES]; /* which process has the window */
    uint64_t id;                           /* of the window in that process, never used again */
    uint64_t size_bytes;
    uint32_t epoch;
    uint32_t rights;
    uint32_t server;
    uint32_t device;
    uint8_t token[WEFT_KEY_TOKEN_BYTES];
    uint64_t incarnation; /* of the owner's comm; 0: only its own process can use the key */
    uint32_t number;      /* of the window in that comm */
    uint8_t address[WEFT_NET_ADDRESS_BYTES];
    uint32_t is_sealed; /* 1: token and address are, by a tenant, with these: */
    uint8_t nonce[WEFT_KEY_NONCE_BYTES];
    uint8_t tag[WEFT_KEY_TAG_BYTES];
};

void weft_window_key_write(const struct weft_window_key *key, weftWindowKey_t *bytes);

/* NULL, or why the bytes are no key. */
const char *weft_window_key_read(const weftWindowKey_t *bytes, struct weft_window_key *key);

#endif
