/* host/topo_xml: the six real files, the way back, and files that are wrong. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/preset.h"
#include "host/topo_facts.h"
#include "host/topo_xml.h"

#define FOLDER WEFT_TEST_DATA "/topologies/"

static struct weft_topo topo;
static char why[WEFT_TOPO_WHY_BYTES];
static char text[WEFT_TOPO_XML_BYTES];

static void read_file(const char *name)
{
    char path[512];

    why[0] = '\0';
    (void)snprintf(path, sizeof(path), FOLDER "%s.xml", name);
    cr_assert_eq(weft_topo_xml_read(path, &topo, why), weftSuccess, "%s", why);
    cr_assert_null(weft_topo_check(&topo), "%s", name);
}

/* Reads text that must be good. */
static void read_text(const char *xml)
{
    why[0] = '\0';
    cr_assert_eq(weft_topo_xml_parse(xml, strlen(xml), "text", &topo, why), weftSuccess, "%s", why);
}

static bool noted(const char *words)
{
    for (uint32_t i = 0; i < topo.note_count; i++)
        if (strstr(topo.notes[i], words) != NULL)
            return true;
    return false;
}

static void expect_link(const char *file, const char *name, uint64_t out, uint64_t in)
{
    uint32_t link = weft_topo_link_find(&topo, name);

    cr_assert_neq(link, WEFT_NONE, "%s has no %s", file, name);
    cr_expect_eq(topo.links[link].rate_bytes_per_us, out, "%s %s", file, name);
    cr_expect_eq(topo.links[topo.links[link].reverse].rate_bytes_per_us, in, "%s %s", file, name);
}

Test(topo_xml, read__devices)
{
    static const struct {
        const char *file;
        uint32_t counts[weftNumDeviceKinds]; /* gpu, dram, ssd, nic, switch, cpu */
        uint32_t sm;
    } rows[] = {
        {"oci-h100-8gpu", {8, 2, 0, 8, 10, 2}, 90},   {"oci-a100-8gpu", {8, 4, 0, 8, 6, 4}, 80},
        {"azure-ndv5-h100", {8, 2, 0, 8, 10, 2}, 90}, {"azure-ndv4-a100", {8, 4, 0, 8, 6, 4}, 80},
        {"aws-p5", {8, 1, 0, 32, 10, 1}, 90},         {"aws-p4d", {8, 2, 0, 4, 6, 2}, 80},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        uint32_t counts[weftNumDeviceKinds] = {0};

        read_file(rows[i].file);
        cr_expect_str_eq(topo.name, rows[i].file);
        for (uint32_t d = 0; d < topo.device_count; d++)
            counts[topo.devices[d].kind]++;
        cr_expect_arr_eq(counts, rows[i].counts, sizeof(counts), "%s", rows[i].file);
        cr_expect_eq(topo.devices[weft_topo_find(&topo, "gpu7")].sm, rows[i].sm);
    }
}

Test(topo_xml, read__rates)
{
    static const struct {
        const char *file;
        const char *link;
        uint64_t out;
        uint64_t in;
    } rows[] = {
        {"oci-h100-8gpu", "dram0", 191000, 191000},
        {"oci-h100-8gpu", "cpu0-cpu1", 60000, 60000},
        {"oci-h100-8gpu", "switch0-pcie", 55200, 55400}, /* 5.0 GT/s in the file */
        {"oci-h100-8gpu", "gpu7-pcie", 55200, 55400},
        {"oci-h100-8gpu", "gpu7-nvlink", 397000, 397000}, /* 5 + 5 + 4 + 4 links */
        {"oci-h100-8gpu", "nic0-net", 44370, 44370},      /* two ports of 180 Gb/s */
        {"oci-a100-8gpu", "dram3", 77800, 77800},         /* half of a socket */
        {"oci-a100-8gpu", "gpu0-pcie", 26300, 26200},
        {"oci-a100-8gpu", "gpu0-nvlink", 276000, 276000},
        {"azure-ndv5-h100", "nic3-net", 49300, 49300},
        {"azure-ndv4-a100", "nic3-net", 24650, 24650},
        {"aws-p5", "switch0-pcie", 26300, 26200}, /* as the file says */
        {"aws-p5", "gpu0-pcie", 55200, 55400},
        {"aws-p5", "nic31-pcie", 13150, 13100}, /* x8 */
        {"aws-p5", "nic31-net", 12325, 12325},
        {"aws-p4d", "gpu0-pcie", 12300, 12300},
        {"aws-p4d", "switch3-pcie", 12300, 12300},
        {"aws-p4d", "dram1", 87000, 87000},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        read_file(rows[i].file);
        expect_link(rows[i].file, rows[i].link, rows[i].out, rows[i].in);
    }
}

