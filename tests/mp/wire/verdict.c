/* Jobs of rows and spreads, and what is asked of them; see verdict.h. */
#include "verdict.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jobs.h"

#define ROWS_MAX       128
#define LIMIT_S        240
#define SPREAD_MAX     100
#define SPREAD_MORE_MS 10 /* what sockets and threads take of a bound that has no room for them */

/* A job's row of the table, or a spread. */
struct job {
    const struct mpsim_row *row; /* NULL: a spread */
    const struct mpsim_spread *spread;
};

struct outcome {
    struct mpwire_outcome row;
    struct mpsim_figures figures;
    uint32_t failures;
};

struct table {
    const struct mpwire_choice *choice;
    struct job jobs[ROWS_MAX];
    uint32_t count;
    uint32_t within; /* the bounds of the table */
    bool is_good;
    bool has_spread; /* its head was printed */
};

static bool is_chosen(const struct mpwire_choice *choice, const char *name)
{
    return choice->only == NULL || strstr(name, choice->only) != NULL;
}

void mpwire_rows_list(void)
{
    for (uint32_t i = 0; i < mpsim_row_count; i++)
        printf("%-28s %s\n", mpsim_rows[i].name, mpsim_rows[i].source);
    for (uint32_t i = 0; i < mpsim_spread_count; i++)
        printf("%-28s quicly t/lossy.c\n", mpsim_spreads[i].name);
}

/* ---- in a job's process ---- */

static void spread_run(const struct mpsim_spread *spread, const struct mpwire_choice *choice,
                       struct outcome *outcome)
{
    struct mpsim_row row;
    uint32_t took_ms[SPREAD_MAX];
    uint32_t count = 0;

    mpsim_spread_row(spread, &row);
    for (uint32_t run = 0; run < weft_min(spread->wire_runs, weft_min(choice->runs, SPREAD_MAX));
         run++) {
        struct mpwire_outcome one;

        mpwire_row_run(&row, choice->seed * SPREAD_MAX + run, &one);
        if (one.is_wrong && !outcome->row.is_wrong)
            outcome->row = one;
        took_ms[count] = (uint32_t)(one.took_ns / 1000000);
        count += one.is_done;
        outcome->failures += !one.is_done;
    }
    (void)mpsim_figures_of(took_ms, count, &outcome->figures);
}

static void run(uint32_t number, void *memory, void *context)
{
    const struct table *table = context;
    const struct job *job = &table->jobs[number];
    struct outcome *outcome = memory;
    struct mpsim_row scaled;

    if (job->row == NULL) {
        spread_run(job->spread, table->choice, outcome);
        return;
    }
    mpwire_row_scale(job->row, &scaled);
    mpwire_row_run(&scaled, table->choice->seed, &outcome->row);
}

/* ---- here ---- */

/* A fault that nothing met shows nothing. NULL: all were met. */
static const char *unmet(const struct mpsim_row *row, const struct mpwire_counts *counts)
{
    bool needs[MPSIM_MET_KINDS] = {false};
    static const char *const words[MPSIM_MET_KINDS] = {
        [MPSIM_MET_FULL] = "", /* no row asks for it */
        [MPSIM_MET_SILENT] = "nothing was sent into the silence",
        [MPSIM_MET_LOST] = "nothing was lost",
        [MPSIM_MET_CORRUPT] = "nothing was corrupted",
        [MPSIM_MET_TWICE] = "nothing was doubled",
        [MPSIM_MET_EARLY] = "nothing was reordered",
    };

    for (uint32_t i = 0; i < row->group_count; i++) {
        needs[MPSIM_MET_LOST] |= row->links[i].loss > 0 || row->links[i].loss_every > 0;
        needs[MPSIM_MET_CORRUPT] |= row->links[i].corrupt > 0;
        needs[MPSIM_MET_TWICE] |= row->links[i].twice > 0;
        needs[MPSIM_MET_EARLY] |= row->links[i].early > 0;
    }
    for (uint32_t i = 0; i < MPSIM_ROW_FAULTS; i++) {
        enum mpsim_fault_kind kind = row->faults[i].kind;

        needs[MPSIM_MET_SILENT] |= kind == MPSIM_SILENT || kind == MPSIM_DEAF;
        if (kind == MPSIM_REFUSED && counts->refused_links == 0)
            return "no link was closed";
        if (kind == MPSIM_REBIND && counts->rebound == 0)
            return "nothing was bound anew";
    }
    for (uint32_t kind = 0; kind < MPSIM_MET_KINDS; kind++)
        if (needs[kind] && counts->met[kind] == 0)
            return words[kind];
    return NULL;
}

