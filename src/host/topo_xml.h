/* NCCL's topology XML as a struct weft_topo, both ways.
 *
 * Real files are read as they are: what they leave out is filled from topo_facts.h and noted in the
 * topology, unknown elements are ignored, malformed ones are errors with their line. What Weft adds
 * when it writes (rates, latencies, host memory, SSDs, notes) are attributes and elements beginning
 * with weft_, which NCCL ignores; a file that Weft wrote reads back as an equal topology.
 *
 * Devices and links come in the order of the presets: CPUs by NUMA node, their memories, switches,
 * GPUs, NICs, SSDs, the NVSwitch, the network. */
#ifndef WEFT_TOPO_XML_H
#define WEFT_TOPO_XML_H

#include "base/base.h"
#include "core/topo.h"

#define WEFT_TOPO_WHY_BYTES 512

/* Reads a file; the topology is named after it unless the file has a name in it. `*topo` is set
 * only on success, `why` only on failure.
 * weftSystemError       the file cannot be read
 * weftInvalidArgument   it is no topology that Weft understands; `why` begins with the line
 * weftNoResource        more devices or links than a struct weft_topo holds */
weftResult_t weft_topo_xml_read(const char *path, struct weft_topo *topo,
                                char why[WEFT_TOPO_WHY_BYTES]);

/* The same for `size` bytes of text. */
weftResult_t weft_topo_xml_parse(const char *text, size_t size, const char *name,
                                 struct weft_topo *topo, char why[WEFT_TOPO_WHY_BYTES]);

/* Writes the topology as XML into `text`, NUL-terminated.
 * weftInvalidUsage      it has a device or link that the format has no place for
 * weftNoResource        `size` is too small (WEFT_TOPO_XML_BYTES always fit) */
#define WEFT_TOPO_XML_BYTES (1u << 20)
weftResult_t weft_topo_xml_format(const struct weft_topo *topo, char *text, size_t size,
                                  char why[WEFT_TOPO_WHY_BYTES]);

/* The same into a file. weftSystemError: it cannot be written. */
weftResult_t weft_topo_xml_write(const char *path, const struct weft_topo *topo,
                                 char why[WEFT_TOPO_WHY_BYTES]);

#endif
