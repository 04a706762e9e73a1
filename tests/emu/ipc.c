/* Device memory of one process in another one, of the same named machine. */
#include "peers.h"

#include <string.h>
#include <unistd.h>

#define DILATION 50
#define GPU      3
#define SIZE     ((size_t)5 << 20)

static void *memory_at(weft_cuda_ptr address)
{
    return (void *)(uintptr_t)address;
}

/* Exports memory with pattern 1, finds pattern 2 in it, frees it. */
static void export_memory(struct page *page, int index)
{
    unsigned char *host;
    weft_cuda_ptr device;
    weft_cuda_ptr opened = 0;

    join_machine("hgx-h100", DILATION, page->machine);
    device = new_memory(GPU, SIZE);
    host = new_host(SIZE, 0);
    fill_pattern(host, SIZE, 1);
    OK(cuda.copy_now(device, address_of(host), SIZE));
    OK(cuda.ipc_get(&page->handle, device + 77));
    MUST(cuda.ipc_open(&opened, page->handle, 1) == WEFT_CUDA_INVALID_CONTEXT);
    MUST(cuda.ipc_get(&page->handle, address_of(host)) == WEFT_CUDA_INVALID_VALUE);
    come_to(page, index, 1);
    await_step(page, 2);
    OK(cuda.copy_now(address_of(host), device, SIZE));
    MUST(is_pattern(host, SIZE, 2));
    OK(cuda.memory_free(device));
    MUST(cuda.ipc_get(&page->handle, device) == WEFT_CUDA_INVALID_VALUE);
    come_to(page, index, 2);
    await_step(page, 3);
}

static void expect_import(weft_cuda_ptr opened)
{
    weft_cuda_ptr base = 0;
    size_t size = 0;
    unsigned type = 0;
    int ordinal = -1;

    OK(cuda.pointer_attribute(&ordinal, WEFT_CUDA_POINTER_DEVICE_ORDINAL, opened + SIZE - 1));
    MUST(ordinal == GPU);
    OK(cuda.pointer_attribute(&type, WEFT_CUDA_POINTER_MEMORY_TYPE, opened));
    MUST(type == WEFT_CUDA_MEMORY_DEVICE);
    OK(cuda.memory_range(&base, &size, opened + 77));
    MUST(base == opened);
    MUST(size == SIZE);
}

/* What the driver does not allow with memory that was opened. */
static void refuse_misuse(weft_cuda_ptr opened)
{
    struct weft_cuda_ipc_handle handle;
    void *host = memory_at(opened);
    weft_cuda_ptr mapped;

    MUST(cuda.memory_free(opened) == WEFT_CUDA_INVALID_VALUE);
    MUST(cuda.ipc_get(&handle, opened) == WEFT_CUDA_INVALID_VALUE);
    MUST(cuda.ipc_close(opened + 1) == WEFT_CUDA_INVALID_VALUE);
    MUST(cuda.host_free(host) == WEFT_CUDA_INVALID_VALUE);
    MUST(cuda.host_device_ptr(&mapped, host, 0) == WEFT_CUDA_INVALID_VALUE);
}

static void import_memory(struct page *page, int index)
{
    struct weft_cuda_ipc_handle handle = page->handle;
    weft_cuda_ptr opened = 0;
    weft_cuda_ptr again = 0;
    unsigned char *host;

    join_machine("hgx-h100", DILATION, page->machine);
    MUST(cuda.ipc_open(&opened, handle, 2) == WEFT_CUDA_INVALID_VALUE);
    OK(cuda.ipc_open(&opened, handle, WEFT_CUDA_IPC_LAZY_PEER_ACCESS));
    OK(cuda.ipc_open(&again, handle, WEFT_CUDA_IPC_LAZY_PEER_ACCESS));
    MUST(again == opened);
    expect_import(opened);
    refuse_misuse(opened);
    host = new_host(SIZE, 0);
    OK(cuda.copy_now(address_of(host), opened, SIZE));
    MUST(is_pattern(host, SIZE, 1));
    MUST(cuda.bytes("gpu3", 0) == SIZE);
    fill_pattern(host, SIZE, 2);
    OK(cuda.copy_now(opened, address_of(host), SIZE));
    come_to(page, index, 1);
    await_step(page, 3);

    /* Freed by its owner, it is still here, but cannot be opened any more. */
    MUST(is_pattern(memory_at(opened), SIZE, 2));
    OK(cuda.ipc_close(opened));
    MUST(is_pattern(memory_at(opened), SIZE, 2));
    OK(cuda.ipc_close(opened));
    MUST(cuda.ipc_close(opened) == WEFT_CUDA_INVALID_VALUE);
    MUST(cuda.ipc_open(&opened, handle, 1) == WEFT_CUDA_INVALID_HANDLE);
    handle.bytes[16] ^= 1;
    MUST(cuda.ipc_open(&opened, handle, 1) == WEFT_CUDA_INVALID_HANDLE);
}

Test(ipc, memory__goes_there_and_back)
{
    struct page *page = new_page();
    pid_t exporter = start_peer(page, 0, export_memory);
    pid_t importer;

    await_peer(page, 0, 1);
    importer = start_peer(page, 1, import_memory);
    await_peer(page, 1, 1);
    allow(page, 2);
    await_peer(page, 0, 2);
    allow(page, 3);
    expect_end(importer);
    expect_end(exporter);
    cr_expect(!has_object(page));
}

static void export_and_wait(struct page *page, int index)
{
    weft_cuda_ptr device;

    join_machine("hgx-h100", DILATION, page->machine);
    device = new_memory(GPU, 16 * MIB);
    fill_pattern(memory_at(device), 16 * MIB, 4);
    OK(cuda.ipc_get(&page->handle, device));
    come_to(page, index, 1);
    await_step(page, 2);
}

/* Two GPUs of other switches: over NVLink, since opening let the one reach the other. */
static void copy_from_the_dead(struct page *page, int index)
{
    weft_cuda_ptr opened = 0;
    struct lane lane;

    join_machine("hgx-h100", DILATION, page->machine);
    use_gpu(0);
    OK(cuda.ipc_open(&opened, page->handle, WEFT_CUDA_IPC_LAZY_PEER_ACCESS));
    come_to(page, index, 1);
    await_step(page, 2);
    lane = lane_of(0, new_memory(0, 16 * MIB), opened);
    page->us[index] = gated_copy_us(&lane, 16 * MIB);
    MUST(is_pattern(memory_at(lane.dst), 16 * MIB, 4));
    memset(memory_at(lane.dst), 0, 16 * MIB);
    OK(cuda.copy(lane.dst, lane.src, 16 * MIB, lane.stream));
    OK(cuda.event_record(lane.end, lane.stream));
    OK(cuda.ipc_close(opened)); /* the copy has not ended */
    MUST(end_of(lane.end) == WEFT_CUDA_SUCCESS);
    MUST(is_pattern(memory_at(lane.dst), 16 * MIB, 4));
}

/* Set-up 2.0; 16 MiB at 397 GB/s. */
Test(ipc, memory__outlives_its_process)
{
    struct page *page = new_page();
    pid_t exporter = start_peer(page, 0, export_and_wait);
    pid_t importer;

    await_peer(page, 0, 1);
    importer = start_peer(page, 1, copy_from_the_dead);
    await_peer(page, 1, 1);
    kill_peer(exporter);
    allow(page, 2);
    expect_end(importer);
    expect_exact_us("16 MiB at 397 GB/s", page->us[1], 2.0 + 42.260);
    cr_expect(!has_object(page));
}
