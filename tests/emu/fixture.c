/* Loads the driver and sets the stage. */
#include "fixture.h"

#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

struct driver cuda;
weft_cuda_context contexts[GPUS_MAX];
bool is_peer;

void fail_at(const char *file, int line, const char *what, int value)
{
    if (is_peer) {
        fprintf(stderr, "%s:%d: in a process of the test: %s (%d)\n", file, line, what, value);
        _exit(1);
    }
    cr_assert(false, "%s:%d: %s (%d)", file, line, what, value);
}

union entry_point {
    void *object;
    void (*function)(void);
};

static void find(void *library, const char *symbol, void (**function)(void))
{
    union entry_point entry;

    entry.object = dlsym(library, symbol);
    if (entry.object == NULL)
        fail_at(__FILE__, __LINE__, symbol, 0);
    *function = entry.function;
}

void load_driver(void)
{
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 64);
    void *library;
    char *slash;

    MUST(length > 0);
    path[length] = '\0';
    slash = strrchr(path, '/');
    MUST(slash != NULL);
    weft_text_copy(slash, 64, "/../lib/libweft-cuda-emu.so");
    library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        fail_at(__FILE__, __LINE__, dlerror(), 0);
#define CUDA_FUNCTION(result, field, symbol, arguments)                                            \
    find(library, #symbol, (void (**)(void)) & cuda.field);
#define CUDA_FUNCTION_OPTIONAL CUDA_FUNCTION
#include "cuda/cuda_functions.def"
#include "../../plugins/cuda-emu/emu_functions.def"
#undef CUDA_FUNCTION
#undef CUDA_FUNCTION_OPTIONAL
    find(library, WEFT_EMU_OPEN, (void (**)(void)) & cuda.open);
    find(library, WEFT_EMU_JOIN, (void (**)(void)) & cuda.join);
    find(library, WEFT_EMU_LINK, (void (**)(void)) & cuda.link);
    find(library, WEFT_EMU_LINK_LOOK, (void (**)(void)) & cuda.link_look);
    find(library, WEFT_EMU_FAIL_COPIES, (void (**)(void)) & cuda.fail_copies);
    find(library, WEFT_EMU_PLACE, (void (**)(void)) & cuda.place);
    find(library, WEFT_EMU_BYTES, (void (**)(void)) & cuda.bytes);
    find(library, WEFT_EMU_NOW, (void (**)(void)) & cuda.now);
    find(library, WEFT_EMU_SUBMIT_NS, (void (**)(void)) & cuda.submit_ns);
}

static void retain_contexts(void)
{
    int count = 0;

    OK(cuda.init(0));
    OK(cuda.device_count(&count));
    MUST(count > 0);
    for (int i = 0; i < count && i < GPUS_MAX; i++)
        OK(cuda.primary_retain(&contexts[i], i));
    use_gpu(0);
}

void open_machine(const char *node, unsigned dilation)
{
    char why[WEFT_EMU_WHY_BYTES] = "";

    load_driver();
    if (cuda.open(node, dilation, why) != 0)
        fail_at(__FILE__, __LINE__, why, 0);
    retain_contexts();
}

void join_machine(const char *node, unsigned dilation, const char *name)
{
    char why[WEFT_EMU_WHY_BYTES] = "";

    load_driver();
    if (cuda.join(node, dilation, name, why) != 0)
        fail_at(__FILE__, __LINE__, why, 0);
    retain_contexts();
}

void use_gpu(int gpu)
{
    OK(cuda.context_set(contexts[gpu]));
}

weft_cuda_stream new_stream(int gpu)
{
    weft_cuda_stream stream = NULL;

    use_gpu(gpu);
    OK(cuda.stream_create(&stream, WEFT_CUDA_STREAM_NON_BLOCKING, 0));
    return stream;
}

weft_cuda_event new_event(int gpu)
{
    weft_cuda_event event = NULL;

    use_gpu(gpu);
    OK(cuda.event_create(&event, 0));
    return event;
}

weft_cuda_ptr new_memory(int gpu, size_t size)
{
    weft_cuda_ptr memory = 0;

    use_gpu(gpu);
    OK(cuda.memory_alloc(&memory, size));
    return memory;
}

unsigned char *new_host(size_t size, int numa_node)
{
    void *memory = NULL;

    OK(cuda.host_alloc(&memory, size, WEFT_CUDA_HOST_ALLOC_PORTABLE));
    MUST(cuda.place(memory, size, numa_node) == 0);
    return memory;
}

weft_cuda_ptr address_of(const void *host)
{
    return (weft_cuda_ptr)(uintptr_t)host;
}

static unsigned char pattern(size_t place, unsigned seed)
{
    return (unsigned char)(place * 131 + (place >> 8) * 17 + (place >> 16) * 7 + seed * 29 + 1);
}

void fill_pattern(void *memory, size_t size, unsigned seed)
{
    unsigned char *bytes = memory;

    for (size_t i = 0; i < size; i++)
        bytes[i] = pattern(i, seed);
}

bool is_pattern(const void *memory, size_t size, unsigned seed)
{
    const unsigned char *bytes = memory;

    for (size_t i = 0; i < size; i++)
        if (bytes[i] != pattern(i, seed))
            return false;
    return true;
}

void enable_peers(int a, int b)
{
    use_gpu(a);
    OK(cuda.context_enable_peer(contexts[b], 0));
    use_gpu(b);
    OK(cuda.context_enable_peer(contexts[a], 0));
}

static double real_seconds(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int end_of(weft_cuda_event event)
{
    double until = real_seconds() + 10;
    int result = WEFT_CUDA_NOT_READY;

    while (result == WEFT_CUDA_NOT_READY && real_seconds() < until)
        result = (int)cuda.event_query(event);
    return result;
}

void pass(uint64_t machine_ns)
{
    uint64_t until = cuda.now() + machine_ns;

    while (cuda.now() < until) {
        struct timespec wait = {0, 100000};

        nanosleep(&wait, NULL);
    }
}

void expect_us(const char *what, double us, double expected_us)
{
    cr_expect(fabs(us - expected_us) <= 0.05 * expected_us,
              "%s took %.2f us of the machine's time, not %.2f", what, us, expected_us);
}
