/* The scenarios, one row each. Sources: what others test their transports with; see the places they
 * name. "own": no outside bound exists, the goal is Weft's. */
#include "rows.h"

#define MB(n)  ((uint64_t)(n)*1000000)
#define MS(n)  ((uint32_t)(n)*1000)
#define SEC(n) ((uint32_t)(n)*1000000)

#define INTEROP "quic-interop-runner testcases_quic.py"
#define MPTCP   "linux selftests net/mptcp/simult_flows.sh"
#define PICO    "picoquic picoquictest/multipath_test.c"

/* --delay=15ms --bandwidth=10Mbps --queue=25 */
#define QUIC_LINK(...)                                                                             \
    {                                                                                              \
        {                                                                                          \
            .rate_kbit = 10000, .latency_us = 15000, .queue_packets = 25, __VA_ARGS__              \
        }                                                                                          \
    }
#define ONE_WAY                                                                                    \
    {                                                                                              \
        .message_bytes = 65536, .ahead = 4                                                         \
    }
#define SEND(bytes)                                                                                \
    {                                                                                              \
        .total_bytes = (bytes), .message_bytes = 65536, .ahead = 4                                 \
    }

#define QUIC_ROW(name_, link_, bytes_, least_, bound_)                                             \
    {                                                                                              \
        .name = (name_), .source = INTEROP, .scale = MPSIM_WIDE, .group_count = 1,                 \
        .path_count = 1, .links = link_, .flow = SEND(bytes_), .least_us = (least_),               \
        .bound_us = (bound_)                                                                       \
    }

/* 16 MiB over both links must take no more than 10/9 of what their rates allow, and 450 ms. */
#define SIMULT_BYTES        UINT64_C(16777216)
#define SIMULT_US(sum_mbit) ((uint32_t)(SIMULT_BYTES * 80 / (9 * (sum_mbit)) + 450000))
#define SIMULT_LEAST(mbit)  ((uint32_t)(SIMULT_BYTES * 8 / (mbit)))
#define SIMULT_ROW(name_, side_, r1_, r2_, d1_, d2_)                                               \
    {                                                                                              \
        .name = (name_), .source = MPTCP, .scale = MPSIM_WIDE, .group_count = 2, .path_count = 2,  \
        .links = {{.rate_kbit = (r1_)*1000, .latency_us = MS(d1_), .queue_packets = 1000},         \
                  {.rate_kbit = (r2_)*1000, .latency_us = MS(d2_), .queue_packets = 1000}},        \
        .flow = SEND(SIMULT_BYTES), .from = (side_), .least_us = SIMULT_LEAST((r1_) + (r2_)),      \
        .bound_us = SIMULT_US((r1_) + (r2_))                                                       \
    }

/* 2 MB over two links of 10 Mb/s and 10 ms. */
#define PICO_LINK                                                                                  \
    {                                                                                              \
        .rate_kbit = 10000, .latency_us = 10000, .queue_packets = 100                              \
    }
#define PICO_SLOW_LINK                                                                             \
    {                                                                                              \
        .rate_kbit = 1000, .latency_us = 10000, .queue_packets = 100                               \
    }
#define PICO_ROW(name_, bound_, ...)                                                               \
    {                                                                                              \
        .name = (name_), .source = PICO, .scale = MPSIM_WIDE, .group_count = 2, .path_count = 2,   \
        .links = {PICO_LINK, PICO_LINK}, .flow = SEND(MB(2)), .least_us = 800000,                  \
        .bound_us = (bound_), __VA_ARGS__                                                          \
    }

/* The same links, and what picoquic does not do to them; the bound is a broken path's. */
#define OWN_ROW(name_, bound_, ...)                                                                \
    {                                                                                              \
        .name = (name_), .source = "own", .scale = MPSIM_WIDE, .group_count = 2, .path_count = 2,  \
        .links = {PICO_LINK, PICO_LINK}, .flow = SEND(MB(2)), .least_us = 800000,                  \
        .bound_us = (bound_), __VA_ARGS__                                                          \
    }

/* Four NICs of 25 Gb/s in one rack, 16 entropies each. */
#define RACK_LINK                                                                                  \
    {                                                                                              \
        .rate_kbit = 25000000, .latency_us = 5, .queue_packets = 1000                              \
    }
#define RACK_LOSSY                                                                                 \
    {                                                                                              \
        .rate_kbit = 25000000, .latency_us = 5, .queue_packets = 1000, .loss = 100                 \
    }
