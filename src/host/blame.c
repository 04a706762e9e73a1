/* Composes the sentence of a failed transfer; see blame.h. */
#include "blame.h"

#include "../core/result.h"
#include "log.h"

struct cause_row {
    const char *because; /* after the transfer's name; NULL: the result's own words */
    const char *remedy;
};

static const struct cause_row rows[WEFT_CAUSES] = {
    [WEFT_CAUSE_NONE] = {NULL, ""},
    [WEFT_CAUSE_DEADLINE] = {"was not finished by its deadline",
                             "raise the setting timeout_ms or move less at once"},
    [WEFT_CAUSE_HUNG] = {"has a copy that makes no progress, so its outcome is unknown",
                         "its memory must not be reused; abort the comm and check the device"},
    [WEFT_CAUSE_DOWN] = {"has no route left that is up", "check the links with weft-topo"},
    [WEFT_CAUSE_NO_ROUTE] = {"has no route",
                             "set routes to all, or see weft-topo for what leads there"},
    [WEFT_CAUSE_CANCELLED] = {"was cancelled by weftCancel", ""},
    [WEFT_CAUSE_REVOKED] = {"was cancelled because one of its windows was revoked",
                            "ask the window's owner for a new key"},
    [WEFT_CAUSE_ABORTED] = {"was cancelled by weftCommAbort", ""},
    [WEFT_CAUSE_PEER] = {NULL, "see the log of the other process"},
    [WEFT_CAUSE_GONE] = {"has lost its peer: the process there has ended, or has closed its comm",
                         "start it again and import its windows' new keys"},
    [WEFT_CAUSE_SILENT] = {"was a peer's to carry out, which does not say what it did: its bytes "
                           "may yet land",
                           "see to the process there; when that has ended nothing of it lands"},
    [WEFT_CAUSE_SIGNAL] = {"moved its bytes, but its signal could not be written",
                           "check the signal's device"},
};

void weft_blame_size(struct weft_text *text, uint64_t bytes)
{
    static const char *const units[] = {" bytes", " KiB", " MiB", " GiB"};
    uint32_t unit = 0;

    while (bytes != 0 && bytes % 1024 == 0 && unit + 1 < WEFT_ARRAY_COUNT(units)) {
        bytes /= 1024;
        unit++;
    }
    weft_text_number(text, bytes);
    weft_text_add(text, units[unit]);
}

static const char *device_name(const struct weft_blame *blame, uint32_t device)
{
    return blame->topo->devices[device].name;
}

static void add_hop(struct weft_text *text, const struct weft_blame *blame)
{
    const struct weft_hop *hop = &blame->hops->hops[blame->end.hop];
    char link[64];

    weft_text_format(text, "; the copy %s -> %s, driven by %s", device_name(blame, hop->src_device),
                     device_name(blame, hop->dst_device), device_name(blame, hop->port_device));
    for (uint32_t i = 0; i < hop->link_count; i++) {
        weft_topo_link_name(blame->topo, hop->links[i], link, sizeof(link));
        weft_text_format(text, "%s%s", i == 0 ? " over " : ", ", link);
    }
    if (blame->end.cause == WEFT_CAUSE_DOWN)
        weft_text_add(text, ", failed last");
    else
        weft_text_add(text, ", has made no progress");
    if (blame->end.since > 0) {
        weft_text_add(text, blame->end.cause == WEFT_CAUSE_DOWN ? ", down for " : " for ");
        weft_text_fixed(text, blame->end.since / 1000, 3);
        weft_text_add(text, " ms");
    }
}

void weft_blame_write(const struct weft_blame *blame, char text[WEFT_BLAME_BYTES])
{
    const struct cause_row *row = &rows[blame->end.cause];
    struct weft_text words;

    weft_text_init(&words, text, WEFT_BLAME_BYTES);
    if (blame->src_device == WEFT_NONE) {
        weft_text_format(&words, "the signal on %s ", device_name(blame, blame->dst_device));
    } else {
        weft_text_add(&words, "the transfer of ");
        weft_blame_size(&words, blame->size_bytes);
        weft_text_format(&words, " from %s to %s ", device_name(blame, blame->src_device),
                         device_name(blame, blame->dst_device));
    }
    if (row->because == NULL)
        weft_text_format(&words, "failed: %s", weft_result_text(blame->end.result));
    else
        weft_text_add(&words, row->because);
    if (blame->end.cause == WEFT_CAUSE_DEADLINE || blame->end.cause == WEFT_CAUSE_HUNG) {
        weft_text_add(&words, " (timeout_ms ");
        weft_text_number(&words, blame->config->timeout_ms);
        weft_text_add(&words, ", ");
        weft_blame_size(&words, blame->end.moved_bytes);
        weft_text_add(&words, " moved)");
    }
    if (blame->end.hop != WEFT_NONE)
        add_hop(&words, blame);
    if (row->remedy[0] != '\0')
        weft_text_format(&words, "; %s", row->remedy);
}
