/* Addresses: of NICs as users write them and as sockets take them, and of a net for its peers. */
#ifndef WEFT_NET_ADDRESS_H
#define WEFT_NET_ADDRESS_H

#include <netinet/in.h>

#include "core/wire.h"
#include "weft_net.h"

/* Reads an IPv4 or IPv6 address. weftInvalidArgument: it is none; `why` names it. */
weftResult_t weft_net_address_parse(const char *name, const struct weft_net_nic *nic,
                                    struct weft_wire_nic *local, char why[256]);
/* "0.0.0.0". */
bool weft_net_address_is_any(const struct weft_wire_nic *nic);
/* An address by which others reach a net that listens on any: of the first interface that is up and
 * no loopback, else 127.0.0.1. The port stays. */
void weft_net_address_resolve(struct weft_wire_nic *nic);

socklen_t weft_net_address_socket(const struct weft_wire_nic *nic,
                                  struct sockaddr_storage *address);
uint16_t weft_net_address_port(const struct sockaddr_storage *address);
bool weft_net_address_equal(const struct sockaddr_storage *a, const struct sockaddr_storage *b);

/* The net's address, and the one that is told to peers: without the secret where others could read
 * it. weftInvalidArgument: so many NICs do not fit. */
weftResult_t weft_net_address_write(const char *name, const struct weft_net_env *env,
                                    const struct weft_wire_nic *nics, uint32_t nic_count,
                                    uint8_t address[WEFT_NET_ADDRESS_BYTES],
                                    uint8_t told[WEFT_NET_ADDRESS_BYTES], char why[256]);

#endif
