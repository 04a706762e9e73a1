/* Which interfaces are NICs; see interface.h. */
#include <arpa/inet.h>
#include <string.h>

#include "interface.h"
#include "log.h"

#define LINK_LOCAL  0xa9fe0000u /* 169.254.0.0/16 */
#define SLOWER_MOST 10          /* times slower than the fastest: a port for management */

/* A list without what says how it is to be read. */
struct list {
    const char *names;
    bool is_exact;
    bool is_not;
};

static struct list list_of(const char *text)
{
    struct list list = {.names = text};

    list.is_not = *list.names == '^';
    list.names += list.is_not;
    list.is_exact = *list.names == '=';
    list.names += list.is_exact;
    return list;
}

/* The next name of a list, empty ones left out; false: there is none. */
static bool name_next(const char **at, const char **name, size_t *length)
{
    *at += strspn(*at, ",");
    *name = *at;
    *length = strcspn(*at, ",");
    *at += *length;
    return *length > 0;
}

static bool is_one(const struct list *list, const char *name, size_t length, const char *interface)
{
    return strncmp(interface, name, length) == 0 && (!list->is_exact || interface[length] == '\0');
}

bool weft_interface_is_chosen(const char *text, const char *interface)
{
    struct list list = list_of(text);
    const char *at = list.names;
    const char *name;
    size_t length;

    while (name_next(&at, &name, &length))
        if (is_one(&list, name, length, interface))
            return !list.is_not;
    return list.is_not;
}

/* ---- what suits ---- */

static bool has_v4(const struct weft_interface *row)
{
    return row->address_count > 0 && strchr(row->addresses[0], ':') == NULL;
}

/* The first address, by which NICs are in order. */
static uint32_t v4_of(const struct weft_interface *row)
{
    struct in_addr address = {0};

    (void)inet_pton(AF_INET, row->addresses[0], &address);
    return ntohl(address.s_addr);
}

/* What containers and virtual machines hang on. */
static bool is_bridge(const char *name)
{
    static const char *const beginnings[] = {"docker", "virbr", "br-",     "lxcbr",  "lxdbr",
                                             "cni",    "cali",  "flannel", "cilium", "podman"};

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(beginnings); i++)
        if (weft_text_starts(name, beginnings[i]))
            return true;
    return false;
}

/* Why one cannot be used, also when it is named, or NULL. */
static const char *impossible(const struct weft_interface *row)
{
    if (!row->is_up)
        return "it is down";
    return has_v4(row) ? NULL : "it has no IPv4 address";
}

/* Why one is not used unless it is named, or NULL. */
static const char *unsuitable(const struct weft_interface *row)
{
    if (row->is_loopback)
        return "it is the loopback";
    if (!row->is_running)
        return "it has no carrier";
    if (row->is_tunnel)
        return "it is a tunnel; net_interfaces may name it";
    if (is_bridge(row->name))
        return "it is for containers or virtual machines; net_interfaces may name it";
    return v4_of(row) >> 16 == LINK_LOCAL >> 16
               ? "its address is link-local; net_interfaces may name it"
               : NULL;
}

static uint64_t mbps_of(const struct weft_interface *row)
{
    return row->place.mbps > 0 ? row->place.mbps : WEFT_INTERFACE_MBPS_ASSUMED;
}

static void leave(struct weft_interface *row, const char *why)
{
    row->is_used = false;
    weft_text_copy(row->why, sizeof(row->why), why);
}

static void leave_slow(struct weft_interfaces *interfaces)
{
    uint64_t fastest = 0;

    for (uint32_t i = 0; i < interfaces->count; i++)
        if (interfaces->rows[i].is_used)
            fastest = weft_max(fastest, mbps_of(&interfaces->rows[i]));
    for (uint32_t i = 0; i < interfaces->count; i++)
        if (interfaces->rows[i].is_used && mbps_of(&interfaces->rows[i]) * SLOWER_MOST < fastest)
            leave(&interfaces->rows[i],
                  "it is ten times slower than the fastest; net_interfaces may name it");
}

/* Of two of one port the plain one stays, else the one with the lower address. */
static bool goes_first(const struct weft_interface *row, const struct weft_interface *other)
{
    bool is_plain = weft_text_equal(row->name, row->place.port);
    bool is_other_plain = weft_text_equal(other->name, other->place.port);

    return is_plain != is_other_plain ? is_plain : v4_of(row) < v4_of(other);
}

static void leave_doubles(struct weft_interfaces *interfaces)
{
    for (uint32_t i = 0; i < interfaces->count; i++)
        for (uint32_t k = 0; k < interfaces->count; k++) {
            const struct weft_interface *other = &interfaces->rows[k];
            struct weft_interface *row = &interfaces->rows[i];

            if (i == k || !row->is_used || !other->is_used ||
                !weft_text_equal(row->place.port, other->place.port) || !goes_first(other, row))
                continue;
            weft_format(row->why, sizeof(row->why),
                        "it has the port of %s; net_interfaces may name it", other->name);
            row->is_used = false;
        }
}

/* ---- what is wrong with the settings ---- */

/* "eth0 (10.0.0.1), eth1 (down)": all that there are. */
static void add_all(const struct weft_interfaces *interfaces, struct weft_text *text)
{
    for (uint32_t i = 0; i < interfaces->count; i++) {
        const struct weft_interface *row = &interfaces->rows[i];
        const char *state = impossible(row);

        weft_text_format(text, "%s%s (%s)", i == 0 ? "" : ", ", row->name,
                         state == NULL ? row->addresses[0] : state + strlen("it "));
    }
    if (interfaces->count == 0)
        weft_text_add(text, "none");
}

