/* A put over several paths of one server: chunks, lanes, the transfer, its signal.
 *
 * Every `d_step` or `atomic` is one call of the engine, which has one thread, or one move of the
 * machine under it. Time is left out: a watch may expire whenever its link makes no progress, and
 * the deadline may come at any time (`patient` false) or only when nothing else can happen (true).
 * A path is one hop here, so a chunk is one copy; relay.pml has several hops. Sizes, rates and the
 * plan are left out: any path whose lane is usable may take any chunk.
 *
 *   here              there (src/core)
 *   finish            engine_transfer.c: end
 *   take, issue       engine_chunk.c: cut, is_stranded, weft_engine_chunk_next
 *   usable, alive     lane.c: weft_lane_usable, weft_lane_alive
 *   lane_ended        lane.c: weft_lane_ended, served_well; weft_lane_blamed
 *   watch             lane.c: set_timer, weft_lane_expired; engine_lane.c: weft_engine_lane_expired
 *   probe             lane.c: weft_lane_probe_ended
 *   settle            engine_chunk.c: settle, give_back, put_back
 *   settled           engine_transfer.c: weft_engine_transfer_settled
 *   stop              engine_transfer.c: weft_engine_transfer_stop, stop_chunks
 *   try_end, hangs    engine_transfer.c: try_end, give_up_hung, chunk_hangs
 *   expired           engine_transfer.c: weft_engine_transfer_expired
 *   review            engine_transfer.c: weft_engine_transfers_review
 *   tell              engine_transfer.c: weft_engine_transfer_tell; host/loop_op.c: raise_signal
 *   cut, hang, slow   what a transport promises: include/weft_transport.h, struct weft_completion
 *
 * Promises: no_late_write, signal_implies_data, signal_once, told_once, counts_balance (the window
 * counts what is still out, and nothing else), completes (the deadline comes only to a transfer
 * that no path could have carried, or that hangs), honest (how it ended is what happened), ends,
 * stops (see check.sh).
 *
 * Planted bugs, with the promise that each breaks:
 *   -DNAIVE_RESEND    no_late_write        a lane goes down: its chunks go elsewhere at once
 *   -DDEADLINE_DROPS  no_late_write        the deadline does not wait for copies that are out
 *   -DNO_PIN          no_late_write        a window does not count the copies that hang in it
 *   -DSIGNAL_EARLY    signal_implies_data  a transfer ends when its last chunk is issued
 *   -DORPHAN_TELLS    told_once            a copy that ends late ends its transfer again
 *   -DCOUNT_LEAK      counts_balance       a chunk that failed stays counted in its window
 *   -DFORGET_RETURNED completes            a chunk that failed is not taken again
 *   -DNO_PROBE        completes            a lane that is down stays so
 *   -DNO_ORPHAN       honest               a hung transfer ends as if its copies had ended
 *   -DNO_REVIEW       ends                 a lane that stalls after the deadline changes nothing
 *   -DPROBE_LIES      stops                a probe over a link that is cut ends well */

#define CHUNKS   2
#define PATHS    3
#define REPAIRS  1
#ifdef SMALL
#define FAILURES 1
#else
#define FAILURES 3 /* cuts, hangs and slow links, of any paths, at any time */
#endif

#define must(promise, condition) promise = (condition); assert(promise)

bool no_late_write = true;
bool signal_implies_data = true;
bool signal_once = true;
bool told_once = true;
bool counts_balance = true;
bool completes = true;
bool honest = true;

mtype:link_state = { WHOLE, SLOW, CUT, HUNG };
mtype:lane_state = { UP, SUSPECT, DOWN, TRIAL };
/* LANDED, BROKEN: it has ended, well or badly, which is not reported yet. */
mtype:copy_state = { NONE, RUNNING, LANDED, BROKEN };
mtype:chunk_state = { UNCUT, FLYING, RETURNED, DONE, GONE };
mtype:transfer_state = { MOVING, DRAINING, ENDED, TOLD };
mtype:outcome = { NO_RESULT, SUCCESS, TIMEOUT, REMOTE_ERROR, UNKNOWN, CANCELLED };

/* the machine */
mtype:link_state link[PATHS] = WHOLE;
mtype:copy_state copy[CHUNKS] = NONE;
bool written[CHUNKS];
byte failures = FAILURES;
byte repairs = REPAIRS;
bool calm; /* no further faults */

/* lanes, one per path */
mtype:lane_state lane[PATHS] = UP;
byte ready[PATHS];
bool stalled[PATHS];

/* chunks */
mtype:chunk_state chunk[CHUNKS] = UNCUT;
byte at[CHUNKS]; /* the path */
bool orphan[CHUNKS];
#ifdef NAIVE_RESEND
bool ghost[CHUNKS]; /* the copy that nobody waits for, */
byte ghost_at[CHUNKS];
#endif

