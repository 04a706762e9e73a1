/* Addresses of NICs and nets; see net_address.h. */
#include "net_address.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

bool weft_net_address_is_any(const struct weft_wire_nic *nic)
{
    return !nic->is_v6 && memcmp(nic->ip, "\0\0\0\0", 4) == 0;
}

void weft_net_address_resolve(struct weft_wire_nic *nic)
{
    static const uint8_t loopback[4] = {127, 0, 0, 1};
    struct ifaddrs *first = NULL;

    memcpy(nic->ip, loopback, sizeof(loopback));
    if (getifaddrs(&first) != 0)
        return;
    for (const struct ifaddrs *found = first; found != NULL; found = found->ifa_next) {
        if (found->ifa_addr == NULL || found->ifa_addr->sa_family != AF_INET ||
            (found->ifa_flags & IFF_UP) == 0 || (found->ifa_flags & IFF_LOOPBACK) != 0)
            continue;
        memcpy(nic->ip, &((struct sockaddr_in *)(void *)found->ifa_addr)->sin_addr, 4);
        break;
    }
    freeifaddrs(first);
}

weftResult_t weft_net_address_parse(const char *name, const struct weft_net_nic *nic,
                                    struct weft_wire_nic *local, char why[256])
{
    char text[sizeof(nic->address)];
    struct in6_addr v6;

    memcpy(text, nic->address, sizeof(text));
    text[sizeof(text) - 1] = '\0';
    *local = (struct weft_wire_nic){0};
    if (inet_pton(AF_INET, text, local->ip) == 1)
        return weftSuccess;
    if (inet_pton(AF_INET6, text, &v6) != 1 || IN6_IS_ADDR_UNSPECIFIED(&v6)) {
        (void)snprintf(why, 256, "%s: '%s' is no IPv4 or IPv6 address, e.g. 192.0.2.1", name, text);
        return weftInvalidArgument;
    }
    local->is_v6 = true;
    memcpy(local->ip, &v6, sizeof(local->ip));
    return weftSuccess;
}

socklen_t weft_net_address_socket(const struct weft_wire_nic *nic, struct sockaddr_storage *address)
{
    memset(address, 0, sizeof(*address));
    if (nic->is_v6) {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)address;

        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(nic->port);
        memcpy(&v6->sin6_addr, nic->ip, 16);
        return sizeof(*v6);
    }
    struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)address;

    v4->sin_family = AF_INET;
    v4->sin_port = htons(nic->port);
    memcpy(&v4->sin_addr, nic->ip, 4);
    return sizeof(*v4);
}

uint16_t weft_net_address_port(const struct sockaddr_storage *address)
{
    struct sockaddr_in v4;

    /* The port lies at the same place in an IPv6 address. */
    memcpy(&v4, address, sizeof(v4));
    return ntohs(v4.sin_port);
}

bool weft_net_address_equal(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
    if (a->ss_family != b->ss_family || weft_net_address_port(a) != weft_net_address_port(b))
        return false;
    if (a->ss_family == AF_INET6)
        return memcmp(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr,
                      &((const struct sockaddr_in6 *)(const void *)b)->sin6_addr, 16) == 0;
    return memcmp(&((const struct sockaddr_in *)(const void *)a)->sin_addr,
                  &((const struct sockaddr_in *)(const void *)b)->sin_addr, 4) == 0;
}

weftResult_t weft_net_address_write(const char *name, const struct weft_net_env *env,
                                    const struct weft_wire_nic *nics, uint32_t nic_count,
                                    uint8_t address[WEFT_NET_ADDRESS_BYTES],
                                    uint8_t told[WEFT_NET_ADDRESS_BYTES], char why[256])
{
    struct weft_wire_address made = {.incarnation = env->incarnation, .nic_count = nic_count};

    memcpy(made.nics, nics, nic_count * sizeof(*nics));
    memcpy(made.secret, env->secret, sizeof(made.secret));
    if (!weft_wire_put_address(address, &made)) {
        (void)snprintf(why, 256, "%s: %u NICs do not fit into an address: 16 of IPv4 or 6 of IPv6",
                       name, nic_count);
        return weftInvalidArgument;
    }
    if (env->crypto != WEFT_NET_CRYPTO_FULL)
        memset(made.secret, 0, sizeof(made.secret));
    (void)weft_wire_put_address(told, &made);
    return weftSuccess;
}
