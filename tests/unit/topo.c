/* core/topo: devices, links, names, and the way that one DMA takes. */
#include <criterion/criterion.h>

#include <string.h>

#include "core/preset.h"
#include "core/topo.h"

/* cpu0 - cpu1, a dram each; switch0 below cpu0 with gpu0 and gpu1; gpu2 on cpu1 itself; gpu0 and
 * gpu1 on nvswitch0; gpu0 and gpu2 joined directly; ssd0 below switch0; nic0 there too. */
static void build(struct weft_topo *topo)
{
    uint32_t cpu[2];
    uint32_t gpu[3];
    uint32_t dram;
    uint32_t pcie_switch;
    uint32_t nvswitch;

    weft_topo_init(topo, "small");
    cpu[0] = weft_topo_add_device(topo, weftDeviceCpu, NULL, 0, NULL);
    cpu[1] = weft_topo_add_device(topo, weftDeviceCpu, NULL, 1, NULL);
    dram = weft_topo_add_device(topo, weftDeviceDram, NULL, 0, NULL);
    weft_topo_add_pair(topo, dram, cpu[0], WEFT_LINK_MEM, 200000, 180000, 200000, 100);
    dram = weft_topo_add_device(topo, weftDeviceDram, NULL, 1, NULL);
    weft_topo_add_pair(topo, dram, cpu[1], WEFT_LINK_MEM, 200000, 180000, 200000, 100);
    weft_topo_add_pair(topo, cpu[0], cpu[1], WEFT_LINK_SYS, 60000, 60000, 0, 150);
    pcie_switch = weft_topo_add_device(topo, weftDeviceSwitch, NULL, 0, "0000:01:00.0");
    weft_topo_add_pair(topo, pcie_switch, cpu[0], WEFT_LINK_PCI, 26300, 26200, 36750, 500);
    for (uint32_t i = 0; i < 3; i++)
        gpu[i] = weft_topo_add_device(topo, weftDeviceGpu, NULL, i < 2 ? 0 : 1, NULL);
    weft_topo_add_pair(topo, gpu[0], pcie_switch, WEFT_LINK_PCI, 26300, 26200, 0, 500);
    weft_topo_add_pair(topo, gpu[1], pcie_switch, WEFT_LINK_PCI, 26300, 26200, 0, 500);
    weft_topo_add_pair(topo, gpu[2], cpu[1], WEFT_LINK_PCI, 55200, 55400, 0, 500);
    nvswitch = weft_topo_add_device(topo, weftDeviceSwitch, "nvswitch", -1, NULL);
    weft_topo_add_pair(topo, gpu[0], nvswitch, WEFT_LINK_NVL, 276000, 276000, 0, 400);
    weft_topo_add_pair(topo, gpu[1], nvswitch, WEFT_LINK_NVL, 276000, 276000, 0, 400);
    weft_topo_add_pair(topo, gpu[0], gpu[2], WEFT_LINK_NVL, 92000, 92000, 0, 400);
    weft_topo_add_pair(topo, weft_topo_add_device(topo, weftDeviceSsd, NULL, 0, NULL), pcie_switch,
                       WEFT_LINK_DISK, 6700, 4000, 0, 70000);
    weft_topo_add_pair(topo, weft_topo_add_device(topo, weftDeviceNic, NULL, 0, NULL), pcie_switch,
                       WEFT_LINK_PCI, 26300, 26200, 0, 500);
}

Test(topo, add_device__names)
{
    struct weft_topo topo;
    uint32_t device;

    build(&topo);
    cr_expect_null(weft_topo_check(&topo));
    cr_expect_eq(topo.device_count, 11);
    cr_expect_eq(topo.link_count, 24);
    device = weft_topo_add_device(&topo, weftDeviceSwitch, NULL, 1, "0000:02:00.0");
    cr_expect_str_eq(topo.devices[device].name, "switch1");
    cr_expect_str_eq(topo.devices[device].bus, "0000:02:00.0");
    device = weft_topo_add_device(&topo, weftDeviceSwitch, "nvswitch", 1, NULL);
    cr_expect_str_eq(topo.devices[device].name, "nvswitch1");
    cr_expect_eq(weft_topo_find(&topo, "nvswitch1"), device);
    cr_expect_eq(weft_topo_find(&topo, "GPU0"), WEFT_NONE);
    cr_expect_eq(weft_topo_find(&topo, ""), WEFT_NONE);
    cr_expect_eq(weft_topo_nth(&topo, weftDeviceSwitch, 2), weft_topo_find(&topo, "switch1"));
    cr_expect_eq(weft_topo_nth(&topo, weftDeviceGpu, 2), weft_topo_find(&topo, "gpu2"));
    cr_expect_eq(weft_topo_nth(&topo, weftDeviceGpu, 3), WEFT_NONE);
}

