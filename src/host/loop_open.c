/* Makes and frees the loop of a comm: machine, engine, relays, thread; see loop.h. */
#include "loop.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "peer_nics.h"
#include "peers.h"
#include "status.h"
#include "trace_out.h"

/* Behind the slots of a relay lie the bytes that probes touch. */
#define RELAY_EXTRA_BYTES 4096u

static uint32_t ring_cells(uint32_t slots)
{
    uint32_t cells = 4;

    while (cells < 4 * slots)
        cells *= 2;
    return cells;
}

static weftResult_t tables_init(struct weft_loop *loop, uint32_t generation)
{
    uint32_t windows = (uint32_t)loop->config.windows_max;
    uint32_t cells;
    struct weft_ring_cell *memory;

    /* Generations of comms differ, so that a request of a comm that is gone is no request of the
     * next one. */
    WEFT_TRY(weft_slot_init(&loop->slots, &loop->config, generation * 7919));
    cells = ring_cells(loop->slots.count);
    memory = calloc(cells, sizeof(*memory));
    loop->window_devices = calloc(windows, sizeof(*loop->window_devices));
    loop->marks = calloc(loop->slots.count, sizeof(*loop->marks));
    loop->text = calloc(1, WEFT_LOOP_TEXT_BYTES);
    if (memory == NULL || loop->window_devices == NULL || loop->marks == NULL ||
        loop->text == NULL) {
        free(memory);
        return weftSystemError;
    }
    weft_ring_init(&loop->ops, memory, cells);
    return weftSuccess;
}

static weftResult_t peers_open(struct weft_loop *loop, char why[WEFT_MACHINE_WHY_BYTES])
{
    int fd;

    WEFT_TRY(weft_peers_open(loop, &loop->peers, why));
    loop->topo = loop->peers == NULL ? &loop->machine->topo : &loop->peers->world.topo;
    loop->hops = loop->peers == NULL ? &loop->machine->hops : &loop->peers->world.hops;
    /* An emulated machine is polled in its own time. */
    if (loop->peers == NULL || loop->machine->emulation.on)
        return weftSuccess;
    /* A CUDA driver's calls leave their context with the thread that makes them. */
    loop->helps = weft_machine_stream_port(loop->machine, 0) == WEFT_NONE;
    weft_text_copy(why, WEFT_MACHINE_WHY_BYTES, "the system gives no descriptor; raise ulimit -n");
    fd = weft_peers_wakeup_fd(loop->peers);
    WEFT_TRY(weft_bell_watch(&loop->bell, fd));
    return weft_bell_watch(&loop->helper_bell, fd);
}

static weftResult_t engine_open(struct weft_loop *loop, uint32_t number,
                                char why[WEFT_MACHINE_WHY_BYTES])
{
    struct weft_engine_input input = {
        .config = &loop->config,
        .topo = loop->topo,
        .hops = loop->hops,
        .blocks = loop->slots.blocks,
        .seed = number,
        .peers_max = loop->peers == NULL ? 0 : (uint32_t)loop->config.peers_max,
    };
    size_t size = (weft_engine_size(&input) + 63) & ~(size_t)63;
    void *memory = aligned_alloc(64, size);
    const char *wrong = "";

    if (memory == NULL) {
        weft_format(why, WEFT_MACHINE_WHY_BYTES, "no memory for the engine (%zu bytes)", size);
        return weftSystemError;
    }
    loop->engine = weft_engine_init(&input, memory, weft_clock_now(&loop->clock), &wrong);
    if (loop->engine != NULL)
        return weftSuccess;
    free(memory);
    weft_text_copy(why, WEFT_MACHINE_WHY_BYTES, wrong);
    return weftInvalidArgument;
}

static uint64_t relay_bytes(const struct weft_loop *loop)
{
    return loop->config.relay_slots * loop->config.relay_slot_bytes + RELAY_EXTRA_BYTES;
}

