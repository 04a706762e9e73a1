/* The command line of weft-perf: one table of options, each with its bounds. */
#include "options.h"

#include <stdio.h>
#include <string.h>

#include "common/args.h"
#include "weft_net.h"

#define OPTION_KEY_MAX     0xffffff /* argp's own keys lie above */
#define FAULT_TIMEOUT_MS   200      /* of the machine's time: an emulated second takes minutes */
#define FAULT_BYTES_PER_MS 10000000 /* and longer for large sizes: what 10 GB/s need */
#define PEER_DILATION      1000
#define PEER_SELF          "self"

enum option_key {
    KEY_NODE = 256,
    KEY_FROM,
    KEY_TO,
    KEY_PEER,
    KEY_NICS,
    KEY_CRYPTO,
    KEY_TRANSPORT,
    KEY_ALL_GPUS,
    KEY_BLOCK,
    KEY_BLOCKS,
    KEY_INDEXED,
    KEY_WARMUP,
    KEY_CHECK,
    KEY_ROUTES,
    KEY_SCHED,
    KEY_COMPARE,
    KEY_NO_BASELINE,
    KEY_BASELINE,
    KEY_DEGRADE,
    KEY_FAIL,
    KEY_RESTORE,
    KEY_HANG,
    KEY_TIMEOUT,
    KEY_DILATION,
    KEY_JSON,
    KEY_CSV,
};

static const char about[] =
    "Measures put, get and copy between devices of a machine, and checks every byte.\v"
    "Times are in the machine's own time: on an emulated one the dilation is removed.\n\n"
    "The bound is the maximum flow between the devices on the machine's raw link graph, with "
    "links as the faults left them. Where links change during a transfer, the bound is the time "
    "in which an ideal transfer would end: the maximum flow of each phase, integrated over the "
    "moments at which the links really changed.\n\n"
    "Goodput is back after a link changed when from then on, for 0.5 ms, it is 0.9 of the bound "
    "with the links as they are then. That is the machine's time, too: on an emulated one bytes "
    "move so much slower, while what Weft itself waits for (net_silence_ms) is real time.\n\n"
    "Where nothing is left in the end (--fail all, peer:stop, peer:kill) an error is what is asked "
    "for: it must come within the deadline (--timeout), what lands after it is looked for, another "
    "transfer goes over the same comm after the repair, and an abort must return.\n\n"
    "Exit status: 0 measured and every byte right, 1 wrong bytes or errors that were not asked "
    "for, "
    "2 usage.\n\n"
    "  weft-perf put --node hgx-h100 --from gpu0 --to dram0 --size 1G\n"
    "  weft-perf get --node hgx-h100 --from dram0 --to gpu0 -b 1M -e 1G -f 4 --compare\n"
    "  weft-perf put --node hgx-h100 --all-gpus --to dram --size 64M\n"
    "  weft-perf put --node hgx-h100 --size 1G --degrade gpu0-pcie=0.1@30% --compare\n"
    "  weft-perf put --node hgx-h100 --size 1G --fail gpu0-pcie@30% --restore gpu0-pcie@60%\n"
    "  weft-perf get --node hgx-h100 --block 4K --blocks 81920 --indexed\n"
    "  weft-perf put --node hgx-h100 --peer hgx-h100 --from a:gpu0 --to b:gpu0 --size 1G\n"
    "  weft-perf put --node hgx-h100 --peer hgx-h100 --size 1G --nics 4 --fail b:nic0@30%\n"
    "  weft-perf put --node hgx-h100 --peer hgx-h100 --size 1G --nics 4 --fail b:nic0@30% --fail "
    "b:nic1@31% --restore b:nic0@60% --restore b:nic1@60% --iters 50\n"
    "  weft-perf put --node hgx-h100 --peer hgx-h100 --size 1G --nics 4 --fail all@30%\n"
    "  weft-perf put --transport tcp --size 64M --crypto off\n\n"
    "With --peer a second process is a second server, reached over the network: a: and b: in front "
    "of a device or link say whose it is. put moves from a to b, get from b to a. nic0 is short "
    "for its link nic0-net.\n";