Test(topo_xml, read__assumptions_are_noted)
{
    static const struct {
        const char *file;
        const char *words;
    } rows[] = {
        {"oci-h100-8gpu", "bridges inside of PCIe switches (16)"},
        {"oci-h100-8gpu", "switches that report 5.0 GT/s above devices at 32.0 (8)"},
        {"oci-h100-8gpu", "NVSwitches (4): taken as one"},
        {"oci-h100-8gpu", "NICs with several ports (8)"},
        {"oci-h100-8gpu", "host memory: 191 GB/s per socket, assumed for Intel Xeon (Sapphire"},
        {"oci-a100-8gpu", "4 NUMA nodes are taken as two sockets"},
        {"oci-a100-8gpu", "GPUs without a model (8): taken as sm_80"},
        {"oci-a100-8gpu", "an NVSwitch with 276 GB/s per GPU is assumed"},
        {"azure-ndv5-h100", "NICs without a speed (8): 400 Gb/s assumed"},
        {"azure-ndv4-a100", "GPUs without a model (8): 40 GiB of memory assumed"},
        {"aws-p5", "switches with an uplink slower than a device below (8)"},
        {"aws-p5", "an NVSwitch with 397 GB/s per GPU is assumed"},
        {"aws-p4d", "between sockets: 35 GB/s per direction, assumed"},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        read_file(rows[i].file);
        cr_expect(noted(rows[i].words), "%s: %s", rows[i].file, rows[i].words);
    }
}

Test(topo_xml, read__numa_nodes_from_any_number)
{
    static const struct {
        const char *device;
        int numa_node;
        const char *bus;
    } rows[] = {
        {"cpu0", 1, ""},
        {"cpu1", 3, ""},
        {"dram3", 7, ""},
        {"switch0", 1, "0000:40:00.0"},
        {"gpu0", 3, "0000:0f:00.0"},
        {"gpu2", 1, "0000:51:00.0"},
        {"gpu7", 5, "0000:da:00.0"},
        {"nic2", 1, "0000:48:00.0"},
    };

    read_file("oci-a100-8gpu");
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        uint32_t device = weft_topo_find(&topo, rows[i].device);

        cr_assert_neq(device, WEFT_NONE, "%s", rows[i].device);
        cr_expect_eq(topo.devices[device].numa_node, rows[i].numa_node, "%s", rows[i].device);
        cr_expect_str_eq(topo.devices[device].bus, rows[i].bus, "%s", rows[i].device);
    }
}

Test(topo_xml, format__reads_back_equal)
{
    static const char *const names[] = {
        "hgx-h100",      "hgx-h20",         "dgx-a100", "nvl72-tray", "oci-h100-8gpu",
        "oci-a100-8gpu", "azure-ndv5-h100", "aws-p5",   "aws-p4d",    "azure-ndv4-a100",
    };
    static struct weft_topo first;

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(names); i++) {
        memset(&first, 0, sizeof(first));
        if (!weft_preset_fill(names[i], &first)) {
            read_file(names[i]);
            first = topo;
        }
        cr_assert_eq(weft_topo_xml_format(&first, text, sizeof(text), why), weftSuccess, "%s", why);
        read_text(text);
        cr_expect_arr_eq(&topo, &first, sizeof(topo), "%s", names[i]);
    }
}