/* A device without room for a relay is no transit; nothing else is lost. */
static void relay_open(struct weft_loop *loop, uint32_t device)
{
    uint64_t size = relay_bytes(loop);
    const char *name = loop->machine->topo.devices[device].name;
    uint32_t window = loop->relay_first + device;
    char why[256] = "";
    weftResult_t result;

    result = weft_machine_alloc(loop->machine, device, size, &loop->relays[device], why);
    if (result == weftSuccess)
        result =
            weft_machine_window_add(loop->machine, window, device, loop->relays[device], size, why);
    if (result == weftSuccess) {
        result = weft_engine_window_add(loop->engine, window, device, size, WEFT_RIGHTS_ALL);
        weft_assert(result == weftSuccess);
        loop->window_devices[window] = device;
        if (loop->peers != NULL)
            (void)weft_peers_window_add(loop, window, device, loop->relays[device], size);
        weft_engine_relay_add(loop->engine, device, window, (uint32_t)loop->config.relay_slots);
        return;
    }
    weft_log(WEFT_LOG_WARN, loop->noun, "%s has no relay of %llu bytes and is no transit: %s", name,
             (unsigned long long)size, why);
    weft_machine_free(loop->machine, device, loop->relays[device], size);
    loop->relays[device] = NULL;
}

static void say_machine(const struct weft_loop *loop)
{
    const struct weft_machine *machine = loop->machine;

    if (machine->emulation.on)
        weft_log(WEFT_LOG_INFO, loop->noun,
                 "EMULATED machine %s, dilation %llu, %u devices, %u hops", machine->emulation.node,
                 (unsigned long long)machine->emulation.dilation, machine->topo.device_count,
                 machine->hops.count);
    else
        weft_log(WEFT_LOG_INFO, loop->noun, "machine %s, %u devices, %u hops", machine->topo.name,
                 machine->topo.device_count, machine->hops.count);
    for (uint32_t i = 0; i < machine->topo.note_count; i++)
        weft_log(WEFT_LOG_INFO, loop->noun, "topology: %s", machine->topo.notes[i]);
}

static void parts_init(struct weft_loop *loop, const struct weft_config *config, uint32_t number)
{
    weft_format(loop->noun, sizeof(loop->noun), "comm %u", number);
    loop->config = *config;
    loop->relay_first = (uint32_t)config->windows_max;
    loop->config.windows_max += WEFT_DEVICES_MAX + weft_peers_windows(config);
    weft_clock_init(&loop->clock, config->emulate[0] != '\0' ? config->dilation : 1);
    weft_bell_init(&loop->bell);
    weft_bell_init(&loop->helper_bell);
    weft_flag_init(&loop->turn, WEFT_TURN_FREE);
    atomic_init(&loop->helped_at, 0);
    atomic_init(&loop->sleeps_till, 0);
    atomic_init(&loop->spin_ns, config->idle_spin_us * WEFT_NS_PER_US);
    weft_flag_init(&loop->flush_error, weftSuccess);
    weft_flag_init(&loop->async_error, weftSuccess);
    weft_flag_init(&loop->command_state, WEFT_COMMAND_IDLE);
    atomic_init(&loop->sequence.value, 0);
    atomic_init(&loop->fence.value, 0);
    pthread_mutex_init(&loop->command_lock, NULL);
    pthread_mutex_init(&loop->error_lock, NULL);
    loop->waiting_first = WEFT_NONE;
    loop->waiting_last = WEFT_NONE;
}

weftResult_t weft_loop_open(const struct weft_config *config, uint32_t number, uint32_t generation,
                            struct weft_loop **loop, char why[WEFT_MACHINE_WHY_BYTES])
{
    struct weft_loop *made = aligned_alloc(64, (sizeof(*made) + 63) & ~(size_t)63);
    weftResult_t result;

