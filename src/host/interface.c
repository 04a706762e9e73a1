/* Finding the network interfaces; see interface.h. */
#include "interface.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

/* Behind net/if.h, which does not have the newer flags. */
#include <linux/if.h>

#include "log.h"

#define SYSFS "/sys"

uint32_t weft_interfaces_named(const struct weft_interfaces *interfaces, const char *name)
{
    for (uint32_t i = 0; i < interfaces->count; i++)
        if (weft_text_equal(interfaces->rows[i].name, name))
            return i;
    return WEFT_NONE;
}

bool weft_interface_has(const struct weft_interface *row, const char *address)
{
    for (uint32_t i = 0; i < row->address_count; i++)
        if (weft_text_equal(row->addresses[i], address))
            return true;
    return false;
}

const char *weft_interface_state(const struct weft_interface *row)
{
    if (!row->is_up)
        return "down";
    return row->is_running ? "up" : "no carrier";
}

/* ---- reading ---- */

/* The row of an entry, made when it is the first of its interface; NULL: there are too many. */
static struct weft_interface *row_of(struct weft_interfaces *interfaces,
                                     const struct ifaddrs *entry)
{
    uint32_t index = weft_interfaces_named(interfaces, entry->ifa_name);
    struct weft_interface *row = &interfaces->rows[interfaces->count];

    if (index != WEFT_NONE)
        return &interfaces->rows[index];
    if (interfaces->count == WEFT_INTERFACES_MAX || strlen(entry->ifa_name) >= sizeof(row->name))
        return NULL;
    memset(row, 0, sizeof(*row));
    weft_text_copy(row->name, sizeof(row->name), entry->ifa_name);
    row->number = if_nametoindex(entry->ifa_name);
    row->is_up = (entry->ifa_flags & IFF_UP) != 0;
    /* A carrier that is gone shows at once in the one, and up to a second later in the other; one
     * that has come the other way round, and until then the kernel drops what is sent. */
    row->is_running = row->is_up && (entry->ifa_flags & IFF_LOWER_UP) != 0 &&
                      (entry->ifa_flags & IFF_RUNNING) != 0;
    row->is_loopback = (entry->ifa_flags & IFF_LOOPBACK) != 0;
    row->is_tunnel = (entry->ifa_flags & IFF_POINTOPOINT) != 0;
    row->device = WEFT_NONE;
    interfaces->count++;
    return row;
}

/* The address of an entry as text; false: none that others could reach. */
static bool address_read(const struct sockaddr *from, char text[WEFT_INTERFACE_ADDRESS_BYTES])
{
    struct sockaddr_in6 v6;
    struct sockaddr_in v4;

    if (from->sa_family == AF_INET) {
        memcpy(&v4, from, sizeof(v4));
        return inet_ntop(AF_INET, &v4.sin_addr, text, WEFT_INTERFACE_ADDRESS_BYTES) != NULL;
    }
    memcpy(&v6, from, sizeof(v6));
    return !IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr) &&
           inet_ntop(AF_INET6, &v6.sin6_addr, text, WEFT_INTERFACE_ADDRESS_BYTES) != NULL;
}

static void read_family(struct weft_interfaces *interfaces, const struct ifaddrs *first, int family)
{
    for (const struct ifaddrs *entry = first; entry != NULL; entry = entry->ifa_next) {
        char text[WEFT_INTERFACE_ADDRESS_BYTES];
        struct weft_interface *row;

        /* An alias, "eth0:1", is an address of eth0. */
        if (entry->ifa_addr == NULL || entry->ifa_addr->sa_family != family ||
            strchr(entry->ifa_name, ':') != NULL)
            continue;
        row = row_of(interfaces, entry);
        if (row != NULL && family != AF_PACKET && address_read(entry->ifa_addr, text) &&
            row->address_count < WEFT_INTERFACE_ADDRESSES_MAX)
            memcpy(row->addresses[row->address_count++], text, sizeof(text));
    }
}

void weft_interfaces_read(struct weft_interfaces *interfaces)
{
    static const int families[] = {AF_INET, AF_INET6, AF_PACKET};
    struct ifaddrs *first = NULL;

    memset(interfaces, 0, sizeof(*interfaces));
    if (getifaddrs(&first) != 0)
        return;
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(families); i++)
        read_family(interfaces, first, families[i]);
    freeifaddrs(first);
}

void weft_interfaces_complete(const char *sysfs, struct weft_interfaces *interfaces)
{
    for (uint32_t i = 0; i < interfaces->count; i++)
        weft_sysfs_interface_read(sysfs, interfaces->rows[i].name, &interfaces->rows[i].place);
}

void weft_interfaces_find(const struct weft_config *config, struct weft_interfaces *interfaces)
{
    memset(interfaces, 0, sizeof(*interfaces));
    if (config->emulate[0] != '\0')
        return;
    weft_interfaces_read(interfaces);
    weft_interfaces_complete(SYSFS, interfaces);
    weft_interfaces_choose(config, interfaces);
}
