/* Network interfaces: which are chosen, and how they become NICs of a topology. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "core/world.h"
#include "host/interface.h"
#include "sysfs_fixture.h"

static struct weft_interfaces interfaces; /* tests run in processes of their own */
static struct weft_config config;
static struct weft_topo topo;

static struct weft_interface *row_add(const char *name, const char *address, uint64_t mbps)
{
    struct weft_interface *row = &interfaces.rows[interfaces.count++];

    memset(row, 0, sizeof(*row));
    weft_text_copy(row->name, sizeof(row->name), name);
    weft_text_copy(row->place.port, sizeof(row->place.port), name);
    row->number = interfaces.count;
    row->is_up = true;
    row->is_running = true;
    row->place.numa_node = -1;
    row->place.mbps = mbps;
    row->device = WEFT_NONE;
    if (address != NULL)
        weft_text_copy(row->addresses[row->address_count++], sizeof(row->addresses[0]), address);
    return row;
}

/* "eth0,eth1": those in use, in the order of their NICs. */
static void choose_expect(const char *setting, const char *address, const char *expected)
{
    char text[512];
    struct weft_text used;

    weft_text_copy(config.net_interfaces, sizeof(config.net_interfaces), setting);
    weft_text_copy(config.net_address, sizeof(config.net_address), address);
    weft_interfaces_choose(&config, &interfaces);
    weft_text_init(&used, text, sizeof(text));
    for (uint32_t i = 0; i < interfaces.used_count; i++) {
        weft_text_add(&used, i == 0 ? "" : ",");
        weft_text_add(&used, interfaces.rows[interfaces.used[i]].name);
        cr_expect(interfaces.rows[interfaces.used[i]].is_used);
    }
    cr_expect_str_eq(text, expected, "of '%s' and '%s': %s", setting, address, text);
}

static void why_expect(const char *name, const char *expected)
{
    uint32_t index = weft_interfaces_named(&interfaces, name);

    cr_assert_neq(index, WEFT_NONE);
    cr_expect_not(interfaces.rows[index].is_used, "%s", name);
    cr_expect_str_eq(interfaces.rows[index].why, expected, "%s: %s", name,
                     interfaces.rows[index].why);
}

Test(interface, is_chosen__as_nccl_does)
{
    static const struct {
        const char *list;
        const char *name;
        bool chosen;
    } cases[] = {
        {"eth", "eth0", true},         {"eth", "eth", true},         {"eth", "ens1", false},
        {"eth", "veth0", false},       {"ib,eth", "eth1", true},     {"ib,eth", "ib0", true},
        {",,eth,", "eth0", true},      {"eth0", "eth01", true},      {"=eth0", "eth01", false},
        {"=eth0,eth1", "eth1", true},  {"=eth0,eth1", "eth", false}, {"^docker", "docker0", false},
        {"^docker,lo", "lo", false},   {"^docker,lo", "eth0", true}, {"^=lo", "lo", false},
        {"^=lo", "lo1", true},         {"^", "eth0", true},          {"=", "eth0", false},
        {"eth0,^eth1", "^eth1", true}, /* both marks are of the whole list */
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(cases); i++)
        cr_expect_eq(weft_interface_is_chosen(cases[i].list, cases[i].name), cases[i].chosen,
                     "%s of %s", cases[i].name, cases[i].list);
}

Test(interface, choose__what_suits)
{
    row_add("lo", "127.0.0.1", 0)->is_loopback = true;
    row_add("eth0", "10.0.2.5", 100000);
    row_add("eth1", "10.0.1.5", 100000);
    row_add("eth2", "9.255.0.1", 0);
    row_add("mgmt0", "10.9.0.1", 1000);
    row_add("eth3", "10.0.3.5", 100000)->is_up = false;
    row_add("eth4", "10.0.4.5", 100000)->is_running = false;
    row_add("eth5", NULL, 100000);
    row_add("eth6", "fd00::5", 100000);
    row_add("eth7", "169.254.3.4", 100000);
    row_add("wg0", "10.8.0.1", 0)->is_tunnel = true;
    row_add("docker0", "172.17.0.1", 10000);
    row_add("br-12ab", "172.18.0.1", 10000);
    choose_expect("", "", "eth2,eth1,eth0");
    cr_expect_str_eq(interfaces.rows[interfaces.used[1]].address, "10.0.1.5");
    why_expect("lo", "it is the loopback");
    why_expect("mgmt0", "it is ten times slower than the fastest; net_interfaces may name it");
    why_expect("eth3", "it is down");
    why_expect("eth4", "it has no carrier");
    why_expect("eth5", "it has no IPv4 address");
    why_expect("eth6", "it has no IPv4 address");
    why_expect("eth7", "its address is link-local; net_interfaces may name it");
    why_expect("wg0", "it is a tunnel; net_interfaces may name it");
    why_expect("docker0", "it is for containers or virtual machines; net_interfaces may name it");
    why_expect("br-12ab", "it is for containers or virtual machines; net_interfaces may name it");
    choose_expect("^eth2,eth1", "", "eth0");
    why_expect("eth1", "net_interfaces leaves it out");
    cr_expect_str_empty(interfaces.wrong);
    /* Who names one wants it, as long as it can be used at all. */
    choose_expect("mgmt,eth4,wg,docker,eth7", "", "eth4,wg0,mgmt0,eth7,docker0");
    cr_expect_str_empty(interfaces.wrong);
}

