/* The table of scenarios. Sources: reliability tests of UCX, as others name them; where they say
 * "well" and no time, the bound is what is published of systems that heal:
 *
 *     50 ms    self-healing of TENT (arXiv 2604.00368), of lanes whose failure is told
 *     300 ms   the keepalive that UCX's tests set, of what is silent
 *     2200 ms  BGP with BFD brings a path back (FRR 8.4.4, measured)
 *     3 s      io_demo's analyzer: longest time without a completion */
#include "scenario.h"

#define MS(n)       ((weft_ns)(n)*1000000)
#define LANES       "ucx ucp/test_ucp_fault_tolerance.cc"
#define PEERS       "ucx ucp/test_ucp_peer_failure.cc, uct/test_peer_failure.cc"
#define SOAK        "ucx buildlib/pr/io_demo, az-network-corrupter.sh"
#define TOLD_NS     MS(50)
#define SILENT_NS   MS(300)
#define HEALED_NS   MS(2200)
#define TIMEOUT_NS  MS(10000)
#define SLACK_NS    MS(100) /* of a deadline */
#define SMALL_BYTES 8192u
#define LARGE_BYTES 16777216u
#define SOME_BYTES  1048576u

/* Lanes fail one by one, while calls are under way, until one is left. */
#define EACH_ROW(name_, asks_, bytes_, fault_, server_, bound_)                                    \
    {                                                                                              \
        .name = (name_), .source = LANES, .asks = (asks_), .on_gpus = (bytes_) > SMALL_BYTES,      \
        .size_bytes = (bytes_), .calls = 6, .servers = 2, .nics = 8, .rounds = 8,                  \
        .round_ns = MS(400), .way = SIM_WAY_EACH, .fault = (fault_), .server = (server_),          \
        .first_round = 1, .fault_rounds = 7, .after_ns = 30000, .timeout_ns = TIMEOUT_NS,          \
        .fails_copies = (bytes_) > SMALL_BYTES, .bound_ns = (bound_)                               \
    }
#define EACH_ROWS(name_, asks_, bytes_)                                                            \
    EACH_ROW(name_ "-initiator", asks_, bytes_, SIM_FAULT_NIC_CUT, 0, TOLD_NS),                    \
        EACH_ROW(name_ "-target", asks_, bytes_, SIM_FAULT_NIC_CUT, 1, TOLD_NS)

/* All lanes fail, for good. What is behind a fence has its whole time when that has passed. */
#define ALL_ROW(name_, asks_, fault_, server_)                                                     \
    {                                                                                              \
        .name = (name_), .source = LANES, .asks = (asks_), .size_bytes = SMALL_BYTES, .calls = 6,  \
        .servers = 2, .nics = 4, .rounds = 2, .round_ns = MS(400), .way = SIM_WAY_ALL,             \
        .fault = (fault_), .server = (server_), .first_round = 1, .fault_rounds = 1,               \
        .after_ns = 3000, .timeout_ns = MS(1000), .end = SIM_ENDS_LOST,                            \
        .bound_ns = MS(1000) * (((asks_)&SIM_ASKS_FLUSH) != 0 ? 2 : 1) + SLACK_NS                  \
    }

/* The process that is asked ends. */
#define KILL_ROW(name_, asks_, bytes_, calls_, servers_, rounds_, down_)                           \
    {                                                                                              \
        .name = (name_), .source = PEERS, .asks = (asks_), .on_gpus = (bytes_) > SMALL_BYTES,      \
        .size_bytes = (bytes_), .calls = (calls_), .servers = (servers_), .nics = 4,               \
        .rounds = (rounds_), .round_ns = MS(4000), .way = SIM_WAY_ONE,                             \
        .fault = SIM_FAULT_SERVER_KILL, .server = 1, .first_round = 1, .fault_rounds = 1,          \
        .after_ns = 3000, .timeout_ns = TIMEOUT_NS, .end = SIM_ENDS_LOST, .bound_ns = SILENT_NS,   \
        .down_ns = (down_)                                                                         \
    }

/* NICs fail before, or while, the servers meet. */
#define WIREUP_ROW(name_, fault_, server_, after_, way_, down_, end_, bound_)                      \
    {                                                                                              \
        .name = (name_), .source = PEERS, .asks = SIM_ASKS_PUT | SIM_ASKS_GET,                     \
        .size_bytes = SOME_BYTES, .calls = 2, .servers = 2, .nics = 4, .rounds = 1,                \
        .round_ns = MS(400), .way = (way_), .fault = (fault_), .server = (server_),                \
        .fault_rounds = 1, .after_ns = (after_), .timeout_ns = TIMEOUT_NS, .down_ns = (down_),     \
        .end = (end_), .bound_ns = (bound_)                                                        \
    }