static const struct argp_option rows[] = {
    {"node", KEY_NODE, "NAME", 0, "emulated machine: a preset or a topology file", 1},
    {"from", KEY_FROM, "DEVICE", 0, "source (put: gpu0, get: dram0)", 1},
    {"to", KEY_TO, "DEVICE", 0, "destination (put: dram0, get: gpu0)", 1},
    {"peer", KEY_PEER, "NAME", 0, "a second server b: an emulated machine, or self: this one", 1},
    {"nics", KEY_NICS, "N", 0, "use the first N NICs of both servers (all)", 1},
    {"transport", KEY_TRANSPORT, "NAME", 0,
     "the net between both servers: tcp or udp (tcp); without --peer, --peer self", 1},
    {"crypto", KEY_CRYPTO, "MODE", 0, "full, integrity or off (the library's default)", 1},
    {"all-gpus", KEY_ALL_GPUS, NULL, 0, "every GPU with the DRAM of its own socket, at once", 1},
    {"size", 's', "SIZE", 0, "bytes of a transfer (256M)", 2},
    {"min", 'b', "SIZE", 0, "first size of a sweep", 2},
    {"max", 'e', "SIZE", 0, "last size of a sweep", 2},
    {"factor", 'f', "N", 0, "from size to size of a sweep (2)", 2},
    {"block", KEY_BLOCK, "SIZE", 0, "move blocks of this size instead", 2},
    {"blocks", KEY_BLOCKS, "N", 0, "how many (81920)", 2},
    {"indexed", KEY_INDEXED, NULL, 0, "blocks at random places on both sides", 2},
    {"iters", 'n', "N", 0, "measured transfers per size (5)", 3},
    {"warmup", KEY_WARMUP, "N", 0, "transfers before them (1)", 3},
    {"check", KEY_CHECK, "on|off", 0, "verify every byte (on)", 3},
    {"timeout", KEY_TIMEOUT, "MS", 0, "deadline of a transfer in the machine's time", 3},
    {"dilation", KEY_DILATION, "N", 0, "how much slower an emulated machine runs (100; two: 1000)",
     3},
    {"routes", KEY_ROUTES, "LIST", 0, "all, direct, staged, or transit:gpu1[,gpu2...]", 4},
    {"sched", KEY_SCHED, "NAME", 0, "pull, direct, static or roundrobin", 4},
    {"compare", KEY_COMPARE, NULL, 0, "measure direct, static and roundrobin beside it", 4},
    {"no-baseline", KEY_NO_BASELINE, NULL, 0, "do not measure direct beside it", 4},
    {"baseline", KEY_BASELINE, "cuda", 0, "measure the driver's own copies beside it", 4},
    {"degrade", KEY_DEGRADE, "LINK=FACTOR[@P%]", 0,
     "slow a link before, or when P percent have arrived", 5},
    {"fail", KEY_FAIL, "LINK[@P%]", 0,
     "cut a link; all: every NIC; peer:stop, peer:kill: the second server's process", 5},
    {"restore", KEY_RESTORE, "LINK@P%", 0, "bring a link back", 5},
    {"hang", KEY_HANG, "LINK@P%", 0, "stop a link without an error", 5},
    {"json", KEY_JSON, "FILE", 0, "write the results (-: standard output)", 6},
    {"csv", KEY_CSV, NULL, 0, "comma-separated lines instead of a table", 6},
    {0},
};

static const char *const op_names[WEFT_PERF_OPS] = {"put", "get", "copy"};

const char *weft_perf_op_name(enum weft_perf_op op)
{
    return op_names[op];
}

static bool count_take(const char *text, const char *what, uint64_t least, uint64_t most,
                       unsigned *value, char why[WEFT_WHY_BYTES])
{
    uint64_t number;

    if (!weft_count_parse(text, what, least, most, &number, why))
        return false;
    *value = (unsigned)number;
    return true;
}

