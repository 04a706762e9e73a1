/* Runs rows of the table, and compares. */
#include "rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define SPREAD_RUNS 100
#define NEVER_MS    UINT32_MAX

static void tell(struct mpsim_duo *duo, uint32_t group, bool is_up)
{
    for (uint32_t side = 0; side < 2; side++)
        weft_mp_group_told(duo->ends[side].mp, duo->now, group, is_up);
}

static void apply(struct mpsim_duo *duo, const struct mpsim_row *row,
                  const struct mpsim_row_fault *fault, bool begins)
{
    if (fault->kind == MPSIM_REBIND)
        for (uint32_t path = 0; path < duo->config.path_count; path++)
            mpsim_duo_rebind(duo, 0, path);
    for (uint32_t side = 0; side < 2; side++)
        mpsim_link_fault(&duo->net.links[side][fault->group], row, fault, side, begins);
    if (fault->kind == MPSIM_TOLD)
        tell(duo, fault->group, !begins);
}

static void run_with_faults(struct mpsim_duo *duo, const struct mpsim_row *row, weft_ns limit)
{
    weft_ns from = 0;

    while (!duo->has_failed && !mpsim_duo_is_done(duo) && duo->now < limit) {
        struct mpsim_moment moment = mpsim_row_moment(row, from);

        mpsim_duo_run(duo, weft_min(moment.at, limit));
        if (mpsim_duo_is_done(duo) || moment.at >= limit)
            break;
        apply(duo, row, moment.fault, moment.begins);
        from = moment.at + 1;
    }
    if (!duo->has_failed && !mpsim_duo_is_done(duo))
        mpsim_duo_run(duo, limit);
}

void mpsim_row_run(const struct mpsim_row *row, uint64_t seed, struct mpsim_outcome *outcome)
{
    static struct mpsim_duo duo;
    struct mpsim_flow flows[2];
    struct weft_mp_config config;

    mpsim_row_config(row, &config);
    mpsim_row_flows(row, flows);
    mpsim_duo_init(&duo, &config, flows, seed);
    duo.manners.is_followed = true;
    for (uint32_t side = 0; side < 2; side++)
        for (uint32_t i = 0; i < row->group_count; i++)
            mpsim_link_set(&duo.net.links[side][i], &row->links[i]);
    run_with_faults(&duo, row, (weft_ns)row->bound_us * 1000 * 3 / 2);
    *outcome = (struct mpsim_outcome){
        .took_ns = weft_max(duo.ends[0].ended_at, duo.ends[1].ended_at),
        .came_ns = weft_max(duo.ends[0].completed_at, duo.ends[1].completed_at),
        .is_done = mpsim_duo_is_done(&duo),
        .is_wrong = !mpsim_duo_check_end(&duo),
        .lost_events = duo.ends[row->from].lost,
        .counts = {*weft_mp_counts_of(duo.ends[0].mp), *weft_mp_counts_of(duo.ends[1].mp)},
    };
    memcpy(outcome->why, duo.why, sizeof(outcome->why));
    mpsim_duo_fini(&duo);
}

/* NULL: within its bounds. */
static const char *judge(const struct mpsim_row *row, const struct mpsim_outcome *outcome)
{
    if (outcome->is_wrong)
        return outcome->why;
    if (row->is_hopeless)
        return outcome->is_done || outcome->lost_events != 1 ? "not LOST once" : NULL;
    if (!outcome->is_done)
        return "not done";
    if (outcome->took_ns < (weft_ns)row->least_us * 1000)
        return "faster than possible";
    return outcome->took_ns > (weft_ns)row->bound_us * 1000 ? "too slow" : NULL;
}