#define RACK_SLOW                                                                                  \
    {                                                                                              \
        .rate_kbit = 6250000, .latency_us = 5, .queue_packets = 1000                               \
    }
#define RACK_LOSSY_LINKS                                                                           \
    {                                                                                              \
        RACK_LOSSY, RACK_LOSSY, RACK_LOSSY, RACK_LOSSY                                             \
    }
#define RACK_UNEVEN_LINKS                                                                          \
    {                                                                                              \
        RACK_LINK, RACK_SLOW, RACK_LINK, RACK_LINK                                                 \
    }
#define RACK_BYTES UINT64_C(67108864)
#define RACK_LINKS                                                                                 \
    {                                                                                              \
        RACK_LINK, RACK_LINK, RACK_LINK, RACK_LINK                                                 \
    }
/* 100 Mb/s in all, and what takes 1.3 s then. */
#define RACK_WIRE                                                                                  \
    {                                                                                              \
        .slower = 1000, .total_bytes = RACK_BYTES / 4, .message_bytes = 32768                      \
    }
#define RACK_ROW(name_, links_, bound_, ...)                                                       \
    {                                                                                              \
        .name = (name_), .source = "own", .scale = MPSIM_RACK, .group_count = 4, .path_count = 64, \
        .links = links_, .flow = {.total_bytes = RACK_BYTES, .message_bytes = 131072, .ahead = 4}, \
        .least_us = 5368, .bound_us = (bound_), .wire = RACK_WIRE, __VA_ARGS__                     \
    }

