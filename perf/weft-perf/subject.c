/* The devices and memory of a measurement. */
#include "subject.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/prng.h"
#include "base/text.h"
#include "peer.h"

#define POISON_SEED UINT64_C(0xdeadbeefdeadbeef)

/* One end of a flow. */
struct flow_end {
    weftDevId_t id;
    uint32_t device;
    bool is_gpu;
    char name[32];
};

static bool end_take(const struct weft_perf_subject *subject, enum weft_perf_side side,
                     const char *device, struct flow_end *end, char why[WEFT_WHY_BYTES])
{
    const struct weft_testbed *testbed = subject->testbed;
    weftDeviceProps_t props;

    memset(end, 0, sizeof(*end));
    end->device = WEFT_NONE;
    weft_text_copy(end->name, sizeof(end->name), device);
    if (side == subject->side) {
        if (!weft_testbed_device(testbed, device, &end->id, why))
            return false;
        (void)weftDeviceGetProps(testbed->home, end->id, &props);
        end->is_gpu = props.kind == weftDeviceGpu;
        weft_text_copy(end->name, sizeof(end->name), props.name);
    }
    if (subject->joint != NULL)
        end->device = weft_perf_joint_device(subject->joint, side, end->name);
    else if (subject->topo != NULL)
        end->device = weft_topo_find(subject->topo, end->name);
    return true;
}

static void end_name(const struct weft_perf_subject *subject, enum weft_perf_side side,
                     const struct flow_end *end, char name[32])
{
    const char *prefix = subject->peer == NULL ? "" : side == WEFT_PERF_A ? "a:" : "b:";

    (void)snprintf(name, 32, "%s%.29s", prefix, end->name);
}