Test(topo, add_device__full)
{
    struct weft_topo topo;

    weft_topo_init(&topo, "full");
    for (uint32_t i = 0; i < WEFT_DEVICES_MAX; i++)
        cr_assert_eq(weft_topo_add_device(&topo, weftDeviceNic, NULL, 0, NULL), i);
    cr_expect_str_eq(topo.devices[255].name, "nic255");
    cr_expect_eq(weft_topo_add_device(&topo, weftDeviceNic, NULL, 0, NULL), WEFT_NONE);
    cr_expect_eq(topo.device_count, WEFT_DEVICES_MAX);
}

Test(topo, add_pair__limits)
{
    struct weft_topo topo;
    uint32_t nic;
    uint32_t hub;

    weft_topo_init(&topo, "pairs");
    hub = weft_topo_add_device(&topo, weftDeviceSwitch, NULL, 0, NULL);
    nic = weft_topo_add_device(&topo, weftDeviceNic, NULL, 0, NULL);
    cr_expect_eq(weft_topo_add_pair(&topo, hub, 2, WEFT_LINK_PCI, 1, 1, 0, 0), WEFT_NONE);
    cr_expect_eq(weft_topo_add_pair(&topo, hub, hub, WEFT_LINK_PCI, 1, 1, 0, 0), WEFT_NONE);
    cr_expect_eq(topo.link_count, 0);
    for (uint32_t i = 0; i < WEFT_LINKS_MAX; i += 2)
        cr_assert_eq(weft_topo_add_pair(&topo, nic, hub, WEFT_LINK_PCI, 1, 1, 0, 0), i);
    cr_expect_eq(weft_topo_add_pair(&topo, nic, hub, WEFT_LINK_PCI, 1, 1, 0, 0), WEFT_NONE);
    cr_expect_eq(topo.link_count, WEFT_LINKS_MAX);
}

Test(topo, note__the_last_ones_are_dropped)
{
    struct weft_topo topo;

    weft_topo_init(&topo, "notes");
    for (uint32_t i = 0; i < WEFT_NOTES_MAX + 3; i++)
        weft_topo_note(&topo, i == 0 ? "first" : "other");
    cr_expect_eq(topo.note_count, WEFT_NOTES_MAX);
    cr_expect_str_eq(topo.notes[0], "first");
}

Test(topo, dram_of__falls_back)
{
    struct weft_topo topo;

    build(&topo);
    cr_expect_eq(weft_topo_dram_of(&topo, 1), weft_topo_find(&topo, "dram1"));
    cr_expect_eq(weft_topo_dram_of(&topo, 0), weft_topo_find(&topo, "dram0"));
    cr_expect_eq(weft_topo_dram_of(&topo, -1), weft_topo_find(&topo, "dram0"));
    cr_expect_eq(weft_topo_dram_of(&topo, 7), weft_topo_find(&topo, "dram0"));
    weft_topo_init(&topo, "none");
    cr_expect_eq(weft_topo_dram_of(&topo, 0), WEFT_NONE);
}

Test(topo, holds_bytes__kinds)
{
    static const struct {
        const char *name;
        bool holds;
    } rows[] = {{"gpu0", true},  {"dram1", true}, {"ssd0", true},
                {"nic0", false}, {"cpu0", false}, {"switch0", false}};
    struct weft_topo topo;

    build(&topo);
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++)
        cr_expect_eq(weft_topo_holds_bytes(&topo, weft_topo_find(&topo, rows[i].name)),
                     rows[i].holds, "%s", rows[i].name);
    cr_expect_not(weft_topo_holds_bytes(&topo, WEFT_NONE));
}