/* the transfer and its window */
mtype:transfer_state transfer = MOVING;
mtype:outcome result = NO_RESULT;
byte window_chunks;
byte signals;
byte told;
bool patient;
bool late;      /* past the deadline */
bool cancelled; /* by its user */

#define moves(p)  (link[p] == WHOLE || link[p] == SLOW)
#define alive(p)  (lane[p] == UP || lane[p] == TRIAL)
#define usable(p) (lane[p] == UP || (lane[p] == TRIAL && ready[p] == 0))
#define flies(c)  (chunk[c] == FLYING && !orphan[c])
#define hangs(c)  (copy[c] != NONE && stalled[at[c]])
#define waits(c)  (flies(c) && !hangs(c))

inline finish(how)
{
    transfer = ENDED;
    result = how
}

inline make_orphan(c)
{
    if
    :: flies(c) ->
        orphan[c] = true;
#ifdef NO_PIN
        window_chunks--
#endif
    :: else
    fi
}

/* DRAINING: ends when nothing of it is out, or what is out hangs past the deadline. */
inline try_end()
{
    if
    :: !flies(0) && !flies(1) -> finish(result)
#ifdef DEADLINE_DROPS
    :: (flies(0) || flies(1)) && late -> finish(result)
#else
    :: (flies(0) || flies(1)) && late && !waits(0) && !waits(1) ->
        make_orphan(0);
        make_orphan(1);
#ifdef NO_ORPHAN
        finish(result)
#else
        finish(UNKNOWN)
#endif
#endif
    :: else
    fi
}

inline settled()
{
    if
    :: transfer == DRAINING -> try_end()
    :: transfer == MOVING && chunk[0] == DONE && chunk[1] == DONE -> finish(SUCCESS)
    :: else
    fi
}

/* No copy of the chunk is out any more. */
inline settle(c, good)
{
#ifdef NO_PIN
    window_chunks = window_chunks - (orphan[c] -> 0 : 1);
#else
#ifdef COUNT_LEAK
    window_chunks = window_chunks - (good -> 1 : 0);
#else
    window_chunks--;
#endif
#endif
    if
    :: orphan[c] ->
        chunk[c] = GONE;
#ifdef ORPHAN_TELLS
        finish(result)
#endif
    :: !orphan[c] && good -> chunk[c] = DONE; settled()
#ifdef FORGET_RETURNED
    :: !orphan[c] && !good -> chunk[c] = GONE; settled()
#else
    :: !orphan[c] && !good && transfer == DRAINING -> chunk[c] = GONE; settled()
    :: !orphan[c] && !good && transfer != DRAINING -> chunk[c] = RETURNED; settled()
#endif
    fi
}

inline lane_ended(p, good)
{
    ready[p]--;
    stalled[p] = false;
    if
    :: good && lane[p] == SUSPECT -> lane[p] = UP
    :: good && lane[p] == DOWN -> lane[p] = TRIAL
    :: good && lane[p] == TRIAL -> lane[p] = UP /* the last of WEFT_LANE_TRIAL_COPIES, */
    :: good && lane[p] == TRIAL                 /* or not yet */
    :: !good && lane[p] == SUSPECT && ready[p] == 0 -> lane[p] = UP
    :: else
    fi
}

inline stop_chunk(c)
{
    if
    :: chunk[c] == RETURNED || chunk[c] == UNCUT -> chunk[c] = GONE
    :: chunk[c] == FLYING && copy[c] == NONE -> chunk[c] = GONE; window_chunks--
    :: else
    fi
}

inline stop(how)
{
    transfer = DRAINING;
    result = how;
    stop_chunk(0);
    stop_chunk(1);
    try_end()
}

inline take(c, p)
{
    d_step {
        transfer == MOVING && usable(p) &&
        (chunk[c] == RETURNED || (chunk[c] == UNCUT && (c == 0 || chunk[0] != UNCUT))) ->
        chunk[c] = FLYING;
        at[c] = p;
        window_chunks++
    }
}

inline issue(c)
{
    if
    :: !alive(at[c]) -> settle(c, false)
    :: else ->
        ready[at[c]]++;
        copy[c] = RUNNING;
        if
        :: link[at[c]] == CUT -> copy[c] = BROKEN
        :: else
        fi;
#ifdef SIGNAL_EARLY
        if
        :: transfer == MOVING && (chunk[0] == DONE || copy[0] != NONE) &&
           (chunk[1] == DONE || copy[1] != NONE) -> make_orphan(0); make_orphan(1); finish(SUCCESS)
        :: else
        fi
#endif
    fi
}

/* The bytes become visible at the destination. Once the caller has been told, they are another
 * owner's, unless it was told that a copy hangs, and the window says so, too. */
inline land(c)
{
    written[c] = true;
    must(no_late_write, told == 0 || (result == UNKNOWN && orphan[c] && window_chunks > 0))
}

