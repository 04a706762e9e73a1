/* The 128 bytes of a unique id, and where they are read and written.
 *
 *     0 magic 4 | 4 version 2 | 6 does it have an address 2 | 8 process 16 | 24 address 96
 *     120 checksum 8
 *
 * The address is that of the root, the net that the ranks meet at: who has the id has the root's
 * secret, and with it the right to meet. In its place an id without an address has random bytes,
 * and is good inside the process that made it. The checksum finds damage. */
#ifndef WEFT_BOOT_ID_H
#define WEFT_BOOT_ID_H

#include "../base/base.h"
#include "weft_net.h"

#define WEFT_BOOT_ID_VERSION    2
#define WEFT_BOOT_PROCESS_BYTES 16
#define WEFT_BOOT_ADDRESS_BYTES 96 /* what the address of a net with two NICs needs, of any kind */

struct weft_boot_id {
    uint8_t process[WEFT_BOOT_PROCESS_BYTES]; /* which process made it */
    bool has_address;
    uint8_t address[WEFT_NET_ADDRESS_BYTES]; /* or what tells this id from others */
};

/* False: the address is too long for an id. */
bool weft_boot_id_write(const struct weft_boot_id *id, weftUniqueId *bytes);

/* NULL, or why the bytes are no id. */
const char *weft_boot_id_read(const weftUniqueId *bytes, struct weft_boot_id *id);

#endif