const struct mpsim_row mpsim_rows[] = {
    QUIC_ROW("goodput", QUIC_LINK(.loss = 0), MB(10), SEC(8), MS(9340)),
    QUIC_ROW("transferloss-2", QUIC_LINK(.loss = 200), MB(2), MS(1600), SEC(60)),
    QUIC_ROW("transferloss-5", QUIC_LINK(.loss = 500), MB(2), MS(1600), SEC(60)),
    QUIC_ROW("transferloss-10", QUIC_LINK(.loss = 1000), MB(2), MS(1600), SEC(60)),
    QUIC_ROW("transfercorruption-2", QUIC_LINK(.corrupt = 200), MB(2), MS(1600), SEC(60)),
    {.name = "exchangecorruption-30",
     .source = INTEROP " (50 exchanges for 50 handshakes)",
     .scale = MPSIM_WIDE,
     .group_count = 1,
     .path_count = 1,
     .links = QUIC_LINK(.corrupt = 3000),
     .flow = {.total_bytes = 50000, .message_bytes = 1000, .exchanges = 50},
     .least_us = 1500000,
     .bound_us = SEC(300)},
    {.name = "blackhole",
     .source = INTEROP,
     .scale = MPSIM_WIDE,
     .group_count = 1,
     .path_count = 1,
     .links = QUIC_LINK(.loss = 0),
     .faults = {{.kind = MPSIM_SILENT,
                 .sides = MPSIM_BOTH,
                 .first_ms = 5000,
                 .for_ms = 2000,
                 .every_ms = 7000}},
     .flow = SEND(MB(10)),
     .least_us = SEC(8),
     .bound_us = SEC(60)},
    {.name = "rebind-port",
     .source = INTEROP,
     .scale = MPSIM_WIDE,
     .group_count = 1,
     .path_count = 1,
     .links = QUIC_LINK(.loss = 0),
     .faults = {{.kind = MPSIM_REBIND, .first_ms = 1000, .every_ms = 5000}},
     .flow = SEND(MB(10)),
     .from = 1,
     .least_us = SEC(8),
     .bound_us = SEC(60)},
    {.name = "long-rtt",
     .source = INTEROP " (delay 750 ms; 2 MB for a handshake)",
     .scale = MPSIM_WIDE,
     .group_count = 1,
     .path_count = 1,
     .links = {{.rate_kbit = 10000, .latency_us = 750000, .queue_packets = 25}},
     .flow = SEND(MB(2)),
     .least_us = MS(2350),
     .bound_us = SEC(60),
     .wire = {.total_bytes = 40000, .bound_ms = 15000, .meets_near = true}},
    {.name = "many-small",
     .source = INTEROP " (multiplexing: 2000 files of 32 bytes)",
     .scale = MPSIM_WIDE,
     .group_count = 1,
     .path_count = 1,
     .links = QUIC_LINK(.loss = 0),
     .flow = {.total_bytes = 64000, .message_bytes = 32, .ahead = 1000, .is_any = true},
     .least_us = MS(51),
     .bound_us = SEC(60)},
    SIMULT_ROW("simult-10-10", 0, 10, 10, 0, 0),
    SIMULT_ROW("simult-10-10-back", 1, 10, 10, 0, 0),
    SIMULT_ROW("simult-10-10-1ms-50ms", 0, 10, 10, 1, 50),
    SIMULT_ROW("simult-10-10-1ms-50ms-back", 1, 10, 10, 1, 50),
    SIMULT_ROW("simult-30-10", 0, 30, 10, 0, 0),
    SIMULT_ROW("simult-30-10-back", 1, 30, 10, 0, 0),
    SIMULT_ROW("simult-30-10-1ms-50ms", 0, 30, 10, 1, 50),
    SIMULT_ROW("simult-30-10-1ms-50ms-back", 1, 30, 10, 1, 50),
    SIMULT_ROW("simult-30-10-50ms-1ms", 0, 30, 10, 50, 1),
    SIMULT_ROW("simult-30-10-50ms-1ms-back", 1, 30, 10, 50, 1),
    PICO_ROW("pico-basic", 1060000, .from = 0),
    PICO_ROW("pico-drop-first", 1490000,
             .faults = {{.kind = MPSIM_TOLD, .sides = MPSIM_BOTH, .first_ms = 530}}),
    PICO_ROW("pico-drop-second", 1260000,
             .faults = {{.kind = MPSIM_TOLD, .group = 1, .sides = MPSIM_BOTH, .first_ms = 760}}),
    PICO_ROW("pico-fail", 2000000,
             .faults = {{.kind = MPSIM_SILENT, .group = 1, .sides = MPSIM_BOTH, .first_ms = 0}}),
    PICO_ROW("pico-nat", 3000000, .faults = {{.kind = MPSIM_REBIND, .first_ms = 300}}, .from = 1),
    PICO_ROW("pico-abandon", 3800000,
             .faults = {{.kind = MPSIM_TOLD, .sides = MPSIM_BOTH, .first_ms = 100}}),
    PICO_ROW(
        "pico-back0", 3300000,
        .faults = {{.kind = MPSIM_SILENT, .sides = MPSIM_BOTH, .first_ms = 300, .for_ms = 500}}),
    PICO_ROW("pico-back1", 3300000,
             .faults = {{.kind = MPSIM_SILENT,
                         .group = 1,
                         .sides = MPSIM_BOTH,
                         .first_ms = 300,
                         .for_ms = 500}}),
    {.name = "pico-break1",
     .source = PICO " (path 0 at 1 Mb/s, path 1 dies)",
     .scale = MPSIM_WIDE,
     .group_count = 2,
     .path_count = 2,
     .links = {PICO_SLOW_LINK, PICO_LINK},
     .faults = {{.kind = MPSIM_SILENT, .group = 1, .sides = MPSIM_BOTH, .first_ms = 800}},
     .flow = SEND(MB(2)),
     .least_us = SEC(1),
     .bound_us = MS(10800)},
    {.name = "pico-break-both",
     .source = PICO " (must end, not hang)",
     .scale = MPSIM_WIDE,
     .group_count = 2,
     .path_count = 2,
     .links = {PICO_LINK, PICO_LINK},
     .faults = {{.kind = MPSIM_SILENT, .sides = MPSIM_BOTH, .first_ms = 200},
                {.kind = MPSIM_SILENT, .group = 1, .sides = MPSIM_BOTH, .first_ms = 200}},
     .flow = SEND(MB(2)),
     .bound_us = SEC(60),
     .is_hopeless = true},
    {.name = "wide-loss-2-goodput",
     .source = "own: random loss of 2 % keeps 85 % of the rate",
     .scale = MPSIM_WIDE,
     .group_count = 1,
     .path_count = 1,
     .links = QUIC_LINK(.loss = 100),
     .flow = SEND(MB(10)),
     .least_us = SEC(8),
     .bound_us = MS(9900)},
    {.name = "reorder",
     .source = "linux selftests net/mptcp/mptcp_connect.sh (reorder 25 %, loss 1 %)",
     .scale = MPSIM_WIDE,
     .group_count = 2,
     .path_count = 2,
     .links = {{.rate_kbit = 100000,
                .latency_us = 10000,
                .queue_packets = 1000,
                .early = 2500,
                .loss = 100},
               {.rate_kbit = 100000,
                .latency_us = 30000,
                .queue_packets = 1000,
                .early = 2500,
                .loss = 100}},
     .flow = SEND(MB(8)),
     .least_us = MS(320),
     .bound_us = SEC(30)},
    {.name = "every-tenth",
     .source = "own: each tenth packet is lost",
     .scale = MPSIM_WIDE,
     .group_count = 1,
     .path_count = 1,
     .links = QUIC_LINK(.loss_every = 10),
     .flow = SEND(MB(2)),
     .least_us = MS(1600),
     .bound_us = SEC(60)},
    {.name = "doubled",
     .source = "own: half of the packets come twice",
     .scale = MPSIM_WIDE,
     .group_count = 1,
     .path_count = 1,
     .links = QUIC_LINK(.twice = 5000),
     .flow = SEND(MB(2)),
     .least_us = MS(1600),
     .bound_us = SEC(4),
     .wire = {.is_plain = true}},
    {.name = "both-ways",
     .source = "own: both sides send at once, in twice what picoquic has for one",
     .scale = MPSIM_WIDE,
     .group_count = 2,
     .path_count = 2,
     .links = {PICO_LINK, PICO_LINK},
     .flow = SEND(MB(2)),
     .least_us = 800000,
     .bound_us = MS(2120),
     .is_both = true},
    OWN_ROW("refused", 3300000,
            .faults = {{.kind = MPSIM_REFUSED,
                        .group = 1,
                        .sides = MPSIM_BOTH,
                        .first_ms = 300,
                        .for_ms = 500}}),
    OWN_ROW("delay-change", 3300000,
            .faults = {{.kind = MPSIM_LATENCY,
                        .group = 1,
                        .sides = MPSIM_BOTH,
                        .first_ms = 300,
                        .for_ms = 500,
                        .argument = 60000}}),
    RACK_ROW("rack", RACK_LINKS, 6400, .from = 0),
    RACK_ROW("rack-loss-1", RACK_LOSSY_LINKS, 7500, .from = 0),
    RACK_ROW("rack-one-nic-dies", RACK_LINKS, 17000,
             .faults = {{.kind = MPSIM_SILENT, .group = 2, .sides = MPSIM_BOTH, .first_ms = 2}}),
    RACK_ROW("rack-one-way-dies", RACK_LINKS, 17000,
             .faults = {{.kind = MPSIM_SILENT, .group = 2, .sides = 2, .first_ms = 2}}),
    RACK_ROW(
        "rack-entropies-die", RACK_LINKS, 17000,
        .faults =
            {{.kind = MPSIM_DEAF, .group = 1, .sides = MPSIM_BOTH, .first_ms = 1, .argument = 8}}),
    RACK_ROW("rack-one-nic-quarter", RACK_UNEVEN_LINKS, 9000, .from = 0),
};
const uint32_t mpsim_row_count = WEFT_ARRAY_COUNT(mpsim_rows);

