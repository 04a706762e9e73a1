/* Two devices that pass each other's chunks on through their relays.
 *
 * Senders 0 and 1 send a chunk each over relay 0 and then relay 1, senders 2 and 3 the other way
 * round: three copies per chunk, chained, one slot in each relay. Copies may fail, or hang: then
 * the chunk is left behind as an orphan, which may end much later or never. A slot remembers whose
 * bytes lie in it, so that a copy that finds another's is seen.
 *
 *   here              there (src/core)
 *   take              path.c: weft_path_open (a slot in each relay, or none is taken);
 *                     engine_chunk.c: cut; relay.c: weft_relay_take
 *   copy              engine_chunk.c: fill_copy (`after`); chunk.c: weft_chunk_next_hop,
 *                     weft_chunk_extents
 *   settle            chunk.c: weft_chunk_settled; engine_chunk.c: settle, give_back, put_back;
 *                     relay.c: weft_relay_give
 *   hang, late        engine_transfer.c: give_up_hung
 *
 * Promises: slot_is_own (a slot is not reused before the copy that empties it has ended),
 * credits_kept (a slot is given once by who took it, and all are free when nothing is out), ends
 * (no deadlock, every sender ends), stops (see check.sh).
 *
 * Planted bugs, with the promise that each breaks:
 *   -DGIVE_EARLY      slot_is_own       a slot is given when its bytes have come, not left
 *   -DUNCHAINED       slot_is_own       a copy does not wait for the one before it
 *   -DGIVE_HUNG       slot_is_own       a copy that hangs gives its slots at the deadline
 *   -DGIVE_TWICE      credits_kept      a copy that fails gives a slot that its chunk gives, too
 *   -DCREDIT_LEAK     ends              a chunk that fails keeps the slot that it did not reach
 *   -DHOLD_AND_WAIT   ends              a chunk takes its second slot when it needs it */

#define SENDERS  4
#define SLOTS    2 /* of each relay */
#define FAILURES 2
#define HANGS    1
#define NOBODY   15

#define must(promise, condition) promise = (condition); assert(promise)

bool slot_is_own = true;
bool credits_kept = true;

/* Slots 0 and 1 are relay 0's, slots 2 and 3 relay 1's. */
byte taken_by[4] = NOBODY;
byte bytes_of[4] = NOBODY;
byte failures = FAILURES;
byte hangs = HANGS;
byte ended;          /* senders */
byte stuck = NOBODY; /* an orphan that never ends */

#define is_free(relay) (taken_by[2 * relay] == NOBODY || taken_by[2 * relay + 1] == NOBODY)
#define lowest(relay)  (taken_by[2 * relay] == NOBODY -> 2 * relay : 2 * relay + 1)

inline take(relay, slot)
{
    slot = lowest(relay);
    taken_by[slot] = me
}

inline give(slot)
{
    must(credits_kept, taken_by[slot] == me);
    taken_by[slot] = NOBODY;
    bytes_of[slot] = NOBODY
}

inline fill(slot)
{
    must(slot_is_own, taken_by[slot] == me);
    bytes_of[slot] = me
}

inline drain(slot)
{
    must(slot_is_own, bytes_of[slot] == me)
}

/* All copies of the chunk have ended. */
inline settle(good)
{
#ifndef GIVE_EARLY
    give(first_slot);
#endif
#ifdef CREDIT_LEAK
    if
    :: good || step == 2 -> give(second_slot)
    :: else
    fi;
#else
    give(second_slot);
#endif
    first_slot = 0;
    second_slot = 0;
    step = 0
}

proctype sender(byte me; byte first)
{
    byte first_slot;
    byte second_slot;
    byte step; /* the copy that is to end next */
    bool orphan;

cut:
#ifdef HOLD_AND_WAIT
    atomic { is_free(first) -> take(first, first_slot) };
    atomic { is_free((1 - first)) -> take((1 - first), second_slot) };
#else
    atomic {
        is_free(first) && is_free((1 - first)) ->
        take(first, first_slot);
        take((1 - first), second_slot)
    };
#endif
    do
    :: d_step {
           step == 0 ->
           fill(first_slot);
#ifdef GIVE_EARLY
           give(first_slot);
#endif
           step = 1
       }
    :: d_step {
#ifdef UNCHAINED
           step < 2 ->
#else
           step == 1 ->
#endif
           drain(first_slot);
           fill(second_slot);
           step = 2
       }
    :: d_step { step == 2 -> drain(second_slot); settle(true) }; break
    :: d_step { /* fail: the copies behind it end badly, too */
           failures > 0 && !orphan ->
           failures--;
#ifdef GIVE_TWICE
           give(second_slot);
#endif
           settle(false)
       };
       goto cut
    :: d_step { /* hang: the sender is told, and the chunk stays behind */
           hangs > 0 ->
           hangs--;
           orphan = true;
           ended++;
#ifdef GIVE_HUNG
           give(first_slot);
           give(second_slot)
#endif
       }
    :: d_step { orphan -> stuck = me }; goto none
    od;
    if
    :: orphan
    :: !orphan -> ended++
    fi;
none:
    skip
}

#define is_right(slot) (taken_by[slot] == NOBODY || taken_by[slot] == stuck)

init {
    atomic {
        run sender(0, 0);
        run sender(1, 0);
        run sender(2, 1);
        run sender(3, 1)
    }
    ended == SENDERS && _nr_pr == 1;
    must(credits_kept, is_right(0) && is_right(1) && is_right(2) && is_right(3))
}
