/* Records: an array that grows, of copies as they were issued. */
#include "record.h"

#include <stdlib.h>

#define COPIES_FIRST 1024

void sim_record_begin(struct sim_record *record)
{
    record->count = 0;
}

void sim_record_fini(struct sim_record *record)
{
    free(record->copies);
    record->copies = NULL;
    record->capacity = 0;
}

void sim_record_issued(struct sim_record *record, const struct sim_copy *copy, weft_ns now)
{
    if (record == NULL)
        return;
    if (record->count == record->capacity) {
        record->capacity = record->capacity == 0 ? COPIES_FIRST : 2 * record->capacity;
        record->copies = realloc(record->copies, record->capacity * sizeof(record->copies[0]));
        weft_assert(record->copies != NULL);
    }
    record->of_cookie[copy->cookie] = record->count;
    record->copies[record->count++] = (struct sim_record_copy){.hop = copy->hop,
                                                               .size_bytes = copy->size_bytes,
                                                               .issued_at = now,
                                                               .started_at = WEFT_NEVER,
                                                               .ended_at = WEFT_NEVER,
                                                               .is_probe = copy->is_probe,
                                                               .result = weftInProgress};
}

void sim_record_started(struct sim_record *record, const struct sim_copy *copy, weft_ns now)
{
    if (record != NULL)
        record->copies[record->of_cookie[copy->cookie]].started_at = now;
}

void sim_record_ended(struct sim_record *record, const struct sim_copy *copy, weft_ns now)
{
    if (record == NULL)
        return;
    record->copies[record->of_cookie[copy->cookie]].ended_at = now;
    record->copies[record->of_cookie[copy->cookie]].result = copy->result;
}