/* The way as names joined by blanks. */
static void way(const struct weft_topo *topo, const char *from, const char *to, bool peer,
                char *text, size_t size)
{
    uint32_t links[WEFT_LINK_PATH_MAX];
    uint32_t count = weft_topo_links_between(topo, weft_topo_find(topo, from),
                                             weft_topo_find(topo, to), peer, links);
    size_t used = 0;

    text[0] = '\0';
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            text[used++] = ' ';
        weft_topo_link_name(topo, links[i], text + used, size - used);
        used = strlen(text);
    }
}

Test(topo, links_between__table)
{
    static const struct {
        const char *from;
        const char *to;
        bool peer;
        const char *way;
    } rows[] = {
        {"gpu0", "dram0", false, "gpu0-pcie switch0-pcie dram0"},
        {"dram0", "gpu0", false, "dram0 switch0-pcie gpu0-pcie"},
        {"gpu0", "dram1", false, "gpu0-pcie switch0-pcie cpu0-cpu1 dram1"},
        {"gpu0", "gpu1", true, "gpu0-nvlink gpu1-nvlink"},
        {"gpu0", "gpu1", false, "gpu0-pcie gpu1-pcie"},
        {"gpu0", "gpu2", true, "gpu0-gpu2"},
        {"gpu0", "gpu2", false, "gpu0-pcie switch0-pcie cpu0-cpu1 gpu2-pcie"},
        /* NVLink through a third GPU is two copies: as one DMA it goes over PCIe. */
        {"gpu1", "gpu2", true, "gpu1-pcie switch0-pcie cpu0-cpu1 gpu2-pcie"},
        {"ssd0", "gpu1", false, "ssd0-disk gpu1-pcie"},
        {"gpu1", "nic0", false, "gpu1-pcie nic0-pcie"},
        {"dram0", "dram1", false, "dram0 cpu0-cpu1 dram1"},
        {"gpu0", "gpu0", true, ""},
        {"gpu0", "nobody", false, ""},
        {"gpu0", "nvswitch0", false, ""},
    };
    struct weft_topo topo;

    build(&topo);
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        char text[256];

        way(&topo, rows[i].from, rows[i].to, rows[i].peer, text, sizeof(text));
        cr_expect_str_eq(text, rows[i].way, "%s to %s: %s", rows[i].from, rows[i].to, text);
    }
}

Test(topo, links_between__ties)
{
    /* a reaches b over three switches alike in length: the widest wins, then the first. */
    static const uint64_t rates[] = {10000, 30000, 30000};
    struct weft_topo topo;
    uint32_t links[WEFT_LINK_PATH_MAX];
    uint32_t a;
    uint32_t b;

    weft_topo_init(&topo, "ties");
    a = weft_topo_add_device(&topo, weftDeviceGpu, NULL, 0, NULL);
    b = weft_topo_add_device(&topo, weftDeviceDram, NULL, 0, NULL);
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t hub = weft_topo_add_device(&topo, weftDeviceSwitch, NULL, 0, NULL);

        weft_topo_add_pair(&topo, a, hub, WEFT_LINK_PCI, 50000, 50000, 0, 0);
        weft_topo_add_pair(&topo, hub, b, WEFT_LINK_PCI, rates[i], 50000, 0, 0);
    }
    cr_assert_eq(weft_topo_links_between(&topo, a, b, false, links), 2);
    cr_expect_eq(links[0], 4);
    cr_expect_eq(links[1], 6);
    cr_assert_eq(weft_topo_links_between(&topo, b, a, false, links), 2);
    cr_expect_eq(links[0], 3);
    cr_expect_eq(links[1], 1);
}

Test(topo, links_between__too_long)
{
    struct weft_topo topo;
    uint32_t links[WEFT_LINK_PATH_MAX];
    uint32_t last;

    weft_topo_init(&topo, "long");
    last = weft_topo_add_device(&topo, weftDeviceGpu, NULL, 0, NULL);
    for (uint32_t i = 0; i < WEFT_LINK_PATH_MAX + 1; i++) {
        uint32_t next = weft_topo_add_device(&topo, weftDeviceSwitch, NULL, 0, NULL);

        weft_topo_add_pair(&topo, last, next, WEFT_LINK_PCI, 1, 1, 0, 0);
        last = next;
    }
    cr_expect_eq(weft_topo_links_between(&topo, 0, WEFT_LINK_PATH_MAX, false, links),
                 WEFT_LINK_PATH_MAX);
    cr_expect_eq(weft_topo_links_between(&topo, 0, WEFT_LINK_PATH_MAX + 1, false, links), 0);
}