    if (made == NULL) {
        weft_format(why, WEFT_MACHINE_WHY_BYTES, "no memory for a comm");
        return weftSystemError;
    }
    memset(made, 0, sizeof(*made));
    parts_init(made, config, number);
    result = weft_machine_open(config, (uint32_t)made->config.windows_max, &made->machine, why);
    if (result != weftSuccess)
        goto fail;
    weft_format(why, WEFT_MACHINE_WHY_BYTES,
                "no memory for %llu transfers and %llu extents; lower transfers_max or extents_max",
                (unsigned long long)config->transfers_max, (unsigned long long)config->extents_max);
    result = tables_init(made, generation);
    if (result != weftSuccess)
        goto fail;
    result = peers_open(made, why);
    if (result != weftSuccess)
        goto fail;
    result = engine_open(made, number, why);
    if (result != weftSuccess)
        goto fail;
    for (uint32_t i = 0; i < made->machine->topo.device_count; i++)
        if (made->machine->memory_ports[i] != WEFT_NONE)
            relay_open(made, i);
    weft_loop_loads_open(made);
    say_machine(made);
    result = weft_status_open(made, number, &made->status, why);
    if (result != weftSuccess)
        goto fail;
    weft_format(why, WEFT_MACHINE_WHY_BYTES, "the system gives no thread; raise ulimit -u");
    result = weft_loop_start(made);
    if (result != weftSuccess)
        goto fail;
    *loop = made;
    return weftSuccess;
fail:
    (void)weft_loop_close(made);
    return result;
}

static bool stop(struct weft_loop *loop)
{
    struct weft_command command = {
        .run = weft_command_stop,
        .deadline_at = weft_clock_after(&loop->clock, loop->config.abort_ms * WEFT_NS_PER_MS),
    };

    if (!loop->running)
        return true;
    if (weft_loop_call(loop, &command) != weftSuccess)
        return false;
    return pthread_join(loop->thread, NULL) == 0;
}

/* Each comm of each process writes a file of its own. */
static void write_trace(const struct weft_loop *loop)
{
    char why[WEFT_MACHINE_WHY_BYTES];
    char path[WEFT_CONFIG_TEXT_BYTES + 24 + sizeof(loop->noun)];

    if (loop->engine == NULL || loop->config.trace_file[0] == '\0')
        return;
    weft_format(path, sizeof(path), "%s.%ld.%s", loop->config.trace_file, (long)getpid(),
                loop->noun + sizeof("comm ") - 1);
    if (weft_trace_out_write(path, weft_engine_trace(loop->engine), loop, why) != weftSuccess)
        weft_log(WEFT_LOG_WARN, loop->noun, "%s", why);
}

void weft_loop_halt(struct weft_loop *loop)
{
    if (!stop(loop))
        return;
    loop->running = false;
    weft_loop_loads_close(loop);
    weft_peers_close(loop);
}

bool weft_loop_close(struct weft_loop *loop)
{
    if (loop == NULL)
        return true;
    if (!stop(loop))
        return false;
    weft_status_close(loop->status);
    write_trace(loop);
    weft_loop_loads_close(loop);
    weft_peers_close(loop);
    for (uint32_t i = 0; i < WEFT_DEVICES_MAX; i++) {
        if (loop->relays[i] == NULL)
            continue;
        weft_machine_window_remove(loop->machine, loop->relay_first + i, i);
        weft_machine_free(loop->machine, i, loop->relays[i], relay_bytes(loop));
    }
    weft_machine_close(loop->machine);
    free(loop->engine);
    free(loop->ops.cells);
    free(loop->window_devices);
    free(loop->marks);
    free(loop->text);
    weft_slot_fini(&loop->slots);
    weft_bell_fini(&loop->bell);
    weft_bell_fini(&loop->helper_bell);
    pthread_mutex_destroy(&loop->command_lock);
    pthread_mutex_destroy(&loop->error_lock);
    free(loop);
    return true;
}
