/* Descriptions of servers: written, read back, damaged. */
#include <criterion/criterion.h>

#include "core/description.h"
#include "core/preset.h"
#include "fixture.h"

struct bench {
    struct weft_topo topo;
    struct weft_hop_table hops;
    struct weft_description description;
    struct weft_description read;
    uint8_t bytes[WEFT_DESCRIPTION_BYTES];
};

static struct bench *made(const char *preset)
{
    static struct bench bench;

    memset(&bench, 0, sizeof(bench));
    cr_assert(weft_preset_fill(preset, &bench.topo));
    fixture_hops(&bench.topo, &bench.hops);
    weft_description_make(&bench.description, 0x0a000002, &bench.topo, &bench.hops);
    return &bench;
}

static size_t written(struct bench *bench)
{
    struct weft_writer writer;

    writer = weft_writer_of(bench->bytes, sizeof(bench->bytes));
    weft_description_write(&bench->description, &writer);
    cr_assert_not(writer.failed);
    return writer.used;
}

static const char *read_back(struct bench *bench, size_t size)
{
    struct weft_reader reader;

    reader = weft_reader_of(bench->bytes, size);
    return weft_description_read(&bench->read, &reader);
}

Test(description, read__comes_back)
{
    static const struct {
        const char *preset;
        uint32_t devices;
    } rows[] = {{"hgx-h100", 30}, {"hgx-h20", 30}, {"dgx-a100", 26}, {"nvl72-tray", 14}};

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        struct bench *bench = made(rows[i].preset);
        size_t size = written(bench);

        cr_expect_null(read_back(bench, size), "%s", rows[i].preset);
        cr_expect_eq(bench->read.topo.device_count, rows[i].devices, "%s: %u", rows[i].preset,
                     bench->read.topo.device_count);
        cr_expect_eq(bench->read.server, 0x0a000002);
        cr_expect_eq(bench->read.hop_count, bench->description.hop_count);
        cr_expect_arr_eq(bench->read.own, bench->description.own, sizeof(bench->read.own));
        for (uint32_t k = 0; k < bench->read.topo.link_count; k++)
            cr_expect_eq(bench->read.topo.links[k].rate_bytes_per_us,
                         bench->description.topo.links[k].rate_bytes_per_us);
        cr_expect_str_eq(read_back(bench, size - 1), "it ends too early");
    }
}

/* Every byte changed to a few values: refused, or a topology that holds together. */
Test(description, read__damaged)
{
    static const uint8_t masks[] = {0x01, 0x80, 0xff};
    struct bench *bench = made("dgx-a100");
    size_t size = written(bench);

    for (size_t at = 0; at < size; at++)
        for (size_t k = 0; k < WEFT_ARRAY_COUNT(masks); k++) {
            bench->bytes[at] ^= masks[k];
            if (read_back(bench, size) == NULL)
                cr_assert_null(weft_topo_check(&bench->read.topo), "byte %zu", at);
            bench->bytes[at] ^= masks[k];
        }
}
