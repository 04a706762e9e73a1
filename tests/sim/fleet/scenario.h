/* Scenarios: what others test their transports' failures with, over two or three servers of a fleet
 * that are the same in every run. A row says what is asked for in rounds, what fails when, and what
 * must come of it: each call's end, and by when; lanes that nothing happened to are as they were;
 * and the fault was seen, or the row would show nothing. The bounds are from outside, with their
 * places (scenario_rows.c). All oracles of the fleet hold besides. */
#ifndef SIM_SCENARIO_H
#define SIM_SCENARIO_H

#include "../faults.h"

/* What a round asks for, a bit each; an active message is a small put with a signal. */
#define SIM_ASKS_PUT     1u
#define SIM_ASKS_GET     2u
#define SIM_ASKS_MESSAGE 4u
#define SIM_ASKS_FLUSH   8u /* its last call is behind a fence, and has a signal */

enum sim_scenario_way {
    SIM_WAY_NONE,
    SIM_WAY_EACH, /* one NIC more in each round after the first, in any order; one is left */
    SIM_WAY_ALL,  /* all NICs in the first round that has faults */
    SIM_WAY_ONE   /* one NIC, or process, in each round that has faults */
};

enum sim_scenario_end {
    SIM_ENDS_WELL,     /* every call does */
    SIM_ENDS_LOST,     /* those of the rounds with faults end with an error, once, and no later */
    SIM_ENDS_UNREACHED /* the peer cannot be met: that is said, and no later */
};

struct sim_scenario {
    const char *name;
    const char *source;
    unsigned asks;
    bool on_gpus; /* else in host memory */
    uint64_t size_bytes;
    uint32_t calls; /* of each kind in a round, to each peer */
    uint32_t servers;
    uint32_t nics;
    uint32_t rounds;
    weft_ns round_ns;
    enum sim_scenario_way way;
    enum sim_fault_kind fault;
    uint32_t server;      /* whose NIC, or process, fails: 0 asks, 1 is asked */
    uint32_t first_round; /* with a fault; EACH and ALL: at least 1 */
    uint32_t fault_rounds;
    uint32_t every_rounds; /* from one of them to the next; 0: 1 */
    weft_ns after_ns;      /* from the round's beginning, when calls begin, to the fault */
    weft_ns down_ns;       /* 0: it stays */
    weft_ns timeout_ns;
    enum sim_scenario_end end;
    bool fails_copies; /* some must be seen to fail: else nothing was shown */
    weft_ns bound_ns;  /* of each call, from its beginning */
};

extern const struct sim_scenario sim_scenarios[];
extern const uint32_t sim_scenario_count;

/* Runs those with `only` in their names, or all for NULL, some times each. Does not return when one
 * fails: its name stands in the failure. False when there is none. */
bool sim_scenarios_run(const char *only, bool is_verbose);

#endif
