/* The machine of fixture.h. */
#include "fixture.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

weft_ns machine_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (weft_ns)now.tv_sec * 1000000000u + (weft_ns)now.tv_nsec;
}

static void machine_log(int level, const char *text)
{
    cr_log_info("%d %s", level, text);
}

static void devices_fill(struct machine *machine, const struct weft_device_found *found)
{
    for (uint32_t i = 0; i < machine->gpu_count; i++) {
        machine->devices[i] = (struct weft_device_ref){
            .device = i, .kind = weftDeviceGpu, .numa_node = found[i].numa_node};
        memcpy(machine->devices[i].bus, found[i].bus, sizeof(found[i].bus));
    }
    machine->dram = machine->gpu_count;
    machine->devices[machine->dram] =
        (struct weft_device_ref){.device = machine->dram, .kind = weftDeviceDram};
}

static void lanes_open(struct machine *machine)
{
    struct weft_hop_offer offers[MACHINE_DEVICES * MACHINE_DEVICES];
    uint32_t count;

    cr_assert_eq(weft_cuda_transport.hops(&machine->env, machine->devices, machine->dram + 1,
                                          offers, &count),
                 weftSuccess);
    cr_assert_geq(count, 2 * machine->gpu_count);
    for (uint32_t i = 0; i < count; i++) {
        struct weft_port *port = machine->gpus[offers[i].port_device];
        uint32_t lane;

        cr_assert_eq(weft_cuda_transport.connect(port, &offers[i], &lane), weftSuccess);
        machine->lanes[offers[i].src_device][offers[i].dst_device] = lane;
    }
}

void machine_open(struct machine *machine, uint32_t gpus_min, uint32_t gpus_max)
{
    static struct weft_device_found found[WEFT_CUDA_DEVICES_MAX];
    const char *driver = getenv("WEFT_CUDA_DRIVER");
    char why[256] = "";
    uint32_t count = 0;

    memset(machine, 0, sizeof(*machine));
    memset(machine->lanes, 0xff, sizeof(machine->lanes));
    machine->env = (struct weft_transport_env){
        .cookies_max = MACHINE_COOKIES,
        .windows_max = MACHINE_WINDOWS,
        .driver = driver == NULL ? "" : driver,
        .log = machine_log,
    };
    if (weft_cuda_transport.probe(&machine->env, found, WEFT_CUDA_DEVICES_MAX, &count, why) ==
        weftInvalidUsage)
        cr_skip("skipped: %s", why);
    cr_assert_gt(count, 0, "the driver is there and does not work: %s", why);
    if (count < gpus_min)
        cr_skip("skipped: %u GPUs, %u are needed", count, gpus_min);
    cr_assert_eq(weft_cuda_driver_load(machine->env.driver, &machine->driver, why), weftSuccess);
    machine->emulated = driver != NULL && strstr(driver, "emu") != NULL;
    machine->gpu_count = (uint32_t)weft_min(count, gpus_max);
    devices_fill(machine, found);
    for (uint32_t i = 0; i < machine->gpu_count; i++)
        cr_assert_eq(
            weft_cuda_transport.open(&machine->env, &machine->devices[i], &machine->gpus[i]),
            weftSuccess);
    cr_assert_eq(
        weft_host_transport.open(&machine->env, &machine->devices[machine->dram], &machine->host),
        weftSuccess);
    lanes_open(machine);
}

void machine_close(struct machine *machine)
{
    for (uint32_t window = 0; window < MACHINE_WINDOWS; window++)
        for (uint32_t i = 0; i < machine->gpu_count; i++)
            weft_cuda_transport.window_remove(machine->gpus[i], window);
    for (uint32_t i = 0; i < machine->gpu_count; i++)
        weft_cuda_transport.close(machine->gpus[i]);
    weft_host_transport.close(machine->host);
}

struct weft_port *machine_port(const struct machine *machine, uint32_t src, uint32_t dst)
{
    return machine->gpus[src == machine->dram ? dst : src];
}

