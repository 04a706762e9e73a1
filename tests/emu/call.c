/* Calls with wrong arguments, and what plain driver programs ask. */
#include "fixture.h"

#include <stdlib.h>
#include <string.h>

#define MIB      ((size_t)1 << 20)
#define DILATION 10

static char why[WEFT_EMU_WHY_BYTES];

Test(call, open__says_what_is_valid)
{
    load_driver();
    cr_expect_eq(cuda.open("dgx-x", 100, why), -1);
    cr_expect_not_null(strstr(why, "hgx-h100"), "%s", why);
    cr_expect_eq(cuda.open("", 100, why), -1);
    cr_expect_eq(cuda.open("hgx-h100", 0, why), -1);
    cr_expect_not_null(strstr(why, "1 to 100000"), "%s", why);
    cr_expect_eq(cuda.open("hgx-h100", 7, why), 0, "%s", why);
    cr_expect_eq(cuda.open("hgx-h100", 7, why), 0, "%s", why);
    cr_expect_eq(cuda.open("dgx-a100", 7, why), -1);
    cr_expect_not_null(strstr(why, "hgx-h100"), "%s", why);
    cr_expect_eq(cuda.open("hgx-h100", 8, why), -1);
}

/* A dump of a real machine, through what it leaves out. */
Test(call, open__takes_a_topology_file)
{
    unsigned char *host;
    weft_cuda_ptr device;
    char name[64];

    open_machine(WEFT_TEST_DATA "/topologies/azure-ndv4-a100.xml", DILATION);
    OK(cuda.device_name(name, sizeof(name), 7));
    cr_expect_neq(name[0], '\0');
    enable_peers(0, 7);
    device = new_memory(7, MIB);
    host = new_host(MIB, 0);
    fill_pattern(host, MIB, 1);
    OK(cuda.copy_now(device, address_of(host), MIB));
    cr_expect(is_pattern((void *)(uintptr_t)device, MIB, 1));
}

Test(call, init__takes_the_machine_from_the_environment)
{
    int count = 0;

    load_driver();
    cr_expect_eq(cuda.device_count(&count), WEFT_CUDA_NOT_INITIALIZED);
    setenv("WEFT_EMULATE", "nvl72-tray", 1);
    setenv("WEFT_DILATION", "20", 1);
    OK(cuda.init(0));
    OK(cuda.device_count(&count));
    cr_expect_eq(count, 4);
    cr_expect_eq(cuda.open("nvl72-tray", 20, why), 0, "%s", why);
}

Test(call, init__without_a_machine_there_is_no_device)
{
    load_driver();
    unsetenv("WEFT_EMULATE");
    cr_expect_eq(cuda.init(0), WEFT_CUDA_NO_DEVICE);
    setenv("WEFT_EMULATE", "no-such-machine", 1);
    cr_expect_eq(cuda.init(0), WEFT_CUDA_NO_DEVICE);
}

Test(call, device__describes_itself)
{
    weft_cuda_device device = -1;
    char text[64];
    size_t bytes = 0;
    int value = 0;

    open_machine("hgx-h100", DILATION);
    OK(cuda.driver_version(&value));
    cr_expect_eq(value, 13000);
    OK(cuda.device_get(&device, 7));
    cr_expect_eq(device, 7);
    OK(cuda.device_name(text, sizeof(text), 7));
    cr_expect_str_eq(text, "NVIDIA H100 80GB HBM3");
    OK(cuda.device_memory(&bytes, 7));
    cr_expect_eq(bytes, (size_t)80 << 30);
    OK(cuda.device_attribute(&value, WEFT_CUDA_DEVICE_COMPUTE_CAPABILITY_MAJOR, 7));
    cr_expect_eq(value, 9);
    OK(cuda.device_attribute(&value, WEFT_CUDA_DEVICE_COMPUTE_CAPABILITY_MINOR, 7));
    cr_expect_eq(value, 0);
    OK(cuda.device_attribute(&value, WEFT_CUDA_DEVICE_HOST_NUMA_ID, 7));
    cr_expect_eq(value, 1);
    OK(cuda.device_attribute(&value, WEFT_CUDA_DEVICE_UNIFIED_ADDRESSING, 7));
    cr_expect_eq(value, 1);
    OK(cuda.device_bus(text, sizeof(text), 7));
    OK(cuda.device_by_bus(&device, text));
    cr_expect_eq(device, 7);
    OK(cuda.device_can_access_peer(&value, 0, 7));
    cr_expect_eq(value, 1);
    OK(cuda.device_can_access_peer(&value, 3, 3));
    cr_expect_eq(value, 0);
    cr_expect_eq(cuda.device_get(&device, 8), WEFT_CUDA_INVALID_DEVICE);
    cr_expect_eq(cuda.device_get(&device, -1), WEFT_CUDA_INVALID_DEVICE);
    cr_expect_eq(cuda.device_name(NULL, 5, 0), WEFT_CUDA_INVALID_VALUE);
}

