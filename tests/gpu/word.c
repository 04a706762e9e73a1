/* Single words in GPU memory and in host memory, by the CUDA transport. */
#include "fixture.h"

#define SIZE 4096

static struct machine machine;

/* What a word is after each step, wherever it lies. */
static const struct {
    weftSignalOp_t op;
    uint64_t value;
    uint64_t expected;
} steps[] = {
    {weftSignalSet, 7, 7},          {weftSignalAdd, 3, 10},
    {weftSignalAdd, UINT64_MAX, 9}, {weftSignalSet, UINT64_MAX, UINT64_MAX},
    {weftSignalAdd, 2, 1},
};

static void steps_check(uint32_t device)
{
    struct weft_port *port;

    machine_open(&machine, 1, 1);
    port = machine.gpus[0];
    machine_window(&machine, 0, device == 0 ? 0 : machine.dram, SIZE);
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(steps); i++) {
        uint64_t value = 0;

        cr_assert_eq(weft_cuda_transport.store(port, 0, SIZE - 8, steps[i].value, steps[i].op),
                     weftSuccess);
        cr_assert_eq(weft_cuda_transport.load(port, 0, SIZE - 8, &value), weftSuccess);
        cr_assert_eq(value, steps[i].expected, "step %u", i);
    }
    machine_close(&machine);
}

Test(word, weft_cuda_store__gpu_memory)
{
    steps_check(0);
}

Test(word, weft_cuda_store__host_memory)
{
    steps_check(1);
}

Test(word, weft_cuda_store__outside_of_its_window)
{
    static const uint64_t offsets[] = {SIZE - 4, SIZE, SIZE + 8, 4, UINT64_MAX - 7};
    uint64_t value = 5;

    machine_open(&machine, 1, 1);
    machine_window(&machine, 0, 0, SIZE);
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(offsets); i++) {
        cr_assert_eq(weft_cuda_transport.store(machine.gpus[0], 0, offsets[i], 1, weftSignalSet),
                     weftInvalidArgument);
        cr_assert_eq(weft_cuda_transport.load(machine.gpus[0], 0, offsets[i], &value),
                     weftInvalidArgument);
    }
    cr_assert_eq(value, 5);
    machine_close(&machine);
}