/* An interface that the name chooses: one in use, if there is such a one; NULL: none at all. */
static const struct weft_interface *chosen_by(const struct weft_interfaces *interfaces,
                                              const struct list *list, const char *name,
                                              size_t length)
{
    const struct weft_interface *found = NULL;

    for (uint32_t i = 0; i < interfaces->count; i++)
        if (is_one(list, name, length, interfaces->rows[i].name) &&
            (found == NULL || !found->is_used))
            found = &interfaces->rows[i];
    return found;
}

/* Each name has to choose an interface that can be used. */
static void find_wrong(const char *setting, struct weft_interfaces *interfaces)
{
    struct list list = list_of(setting);
    const struct weft_interface *found = NULL;
    const char *at = list.names;
    struct weft_text text;
    const char *name = "";
    size_t length = 0;

    while (name_next(&at, &name, &length)) {
        found = chosen_by(interfaces, &list, name, length);
        if (found == NULL || !found->is_used)
            break;
    }
    if (found != NULL && found->is_used)
        return;
    weft_text_init(&text, interfaces->wrong, sizeof(interfaces->wrong));
    if (length == 0)
        weft_text_format(&text, "the setting net_interfaces is \"%.16s\", which names nothing",
                         setting);
    else
        weft_text_format(&text, "the setting net_interfaces names %.*s, ",
                         (int)weft_min(length, WEFT_SYSFS_INTERFACE_BYTES), name);
    if (length > 0 && found == NULL)
        weft_text_add(&text, "and there is no such interface");
    else if (length > 0)
        weft_text_format(&text, "and of %s: %s", found->name, found->why);
    weft_text_add(&text, "; there are ");
    add_all(interfaces, &text);
}

/* ---- choosing ---- */

/* The interfaces in use, in the order of their addresses. */
static void number_used(struct weft_interfaces *interfaces)
{
    for (uint32_t i = 0; i < interfaces->count; i++) {
        struct weft_interface *row = &interfaces->rows[i];
        uint32_t place = interfaces->used_count;

        if (!row->is_used)
            continue;
        if (place == WEFT_NET_NICS_MAX) {
            leave(row, "16 others are used, which is all that a comm can");
            continue;
        }
        memcpy(row->address, row->addresses[0], sizeof(row->address));
        for (; place > 0 && v4_of(&interfaces->rows[interfaces->used[place - 1]]) > v4_of(row);
             place--)
            interfaces->used[place] = interfaces->used[place - 1];
        interfaces->used[place] = i;
        interfaces->used_count++;
    }
}

static void choose_by_names(const char *list, struct weft_interfaces *interfaces)
{
    bool is_named = list[0] != '\0' && !list_of(list).is_not;

    for (uint32_t i = 0; i < interfaces->count; i++) {
        struct weft_interface *row = &interfaces->rows[i];
        const char *why = impossible(row);

        if (why == NULL && !is_named)
            why = unsuitable(row);
        if (list[0] != '\0' && !weft_interface_is_chosen(list, row->name))
            why = "net_interfaces leaves it out";
        row->is_used = why == NULL;
        weft_text_copy(row->why, sizeof(row->why), why == NULL ? "" : why);
    }
    if (is_named)
        find_wrong(list, interfaces);
    if (!is_named) {
        leave_slow(interfaces);
        leave_doubles(interfaces);
    }
    number_used(interfaces);
}

/* An address as the kernel would write it. */
static void address_tidy(const char *from, size_t length, char text[WEFT_INTERFACE_ADDRESS_BYTES])
{
    struct in6_addr v6;

    weft_format(text, WEFT_INTERFACE_ADDRESS_BYTES, "%.*s", (int)length, from);
    if (strchr(text, ':') != NULL && inet_pton(AF_INET6, text, &v6) == 1)
        (void)inet_ntop(AF_INET6, &v6, text, WEFT_INTERFACE_ADDRESS_BYTES);
}

static bool use_address(struct weft_interfaces *interfaces, const char *address)
{
    for (uint32_t i = 0; i < interfaces->count; i++) {
        struct weft_interface *row = &interfaces->rows[i];

        if (row->is_used || interfaces->used_count == WEFT_NET_NICS_MAX ||
            !weft_interface_has(row, address))
            continue;
        row->is_used = true;
        row->why[0] = '\0';
        weft_text_copy(row->address, sizeof(row->address), address);
        interfaces->used[interfaces->used_count++] = i;
        return true;
    }
    return false;
}

static void choose_by_addresses(const char *list, struct weft_interfaces *interfaces)
{
    bool are_all = true;
    const char *name;
    size_t length;

    for (uint32_t i = 0; i < interfaces->count; i++)
        leave(&interfaces->rows[i], "net_address names others");
    while (name_next(&list, &name, &length)) {
        char address[WEFT_INTERFACE_ADDRESS_BYTES];

        address_tidy(name, length, address);
        are_all = use_address(interfaces, address) && are_all;
    }
    for (uint32_t i = 0; !are_all && i < interfaces->count; i++)
        if (interfaces->rows[i].is_used)
            leave(&interfaces->rows[i], "net_address has addresses of no interface, too");
    if (!are_all)
        interfaces->used_count = 0;
}

void weft_interfaces_choose(const struct weft_config *config, struct weft_interfaces *interfaces)
{
    interfaces->used_count = 0;
    interfaces->wrong[0] = '\0';
    if (config->net_address[0] != '\0')
        choose_by_addresses(config->net_address, interfaces);
    else
        choose_by_names(config->net_interfaces, interfaces);
}
