/* The emulated driver as a test sees it: loaded from beside the test program, one machine per test.
 *
 * Criterion runs every test in a process of its own, so each opens the machine that it needs. */
#ifndef WEFT_TESTS_EMU_FIXTURE_H
#define WEFT_TESTS_EMU_FIXTURE_H

#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdint.h>

#include "cuda/cuda_abi.h"
#include "../../plugins/cuda-emu/constants.h"
#include "../../plugins/cuda-emu/emu.h"

struct driver {
#define CUDA_FUNCTION(result, field, symbol, arguments) result(*field) arguments;
#define CUDA_FUNCTION_OPTIONAL                          CUDA_FUNCTION
#include "cuda/cuda_functions.def"
#include "../../plugins/cuda-emu/emu_functions.def"
#undef CUDA_FUNCTION
#undef CUDA_FUNCTION_OPTIONAL
    weft_emu_open_fn *open;
    weft_emu_join_fn *join;
    weft_emu_link_fn *link;
    weft_emu_link_look_fn *link_look;
    weft_emu_fail_copies_fn *fail_copies;
    weft_emu_place_fn *place;
    weft_emu_bytes_fn *bytes;
    weft_emu_now_fn *now;
    weft_emu_submit_ns_fn *submit_ns;
};

extern struct driver cuda;

#define GPUS_MAX 8

/* The primary contexts of the open machine, by ordinal. */
extern weft_cuda_context contexts[GPUS_MAX];

/* Loads the driver without opening anything. */
void load_driver(void);

/* Loads, opens, initialises and retains the contexts; that of GPU 0 is current. */
void open_machine(const char *node, unsigned dilation);

/* The same, on the machine of that name. */
void join_machine(const char *node, unsigned dilation, const char *name);

/* Ends the test that something does not hold in; in a process that a test has forked, only that
 * process: Criterion must not hear of those. */
extern bool is_peer;
void fail_at(const char *file, int line, const char *what, int value);

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail_at(__FILE__, __LINE__, #condition, 0);                                            \
    } while (0)

/* A call must succeed. */
#define OK(call)                                                                                   \
    do {                                                                                           \
        int result_ = (int)(call);                                                                 \
        if (result_ != 0)                                                                          \
            fail_at(__FILE__, __LINE__, #call, result_);                                           \
    } while (0)

/* Makes the context of a GPU current. */
void use_gpu(int gpu);

weft_cuda_stream new_stream(int gpu);
weft_cuda_event new_event(int gpu);

/* Memory on a GPU, and registered host memory on a NUMA node. */
weft_cuda_ptr new_memory(int gpu, size_t size);
unsigned char *new_host(size_t size, int numa_node);

weft_cuda_ptr address_of(const void *host);

/* Bytes that say where they are: a pattern that `seed` shifts, and whether it is there. */
void fill_pattern(void *memory, size_t size, unsigned seed);
bool is_pattern(const void *memory, size_t size, unsigned seed);

/* The two let every GPU reach the other's memory. */
void enable_peers(int a, int b);

/* Waits, at most ten real seconds, until the event is no longer NOT_READY, and returns what it is.
 * */
int end_of(weft_cuda_event event);

/* Real time passes until the machine's time has. */
void pass(uint64_t machine_ns);

/* Within 5 %: what real waiting can promise. */
void expect_us(const char *what, double us, double expected_us);

#endif
