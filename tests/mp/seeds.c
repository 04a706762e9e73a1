/* Random runs in two phases: safety, then liveness. */
#include "seeds.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/hash.h"

#define MS(n)       ((weft_ns)(n)*1000000)
#define STEPS       12         /* of the first phase: after each the links change */
#define HEALED_NS   MS(300000) /* all ends within so long: slow messages, one by one */
#define BYTES_MOST  1500000
#define TWICE_EVERY 16 /* seeds: run again, and must do the same */

/* Features are off altogether in some seeds, so that others show. */
static uint32_t some(struct weft_prng *prng, uint32_t most)
{
    return weft_prng_chance(prng, 50) ? 0 : (uint32_t)weft_prng_below(prng, most + 1);
}

static void draw_config(struct weft_prng *prng, struct weft_mp_config *config)
{
    weft_mp_defaults(config);
    config->group_count = (uint32_t)weft_prng_between(prng, 1, 4);
    config->path_count = config->group_count * (uint32_t)weft_prng_between(prng, 1, 8) +
                         (uint32_t)weft_prng_below(prng, config->group_count);
    config->packet_bytes = (uint32_t)weft_prng_between(prng, 1200, 9000);
    config->burst_packets = (uint32_t)weft_prng_between(prng, 1, 16);
    config->ack_packets = (uint32_t)weft_prng_between(prng, 1, 32);
    config->silence_ns = MS(weft_prng_between(prng, 20, 200));
    config->keepalive_ns = MS(weft_prng_between(prng, 10, 1000));
    config->first_window_bytes = weft_prng_between(prng, 1, 200000);
    config->unscheduled_bytes = weft_prng_between(prng, 1, 100000);
    config->room_bytes = weft_prng_between(prng, 1, 500000);
    config->rtt_ns_first = some(prng, MS(100));
}

static void draw_link(struct weft_prng *prng, struct mpsim_link *link)
{
    static const uint64_t rates[] = {10000, 1000000, 10000000, 100000000};
    static const weft_ns latencies_ns[] = {100000, 100000, 100000, 5000000, MS(50)};

    link->rate_bits_per_ms = rates[weft_prng_below(prng, WEFT_ARRAY_COUNT(rates))];
    link->latency_ns = weft_prng_between(
        prng, 1000, latencies_ns[weft_prng_below(prng, WEFT_ARRAY_COUNT(latencies_ns))]);
    link->queue_packets = weft_prng_between(prng, 4, 500);
    link->jitter_ns = some(prng, 200000);
}

static void draw_faults(struct weft_prng *prng, struct mpsim_link *link)
{
    link->loss = some(prng, 3000);
    link->is_burst = weft_prng_chance(prng, 50);
    link->corrupt = some(prng, 500);
    link->twice = some(prng, 5000);
    link->early = some(prng, 2500);
    link->is_silent = weft_prng_chance(prng, 15);
    link->deaf_paths[0] = weft_prng_chance(prng, 20) ? weft_prng_next(prng) : 0;
}

static void draw_flow(struct weft_prng *prng, struct mpsim_flow *flow)
{
    *flow = (struct mpsim_flow){
        .total_bytes = weft_prng_below(prng, BYTES_MOST),
        .message_bytes = (uint32_t)weft_prng_between(prng, 1, 4000),
        .ahead = (uint32_t)weft_prng_between(prng, 1, 16),
        .is_any = weft_prng_chance(prng, 30),
    };
    if (weft_prng_chance(prng, 50))
        flow->message_bytes_spread = (uint32_t)weft_prng_between(prng, 1, 300000);
    /* Not so many messages that a seed takes for ever. */
    flow->total_bytes = weft_min(flow->total_bytes, UINT64_C(600) * flow->message_bytes);
}

static void disturb(struct mpsim_duo *duo, struct weft_prng *prng)
{
    for (uint32_t side = 0; side < 2; side++)
        for (uint32_t group = 0; group < duo->config.group_count; group++)
            draw_faults(prng, &duo->net.links[side][group]);
    if (weft_prng_chance(prng, 20))
        weft_mp_group_told(duo->ends[weft_prng_below(prng, 2)].mp, duo->now,
                           (uint32_t)weft_prng_below(prng, duo->config.group_count),
                           weft_prng_chance(prng, 50));
    if (weft_prng_chance(prng, 20))
        mpsim_duo_rebind(duo, (uint32_t)weft_prng_below(prng, 2),
                         (uint32_t)weft_prng_below(prng, duo->config.path_count));
    if (weft_prng_chance(prng, 20))
        weft_mp_path_renewed(duo->ends[weft_prng_below(prng, 2)].mp, duo->now,
                             (uint32_t)weft_prng_below(prng, duo->config.path_count));
}

/* A core of groups works from now on, a little lossy; the rest stays as bad as it is. A rebound
 * port is heard of only by what its own end sends, so that is over. */
