/* Runs one row; see run.h. */
#include "run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SECOND(n)     ((weft_ns)(n)*1000000000)
#define MEET_NS       SECOND(20) /* until both ends must have met */
#define DIAL_NS       SECOND(20)
#define HOPELESS_NS   SECOND(2) /* that a lost peer has to come back where none will */
#define LIMIT_FACTOR  3
#define LIMIT_MORE_NS SECOND(3)
#define LIMIT_MOST_NS SECOND(60)
#define SETTLE_NS     300000000u /* after the end: what is late comes */

struct run {
    const struct mpsim_row *row;
    struct mpwire_stage stage;
    struct mpwire_forwarder *forwarder;
    struct mpwire_end ends[2];
    struct mpwire_news news[2];
    char why[MPWIRE_WHY_BYTES];
};

/* ---- scale ---- */

/* A time of a row that carries `part` of `whole` bytes, so much slower. */
static uint64_t stretch(uint64_t time, uint32_t slower, uint64_t part, uint64_t whole)
{
    return time * slower * part / whole;
}

void mpwire_row_scale(const struct mpsim_row *row, struct mpsim_row *scaled)
{
    uint32_t slower = (uint32_t)weft_max(1, row->wire.slower);
    uint64_t whole = row->flow.total_bytes;
    uint64_t part = row->wire.total_bytes > 0 ? row->wire.total_bytes : whole;

    *scaled = *row;
    scaled->flow.total_bytes = part;
    if (row->wire.message_bytes > 0)
        scaled->flow.message_bytes = row->wire.message_bytes;
    scaled->flow.exchanges = (uint32_t)stretch(row->flow.exchanges, 1, part, whole);
    scaled->least_us = (uint32_t)stretch(row->least_us, slower, part, whole);
    scaled->bound_us = (uint32_t)stretch(row->bound_us, slower, part, whole);
    if (row->wire.bound_ms > 0)
        scaled->bound_us = row->wire.bound_ms * 1000;
    for (uint32_t i = 0; i < row->group_count; i++) {
        scaled->links[i].rate_kbit /= slower;
        scaled->links[i].latency_us *= slower;
    }
    for (uint32_t i = 0; i < MPSIM_ROW_FAULTS; i++) {
        struct mpsim_row_fault *fault = &scaled->faults[i];

        fault->first_ms = (uint32_t)stretch(fault->first_ms, slower, part, whole);
        fault->for_ms = (uint32_t)stretch(fault->for_ms, slower, part, whole);
        fault->every_ms = (uint32_t)stretch(fault->every_ms, slower, part, whole);
        if (fault->kind == MPSIM_RATE)
            fault->argument /= slower;
    }
}

weft_ns mpwire_row_limit_ns(const struct mpsim_row *row)
{
    return weft_min((weft_ns)row->bound_us * 1000 * LIMIT_FACTOR + LIMIT_MORE_NS, LIMIT_MOST_NS);
}

/* ---- setting up ---- */

static bool forwarder_open(struct run *run, uint64_t seed)
{
    const struct mpsim_row *row = run->row;
    struct weft_wire_nic fronts[2][MPSIM_ROW_LINKS];
    uint8_t addresses[2][WEFT_NET_ADDRESS_BYTES];

    run->forwarder = mpwire_forwarder_open(row->group_count, mpwire_datagram_bytes(), seed);
    if (run->forwarder == NULL)
        return false;
    for (uint32_t side = 0; side < 2; side++) {
        struct weft_wire_address address;

        if (!mpwire_end_nics(&run->ends[side], &address))
            return false;
        for (uint32_t i = 0; i < row->group_count; i++) {
            struct mpsim_net *net = mpwire_forwarder_take(run->forwarder);

            mpsim_link_set(&net->links[side][i], &row->links[i]);
            if (row->wire.meets_near)
                net->links[side][i].latency_ns = 0;
            mpwire_forwarder_give(run->forwarder);
            if (!mpwire_forwarder_front(run->forwarder, side, i, &address.nics[i],
                                        &fronts[side][i]))
                return false;
        }
        mpwire_end_front(&run->ends[side], fronts[side], addresses[side]);
    }
    memcpy(run->ends[0].peer_address, addresses[1], sizeof(addresses[1]));
    return mpwire_forwarder_start(run->forwarder);
}

static bool ends_open(struct run *run, uint64_t seed)
{
    const struct mpsim_row *row = run->row;
    struct mpsim_flow flows[2];
    struct mpwire_limits limits = {.dial_ns = row->is_hopeless ? HOPELESS_NS : DIAL_NS,
                                   .crypto = row->wire.is_plain ? WEFT_NET_CRYPTO_OFF
                                                                : WEFT_NET_CRYPTO_FULL};
    struct weft_mp_config config;

    mpsim_row_config(row, &config);
    limits.silence_ns =
        row->wire.silence_ms > 0 ? (weft_ns)row->wire.silence_ms * 1000000 : config.silence_ns;
    mpsim_row_flows(row, flows);
    for (uint32_t side = 0; side < 2; side++)
        if (!mpwire_end_open(&run->ends[side], side, row->group_count, flows, &limits, seed,
                             &run->stage)) {
            memcpy(run->why, run->ends[side].news.why, sizeof(run->why));
            return false;
        }
    for (uint32_t side = 0; side < 2; side++)
        run->ends[side].peer_end = &run->ends[1 - side];
    return true;
}

/* ---- running ---- */

