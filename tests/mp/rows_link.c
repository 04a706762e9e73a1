/* What a row means for a link, and when: its scale, its rate, its faults. */
#include "rows.h"

#define SECOND(n) ((weft_ns)(n)*1000000000)

/* What transports/udp has between hosts of one machine, in datagrams of an Ethernet. */
#define WIDE_WAYS  8
#define WIDE_BYTES 1448
#define WIDE_BURST 180

#define SPREAD_ROUNDS   2
#define SPREAD_LEG_US   20000
#define SPREAD_BYTES    1000 /* of a request */
#define SPREAD_LIMIT_US 300000000

/* A handshake's datagrams take their time on the link, too. */
#define HANDSHAKE_NS 1000000

static weft_ns handshake_ns(const struct mpsim_row_link *link)
{
    return (weft_ns)link->latency_us * 2000 + HANDSHAKE_NS;
}

void mpsim_row_config(const struct mpsim_row *row, struct weft_mp_config *config)
{
    weft_mp_defaults(config);
    config->group_count = row->group_count;
    config->path_count = row->path_count;
    if (row->scale == MPSIM_RACK) {
        config->packet_bytes = 8192;
        config->host_ns = 20000;
        config->ack_ns = 20000;
        config->silence_ns = SECOND(1);
        return;
    }
    config->path_count = row->group_count * WIDE_WAYS;
    config->packet_bytes = WIDE_BYTES;
    config->burst_packets = WIDE_BURST;
    config->host_ns = 1000000;
    config->silence_ns = SECOND(30);
    config->rtt_ns_first = handshake_ns(&row->links[0]);
}

void mpsim_row_flows(const struct mpsim_row *row, struct mpsim_flow flows[2])
{
    uint32_t times = row->answer_times > 0 ? row->answer_times : 1;

    flows[0] = flows[1] = (struct mpsim_flow){.total_bytes = 0};
    flows[row->from] = row->flow;
    if (row->flow.exchanges == 0 && !row->is_both)
        return;
    flows[0] = flows[1] = row->flow;
    flows[1].total_bytes *= times;
    flows[1].message_bytes *= times;
}

/* The first request is half a leg away when packets begin to be lost. */
void mpsim_spread_row(const struct mpsim_spread *spread, struct mpsim_row *row)
{
    *row = (struct mpsim_row){
        .name = spread->name,
        .source = "quicly t/lossy.c",
        .scale = MPSIM_WIDE,
        .group_count = 1,
        .links = {{.latency_us = SPREAD_LEG_US}},
        .faults = {{.kind = MPSIM_LOSS,
                    .sides = 1,
                    .first_ms = SPREAD_LEG_US / 2000,
                    .argument = spread->loss[0]},
                   {.kind = MPSIM_LOSS,
                    .sides = 2,
                    .first_ms = SPREAD_LEG_US / 2000,
                    .argument = spread->loss[1]}},
        .flow = {.total_bytes = (uint64_t)SPREAD_ROUNDS * SPREAD_BYTES,
                 .message_bytes = SPREAD_BYTES,
                 .exchanges = SPREAD_ROUNDS},
        .answer_times = 2,
        .least_us = 2 * SPREAD_ROUNDS * SPREAD_LEG_US,
        .bound_us = SPREAD_LIMIT_US,
    };
}

void mpsim_link_set(struct mpsim_link *link, const struct mpsim_row_link *as)
{
    link->rate_bits_per_ms = as->rate_kbit;
    link->latency_ns = (weft_ns)as->latency_us * 1000;
    link->jitter_ns = (weft_ns)as->jitter_us * 1000;
    link->queue_packets = as->queue_packets;
    link->loss = as->loss;
    link->is_burst = as->loss > 0;
    link->corrupt = as->corrupt;
    link->twice = as->twice;
    link->early = as->early;
    link->loss_every = as->loss_every;
}

void mpsim_link_fault(struct mpsim_link *link, const struct mpsim_row *row,
                      const struct mpsim_row_fault *fault, uint32_t side, bool begins)
{
    const struct mpsim_row_link *as = &row->links[fault->group];

    if ((fault->sides >> side & 1) == 0)
        return;
    if (fault->kind == MPSIM_SILENT || fault->kind == MPSIM_TOLD || fault->kind == MPSIM_REFUSED)
        link->is_silent = begins;
    if (fault->kind == MPSIM_RATE)
        link->rate_bits_per_ms = begins ? fault->argument : as->rate_kbit;
    if (fault->kind == MPSIM_LATENCY)
        link->latency_ns = (begins ? fault->argument : as->latency_us) * 1000;
    if (fault->kind == MPSIM_LOSS)
        link->loss = begins ? (uint32_t)fault->argument : as->loss;
    for (uint32_t i = 0; fault->kind == MPSIM_DEAF && begins && i < fault->argument; i++) {
        uint32_t path = fault->group + i * row->group_count;

        link->deaf_paths[path / 64] |= UINT64_C(1) << (path % 64);
    }
}

static void consider(struct mpsim_moment *moment, const struct mpsim_row_fault *fault, weft_ns from,
                     weft_ns at, bool begins)
{
    if (at >= from && at < moment->at)
        *moment = (struct mpsim_moment){at, fault, begins};
}

struct mpsim_moment mpsim_row_moment(const struct mpsim_row *row, weft_ns from)
{
    struct mpsim_moment moment = {.at = WEFT_NEVER};

    for (uint32_t i = 0; i < MPSIM_ROW_FAULTS; i++) {
        const struct mpsim_row_fault *fault = &row->faults[i];
        weft_ns first = (weft_ns)fault->first_ms * 1000000 + i;
        weft_ns period = (weft_ns)fault->every_ms * 1000000;
        weft_ns lasts = (weft_ns)fault->for_ms * 1000000;
        weft_ns start = first;

        if (fault->kind == MPSIM_NO_FAULT)
            continue;
        if (period > 0 && from > first + lasts)
            start = first + (from - first - lasts + period - 1) / period * period;
        consider(&moment, fault, from, start, true);
        if (period > 0)
            consider(&moment, fault, from, start + period, true);
        if (lasts > 0)
            consider(&moment, fault, from, start + lasts, false);
    }
    return moment;
}