Test(topo_xml, format__special_characters)
{
    static struct weft_topo first;

    cr_assert(weft_preset_fill("nvl72-tray", &first));
    weft_topo_note(&first, "tab\there, \xc3\xa9 whole, \xc3");
    weft_topo_note(&first, "a < b & \"c\" > 'd'");
    cr_assert_eq(weft_topo_xml_format(&first, text, sizeof(text), why), weftSuccess, "%s", why);
    read_text(text);
    cr_expect_str_eq(topo.notes[first.note_count - 1], "a < b & \"c\" > 'd'");
    cr_expect_str_eq(topo.notes[first.note_count - 2], "tab here, \xc3\xa9 whole, ?");
}

Test(topo_xml, format__refused)
{
    uint32_t gpu;

    cr_assert(weft_preset_fill("hgx-h100", &topo));
    cr_expect_eq(weft_topo_xml_format(&topo, text, 1000, why), weftNoResource);
    cr_expect_str_eq(why, "the topology's XML does not fit in 1000 bytes");
    gpu = weft_topo_find(&topo, "gpu0");
    weft_topo_add_pair(&topo, gpu, weft_topo_find(&topo, "cpu0"), WEFT_LINK_C2C, 1, 1, 0, 0);
    cr_expect_eq(weft_topo_xml_format(&topo, text, sizeof(text), why), weftInvalidUsage);
    cr_expect_not_null(strstr(why, "118 of 120 links"), "%s", why);
}

Test(topo_xml, write__file)
{
    char path[] = "/tmp/weft-topo-XXXXXX";
    static struct weft_topo first;
    int file = mkstemp(path);

    cr_assert_geq(file, 0);
    close(file);
    cr_assert(weft_preset_fill("dgx-a100", &first));
    cr_expect_eq(weft_topo_xml_write(path, &first, why), weftSuccess, "%s", why);
    cr_expect_eq(weft_topo_xml_read(path, &topo, why), weftSuccess, "%s", why);
    cr_expect_arr_eq(&topo, &first, sizeof(topo));
    cr_expect_eq(unlink(path), 0);
    cr_expect_eq(weft_topo_xml_write("/nowhere/at/all.xml", &first, why), weftSystemError);
    cr_expect_not_null(strstr(why, "'/nowhere/at/all.xml' cannot be written: No such file"), "%s",
                       why);
    cr_expect_eq(weft_topo_xml_read("/nowhere/at/all.xml", &topo, why), weftSystemError);
    cr_expect_not_null(strstr(why, "cannot be opened: No such file"), "%s", why);
    cr_expect_eq(weft_topo_xml_read("/", &topo, why), weftSystemError, "a folder");
}

#define HOST "<cpu numaid='0' arch='x86_64' vendor='GenuineIntel' familyid='6' modelid='143'>"
#define GPU(bus, inside)                                                                           \
    "<pci busid='" bus "' class='0x030200' link_speed='16 GT/s' link_width='16'>" inside "</pci>"

Test(topo_xml, parse__direct_nvlink)
{
    static struct weft_topo first;

    read_text("<system version='1'>" HOST GPU(
        "0000:01:00.0", "<gpu dev='1' sm='70'><nvlink target='0000:02:00.0' count='2' "
                        "tclass='0x030200'/><nvlink target='0000:0A:00.0' count='1'/>"
                        "<nvlink target='0000:77:00.0' count='1' tclass='0x030200'/></gpu>")
                  GPU("0000:02:00.0", "<gpu dev='0' sm='70'><nvlink target='0000:01:00.0' "
                                      "count='2' tclass='0x030200'/></gpu>")
                      GPU("0000:0A:00.0", "<gpu dev='2' sm='70'/>") "</cpu></system>");
    cr_expect_null(weft_topo_check(&topo));
    cr_expect_eq(weft_topo_find(&topo, "nvswitch0"), WEFT_NONE);
    /* gpu0 is the file's second one: `dev` counts. */
    cr_expect_str_eq(topo.devices[weft_topo_find(&topo, "gpu0")].bus, "0000:02:00.0");
    cr_expect_str_eq(topo.devices[weft_topo_find(&topo, "gpu2")].bus, "0000:0a:00.0");
    expect_link("text", "gpu0-gpu1", 40000, 40000);
    expect_link("text", "gpu1-gpu2", 20000, 20000);
    cr_expect_eq(weft_topo_link_find(&topo, "gpu0-gpu2"), WEFT_NONE);
    first = topo;
    cr_assert_eq(weft_topo_xml_format(&first, text, sizeof(text), why), weftSuccess, "%s", why);
    read_text(text);
    cr_expect_arr_eq(&topo, &first, sizeof(topo));
}

