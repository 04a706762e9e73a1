/* What a fleet did, kept for a drawing: its copies with their times, and when sides of lanes were
 * closed. The fleet's own tables keep the rest (calls, faults). */
#ifndef SIM_FLEET_RECORD_H
#define SIM_FLEET_RECORD_H

#include "fleet.h"

struct sim_mark {
    enum sim_item_kind kind; /* LOCAL, WRITE, STORE, FORWARD */
    bool is_probe;
    uint32_t server; /* LOCAL: of its hop */
    uint32_t link;   /* of the others: with the side that issued it */
    uint32_t side;
    uint32_t lane; /* LOCAL: the hop */
    uint64_t size_bytes;
    weft_ns issued_at;
    weft_ns started_at; /* WEFT_NEVER: it never did */
    weft_ns ended_at;   /* WEFT_NEVER: not when the run ended */
    weftResult_t result;
};

/* A side of a lane neither sends nor takes. */
struct sim_closure {
    uint32_t link;
    uint32_t lane;
    uint32_t side;
    weft_ns from;
    weft_ns until; /* WEFT_NEVER: still so when the run ended */
};

struct sim_fleet_record {
    uint32_t count;
    uint32_t capacity;
    struct sim_mark *marks;
    uint32_t closure_count;
    uint32_t closure_capacity;
    struct sim_closure *closures;
};

/* Takes a zeroed one, or one of a run before. */
void sim_record_fleet_begin(struct sim_fleet_record *record);
void sim_record_fleet_fini(struct sim_fleet_record *record);

/* All of these do nothing while `fleet->record` is NULL. */
void sim_record_item_sent(struct sim_fleet *fleet, uint32_t item);
void sim_record_item_started(struct sim_fleet *fleet, const struct sim_item *item);
void sim_record_item_ended(struct sim_fleet *fleet, struct sim_item *item, weftResult_t result);
void sim_record_lane_closed(struct sim_fleet *fleet, uint32_t link, uint32_t lane, uint32_t side);
void sim_record_lane_open(struct sim_fleet *fleet, uint32_t link, uint32_t lane);

#endif