Test(interface, choose__only_what_is_bad)
{
    row_add("lo", "127.0.0.1", 0)->is_loopback = true;
    row_add("docker0", "172.17.0.1", 0);
    choose_expect("", "", "");
    cr_expect_str_empty(interfaces.wrong, "then it is the loopback");
    choose_expect("lo", "", "lo");
    choose_expect("docker,lo", "", "lo,docker0");
}

Test(interface, choose__sixteen_at_most)
{
    for (uint32_t i = 0; i < 18; i++) {
        char name[16];
        char address[32];

        snprintf(name, sizeof(name), "eth%u", i);
        snprintf(address, sizeof(address), "10.0.0.%u", i + 1);
        row_add(name, address, 400000);
    }
    choose_expect("", "",
                  "eth0,eth1,eth2,eth3,eth4,eth5,eth6,eth7,eth8,eth9,eth10,eth11,eth12,eth13,"
                  "eth14,eth15");
    why_expect("eth17", "16 others are used, which is all that a comm can");
}

/* A bond and a VLAN over ports that have addresses of their own, or have not. */
Test(interface, choose__one_of_a_port)
{
    weft_text_copy(row_add("bond0", "10.0.0.1", 200000)->place.port, 16, "eth0");
    weft_text_copy(row_add("vlan7", "10.0.7.1", 100000)->place.port, 16, "eth2");
    row_add("eth2", "10.0.8.1", 100000);
    weft_text_copy(row_add("vlan9", "10.0.9.1", 100000)->place.port, 16, "eth3");
    weft_text_copy(row_add("vlan8", "10.0.9.0", 100000)->place.port, 16, "eth3");
    choose_expect("", "", "bond0,eth2,vlan8");
    why_expect("vlan7", "it has the port of eth2; net_interfaces may name it");
    why_expect("vlan9", "it has the port of vlan8; net_interfaces may name it");
    choose_expect("vlan", "", "vlan7,vlan8,vlan9");
}

Test(interface, choose__named_and_not_to_be_had)
{
    row_add("eth0", "10.0.0.1", 0);
    row_add("eth1", NULL, 0);
    row_add("ib0", NULL, 0);
    row_add("ib1", "10.1.0.1", 0);
    choose_expect("eth1", "", "");
    cr_expect_str_eq(interfaces.wrong,
                     "the setting net_interfaces names eth1, and of eth1: it has no IPv4 address; "
                     "there are eth0 (10.0.0.1), eth1 (has no IPv4 address), ib0 (has no IPv4 "
                     "address), ib1 (10.1.0.1)");
    choose_expect("ib,=ens", "", "ib1");
    cr_expect_str_eq(interfaces.wrong,
                     "the setting net_interfaces names =ens, and there is no such interface; there "
                     "are eth0 (10.0.0.1), eth1 (has no IPv4 address), ib0 (has no IPv4 address), "
                     "ib1 (10.1.0.1)");
    choose_expect("ib", "", "ib1");
    cr_expect_str_empty(interfaces.wrong, "one of those that begin so is enough");
    choose_expect("=", "", "");
    cr_expect_str_eq(interfaces.wrong,
                     "the setting net_interfaces is \"=\", which names nothing; there are eth0 "
                     "(10.0.0.1), eth1 (has no IPv4 address), ib0 (has no IPv4 address), ib1 "
                     "(10.1.0.1)");
}

Test(interface, choose__by_addresses)
{
    struct weft_interface *row = row_add("eth0", "10.0.0.1", 0);

    weft_text_copy(row->addresses[row->address_count++], sizeof(row->addresses[0]), "fd00::1:5");
    row_add("eth1", "10.0.0.2", 0);
    /* The order is the setting's, and a list of interfaces is not asked. */
    choose_expect("ib", "10.0.0.2,10.0.0.1", "eth1,eth0");
    cr_expect_str_empty(interfaces.wrong);
    choose_expect("", "fd00:0:0::0001:5", "eth0");
    cr_expect_str_eq(interfaces.rows[0].address, "fd00::1:5");
    why_expect("eth1", "net_address names others");
    choose_expect("", "10.0.0.2,0.0.0.0", "");
    why_expect("eth1", "net_address has addresses of no interface, too");
}

