/* Watching interfaces: what the kernel tells, and what is seen then. */
#include <criterion/criterion.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "base/text.h"
#include "host/interface_watch.h"
#include "sysfs_fixture.h"

static struct weft_interfaces found;

static void row_add(const char *name, uint32_t number, const char *address)
{
    struct weft_interface *row = &found.rows[found.count++];

    weft_text_copy(row->name, sizeof(row->name), name);
    weft_text_copy(row->address, sizeof(row->address), address);
    weft_text_copy(row->addresses[0], sizeof(row->addresses[0]), address);
    row->number = number;
    row->address_count = 1;
    row->is_up = true;
    row->is_running = true;
}

/* eth0, number 5, and eth1, number 6, with nothing due. */
static struct weft_interface_watch *watch_make(void)
{
    struct weft_interface_watch *watch;

    row_add("eth0", 5, "10.0.0.1");
    row_add("eth1", 6, "10.0.0.2");
    found.used[found.used_count++] = 0;
    found.used[found.used_count++] = 1;
    watch = weft_interface_watch_open(&found);
    cr_assert_not_null(watch);
    cr_expect(watch->is_due, "the first poll looks");
    watch->is_due = false;
    return watch;
}

static size_t link_write(char *bytes, uint16_t type, int number)
{
    struct {
        struct nlmsghdr head;
        struct ifinfomsg link;
    } message = {{.nlmsg_len = sizeof(message), .nlmsg_type = type}, {.ifi_index = number}};

    memcpy(bytes, &message, sizeof(message));
    return sizeof(message);
}

static size_t address_write(char *bytes, uint16_t type, uint32_t number)
{
    struct {
        struct nlmsghdr head;
        struct ifaddrmsg address;
    } message = {{.nlmsg_len = sizeof(message), .nlmsg_type = type}, {.ifa_index = number}};

    memcpy(bytes, &message, sizeof(message));
    return sizeof(message);
}

static bool hears(struct weft_interface_watch *watch, const char *bytes, size_t size)
{
    watch->is_due = false;
    weft_interface_watch_hear(watch, bytes, size);
    return watch->is_due;
}

Test(interface_watch, hear__its_own_alone)
{
    struct weft_interface_watch *watch = watch_make();
    char bytes[256];
    size_t size = link_write(bytes, RTM_NEWLINK, 5);

    cr_expect(hears(watch, bytes, size));
    cr_expect_not(hears(watch, bytes, size - 1), "it is cut off");
    cr_expect_not(hears(watch, bytes, 3));
    cr_expect(hears(watch, bytes, link_write(bytes, RTM_DELLINK, 6)));
    cr_expect_not(hears(watch, bytes, link_write(bytes, RTM_NEWLINK, 7)));
    cr_expect(hears(watch, bytes, address_write(bytes, RTM_DELADDR, 6)));
    cr_expect(hears(watch, bytes, address_write(bytes, RTM_NEWADDR, 5)));
    cr_expect_not(hears(watch, bytes, address_write(bytes, RTM_NEWADDR, 9)));
    cr_expect_not(hears(watch, bytes, address_write(bytes, RTM_NEWROUTE, 5)));
    /* Several at once. */
    size = link_write(bytes, RTM_NEWLINK, 7);
    size += address_write(bytes + size, RTM_NEWADDR, 6);
    cr_expect(hears(watch, bytes, size));
    /* A length that says nothing true. */
    size = link_write(bytes, RTM_NEWLINK, 5);
    memset(bytes, 0, sizeof(uint32_t));
    cr_expect_not(hears(watch, bytes, size));
    memset(bytes, 0xff, sizeof(uint32_t));
    cr_expect_not(hears(watch, bytes, size));
    weft_interface_watch_close(watch);
}

Test(interface_watch, see__carriers_addresses_and_speeds)
{
    struct weft_interface_watch *watch = watch_make();

    sysfs_make();
    sysfs_interface("virtual", "eth0", "25000\n");
    weft_interface_watch_see(watch, &found, sysfs_root);
    cr_expect(watch->nics[0].state.is_good);
    cr_expect_eq(watch->nics[0].state.mbps, 25000);
    cr_expect(watch->nics[1].state.is_good);
    cr_expect_eq(watch->nics[1].state.mbps, 0);
    found.rows[0].is_running = false;
    weft_text_copy(found.rows[1].addresses[0], sizeof(found.rows[1].addresses[0]), "10.0.0.9");
    weft_interface_watch_see(watch, &found, sysfs_root);
    cr_expect_not(watch->nics[0].state.is_good);
    cr_expect_str_eq(watch->nics[0].state.why, "it has no carrier");
    cr_expect_not(watch->nics[1].state.is_good);
    cr_expect_str_eq(watch->nics[1].state.why,
                     "its address is gone; the comm listens on no other until it is made anew");
    found.rows[0].is_up = false;
    weft_text_copy(found.rows[1].name, sizeof(found.rows[1].name), "eth7");
    weft_interface_watch_see(watch, &found, sysfs_root);
    cr_expect_str_eq(watch->nics[0].state.why, "it was set down");
    cr_expect_str_eq(watch->nics[1].state.why, "the interface is gone");
    sysfs_remove();
    weft_interface_watch_close(watch);
}

/* One that was made anew has another number, and is known again. */
Test(interface_watch, see__one_that_comes_back)
{
    struct weft_interface_watch *watch = watch_make();
    char bytes[64];

    found.count = 1;
    weft_interface_watch_see(watch, &found, "/nowhere");
    cr_expect_not(watch->nics[1].state.is_good);
    cr_expect(hears(watch, bytes, link_write(bytes, RTM_NEWLINK, 12)));
    found.count = 2;
    found.rows[1].number = 12;
    weft_interface_watch_see(watch, &found, "/nowhere");
    cr_expect(watch->nics[1].state.is_good);
    cr_expect_not(hears(watch, bytes, link_write(bytes, RTM_NEWLINK, 6)));
    cr_expect(hears(watch, bytes, link_write(bytes, RTM_NEWLINK, 12)));
    weft_interface_watch_close(watch);
}
