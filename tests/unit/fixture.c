/* The small machine and the engine on it: see fixture.h. */
#include "fixture.h"

#include <criterion/criterion.h>

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/preset.h"

#define ENGINE_BYTES  WEFT_MIB(16)
#define RELAY_SLOTS   4
#define CHUNK_BYTES   WEFT_KIB(256)
#define OVERHEAD_NS   500
#define COPY_NS       1000
#define STEPS_MAX     10000
#define DOMAIN_NUMBER 1

static struct fixture the_fixture;
static _Alignas(64) unsigned char engine_memory[ENGINE_BYTES];
static unsigned char window_memory[FIXTURE_WINDOWS][FIXTURE_WINDOW_BYTES];

bool fixture_aborts(void (*run)(void *argument), void *argument)
{
    int status = 0;
    pid_t child = fork();

    cr_assert_geq(child, 0);
    if (child == 0) {
        run(argument);
        _exit(0);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

void fixture_config(struct weft_config *config)
{
    memset(config, 0, sizeof(*config));
    weft_config_init(config);
    config->transfers_max = 16;
    config->windows_max = FIXTURE_WINDOWS;
    config->chunks_max = 16;
    config->chunk_bytes_max = CHUNK_BYTES;
    config->chunk_ns_min = 6400;    /* 64,000 bytes over PCIe */
    config->chunk_ns_max = 1000000; /* no bound here: chunk_bytes_max is reached before */
    config->chunk_extents_max = FIXTURE_EXTENTS_MAX;
    config->multipath_bytes_min = WEFT_KIB(256);
    config->relay_slots = RELAY_SLOTS;
    config->relay_slot_bytes = CHUNK_BYTES;
    config->lent_chunk_bytes = WEFT_KIB(64);
    config->ramp_bytes = WEFT_KIB(64);
    config->trace_records = 4096;
}

void fixture_topo(struct weft_topo *topo)
{
    uint32_t cpu;
    uint32_t nvswitch;

    weft_topo_init(topo, "small");
    cpu = weft_topo_add_device(topo, weftDeviceCpu, NULL, 0, NULL);
    weft_topo_add_device(topo, weftDeviceDram, NULL, 0, NULL);
    for (uint32_t i = 0; i < 3; i++)
        weft_topo_add_device(topo, weftDeviceGpu, NULL, 0, NULL);
    nvswitch = weft_topo_add_device(topo, weftDeviceSwitch, "nvswitch", -1, NULL);
    weft_topo_add_pair(topo, FIXTURE_DRAM0, cpu, WEFT_LINK_MEM, 100000, 100000, 100000, 100);
    for (uint32_t gpu = FIXTURE_GPU0; gpu <= FIXTURE_GPU2; gpu++)
        weft_topo_add_pair(topo, gpu, cpu, WEFT_LINK_PCI, 10000, 10000, 0, 400);
    for (uint32_t gpu = FIXTURE_GPU0; gpu <= FIXTURE_GPU2; gpu++)
        weft_topo_add_pair(topo, gpu, nvswitch, WEFT_LINK_NVL, 40000, 40000, 0, 250);
    cr_assert_null(weft_topo_check(topo));
}

void fixture_hops(const struct weft_topo *topo, struct weft_hop_table *hops)
{
    uint32_t gpu;
    uint32_t other;

    weft_hop_init(hops);
    for (uint32_t i = 0; (gpu = weft_topo_nth(topo, weftDeviceGpu, i)) != WEFT_NONE; i++)
        for (uint32_t k = 0; (other = weft_topo_nth(topo, weftDeviceDram, k)) != WEFT_NONE; k++) {
            weft_hop_add(hops, topo, gpu, other, gpu, false, DOMAIN_NUMBER, OVERHEAD_NS);
            weft_hop_add(hops, topo, other, gpu, gpu, false, DOMAIN_NUMBER, OVERHEAD_NS);
        }
    for (uint32_t i = 0; (gpu = weft_topo_nth(topo, weftDeviceGpu, i)) != WEFT_NONE; i++)
        for (uint32_t k = 0; (other = weft_topo_nth(topo, weftDeviceGpu, k)) != WEFT_NONE; k++)
            if (gpu != other)
                weft_hop_add(hops, topo, gpu, other, gpu, true, DOMAIN_NUMBER, OVERHEAD_NS);
}

struct fixture *fixture_prepare(void)
{
    struct fixture *fixture = &the_fixture;

    fixture_config(&fixture->config);
    fixture_topo(&fixture->topo);
    fixture_hops(&fixture->topo, &fixture->hops);
    cr_assert_eq(fixture->hops.count, FIXTURE_HOPS);
    for (size_t i = 0; i < FIXTURE_WINDOW_BYTES; i++)
        window_memory[FIXTURE_SRC][i] = (unsigned char)(i * 2654435761u >> 13);
    return fixture;
}

static void init_engine(struct fixture *fixture)
{
    struct weft_engine_input input = {
        &fixture->config, &fixture->topo, &fixture->hops, fixture->blocks, 0, 0};
    const char *why = NULL;

    cr_assert_leq(weft_engine_size(&input), sizeof(engine_memory));
    fixture->engine = weft_engine_init(&input, engine_memory, 0, &why);
    cr_assert_not_null(fixture->engine, "%s", why == NULL ? "" : why);
    fixture->now = 0;
    fixture->copy_count = 0;
    fixture->complete_count = 0;
    fixture->block_count = 0;
    memset(fixture->writes, 0, sizeof(fixture->writes));
}

void fixture_window(struct fixture *fixture, uint32_t window, uint32_t device, uint64_t size_bytes,
                    unsigned rights)
{
    cr_assert_eq(weft_engine_window_add(fixture->engine, window, device, size_bytes, rights),
                 weftSuccess);
}

static void add_relay(struct fixture *fixture, uint32_t window, uint32_t device)
{
    uint64_t bytes = fixture->config.relay_slots * fixture->config.relay_slot_bytes + WEFT_KIB(4);

    fixture_window(fixture, window, device, bytes, WEFT_RIGHTS_ALL);
    weft_engine_relay_add(fixture->engine, device, window, (uint32_t)fixture->config.relay_slots);
}

void fixture_start_bare(struct fixture *fixture)
{
    init_engine(fixture);
    fixture_window(fixture, FIXTURE_DST, FIXTURE_DRAM0, FIXTURE_WINDOW_BYTES, WEFT_RIGHTS_ALL);
    fixture_window(fixture, FIXTURE_SRC, FIXTURE_GPU0, FIXTURE_WINDOW_BYTES, WEFT_RIGHTS_ALL);
    fixture_window(fixture, FIXTURE_PEER, FIXTURE_GPU1, FIXTURE_WINDOW_BYTES, WEFT_RIGHTS_ALL);
    fixture_window(fixture, FIXTURE_WORDS, FIXTURE_DRAM0, WEFT_KIB(4), WEFT_RIGHTS_ALL);
}

void fixture_start(struct fixture *fixture)
{
    fixture_start_bare(fixture);
    for (uint32_t device = FIXTURE_DRAM0; device <= FIXTURE_GPU2; device++)
        add_relay(fixture, FIXTURE_RELAY + device, device);
}

struct fixture *fixture_open_over_gpu1(void)
{
    struct fixture *fixture = fixture_prepare();

    weft_config_set(&fixture->config, WEFT_SETTING_routes, "transit:gpu1", WEFT_CONFIG_CALL);
    fixture_start(fixture);
    return fixture;
}

struct fixture *fixture_preset(const char *name)
{
    struct fixture *fixture = &the_fixture;
    uint32_t window = 0;

    fixture_config(&fixture->config);
    cr_assert(weft_preset_fill(name, &fixture->topo), "%s", name);
    fixture_hops(&fixture->topo, &fixture->hops);
    init_engine(fixture);
    for (uint32_t i = 0; i < fixture->topo.device_count; i++)
        if (fixture->topo.devices[i].kind == weftDeviceGpu ||
            fixture->topo.devices[i].kind == weftDeviceDram)
            add_relay(fixture, window++, i);
    return fixture;
}

struct fixture *fixture_open(void)
{
    struct fixture *fixture = fixture_prepare();

    fixture_start(fixture);
    return fixture;
}

uint32_t fixture_block(struct fixture *fixture, uint64_t dst_offset, uint64_t src_offset,
                       uint64_t size_bytes)
{
    uint32_t block = fixture->block_count++;

    cr_assert_lt(block, FIXTURE_BLOCKS_MAX);
    fixture->blocks[block] = (struct weft_extent_block){
        .count = 1, .next = WEFT_NONE, .extents = {{dst_offset, src_offset, size_bytes}}};
    return block;
}

struct weft_op fixture_op(struct fixture *fixture, uint32_t tag, uint64_t size_bytes)
{
    return (struct weft_op){.tag = tag,
                            .dst_window = FIXTURE_DST,
                            .src_window = FIXTURE_SRC,
                            .first_block = fixture_block(fixture, 0, 0, size_bytes),
                            .size_bytes = size_bytes,
                            .deadline_at = FIXTURE_DEADLINE,
                            .signal = {.window = WEFT_NONE}};
}

weftResult_t fixture_submit(struct fixture *fixture, const struct weft_op *op)
{
    return weft_engine_submit(fixture->engine, op, fixture->now);
}

void fixture_put(struct fixture *fixture, uint32_t tag, uint64_t size_bytes)
{
    struct weft_op op = fixture_op(fixture, tag, size_bytes);

    cr_assert_eq(fixture_submit(fixture, &op), weftSuccess);
}

static void take_copy(struct fixture *fixture, const struct weft_action *action)
{
    struct fixture_copy *copy = &fixture->copies[fixture->copy_count];

    cr_assert_lt(fixture->copy_count++, FIXTURE_COPIES_MAX);
    cr_assert_leq(action->extent_count, FIXTURE_EXTENTS_MAX);
    copy->action = *action;
    copy->out = true;
    memcpy(copy->extents, action->extents, action->extent_count * sizeof(copy->extents[0]));
}

static bool is_full(const struct fixture *fixture, uint32_t hop)
{
    return hop < FIXTURE_HOPS && fixture->full[hop];
}

void fixture_pump(struct fixture *fixture)
{
    struct weft_action action;

    while (weft_engine_next(fixture->engine, &action, fixture->now)) {
        if (action.kind == WEFT_ACTION_COPY && is_full(fixture, action.hop)) {
            fixture->refused_count++;
            weft_engine_refused(fixture->engine, &action, weftNoResource, fixture->now);
            continue;
        }
        if (action.kind == WEFT_ACTION_COPY) {
            take_copy(fixture, &action);
            continue;
        }
        cr_assert_lt(fixture->complete_count, FIXTURE_COMPLETES_MAX);
        fixture->completes[fixture->complete_count++] = action;
    }
}

uint32_t fixture_find(const struct fixture *fixture, uint32_t hop)
{
    for (uint32_t i = 0; i < fixture->copy_count; i++)
        if (fixture->copies[i].out && fixture->copies[i].action.hop == hop)
            return i;
    return FIXTURE_COPIES_MAX;
}

uint32_t fixture_out(const struct fixture *fixture)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < fixture->copy_count; i++)
        count += fixture->copies[i].out;
    return count;
}

