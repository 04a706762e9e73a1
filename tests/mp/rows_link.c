/* What a row means for a link, and when: its scale, its rate, its faults. */
#include "rows.h"

#define SECOND(n) ((weft_ns)(n)*1000000000)

void mpsim_scale_times(enum mpsim_scale scale, struct weft_mp_config *config)
{
    /* A rack's are the defaults. */
    if (scale == MPSIM_RACK)
        return;
    config->rto_ns_min = 40000000;
    config->rto_ns_first = 200000000;
    config->probe_ns_max = 200000000;
}

void mpsim_scale_config(enum mpsim_scale scale, struct weft_mp_config *config)
{
    weft_mp_defaults(config);
    mpsim_scale_times(scale, config);
    if (scale == MPSIM_RACK) {
        config->packet_bytes = 8192;
        config->host_ns = 20000;
        config->ack_ns = 20000;
        config->silence_ns = SECOND(1);
        return;
    }
    config->packet_bytes = 1448;
    config->burst_packets = 1;
    config->ack_packets = 2;
    config->ack_ns = 1000000;
    config->host_ns = 1000000;
    config->silence_ns = SECOND(30);
    config->first_window_bytes = 14480;
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
