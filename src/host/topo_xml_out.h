/* XML text: elements with attributes, indented, in a buffer of fixed size. */
#ifndef WEFT_TOPO_XML_OUT_H
#define WEFT_TOPO_XML_OUT_H

#include "base/text.h"

struct weft_xml_out {
    struct weft_text text; /* `cut` tells that it did not fit */
    uint32_t depth;        /* elements that are open */
};

/* Begins an element; its attributes follow, then enter or close. */
void weft_xml_out_open(struct weft_xml_out *out, const char *name);

/* Ends the opening tag; what follows is inside until leave. */
void weft_xml_out_enter(struct weft_xml_out *out);
void weft_xml_out_leave(struct weft_xml_out *out, const char *name);

/* Ends an element with nothing inside. */
void weft_xml_out_close(struct weft_xml_out *out);

/* Attributes. Text is escaped; control characters become blanks. */
void weft_xml_out_text(struct weft_xml_out *out, const char *name, const char *value);
void weft_xml_out_number(struct weft_xml_out *out, const char *name, uint64_t value);

#endif
