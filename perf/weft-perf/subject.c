/* The devices and memory of a measurement. */
#include "subject.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/prng.h"
#include "base/text.h"

#define POISON_SEED UINT64_C(0xdeadbeefdeadbeef)

static bool flow_add(struct weft_perf_subject *subject, const char *from, const char *to,
                     char why[WEFT_WHY_BYTES])
{
    const struct weft_testbed *testbed = subject->testbed;
    struct weft_perf_flow *flow = &subject->flows[subject->flow_count];
    weftDeviceProps_t props;

    if (subject->flow_count == WEFT_PERF_FLOWS_MAX) {
        (void)snprintf(why, WEFT_WHY_BYTES, "more than %d GPUs", WEFT_PERF_FLOWS_MAX);
        return false;
    }
    if (!weft_testbed_device(testbed, from, &flow->from_id, why) ||
        !weft_testbed_device(testbed, to, &flow->to_id, why))
        return false;
    (void)weftDeviceGetProps(testbed->home, flow->from_id, &props);
    flow->from_gpu = props.kind == weftDeviceGpu;
    weft_text_copy(subject->from_names[subject->flow_count], 32, props.name);
    (void)weftDeviceGetProps(testbed->home, flow->to_id, &props);
    flow->to_gpu = props.kind == weftDeviceGpu;
    weft_text_copy(subject->to_names[subject->flow_count], 32, props.name);
    flow->from_device = flow->to_device = WEFT_NONE;
    if (testbed->topo != NULL) {
        flow->from_device = weft_topo_find(testbed->topo, subject->from_names[subject->flow_count]);
        flow->to_device = weft_topo_find(testbed->topo, subject->to_names[subject->flow_count]);
    }
    subject->flow_count++;
    return true;
}

/* Every GPU with the host memory of its own socket. */
static bool flows_of_all(struct weft_perf_subject *subject, const struct weft_perf_options *options,
                         char why[WEFT_WHY_BYTES])
{
    const char *host = options->op == WEFT_PERF_PUT ? options->to : options->from;

    if (host[0] != '\0' && strcmp(host, "dram") != 0) {
        (void)snprintf(why, WEFT_WHY_BYTES,
                       "--all-gpus uses the DRAM of each GPU's own socket: write dram, not '%.60s'",
                       host);
        return false;
    }
    for (unsigned i = 0; i < subject->testbed->gpu_count; i++) {
        char gpu[32];
        char dram[32] = "dram0";
        weftDeviceProps_t props;
        weftDevId_t id;

        (void)snprintf(gpu, sizeof(gpu), "gpu%u", i);
        if (!weft_testbed_device(subject->testbed, gpu, &id, why))
            return false;
        if (weftDeviceGetProps(subject->testbed->home, id, &props) == weftSuccess &&
            props.numaNode > 0)
            (void)snprintf(dram, sizeof(dram), "dram%d", props.numaNode);
        if (!flow_add(subject, options->op == WEFT_PERF_PUT ? gpu : dram,
                      options->op == WEFT_PERF_PUT ? dram : gpu, why))
            return false;
    }
    return true;
}

static bool memory_take(struct weft_perf_subject *subject, char why[WEFT_WHY_BYTES])
{
    weftComm_t home = subject->testbed->home;

    for (uint32_t i = 0; i < subject->flow_count; i++) {
        struct weft_perf_flow *flow = &subject->flows[i];

        if (weftMemAlloc(home, flow->from_id, subject->span_bytes, &flow->src) != weftSuccess ||
            weftMemAlloc(home, flow->to_id, subject->span_bytes, &flow->dst) != weftSuccess) {
            weft_text_copy(why, WEFT_WHY_BYTES, weftGetLastError(home));
            return false;
        }
    }
    return true;
}

static uint32_t *ids_make(uint64_t count)
{
    uint32_t *ids = malloc(count * sizeof(*ids));

    for (uint32_t i = 0; ids != NULL && i < count; i++)
        ids[i] = i;
    return ids;
}

