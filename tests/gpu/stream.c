/* The user's streams, by the CUDA transport. */
#include <string.h>

#include "fixture.h"

#define SIZE WEFT_MIB(1)

static struct machine machine;
static weft_cuda_context context;
static weft_cuda_stream stream;

/* A machine and a stream as a user has it: of the primary context, which is current. */
static void stream_open(void)
{
    machine_open(&machine, 1, 1);
    cr_assert_eq(machine.driver->primary_retain(&context, 0), WEFT_CUDA_SUCCESS);
    cr_assert_eq(machine.driver->context_set(context), WEFT_CUDA_SUCCESS);
    cr_assert_eq(machine.driver->stream_create(&stream, WEFT_CUDA_STREAM_NON_BLOCKING, 0),
                 WEFT_CUDA_SUCCESS);
}

static void stream_close(void)
{
    cr_assert_eq(machine.driver->stream_destroy(stream), WEFT_CUDA_SUCCESS);
    machine_close(&machine);
    machine.driver->primary_release(0);
}

static weftResult_t mark_wait(uint32_t mark)
{
    weft_ns deadline_at = machine_now() + MACHINE_WAIT_NS;
    weftResult_t result;

    while ((result = weft_cuda_transport.stream_reached(machine.gpus[0], mark)) == weftInProgress)
        cr_assert_lt(machine_now(), deadline_at);
    return result;
}

/* A hold keeps the stream from reaching what comes behind it, until it is released. */
Test(stream, weft_cuda_stream_hold__until_released)
{
    weft_cuda_context current = NULL;
    uint32_t gate;
    uint32_t mark;

    stream_open();
    /* More turns than there are gates: they are used again. */
    for (uint32_t i = 0; i < 1100; i++) {
        cr_assert_eq(weft_cuda_transport.stream_hold(machine.gpus[0], stream, &gate), weftSuccess);
        cr_assert_eq(weft_cuda_transport.stream_mark(machine.gpus[0], stream, &mark), weftSuccess);
        cr_assert_eq(weft_cuda_transport.stream_reached(machine.gpus[0], mark), weftInProgress);
        weft_cuda_transport.stream_release(machine.gpus[0], gate);
        cr_assert_eq(mark_wait(mark), weftSuccess);
    }
    cr_assert_eq(machine.driver->context_get(&current), WEFT_CUDA_SUCCESS);
    cr_assert_eq(current, context, "the caller's context was changed");
    stream_close();
}

/* Words that a stream awaits, in GPU memory and in host memory. */
Test(stream, weft_cuda_stream_await__word)
{
    stream_open();
    machine_window(&machine, 0, 0, SIZE);
    machine_window(&machine, 1, machine.dram, SIZE);
    for (uint32_t window = 0; window < 2; window++) {
        uint32_t mark;

        cr_assert_eq(weft_cuda_transport.store(machine.gpus[0], window, 64, 4, weftSignalSet),
                     weftSuccess);
        cr_assert_eq(weft_cuda_transport.stream_await(machine.gpus[0], stream, window, 64, 5),
                     weftSuccess);
        cr_assert_eq(weft_cuda_transport.stream_mark(machine.gpus[0], stream, &mark), weftSuccess);
        cr_assert_eq(weft_cuda_transport.stream_reached(machine.gpus[0], mark), weftInProgress);
        cr_assert_eq(weft_cuda_transport.store(machine.gpus[0], window, 64, 1, weftSignalAdd),
                     weftSuccess);
        cr_assert_eq(mark_wait(mark), weftSuccess);
    }
    stream_close();
}

/* A stream that waits for a gate does not keep Weft's own copies waiting. */
Test(stream, weft_cuda_copy__beside_a_held_stream)
{
    uint32_t gate;
    uint32_t mark;

    stream_open();
    machine_window(&machine, 0, 0, SIZE);
    machine_window(&machine, 1, machine.dram, SIZE);
    cr_assert_eq(weft_cuda_transport.stream_hold(machine.gpus[0], stream, &gate), weftSuccess);
    cr_assert_eq(weft_cuda_transport.stream_mark(machine.gpus[0], stream, &mark), weftSuccess);
    machine_move(&machine, machine.dram, 1, 0, 0, 0, 0, SIZE);
    machine_move(&machine, 0, 0, 0, machine.dram, 1, 0, SIZE);
    cr_assert_eq(weft_cuda_transport.stream_reached(machine.gpus[0], mark), weftInProgress);
    weft_cuda_transport.stream_release(machine.gpus[0], gate);
    cr_assert_eq(mark_wait(mark), weftSuccess);
    stream_close();
}