static bool is_within(const struct mpsim_row *row, const struct mpwire_outcome *outcome)
{
    return row->is_hopeless || outcome->took_ns <= (weft_ns)row->bound_us * 1000;
}

/* NULL: nothing is wrong, though it may be slower than the bound. */
static const char *judge(const struct mpsim_row *row, const struct mpwire_outcome *outcome)
{
    if (outcome->is_wrong)
        return outcome->why;
    if (row->is_hopeless)
        return outcome->is_done || outcome->downs != 1 ? "not lost once" : NULL;
    if (outcome->downs > 0)
        return "the peer was given up";
    if (outcome->errors > 0)
        return "copies ended badly";
    if (!outcome->is_done)
        return "not done";
    if (outcome->took_ns < (weft_ns)row->least_us * 1000)
        return "faster than possible";
    if (outcome->took_ns > mpwire_row_limit_ns(row))
        return "too slow by far";
    return unmet(row, &outcome->counts);
}

/* Medians of the least and a clock that ticks: 80 ms are 80 ms and some. */
static bool spread_is_within(const struct mpsim_spread *spread, const struct outcome *outcome)
{
    return outcome->figures.mean_ms <= spread->mean_ms[1] + SPREAD_MORE_MS &&
           outcome->figures.median_ms <= spread->median_ms[1] + SPREAD_MORE_MS &&
           outcome->figures.p90_ms <= spread->p90_ms[1] + SPREAD_MORE_MS;
}

static const char *spread_judge(const struct mpsim_spread *spread, const struct outcome *outcome)
{
    if (outcome->row.is_wrong)
        return outcome->row.why;
    if (outcome->failures > spread->failures_max)
        return "too many failures";
    return outcome->figures.least_ms < spread->mean_ms[0] ? "faster than possible" : NULL;
}

static void row_tell(struct table *table, const struct mpsim_row *of,
                     const struct mpwire_outcome *outcome, const char *died)
{
    const struct mpwire_counts *counts = &outcome->counts;
    struct mpsim_row row;
    const char *wrong;
    bool is_in;

    mpwire_row_scale(of, &row);
    wrong = died != NULL ? died : judge(&row, outcome);
    is_in = wrong == NULL && is_within(&row, outcome);
    printf("%-28s %10.3f %10.3f %10.3f %7" PRIu64 " %7" PRIu64 " %7" PRIu64 " %7" PRIu64
           "  %s%s%s\n",
           row.name, row.least_us / 1e3, (double)outcome->took_ns / 1e6, row.bound_us / 1e3,
           counts->carried_packets, counts->met[MPSIM_MET_FULL],
           counts->met[MPSIM_MET_LOST] + counts->met[MPSIM_MET_SILENT],
           counts->met[MPSIM_MET_CORRUPT] + counts->met[MPSIM_MET_TWICE] +
               counts->met[MPSIM_MET_EARLY],
           row.source,
           wrong != NULL ? ": FAILED: "
           : is_in       ? ""
                         : ": over the bound",
           wrong == NULL ? "" : wrong);
    if (table->choice->is_verbose)
        printf("    came %" PRIu64 " silent %" PRIu64 " lost %" PRIu64 " corrupt %" PRIu64
               " twice %" PRIu64 " early %" PRIu64 " undelivered %" PRIu64 " refused links %" PRIu64
               " rebound %" PRIu64 "\n",
               counts->came_packets, counts->met[MPSIM_MET_SILENT], counts->met[MPSIM_MET_LOST],
               counts->met[MPSIM_MET_CORRUPT], counts->met[MPSIM_MET_TWICE],
               counts->met[MPSIM_MET_EARLY], counts->undelivered_packets, counts->refused_links,
               counts->rebound);
    for (uint32_t side = 0; table->choice->is_verbose && side < 2; side++)
        printf("    side %u: sent %" PRIu64 " resent %" PRIu64 " lost %" PRIu64 " late %" PRIu64
               " timeouts %" PRIu64 " probes %" PRIu64 " acks sent %" PRIu64 " received %" PRIu64
               " duplicates %" PRIu64 "\n",
               side, outcome->ends[side].sent_packets, outcome->ends[side].resent_packets,
               outcome->ends[side].lost_packets, outcome->ends[side].late_packets,
               outcome->ends[side].timeouts, outcome->ends[side].probes_sent,
               outcome->ends[side].acks_sent, outcome->ends[side].acks_received,
               outcome->ends[side].duplicate_packets);
    table->within += is_in;
    table->is_good = table->is_good && wrong == NULL;
}