bool weft_perf_subject_init(struct weft_perf_subject *subject, const struct weft_testbed *testbed,
                            const struct weft_perf_options *options, char why[WEFT_WHY_BYTES])
{
    memset(subject, 0, sizeof(*subject));
    subject->testbed = testbed;
    subject->op = options->op;
    subject->span_bytes = options->size_max;
    if (options->all_gpus ? !flows_of_all(subject, options, why)
                          : !flow_add(subject, options->from, options->to, why))
        goto fail;
    if (options->block_bytes > 0) {
        subject->block_bytes = options->block_bytes;
        subject->block_count = options->block_count;
        /* A gap between blocks in order keeps them from being merged into one extent. */
        subject->block_stride = options->block_bytes * (options->indexed ? 1 : 2);
        subject->span_bytes = subject->block_stride * options->block_count;
    }
    if (options->indexed) {
        subject->src_ids = ids_make(options->block_count);
        subject->dst_ids = ids_make(options->block_count);
        if (subject->src_ids == NULL || subject->dst_ids == NULL) {
            (void)snprintf(why, WEFT_WHY_BYTES, "no memory for the block ids");
            goto fail;
        }
    }
    if (!memory_take(subject, why))
        goto fail;
    return true;
fail:
    weft_perf_subject_fini(subject);
    return false;
}

void weft_perf_subject_fini(struct weft_perf_subject *subject)
{
    for (uint32_t i = 0; i < subject->flow_count; i++) {
        if (subject->flows[i].src != NULL)
            (void)weftMemFree(subject->testbed->home, subject->flows[i].src);
        if (subject->flows[i].dst != NULL)
            (void)weftMemFree(subject->testbed->home, subject->flows[i].dst);
    }
    free(subject->src_ids);
    free(subject->dst_ids);
    memset(subject, 0, sizeof(*subject));
}

static void ids_shuffle(uint32_t *ids, uint64_t count, struct weft_prng *prng)
{
    for (uint64_t i = count; ids != NULL && i > 1; i--) {
        uint64_t other = weft_prng_below(prng, i);
        uint32_t id = ids[i - 1];

        ids[i - 1] = ids[other];
        ids[other] = id;
    }
}

bool weft_perf_subject_prepare(struct weft_perf_subject *subject, uint64_t size, uint64_t seed)
{
    uint64_t bytes = subject->block_bytes > 0 ? subject->span_bytes : size;
    struct weft_prng prng;

    weft_prng_init(&prng, seed);
    ids_shuffle(subject->src_ids, subject->block_count, &prng);
    ids_shuffle(subject->dst_ids, subject->block_count, &prng);
    for (uint32_t i = 0; i < subject->flow_count; i++) {
        const struct weft_perf_flow *flow = &subject->flows[i];

        if (!weft_testbed_fill(subject->testbed, flow->from_gpu, flow->src, bytes,
                               seed * WEFT_PERF_FLOWS_MAX + i, 0) ||
            !weft_testbed_fill(subject->testbed, flow->to_gpu, flow->dst, bytes, POISON_SEED, 0))
            return false;
    }
    return true;
}

static uint64_t block_at(const uint32_t *ids, uint64_t index)
{
    return ids == NULL ? index : ids[index];
}

bool weft_perf_subject_verify(const struct weft_perf_subject *subject, uint64_t size, uint64_t seed,
                              uint64_t *wrong)
{
    uint64_t count = subject->block_bytes > 0 ? subject->block_count : 1;
    uint64_t bytes = subject->block_bytes > 0 ? subject->block_bytes : size;
    uint64_t sum = 0;

    for (uint32_t i = 0; i < subject->flow_count; i++) {
        const struct weft_perf_flow *flow = &subject->flows[i];

        for (uint64_t k = 0; k < count; k++) {
            uint64_t from = block_at(subject->src_ids, k) * subject->block_stride;
            uint64_t to = block_at(subject->dst_ids, k) * subject->block_stride;
            uint64_t piece = 0;

            if (!weft_testbed_wrong(subject->testbed, flow->to_gpu, (const char *)flow->dst + to,
                                    bytes, seed * WEFT_PERF_FLOWS_MAX + i, from, &piece))
                return false;
            sum += piece;
        }
    }
    *wrong = sum;
    return true;
}
