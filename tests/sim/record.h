/* What a run did, kept for a drawing: its copies with their times. The run's own tables keep the
 * rest (operations, faults). */
#ifndef SIM_RECORD_H
#define SIM_RECORD_H

#include "copy.h"

struct sim_record_copy {
    uint32_t hop;
    uint64_t size_bytes;
    weft_ns issued_at;
    weft_ns started_at; /* WEFT_NEVER: it never did */
    weft_ns ended_at;   /* WEFT_NEVER: not when the run ended */
    bool is_probe;
    weftResult_t result;
};

struct sim_record {
    uint32_t count;
    uint32_t capacity;
    struct sim_record_copy *copies;
    uint32_t of_cookie[SIM_COPIES_MAX]; /* the last copy of each */
};

/* The same record may be used for one run after the other. */
void sim_record_begin(struct sim_record *record);
void sim_record_fini(struct sim_record *record);

/* `record` may be NULL in all three: then nothing is kept. */
void sim_record_issued(struct sim_record *record, const struct sim_copy *copy, weft_ns now);
void sim_record_started(struct sim_record *record, const struct sim_copy *copy, weft_ns now);
void sim_record_ended(struct sim_record *record, const struct sim_copy *copy, weft_ns now);

#endif