bool mpsim_rows_check(const char *only, bool is_verbose)
{
    bool is_good = true;

    printf("%-28s %10s %10s %10s %7s %7s %6s  %s\n", "scenario", "least ms", "took ms", "bound ms",
           "resent", "late", "rto", "source");
    for (uint32_t i = 0; i < mpsim_row_count; i++) {
        const struct mpsim_row *row = &mpsim_rows[i];
        const struct weft_mp_counts *counts;
        struct mpsim_outcome outcome;
        const char *wrong;

        if (only != NULL && strstr(row->name, only) == NULL)
            continue;
        mpsim_row_run(row, 1, &outcome);
        counts = &outcome.counts[row->from];
        wrong = judge(row, &outcome);
        printf("%-28s %10.3f %10.3f %10.3f %7" PRIu64 " %7" PRIu64 " %6" PRIu64 "  %s%s%s\n",
               row->name, row->least_us / 1e3, (double)outcome.took_ns / 1e6, row->bound_us / 1e3,
               counts->resent_packets, counts->late_packets, counts->timeouts, row->source,
               wrong == NULL ? "" : ": FAILED: ", wrong == NULL ? "" : wrong);
        if (is_verbose)
            printf("    sent %" PRIu64 " lost %" PRIu64 " probes %" PRIu64 " acks %" PRIu64
                   " duplicates %" PRIu64 "\n",
                   counts->sent_packets, counts->lost_packets, counts->probes_sent,
                   counts->acks_received, outcome.counts[1 - row->from].duplicate_packets);
        is_good = is_good && wrong == NULL;
    }
    return is_good;
}

/* ---- spreads ---- */

static int compare(const void *a, const void *b)
{
    uint32_t first = *(const uint32_t *)a;
    uint32_t second = *(const uint32_t *)b;

    return (first > second) - (first < second);
}

bool mpsim_figures_of(uint32_t *took_ms, uint32_t count, struct mpsim_figures *figures)
{
    uint64_t sum = 0;

    if (count == 0)
        return false;
    for (uint32_t i = 0; i < count; i++)
        sum += took_ms[i];
    qsort(took_ms, count, sizeof(*took_ms), compare);
    *figures = (struct mpsim_figures){sum / count, took_ms[0], took_ms[count / 2],
                                      took_ms[count * 9 / 10]};
    return true;
}

/* The last answer is what the caller of side 0 waits for. */
static uint32_t run_once(const struct mpsim_spread *spread, uint64_t seed, char *why)
{
    struct mpsim_outcome outcome;
    struct mpsim_row row;

    mpsim_spread_row(spread, &row);
    mpsim_row_run(&row, seed, &outcome);
    if (outcome.is_wrong)
        memcpy(why, outcome.why, sizeof(outcome.why));
    return outcome.is_done ? (uint32_t)(outcome.came_ns / 1000000) : NEVER_MS;
}

static bool is_within(const uint32_t bounds[2], uint64_t value)
{
    return value >= bounds[0] && value <= bounds[1];
}

bool mpsim_spreads_check(const char *only)
{
    bool is_good = true;

    printf("%-20s %9s %22s %22s %22s\n", "quicly t/lossy.c", "failures", "mean ms", "median ms",
           "p90 ms");
    for (uint32_t i = 0; i < mpsim_spread_count; i++) {
        const struct mpsim_spread *spread = &mpsim_spreads[i];
        uint32_t took_ms[SPREAD_RUNS];
        char why[MPSIM_WHY_BYTES] = "";
        struct mpsim_figures figures = {0, 0, 0, 0};
        uint32_t count = 0;
        bool is_in;

        if (only != NULL && strstr(spread->name, only) == NULL)
            continue;
        for (uint32_t run = 0; run < SPREAD_RUNS; run++) {
            took_ms[count] = run_once(spread, run + 1, why);
            count += took_ms[count] != NEVER_MS;
        }
        is_in = mpsim_figures_of(took_ms, count, &figures) && why[0] == '\0' &&
                SPREAD_RUNS - count <= spread->failures_max &&
                is_within(spread->mean_ms, figures.mean_ms) &&
                is_within(spread->median_ms, figures.median_ms) &&
                is_within(spread->p90_ms, figures.p90_ms);
        printf("%-20s %3u of %2u %6" PRIu64 " in %4u..%-6u %6u in %4u..%-6u %6u in %4u..%-6u%s%s\n",
               spread->name, SPREAD_RUNS - count, spread->failures_max, figures.mean_ms,
               spread->mean_ms[0], spread->mean_ms[1], figures.median_ms, spread->median_ms[0],
               spread->median_ms[1], figures.p90_ms, spread->p90_ms[0], spread->p90_ms[1],
               is_in ? "" : " FAILED ", why);
        is_good = is_good && is_in;
    }
    return is_good;
}
