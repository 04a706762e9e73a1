/* The command line of weft-perf: one table of options, each with its bounds. */
#include "options.h"

#include <string.h>

#include "base/text.h"
#include "weft_net.h"

#define FAULT_TIMEOUT_MS   200      /* of the machine's time: an emulated second takes minutes */
#define FAULT_BYTES_PER_MS 10000000 /* and longer for large sizes: what 10 GB/s need */
#define PEER_DILATION      1000
#define PEER_SELF          "self"
#define SIZE_BYTES_MAX     WEFT_GIB(1024)
#define BLOCKS_MAX         4000000

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

static const char *const op_names[WEFT_PERF_OPS] = {"put", "get", "copy"};

const char *weft_perf_op_name(enum weft_perf_op op)
{
    return op_names[op];
}

static bool peer_take(const struct weft_args_option *option, const char *text, void *values,
                      char why[WEFT_WHY_BYTES])
{
    struct weft_perf_options *options = values;

    (void)option;
    (void)why;
    options->has_peer = true;
    options->peer_node = strcmp(text, PEER_SELF) == 0 ? NULL : text;
    return true;
}

/* One size is a sweep that ends where it begins. */
static bool size_take(const struct weft_args_option *option, const char *text, void *values,
                      char why[WEFT_WHY_BYTES])
{
    struct weft_perf_options *options = values;

    if (!weft_args_size(option, text, values, why))
        return false;
    options->size_max = options->size_min;
    return true;
}

static bool timeout_take(const struct weft_args_option *option, const char *text, void *values,
                         char why[WEFT_WHY_BYTES])
{
    struct weft_perf_options *options = values;

    options->has_timeout = weft_args_count(option, text, values, why);
    return options->has_timeout;
}

/* The kind of fault is in `least`. */
static bool fault_take(const struct weft_args_option *option, const char *text, void *values,
                       char why[WEFT_WHY_BYTES])
{
    struct weft_perf_options *options = values;

    return weft_perf_fault_add(&options->faults, (enum weft_link_change)option->least, false, text,
                               why);
}

static bool restore_take(const struct weft_args_option *option, const char *text, void *values,
                         char why[WEFT_WHY_BYTES])
{
    struct weft_perf_options *options = values;

    (void)option;
    return weft_perf_fault_add(&options->faults, WEFT_LINK_SCALE, true, text, why);
}

#define AT(member) offsetof(struct weft_perf_options, member)

static const struct weft_args_option rows[] = {
    {"node", 0, "NAME", "emulated machine: a preset or a topology file", weft_args_text, AT(node),
     0, 0},
    {"dilation", 0, "N", "how much slower an emulated machine runs (100; two: 1000)",
     weft_args_count32, AT(dilation), 1, WEFT_DILATION_MAX},
    {"from", 0, "DEVICE", "source (put: gpu0, get: dram0)", weft_args_text, AT(from), 0, 0},
    {"to", 0, "DEVICE", "destination (put: dram0, get: gpu0)", weft_args_text, AT(to), 0, 0},
    {"all-gpus", 0, NULL, "every GPU with the DRAM of its own socket, at once", weft_args_flag,
     AT(all_gpus), 0, 0},
    {"peer", 0, "NAME", "a second server b: an emulated machine, or self: this one", peer_take, 0,
     0, 0},
    {"nics", 0, "N", "use the first N NICs of both servers (all)", weft_args_count32, AT(nics), 1,
     WEFT_NET_NICS_MAX},
    {"transport", 0, "tcp|udp", "the net between both servers (tcp); without --peer, --peer self",
     weft_args_word, AT(transport), 0, 0},
    {"crypto", 0, "full|integrity|off", "between both servers (the library's default)",
     weft_args_word, AT(crypto), 0, 0},
    {"size", 's', "SIZE", "bytes of a transfer (256M)", size_take, AT(size_min), 1, SIZE_BYTES_MAX},
    {"min", 'b', "SIZE", "first size of a sweep", weft_args_size, AT(size_min), 1, SIZE_BYTES_MAX},
    {"max", 'e', "SIZE", "last size of a sweep", weft_args_size, AT(size_max), 1, SIZE_BYTES_MAX},
    {"factor", 'f', "N", "from size to size of a sweep (2)", weft_args_count, AT(size_factor), 2,
     1024},
    {"block", 0, "SIZE", "move blocks of this size instead", weft_args_size, AT(block_bytes), 1,
     SIZE_BYTES_MAX},
    {"blocks", 0, "N", "how many (81920)", weft_args_count, AT(block_count), 1, BLOCKS_MAX},
    {"indexed", 0, NULL, "blocks at random places on both sides", weft_args_flag, AT(indexed), 0,
     0},
    {"iters", 'n', "N", "measured transfers per size (5)", weft_args_count32, AT(iterations), 1,
     WEFT_PERF_ITERATIONS_MAX},
    {"warmup", 0, "N", "transfers before them (1)", weft_args_count32, AT(warmup), 0,
     WEFT_PERF_ITERATIONS_MAX},
    {"check", 0, "off|on", "verify every byte (on)", weft_args_switch, AT(check), 0, 0},
    {"timeout", 0, "MS", "deadline of a transfer in the machine's time", timeout_take,
     AT(timeout_ms), 1, 86400000},
    {"routes", 0, "LIST", "all, direct, staged, or transit:gpu1[,gpu2...]", weft_args_text,
     AT(routes), 0, 0},
    {"sched", 0, "pull|direct|static|roundrobin", "the scheduler (pull)", weft_args_word, AT(sched),
     0, 0},
    {"compare", 0, NULL, "measure direct, static and roundrobin beside it", weft_args_flag,
     AT(compare), 0, 0},
    {"no-baseline", 0, NULL, "do not measure direct beside it", weft_args_unset, AT(baseline), 0,
     0},
    {"baseline", 0, "cuda", "measure the driver's own copies beside it", weft_args_switch, AT(cuda),
     0, 0},
    {"degrade", 0, "LINK=FACTOR[@P%]", "slow a link before, or when P percent have arrived",
     fault_take, 0, WEFT_LINK_SCALE, 0},
    {"fail", 0, "LINK[@P%]",
     "cut a link; all: every NIC; peer:stop, peer:kill: the second server's process", fault_take, 0,
     WEFT_LINK_CUT, 0},
    {"restore", 0, "LINK@P%", "bring a link back", restore_take, 0, 0, 0},
    {"hang", 0, "LINK@P%", "stop a link without an error; NIC:out, NIC:in: one direction",
     fault_take, 0, WEFT_LINK_HANG, 0},
    {"lose", 0, "NIC=N[@P%]", "a NIC loses one packet in N of what it sends (udp)", fault_take, 0,
     WEFT_LINK_LOSE, 0},
    {"delay", 0, "NIC=US[@P%]", "a NIC's packets take so many us longer", fault_take, 0,
     WEFT_LINK_DELAY, 0},
    {"json", 0, "FILE", "write the results (-: standard output)", weft_args_file, AT(json), 0, 0},
    {"csv", 0, NULL, "comma-separated lines instead of a table", weft_args_flag, AT(csv), 0, 0},
    {0},
};

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
    if (weft_perf_fault_plan_has(&options->faults, WEFT_LINK_LOSE) &&
        !weft_text_equal(options->transport == NULL ? "tcp" : options->transport, "udp"))
        return "--lose is of packets, and tcp has none that Weft could lose: measure with "
               "--transport udp, or use --delay, --degrade, --hang or --fail";
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