/* ---- what an interface is ---- */

Test(interface, complete__ports_places_and_speeds)
{
    static const struct {
        const char *name;
        const char *port;
        const char *bus;
        int numa_node;
        uint64_t mbps;
    } cases[] = {
        {"eth0", "eth0", "0000:05:00.0", 1, 200000},
        {"eth1", "eth1", "0000:06:00.0", -1, 0},
        {"bond0", "eth0", "0000:05:00.0", 1, 400000},
        {"bond0.7", "eth0", "0000:05:00.0", 1, 200000},
        {"veth0", "veth0", "", -1, 10000},
        {"gone0", "gone0", "", -1, 0},
    };

    sysfs_make();
    sysfs_pci("0000:05:00.0", "0x020000\n", "32.0 GT/s PCIe\n", "16\n", "1\n");
    sysfs_pci("0000:06:00.0", "0x020000\n", NULL, NULL, "-1\n");
    sysfs_interface("pci0000:00/0000:05:00.0", "eth0", "200000\n");
    /* A virtual machine's says no speed. */
    sysfs_interface("pci0000:00/0000:06:00.0/virtio2", "eth1", "-1\n");
    sysfs_interface("virtual", "bond0", "400000\n");
    sysfs_interface("virtual", "bond0.7", "4294967295\n");
    sysfs_interface("virtual", "veth0", "10000\n");
    sysfs_lower("bond0", "eth9");
    sysfs_lower("bond0", "eth0");
    sysfs_lower("bond0.7", "bond0");
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(cases); i++)
        row_add(cases[i].name, NULL, 77);
    weft_interfaces_complete(sysfs_root, &interfaces);
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(cases); i++) {
        const struct weft_sysfs_interface *place = &interfaces.rows[i].place;

        cr_expect_str_eq(place->port, cases[i].port, "%s", cases[i].name);
        cr_expect_str_eq(place->bus, cases[i].bus, "%s", cases[i].name);
        cr_expect_eq(place->numa_node, cases[i].numa_node, "%s", cases[i].name);
        cr_expect_eq(place->mbps, cases[i].mbps, "%s: %llu", cases[i].name,
                     (unsigned long long)place->mbps);
    }
    sysfs_remove();
}

/* ---- joining ---- */

/* The links to the network as "nic0 12325", in their order. */
static void net_links_expect(const char *const *expected, uint32_t count)
{
    uint32_t found = 0;

    cr_assert_null(weft_topo_check(&topo), "%s", weft_topo_check(&topo));
    for (uint32_t i = 0; i < topo.link_count; i += 2) {
        char text[64];

        if (topo.links[i].kind != WEFT_LINK_NET)
            continue;
        snprintf(text, sizeof(text), "%s %llu", topo.devices[topo.links[i].from].name,
                 (unsigned long long)topo.links[i].rate_bytes_per_us);
        cr_assert_lt(found, count, "%s", text);
        cr_expect_str_eq(text, expected[found], "link %u: %s", found, text);
        found++;
    }
    cr_expect_eq(found, count);
}

/* Two sockets; nic0 is a card with two ports, nic1 and nic2 have no address. */
static void topo_make(void)
{
    uint32_t cpus[2];
    uint32_t nics[3];
    uint32_t net;

    weft_topo_init(&topo, "written down");
    for (uint32_t i = 0; i < 2; i++)
        cpus[i] = weft_topo_add_device(&topo, weftDeviceCpu, NULL, (int)i, NULL);
    nics[0] = weft_topo_add_device(&topo, weftDeviceNic, NULL, 1, "0000:05:00.0");
    nics[1] = weft_topo_add_device(&topo, weftDeviceNic, NULL, 0, "0000:06:00.0");
    nics[2] = weft_topo_add_device(&topo, weftDeviceNic, NULL, 0, "0000:07:00.0");
    net = weft_topo_add_device(&topo, weftDeviceSwitch, "net", -1, NULL);
    (void)weft_topo_add_pair(&topo, cpus[0], cpus[1], WEFT_LINK_SYS, 60000, 60000, 0, 100);
    (void)weft_topo_add_pair(&topo, nics[0], cpus[1], WEFT_LINK_PCI, 55200, 55400, 0, 500);
    (void)weft_topo_add_pair(&topo, nics[0], net, WEFT_LINK_NET, 49300, 49300, 0, 220);
    (void)weft_topo_add_pair(&topo, nics[1], net, WEFT_LINK_NET, 24650, 24650, 0, 220);
    (void)weft_topo_add_pair(&topo, nics[2], net, WEFT_LINK_NET, 24650, 24650, 0, 220);
    (void)weft_topo_add_pair(&topo, nics[1], cpus[0], WEFT_LINK_PCI, 55200, 55400, 0, 500);
    (void)weft_topo_add_pair(&topo, nics[2], cpus[0], WEFT_LINK_PCI, 55200, 55400, 0, 500);
}