/* quicly t/lossy.c: 100 runs of a handshake and a request, which are four legs of 20 ms each (its
 * loop adds the latency of 10 ms twice). Here: two exchanges; the answers are two packets each, as
 * its server's first flight. Its first packet is never lost, nor is ours. Upper bounds are
 * quicly's, lower ones what the legs take. */
const struct mpsim_spread mpsim_spreads[] = {
    {"quicly-down-2.5", {0, 250}, 0, {80, 103}, {80, 80}, {80, 190}, 100},
    {"quicly-down-5", {0, 500}, 0, {80, 118}, {80, 80}, {80, 230}, 100},
    {"quicly-down-10", {0, 1000}, 0, {80, 142}, {80, 80}, {80, 298}, 100},
    {"quicly-down-25", {0, 2500}, 0, {80, 244}, {80, 230}, {80, 408}, 100},
    {"quicly-down-50", {0, 5000}, 0, {80, 1104}, {80, 484}, {80, 1526}, 60},
    {"quicly-down-75", {0, 7500}, 3, {80, 17227}, {80, 3280}, {80, 12824}, 10},
    {"quicly-both-5", {500, 500}, 0, {80, 110}, {80, 80}, {80, 230}, 100},
    {"quicly-both-10", {1000, 1000}, 0, {80, 137}, {80, 80}, {80, 230}, 100},
    {"quicly-both-25", {2500, 2500}, 0, {80, 285}, {80, 285}, {80, 1000}, 100},
    {"quicly-both-50", {5000, 5000}, 0, {80, 5713}, {80, 1175}, {80, 9269}, 30},
};
const uint32_t mpsim_spread_count = WEFT_ARRAY_COUNT(mpsim_spreads);
