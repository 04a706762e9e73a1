/* Device memory, page-locked host memory, what a pointer is.
 *
 * Device pointers are addresses of this process. What other processes have is driver_ipc.c's. */
#include "driver.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void *pointer_of(weft_cuda_ptr address)
{
    return (void *)(uintptr_t)address;
}

static weft_cuda_ptr address_of(const void *pointer)
{
    return (weft_cuda_ptr)(uintptr_t)pointer;
}

static uint64_t total_bytes(const struct weft_emu *emu, uint32_t gpu)
{
    return emu->machine.topo.devices[emu->machine.gpus[gpu]].memory_bytes;
}

/* Counts bytes of a GPU as allocated by this process; false when the GPU has not got them. */
static bool reserve(struct weft_emu *emu, uint32_t gpu, size_t size)
{
    struct weft_emu_board *board = &emu->board;
    bool fits;

    do {
        if (!weft_emu_board_lock(board, WEFT_EMU_BOARD_CALL_NS))
            return false;
        weft_emu_board_bury(board);
        fits = weft_range_inside(weft_emu_state_used_bytes(&board->state, gpu), size,
                                 total_bytes(emu, gpu));
        if (fits)
            board->state.members[board->seat].used_bytes[gpu] += size;
    } while (!weft_emu_board_unlock(board));
    return fits;
}

/* Without the board, which has had a second, the bytes stay counted until the process ends. */
static void unreserve(struct weft_emu *emu, uint32_t gpu, size_t size)
{
    struct weft_emu_board *board = &emu->board;

    do {
        if (!weft_emu_board_lock(board, WEFT_EMU_BOARD_CALL_NS))
            return;
        board->state.members[board->seat].used_bytes[gpu] -= size;
    } while (!weft_emu_board_unlock(board));
}

/* Bytes of a GPU that nobody has allocated; UINT64_MAX: the board could not be had. */
static uint64_t free_bytes_of(struct weft_emu *emu, uint32_t gpu)
{
    uint64_t used_bytes;

    do {
        if (!weft_emu_board_lock(&emu->board, WEFT_EMU_BOARD_CALL_NS))
            return UINT64_MAX;
        weft_emu_board_bury(&emu->board);
        used_bytes = weft_emu_state_used_bytes(&emu->board.state, gpu);
    } while (!weft_emu_board_unlock(&emu->board));
    return total_bytes(emu, gpu) - used_bytes;
}

/* Memory that could be mapped, on its way into the table. */
struct mapping {
    enum weft_emu_range_kind kind;
    uint32_t gpu;
    size_t size;
    int file; /* -1: none */
    void *base;
};

/* Takes long, so without the lock. Device memory of a named machine can be mapped by others. */
static void map(struct mapping *mapping, bool is_shared)
{
    mapping->file = -1;
    if (mapping->kind == WEFT_EMU_DEVICE_MEMORY && is_shared) {
        mapping->file = weft_emu_memory_file(mapping->size);
        if (mapping->file < 0)
            return;
    }
    mapping->base = weft_emu_memory_map(mapping->size, mapping->file);
}

static void unmap(const struct mapping *mapping)
{
    if (mapping->base != NULL)
        munmap(mapping->base, mapping->size);
    if (mapping->file >= 0)
        close(mapping->file);
}

static bool enter_range(struct weft_emu *emu, const struct mapping *mapping)
{
    struct weft_emu_range *range;

    if (mapping->base == NULL)
        return false;
    range = weft_emu_memory_add(&emu->memory, mapping->kind, mapping->base, mapping->size,
                                mapping->gpu);
    if (range == NULL)
        return false;
    range->file = mapping->file;
    range->file_number = mapping->file < 0 ? 0 : weft_emu_memory_file_number(mapping->file);
    return true;
}

/* Maps memory and enters it for the current context. */
static weft_cuda_result alloc(enum weft_emu_range_kind kind, size_t size, void **memory)
{
    struct weft_emu *emu = weft_emu_enter();
    bool is_device = kind == WEFT_EMU_DEVICE_MEMORY;
    struct mapping mapping = {.kind = kind, .size = size};
    struct weft_emu_context *context;
    bool is_shared;
    bool is_done;

    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    context = weft_emu_context_current(emu);
    if (context == NULL || memory == NULL || size == 0) {
        weft_emu_leave(emu);
        return context == NULL ? WEFT_CUDA_INVALID_CONTEXT : WEFT_CUDA_INVALID_VALUE;
    }
    mapping.gpu = context->gpu;
    is_shared = emu->board.is_shared;
    is_done = !is_device || reserve(emu, mapping.gpu, size);
    weft_emu_leave(emu);
    if (!is_done)
        return WEFT_CUDA_OUT_OF_MEMORY;

    map(&mapping, is_shared);
    emu = weft_emu_enter();
    if (emu == NULL) {
        unmap(&mapping);
        return WEFT_CUDA_DEINITIALIZED;
    }
    is_done = enter_range(emu, &mapping);
    if (!is_done && is_device)
        unreserve(emu, mapping.gpu, size);
    weft_emu_leave(emu);
    if (!is_done) {
        unmap(&mapping);
        return WEFT_CUDA_OUT_OF_MEMORY;
    }
    *memory = mapping.base;
    return WEFT_CUDA_SUCCESS;
}

