/* The command line of weft-kv: one table of options, each with its bounds. */
#include "options.h"

#include <stdio.h>
#include <string.h>

#include "kv_cache.h"

#ifndef WEFT_KV_TRACE
#define WEFT_KV_TRACE "perf/traces/conversation_2000.jsonl"
#endif

#define GPUS_MAX        16
#define REQUESTS_MAX    10000000
#define CONCURRENCY_MAX 256
#define DRAM_BLOCKS_MIN 8

/* What was not given. Two servers in pd, and fewer bytes: this machine's memory is shared. */
#define REQUESTS_OFFLOAD   1000
#define REQUESTS_PD        200
#define GPU_BLOCKS_OFFLOAD 320
#define GPU_BLOCKS_PD      256
#define SCALE_OFFLOAD      (1000000 / 128)
#define SCALE_PD           (1000000 / 256)

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

static bool node_take(const struct weft_args_option *option, const char *text, void *values,
                      char why[WEFT_WHY_BYTES])
{
    return weft_args_text(option, strcmp(text, "real") == 0 ? NULL : text, values, why);
}

static bool model_take(const struct weft_args_option *option, const char *text, void *values,
                       char why[WEFT_WHY_BYTES])
{
    struct weft_kv_options *options = values;
    const struct weft_kv_model *model = weft_kv_model_find(text, why);

    (void)option;
    if (model != NULL)
        options->model = model;
    return model != NULL;
}

#define AT(member) offsetof(struct weft_kv_options, member)

/* The words of --spread and --layout are in the order of their enums. */
static const struct weft_args_option rows[] = {
    {"node", 0, "NAME",
     "emulated machine: a preset or a topology file (hgx-h100); `real`: this one", node_take,
     AT(node), 0, 0},
    {"dilation", 0, "N", "how much slower an emulated machine runs", weft_args_count32,
     AT(dilation), 1, WEFT_DILATION_MAX},
    {"gpus", 0, "N", "use the first N GPUs (all)", weft_args_count32, AT(gpus), 1, GPUS_MAX},
    {"trace", 0, "FILE", "requests, a JSON object per line", weft_args_text, AT(trace), 0, 0},
    {"requests", 0, "N", "at most so many (1000; pd 200)", weft_args_count, AT(requests), 1,
     REQUESTS_MAX},
    {"spread", 0, "roundrobin|leastloaded", "requests over GPUs (roundrobin)", weft_args_choice,
     AT(spread), 0, 0},
    {"load", 0, "PART", "busy part of PCIe, or of the NICs, with direct (0.3)", weft_args_part,
     AT(load_millionths), 0, 0},
    {"saturate", 0, NULL, "as fast as requests end", weft_args_flag, AT(saturate), 0, 0},
    {"concurrency", 0, "N", "requests under way with --saturate (32)", weft_args_count32,
     AT(concurrency), 1, CONCURRENCY_MAX},
    {"per-layer", 0, NULL, "pd: a put for each layer; implies --layout layers", weft_args_flag,
     AT(per_layer), 0, 0},
    {"model", 0, "NAME", "whose KV cache (llama-3.1-70b)", model_take, 0, 0, 0},
    {"scale", 0, "PART", "part of the model's bytes per token (1/128; pd 1/256)", weft_args_part,
     AT(scale_millionths), 0, 0},
    {"layout", 0, "crosslayer|layers", "pages on GPUs (crosslayer)", weft_args_choice, AT(layout),
     0, 0},
    {"gpu-blocks", 0, "N", "blocks that each GPU can hold (320; pd 256)", weft_args_count,
     AT(gpu_blocks), 1, WEFT_KV_SLOTS_MAX},
    {"dram-blocks", 0, "N", "blocks that host memory can hold (5120)", weft_args_count,
     AT(dram_blocks), DRAM_BLOCKS_MIN, WEFT_KV_SLOTS_MAX},
    {"dram-layout", 0, "contiguous|scattered", "pages in host memory (contiguous)",
     weft_args_switch, AT(scattered), 0, 0},
    {"sched", 0, "pull|direct|static|roundrobin", "the scheduler (pull)", weft_args_word, AT(sched),
     0, 0},
    {"no-baseline", 0, NULL, "do not run direct beside it", weft_args_unset, AT(baseline), 0, 0},
    {"json", 0, "FILE", "write the results (-: standard output)", weft_args_file, AT(json), 0, 0},
    {"plot", 0, "FILE", "write a plot as SVG", weft_args_file, AT(plot), 0, 0},
    {0},
};

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

bool weft_kv_options_read(struct weft_kv_options *options, int argc, char *argv[],
                          char why[WEFT_ARGS_WHY_BYTES])
{
    static const struct weft_args args = {
        .about = about, .words = "offload|pd", .options = rows, .word_place = AT(errand)};

    *options = (struct weft_kv_options){.node = "hgx-h100",
                                        .trace = WEFT_KV_TRACE,
                                        .model = weft_kv_model_find("llama-3.1-70b", why),
                                        .layout = WEFT_KV_LAYOUTS,
                                        .dram_blocks = 5120,
                                        .load_millionths = 300000,
                                        .concurrency = 32,
                                        .baseline = true};
    return weft_args_read(&args, argc, argv, options, why) && options_settle(options, why);
}