Test(topo_xml, parse__nvlink_of_the_second_alone)
{
    static struct weft_topo first;

    read_text("<system>" HOST GPU("0000:01:00.0", "<gpu dev='0' sm='70'/>")
                  GPU("0000:02:00.0", "<gpu dev='1' sm='70'><nvlink target='0000:01:00.0' "
                                      "weft_out='7' weft_in='9'/></gpu>") "</cpu></system>");
    expect_link("text", "gpu0-gpu1", 9, 7);
    first = topo;
    cr_assert_eq(weft_topo_xml_format(&first, text, sizeof(text), why), weftSuccess, "%s", why);
    read_text(text);
    cr_expect_arr_eq(&topo, &first, sizeof(topo));
}

Test(topo_xml, parse__c2c)
{
    read_text("<system version='1'><cpu numaid='0' arch='arm64'>" GPU(
        "0008:01:00.0", "<gpu dev='0' sm='100'><nvlink target='fffffff:ffff:ff' count='18'/>"
                        "<c2c bw='44712' count='5'/></gpu>") "</cpu></system>");
    cr_expect_str_eq(topo.devices[0].model, "NVIDIA Grace");
    expect_link("text", "gpu0-c2c", 192932, 211040);
    expect_link("text", "gpu0-nvlink", 774000, 765000);
    expect_link("text", "dram0", 422000, 422000);
    cr_expect_eq(weft_topo_link_find(&topo, "gpu0-pcie"), WEFT_NONE);
}

#define BRIDGE(bus, ids, inside)                                                                   \
    "<pci busid='" bus "' class='0x060400' link_speed='16 GT/s' link_width='16' " ids ">" inside   \
    "</pci>"

Test(topo_xml, parse__nested_switches)
{
    /* A cascade keeps its inner switch; ports and the halves of one Broadcom switch are merged; a
     * bridge to nothing is dropped. */
    read_text("<system>" HOST BRIDGE("0000:01:00.0", "vendor='0x10b5' device='0x8796'",
                                     BRIDGE("0000:02:00.0", "vendor='0x10b5' device='0x9765'",
                                            GPU("0000:03:00.0", "") GPU("0000:04:00.0", ""))
                                         BRIDGE("0000:05:00.0", "", GPU("0000:06:00.0", ""))
                                             BRIDGE("0000:07:00.0", "", ""))
                  BRIDGE("0000:11:00.0", "vendor='0x1000' device='0xc030'",
                         BRIDGE("0000:12:00.0", "vendor='0x1000' device='0xc030'",
                                GPU("0000:13:00.0", "") GPU("0000:14:00.0", "")))
                      GPU("0000:20:00.0", "") "</cpu></system>");
    cr_expect_null(weft_topo_check(&topo));
    cr_expect_eq(weft_topo_find(&topo, "switch3"), WEFT_NONE);
    cr_expect(noted("bridges inside of PCIe switches (2)"));
    for (uint32_t i = 0; i < 6; i++) {
        static const char *const above[] = {"switch1", "switch1", "switch0",
                                            "switch2", "switch2", "cpu0"};
        char name[80];
        const struct weft_link *link;

        (void)snprintf(name, sizeof(name), "gpu%u-pcie", i);
        link = &topo.links[weft_topo_link_find(&topo, name)];
        cr_expect_str_eq(topo.devices[link->to].name, above[i], "%s", name);
    }
    expect_link("text", "switch1-pcie", 26300, 26200);
}

