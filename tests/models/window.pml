/* A window that others have imported, revoked and deregistered while transfers use it.
 *
 * Comm 0 owns the window, comm 1 imports it with a key. Both put into it, and comm 1 raises a
 * signal in it behind a fence. The owner deregisters at any time, and tries again where a copy
 * hung; then the memory is gone. A copy may hang, and land much later or never. `deadline` stands
 * for the settings timeout_ms and abort_ms and for what they do to transfers: it passes at any
 * time, once.
 *
 *   here              there (src)
 *   holder            api/window.c: weftWindowImport, import_locked; host/share.c: weft_share_find,
 *                     weft_share_join; api/window_end.c: weftWindowDeregister, forget
 *   owner             api/window_end.c: weftWindowDeregister, wait_unused; host/share.c:
 *                     weft_share_revoke, weft_share_close
 *   call_until        host/loop_command.c: ask_once, weft_loop_call
 *   take_ops          host/loop_op.c: weft_loop_take_ops; core/engine_transfer.c: check_op
 *   revoke            host/loop_command.c: weft_command_window_revoke; core/engine.c: revoke,
 *                     stop_all; core/window.c: weft_window_revoke
 *   remove            host/loop_command.c: weft_command_window_remove; core/window.c:
 *                     weft_window_remove
 *   pass_fence        core/engine_transfer.c: pass_fence, start
 *   copies, uses      core/window.h: `chunks`, and `transfers`, which lasts until the host has
 *                     raised the signal (core/engine_transfer.c: weft_engine_transfer_tell)
 *   give_up           core/engine_transfer.c: give_up_hung
 *
 * Promises: no_late_access (nothing touches the memory after deregister returned weftSuccess),
 * no_revoked_access (nor does an importer after a revocation returned weftSuccess), ends (every
 * call returns, every transfer ends), stops (see check.sh).
 *
 * Planted bugs, with the promise that each breaks:
 *   -DNO_REVOKE       no_late_access     deregister leaves the importers alone
 *   -DLATE_JOIN       no_revoked_access  an import is of use before the share knows of it
 *   -DLEAVE_EARLY     no_revoked_access  an importer leaves the share before its copies have ended
 *   -DNO_PIN          no_late_access     a window does not count the copies that hang in it
 *   -DREVOKE_COPIES   no_revoked_access  a revocation waits for copies, but not for signals
 *   -DNO_DEADLINE     ends               a revocation waits for a copy that hangs
 *   -DLOCK_IN_LOOP    ends               a progress thread takes the shares' lock */

#define COMMS 2

#define must(promise, condition) promise = (condition); assert(promise)

bool no_late_access = true;
bool no_revoked_access = true;

mtype:window_state = { FREE, LIVE, REVOKED };
/* HUNG: it may land yet; STUCK: it never will, which nobody can know; LANDED: not reported yet. */
mtype:copy_state = { NONE, RUNNING, HUNG, STUCK, LANDED };
mtype:transfer_state = { IDLE, QUEUED, WAITING, MOVING, DRAINING, ENDED, TOLD };
mtype:command_state = { NO_COMMAND, REVOKE, REMOVE, ANSWERED };
mtype:outcome = { SUCCESS, IN_PROGRESS, UNKNOWN };

/* The share: the window as its keys see it. */
bool shares_lock;
bool revoked;
bool closed;
bool joined[COMMS];

bool deadline;
bool sealed; /* a revocation returned weftSuccess */
bool gone;   /* deregister returned weftSuccess: the memory is another's */

/* each comm's engine and machine */
mtype:window_state window[COMMS] = FREE;
mtype:copy_state copy[COMMS] = NONE;
mtype:transfer_state put[COMMS] = IDLE;
mtype:transfer_state signal[COMMS] = IDLE;
bool signal_good[COMMS];

/* each comm's command slot */
bool command_lock[COMMS];
mtype:command_state command[COMMS] = NO_COMMAND;
mtype:outcome answer[COMMS] = SUCCESS;

#define out(c) (put[c] == MOVING || put[c] == DRAINING)
#ifdef NO_PIN
#define copies(c) (copy[c] != NONE && out(c))
#else
#define copies(c) (copy[c] != NONE)
#endif
#define transfers(c) (out(c) || put[c] == ENDED || signal[c] == WAITING || signal[c] == ENDED)
#define uses(c)      (copies(c) || transfers(c))
#ifdef REVOKE_COPIES
#define revoke_waits(c) copies(c)
#else
#define revoke_waits(c) uses(c)
#endif

inline touch(c)
{
    must(no_late_access, !gone);
    must(no_revoked_access, c == 0 || !sealed)
}

inline lock_shares()
{
    atomic { !shares_lock -> shares_lock = true }
}

/* ---- the progress thread ---- */

inline pass_fence(c)
{
    if
    :: signal[c] == WAITING -> signal[c] = ENDED; signal_good[c] = true
    :: else
    fi
}

inline take_ops(c)
{
    if
    :: put[c] == QUEUED && window[c] == LIVE -> put[c] = MOVING
    :: put[c] == QUEUED && window[c] != LIVE -> put[c] = TOLD
    :: else
    fi;
    if
    :: signal[c] == QUEUED && window[c] != LIVE -> signal[c] = TOLD
    :: signal[c] == QUEUED && window[c] == LIVE && out(c) -> signal[c] = WAITING
    :: signal[c] == QUEUED && window[c] == LIVE && !out(c) ->
        signal[c] = ENDED;
        signal_good[c] = true
    :: else
    fi
}

inline stop_signal(c)
{
    if
    :: signal[c] == WAITING -> signal[c] = ENDED
    :: else
    fi
}

