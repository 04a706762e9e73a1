/* A put with a signal to another server, over datagram paths: what arrives may be lost, doubled or
 * very late, and so may what says that it arrived.
 *
 * The rules: one log per pair of servers and epoch, shared by all paths, of what was applied
 * (core/mp_seen); a signal is applied behind its data only (core/mp_inbox); what was applied is
 * acknowledged again, and nothing else is; what is of an older epoch is dropped (a session's keys,
 * a window's epoch). Over TCP a lane has the log of its own connection, so there the rule is the
 * fence (transports/tcp/tcp_fence.c): another path is taken only when the old one is dead.
 *
 * Two puts with signals go to the same buffer. Its consumer takes the buffer after the first signal
 * and then gives the credit for the second put. The sender may turn to the next path at any time,
 * whether or not the one before is dead; what is on its way there may still arrive. When it gives
 * up, it says weftUnknown, begins a new epoch, and the buffer is another's as soon as the receiver
 * has agreed.
 *
 * Promises: no_late_write, signal_once, signal_implies_data, visible (what has completed was
 * applied), completes (the deadline comes only where the path in use has lost something), ends,
 * stops (see check.sh).
 *
 * Planted bugs, with the promise that each breaks:
 *   -DNAIVE_RESEND    signal_once          the receiver keeps no log
 *   -DPATH_LOG        signal_once          it keeps one per path
 *   -DMAX_SIGNAL      no_late_write        no log, but signals that only grow
 *   -DNO_GATE         signal_implies_data  a signal does not wait for its data
 *   -DACK_DROPPED     visible              a signal that was dropped is acknowledged
 *   -DNO_REACK        completes            what was applied is not acknowledged again
 *   -DNO_EPOCH        no_late_write        an older epoch is like the present one */

#define PATHS    3 /* one more than the failovers */
#define TAKEN    3 /* the buffer's bytes once the consumer has taken it, */
#define ANOTHERS 4 /* and once it is another owner's */
#ifdef SMALL
#define DOUBLES 0
#else
#define DOUBLES 1 /* datagrams that the network doubles, beside what is sent again */
#endif

#define must(promise, condition) promise = (condition); assert(promise)

bool no_late_write = true;
bool signal_once = true;
bool signal_implies_data = true;
bool visible = true;
bool completes = true;

mtype:outcome = { NO_RESULT, SUCCESS, UNKNOWN };

/* Datagrams: 0 and 1 are data and signal of the first put, 2 and 3 of the second. */
#define is_signal(m) ((m) % 2 == 1)
#define put_of(m)    ((m) / 2 + 1)

byte network[12]; /* copies of datagram m on path p: network[p * 4 + m] */
bool acks[4];     /* on their way */
byte doubles = DOUBLES;
bool lost[PATHS];

/* the sender */
byte path;
byte sent;    /* puts */
bool got[4];  /* acknowledged */
byte done;    /* puts */
mtype:outcome result = NO_RESULT;
bool patient;

/* the receiver */
byte buffer; /* 0: as it was; the number of the last put; TAKEN; ANOTHERS */
byte signals;
bool applied[4];
#ifdef PATH_LOG
bool applied_by[12];
#endif
byte epoch;

inline send(m)
{
    if
    :: !got[m] -> network[path * 4 + m]++
    :: else
    fi
}

inline apply(m)
{
    if
    :: !is_signal(m) ->
        must(no_late_write, buffer == put_of(m) || buffer == (put_of(m) == 1 -> 0 : TAKEN));
        buffer = put_of(m)
#ifdef MAX_SIGNAL
    :: is_signal(m) -> signals = (signals > put_of(m) -> signals : put_of(m))
#else
    :: is_signal(m) -> signals++
#endif
    fi;
    applied[m] = true;
#ifdef PATH_LOG
    applied_by[p * 4 + m] = true;
#endif
    must(signal_once, signals <= sent && (sent < 2 || applied[3] || signals < 2));
    must(signal_implies_data, !is_signal(m) || buffer >= put_of(m))
}

#if defined(NAIVE_RESEND) || defined(MAX_SIGNAL)
#define is_known(m) false
#elif defined(PATH_LOG)
#define is_known(m) applied_by[p * 4 + m]
#else
#define is_known(m) applied[m]
#endif
#ifdef NO_GATE
#define is_early(m) false
#else
#define is_early(m) (is_signal(m) && !applied[m - (m % 2)])
#endif
#ifdef NO_EPOCH
#define is_old() false
#else
#define is_old() (epoch > 0)
#endif

inline arrive(p, m)
{
    if
    :: is_old() -> skip
    :: !is_old() && is_known(m) ->
#ifdef NO_REACK
        skip
#else
        acks[m] = true
#endif
    :: !is_old() && !is_known(m) && is_early(m) ->
#ifdef ACK_DROPPED
        acks[m] = true
#else
        if
        :: p == path -> lost[p] = true /* dropped: as if the network had lost it */
        :: else
        fi
#endif
    :: !is_old() && !is_known(m) && !is_early(m) -> apply(m); acks[m] = true
    fi
}

proctype datagrams(byte p; byte m)
{
    end: do
    :: d_step { network[p * 4 + m] > 0 -> network[p * 4 + m]--; arrive(p, m) }
    :: d_step { network[p * 4 + m] > 0 -> network[p * 4 + m]--; lost[p] = true }
    :: d_step { network[p * 4 + m] > 0 && doubles > 0 -> doubles--; arrive(p, m) }
    od
}

proctype acknowledgements(byte m)
{
    end: do
    :: d_step { acks[m] && result == NO_RESULT -> acks[m] = false; got[m] = true }
    :: d_step { acks[m] -> acks[m] = false; lost[path] = lost[path] || !got[m] }
    od
}

proctype sender()
{
    do
    :: d_step {
           sent == done && (sent == 0 || (sent == 1 && buffer == TAKEN)) ->
           send(sent * 2);
           send(sent * 2 + 1);
           sent++
       }
    :: d_step { /* failover: what is not acknowledged is sent again */
           sent > done && path + 1 < PATHS ->
           path++;
           send(done * 2);
           send(done * 2 + 1)
       }
    :: d_step {
           sent > done && got[done * 2] && got[done * 2 + 1] ->
           must(visible, applied[done * 2] && applied[done * 2 + 1]);
           done++
       }
    :: done == 2 -> result = SUCCESS; break
    :: atomic { /* the deadline: any time, or when nothing else can happen */
           (timeout || !patient) && sent > done ->
           must(completes, lost[path] || !patient);
           result = UNKNOWN;
           break
       }
    od;
    /* The receiver agrees to a new epoch; the buffer goes to another owner. */
    atomic { epoch = 1; buffer = ANOTHERS }
}

proctype consumer()
{
    end: d_step { signals == 1 && buffer == 1 -> buffer = TAKEN }
}

init {
    atomic {
        if
        :: patient = true
        :: patient = false
        fi;
        run datagrams(0, 0);
        run datagrams(0, 1);
        run datagrams(0, 2);
        run datagrams(0, 3);
        run datagrams(1, 0);
        run datagrams(1, 1);
        run datagrams(1, 2);
        run datagrams(1, 3);
        run datagrams(2, 0);
        run datagrams(2, 1);
        run datagrams(2, 2);
        run datagrams(2, 3);
        run acknowledgements(0);
        run acknowledgements(1);
        run acknowledgements(2);
        run acknowledgements(3);
        run consumer();
        run sender()
    }
}