weftResult_t machine_window_add(struct machine *machine, uint32_t window, uint32_t device,
                                void *memory, size_t size, char why[256])
{
    weftResult_t first = weftSuccess;

    for (uint32_t i = 0; i < machine->gpu_count && first == weftSuccess; i++)
        first = weft_cuda_transport.window_add(machine->gpus[i], window, &machine->devices[device],
                                               memory, size, why);
    return first;
}

void *machine_window(struct machine *machine, uint32_t window, uint32_t device, size_t size)
{
    void *memory = NULL;
    char why[256] = "";

    if (device == machine->dram)
        cr_assert_eq(weft_host_transport.alloc(machine->host, size, &memory), weftSuccess);
    else
        cr_assert_eq(weft_cuda_transport.alloc(machine->gpus[device], size, &memory), weftSuccess);
    cr_assert_eq(machine_window_add(machine, window, device, memory, size, why), weftSuccess, "%s",
                 why);
    return memory;
}

struct weft_copy machine_copy(const struct machine *machine, uint32_t src, uint32_t src_window,
                              uint32_t dst, uint32_t dst_window, uint32_t cookie,
                              const struct weft_extent *extents, uint32_t count)
{
    struct weft_copy copy = {
        .lane = machine->lanes[src][dst],
        .dst_window = dst_window,
        .src_window = src_window,
        .extent_count = count,
        .extents = extents,
        .cookie = cookie,
        .after = WEFT_COOKIE_NONE,
    };

    for (uint32_t i = 0; i < count; i++)
        copy.size_bytes += extents[i].size_bytes;
    return copy;
}

/* Takes what has ended from every port. */
static void machine_poll(struct machine *machine)
{
    struct weft_completion ended[8];

    for (uint32_t i = 0; i < machine->gpu_count; i++) {
        uint32_t count = weft_cuda_transport.poll(machine->gpus[i], ended, 8);

        for (uint32_t k = 0; k < count; k++) {
            cr_assert_not(machine->ended[ended[k].cookie], "cookie %u ended twice",
                          ended[k].cookie);
            machine->ended[ended[k].cookie] = true;
            machine->results[ended[k].cookie] = ended[k].result;
        }
    }
}

weftResult_t machine_issue(struct machine *machine, uint32_t src, uint32_t dst,
                           const struct weft_copy *copy)
{
    weft_ns deadline_at = machine_now() + MACHINE_WAIT_NS;
    weftResult_t result;

    machine->ended[copy->cookie] = false;
    for (;;) {
        result = weft_cuda_transport.copy(machine_port(machine, src, dst), copy);
        if (result != weftNoResource)
            return result;
        cr_assert_lt(machine_now(), deadline_at, "the queue stays full");
        machine_poll(machine);
    }
}

weftResult_t machine_wait(struct machine *machine, uint32_t cookie)
{
    weft_ns deadline_at = machine_now() + MACHINE_WAIT_NS;

    while (!machine->ended[cookie]) {
        cr_assert_lt(machine_now(), deadline_at, "cookie %u does not end", cookie);
        machine_poll(machine);
    }
    return machine->results[cookie];
}

void machine_move(struct machine *machine, uint32_t src, uint32_t src_window, uint64_t src_offset,
                  uint32_t dst, uint32_t dst_window, uint64_t dst_offset, uint64_t size)
{
    struct weft_extent extent = {dst_offset, src_offset, size};
    struct weft_copy copy =
        machine_copy(machine, src, src_window, dst, dst_window, MACHINE_COOKIES - 1, &extent, 1);

    cr_assert_eq(machine_issue(machine, src, dst, &copy), weftSuccess);
    cr_assert_eq(machine_wait(machine, copy.cookie), weftSuccess);
}

void machine_fill(void *memory, size_t size, uint64_t seed)
{
    struct weft_prng prng;
    uint64_t *words = memory;

    weft_prng_init(&prng, seed);
    for (size_t i = 0; i < size / sizeof(*words); i++)
        words[i] = weft_prng_next(&prng);
}