static void heal(struct mpsim_duo *duo, struct weft_prng *prng)
{
    uint32_t kept = (uint32_t)weft_prng_below(prng, duo->config.group_count);

    duo->manners.overload = (uint32_t)weft_min(duo->manners.overload, 1000);
    duo->manners.is_followed = false;
    for (uint32_t group = 0; group < duo->config.group_count; group++) {
        if (group != kept && weft_prng_chance(prng, 40))
            continue;
        for (uint32_t side = 0; side < 2; side++) {
            struct mpsim_link *link = &duo->net.links[side][group];

            link->loss = (uint32_t)weft_min(link->loss, 500);
            link->corrupt = 0;
            link->is_silent = false;
            link->deaf_paths[0] = 0;
            weft_mp_group_told(duo->ends[side].mp, duo->now, group, true);
        }
    }
}

static uint64_t hash_of(const struct mpsim_duo *duo)
{
    uint64_t hash = weft_hash_word(WEFT_HASH_SEED, duo->steps);

    for (uint32_t side = 0; side < 2; side++) {
        const struct weft_mp_counts *counts = weft_mp_counts_of(duo->ends[side].mp);

        hash = weft_hash_word(hash, duo->ends[side].ended_at);
        hash = weft_hash_word(hash, counts->sent_packets);
        hash = weft_hash_word(hash, counts->resent_packets);
        hash = weft_hash_word(hash, counts->acks_sent);
        hash = weft_hash_word(hash, counts->probes_sent);
    }
    return hash;
}

static void describe(const struct mpsim_duo *duo)
{
    printf("%u groups, %u paths, packets of %u\n", duo->config.group_count, duo->config.path_count,
           duo->config.packet_bytes);
    for (uint32_t side = 0; side < 2; side++) {
        const struct mpsim_end *end = &duo->ends[side];
        const struct weft_mp_counts *counts = weft_mp_counts_of(end->mp);

        printf("side %u: %" PRIu64 " of %" PRIu64 " bytes in %u messages, %u ended; sent %" PRIu64
               " again %" PRIu64 " timeouts %" PRIu64 " probes %" PRIu64 " lost %u found %u\n",
               side, end->next_byte, end->flow.total_bytes, end->message_count, end->ended,
               counts->sent_packets, counts->resent_packets, counts->timeouts, counts->probes_sent,
               end->lost, end->found);
        for (uint32_t path = 0; path < duo->config.path_count; path++)
            printf(" %s", weft_mp_path_look(end->mp, path));
        printf("\n");
    }
}

bool mpsim_seed_run(uint64_t seed, bool is_verbose, uint64_t *hash, char why[MPSIM_WHY_BYTES])
{
    static struct mpsim_duo duo;
    struct weft_mp_config config;
    struct mpsim_flow flows[2];
    struct weft_prng prng;
    bool is_good;

    weft_prng_init(&prng, seed);
    draw_config(&prng, &config);
    draw_flow(&prng, &flows[0]);
    draw_flow(&prng, &flows[1]);
    mpsim_duo_init(&duo, &config, flows, weft_prng_next(&prng));
    for (uint32_t side = 0; side < 2; side++)
        for (uint32_t group = 0; group < config.group_count; group++)
            draw_link(&prng, &duo.net.links[side][group]);
    duo.manners = (struct mpsim_manners){.place_ns = some(&prng, 500000),
                                         .refuse = some(&prng, 2000),
                                         .overload = some(&prng, 3000),
                                         .holds_acks = seed % 3 == 0,
                                         .is_followed = weft_prng_chance(&prng, 50)};
    for (uint32_t step = 0; step < STEPS && !duo.has_failed; step++) {
        disturb(&duo, &prng);
        mpsim_duo_run(&duo, duo.now + weft_prng_between(&prng, 100000, MS(20)));
    }
    heal(&duo, &prng);
    mpsim_duo_run(&duo, duo.now + HEALED_NS);
    is_good = mpsim_duo_check_end(&duo);
    memcpy(why, duo.why, sizeof(duo.why));
    if (is_good && !mpsim_duo_is_done(&duo)) {
        (void)snprintf(why, MPSIM_WHY_BYTES, "not all has ended in time after the network healed");
        is_good = false;
    }
    if (is_verbose)
        describe(&duo);
    *hash = hash_of(&duo);
    mpsim_duo_fini(&duo);
    return is_good;
}

bool mpsim_seeds_check(uint64_t first, uint64_t count, bool is_verbose)
{
    uint64_t failed = 0;

    for (uint64_t seed = first; seed < first + count; seed++) {
        char why[MPSIM_WHY_BYTES] = "";
        uint64_t hashes[2];
        bool is_good = mpsim_seed_run(seed, is_verbose, &hashes[0], why);

        if (is_good && seed % TWICE_EVERY == 0) {
            is_good = mpsim_seed_run(seed, false, &hashes[1], why) && hashes[0] == hashes[1];
            if (!is_good)
                (void)snprintf(why, sizeof(why), "it does something else the second time");
        }
        if (is_good)
            continue;
        printf("weft-mp-sim: FAILED seed %" PRIu64 ": %s\n", seed, why);
        failed++;
    }
    printf("%" PRIu64 " seeds, %" PRIu64 " failed\n", count, failed);
    return failed == 0;
}