static struct weft_interface *place_add(const char *name, const char *address, const char *bus,
                                        int numa_node, uint64_t mbps)
{
    struct weft_interface *row = row_add(name, address, mbps);

    weft_text_copy(row->place.bus, sizeof(row->place.bus), bus);
    row->place.numa_node = numa_node;
    return row;
}

static bool has_note(const char *words)
{
    for (uint32_t i = 0; i < topo.note_count; i++)
        if (strstr(topo.notes[i], words) != NULL)
            return true;
    return false;
}

Test(interface, join__cards_ports_and_strangers)
{
    static const char *const links[] = {"nic2 24650", "nic3 1232",  "nic4 12325",
                                        "nic0 24650", "nic5 24650", "nic1 24650"};
    uint32_t way[WEFT_LINK_PATH_MAX];
    uint32_t dram;

    topo_make();
    sysfs_make();
    sysfs_pci("0000:09:00.0", "0x020000\n", "8.0 GT/s PCIe\n", "4\n", "1\n");
    place_add("eth0", "10.0.0.5", "0000:05:00.0", 1, 200000);
    place_add("eth1", "10.0.0.6", "0000:05:00.1", 1, 200000);
    place_add("ens3", "10.0.0.1", "0000:07:00.0", 0, 0);
    place_add("virt0", "10.0.0.2", "", -1, 0);
    place_add("far0", "10.0.0.3", "0000:09:00.0", 1, 100000);
    choose_expect("e,virt,far", "", "ens3,virt0,far0,eth0,eth1");
    weft_interfaces_join(sysfs_root, &interfaces, &topo);
    cr_assert(interfaces.are_joined);
    net_links_expect(links, WEFT_ARRAY_COUNT(links));
    cr_expect(has_note("the interface ens3 does not say its speed: 200000 Mb/s is assumed"));
    cr_expect(has_note("the interface virt0 does not say its speed: 10000 Mb/s is assumed"));
    cr_expect_eq(topo.note_count, 2);
    /* far0 has a slot that is too slow for it, which is not believed; virt0 is at the first one. */
    cr_expect_eq(topo.devices[weft_topo_find(&topo, "nic4")].numa_node, 1);
    cr_expect_eq(topo.links[weft_topo_link_find(&topo, "nic4-pcie")].rate_bytes_per_us, 12325);
    cr_expect_eq(topo.devices[weft_topo_find(&topo, "nic3")].numa_node, 0);
    /* The second port's bytes go over the card's PCIe link. */
    dram = weft_topo_add_device(&topo, weftDeviceDram, NULL, 1, NULL);
    (void)weft_topo_add_pair(&topo, dram, weft_topo_find(&topo, "cpu1"), WEFT_LINK_MEM, 9, 9, 0, 0);
    cr_expect_eq(weft_topo_links_between(&topo, weft_topo_find(&topo, "nic5"), dram, false, way),
                 3);
    cr_expect_eq(way[1], weft_topo_link_find(&topo, "nic0-pcie"));
    sysfs_remove();
}

Test(interface, join__nothing_to_join)
{
    static const char *const links[] = {"nic0 49300", "nic1 24650", "nic2 24650"};

    topo_make();
    weft_interfaces_join("/nowhere", &interfaces, &topo);
    cr_expect_not(interfaces.are_joined);
    row_add("lo", "127.0.0.1", 0)->is_loopback = true;
    choose_expect("lo", "", "lo");
    weft_interfaces_join("/nowhere", &interfaces, &topo);
    cr_expect_not(interfaces.are_joined);
    net_links_expect(links, WEFT_ARRAY_COUNT(links));
}

/* The NICs of a comm's world are those of its net, in their order, and no others. */
Test(interface, join__the_world_has_the_nics_of_the_net)
{
    static const char *const names[] = {"nic2", "nic0"};
    static struct weft_world world;
    static struct weft_hop_table hops;

    topo_make();
    place_add("eth0", "10.0.0.5", "0000:05:00.0", 1, 200000);
    place_add("ens3", "10.0.0.1", "0000:07:00.0", 0, 100000);
    choose_expect("", "", "ens3,eth0");
    weft_interfaces_join("/nowhere", &interfaces, &topo);
    weft_world_init(&world, &topo, &hops);
    cr_expect_eq(weft_world_nic_count(&world, 0), 3);
    weft_world_nics_keep(&world, interfaces.used_count);
    cr_expect_eq(weft_world_nic_count(&world, 0), 2);
    for (uint32_t i = 0; i < 2; i++)
        cr_expect_eq(weft_world_nic(&world, 0, i), weft_topo_find(&topo, names[i]));
    cr_expect_null(weft_topo_check(&world.topo));
}
