/* What the plan is tested with: a machine, pairs that a test adds, and the shares that they must
 * get. There is one bench, filled anew by each plan_bench_made; nobody frees it. */
#ifndef WEFT_TESTS_PLAN_BENCH_H
#define WEFT_TESTS_PLAN_BENCH_H

#include "core/plan.h"

#define PLAN_BENCH_PAIRS_MAX 8
#define PLAN_BENCH_ROWS_MAX  8

/* A machine with all its hops, a relay on every device, and the pairs that a test adds. */
struct plan_bench {
    struct weft_topo topo;
    struct weft_hop_table hops;
    struct weft_config config;
    struct weft_lane lanes[WEFT_HOPS_MAX];
    struct weft_capacity capacity;
    struct weft_path paths[PLAN_BENCH_PAIRS_MAX * WEFT_ROUTES_MAX];
    struct weft_pair pairs[PLAN_BENCH_PAIRS_MAX];
    struct weft_pair *planned[PLAN_BENCH_PAIRS_MAX];
    uint32_t pair_count;
};

struct plan_share {
    const char *name; /* of the route; NULL ends a list */
    uint64_t cap;
    bool owner_busy;
};

/* "small" is the fixture's machine, the others are presets. */
struct plan_bench *plan_bench_made(const char *machine);

/* A pair of which `left_bytes` are not taken, behind those added before; its paths. */
struct weft_path *plan_bench_add_pair(struct plan_bench *bench, const char *src, const char *dst,
                                      uint64_t left_bytes);

/* The rate of a link in the direction of its name; the limit on both directions together. */
void plan_bench_set_rate(struct plan_bench *bench, const char *link, uint64_t rate);
void plan_bench_set_duplex(struct plan_bench *bench, const char *link, uint64_t duplex);

/* What other engines' plans take of a link in the direction of its name. */
void plan_bench_set_foreign(struct plan_bench *bench, const char *link, uint64_t own,
                            uint64_t lent);

/* Plans for all pairs in the order of `planned`; the sum of the shares. */
uint64_t plan_bench_make(struct plan_bench *bench);

/* The admitted paths of a pair must be these, in this order. */
void plan_bench_expect(const struct plan_bench *bench, uint32_t pair,
                       const struct plan_share shares[PLAN_BENCH_ROWS_MAX]);

#endif
