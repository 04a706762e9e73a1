/* Records of fleets: two arrays that grow. */
#include "fleet_record.h"

#include <stdlib.h>

#define FIRST 1024

static void *grow(void *array, uint32_t count, uint32_t *capacity, size_t each)
{
    if (count < *capacity)
        return array;
    *capacity = *capacity == 0 ? FIRST : 2 * *capacity;
    array = realloc(array, *capacity * each);
    weft_assert(array != NULL);
    return array;
}

void sim_record_fleet_begin(struct sim_fleet_record *record)
{
    record->count = 0;
    record->closure_count = 0;
}

void sim_record_fleet_fini(struct sim_fleet_record *record)
{
    free(record->marks);
    free(record->closures);
    *record = (struct sim_fleet_record){0};
}

void sim_record_item_sent(struct sim_fleet *fleet, uint32_t index)
{
    struct sim_fleet_record *record = fleet->record;
    struct sim_item *item = &fleet->items[index];

    if (record == NULL || item->kind > SIM_ITEM_FORWARD)
        return;
    /* What goes again over another lane has not gone over the one before. */
    sim_record_item_ended(fleet, item, weftRemoteError);
    record->marks = grow(record->marks, record->count, &record->capacity, sizeof(record->marks[0]));
    record->marks[record->count] = (struct sim_mark){.kind = item->kind,
                                                     .is_probe = item->copy.is_probe,
                                                     .server = item->server,
                                                     .link = item->link,
                                                     .side = item->side,
                                                     .lane = item->lane,
                                                     .size_bytes = item->copy.size_bytes,
                                                     .issued_at = fleet->now,
                                                     .started_at = WEFT_NEVER,
                                                     .ended_at = WEFT_NEVER,
                                                     .result = weftInProgress};
    item->mark = ++record->count;
}

void sim_record_item_started(struct sim_fleet *fleet, const struct sim_item *item)
{
    if (fleet->record != NULL && item->mark > 0)
        fleet->record->marks[item->mark - 1].started_at = fleet->now;
}

void sim_record_item_ended(struct sim_fleet *fleet, struct sim_item *item, weftResult_t result)
{
    if (fleet->record == NULL || item->mark == 0)
        return;
    fleet->record->marks[item->mark - 1].ended_at = fleet->now;
    fleet->record->marks[item->mark - 1].result = result;
    item->mark = 0;
}

void sim_record_lane_closed(struct sim_fleet *fleet, uint32_t link, uint32_t lane, uint32_t side)
{
    struct sim_fleet_record *record = fleet->record;

    if (record == NULL)
        return;
    record->closures = grow(record->closures, record->closure_count, &record->closure_capacity,
                            sizeof(record->closures[0]));
    record->closures[record->closure_count++] =
        (struct sim_closure){link, lane, side, fleet->now, WEFT_NEVER};
}

void sim_record_lane_open(struct sim_fleet *fleet, uint32_t link, uint32_t lane)
{
    struct sim_fleet_record *record = fleet->record;

    for (uint32_t i = 0; record != NULL && i < record->closure_count; i++)
        if (record->closures[i].link == link && record->closures[i].lane == lane &&
            record->closures[i].until == WEFT_NEVER)
            record->closures[i].until = fleet->now;
}