Test(topo, link_find__outgoing)
{
    static const struct {
        const char *link;
        const char *from;
        const char *to;
    } rows[] = {
        {"gpu0-pcie", "gpu0", "switch0"}, {"switch0-pcie", "switch0", "cpu0"},
        {"gpu2-pcie", "gpu2", "cpu1"},    {"dram1", "dram1", "cpu1"},
        {"cpu0-cpu1", "cpu0", "cpu1"},    {"gpu1-nvlink", "gpu1", "nvswitch0"},
        {"gpu0-gpu2", "gpu0", "gpu2"},    {"ssd0-disk", "ssd0", "switch0"},
        {"nic0-pcie", "nic0", "switch0"},
    };
    static const char *const none[] = {"", "gpu0", "gpu0-c2c", "cpu1-cpu0", "gpu9-pcie", "dram2"};
    struct weft_topo topo;

    build(&topo);
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        uint32_t link = weft_topo_link_find(&topo, rows[i].link);
        char name[80];

        cr_assert_neq(link, WEFT_NONE, "%s", rows[i].link);
        cr_expect_str_eq(topo.devices[topo.links[link].from].name, rows[i].from);
        cr_expect_str_eq(topo.devices[topo.links[link].to].name, rows[i].to);
        weft_topo_link_name(&topo, topo.links[link].reverse, name, sizeof(name));
        cr_expect_str_eq(name, rows[i].link, "both directions have one name");
    }
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(none); i++)
        cr_expect_eq(weft_topo_link_find(&topo, none[i]), WEFT_NONE, "'%s'", none[i]);
}

Test(topo, link_name__cut_and_beyond)
{
    struct weft_topo topo;
    char name[8] = "before";

    build(&topo);
    weft_topo_link_name(&topo, weft_topo_link_find(&topo, "switch0-pcie"), name, sizeof(name));
    cr_expect_str_eq(name, "switch0");
    weft_topo_link_name(&topo, topo.link_count, name, sizeof(name));
    cr_expect_str_eq(name, "");
}

static void break_kind(struct weft_topo *topo)
{
    topo->devices[2].kind = weftNumDeviceKinds;
}

static void break_name(struct weft_topo *topo)
{
    memcpy(topo->devices[3].name, topo->devices[2].name, sizeof(topo->devices[3].name));
}

static void break_target(struct weft_topo *topo)
{
    topo->links[4].to = topo->device_count;
}

static void break_reverse(struct weft_topo *topo)
{
    topo->links[4].reverse = 6;
}

static void break_duplex(struct weft_topo *topo)
{
    topo->links[4].duplex_bytes_per_us = 5;
}

static void break_count(struct weft_topo *topo)
{
    topo->link_count = WEFT_LINKS_MAX + 1;
}

static void break_twin(struct weft_topo *topo)
{
    weft_topo_add_pair(topo, weft_topo_find(topo, "gpu0"), weft_topo_find(topo, "cpu1"),
                       WEFT_LINK_PCI, 1, 1, 0, 0);
}

Test(topo, check__sentences)
{
    static const struct {
        void (*break_it)(struct weft_topo *topo);
        const char *sentence;
    } rows[] = {
        {break_kind, "a device has no known kind"},
        {break_name, "two devices have the same name"},
        {break_target, "a link leads to no device"},
        {break_reverse, "a link's reverse does not point back"},
        {break_duplex, "the two directions of a link are of different kinds"},
        {break_count, "a count is past its table"},
        {break_twin, "two links have the same name"},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct weft_topo topo;
        const char *wrong;

        build(&topo);
        rows[i].break_it(&topo);
        wrong = weft_topo_check(&topo);
        cr_assert_not_null(wrong, "%s", rows[i].sentence);
        cr_expect_str_eq(wrong, rows[i].sentence);
    }
}

Test(topo, kind_name__outside)
{
    cr_expect_str_eq(weft_link_kind_name(WEFT_LINK_NVL), "nvlink");
    cr_expect_str_eq(weft_link_kind_name(WEFT_LINK_KINDS), "unknown");
    cr_expect_str_eq(weft_device_kind_name(weftDeviceSsd), "ssd");
    cr_expect_str_eq(weft_device_kind_name(weftNumDeviceKinds), "unknown");
}