static void spread_tell(struct table *table, const struct mpsim_spread *spread,
                        const struct outcome *outcome, const char *died)
{
    const char *wrong = died != NULL ? died : spread_judge(spread, outcome);
    bool is_in = wrong == NULL && spread_is_within(spread, outcome);

    if (!table->has_spread)
        printf("%-20s %4s %9s %22s %22s %22s\n", "quicly t/lossy.c", "runs", "failures", "mean ms",
               "median ms", "p90 ms");
    table->has_spread = true;
    printf("%-20s %4u %3u of %2u %6" PRIu64 " in %4u..%-6u %6u in %4u..%-6u %6u in %4u..%-6u%s%s\n",
           spread->name, (uint32_t)weft_min(spread->wire_runs, table->choice->runs),
           outcome->failures, spread->failures_max, outcome->figures.mean_ms, spread->mean_ms[0],
           spread->mean_ms[1], outcome->figures.median_ms, spread->median_ms[0],
           spread->median_ms[1], outcome->figures.p90_ms, spread->p90_ms[0], spread->p90_ms[1],
           wrong != NULL ? " FAILED: "
           : is_in       ? ""
                         : " over a bound",
           wrong == NULL ? "" : wrong);
    table->within += is_in;
    table->is_good = table->is_good && wrong == NULL;
}

static void tell(uint32_t number, const void *memory, const char *died, void *context)
{
    struct table *table = context;
    const struct job *job = &table->jobs[number];
    const struct outcome *outcome = memory;

    if (job->row != NULL)
        row_tell(table, job->row, &outcome->row, died);
    else
        spread_tell(table, job->spread, outcome, died);
    (void)fflush(stdout);
}

/* Two servers and a network of their own do not wait for other programs of this computer. */
static bool first_become(void)
{
    const struct sched_param first = {.sched_priority = 1};

    return sched_setscheduler(0, SCHED_RR, &first) == 0;
}

bool mpwire_rows_check(const struct mpwire_choice *choice)
{
    static struct table table;
    struct mpwire_jobs jobs = {.at_once = (uint32_t)choice->jobs,
                               .limit_s = LIMIT_S,
                               .outcome_bytes = sizeof(struct outcome),
                               .run = run,
                               .tell = tell,
                               .context = &table};

    table.choice = choice;
    table.is_good = true;
    for (uint32_t i = 0; i < mpsim_row_count; i++)
        if (is_chosen(choice, mpsim_rows[i].name) && table.count < ROWS_MAX)
            table.jobs[table.count++].row = &mpsim_rows[i];
    for (uint32_t i = 0; i < mpsim_spread_count; i++)
        if (is_chosen(choice, mpsim_spreads[i].name) && table.count < ROWS_MAX)
            table.jobs[table.count++].spread = &mpsim_spreads[i];
    jobs.count = table.count;
    if (table.count == 0) {
        printf("no row has '%s' in its name; --list says which there are\n", choice->only);
        return false;
    }
    if (!first_become())
        printf("without real-time priority: what else runs on this computer makes times longer\n");
    printf("%-28s %10s %10s %10s %7s %7s %7s %7s  %s\n", "scenario", "least ms", "took ms",
           "bound ms", "carried", "full", "lost", "spoilt", "source");
    if (!mpwire_jobs_run(&jobs))
        return false;
    printf("%u of %u within the bounds of the table; %s\n", table.within, table.count,
           table.is_good ? "nothing is wrong" : "FAILED");
    return table.is_good && (table.within == table.count || !choice->is_strict);
}
