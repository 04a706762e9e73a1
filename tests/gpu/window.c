/* Memory of the CUDA transport on a GPU: what is a window, and what is refused with which words. */
#include <string.h>
#include <sys/mman.h>

#include "fixture.h"

#define SIZE WEFT_MIB(1)

static struct machine machine;

Test(window, weft_cuda_window_add__memory_of_another_device)
{
    char why[256] = "";
    void *gpu;
    void *host;

    machine_open(&machine, 1, 1);
    gpu = machine_window(&machine, 0, 0, SIZE);
    host = machine_window(&machine, 1, machine.dram, SIZE);
    cr_assert_eq(machine_window_add(&machine, 2, machine.dram, gpu, SIZE, why),
                 weftInvalidArgument);
    cr_assert_not_null(strstr(why, "is GPU memory, not host memory"), "%s", why);
    cr_assert_eq(machine_window_add(&machine, 2, 0, host, SIZE, why), weftInvalidArgument);
    cr_assert_not_null(strstr(why, "is host memory, not memory of the GPU"), "%s", why);
    cr_assert_eq(machine_window_add(&machine, 2, 0, &machine, 64, why), weftInvalidArgument);
    cr_assert_not_null(strstr(why, "is not memory that CUDA knows"), "%s", why);
    machine_close(&machine);
}

Test(window, weft_cuda_window_add__memory_of_another_gpu)
{
    char why[256] = "";
    void *memory;

    machine_open(&machine, 2, 2);
    memory = machine_window(&machine, 0, 1, SIZE);
    cr_assert_eq(machine_window_add(&machine, 1, 0, memory, SIZE, why), weftInvalidArgument);
    cr_assert_not_null(strstr(why, machine.devices[1].bus), "%s", why);
    cr_assert_not_null(strstr(why, machine.devices[0].bus), "%s", why);
    machine_close(&machine);
}

Test(window, weft_cuda_window_add__no_memory)
{
    char why[256] = "";
    void *memory;

    machine_open(&machine, 1, 1);
    memory = mmap(NULL, SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(memory, MAP_FAILED);
    cr_assert_eq(munmap(memory, SIZE), 0);
    cr_assert_eq(machine_window_add(&machine, 0, machine.dram, memory, SIZE, why),
                 weftInvalidArgument);
    cr_assert_not_null(strstr(why, "mapped"), "%s", why);
    cr_assert_eq(machine_window_add(&machine, 0, machine.dram, memory, 0, why),
                 weftInvalidArgument);
    machine_close(&machine);
}

/* The same memory pinned twice, also by somebody else, stays pinned until the last one leaves. */
Test(window, weft_cuda_window_add__pinned_by_somebody_else)
{
    char why[256] = "";
    void *memory;
    struct weft_cuda_scope scope;
    weft_cuda_context context;
    unsigned type = 0;

    machine_open(&machine, 1, 1);
    cr_assert_eq(weft_host_transport.alloc(machine.host, SIZE, &memory), weftSuccess);
    cr_assert_eq(machine.driver->primary_retain(&context, 0), WEFT_CUDA_SUCCESS);
    weft_cuda_enter(machine.driver, context, &scope);
    cr_assert_eq(machine.driver->host_register(memory, SIZE, WEFT_CUDA_HOST_REGISTER_PORTABLE),
                 WEFT_CUDA_SUCCESS);
    cr_assert_eq(machine_window_add(&machine, 0, machine.dram, memory, SIZE, why), weftSuccess,
                 "%s", why);
    cr_assert_eq(machine_window_add(&machine, 1, machine.dram, memory, SIZE, why), weftSuccess);
    machine_window(&machine, 2, 0, SIZE);
    machine_move(&machine, machine.dram, 0, 0, 0, 2, 0, SIZE);
    weft_cuda_transport.window_remove(machine.gpus[0], 0);
    machine_move(&machine, machine.dram, 1, 0, 0, 2, 0, SIZE);
    weft_cuda_transport.window_remove(machine.gpus[0], 1);
    cr_assert_eq(
        machine.driver->pointer_attribute(&type, WEFT_CUDA_POINTER_MEMORY_TYPE, (uintptr_t)memory),
        WEFT_CUDA_SUCCESS);
    cr_assert_eq(type, WEFT_CUDA_MEMORY_HOST, "Weft has released what it did not pin");
    cr_assert_eq(machine.driver->host_unregister(memory), WEFT_CUDA_SUCCESS);
    weft_cuda_leave(machine.driver, &scope);
    machine.driver->primary_release(0);
    machine_close(&machine);
}

Test(window, weft_cuda_alloc__more_than_there_is)
{
    void *memory = &machine;

    machine_open(&machine, 1, 1);
    cr_assert_eq(weft_cuda_transport.alloc(machine.gpus[0], (size_t)1 << 46, &memory),
                 weftNoResource);
    cr_assert_eq(memory, &machine);
    machine_close(&machine);
}