static void fault_apply(struct run *run, const struct mpsim_row_fault *fault, bool begins)
{
    struct mpsim_net *net = mpwire_forwarder_take(run->forwarder);

    for (uint32_t side = 0; side < 2; side++)
        mpsim_link_fault(&net->links[side][fault->group], run->row, fault, side, begins);
    mpwire_forwarder_give(run->forwarder);
    if (fault->kind == MPSIM_TOLD)
        mpwire_stage_cut(&run->stage, fault->group, begins);
    if (fault->kind == MPSIM_REFUSED)
        mpwire_forwarder_refuse(run->forwarder, fault->group, begins);
    if (fault->kind == MPSIM_REBIND && begins)
        mpwire_forwarder_rebind(run->forwarder, 0);
}

/* The links get the latency that the row says. */
static void latencies_set(struct run *run)
{
    struct mpsim_net *net = mpwire_forwarder_take(run->forwarder);

    for (uint32_t side = 0; side < 2; side++)
        for (uint32_t i = 0; i < run->row->group_count; i++)
            mpsim_link_set(&net->links[side][i], &run->row->links[i]);
    mpwire_forwarder_give(run->forwarder);
}

static bool has_failed(const struct run *run)
{
    return run->news[0].why[0] != '\0' || run->news[1].why[0] != '\0';
}

static bool is_done(const struct run *run)
{
    return run->news[0].is_sent && run->news[1].is_sent && run->news[0].is_got &&
           run->news[1].is_got;
}

/* Nothing more will happen to a peer that is down. */
static bool is_over(const struct run *run)
{
    return has_failed(run) || is_done(run) || run->news[run->row->from].downs > 0;
}

static bool ends_meet(struct run *run)
{
    weft_ns until = mpwire_now() + MEET_NS;

    while (!run->news[0].is_met || !run->news[1].is_met) {
        if (has_failed(run) || mpwire_now() >= until)
            return false;
        mpwire_stage_wait(&run->stage, until, run->news);
    }
    return true;
}

/* With what the row's faults do, from `start` on. */
static void flows_run(struct run *run, weft_ns start, weft_ns limit)
{
    weft_ns from = 0;

    while (!is_over(run) && mpwire_now() < limit) {
        struct mpsim_moment moment = mpsim_row_moment(run->row, from);
        weft_ns at = weft_add_sat(start, moment.at);

        if (mpwire_now() < weft_min(at, limit)) {
            mpwire_stage_wait(&run->stage, weft_min(at, limit), run->news);
            continue;
        }
        if (at >= limit)
            break;
        fault_apply(run, moment.fault, moment.begins);
        from = moment.at + 1;
    }
}

/* What is late comes now, and must not be seen. */
static void settle(struct run *run)
{
    weft_ns until = mpwire_now() + SETTLE_NS;

    while (mpwire_now() < until)
        mpwire_stage_wait(&run->stage, until, run->news);
}

/* What is wrong from the beginning is so before the two meet. */
static void first_faults(struct run *run)
{
    for (uint32_t i = 0; i < MPSIM_ROW_FAULTS; i++)
        if (run->row->faults[i].kind != MPSIM_NO_FAULT && run->row->faults[i].first_ms == 0)
            fault_apply(run, &run->row->faults[i], true);
}

static void run_all(struct run *run, uint64_t seed, struct mpwire_outcome *outcome)
{
    weft_ns start;

    if (!ends_open(run, seed) || !forwarder_open(run, seed)) {
        if (run->why[0] == '\0')
            (void)snprintf(run->why, sizeof(run->why), "it cannot be set up: %s", strerror(errno));
        return;
    }
    first_faults(run);
    if (!mpwire_end_start(&run->ends[1]) || !mpwire_end_start(&run->ends[0])) {
        (void)snprintf(run->why, sizeof(run->why), "no threads");
        return;
    }
    if (!ends_meet(run)) {
        (void)snprintf(run->why, sizeof(run->why), "the two do not meet");
        return;
    }
    if (run->row->wire.meets_near)
        latencies_set(run);
    start = mpwire_now();
    mpwire_stage_set(&run->stage, MPWIRE_RUN);
    flows_run(run, start, start + mpwire_row_limit_ns(run->row));
    outcome->is_done = is_done(run);
    if (outcome->is_done)
        outcome->took_ns =
            weft_max(run->news[0].got_at, run->news[1].got_at) - run->news[run->row->from].begun_at;
    if (run->row->flow.exchanges == 0)
        settle(run);
}

void mpwire_row_run(const struct mpsim_row *row, uint64_t seed, struct mpwire_outcome *outcome)
{
    static struct run run;

    memset(&run, 0, sizeof(run));
    memset(outcome, 0, sizeof(*outcome));
    run.row = row;
    mpwire_scale = row->scale;
    mpwire_stage_init(&run.stage);
    run_all(&run, seed, outcome);
    mpwire_stage_set(&run.stage, MPWIRE_STOP);
    for (uint32_t side = 0; side < 2; side++)
        mpwire_end_join(&run.ends[side]);
    if (run.forwarder != NULL)
        mpwire_forwarder_counts(run.forwarder, &outcome->counts);
    for (uint32_t side = 0; side < 2; side++)
        if (run.why[0] == '\0' && !mpwire_end_check(&run.ends[side]))
            (void)snprintf(run.why, sizeof(run.why), "side %u: %.200s", side,
                           run.ends[side].news.why);
    for (uint32_t side = 0; side < 2; side++)
        mpwire_end_counts(&run.ends[side], &outcome->ends[side]);
    outcome->downs = run.ends[row->from].news.downs;
    outcome->errors = run.ends[row->from].news.errors;
    outcome->is_wrong = run.why[0] != '\0';
    memcpy(outcome->why, run.why, sizeof(outcome->why));
    for (uint32_t side = 0; side < 2; side++)
        mpwire_end_close(&run.ends[side]);
    mpwire_forwarder_close(run.forwarder);
    mpwire_stage_fini(&run.stage);
}