static bool check_take(const char *text, bool *check, char why[WEFT_WHY_BYTES])
{
    static const char *const words[] = {"off", "on"};
    size_t index = 0;

    if (!weft_word_parse(text, "value of --check", words, 2, &index, why))
        return false;
    *check = index == 1;
    return true;
}

static bool baseline_take(const char *text, bool *cuda, char why[WEFT_WHY_BYTES])
{
    static const char *const words[] = {"cuda"};
    size_t index = 0;

    *cuda = weft_word_parse(text, "baseline", words, 1, &index, why);
    return *cuda;
}

static bool crypto_take(const char *text, const char **crypto, char why[WEFT_WHY_BYTES])
{
    static const char *const words[] = {"full", "integrity", "off"};
    size_t index = 0;

    if (!weft_word_parse(text, "value of --crypto", words, 3, &index, why))
        return false;
    *crypto = words[index];
    return true;
}

static bool transport_take(const char *text, const char **transport, char why[WEFT_WHY_BYTES])
{
    static const char *const words[] = {"tcp", "udp"};
    size_t index = 0;

    if (!weft_word_parse(text, "value of --transport", words, 2, &index, why))
        return false;
    *transport = words[index];
    return true;
}

/* What is measured: sizes, blocks, counts, names. */
static bool subject_take(struct weft_perf_options *options, int key, const char *text,
                         char why[WEFT_WHY_BYTES])
{
    switch (key) {
    case 's':
        if (!weft_size_parse(text, &options->size_min, why))
            return false;
        options->size_max = options->size_min;
        return true;
    case 'b':
        return weft_size_parse(text, &options->size_min, why);
    case 'e':
        return weft_size_parse(text, &options->size_max, why);
    case 'f':
        return weft_count_parse(text, "factor", 2, 1024, &options->size_factor, why);
    case KEY_BLOCK:
        return weft_size_parse(text, &options->block_bytes, why);
    case KEY_BLOCKS:
        return weft_count_parse(text, "number of blocks", 1, 4000000, &options->block_count, why);
    case 'n':
        return count_take(text, "number of iterations", 1, WEFT_PERF_ITERATIONS_MAX,
                          &options->iterations, why);
    case KEY_WARMUP:
        return count_take(text, "number of warm-ups", 0, WEFT_PERF_ITERATIONS_MAX, &options->warmup,
                          why);
    case KEY_TIMEOUT:
        options->has_timeout = true;
        return weft_count_parse(text, "number of milliseconds", 1, 86400000, &options->timeout_ms,
                                why);
    case KEY_DILATION:
        return count_take(text, "dilation", 1, 100000, &options->dilation, why);
    case KEY_NICS:
        return count_take(text, "number of NICs", 1, WEFT_NET_NICS_MAX, &options->nics, why);
    case KEY_CRYPTO:
        return crypto_take(text, &options->crypto, why);
    case KEY_TRANSPORT:
        return transport_take(text, &options->transport, why);
    case KEY_CHECK:
        return check_take(text, &options->check, why);
    default:
        return baseline_take(text, &options->cuda, why);
    }
}

static bool fault_take(struct weft_perf_options *options, int key, const char *text,
                       char why[WEFT_WHY_BYTES])
{
    switch (key) {
    case KEY_DEGRADE:
        return weft_perf_fault_add(&options->faults, WEFT_LINK_SCALE, false, text, why);
    case KEY_RESTORE:
        return weft_perf_fault_add(&options->faults, WEFT_LINK_SCALE, true, text, why);
    case KEY_FAIL:
        return weft_perf_fault_add(&options->faults, WEFT_LINK_CUT, false, text, why);
    default:
        return weft_perf_fault_add(&options->faults, WEFT_LINK_HANG, false, text, why);
    }
}

