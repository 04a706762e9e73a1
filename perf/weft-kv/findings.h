/* What a run of the trace found, whatever the job was: the results of both jobs begin with it.
 *
 * How it is told is the same for both: a column of figures for each run, a sentence of counts, and
 * in the JSON the measured run's members, the other's under `beside`, and the ratios. */
#ifndef WEFT_KV_FINDINGS_H
#define WEFT_KV_FINDINGS_H

#include "errors.h"
#include "figures.h"
#include "plot.h"

struct weft_kv_findings {
    const char *sched;
    uint64_t *times_ns; /* one per request that counts; sorted at the end */
    size_t count;       /* of those */
    weft_ns total_ns;
    weft_ns submit_ns;   /* driver calls, all threads; 0 on a real machine */
    uint64_t hit_blocks; /* that were on the GPU already */
    uint64_t new_blocks;
    uint64_t wrong_bytes;
    struct weft_kv_errors errors;
    cJSON *routes; /* owned */
};

/* What the report of a job has of its own. */
struct weft_kv_findings_kind {
    const struct weft_kv_figure *figures;
    size_t figure_count;
    const char *times_name; /* in the JSON: those of all requests, in us */
    bool has_two_ways;      /* bytes go both ways: see weft_kv_route_sums */
    /* Prints what was moved, between the scheduler's name and the errors. */
    void (*counts_print)(const struct weft_kv_findings *findings);
    void (*counts_add)(const struct weft_kv_findings *findings, cJSON *object);
};

/* Frees what it owns. */
void weft_kv_findings_fini(struct weft_kv_findings *findings);

/* Figures of every job: `of` is one run's findings. */
double weft_kv_findings_p50_us(const void *of);
double weft_kv_findings_p90_us(const void *of);
double weft_kv_findings_p99_us(const void *of);
double weft_kv_findings_total_ms(const void *of);

/* The first is the measured one; the second is the baseline, or NULL. */
void weft_kv_findings_print(const struct weft_kv_findings_kind *kind,
                            const struct weft_kv_findings *const both[2]);
void weft_kv_findings_json(const struct weft_kv_findings_kind *kind,
                           const struct weft_kv_findings *const both[2], cJSON *tree);

/* Their curves and routes; these must outlive the picture. */
void weft_kv_findings_picture(const struct weft_kv_findings_kind *kind,
                              const struct weft_kv_findings *const both[2],
                              struct weft_kv_picture *picture);

#endif