proctype chunk_steps(byte c)
{
    end: do
    :: take(c, 0)
    :: take(c, 1)
    :: take(c, 2)
    :: d_step { chunk[c] == FLYING && copy[c] == NONE -> issue(c) }
    :: d_step { copy[c] == RUNNING && moves(at[c]) -> copy[c] = LANDED; land(c) }
    :: atomic { copy[c] == LANDED -> copy[c] = NONE; lane_ended(at[c], true); settle(c, true) }
    :: d_step {
           copy[c] == BROKEN ->
           copy[c] = NONE;
           lane_ended(at[c], false);
           settle(c, false);
           lane[at[c]] = DOWN
       }
#ifdef NAIVE_RESEND
    :: d_step { ghost[c] && moves(ghost_at[c]) -> ghost[c] = false; land(c) }
#endif
    od
}

#ifdef NAIVE_RESEND
inline abandon(c, p)
{
    if
    :: copy[c] == RUNNING && at[c] == p && transfer == MOVING ->
        ghost[c] = true;
        ghost_at[c] = p;
        copy[c] = NONE;
        ready[p]--;
        settle(c, false)
    :: else
    fi
}
#endif

/* The lane's watch expired: its copies make no progress. */
inline watch(p)
{
    stalled[p] = true;
    if
    :: lane[p] == UP -> lane[p] = SUSPECT
    :: lane[p] == SUSPECT || lane[p] == TRIAL ->
        lane[p] = DOWN;
#ifdef NAIVE_RESEND
        abandon(0, p);
        abandon(1, p)
#endif
    :: else
    fi;
#ifndef NO_REVIEW
    if
    :: transfer == DRAINING -> try_end()
    :: else
    fi
#endif
}

inline cut_copy(c, p)
{
    if
    :: copy[c] == RUNNING && at[c] == p -> copy[c] = BROKEN
    :: else
    fi;
#ifdef NAIVE_RESEND
    ghost[c] = ghost[c] && ghost_at[c] != p
#endif
}

inline cut(p)
{
    link[p] = CUT;
    cut_copy(0, p);
    cut_copy(1, p)
}

proctype lane_steps(byte p)
{
    end: do
    :: d_step {
           ready[p] > 0 && !(lane[p] == DOWN && stalled[p]) &&
           (link[p] == SLOW || link[p] == HUNG) -> watch(p)
       }
#ifdef PROBE_LIES
    :: d_step { lane[p] == DOWN && ready[p] == 0 -> lane[p] = TRIAL }
#elif !defined(NO_PROBE)
    :: d_step { lane[p] == DOWN && ready[p] == 0 && moves(p) -> lane[p] = TRIAL }
#endif
    :: d_step { !calm && failures > 0 && link[p] != CUT -> failures--; cut(p) }
    :: d_step { !calm && failures > 0 && moves(p) -> failures--; link[p] = HUNG }
    :: d_step { !calm && failures > 0 && link[p] == WHOLE -> failures--; link[p] = SLOW }
    :: d_step { !calm && repairs > 0 && link[p] != WHOLE -> repairs--; link[p] = WHOLE }
    od
}

inline expired()
{
    late = true;
    must(completes, !patient || hangs(0) || hangs(1) || cancelled ||
         !(moves(0) || moves(1) || moves(2)));
    if
    :: transfer == DRAINING -> try_end()
    :: transfer == MOVING && !alive(0) && !alive(1) && !alive(2) -> stop(REMOTE_ERROR)
    :: transfer == MOVING && (alive(0) || alive(1) || alive(2)) -> stop(TIMEOUT)
    :: else
    fi
}

/* COMPLETE: the host raises the signal, then sets the request's flag. */
inline tell()
{
    if
    :: result == SUCCESS ->
        signals++;
        must(signal_implies_data, written[0] && written[1]);
        must(signal_once, signals == 1)
    :: else
    fi;
    transfer = TOLD;
    told++;
    must(told_once, told == 1);
    must(honest, (result == UNKNOWN) == (orphan[0] || orphan[1]));
    must(honest, result != CANCELLED || cancelled);
    must(honest, result != TIMEOUT || !patient)
}

proctype transfer_steps()
{
    do
    :: atomic { !late && (transfer == MOVING || transfer == DRAINING) &&
           (timeout || !patient) -> expired() }
    :: d_step { !cancelled && !calm && transfer == MOVING -> cancelled = true; stop(CANCELLED) }
    :: d_step { transfer == ENDED -> tell() }; break
    od;
    end: do
    :: d_step { transfer == ENDED -> tell() }
    od
}

init {
    atomic {
        if
        :: patient = true
        :: patient = false
        fi;
        run chunk_steps(0);
        run chunk_steps(1);
        run lane_steps(0);
        run lane_steps(1);
        run lane_steps(2);
        run transfer_steps()
    }
    calm = true;
    end: atomic {
        timeout && told > 0 ->
        must(counts_balance, window_chunks == (copy[0] != NONE) + (copy[1] != NONE))
    }
}
