/* The command line of weft-kv: one table of options, each with its bounds. */
#include "options.h"

#include <stdio.h>
#include <string.h>

#include "common/args.h"
#include "kv_cache.h"

#ifndef WEFT_KV_TRACE
#define WEFT_KV_TRACE "perf/traces/conversation_2000.jsonl"
#endif

#define PROGRAM        "weft-kv"
#define OPTION_KEY_MAX 0xffffff /* argp's own keys lie above */

/* What was not given. Two servers in pd, and fewer bytes: this machine's memory is shared. */
#define REQUESTS_OFFLOAD   1000
#define REQUESTS_PD        200
#define GPU_BLOCKS_OFFLOAD 320
#define GPU_BLOCKS_PD      256
#define SCALE_OFFLOAD      (1000000 / 128)
#define SCALE_PD           (1000000 / 256)

enum option_key {
    KEY_NODE = 256,
    KEY_DILATION,
    KEY_TRACE,
    KEY_REQUESTS,
    KEY_MODEL,
    KEY_SCALE,
    KEY_GPUS,
    KEY_SPREAD,
    KEY_GPU_BLOCKS,
    KEY_DRAM_BLOCKS,
    KEY_LAYOUT,
    KEY_DRAM_LAYOUT,
    KEY_SATURATE,
    KEY_LOAD,
    KEY_CONCURRENCY,
    KEY_PER_LAYER,
    KEY_SCHED,
    KEY_NO_BASELINE,
    KEY_JSON,
    KEY_PLOT,
};

static const char about[] =
    "Replays a trace of chat requests as a serving node would: a request's cached blocks are "
    "restored from host memory to its GPU, its new ones are offloaded when it ends (offload); or a "
    "prefill server hands a request's KV cache over to a decode server (pd).\v"
    "offload: restored blocks are checked by checksum against what was offloaded. A restore's time "
    "is that from its submission to its completion, in the machine's own time; checks lie outside "
    "of it.\n\n"
    "pd: two processes, two emulated machines, net=tcp between them. Each request's pages go from "
    "a GPU of the one to a GPU of the other in one put, or with --per-layer in one for each layer "
    "as prefill produces them; a signal in the decode server's host memory follows each put. Both "
    "servers take checksums. A handoff's time is that from the submission of a request's last put "
    "to the end of its last signal, by the prefill server's clock.\n\n"
    "Arrivals are the trace's, compressed so that with one PCIe link per GPU the links would be "
    "busy for --load of the time (bytes of both directions over the rate of one), for pd with one "
    "NIC per GPU the NICs; requests of one time stamp are spread evenly up to the next. With "
    "--saturate requests follow each other as fast as they end.\n\n"
    "A block is 512 tokens. A page is all layers of 16 tokens, or with --layout layers K or V of "
    "one layer. --scale makes blocks smaller, so that a small machine can hold and move them: with "
    "--layout layers there are fewer pages, else fewer and smaller ones.\n\n"
    "Exit status: 0 replayed and every block right, 1 wrong bytes or errors, 2 usage.\n\n"
    "  weft-kv offload --node hgx-h100\n"
    "  weft-kv offload --node hgx-h100 --saturate --model qwen3-32b --json kv.json --plot kv.svg\n"
    "  weft-kv pd --node hgx-h100 --per-layer\n";

