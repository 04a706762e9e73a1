/* Several threads in the driver at once. */
#include "fixture.h"

#include <pthread.h>

#define KIB      ((size_t)1 << 10)
#define SIZE     (256 * KIB)
#define ROUNDS   40
#define DILATION 5

struct job {
    int gpu;
    unsigned char *from;
    unsigned char *to;
    int wrong; /* rounds whose bytes or results were not right */
};

/* Streams, events, memory and copies of its own, round after round. */
static void *work(void *argument)
{
    struct job *job = argument;

    job->wrong += cuda.context_set(contexts[job->gpu]) != WEFT_CUDA_SUCCESS;
    for (unsigned round = 0; round < ROUNDS; round++) {
        weft_cuda_stream stream = NULL;
        weft_cuda_event event = NULL;
        weft_cuda_ptr device = 0;
        int failed = 0;

        fill_pattern(job->from, SIZE, round);
        failed |= (int)cuda.stream_create(&stream, 0, 0);
        failed |= (int)cuda.event_create(&event, 0);
        failed |= (int)cuda.memory_alloc(&device, SIZE);
        failed |= (int)cuda.copy(device, address_of(job->from), SIZE, stream);
        failed |= (int)cuda.copy(address_of(job->to), device, SIZE, stream);
        failed |= (int)cuda.event_record(event, stream);
        failed |= end_of(event);
        failed |= (int)cuda.memory_free(device);
        failed |= (int)cuda.event_destroy(event);
        failed |= (int)cuda.stream_destroy(stream);
        job->wrong += failed != 0 || !is_pattern(job->to, SIZE, round);
    }
    return NULL;
}

/* Two on one GPU, one on another, and this thread shakes a link of neither. */
Test(threads, copies__of_three_threads)
{
    struct job jobs[3] = {{.gpu = 0}, {.gpu = 0}, {.gpu = 1}};
    pthread_t threads[3];
    char why[WEFT_EMU_WHY_BYTES];

    open_machine("hgx-h100", DILATION);
    for (int i = 0; i < 3; i++) {
        jobs[i].from = new_host(SIZE, 0);
        jobs[i].to = new_host(SIZE, 0);
        cr_assert_eq(pthread_create(&threads[i], NULL, work, &jobs[i]), 0);
    }
    for (unsigned i = 0; i < 100; i++)
        cr_expect_eq(
            cuda.link("gpu5-pcie", i % 2 == 0 ? WEFT_EMU_LINK_CUT : WEFT_EMU_LINK_UP, 1000, why), 0,
            "%s", why);
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        cr_expect_eq(jobs[i].wrong, 0, "thread %d", i);
    }
    cr_expect_eq(cuda.bytes("gpu0", 1), 2 * ROUNDS * SIZE);
    cr_expect_eq(cuda.bytes("gpu1", 1), ROUNDS * SIZE);
}

/* The process ends with a copy at work, a stream at a gate and a copy behind it: no hang. */
Test(threads, copies__in_flight_at_exit)
{
    weft_cuda_stream stream;
    weft_cuda_ptr device;
    unsigned char *host;
    unsigned char *gate;

    open_machine("hgx-h100", 1000);
    stream = new_stream(0);
    device = new_memory(0, 1024 * KIB);
    host = new_host(1024 * KIB, 0);
    gate = new_host(4096, 0);
    OK(cuda.copy(device, address_of(host), 1024 * KIB, stream));
    OK(cuda.stream_wait_value(stream, address_of(gate), 1, 0));
    OK(cuda.copy(device, address_of(host), 1024 * KIB, stream));
    cr_expect_eq(cuda.stream_query(stream), WEFT_CUDA_NOT_READY);
}
