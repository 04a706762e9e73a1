/* Device memory of other processes of the same named machine.
 *
 * A handle names a memory file by the process that has it open; its number says whether it is still
 * the same one. An import is a mapping of its own: it stays good when the exporter frees the memory
 * or dies. On a private machine a process sees its own handles only: making one works, opening
 * one's own is refused as the real driver does. */
#include "driver.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/text.h"

#define MAGIC 0x7e7f1bc5u

/* What stands in a handle. */
struct ticket {
    uint64_t base; /* in the exporter */
    uint64_t size_bytes;
    uint64_t machine; /* its clock's origin */
    uint64_t file_number;
    uint32_t magic;
    uint32_t gpu;
    int32_t process;
    int32_t file;
};

_Static_assert(sizeof(struct ticket) <= sizeof(struct weft_cuda_ipc_handle), "a handle holds it");

weft_cuda_result cuIpcGetMemHandle(struct weft_cuda_ipc_handle *handle, weft_cuda_ptr address)
{
    struct weft_emu *emu = weft_emu_enter();
    weft_cuda_result result = WEFT_CUDA_INVALID_VALUE;
    struct weft_emu_range *range;

    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    range = weft_emu_memory_find(&emu->memory, (void *)(uintptr_t)address);
    if (handle != NULL && range != NULL && range->kind == WEFT_EMU_DEVICE_MEMORY) {
        struct ticket ticket = {.base = (uintptr_t)range->base,
                                .size_bytes = range->size_bytes,
                                .machine = emu->clock.origin_ns,
                                .file_number = range->file_number,
                                .magic = MAGIC,
                                .gpu = range->gpu,
                                .process = emu->process,
                                .file = range->file};

        memset(handle, 0, sizeof(*handle));
        memcpy(handle->bytes, &ticket, sizeof(ticket));
        result = WEFT_CUDA_SUCCESS;
    }
    weft_emu_leave(emu);
    return result;
}

/* The memory file of a ticket, opened anew; -1 when it is gone. */
static int open_file(const struct ticket *ticket)
{
    char path[64];
    struct weft_text text;
    int file;

    weft_text_init(&text, path, sizeof(path));
    weft_text_add(&text, "/proc/");
    weft_text_number(&text, (uint32_t)ticket->process);
    weft_text_add(&text, "/fd/");
    weft_text_number(&text, (uint32_t)ticket->file);
    file = open(path, O_RDWR | O_CLOEXEC);
    if (file >= 0 && weft_emu_memory_file_number(file) != ticket->file_number) {
        close(file);
        return -1;
    }
    return file;
}

/* Opening memory of another device lets the current context's device reach it, where it can. */
static void enable_access(struct weft_emu *emu, uint32_t from, uint32_t to)
{
    struct weft_emu_machine *machine = &emu->machine;
    struct weft_emu_path path;

    if (from == to)
        return;
    weft_emu_machine_path(machine, machine->gpus[from], machine->gpus[to], true, &path);
    if (path.count > 0)
        machine->access[from][to] = true;
}

/* What is wrong with a ticket, before anything is opened. */
static weft_cuda_result check(const struct weft_emu *emu, const struct ticket *ticket)
{
    const void *base = (const void *)(uintptr_t)ticket->base;

    if (ticket->process == emu->process && weft_emu_memory_find(&emu->memory, base) != NULL)
        return WEFT_CUDA_INVALID_CONTEXT;
    if (!emu->board.is_shared)
        return WEFT_CUDA_NOT_SUPPORTED;
    if (ticket->magic != MAGIC || ticket->machine != emu->clock.origin_ns ||
        ticket->gpu >= emu->machine.gpu_count || ticket->file < 0 || ticket->file_number == 0)
        return WEFT_CUDA_INVALID_HANDLE;
    return WEFT_CUDA_SUCCESS;
}

/* Maps the memory of a ticket, which takes long: without the lock. */
static weft_cuda_result map(const struct ticket *ticket, void **base)
{
    int file = open_file(ticket);
    void *mapped;

    if (file < 0)
        return WEFT_CUDA_INVALID_HANDLE;
    mapped = weft_emu_memory_map(ticket->size_bytes, file);
    close(file);
    if (mapped == NULL)
        return WEFT_CUDA_MAP_FAILED;
    *base = mapped;
    return WEFT_CUDA_SUCCESS;
}

/* Counts an opening of the memory, entered as `base` if it is not in the table yet; NULL when the
 * table is full, or it is not there and `base` is NULL. */
static struct weft_emu_range *enter(struct weft_emu *emu, const struct ticket *ticket, void *base,
                                    uint32_t gpu)
{
    struct weft_emu_range *range = weft_emu_memory_find_import(&emu->memory, ticket->file_number);

    if (range == NULL && base != NULL) {
        range = weft_emu_memory_add(&emu->memory, WEFT_EMU_DEVICE_IMPORTED, base,
                                    ticket->size_bytes, ticket->gpu);
        if (range != NULL)
            range->file_number = ticket->file_number;
    }
    if (range != NULL) {
        range->open_count++;
        enable_access(emu, gpu, range->gpu);
    }
    return range;
}

/* Opened again, memory has the same address, and one opening more. */
weft_cuda_result cuIpcOpenMemHandle_v2(weft_cuda_ptr *address, struct weft_cuda_ipc_handle handle,
                                       unsigned int flags)
{
    struct weft_emu *emu = weft_emu_enter();
    weft_cuda_result result = WEFT_CUDA_INVALID_CONTEXT;
    struct weft_emu_context *context;
    struct weft_emu_range *range = NULL;
    struct ticket ticket;
    void *base = NULL;
    uint32_t gpu = 0;

    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    memcpy(&ticket, handle.bytes, sizeof(ticket));
    context = weft_emu_context_current(emu);
    if (context != NULL) {
        gpu = context->gpu;
        result = address == NULL || flags > WEFT_CUDA_IPC_LAZY_PEER_ACCESS ? WEFT_CUDA_INVALID_VALUE
                                                                           : check(emu, &ticket);
    }
    if (result == WEFT_CUDA_SUCCESS)
        range = enter(emu, &ticket, NULL, gpu);
    weft_emu_leave(emu);
    if (result != WEFT_CUDA_SUCCESS)
        return result;

    if (range == NULL) {
        result = map(&ticket, &base);
        if (result != WEFT_CUDA_SUCCESS)
            return result;
        emu = weft_emu_enter();
        if (emu != NULL) {
            range = enter(emu, &ticket, base, gpu);
            weft_emu_leave(emu);
        }
        if (range == NULL || range->base != base) /* another thread was faster */
            munmap(base, ticket.size_bytes);
        if (range == NULL)
            return WEFT_CUDA_MAP_FAILED;
    }
    *address = (weft_cuda_ptr)(uintptr_t)range->base;
    return WEFT_CUDA_SUCCESS;
}

/* Copies that still use the memory keep it mapped until they have ended. */
weft_cuda_result cuIpcCloseMemHandle(weft_cuda_ptr address)
{
    struct weft_emu *emu = weft_emu_enter();
    const void *base = (const void *)(uintptr_t)address;
    weft_cuda_result result = WEFT_CUDA_INVALID_VALUE;
    struct weft_emu_range *range;

    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    range = weft_emu_memory_find(&emu->memory, base);
    if (range != NULL && range->kind == WEFT_EMU_DEVICE_IMPORTED && range->base == base) {
        range->open_count--;
        if (range->open_count == 0)
            weft_emu_memory_remove(&emu->memory, range);
        result = WEFT_CUDA_SUCCESS;
    }
    weft_emu_leave(emu);
    return result;
}
