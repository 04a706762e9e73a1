/* Which addresses a net listens on: those of the setting `net_address`, or those that the machine's
 * kind implies. Emulated servers and their NICs are loopback addresses; a real one has those of its
 * interfaces in use, and the loopback where there is none. */
#ifndef WEFT_LISTEN_H
#define WEFT_LISTEN_H

#include "../core/config.h"
#include "interface.h"
#include "weft_net.h"

/* Fills at most `max` of `nics`; `nic_count` is how many NICs an emulated machine has. Returns how
 * many, at least one. */
uint32_t weft_listen_addresses(const struct weft_config *config,
                               const struct weft_interfaces *interfaces, uint32_t server,
                               uint32_t nic_count, struct weft_net_nic *nics, uint32_t max);

#endif