inline stop_put(c)
{
    if
    :: put[c] == MOVING && copy[c] == NONE -> put[c] = ENDED; pass_fence(c)
    :: put[c] == MOVING && copy[c] != NONE -> put[c] = DRAINING
    :: else
    fi
}

/* Transfers are stopped in the order of their tags: either may come first, and a fence may pass in
 * between. */
inline revoke(c)
{
    take_ops(c);
    if
    :: window[c] == LIVE ->
        window[c] = REVOKED;
        if
        :: true -> stop_put(c); stop_signal(c)
        :: true -> stop_signal(c); stop_put(c)
        fi
    :: else
    fi
}

inline remove(c)
{
    take_ops(c);
    if
    :: !uses(c) -> window[c] = FREE
    :: else
    fi
}

proctype loop(byte c)
{
    end: do
    :: d_step { put[c] == QUEUED || signal[c] == QUEUED -> take_ops(c) }
    :: d_step { put[c] == MOVING && copy[c] == NONE -> copy[c] = RUNNING }
    :: d_step {
           copy[c] == LANDED ->
           copy[c] = NONE;
           if
           :: out(c) -> put[c] = ENDED; pass_fence(c)
           :: else /* an orphan */
           fi
       }
    :: d_step { put[c] == MOVING && deadline -> stop_put(c) }
    :: d_step { /* give_up */
           put[c] == DRAINING && deadline && (copy[c] == HUNG || copy[c] == STUCK) ->
           put[c] = ENDED;
           pass_fence(c)
       }
    :: atomic {
           put[c] == ENDED ->
#ifdef LOCK_IN_LOOP
           !shares_lock;
#endif
           put[c] = TOLD
       }
    :: d_step {
           signal[c] == ENDED ->
           signal[c] = TOLD;
           if
           :: signal_good[c] -> touch(c)
           :: else
           fi
       }
    :: atomic {
           command[c] == REVOKE ->
           revoke(c);
           answer[c] = (revoke_waits(c) -> IN_PROGRESS : SUCCESS);
           command[c] = ANSWERED
       }
    :: d_step {
           command[c] == REMOVE ->
           remove(c);
           answer[c] = (window[c] == FREE -> SUCCESS : IN_PROGRESS);
           command[c] = ANSWERED
       }
    od
}

proctype machine(byte c)
{
    end: do
    :: d_step { copy[c] == RUNNING || copy[c] == HUNG -> copy[c] = LANDED; touch(c) }
    :: d_step { copy[c] == RUNNING && !gone -> copy[c] = HUNG }
    :: d_step { copy[c] == HUNG -> copy[c] = STUCK }
    od
}

/* ---- the callers' threads ---- */

/* What is not done yet is asked again when it may be, until the deadline. */
inline call_until(c, what, how)
{
    do
    :: d_step { !command_lock[c] -> command_lock[c] = true; command[c] = what };
        d_step {
            command[c] == ANSWERED ->
            command[c] = NO_COMMAND;
            command_lock[c] = false;
            how = answer[c];
            answer[c] = SUCCESS
        };
        if
        :: how != IN_PROGRESS -> break
        :: how == IN_PROGRESS && !uses(c)
#ifndef NO_DEADLINE
        :: how == IN_PROGRESS && deadline -> how = UNKNOWN; break
#endif
        fi
    od
}

proctype holder(byte c)
{
    mtype:outcome how;

    lock_shares();
    if
    :: revoked || closed -> shares_lock = false; goto none
    :: else
    fi;
#ifdef LATE_JOIN
    d_step { window[c] = LIVE; shares_lock = false };
#else
    d_step { window[c] = LIVE; joined[c] = true; shares_lock = false };
#endif
    if
    :: !revoked -> put[c] = QUEUED
    :: true
    fi;
    if
    :: !revoked -> signal[c] = QUEUED
    :: true
    fi;
#ifdef LATE_JOIN
    lock_shares();
    d_step { joined[c] = true; shares_lock = false };
#endif
    if
    :: true -> goto none /* it keeps its import */
    :: true
    fi;
#ifndef LEAVE_EARLY
    call_until(c, REMOVE, how);
    if
    :: how != SUCCESS -> goto none /* a copy hangs: the import stays */
    :: else
    fi;
#endif
    lock_shares();
    d_step { joined[c] = false; shares_lock = false };
none:
    (put[c] == IDLE || put[c] == TOLD) && (signal[c] == IDLE || signal[c] == TOLD)
}

proctype owner()
{
    mtype:outcome how;
    byte tries = 2;

    if
    :: put[0] = QUEUED
    :: true
    fi;
    do
    :: tries > 0 ->
        tries--;
#ifndef NO_REVOKE
        lock_shares();
        revoked = true;
        if
        :: joined[1] -> call_until(1, REVOKE, how)
        :: else -> how = SUCCESS
        fi;
        shares_lock = false;
        if
        :: how != SUCCESS -> goto again
        :: else -> sealed = true
        fi;
#endif
        call_until(0, REMOVE, how);
        if
        :: how != SUCCESS -> goto again
        :: else
        fi;
        lock_shares();
        d_step { closed = true; revoked = true; shares_lock = false; gone = true };
        break;
again:
        skip
    :: tries == 0 -> break /* a copy hangs: the window stays, and its memory is kept */
    od;
    put[0] == IDLE || put[0] == TOLD
}

init {
    atomic {
        window[0] = LIVE;
        run loop(0);
        run loop(1);
        run machine(0);
        run machine(1);
        run holder(1);
        run owner()
    }
    deadline = true
}
