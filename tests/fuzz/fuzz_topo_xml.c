/* Topology files: any bytes give a topology that holds together, or a reason; what Weft writes of
 * it reads back as the same. */
#include <string.h>

#include "fuzz.h"
#include "host/topo_xml.h"

static void check_same(const struct weft_topo *a, const struct weft_topo *b)
{
    weft_assert(a->device_count == b->device_count);
    weft_assert(a->link_count == b->link_count);
    for (uint32_t i = 0; i < a->device_count; i++) {
        weft_assert(strcmp(a->devices[i].name, b->devices[i].name) == 0);
        weft_assert(a->devices[i].kind == b->devices[i].kind);
    }
    for (uint32_t i = 0; i < a->link_count; i++) {
        weft_assert(a->links[i].from == b->links[i].from);
        weft_assert(a->links[i].to == b->links[i].to);
        weft_assert(a->links[i].rate_bytes_per_us == b->links[i].rate_bytes_per_us);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct weft_topo topo;
    static struct weft_topo again;
    static char text[WEFT_TOPO_XML_BYTES];
    char why[WEFT_TOPO_WHY_BYTES] = "";

    if (weft_topo_xml_parse((const char *)bytes, size, "fuzz", &topo, why) != weftSuccess) {
        weft_assert(why[0] != '\0');
        return 0;
    }
    weft_assert(weft_topo_check(&topo) == NULL);
    if (weft_topo_xml_format(&topo, text, sizeof(text), why) != weftSuccess)
        return 0;
    weft_assert(weft_topo_xml_parse(text, strlen(text), "fuzz", &again, why) == weftSuccess);
    check_same(&topo, &again);
    return 0;
}