Test(call, context__current_ones)
{
    weft_cuda_context context = NULL;
    weft_cuda_device device = -1;

    open_machine("hgx-h100", DILATION);
    use_gpu(2);
    OK(cuda.context_push(contexts[5]));
    OK(cuda.context_device(&device));
    cr_expect_eq(device, 5);
    OK(cuda.context_pop(&context));
    cr_expect_eq(context, contexts[5]);
    OK(cuda.context_get(&context));
    cr_expect_eq(context, contexts[2]);
    OK(cuda.context_set(NULL));
    OK(cuda.context_get(&context));
    cr_expect_null(context);
    cr_expect_eq(cuda.context_device(&device), WEFT_CUDA_INVALID_CONTEXT);
    cr_expect_eq(cuda.context_pop(&context), WEFT_CUDA_INVALID_CONTEXT);
    cr_expect_eq(cuda.context_set((weft_cuda_context)(uintptr_t)0x1234), WEFT_CUDA_INVALID_CONTEXT);
    OK(cuda.primary_release(2));
    cr_expect_eq(cuda.context_set(contexts[2]), WEFT_CUDA_INVALID_CONTEXT);
    cr_expect_eq(cuda.primary_release(2), WEFT_CUDA_INVALID_CONTEXT);
}

Test(call, context__peer_access)
{
    open_machine("hgx-h100", DILATION);
    OK(cuda.context_enable_peer(contexts[1], 0));
    cr_expect_eq(cuda.context_enable_peer(contexts[1], 0), WEFT_CUDA_PEER_ACCESS_ALREADY_ENABLED);
    cr_expect_eq(cuda.context_enable_peer(contexts[0], 0), WEFT_CUDA_INVALID_CONTEXT);
    cr_expect_eq(cuda.context_enable_peer(contexts[2], 1), WEFT_CUDA_INVALID_VALUE);
    OK(cuda.context_disable_peer(contexts[1]));
    cr_expect_eq(cuda.context_disable_peer(contexts[1]), WEFT_CUDA_PEER_ACCESS_NOT_ENABLED);
}

Test(call, memory__is_counted_and_bounded)
{
    weft_cuda_ptr memory = 0;
    weft_cuda_ptr more = 0;
    size_t free_bytes = 0;
    size_t total = 0;

    open_machine("hgx-h100", DILATION);
    OK(cuda.memory_alloc(&memory, 3 * MIB));
    OK(cuda.memory_info(&free_bytes, &total));
    cr_expect_eq(total, (size_t)80 << 30);
    cr_expect_eq(total - free_bytes, 3 * MIB);
    cr_expect_eq(cuda.memory_alloc(&more, total), WEFT_CUDA_OUT_OF_MEMORY);
    cr_expect_eq(cuda.memory_alloc(&more, 0), WEFT_CUDA_INVALID_VALUE);
    cr_expect_eq(cuda.memory_alloc(NULL, MIB), WEFT_CUDA_INVALID_VALUE);
    cr_expect_eq(cuda.memory_free(memory + 1), WEFT_CUDA_INVALID_VALUE);
    OK(cuda.memory_free(memory));
    OK(cuda.memory_free(0));
    cr_expect_eq(cuda.memory_free(memory), WEFT_CUDA_INVALID_VALUE);
    OK(cuda.memory_info(&free_bytes, &total));
    cr_expect_eq(free_bytes, total);
    use_gpu(0);
    OK(cuda.context_set(NULL));
    cr_expect_eq(cuda.memory_alloc(&more, MIB), WEFT_CUDA_INVALID_CONTEXT);
}

