/* What an end sends and gets: a part of end.h, which end.c drives. */
#ifndef MPWIRE_END_FLOW_H
#define MPWIRE_END_FLOW_H

#include "end.h"

enum { MPWIRE_SOURCE, MPWIRE_SINK, MPWIRE_THEIRS, MPWIRE_WINDOWS }; /* numbers of windows */

/* The first promise that is broken is kept. */
__attribute__((format(printf, 2, 3))) void mpwire_end_fail(struct mpwire_end *end,
                                                           const char *format, ...);

bool mpwire_flow_alloc(struct mpwire_end *end, const struct mpsim_flow *theirs, uint64_t seed);
void mpwire_flow_free(struct mpwire_end *end);
/* The end's sink, as its peer imports it. */
struct weft_net_remote mpwire_sink_remote(const struct mpwire_end *end);

void mpwire_flow_submit(struct mpwire_end *end);
void mpwire_flow_ended(struct mpwire_end *end, const struct weft_completion *ended);
void mpwire_flow_message(struct mpwire_end *end, const void *bytes, size_t size);
/* Looks for words that were raised, and at what they say has come. */
void mpwire_flow_look(struct mpwire_end *end);

#endif
