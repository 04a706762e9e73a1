/* Memory of weftMemAlloc: where it is, and that every GPU knows it. */
#include "conform.h"

#include <string.h>

#include "cuda/cuda_abi.h"

#define SIZE KIB(64)

typedef weft_cuda_result attribute_fn(void *answer, weft_cuda_pointer_attribute attribute,
                                      weft_cuda_ptr pointer);

/* What the driver takes the byte for; 0: plain memory, or none. */
static unsigned kind_of(weftComm_t comm, const void *at)
{
    void *symbol = conform_driver(comm, "cuPointerGetAttribute");
    attribute_fn *attribute;
    unsigned kind = 0;

    memcpy(&attribute, &symbol, sizeof(attribute));
    return attribute(&kind, WEFT_CUDA_POINTER_MEMORY_TYPE, (uintptr_t)at) == WEFT_CUDA_SUCCESS
               ? kind
               : 0;
}

Test(memory, alloc__host_memory_is_registered_until_it_is_freed, .timeout = 60)
{
    weftComm_t comm = conform_comm(NULL);
    weftDevId_t dram = conform_device(comm, "dram1");
    weftWindow_t window;
    void *memory;

    SUCCEED(weftMemAlloc(comm, dram, SIZE, &memory));
    cr_assert_eq(kind_of(comm, memory), WEFT_CUDA_MEMORY_HOST);
    cr_assert_eq(kind_of(comm, (char *)memory + SIZE - 1), WEFT_CUDA_MEMORY_HOST);
    SUCCEED(weftWindowRegister(comm, dram, memory, SIZE / 2, WEFT_WIN_DEFAULT, &window));
    EXPECT(weftMemFree(comm, memory), weftInvalidUsage);
    SUCCEED(weftWindowDeregister(window));
    cr_assert_eq(kind_of(comm, memory), WEFT_CUDA_MEMORY_HOST);
    SUCCEED(weftMemFree(comm, memory));
    cr_assert_eq(kind_of(comm, memory), 0);
    conform_close(comm);
}

Test(memory, alloc__what_is_not_freed_goes_with_the_comm, .timeout = 60)
{
    weftComm_t comm = conform_comm(NULL);
    weftComm_t other = conform_comm(NULL);
    void *memory;

    SUCCEED(weftMemAlloc(comm, conform_device(comm, "dram0"), SIZE, &memory));
    cr_assert_eq(kind_of(other, memory), WEFT_CUDA_MEMORY_HOST);
    conform_close(comm);
    cr_assert_eq(kind_of(other, memory), 0);
    conform_close(other);
}