const struct sim_scenario sim_scenarios[] = {
    EACH_ROWS("put", SIM_ASKS_PUT, SOME_BYTES),
    EACH_ROWS("put-flush", SIM_ASKS_PUT | SIM_ASKS_FLUSH, SOME_BYTES),
    EACH_ROWS("get", SIM_ASKS_GET, SOME_BYTES),
    EACH_ROWS("get-flush", SIM_ASKS_GET | SIM_ASKS_FLUSH, SOME_BYTES),
    EACH_ROWS("am", SIM_ASKS_MESSAGE, SMALL_BYTES),
    EACH_ROWS("am-flush", SIM_ASKS_MESSAGE | SIM_ASKS_FLUSH, SMALL_BYTES),
    EACH_ROWS("put-am-flush", SIM_ASKS_PUT | SIM_ASKS_MESSAGE | SIM_ASKS_FLUSH, SMALL_BYTES),
    EACH_ROWS("rendezvous-put", SIM_ASKS_PUT, LARGE_BYTES),
    EACH_ROWS("rendezvous-get", SIM_ASKS_GET, LARGE_BYTES),
    EACH_ROWS("rendezvous-am-flush", SIM_ASKS_MESSAGE | SIM_ASKS_FLUSH, LARGE_BYTES),
    EACH_ROW("put-silent", SIM_ASKS_PUT, SOME_BYTES, SIM_FAULT_NIC_SILENCE, 0, SILENT_NS),
    EACH_ROW("get-silent", SIM_ASKS_GET, SOME_BYTES, SIM_FAULT_NIC_SILENCE, 1, SILENT_NS),
    EACH_ROW("am-flush-silent", SIM_ASKS_MESSAGE | SIM_ASKS_FLUSH, SMALL_BYTES,
             SIM_FAULT_NIC_SILENCE, 1, SILENT_NS),
    ALL_ROW("am-all-lanes-initiator", SIM_ASKS_MESSAGE, SIM_FAULT_NIC_CUT, 0),
    ALL_ROW("am-all-lanes-target", SIM_ASKS_MESSAGE, SIM_FAULT_NIC_CUT, 1),
    ALL_ROW("am-all-lanes-silent", SIM_ASKS_MESSAGE, SIM_FAULT_NIC_SILENCE, 1),
    ALL_ROW("put-am-flush-all-lanes", SIM_ASKS_PUT | SIM_ASKS_MESSAGE | SIM_ASKS_FLUSH,
            SIM_FAULT_NIC_CUT, 0),
    ALL_ROW("get-flush-all-lanes", SIM_ASKS_GET | SIM_ASKS_FLUSH, SIM_FAULT_NIC_SILENCE, 0),
    {.name = "lanes-come-back",
     .source = LANES " (all fail at once and are mended)",
     .asks = SIM_ASKS_PUT | SIM_ASKS_GET | SIM_ASKS_MESSAGE | SIM_ASKS_FLUSH,
     .on_gpus = true,
     .size_bytes = SOME_BYTES,
     .calls = 4,
     .servers = 2,
     .nics = 8,
     .rounds = 4,
     .round_ns = MS(4000),
     .way = SIM_WAY_ALL,
     .fault = SIM_FAULT_NIC_CUT,
     .server = 1,
     .first_round = 1,
     .fault_rounds = 2,
     .after_ns = 30000,
     .down_ns = MS(500),
     .timeout_ns = TIMEOUT_NS,
     .fails_copies = true,
     .bound_ns = MS(500) + HEALED_NS},
    KILL_ROW("kill-receiver-put", SIM_ASKS_PUT, LARGE_BYTES, 4, 2, 2, 0),
    KILL_ROW("kill-receiver-get", SIM_ASKS_GET, LARGE_BYTES, 4, 2, 2, 0),
    KILL_ROW("kill-receiver-am-flush", SIM_ASKS_MESSAGE | SIM_ASKS_FLUSH, SMALL_BYTES, 6, 2, 2, 0),
    KILL_ROW("purge-pending", SIM_ASKS_PUT | SIM_ASKS_GET, LARGE_BYTES, 24, 2, 2, 0),
    KILL_ROW("kill-one-of-two", SIM_ASKS_PUT | SIM_ASKS_GET, SOME_BYTES, 4, 3, 2, 0),
    KILL_ROW("kill-and-restart", SIM_ASKS_PUT | SIM_ASKS_GET, LARGE_BYTES, 4, 2, 4, MS(1000)),
    WIREUP_ROW("wireup-one-nic-dead", SIM_FAULT_NIC_CUT, 1, 0, SIM_WAY_ONE, 0, SIM_ENDS_WELL,
               SILENT_NS),
    WIREUP_ROW("wireup-one-nic-silent", SIM_FAULT_NIC_SILENCE, 0, 0, SIM_WAY_ONE, 0, SIM_ENDS_WELL,
               SILENT_NS),
    WIREUP_ROW("wireup-nic-fails", SIM_FAULT_NIC_CUT, 1, 100000, SIM_WAY_ONE, 0, SIM_ENDS_WELL,
               SILENT_NS),
    WIREUP_ROW("wireup-all-nics-dead", SIM_FAULT_NIC_CUT, 1, 0, SIM_WAY_ALL, 0, SIM_ENDS_UNREACHED,
               MS(5000) + SLACK_NS),
    WIREUP_ROW("wireup-all-nics-late", SIM_FAULT_NIC_SILENCE, 1, 0, SIM_WAY_ALL, MS(1000),
               SIM_ENDS_WELL, MS(1000) + SILENT_NS),
    {.name = "io-demo-soak",
     .source = SOAK " (600 s: 5 s down, 180 s up, window 16, -t 60)",
     .asks = SIM_ASKS_PUT | SIM_ASKS_GET,
     .size_bytes = 262144,
     .calls = 8,
     .servers = 2,
     .nics = 1,
     .rounds = 400,
     .round_ns = MS(1500),
     .way = SIM_WAY_ONE,
     .fault = SIM_FAULT_NIC_CUT,
     .server = 1,
     .first_round = 120,
     .fault_rounds = 3,
     .every_rounds = 123,
     .after_ns = 5000,
     .down_ns = MS(5000),
     .timeout_ns = MS(60000),
     .fails_copies = true,
     .bound_ns = MS(5000) + MS(3000)},
};
const uint32_t sim_scenario_count = WEFT_ARRAY_COUNT(sim_scenarios);