static error_t op_take(struct weft_perf_options *options, const char *text,
                       struct argp_state *state)
{
    char why[WEFT_WHY_BYTES];
    size_t index = 0;

    if (!weft_word_parse(text, "operation", op_names, WEFT_PERF_OPS, &index, why))
        argp_failure(state, WEFT_EXIT_USAGE, 0, "%s", why);
    options->op = (enum weft_perf_op)index;
    return 0;
}

static error_t option_take(int key, char *text, struct argp_state *state)
{
    struct weft_perf_options *options = state->input;
    char why[WEFT_WHY_BYTES];
    bool good = true;

    switch (key) {
    case KEY_NODE:
        options->node = text;
        break;
    case KEY_FROM:
        options->from = text;
        break;
    case KEY_TO:
        options->to = text;
        break;
    case KEY_ALL_GPUS:
        options->all_gpus = true;
        break;
    case KEY_PEER:
        options->has_peer = true;
        options->peer_node = strcmp(text, PEER_SELF) == 0 ? NULL : text;
        break;
    case KEY_INDEXED:
        options->indexed = true;
        break;
    case KEY_ROUTES:
        options->routes = text;
        break;
    case KEY_SCHED:
        options->sched = text;
        break;
    case KEY_COMPARE:
        options->compare = true;
        break;
    case KEY_NO_BASELINE:
        options->baseline = false;
        break;
    case KEY_JSON:
        options->json = text;
        break;
    case KEY_CSV:
        options->csv = true;
        break;
    case KEY_DEGRADE:
    case KEY_FAIL:
    case KEY_RESTORE:
    case KEY_HANG:
        good = fault_take(options, key, text, why);
        break;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            return ARGP_ERR_UNKNOWN;
        return op_take(options, text, state);
    default:
        if (key > OPTION_KEY_MAX)
            return ARGP_ERR_UNKNOWN;
        good = subject_take(options, key, text, why);
        break;
    }
    if (!good)
        argp_failure(state, WEFT_EXIT_USAGE, 0, "%s", why);
    return 0;
}

/* The reason why the two servers make no sense, or NULL. */
static const char *peer_reason(const struct weft_perf_options *options)
{
    if (options->peer_node == NULL && options->node != NULL)
        return "--peer self is this machine once more: leave --node out, or name an emulated "
               "machine with --peer, too";
    if (options->peer_node != NULL && options->node == NULL)
        return "--peer names an emulated machine, so this one must be one, too: name it with "
               "--node, or measure between two processes of this machine with --peer self";
    if (options->node == NULL && options->nics > 1)
        return "--nics needs emulated machines: name them with --node and --peer";
    if (options->all_gpus || options->cuda)
        return "--all-gpus and --baseline cuda measure one server: leave --peer out";
    if (options->op == WEFT_PERF_PUT &&
        (options->from_side != WEFT_PERF_A || options->to_side != WEFT_PERF_B))
        return "put moves to the other server: --from a:DEVICE --to b:DEVICE";
    if (options->op == WEFT_PERF_GET &&
        (options->from_side != WEFT_PERF_B || options->to_side != WEFT_PERF_A))
        return "get moves from the other server: --from b:DEVICE --to a:DEVICE";
    if (options->op == WEFT_PERF_COPY && options->from_side == options->to_side)
        return "copy moves from server to server: one of --from and --to is on a, the other on b";
    return NULL;
}

/* Sides, defaults and what is wrong of a measurement between two servers. */
static void peer_finish(struct weft_perf_options *options)
{
    const char *device = options->node == NULL ? "dram0" : "gpu0";
    const char *wrong;

    options->from_side = options->op == WEFT_PERF_GET ? WEFT_PERF_B : WEFT_PERF_A;
    options->to_side = options->op == WEFT_PERF_GET ? WEFT_PERF_A : WEFT_PERF_B;
    if (options->from == NULL)
        options->from = device;
    if (options->to == NULL)
        options->to = device;
    options->from = weft_perf_side_take(options->from, &options->from_side);
    options->to = weft_perf_side_take(options->to, &options->to_side);
    wrong = peer_reason(options);
    if (wrong != NULL)
        weft_args_fail("weft-perf", wrong);
    if (options->dilation == 0)
        options->dilation = PEER_DILATION;
    if (options->transport == NULL)
        options->transport = "tcp";
}

