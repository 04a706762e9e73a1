/* A transport that wraps another and makes it fail as a plan says.
 *
 * What always holds: a copy that this wrapper lets fail is as the contract says, either never begun
 * or ended before it is reported; equal plans and equal calls give equal faults.
 *
 * The plan, from the setting `fault`, is a list of items with ';' between them:
 *
 *      seed=N                          of what is random (default 1)
 *      copy[:SELECTOR]...:ACTION       the first rule that selects a copy decides over it
 *      SLOT[:SELECTOR]...:ERROR        the same for calls of another slot: they are not made, and
 *                                      return the error
 *      poll:delay=N                    what has ended is told N polls late
 *      poll:reorder                    ... in random order
 *
 *      SELECTOR  every=N               each N-th that reaches the rule
 *                nth=N                 the N-th alone
 *                from=N                the N-th and all later ones
 *                percent=N             N of 100, at random
 *                times=N               no more than N
 *                hop=gpu1>dram0        copies over that hop alone
 *                together              copies are counted over all ports that use the plan, not on
 *                                      each; calls of other slots always are
 *      ACTION    refuse                the queue is full: nothing is done
 *                reject                it fails at once: nothing is done
 *                fail                  it is taken, not done, and ends badly
 *                spoil                 it is done, and ends badly nevertheless
 *                hang                  it is done, and its end is never told
 *      SLOT      probe hops open alloc pin window_add window_export window_import connect store
 *                load stream_mark stream_reached stream_hold stream_await
 *      ERROR     cuda system argument usage resource timeout unknown
 *
 * A call of stream_reached counts only when the mark was reached: an error gives the mark back.
 *
 * Example: "seed=7;copy:every=7:fail;copy:hop=gpu1>dram0:percent=20:refuse;open:nth=2:system" */
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

/* How often the rules of a plan that count over all ports have acted in this process. Any thread.
 */
uint64_t weft_fault_done(const char *plan);

#endif