static void move_bytes(struct fixture *fixture, const struct fixture_copy *copy)
{
    for (uint32_t i = 0; i < copy->action.extent_count; i++) {
        const struct weft_extent *extent = &copy->extents[i];

        cr_assert_leq(extent->dst_offset + extent->size_bytes, FIXTURE_WINDOW_BYTES);
        cr_assert_leq(extent->src_offset + extent->size_bytes, FIXTURE_WINDOW_BYTES);
        memcpy(&window_memory[copy->action.dst_window][extent->dst_offset],
               &window_memory[copy->action.src_window][extent->src_offset], extent->size_bytes);
        if (copy->action.dst_window == FIXTURE_DST)
            for (uint64_t k = 0; k < extent->size_bytes; k++)
                fixture->writes[extent->dst_offset + k]++;
    }
}

void fixture_end(struct fixture *fixture, uint32_t copy, weftResult_t result)
{
    struct weft_event event = {.kind = WEFT_EVENT_COPY_ENDED, .result = result};

    cr_assert_lt(copy, fixture->copy_count);
    cr_assert(fixture->copies[copy].out);
    fixture->copies[copy].out = false;
    if (result == weftSuccess)
        move_bytes(fixture, &fixture->copies[copy]);
    event.cookie = fixture->copies[copy].action.cookie;
    fixture_event(fixture, &event);
}