/* Without --peer all is on server a. */
static void alone_finish(struct weft_perf_options *options)
{
    enum weft_perf_side side = WEFT_PERF_A;

    if (options->from != NULL)
        options->from = weft_perf_side_take(options->from, &side);
    if (side == WEFT_PERF_A && options->to != NULL)
        options->to = weft_perf_side_take(options->to, &side);
    for (uint32_t i = 0; i < options->faults.count && side == WEFT_PERF_A; i++)
        side = options->faults.faults[i].side;
    if (side == WEFT_PERF_B || options->nics > 0 || options->crypto != NULL ||
        options->transport != NULL)
        weft_args_fail("weft-perf",
                       "--nics, --crypto, --transport and b: are of measurements between two "
                       "servers: name the second one with --peer");
}

/* Defaults that depend on other options, and combinations that make no sense. */
static void options_finish(struct weft_perf_options *options)
{
    static const char *const from[WEFT_PERF_OPS] = {"gpu0", "dram0", "gpu0"};
    static const char *const to[WEFT_PERF_OPS] = {"dram0", "gpu0", "gpu1"};

    if (options->indexed && options->block_bytes == 0)
        weft_args_fail("weft-perf", "--indexed moves blocks: give their size with --block");
    if (options->all_gpus && options->block_bytes > 0)
        weft_args_fail("weft-perf", "--all-gpus moves contiguous bytes: leave --block out");
    if (options->all_gpus && options->op == WEFT_PERF_COPY)
        weft_args_fail("weft-perf", "--all-gpus needs put or get");
    if (options->transport != NULL && !options->has_peer && options->node == NULL)
        options->has_peer = true;
    if (options->has_peer)
        peer_finish(options);
    else
        alone_finish(options);
    if (options->size_max < options->size_min)
        options->size_max = options->size_min;
    if (options->from == NULL)
        options->from = options->all_gpus ? "" : from[options->op];
    if (options->to == NULL)
        options->to = options->all_gpus ? "" : to[options->op];
    if (options->block_bytes > 0) {
        options->size_min = options->block_bytes * options->block_count;
        options->size_max = options->size_min;
    }
    if (options->timeout_ms == 0 &&
        (options->peer_node != NULL || weft_perf_fault_plan_has(&options->faults, WEFT_LINK_CUT) ||
         weft_perf_fault_plan_has(&options->faults, WEFT_LINK_HANG)))
        options->timeout_ms = FAULT_TIMEOUT_MS + options->size_max / FAULT_BYTES_PER_MS;
}

void weft_perf_options_parse(struct weft_perf_options *options, int argc, char *argv[])
{
    static const struct argp parser = {
        .options = rows, .parser = option_take, .args_doc = "put|get|copy", .doc = about};
    char why[WEFT_WHY_BYTES * 4];

    *options = (struct weft_perf_options){.op = WEFT_PERF_OPS,
                                          .size_min = WEFT_MIB(256),
                                          .size_max = 0,
                                          .size_factor = 2,
                                          .block_count = 81920,
                                          .iterations = 5,
                                          .warmup = 1,
                                          .check = true,
                                          .baseline = true};
    argp_err_exit_status = WEFT_EXIT_USAGE;
    if (!weft_args_check(argc, argv, rows, why))
        weft_args_fail("weft-perf", why);
    if (argp_parse(&parser, argc, argv, 0, NULL, options) != 0 || options->op == WEFT_PERF_OPS)
        weft_args_fail("weft-perf", "say what to measure: put, get or copy (see --help)");
    options_finish(options);
}
