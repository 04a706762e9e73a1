/* A small machine, small limits, and an engine on it whose copies a test ends by hand.
 *
 * dram0 and three GPUs hang on one CPU; the GPUs also on one NVSwitch. A PCIe link carries 10 bytes
 * a nanosecond, NVLink 40, the memory 100 in both directions together. Every hop takes 1,000 ns to
 * its first byte. Each test has a process of its own, so there is one fixture and nobody frees it.
 *
 * Copies move real bytes when they are ended well, in the order in which the test ends them; where
 * a test ends a chained copy before the one it waits for, that is the test's fault. */
#ifndef WEFT_TESTS_FIXTURE_H
#define WEFT_TESTS_FIXTURE_H

#include "core/engine.h"

enum fixture_device {
    FIXTURE_CPU0,
    FIXTURE_DRAM0,
    FIXTURE_GPU0,
    FIXTURE_GPU1,
    FIXTURE_GPU2,
    FIXTURE_NVSWITCH0,
    FIXTURE_DEVICES
};

/* Hops, all of one domain. The GPU drives those to and from host memory, the source the others. */
enum fixture_hop {
    FIXTURE_GPU0_DRAM0,
    FIXTURE_DRAM0_GPU0,
    FIXTURE_GPU1_DRAM0,
    FIXTURE_DRAM0_GPU1,
    FIXTURE_GPU2_DRAM0,
    FIXTURE_DRAM0_GPU2,
    FIXTURE_GPU0_GPU1,
    FIXTURE_GPU0_GPU2,
    FIXTURE_GPU1_GPU0,
    FIXTURE_GPU1_GPU2,
    FIXTURE_GPU2_GPU0,
    FIXTURE_GPU2_GPU1,
    FIXTURE_HOPS
};

enum fixture_window {
    FIXTURE_DST,   /* on dram0, 2 MiB */
    FIXTURE_SRC,   /* on gpu0, 2 MiB */
    FIXTURE_PEER,  /* on gpu1, 2 MiB */
    FIXTURE_WORDS, /* on dram0, 4 KiB, for signals */
    FIXTURE_RELAY, /* that of device d has the number FIXTURE_RELAY + d */
    FIXTURE_SPARE = FIXTURE_RELAY + FIXTURE_DEVICES,
    FIXTURE_WINDOWS
};

#define FIXTURE_WINDOW_BYTES  WEFT_MIB(2)
#define FIXTURE_COPIES_MAX    256
#define FIXTURE_COMPLETES_MAX 64
#define FIXTURE_EXTENTS_MAX   64
#define FIXTURE_BLOCKS_MAX    16
#define FIXTURE_DEADLINE      10000000 /* of every operation, unless the test says another: 10 ms */

struct fixture_copy {
    struct weft_action action;
    struct weft_extent extents[FIXTURE_EXTENTS_MAX];
    bool out; /* issued, and neither ended nor refused */
};

struct fixture {
    struct weft_config config;
    struct weft_topo topo;
    struct weft_hop_table hops;
    struct weft_extent_block blocks[FIXTURE_BLOCKS_MAX];
    uint32_t block_count;
    struct weft_engine *engine;
    weft_ns now;
    struct fixture_copy copies[FIXTURE_COPIES_MAX]; /* in the order of their issue */
    uint32_t copy_count;
    bool full[FIXTURE_HOPS]; /* their ports refuse every copy at once */
    uint32_t refused_count;  /* of those */
    struct weft_action completes[FIXTURE_COMPLETES_MAX];
    uint32_t complete_count;
    unsigned char writes[FIXTURE_WINDOW_BYTES]; /* into FIXTURE_DST: how often each byte */
};

/* True when `run(argument)` fails an assertion; it runs in a process of its own. */
bool fixture_aborts(void (*run)(void *argument), void *argument);

/* The defaults, with limits of a size that a test can reach. */
void fixture_config(struct weft_config *config);

/* The small machine; the hops of any machine as CUDA offers them, all of one domain. */
void fixture_topo(struct weft_topo *topo);
void fixture_hops(const struct weft_topo *topo, struct weft_hop_table *hops);

/* Settings and machine, no engine yet: the test may change both before fixture_start. */
struct fixture *fixture_prepare(void);

/* The engine at instant 0, with the windows, and relays on dram0 and all GPUs. */
void fixture_start(struct fixture *fixture);

/* The same without relays. */
void fixture_start_bare(struct fixture *fixture);

struct fixture *fixture_open(void);

/* The same with the one route over gpu1. */
struct fixture *fixture_open_over_gpu1(void);

/* An engine on a preset, with relays on all GPUs and memories and no other windows. */
struct fixture *fixture_preset(const char *name);

void fixture_window(struct fixture *fixture, uint32_t window, uint32_t device, uint64_t size_bytes,
                    unsigned rights);

/* A new block with one extent; its number. */
uint32_t fixture_block(struct fixture *fixture, uint64_t dst_offset, uint64_t src_offset,
                       uint64_t size_bytes);

/* The operation that moves `size_bytes` from the start of FIXTURE_SRC to that of FIXTURE_DST. */
struct weft_op fixture_op(struct fixture *fixture, uint32_t tag, uint64_t size_bytes);
weftResult_t fixture_submit(struct fixture *fixture, const struct weft_op *op);

/* Submits that operation, which must succeed. */
void fixture_put(struct fixture *fixture, uint32_t tag, uint64_t size_bytes);

/* The same with a deadline; takes the actions. */
void fixture_put_until(struct fixture *fixture, uint32_t tag, uint64_t size, weft_ns deadline_at);

/* Cancels it and takes the actions. */
void fixture_cancel(struct fixture *fixture, uint32_t tag);

/* Takes all actions that there are now. */
void fixture_pump(struct fixture *fixture);

/* The oldest copy that is out on a hop, or FIXTURE_COPIES_MAX. */
uint32_t fixture_find(const struct fixture *fixture, uint32_t hop);

/* The copies that are out, on all hops. */
uint32_t fixture_out(const struct fixture *fixture);

/* Ends a copy; moves its bytes when `result` is weftSuccess. */
void fixture_end(struct fixture *fixture, uint32_t copy, weftResult_t result);

/* The port did not take the copy. */
void fixture_refuse(struct fixture *fixture, uint32_t copy, weftResult_t result);

void fixture_event(struct fixture *fixture, const struct weft_event *event);

/* Moves time on to `now`, firing what is due on the way, and takes the actions. */
void fixture_pass(struct fixture *fixture, weft_ns now);

/* What the machine says of a link, by its name. */
void fixture_link(struct fixture *fixture, const char *name, uint64_t rate_bytes_per_us);

/* Ends all copies well, the oldest first, 1,000 ns each, until none is out. */
void fixture_finish(struct fixture *fixture);

/* The same, but the copies on `hop` stay out. */
void fixture_finish_but(struct fixture *fixture, uint32_t hop);

/* How many of the first `size_bytes` of FIXTURE_DST were written otherwise than once with what
 * stands in FIXTURE_SRC, and how many behind them at all. */
uint64_t fixture_wrong(const struct fixture *fixture, uint64_t size_bytes);

/* The COMPLETE of a tag: it must have come once. */
const struct weft_action *fixture_complete(const struct fixture *fixture, uint32_t tag);

/* It must have come so. */
void fixture_expect_end(const struct fixture *fixture, uint32_t tag, weftResult_t result,
                        enum weft_cause cause);

/* How many writes of a byte there were into FIXTURE_DST. */
uint64_t fixture_written(const struct fixture *fixture);

#endif
