/* A transport that wraps another and makes it fail as a plan says.
 *
 * What always holds: a copy that this wrapper lets fail is as the contract says, either never begun
 * or ended before it is reported; equal plans and equal calls give equal faults.
 *
 * The plan, from the setting `fault`, is a list of items with ';' between them:
 *
 *      seed=N                          of what is random (default 1)
 *      copy[:SELECTOR]...:ACTION       the first rule that selects a copy decides over it
 *      poll:delay=N                    what has ended is told N polls late
 *      poll:reorder                    ... in random order
 *
 *      SELECTOR  every=N               each N-th copy that reaches the rule, on each port
 *                nth=N                 the N-th alone
 *                percent=N             N of 100, at random
 *                times=N               no more than N copies, on each port
 *                hop=gpu1>dram0        copies over that hop alone
 *      ACTION    refuse                the queue is full: nothing is done
 *                reject                it fails at once: nothing is done
 *                fail                  it is taken, not done, and ends badly
 *                spoil                 it is done, and ends badly nevertheless
 *
 * Example: "seed=7;copy:every=7:fail;copy:hop=gpu1>dram0:percent=20:refuse;poll:delay=5" */
#ifndef WEFT_FAULT_H
#define WEFT_FAULT_H

#include "weft_transport.h"

#define WEFT_FAULT_WRAPS_MAX 16 /* different (transport, plan) pairs of one process */

/* The table of `inner` with the faults of `plan`. The table lives as long as the process; equal
 * calls give the same one. Any thread.
 * weftInvalidArgument  the plan is wrong; `why` says where, and what is valid
 * weftNoResource       too many different plans in this process */
weftResult_t weft_fault_wrap(const struct weft_transport_ops *inner, const char *plan,
                             const struct weft_transport_ops **wrapped, char why[256]);

#endif