void fixture_refuse(struct fixture *fixture, uint32_t copy, weftResult_t result)
{
    cr_assert_lt(copy, fixture->copy_count);
    cr_assert(fixture->copies[copy].out);
    fixture->copies[copy].out = false;
    weft_engine_refused(fixture->engine, &fixture->copies[copy].action, result, fixture->now);
}

void fixture_event(struct fixture *fixture, const struct weft_event *event)
{
    weft_engine_event(fixture->engine, event, fixture->now);
}

void fixture_link(struct fixture *fixture, const char *name, uint64_t rate_bytes_per_us)
{
    struct weft_event event = {.kind = WEFT_EVENT_LINK_RATE,
                               .rate_bytes_per_us = rate_bytes_per_us};

    event.link = weft_topo_link_find(&fixture->topo, name);
    cr_assert_neq(event.link, WEFT_NONE, "%s", name);
    fixture_event(fixture, &event);
    event.link = fixture->topo.links[event.link].reverse;
    fixture_event(fixture, &event);
}

void fixture_pass(struct fixture *fixture, weft_ns now)
{
    for (uint32_t step = 0; weft_engine_deadline(fixture->engine) <= now; step++) {
        cr_assert_lt(step, STEPS_MAX, "timers fire without end");
        fixture->now = weft_max(fixture->now, weft_engine_deadline(fixture->engine));
        weft_engine_expire(fixture->engine, fixture->now);
        fixture_pump(fixture);
    }
    fixture->now = now;
    fixture_pump(fixture);
}