/* Takes out the range of that kind that begins at `base`. */
static weft_cuda_result release(enum weft_emu_range_kind kind, const void *base)
{
    struct weft_emu *emu = weft_emu_enter();
    weft_cuda_result result = WEFT_CUDA_INVALID_VALUE;
    struct weft_emu_range *range;

    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    range = weft_emu_memory_find(&emu->memory, base);
    if (base == NULL && kind == WEFT_EMU_DEVICE_MEMORY) {
        result = WEFT_CUDA_SUCCESS;
    } else if (range != NULL && range->base == base && range->kind == kind) {
        if (kind == WEFT_EMU_DEVICE_MEMORY)
            unreserve(emu, range->gpu, range->size_bytes);
        else
            weft_emu_memory_unplace(&emu->memory, base, range->size_bytes);
        weft_emu_memory_remove(&emu->memory, range);
        result = WEFT_CUDA_SUCCESS;
    }
    weft_emu_leave(emu);
    return result;
}

weft_cuda_result cuMemAlloc_v2(weft_cuda_ptr *memory, size_t size)
{
    void *base = NULL;
    weft_cuda_result result = alloc(WEFT_EMU_DEVICE_MEMORY, size, memory == NULL ? NULL : &base);

    if (result == WEFT_CUDA_SUCCESS)
        *memory = address_of(base);
    return result;
}

weft_cuda_result cuMemFree_v2(weft_cuda_ptr memory)
{
    return release(WEFT_EMU_DEVICE_MEMORY, pointer_of(memory));
}

weft_cuda_result cuMemHostAlloc(void **memory, size_t size, unsigned int flags)
{
    (void)flags; /* all host memory is portable and mapped */
    return alloc(WEFT_EMU_HOST_ALLOCATED, size, memory);
}

weft_cuda_result cuMemAllocHost_v2(void **memory, size_t size)
{
    return alloc(WEFT_EMU_HOST_ALLOCATED, size, memory);
}

weft_cuda_result cuMemFreeHost(void *memory)
{
    return release(WEFT_EMU_HOST_ALLOCATED, memory);
}

weft_cuda_result cuMemHostRegister_v2(void *base, size_t size, unsigned int flags)
{
    struct weft_emu *emu = weft_emu_enter();
    weft_cuda_result result = WEFT_CUDA_SUCCESS;
    struct weft_emu_context *context;

    (void)flags;
    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    context = weft_emu_context_current(emu);
    if (context == NULL)
        result = WEFT_CUDA_INVALID_CONTEXT;
    else if (base == NULL || size == 0 || size > SIZE_MAX - (uintptr_t)base)
        result = WEFT_CUDA_INVALID_VALUE;
    else if (weft_emu_memory_add(&emu->memory, WEFT_EMU_HOST_REGISTERED, base, size,
                                 context->gpu) == NULL)
        result = WEFT_CUDA_HOST_MEMORY_ALREADY_REGISTERED;
    weft_emu_leave(emu);
    if (result == WEFT_CUDA_SUCCESS) /* page-locked memory has its pages */
        weft_emu_memory_populate(base, size);
    return result;
}

/* Copies that still use the memory fail where they are, so that nothing lands after this. */
weft_cuda_result cuMemHostUnregister(void *base)
{
    struct weft_emu *emu = weft_emu_enter();
    weft_cuda_result result = WEFT_CUDA_HOST_MEMORY_NOT_REGISTERED;
    struct weft_emu_range *range;

    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    range = weft_emu_memory_find(&emu->memory, base);
    if (range != NULL && range->base == base && range->kind == WEFT_EMU_HOST_REGISTERED) {
        bool is_used = range->pin_count > 0;

        weft_emu_memory_remove(&emu->memory, range);
        if (is_used)
            weft_emu_apply(emu);
        result = WEFT_CUDA_SUCCESS;
    }
    weft_emu_leave(emu);
    return result;
}

weft_cuda_result cuMemHostGetDevicePointer_v2(weft_cuda_ptr *device, void *host, unsigned int flags)
{
    struct weft_emu *emu = weft_emu_enter();
    weft_cuda_result result = WEFT_CUDA_INVALID_VALUE;
    struct weft_emu_range *range;

    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    range = weft_emu_memory_find(&emu->memory, host);
    if (device != NULL && flags == 0 && range != NULL && !weft_emu_range_is_device(range)) {
        *device = address_of(host);
        result = WEFT_CUDA_SUCCESS;
    }
    weft_emu_leave(emu);
    return result;
}