Test(call, memory__pointers_say_what_they_are)
{
    static unsigned char plain[8192];
    weft_cuda_ptr device;
    weft_cuda_ptr mapped = 0;
    unsigned char *host;
    unsigned type = 0;
    int ordinal = -1;

    open_machine("hgx-h100", DILATION);
    device = new_memory(3, MIB);
    host = new_host(MIB, 0);
    OK(cuda.pointer_attribute(&type, WEFT_CUDA_POINTER_MEMORY_TYPE, device + MIB - 1));
    cr_expect_eq(type, WEFT_CUDA_MEMORY_DEVICE);
    OK(cuda.pointer_attribute(&ordinal, WEFT_CUDA_POINTER_DEVICE_ORDINAL, device));
    cr_expect_eq(ordinal, 3);
    OK(cuda.pointer_attribute(&type, WEFT_CUDA_POINTER_MEMORY_TYPE, address_of(host)));
    cr_expect_eq(type, WEFT_CUDA_MEMORY_HOST);
    cr_expect_eq(cuda.pointer_attribute(&type, WEFT_CUDA_POINTER_MEMORY_TYPE, address_of(plain)),
                 WEFT_CUDA_INVALID_VALUE);
    OK(cuda.host_register(plain, sizeof(plain), 0));
    cr_expect_eq(cuda.host_register(plain + 4096, 4096, 0),
                 WEFT_CUDA_HOST_MEMORY_ALREADY_REGISTERED);
    OK(cuda.host_device_ptr(&mapped, plain, 0));
    cr_expect_eq(mapped, address_of(plain));
    OK(cuda.pointer_attribute(&type, WEFT_CUDA_POINTER_MEMORY_TYPE, address_of(plain)));
    cr_expect_eq(type, WEFT_CUDA_MEMORY_HOST);
    cr_expect_eq(cuda.host_unregister(plain + 1), WEFT_CUDA_HOST_MEMORY_NOT_REGISTERED);
    OK(cuda.host_unregister(plain));
    cr_expect_eq(cuda.host_unregister(plain), WEFT_CUDA_HOST_MEMORY_NOT_REGISTERED);
    cr_expect_eq(cuda.host_free(plain), WEFT_CUDA_INVALID_VALUE);
}

Test(call, copy__refuses_what_is_out_of_bounds)
{
    struct weft_cuda_copy_attributes attributes = {.order = WEFT_CUDA_ACCESS_ORDER_STREAM};
    weft_cuda_stream stream;
    weft_cuda_ptr device;
    unsigned char *host;
    weft_cuda_ptr there;
    weft_cuda_ptr here;
    size_t size = 4096;
    size_t first = 0;

    open_machine("hgx-h100", DILATION);
    stream = new_stream(0);
    device = new_memory(0, MIB);
    host = new_host(MIB, 0);
    there = device;
    here = address_of(host);
    cr_expect_eq(cuda.copy(device, here, MIB + 1, stream), WEFT_CUDA_INVALID_VALUE);
    cr_expect_eq(cuda.copy(device + MIB - 1, here, 2, stream), WEFT_CUDA_INVALID_VALUE);
    cr_expect_eq(cuda.copy(device, here + 1, MIB, stream), WEFT_CUDA_INVALID_VALUE);
    cr_expect_eq(cuda.copy(device, here, SIZE_MAX, stream), WEFT_CUDA_INVALID_VALUE);
    cr_expect_eq(cuda.copy(0, here, 1, stream), WEFT_CUDA_INVALID_VALUE);
    cr_expect_eq(cuda.copy(device, 0, 1, stream), WEFT_CUDA_INVALID_VALUE);
    cr_expect_eq(cuda.copy_peer(device, contexts[0], device, NULL, 1, stream),
                 WEFT_CUDA_INVALID_CONTEXT);
    cr_expect_eq(cuda.copy_batch_v2(&there, &here, &size, 0, &attributes, &first, 1, stream),
                 WEFT_CUDA_INVALID_VALUE);
    cr_expect_eq(cuda.copy_batch_v2(&there, &here, &size, 1, NULL, &first, 1, stream),
                 WEFT_CUDA_INVALID_VALUE);
    cr_expect_eq(cuda.copy_batch_v2(&there, &here, &size, 1, &attributes, &first, 1, NULL),
                 WEFT_CUDA_INVALID_HANDLE);
    OK(cuda.stream_synchronize(stream));
    cr_expect_eq(cuda.bytes("gpu0", 1), 0);
    OK(cuda.copy(device, here, 0, stream));
    OK(cuda.stream_query(stream));
}

