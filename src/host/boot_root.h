/* The root of a unique id: where its ranks, of any process, meet.
 *
 * A thread of the process that made the id, on a net of its own: it sleeps until a rank calls. It
 * lives until all ranks have met and left, else as long as its process. Strangers, slow callers and
 * wrong words cost a rank nothing: they are dropped and counted. */
#ifndef WEFT_BOOT_ROOT_H
#define WEFT_BOOT_ROOT_H

#include "../core/config.h"
#include "weft_net.h"

#define WEFT_BOOT_ROOTS_MAX 64 /* of one process */

/* Starts a root; `address` is what its id has to say.
 * weftNoResource: too many; weftSystemError, weftInvalidArgument: it cannot listen. `why` is a
 * sentence. */
weftResult_t weft_boot_root_start(const struct weft_config *settings,
                                  uint8_t address[WEFT_NET_ADDRESS_BYTES], char why[256]);

#endif