/* Sides and defaults of a measurement between two servers; what is wrong of it, or NULL. */
static const char *peer_finish(struct weft_perf_options *options)
{
    const char *device = options->node == NULL ? "dram0" : "gpu0";

    options->from_side = options->op == WEFT_PERF_GET ? WEFT_PERF_B : WEFT_PERF_A;
    options->to_side = options->op == WEFT_PERF_GET ? WEFT_PERF_A : WEFT_PERF_B;
    if (options->from == NULL)
        options->from = device;
    if (options->to == NULL)
        options->to = device;
    options->from = weft_perf_side_take(options->from, &options->from_side);
    options->to = weft_perf_side_take(options->to, &options->to_side);
    if (options->dilation == 0)
        options->dilation = PEER_DILATION;
    if (options->transport == NULL)
        options->transport = "tcp";
    return peer_reason(options);
}

/* Without --peer all is on server a. What is wrong, or NULL. */
static const char *alone_finish(struct weft_perf_options *options)
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
        return "--nics, --crypto, --transport and b: are of measurements between two servers: name "
               "the second one with --peer";
    return NULL;
}

/* Combinations that make no sense; NULL for those that do. */
static const char *subject_reason(const struct weft_perf_options *options)
{
    if (options->indexed && options->block_bytes == 0)
        return "--indexed moves blocks: give their size with --block";
    if (options->all_gpus && options->block_bytes > 0)
        return "--all-gpus moves contiguous bytes: leave --block out";
    if (options->all_gpus && options->op == WEFT_PERF_COPY)
        return "--all-gpus needs put or get";
    if (options->size_max != 0 && options->size_max < options->size_min)
        return "--max is below --min, which is 256M where it is not given";
    return NULL;
}

/* Defaults that depend on other options. */
static void defaults_fill(struct weft_perf_options *options)
{
    static const char *const from[WEFT_PERF_OPS] = {"gpu0", "dram0", "gpu0"};
    static const char *const to[WEFT_PERF_OPS] = {"dram0", "gpu0", "gpu1"};

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

bool weft_perf_options_read(struct weft_perf_options *options, int argc, char *argv[],
                            char why[WEFT_ARGS_WHY_BYTES])
{
    static const struct weft_args args = {
        .about = about, .words = "put|get|copy", .options = rows, .word_place = AT(op)};
    const char *wrong;

    *options = (struct weft_perf_options){.size_min = WEFT_MIB(256),
                                          .size_max = 0,
                                          .size_factor = 2,
                                          .block_count = 81920,
                                          .iterations = 5,
                                          .warmup = 1,
                                          .check = true,
                                          .baseline = true};
    if (!weft_args_read(&args, argc, argv, options, why))
        return false;
    if (options->transport != NULL && !options->has_peer && options->node == NULL)
        options->has_peer = true;
    wrong = subject_reason(options);
    if (wrong == NULL)
        wrong = options->has_peer ? peer_finish(options) : alone_finish(options);
    if (wrong != NULL) {
        weft_text_copy(why, WEFT_ARGS_WHY_BYTES, wrong);
        return false;
    }
    defaults_fill(options);
    return true;
}