Test(topo_xml, parse__odd_but_good)
{
    /* Unknown elements and speeds, a network without PCI, an SSD, a card without NVLink. */
    read_text("<?xml version='1.0'?><!-- odd --><system version='1'><future a='b'><cpu/></future>"
              "<cpu numaid='-1' arch='mips'>words<pci busid='0000:01:00.0' class='0x030200' "
              "vendor='0x10de' device='0x26b9' link_speed='Unknown speed' link_width='255'/>"
              "<pci busid='0000:02:00.0' class='0x030200' vendor='0x10de' device='0x26b9'/>"
              "<pci busid='0000:03:00.0' class='0x010802' link_speed='32.0 GT/s' link_width='4'/>"
              "<pci busid='0000:04:00.0' class='0x0b4000'/>"
              "<nic><net name='eth0' dev='0' speed='10000'/></nic></cpu></system>");
    cr_expect_null(weft_topo_check(&topo));
    cr_expect_str_eq(topo.devices[weft_topo_find(&topo, "gpu1")].model, "NVIDIA L40S");
    cr_expect_eq(weft_topo_find(&topo, "nvswitch0"), WEFT_NONE, "an L40S has no NVLink");
    expect_link("text", "gpu0-pcie", 12300, 12300);
    expect_link("text", "ssd0-disk", 14000, 7000);
    expect_link("text", "nic0-net", 1232, 1232);
    expect_link("text", "dram0", 100000, 100000);
    cr_expect(noted("PCIe links without a known speed (2): 8.0 GT/s assumed"));
    cr_expect(noted("a CPU that is not in Weft's table"));
}

Test(topo_xml, parse__errors)
{
    static const struct {
        const char *xml;
        const char *sentence;
    } rows[] = {
        {"", "line 1: no element found"},
        {"<system>\n<cpu>\n</system>", "line 3: mismatched tag"},
        {"<system version='1'>", "line 1: no element found"},
        {"not xml", "line 1: syntax error"},
        {"<system><cpu a='1' a='2'/></system>", "line 1: duplicate attribute"},
        {"<system>&nothing;</system>", "line 1: undefined entity"},
        {"<graphs version='1'/>", "line 1: an NCCL topology begins with <system>, not with graphs"},
        {"<system version='2'><cpu/></system>",
         "line 1: only version 1 is understood, not version 2"},
        {"<system/>", "line 1: there is no <cpu> in it"},
        {"<system>\n<cpu numaid='1'/>\n<cpu numaid='1'/>\n</system>",
         "line 3: two CPUs have the same numaid: a file describes one server"},
        {"<system><cpu numaid='x'/></system>", "line 1: numaid=\"x\" is no number from 0 to 1023"},
        {"<system>\n\n<cpu numaid='0'><pci class='0x0300'/></cpu></system>",
         "line 3: a <pci> needs a busid of 1 to 31 characters"},
        {"<system><cpu numaid='0'><pci busid='a' class='0x0300'/>\n<pci busid='A' "
         "class='0x02'/></cpu></system>",
         "line 2: two devices have the busid a"},
        {"<system><cpu><pci busid='a' class='0x0300' link_width='-4'/></cpu></system>",
         "line 1: link_width=\"-4\" is no number from 0 to 255"},
        {"<system><cpu><pci busid='a' class='0x0300'>\n<gpu "
         "sm='99999999999999999999999'/></pci></cpu></system>",
         "line 2: sm=\"99999999999999999999999\" is no number from 0 to 65535"},
        {"<system weft_complete='1'><cpu numaid='0'/>\n<weft_socket from='0' to='4'/></system>",
         "line 2: from and to must be two numaids of CPUs in the file"},
        {"<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]>\n<system>&b;</system>",
         "line 1: document types and entities are not accepted"},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        topo.device_count = 77;
        why[0] = '\0';
        cr_expect_eq(weft_topo_xml_parse(rows[i].xml, strlen(rows[i].xml), "x", &topo, why),
                     weftInvalidArgument, "%s", rows[i].xml);
        cr_expect_str_eq(why, rows[i].sentence, "%s", why);
        cr_expect_eq(topo.device_count, 77, "a failure changes nothing");
    }
}

