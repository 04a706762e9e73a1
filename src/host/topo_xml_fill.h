/* From the slots of a topology file to devices and links with rates.
 *
 * What the file says of itself (weft_ attributes) counts; the rest comes from topo_facts.h, and
 * each kind of assumption becomes one note of the topology. */
#ifndef WEFT_TOPO_XML_FILL_H
#define WEFT_TOPO_XML_FILL_H

#include "core/topo.h"
#include "topo_xml_slots.h"

/* Fills an initialised, empty topology. Sets the slots' `device`.
 * weftInvalidArgument   a number is wrong; `why` begins with the line
 * weftNoResource        more devices or links than a struct weft_topo holds */
weftResult_t weft_topo_xml_fill(struct weft_topo *topo, struct weft_xml_slots *slots,
                                struct weft_text *why);

#endif
