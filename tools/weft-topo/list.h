/* A topology as text: the matrix of GPUs and NICs, the links, the notes. To standard output. */
#ifndef WEFT_TOPO_LIST_H
#define WEFT_TOPO_LIST_H

#include "core/topo.h"

void weft_list_matrix(const struct weft_topo *topo);
void weft_list_links(const struct weft_topo *topo);
void weft_list_notes(const struct weft_topo *topo);

/* True for devices that transfers of this version go from and to: GPUs and host memories. */
bool weft_list_moves(const struct weft_topo *topo, uint32_t device);

/* "dram0, gpu0, gpu1, ...": the names of those devices. */
void weft_list_names(const struct weft_topo *topo, char *text, size_t size);

#endif