weft_cuda_result cuMemGetInfo_v2(size_t *free_bytes, size_t *total)
{
    struct weft_emu *emu = weft_emu_enter();
    weft_cuda_result result = WEFT_CUDA_INVALID_CONTEXT;
    struct weft_emu_context *context;

    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    context = weft_emu_context_current(emu);
    if (free_bytes == NULL || total == NULL) {
        result = WEFT_CUDA_INVALID_VALUE;
    } else if (context != NULL) {
        uint64_t unused = free_bytes_of(emu, context->gpu);

        result = unused == UINT64_MAX ? WEFT_CUDA_LAUNCH_TIMEOUT : WEFT_CUDA_SUCCESS;
        if (result == WEFT_CUDA_SUCCESS) {
            *total = total_bytes(emu, context->gpu);
            *free_bytes = unused;
        }
    }
    weft_emu_leave(emu);
    return result;
}

weft_cuda_result cuMemGetAddressRange_v2(weft_cuda_ptr *base, size_t *size, weft_cuda_ptr address)
{
    struct weft_emu *emu = weft_emu_enter();
    weft_cuda_result result = WEFT_CUDA_NOT_FOUND;
    struct weft_emu_range *range;

    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    range = weft_emu_memory_find(&emu->memory, pointer_of(address));
    if (range != NULL && weft_emu_range_is_device(range)) {
        if (base != NULL)
            *base = address_of(range->base);
        if (size != NULL)
            *size = range->size_bytes;
        result = WEFT_CUDA_SUCCESS;
    }
    weft_emu_leave(emu);
    return result;
}

/* Writes an answer of `size` bytes; memory of a user's may lie anyhow. */
static weft_cuda_result answer(void *value, const void *data, size_t size)
{
    memcpy(value, data, size);
    return WEFT_CUDA_SUCCESS;
}

static weft_cuda_result describe(const struct weft_emu *emu, const struct weft_emu_range *range,
                                 int attribute, weft_cuda_ptr address, void *value)
{
    unsigned type =
        weft_emu_range_is_device(range) ? WEFT_CUDA_MEMORY_DEVICE : WEFT_CUDA_MEMORY_HOST;
    int ordinal = (int)range->gpu;
    unsigned managed = 0;
    bool mapped = true;

    switch (attribute) {
    case WEFT_EMU_POINTER_CONTEXT:
        return answer(value, &emu->contexts[range->gpu].handle, sizeof(weft_cuda_context));
    case WEFT_CUDA_POINTER_MEMORY_TYPE:
        return answer(value, &type, sizeof(type));
    case WEFT_CUDA_POINTER_IS_MANAGED:
        return answer(value, &managed, sizeof(managed));
    case WEFT_CUDA_POINTER_DEVICE_ORDINAL:
        return answer(value, &ordinal, sizeof(ordinal));
    case WEFT_EMU_POINTER_DEVICE_POINTER:
        return answer(value, &address, sizeof(address));
    case WEFT_EMU_POINTER_HOST_POINTER:
        if (type == WEFT_CUDA_MEMORY_DEVICE)
            return WEFT_CUDA_INVALID_VALUE;
        return answer(value, &address, sizeof(address));
    case WEFT_EMU_POINTER_RANGE_START:
        return answer(value, &range->base, sizeof(range->base));
    case WEFT_EMU_POINTER_RANGE_SIZE:
        return answer(value, &range->size_bytes, sizeof(range->size_bytes));
    case WEFT_EMU_POINTER_MAPPED:
        return answer(value, &mapped, sizeof(mapped));
    default:
        return WEFT_CUDA_NOT_SUPPORTED;
    }
}

weft_cuda_result cuPointerGetAttribute(void *value, weft_cuda_pointer_attribute attribute,
                                       weft_cuda_ptr address)
{
    struct weft_emu *emu = weft_emu_enter();
    weft_cuda_result result = WEFT_CUDA_INVALID_VALUE;
    struct weft_emu_range *range;

    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    range = weft_emu_memory_find(&emu->memory, pointer_of(address));
    if (value != NULL && range != NULL)
        result = describe(emu, range, (int)attribute, address, value);
    weft_emu_leave(emu);
    return result;
}

weft_cuda_result cuPointerSetAttribute(const void *value, weft_cuda_pointer_attribute attribute,
                                       weft_cuda_ptr address)
{
    struct weft_emu *emu = weft_emu_enter();
    bool is_device;

    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    is_device = weft_emu_memory_find(&emu->memory, pointer_of(address)) != NULL;
    weft_emu_leave(emu);
    if (value == NULL || !is_device || (int)attribute != WEFT_EMU_POINTER_SYNC_MEMOPS)
        return WEFT_CUDA_INVALID_VALUE;
    return WEFT_CUDA_SUCCESS;
}