/* Appends `count` times. */
static size_t repeat(char *to, const char *piece, size_t count)
{
    size_t size = strlen(piece);

    for (size_t i = 0; i < count; i++)
        memcpy(to + i * size, piece, size);
    to[count * size] = '\0';
    return count * size;
}

static size_t numbered(char *to, const char *before, uint32_t number, const char *after)
{
    return (size_t)snprintf(to, 64, "%s%u%s", before, number, after);
}

static void expect_limit(size_t size, weftResult_t result, const char *sentence)
{
    why[0] = '\0';
    cr_expect_eq(weft_topo_xml_parse(text, size, "x", &topo, why), result, "%s", sentence);
    cr_expect_str_eq(why, sentence);
}

Test(topo_xml, parse__limits)
{
    size_t size;

    expect_limit(repeat(text, "<a>", 33), weftInvalidArgument,
                 "line 1: elements are nested deeper than 32");
    size = repeat(text, "<system>", 1);
    size += repeat(text + size, "<b/>", 4096);
    expect_limit(size, weftInvalidArgument, "line 1: more than 4096 elements");
    size = repeat(text, "<system x='", 1);
    size += repeat(text + size, "y", 256);
    size += repeat(text + size, "'/>", 1);
    expect_limit(size, weftInvalidArgument,
                 "line 1: a name or value is longer than 255 characters");
    size = repeat(text, "<system", 1);
    for (uint32_t i = 0; i < 33; i++)
        size += numbered(text + size, " a", i, "=''");
    size += repeat(text + size, "/>", 1);
    expect_limit(size, weftInvalidArgument, "line 1: an element has more than 32 attributes");
    expect_limit(WEFT_TOPO_XML_BYTES + 1, weftInvalidArgument, "the file is larger than 1 MiB");
    size = repeat(text, "<system>", 1);
    for (uint32_t i = 0; i < 65; i++)
        size += numbered(text + size, "<cpu numaid='", i, "'/>");
    size += repeat(text + size, "</system>", 1);
    expect_limit(size, weftNoResource, "line 1: more than 64 CPUs");
    size = repeat(text, "<system><cpu>", 1);
    for (uint32_t i = 0; i < 257; i++)
        size += numbered(text + size, "\n<pci busid='", i, "' class='0x0300'/>");
    size += repeat(text + size, "</cpu></system>", 1);
    expect_limit(size, weftNoResource, "line 258: more than 256 devices");
}

Test(topo_xml, parse__every_prefix_and_flip)
{
    /* A damaged file is read or refused with a reason; the sanitizers watch. */
    size_t size;

    cr_assert(weft_preset_fill("nvl72-tray", &topo));
    cr_assert_eq(weft_topo_xml_format(&topo, text, sizeof(text), why), weftSuccess, "%s", why);
    size = strlen(text);
    for (size_t cut = 0; cut + 2 < size; cut += 7) {
        why[0] = '\0';
        cr_assert_neq(weft_topo_xml_parse(text, cut, "x", &topo, why), weftSuccess);
        cr_assert_neq(why[0], '\0', "cut at %zu", cut);
    }
    for (size_t at = 0; at < size; at += 11) {
        char before = text[at];
        weftResult_t result;

        text[at] = '9';
        why[0] = '\0';
        result = weft_topo_xml_parse(text, size, "x", &topo, why);
        cr_assert_eq(result == weftSuccess, why[0] == '\0', "byte %zu: %s", at, why);
        if (result == weftSuccess)
            cr_assert_null(weft_topo_check(&topo), "byte %zu", at);
        text[at] = before;
    }
}