static bool flow_add(struct weft_perf_subject *subject, const struct weft_perf_options *options,
                     const char *from, const char *to, char why[WEFT_WHY_BYTES])
{
    struct weft_perf_flow *flow = &subject->flows[subject->flow_count];
    struct flow_end from_end;
    struct flow_end to_end;

    if (subject->flow_count == WEFT_PERF_FLOWS_MAX) {
        (void)snprintf(why, WEFT_WHY_BYTES, "more than %d GPUs", WEFT_PERF_FLOWS_MAX);
        return false;
    }
    if (!end_take(subject, options->from_side, from, &from_end, why) ||
        !end_take(subject, options->to_side, to, &to_end, why))
        return false;
    *flow = (struct weft_perf_flow){.from_side = options->from_side,
                                    .to_side = options->to_side,
                                    .from_id = from_end.id,
                                    .to_id = to_end.id,
                                    .from_device = from_end.device,
                                    .to_device = to_end.device,
                                    .from_gpu = from_end.is_gpu,
                                    .to_gpu = to_end.is_gpu};
    end_name(subject, options->from_side, &from_end, subject->from_names[subject->flow_count]);
    end_name(subject, options->to_side, &to_end, subject->to_names[subject->flow_count]);
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
        if (!flow_add(subject, options, options->op == WEFT_PERF_PUT ? gpu : dram,
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

        if ((flow->from_side == subject->side &&
             weftMemAlloc(home, flow->from_id, subject->span_bytes, &flow->src) != weftSuccess) ||
            (flow->to_side == subject->side &&
             weftMemAlloc(home, flow->to_id, subject->span_bytes, &flow->dst) != weftSuccess)) {
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
                            enum weft_perf_side side, struct weft_perf_peer *peer,
                            const struct weft_perf_options *options, char why[WEFT_WHY_BYTES])
{
    memset(subject, 0, sizeof(*subject));
    subject->testbed = testbed;
    subject->side = side;
    subject->peer = peer;
    if (peer != NULL)
        subject->joint = weft_perf_peer_joint(peer);
    if (subject->joint != NULL)
        subject->topo = &subject->joint->topo;
    else if (!options->has_peer)
        subject->topo = testbed->topo;
    subject->op = options->op;
    subject->span_bytes = options->size_max;
    if (options->all_gpus ? !flows_of_all(subject, options, why)
                          : !flow_add(subject, options, options->from, options->to, why))
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

        if ((flow->src != NULL && !weft_testbed_fill(subject->testbed, flow->from_gpu, flow->src,
                                                     bytes, seed * WEFT_PERF_FLOWS_MAX + i, 0)) ||
            (flow->dst != NULL &&
             !weft_testbed_fill(subject->testbed, flow->to_gpu, flow->dst, bytes, POISON_SEED, 0)))
            return false;
    }
    return subject->peer == NULL || weft_perf_peer_prepare(subject->peer, size, seed);
}

/* ---- arrival ---- */

void weft_perf_subject_mark(const struct weft_perf_subject *subject, uint64_t size,
                            struct weft_perf_arrival *arrival)
{
    struct weft_perf_arrival_place places[WEFT_PERF_FLOWS_MAX];
    uint32_t count = 0;

    /* Links change on emulated machines alone, and the memory of a real GPU is out of reach. */
    for (uint32_t i = 0; subject->testbed->emulated && i < subject->flow_count; i++) {
        if (subject->flows[i].dst == NULL)
            continue;
        places[count++] = (struct weft_perf_arrival_place){
            .memory = subject->flows[i].dst,
            .block_bytes = subject->block_bytes > 0 ? subject->block_bytes : size,
            .count = subject->block_bytes > 0 ? subject->block_count : 1,
            .stride = subject->block_stride,
            .ids = subject->dst_ids};
    }
    weft_perf_arrival_init(arrival, places, count);
}

static uint64_t written_bytes(const struct weft_perf_subject *subject)
{
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < subject->flow_count; i++)
        bytes += weft_testbed_written(subject->testbed, subject->to_names[i]);
    return bytes;
}

bool weft_perf_subject_begin(struct weft_perf_subject *subject, uint64_t size)
{
    subject->size = size;
    if (subject->peer == NULL) {
        subject->written_bytes = written_bytes(subject);
        return true;
    }
    weft_perf_subject_mark(subject, size, &subject->arrival);
    return weft_perf_peer_begin(subject->peer, size);
}

uint32_t weft_perf_subject_arrived(struct weft_perf_subject *subject)
{
    uint64_t bytes = subject->size * subject->flow_count;
    uint32_t permille = 0;

    if (subject->peer == NULL)
        return (uint32_t)((written_bytes(subject) - subject->written_bytes) * 1000 / bytes);
    /* All flows go one way. */
    if (subject->flows[0].to_side == subject->side)
        return weft_perf_arrival_permille(&subject->arrival);
    (void)weft_perf_peer_arrived(subject->peer, &permille);
    return permille;
}

/* ---- what came ---- */

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

    if (subject->peer != NULL && !weft_perf_peer_verify(subject->peer, size, seed, &sum))
        return false;
    for (uint32_t i = 0; i < subject->flow_count; i++) {
        const struct weft_perf_flow *flow = &subject->flows[i];

        for (uint64_t k = 0; flow->dst != NULL && k < count; k++) {
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

bool weft_perf_subject_landed(const struct weft_perf_subject *subject, uint64_t size,
                              uint64_t *bytes)
{
    uint64_t filled = subject->block_bytes > 0 ? subject->span_bytes : size;
    uint64_t sum = 0;

    if (subject->peer != NULL && !weft_perf_peer_landed(subject->peer, size, &sum))
        return false;
    for (uint32_t i = 0; i < subject->flow_count; i++) {
        const struct weft_perf_flow *flow = &subject->flows[i];
        uint64_t piece = 0;

        if (flow->dst != NULL && !weft_testbed_wrong(subject->testbed, flow->to_gpu, flow->dst,
                                                     filled, POISON_SEED, 0, &piece))
            return false;
        sum += piece;
    }
    *bytes = sum;
    return true;
}

const char *weft_perf_subject_error(const struct weft_perf_subject *subject)
{
    if (subject->peer != NULL && weft_perf_peer_error(subject->peer)[0] != '\0')
        return weft_perf_peer_error(subject->peer);
    return "the driver failed while data was prepared";
}
