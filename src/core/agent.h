/* The agent: what every server says of itself, flooded among peers that each pass on what is newer.
 *
 * An *origin* is who describes itself, under a name that it has again after a restart, by a record:
 * some bytes, and a version, (incarnation, sequence). The newest version of an origin wins,
 * wherever it comes from; older ones are dropped. So a restarted process, which is another
 * incarnation, replaces the old one, and who hears of itself what is newer than itself (its clock
 * went back, or somebody lies) goes past that.
 *
 * Every peer is told each version once, unless it was the one that told it; one record at a time,
 * with a gap after it, and the own record changes with a gap as well: so there are no storms. Which
 * bytes a record has is the host's business, and what it believes of what others say of others. */
#ifndef WEFT_AGENT_H
#define WEFT_AGENT_H

#include "../base/base.h"
#include "../base/buf.h"

#define WEFT_AGENT_ORIGINS_MAX 32
#define WEFT_AGENT_PEERS_MAX   16
#define WEFT_AGENT_BYTES_MAX   36864 /* of a record */
#define WEFT_AGENT_HEAD_BYTES  28
#define WEFT_AGENT_SELF        0 /* the own place in the table of origins */

struct weft_agent_version {
    uint64_t incarnation; /* 0: none; below 2^63 */
    uint64_t sequence;    /* below 2^63 */
};

/* A record as it is told. */
struct weft_agent_record {
    uint64_t name;
    struct weft_agent_version version;
    uint32_t size_bytes;
    const uint8_t *bytes; /* whose the message is */
};

struct weft_agent_origin {
    uint64_t name;
    struct weft_agent_version version;                     /* incarnation 0: the place is free */
    struct weft_agent_version known[WEFT_AGENT_PEERS_MAX]; /* what each peer has */
    uint64_t heard;                                        /* the least recently heard makes room */
    uint32_t size_bytes;
    uint8_t bytes[WEFT_AGENT_BYTES_MAX];
};

struct weft_agent_peer {
    bool is_here;
    weft_ns next_at; /* it is told nothing before */
};

struct weft_agent {
    weft_ns own_gap_ns;  /* between two versions of the own record */
    weft_ns peer_gap_ns; /* between two records that a peer is told */
    weft_ns own_at;      /* the own record may change again */
    uint64_t heard_count;
    uint64_t dropped_count; /* records that were old, or had no room */
    weft_ns wake_at;        /* there is something to tell then; WEFT_NEVER: nothing */
    struct weft_agent_peer peers[WEFT_AGENT_PEERS_MAX];
    struct weft_agent_origin origins[WEFT_AGENT_ORIGINS_MAX];
};

enum weft_agent_news {
    WEFT_AGENT_NEW,
    WEFT_AGENT_SAME, /* the version that is here */
    WEFT_AGENT_OLD,
    WEFT_AGENT_OWN, /* the own name: nothing that the agent does not say itself */
    WEFT_AGENT_NEWS
};

/* Needs: zeroed memory. `incarnation` grows with every restart. */
void weft_agent_init(struct weft_agent *agent, uint64_t name, uint64_t incarnation,
                     weft_ns own_gap_ns, weft_ns peer_gap_ns);

bool weft_agent_is_newer(struct weft_agent_version a, struct weft_agent_version b);

/* The own record from now on; at least one gap lies between two. False: too soon, say it later. */
bool weft_agent_say(struct weft_agent *agent, const void *bytes, uint32_t size_bytes, weft_ns now);

/* A peer is here, and knows nothing; or is gone. */
void weft_agent_join(struct weft_agent *agent, uint32_t peer, weft_ns now);
void weft_agent_leave(struct weft_agent *agent, uint32_t peer);

/* A peer has told a record. `*origin` is its place, of all but what is old. */
enum weft_agent_news weft_agent_hear(struct weft_agent *agent, uint32_t peer,
                                     const struct weft_agent_record *record, weft_ns now,
                                     uint32_t *origin);

/* Whom to tell what now; false: nobody anything before wake_at. One of the next two follows. */
bool weft_agent_next(struct weft_agent *agent, weft_ns now, uint32_t *peer, uint32_t *origin);
void weft_agent_told(struct weft_agent *agent, uint32_t peer, uint32_t origin, weft_ns now);
void weft_agent_postpone(struct weft_agent *agent, uint32_t peer, weft_ns now);

/* The place of a name, or WEFT_NONE. */
uint32_t weft_agent_find(const struct weft_agent *agent, uint64_t name);

/* The record of a place as a message, or part of one. */
void weft_agent_write(const struct weft_agent_origin *origin, struct weft_writer *writer);

/* False: the bytes are no record. */
bool weft_agent_read(struct weft_agent_record *record, struct weft_reader *reader);

#endif
