/* What is moved: the pairs of devices of a measurement, their memory, and for blocks the id lists.
 *
 * Memory belongs to the machine's home comm and is allocated once for the largest size: first touch
 * of host pages is slow on small machines. Source patterns change with every seed; destinations are
 * poisoned before, so that a byte that never came is seen.
 *
 * Between two servers each process has a subject, and in it the memory of its own side alone; that
 * of server a has the peer, and passes on what is asked of it. */
#ifndef WEFT_PERF_SUBJECT_H
#define WEFT_PERF_SUBJECT_H

#include "arrival.h"
#include "common/testbed.h"
#include "joint.h"
#include "options.h"

#define WEFT_PERF_FLOWS_MAX 16

struct weft_perf_peer;

struct weft_perf_flow {
    enum weft_perf_side from_side;
    enum weft_perf_side to_side;
    weftDevId_t from_id; /* of an own end; those of the other server are its own business */
    weftDevId_t to_id;
    uint32_t from_device; /* in the subject's topology; WEFT_NONE without one */
    uint32_t to_device;
    bool from_gpu;
    bool to_gpu;
    void *src; /* NULL: the other server's */
    void *dst;
};

struct weft_perf_subject {
    const struct weft_testbed *testbed;
    enum weft_perf_side side;            /* this process's */
    struct weft_perf_peer *peer;         /* NULL: none, or this is the second server */
    const struct weft_perf_joint *joint; /* NULL: no second server, or none that is described */
    const struct weft_topo *topo;        /* for bounds; NULL without a description */
    struct weft_perf_arrival arrival;    /* between servers: of what comes to this one */
    uint64_t written_bytes;              /* within one: to the destinations before the transfer */
    uint64_t size;                       /* of each flow of the transfer */
    enum weft_perf_op op;
    uint32_t flow_count;
    struct weft_perf_flow flows[WEFT_PERF_FLOWS_MAX];
    char from_names[WEFT_PERF_FLOWS_MAX][32];
    char to_names[WEFT_PERF_FLOWS_MAX][32];
    uint64_t span_bytes;  /* of each flow's memory, on either side */
    uint64_t block_bytes; /* 0: contiguous */
    uint64_t block_count;
    uint64_t block_stride;
    uint32_t *src_ids; /* NULL: block i lies at i */
    uint32_t *dst_ids;
};

/* `peer` is open, or NULL. */
bool weft_perf_subject_init(struct weft_perf_subject *subject, const struct weft_testbed *testbed,
                            enum weft_perf_side side, struct weft_perf_peer *peer,
                            const struct weft_perf_options *options, char why[WEFT_WHY_BYTES]);
void weft_perf_subject_fini(struct weft_perf_subject *subject);

/* Pattern into the first `size` bytes of the sources (all blocks), poison into the destinations,
 * new block ids. False when the driver fails. */
bool weft_perf_subject_prepare(struct weft_perf_subject *subject, uint64_t size, uint64_t seed);

/* Marks words of this process's destinations, so that their arrival is seen. */
void weft_perf_subject_mark(const struct weft_perf_subject *subject, uint64_t size,
                            struct weft_perf_arrival *arrival);

/* A transfer of `size` bytes per flow follows. */
bool weft_perf_subject_begin(struct weft_perf_subject *subject, uint64_t size);

/* How many parts of 1000 of its bytes have arrived; any thread, one at a time. */
uint32_t weft_perf_subject_arrived(struct weft_perf_subject *subject);

/* Counts the bytes that are not what was sent. */
bool weft_perf_subject_verify(const struct weft_perf_subject *subject, uint64_t size, uint64_t seed,
                              uint64_t *wrong);

/* Counts the bytes of the destinations that have been written since they were prepared. */
bool weft_perf_subject_landed(const struct weft_perf_subject *subject, uint64_t size,
                              uint64_t *bytes);

/* Why prepare, begin, verify or landed failed. */
const char *weft_perf_subject_error(const struct weft_perf_subject *subject);

#endif
