/* An item: what is under way in a fleet, inside a server or over a lane; and memory, where it goes.
 *
 *     issued           its first byte           its last byte         the issuer knows
 *     ------> SENT ------------------> LANDING ---------------> APPLIED --------------> FREE
 *
 * One that waits for something is parked, or has a time at which it goes on. */
#ifndef SIM_FLEET_ITEM_H
#define SIM_FLEET_ITEM_H

#include "../copy.h"
#include "weft_net.h"

#define SIM_FLEET_ITEMS_MAX 16384

struct sim_fleet;

enum sim_item_kind {
    SIM_ITEM_FREE,
    SIM_ITEM_LOCAL,   /* a copy inside a server */
    SIM_ITEM_WRITE,   /* over a lane: a copy, */
    SIM_ITEM_STORE,   /* a word, */
    SIM_ITEM_FORWARD, /* a copy that the peer is asked for, */
    SIM_ITEM_ANSWER,  /* its answer, */
    SIM_ITEM_MESSAGE, /* bytes */
    SIM_ITEM_CLOSE,   /* one side of a lane gives it up */
    SIM_ITEM_SETTLE,  /* a dead lane is fenced, and made anew where that is possible */
    SIM_ITEM_GONE,    /* one side hears that the other's process has ended */
    SIM_ITEM_DIAL,    /* a peer is tried */
    SIM_ITEM_KINDS
};

enum sim_item_phase { SIM_ITEM_SENT, SIM_ITEM_LANDING, SIM_ITEM_APPLIED };

struct sim_item {
    enum sim_item_kind kind;
    enum sim_item_phase phase;
    uint32_t server; /* that issued it, */
    uint32_t life;   /* in that life */
    uint32_t link;   /* WEFT_NONE: of no lane */
    uint32_t side;   /* of the link, that issued it */
    uint32_t lane;   /* WEFT_NONE: it waits for one */
    uint64_t generation;
    uint32_t cookie;
    uint32_t port;     /* of a LOCAL one, by device */
    uint32_t after;    /* LOCAL: the item before it, or WEFT_NONE */
    uint32_t follower; /* the other way */
    bool is_doomed;    /* LOCAL: that one has failed, or a fault says so */
    bool is_parked;    /* its hop is stalled, or its NIC silent */
    bool is_lost;      /* the network has lost it */
    bool is_refused;
    bool is_answered;
    bool is_failing; /* LOCAL: a fault says so, not the one before it */
    bool is_direct;  /* a copy whose ends are no relays */
    uint32_t hop;    /* of the issuer's world, of LOCAL and WRITE; WEFT_NONE: nobody looks */
    weft_ns sent_at; /* it may begin from then on */
    weftResult_t result;
    weft_ns takes_ns; /* from its first byte to its last */
    uint64_t number;  /* CLOSE: what must still hold; DIAL: whom */
    struct weft_net_remote dst;
    struct weft_net_remote src;
    struct sim_copy copy; /* its windows are memories of the shadow */
    uint64_t offset;      /* STORE */
    uint64_t value;
    uint32_t request; /* ANSWER: the item of the FORWARD */
    uint32_t peer;    /* DIAL: the number that the dialler gave it */
    uint32_t mark;    /* of the record, and one; 0: none */
    uint8_t *bytes;   /* MESSAGE */
    size_t size;
};

uint32_t sim_item_take(struct sim_fleet *fleet, enum sim_item_kind kind, uint32_t server);
void sim_item_give(struct sim_fleet *fleet, uint32_t item);

/* It goes on at that time; or not before it is told to. */
void sim_item_at(struct sim_fleet *fleet, uint32_t item, weft_ns at);
void sim_item_park(struct sim_fleet *fleet, uint32_t item);

/* The item's copy, of `extents`, which are copied. */
void sim_item_copy(struct sim_fleet *fleet, uint32_t item, uint32_t dst_memory, uint32_t src_memory,
                   const struct weft_extent *extents, uint32_t count, uint64_t size_bytes);

/* Its bytes begin to be written, and have been, or not. */
void sim_item_begin(struct sim_fleet *fleet, struct sim_item *item);
void sim_item_end(struct sim_fleet *fleet, struct sim_item *item, bool is_moved);

/* Memory of the shadow, with numbers over all servers; a base is a number that names one: nothing
 * is behind it. */
uint32_t sim_memory_add(struct sim_fleet *fleet, uint32_t device, uint64_t size, bool is_relay);
void *sim_memory_base(uint32_t memory);
uint32_t sim_memory_of(const void *base);

#endif