Test(call, handles__stale_and_foreign_ones)
{
    weft_cuda_stream stream;
    weft_cuda_stream again;
    weft_cuda_event event;
    unsigned char *host;

    open_machine("hgx-h100", DILATION);
    stream = new_stream(0);
    event = new_event(0);
    host = new_host(4096, 0);
    OK(cuda.stream_destroy(stream));
    again = new_stream(0);
    cr_expect_neq(stream, again);
    cr_expect_eq(cuda.stream_query(stream), WEFT_CUDA_INVALID_HANDLE);
    cr_expect_eq(cuda.stream_destroy(stream), WEFT_CUDA_INVALID_HANDLE);
    cr_expect_eq(cuda.event_record(event, (weft_cuda_stream)(void *)event),
                 WEFT_CUDA_INVALID_HANDLE);
    OK(cuda.event_destroy(event));
    cr_expect_eq(cuda.event_query(event), WEFT_CUDA_INVALID_HANDLE);
    cr_expect_eq(cuda.stream_wait_event(again, event, 0), WEFT_CUDA_INVALID_HANDLE);
    cr_expect_eq(cuda.stream_wait_value(again, address_of(host + 4), 1, 0),
                 WEFT_CUDA_INVALID_VALUE);
    cr_expect_eq(cuda.stream_wait_value(again, address_of(host), 1, 9), WEFT_CUDA_INVALID_VALUE);
    cr_expect_eq(cuda.stream_write_value(again, 4096, 1, 0), WEFT_CUDA_INVALID_VALUE);
}

Test(call, results__have_names)
{
    const char *text = NULL;
    void *function = NULL;
    int status = -1;

    open_machine("hgx-h100", DILATION);
    OK(cuda.error_name(WEFT_CUDA_NOT_READY, &text));
    cr_expect_str_eq(text, "CUDA_ERROR_NOT_READY");
    OK(cuda.error_string(WEFT_CUDA_UNKNOWN, &text));
    cr_expect_not_null(strstr(text, "cut"), "%s", text);
    cr_expect_eq(cuda.error_name((weft_cuda_result)12345, &text), WEFT_CUDA_INVALID_VALUE);
    OK(cuda.get_proc_address("cuMemcpyAsync", &function, 13000, 0, &status));
    cr_expect_not_null(function);
    cr_expect_eq(status, 0);
    OK(cuda.get_proc_address("cuMemAlloc", &function, 13000, 0, &status));
    cr_expect_not_null(function);
    cr_expect_eq(cuda.get_proc_address("cuNothing", &function, 13000, 0, &status),
                 WEFT_CUDA_NOT_FOUND);
    cr_expect_eq(status, 1);
}

Test(call, ipc__of_ones_own_memory)
{
    struct weft_cuda_ipc_handle handle;
    weft_cuda_ptr device;
    weft_cuda_ptr base = 0;
    size_t size = 0;

    open_machine("hgx-h100", DILATION);
    device = new_memory(0, MIB);
    OK(cuda.ipc_get(&handle, device + 5));
    cr_expect_eq(cuda.ipc_open(&base, handle, 0), WEFT_CUDA_INVALID_CONTEXT);
    handle.bytes[7] ^= 1;
    cr_expect_eq(cuda.ipc_open(&base, handle, 0), WEFT_CUDA_NOT_SUPPORTED);
    OK(cuda.memory_range(&base, &size, device + 5));
    cr_expect_eq(base, device);
    cr_expect_eq(size, MIB);
    cr_expect_eq(cuda.ipc_close(device), WEFT_CUDA_INVALID_VALUE);
}