void fixture_finish_but(struct fixture *fixture, uint32_t hop)
{
    fixture_pump(fixture);
    for (uint32_t i = 0; i < fixture->copy_count; i++) {
        if (!fixture->copies[i].out || fixture->copies[i].action.hop == hop)
            continue;
        fixture->now += COPY_NS;
        fixture_end(fixture, i, weftSuccess);
        fixture_pump(fixture);
    }
}

void fixture_finish(struct fixture *fixture)
{
    fixture_finish_but(fixture, WEFT_NONE);
}

uint64_t fixture_wrong(const struct fixture *fixture, uint64_t size_bytes)
{
    uint64_t wrong = 0;

    for (uint64_t i = 0; i < FIXTURE_WINDOW_BYTES; i++) {
        bool inside = i < size_bytes;

        wrong += fixture->writes[i] != (inside ? 1 : 0) ||
                 (inside && window_memory[FIXTURE_DST][i] != window_memory[FIXTURE_SRC][i]);
    }
    return wrong;
}

const struct weft_action *fixture_complete(const struct fixture *fixture, uint32_t tag)
{
    const struct weft_action *found = NULL;

    for (uint32_t i = 0; i < fixture->complete_count; i++) {
        if (fixture->completes[i].tag != tag)
            continue;
        cr_assert_null(found, "tag %u completed twice", tag);
        found = &fixture->completes[i];
    }
    cr_assert_not_null(found, "tag %u did not complete", tag);
    return found;
}

uint64_t fixture_written(const struct fixture *fixture)
{
    uint64_t count = 0;

    for (uint64_t i = 0; i < FIXTURE_WINDOW_BYTES; i++)
        count += fixture->writes[i];
    return count;
}

void fixture_cancel(struct fixture *fixture, uint32_t tag)
{
    struct weft_event event = {.kind = WEFT_EVENT_CANCEL, .tag = tag};

    fixture_event(fixture, &event);
    fixture_pump(fixture);
}

void fixture_put_until(struct fixture *fixture, uint32_t tag, uint64_t size, weft_ns deadline_at)
{
    struct weft_op op = fixture_op(fixture, tag, size);

    op.deadline_at = deadline_at;
    cr_assert_eq(fixture_submit(fixture, &op), weftSuccess);
    fixture_pump(fixture);
}

void fixture_expect_end(const struct fixture *fixture, uint32_t tag, weftResult_t result,
                        enum weft_cause cause)
{
    const struct weft_action *action = fixture_complete(fixture, tag);

    cr_expect_eq(action->result, result, "tag %u: result %d", tag, (int)action->result);
    cr_expect_eq(action->cause, cause, "tag %u: cause %d", tag, (int)action->cause);
}
