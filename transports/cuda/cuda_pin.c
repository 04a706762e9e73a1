/* The pieces of pinned host memory. What always holds, outside of the lock: pieces of one driver do
 * not overlap and ascend in their list, and each has a count above 0. */
#include "cuda_pin.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define PAGE_BYTES 4096u

struct piece {
    struct piece *next;
    const struct weft_cuda_driver *driver;
    uint64_t first; /* addresses: [first, end) */
    uint64_t end;
    uint32_t user_count; /* windows and allocations */
    bool foreign;        /* pinned by somebody else */
};

static pthread_mutex_t pieces_lock = PTHREAD_MUTEX_INITIALIZER; /* guards the list */
static struct piece *pieces;

static bool is_known(const struct weft_cuda_driver *driver, uint64_t address)
{
    unsigned type = 0;

    return driver->pointer_attribute(&type, WEFT_CUDA_POINTER_MEMORY_TYPE, address) ==
               WEFT_CUDA_SUCCESS &&
           type == WEFT_CUDA_MEMORY_HOST;
}

/* True when a page of it may be mapped: what mincore says beside ENOMEM tells nothing. */
static bool is_mapped(uint64_t address)
{
    unsigned char there;
    void *page = (void *)(uintptr_t)(address & ~(uint64_t)(PAGE_BYTES - 1));

    return mincore(page, 1, &there) == 0 || errno != ENOMEM;
}

/* Pins the piece, or finds that it is pinned already. */
static weftResult_t piece_pin(struct piece *piece, char why[256])
{
    const struct weft_cuda_driver *driver = piece->driver;
    char text[WEFT_CUDA_ERROR_TEXT_BYTES];
    void *base = (void *)(uintptr_t)piece->first;
    weft_cuda_result error;

    piece->foreign = is_known(driver, piece->first) && is_known(driver, piece->end - 1);
    if (piece->foreign)
        return weftSuccess;
    if (!is_mapped(piece->first) || !is_mapped(piece->end - 1)) {
        snprintf(why, 256, "the %zu bytes at %p are not mapped in this process",
                 (size_t)(piece->end - piece->first), base);
        return weftInvalidArgument;
    }
    error =
        driver->host_register(base, piece->end - piece->first, WEFT_CUDA_HOST_REGISTER_PORTABLE);
    if (error == WEFT_CUDA_SUCCESS)
        return weftSuccess;
    weft_cuda_error_text(driver, error, text);
    if (error == WEFT_CUDA_HOST_MEMORY_ALREADY_REGISTERED)
        snprintf(why, 256,
                 "a part of the host memory at %p, %zu bytes, is pinned by somebody else: pin all "
                 "of it, or none",
                 base, (size_t)(piece->end - piece->first));
    else
        snprintf(why, 256,
                 "cannot pin the %zu bytes of host memory at %p: %s; it must be mapped, writable "
                 "memory of this process, within the limits of locked memory",
                 (size_t)(piece->end - piece->first), base, text);
    if (error == WEFT_CUDA_OUT_OF_MEMORY || error == WEFT_CUDA_OPERATING_SYSTEM)
        return weftNoResource;
    return error == WEFT_CUDA_UNKNOWN ? weftUnhandledCudaError : weftInvalidArgument;
}

/* Takes one user from each piece of [first, end) and drops those without any. */
static void range_leave(const struct weft_cuda_driver *driver, uint64_t first, uint64_t end)
{
    struct piece **link = &pieces;

    while (*link != NULL) {
        struct piece *piece = *link;

        if (piece->driver != driver || piece->end <= first || piece->first >= end ||
            --piece->user_count > 0) {
            link = &piece->next;
            continue;
        }
        if (!piece->foreign)
            driver->host_unregister((void *)(uintptr_t)piece->first);
        *link = piece->next;
        free(piece);
    }
}

/* Adds a piece [first, end) before `*link`. */
static weftResult_t piece_add(const struct weft_cuda_driver *driver, uint64_t first, uint64_t end,
                              struct piece **link, char why[256])
{
    struct piece *piece = calloc(1, sizeof(*piece));
    weftResult_t result;

    if (piece == NULL) {
        snprintf(why, 256, "no memory to note what is pinned");
        return weftNoResource;
    }
    piece->driver = driver;
    piece->first = first;
    piece->end = end;
    piece->user_count = 1;
    result = piece_pin(piece, why);
    if (result != weftSuccess) {
        free(piece);
        return result;
    }
    piece->next = *link;
    *link = piece;
    return weftSuccess;
}

/* Counts a user on every piece of [first, end), pinning what is not yet. On an error `*reached`
 * says up to where that was done. */
static weftResult_t range_join(const struct weft_cuda_driver *driver, uint64_t first, uint64_t end,
                               uint64_t *reached, char why[256])
{
    struct piece **link = &pieces;
    uint64_t at = first;
    weftResult_t result = weftSuccess;

    while (at < end && result == weftSuccess) {
        struct piece *piece = *link;
        bool ours = piece != NULL && piece->driver == driver;

        *reached = at;
        if (piece != NULL && (!ours || piece->end <= at)) {
            link = &piece->next;
        } else if (ours && piece->first <= at) {
            piece->user_count++;
            at = piece->end;
            link = &piece->next;
        } else {
            uint64_t gap_end = weft_min(ours ? weft_min(end, piece->first) : end,
                                        weft_add_sat(at, WEFT_CUDA_PIN_BYTES_MAX));

            result = piece_add(driver, at, gap_end, link, why);
            at = gap_end;
            if (result == weftSuccess)
                link = &(*link)->next;
        }
    }
    return result;
}

static weftResult_t seams_list(const struct weft_cuda_driver *driver, uint64_t first, uint64_t end,
                               struct weft_cuda_seams *seams, char why[256])
{
    seams->count = 0;
    for (const struct piece *piece = pieces; piece != NULL; piece = piece->next) {
        if (piece->driver != driver || piece->first <= first || piece->first >= end)
            continue;
        if (seams->count == WEFT_CUDA_SEAMS_MAX) {
            snprintf(why, 256,
                     "the host memory at 0x%llx lies on more than %d pieces that other windows "
                     "pinned: register the large window first",
                     (unsigned long long)first, WEFT_CUDA_SEAMS_MAX);
            return weftNoResource;
        }
        seams->at[seams->count++] = piece->first;
    }
    return weftSuccess;
}

weftResult_t weft_cuda_pin(const struct weft_cuda_driver *driver, void *base, size_t size,
                           struct weft_cuda_seams *seams, char why[256])
{
    uint64_t first = (uintptr_t)base & ~(uint64_t)(PAGE_BYTES - 1);
    uint64_t end = ((uintptr_t)base + size + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
    uint64_t reached = end;
    weftResult_t result;

    pthread_mutex_lock(&pieces_lock);
    result = range_join(driver, first, end, &reached, why);
    if (result == weftSuccess) {
        reached = end;
        result = seams_list(driver, first, end, seams, why);
    }
    if (result != weftSuccess)
        range_leave(driver, first, reached);
    pthread_mutex_unlock(&pieces_lock);
    return result;
}

void weft_cuda_unpin(const struct weft_cuda_driver *driver, void *base, size_t size)
{
    uint64_t first = (uintptr_t)base & ~(uint64_t)(PAGE_BYTES - 1);
    uint64_t end = ((uintptr_t)base + size + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);

    pthread_mutex_lock(&pieces_lock);
    range_leave(driver, first, end);
    pthread_mutex_unlock(&pieces_lock);
}