static const struct argp_option rows[] = {
    {"node", KEY_NODE, "NAME", 0,
     "emulated machine: a preset or a topology file (hgx-h100); "
     "`real`: this one",
     1},
    {"dilation", KEY_DILATION, "N", 0, "how much slower an emulated machine runs", 1},
    {"gpus", KEY_GPUS, "N", 0, "use the first N GPUs (all)", 1},
    {"trace", KEY_TRACE, "FILE", 0, "requests, a JSON object per line", 2},
    {"requests", KEY_REQUESTS, "N", 0, "at most so many (1000; pd 200)", 2},
    {"spread", KEY_SPREAD, "HOW", 0, "requests over GPUs: roundrobin or leastloaded", 2},
    {"load", KEY_LOAD, "PART", 0, "busy part of PCIe, or of the NICs, with direct (0.3)", 2},
    {"saturate", KEY_SATURATE, NULL, 0, "as fast as requests end", 2},
    {"concurrency", KEY_CONCURRENCY, "N", 0, "requests under way with --saturate (32)", 2},
    {"per-layer", KEY_PER_LAYER, NULL, 0, "pd: a put for each layer; implies --layout layers", 2},
    {"model", KEY_MODEL, "NAME", 0, "whose KV cache (llama-3.1-70b)", 3},
    {"scale", KEY_SCALE, "PART", 0, "part of the model's bytes per token (1/128; pd 1/256)", 3},
    {"layout", KEY_LAYOUT, "HOW", 0, "pages on GPUs: crosslayer or layers", 3},
    {"gpu-blocks", KEY_GPU_BLOCKS, "N", 0, "blocks that each GPU can hold (320; pd 256)", 3},
    {"dram-blocks", KEY_DRAM_BLOCKS, "N", 0, "blocks that host memory can hold (5120)", 3},
    {"dram-layout", KEY_DRAM_LAYOUT, "HOW", 0, "pages in host memory: contiguous or scattered", 3},
    {"sched", KEY_SCHED, "NAME", 0, "pull, direct, static or roundrobin", 4},
    {"no-baseline", KEY_NO_BASELINE, NULL, 0, "do not run direct beside it", 4},
    {"json", KEY_JSON, "FILE", 0, "write the results (-: standard output)", 5},
    {"plot", KEY_PLOT, "FILE", 0, "write a plot as SVG", 5},
    {0},
};

/* Which of two words it is. */
static bool second_take(const char *text, const char *what, const char *const words[2],
                        bool *second, char why[WEFT_WHY_BYTES])
{
    size_t index = 0;

    if (!weft_word_parse(text, what, words, 2, &index, why))
        return false;
    *second = index == 1;
    return true;
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

static bool number_take(struct weft_kv_options *options, int key, const char *text,
                        char why[WEFT_WHY_BYTES])
{
    switch (key) {
    case KEY_DILATION:
        return count_take(text, "dilation", 1, 100000, &options->dilation, why);
    case KEY_GPUS:
        return count_take(text, "number of GPUs", 1, 16, &options->gpus, why);
    case KEY_REQUESTS:
        return weft_count_parse(text, "number of requests", 1, 10000000, &options->requests, why);
    case KEY_CONCURRENCY:
        return count_take(text, "concurrency", 1, 256, &options->concurrency, why);
    case KEY_GPU_BLOCKS:
        return weft_count_parse(text, "number of blocks", 1, WEFT_KV_SLOTS_MAX,
                                &options->gpu_blocks, why);
    case KEY_DRAM_BLOCKS:
        return weft_count_parse(text, "number of blocks", 8, WEFT_KV_SLOTS_MAX,
                                &options->dram_blocks, why);
    case KEY_SCALE:
        return weft_part_parse(text, "scale", &options->scale_millionths, why);
    default:
        return weft_part_parse(text, "load", &options->load_millionths, why);
    }
}

static bool name_take(struct weft_kv_options *options, int key, const char *text,
                      char why[WEFT_WHY_BYTES])
{
    static const char *const spreads[2] = {"roundrobin", "leastloaded"};
    static const char *const layouts[2] = {"crosslayer", "layers"};
    static const char *const dram_layouts[2] = {"contiguous", "scattered"};
    const struct weft_kv_model *model;
    bool second = false;

    if (key == KEY_DRAM_LAYOUT)
        return second_take(text, "layout", dram_layouts, &options->scattered, why);
    if (key == KEY_LAYOUT) {
        if (!second_take(text, "layout", layouts, &second, why))
            return false;
        options->layout = second ? WEFT_KV_BY_LAYER : WEFT_KV_ACROSS_LAYERS;
        return true;
    }
    if (key == KEY_SPREAD) {
        if (!second_take(text, "way to spread requests", spreads, &second, why))
            return false;
        options->spread = second ? WEFT_KV_LEAST_LOADED : WEFT_KV_ROUND_ROBIN;
        return true;
    }
    model = weft_kv_model_find(text, why);
    if (model != NULL)
        options->model = model;
    return model != NULL;
}

/* What was left open, and what does not go together. */
static bool options_settle(struct weft_kv_options *options, char why[WEFT_WHY_BYTES])
{
    bool pd = options->errand == WEFT_KV_PD;
    const char *wrong = NULL;

    if (options->per_layer && !pd)
        wrong = "--per-layer is for the job pd";
    else if (options->per_layer && options->layout == WEFT_KV_ACROSS_LAYERS)
        wrong = "with --layout crosslayer a page has all layers; --per-layer needs --layout layers";
    else if (pd && options->node == NULL)
        wrong = "pd runs two emulated machines on this one; name one with --node";
    if (wrong != NULL) {
        (void)snprintf(why, WEFT_WHY_BYTES, "%s", wrong);
        return false;
    }
    if (options->requests == 0)
        options->requests = pd ? REQUESTS_PD : REQUESTS_OFFLOAD;
    if (options->gpu_blocks == 0)
        options->gpu_blocks = pd ? GPU_BLOCKS_PD : GPU_BLOCKS_OFFLOAD;
    if (options->scale_millionths == 0)
        options->scale_millionths = pd ? SCALE_PD : SCALE_OFFLOAD;
    if (options->layout == WEFT_KV_LAYOUTS)
        options->layout = options->per_layer ? WEFT_KV_BY_LAYER : WEFT_KV_ACROSS_LAYERS;
    if (pd)
        options->dram_blocks = 0; /* only an offload keeps blocks in host memory */
    return true;
}

static error_t option_take(int key, char *text, struct argp_state *state)
{
    static const char *const errands[WEFT_KV_ERRANDS] = {"offload", "pd"};
    struct weft_kv_options *options = state->input;
    char why[WEFT_WHY_BYTES] = "name one job";
    bool second = false;
    bool good = true;

    switch (key) {
    case KEY_NODE:
        options->node = strcmp(text, "real") == 0 ? NULL : text;
        break;
    case KEY_TRACE:
        options->trace = text;
        break;
    case KEY_SATURATE:
        options->saturate = true;
        break;
    case KEY_SCHED:
        options->sched = text;
        break;
    case KEY_PER_LAYER:
        options->per_layer = true;
        break;
    case KEY_NO_BASELINE:
        options->baseline = false;
        break;
    case KEY_JSON:
        options->json = text;
        break;
    case KEY_PLOT:
        options->plot = text;
        break;
    case KEY_MODEL:
    case KEY_SPREAD:
    case KEY_LAYOUT:
    case KEY_DRAM_LAYOUT:
        good = name_take(options, key, text, why);
        break;
    case ARGP_KEY_ARG:
        good = state->arg_num == 0 && second_take(text, "job", errands, &second, why);
        options->errand = second ? WEFT_KV_PD : WEFT_KV_OFFLOAD;
        break;
    case ARGP_KEY_NO_ARGS:
        argp_failure(state, WEFT_EXIT_USAGE, 0, "say what to do: offload or pd (see --help)");
        break;
    case ARGP_KEY_END:
        good = options_settle(options, why);
        break;
    default:
        if (key > OPTION_KEY_MAX)
            return ARGP_ERR_UNKNOWN;
        good = number_take(options, key, text, why);
        break;
    }
    if (!good)
        argp_failure(state, WEFT_EXIT_USAGE, 0, "%s", why);
    return 0;
}

void weft_kv_options_parse(struct weft_kv_options *options, int argc, char *argv[])
{
    static const struct argp parser = {
        .options = rows, .parser = option_take, .args_doc = "offload|pd", .doc = about};
    char why[WEFT_WHY_BYTES * 4];

    *options = (struct weft_kv_options){.node = "hgx-h100",
                                        .trace = WEFT_KV_TRACE,
                                        .model = weft_kv_model_find("llama-3.1-70b", why),
                                        .layout = WEFT_KV_LAYOUTS,
                                        .dram_blocks = 5120,
                                        .load_millionths = 300000,
                                        .concurrency = 32,
                                        .baseline = true};
    argp_err_exit_status = WEFT_EXIT_USAGE;
    if (!weft_args_check(argc, argv, rows, why))
        weft_args_fail(PROGRAM, why);
    (void)argp_parse(&parser, argc, argv, 0, NULL, options);
}
