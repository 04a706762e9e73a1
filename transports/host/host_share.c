/* Host memory that other processes of this server open: memory files.
 *
 * What alloc gives is then the memory of a file without a name, which another process of the same
 * user finds among this one's open files, and which the system frees with its last mapping, however
 * the processes end. Who opens one trusts nothing: only a memory file that nobody can make smaller
 * is taken, so that no peer can have any other file written to, nor take pages away. */
#include "host_port.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC      0x48545557u /* "WUTH" */
#define SEALS      (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)
#define PATH_BYTES 64

/* What stands in a ticket. */
struct content {
    uint32_t magic;
    int32_t process;
    int32_t file;    /* among those of the process */
    uint32_t spare;  /* 0 */
    uint64_t number; /* of the file, in the system */
    uint64_t offset; /* of the window in it */
};

_Static_assert(sizeof(struct content) <= sizeof(struct weft_ticket), "a ticket holds it");

int weft_host_file_make(size_t size)
{
    int file = memfd_create("weft", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (file < 0)
        return -1;
    if (size <= INT64_MAX && ftruncate(file, (off_t)size) == 0 &&
        fcntl(file, F_ADD_SEALS, SEALS) == 0)
        return file;
    close(file);
    return -1;
}

/* The allocation that holds the window, if it is a memory file: its file and where the window
 * begins in it; -1 otherwise. */
static int find_file(struct weft_host_port *port, const struct weft_host_window *entry,
                     uint64_t *offset)
{
    int file = -1;

    pthread_mutex_lock(&port->allocations_lock);
    for (const struct weft_host_allocation *at = port->allocations; at != NULL; at = at->next) {
        *offset = (uintptr_t)entry->base - (uintptr_t)at->memory;
        if ((uintptr_t)entry->base < (uintptr_t)at->memory ||
            !weft_range_inside(*offset, entry->size_bytes, at->size_bytes))
            continue;
        file = at->file;
        break;
    }
    pthread_mutex_unlock(&port->allocations_lock);
    return file;
}

weftResult_t weft_host_window_export(struct weft_port *base, uint32_t window,
                                     struct weft_ticket *ticket, char why[256])
{
    struct weft_host_port *port = weft_host_port_of(base);
    const struct weft_host_window *entry = weft_host_window_get(port, window);
    struct content content = {.magic = MAGIC, .process = getpid()};
    struct stat facts;

    weft_assert(entry != NULL);
    content.file = find_file(port, entry, &content.offset);
    if (content.file < 0 || fstat(content.file, &facts) != 0) {
        snprintf(why, 256, "its host memory is this process's own: use weftMemAlloc");
        return weftInvalidUsage;
    }
    content.number = facts.st_ino;
    memset(ticket, 0, sizeof(*ticket));
    memcpy(ticket->bytes, &content, sizeof(content));
    return weftSuccess;
}

/* Is it the memory file that the ticket means, with all of the window in it, for good? */
static bool is_meant(int file, const struct content *content, size_t size)
{
    int seals = fcntl(file, F_GET_SEALS);
    struct stat facts;

    return seals >= 0 && (seals & F_SEAL_SHRINK) != 0 && fstat(file, &facts) == 0 &&
           facts.st_uid == geteuid() && facts.st_ino == content->number &&
           weft_range_inside(content->offset, size, (uint64_t)facts.st_size);
}

static weftResult_t open_file(const struct content *content, size_t size, int *file, char why[256])
{
    char path[PATH_BYTES];
    int opened;

    snprintf(path, sizeof(path), "/proc/%d/fd/%d", content->process, content->file);
    opened = open(path, O_RDWR | O_CLOEXEC);
    if (opened < 0) {
        snprintf(why, 256, "%s cannot be opened: %s", path, strerror(errno));
        return weftSystemError;
    }
    if (!is_meant(opened, content, size)) {
        snprintf(why, 256, "%s is not the memory that was meant", path);
        close(opened);
        return weftInvalidArgument;
    }
    *file = opened;
    return weftSuccess;
}

/* Maps the pages that the window is on. */
static weftResult_t map(struct weft_host_import *import, const struct content *content, size_t size,
                        char why[256])
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t first = content->offset / page * page;
    int file;

    WEFT_TRY(open_file(content, size, &file, why));
    import->mapped_bytes = content->offset - first + size;
    import->mapped =
        mmap(NULL, import->mapped_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, (off_t)first);
    close(file);
    if (import->mapped == MAP_FAILED) {
        snprintf(why, 256, "%zu bytes cannot be mapped: %s", import->mapped_bytes, strerror(errno));
        return weftSystemError;
    }
    import->base = (char *)import->mapped + (content->offset - first);
    return weftSuccess;
}

weftResult_t weft_host_window_import(struct weft_port *base, const struct weft_ticket *ticket,
                                     size_t size, void **memory, char why[256])
{
    struct weft_host_port *port = weft_host_port_of(base);
    struct weft_host_import *made;
    struct content content;
    weftResult_t result;

    memcpy(&content, ticket->bytes, sizeof(content));
    if (content.magic != MAGIC || content.process <= 0 || content.file < 0 || size == 0) {
        snprintf(why, 256, "its ticket is none of host memory");
        return weftInvalidArgument;
    }
    made = calloc(1, sizeof(*made));
    if (made == NULL) {
        snprintf(why, 256, "no memory");
        return weftSystemError;
    }
    result = map(made, &content, size, why);
    if (result != weftSuccess) {
        free(made);
        return result;
    }
    pthread_mutex_lock(&port->allocations_lock);
    made->next = port->imports;
    port->imports = made;
    pthread_mutex_unlock(&port->allocations_lock);
    *memory = made->base;
    return weftSuccess;
}

void weft_host_import_end(struct weft_port *base, void *memory)
{
    struct weft_host_port *port = weft_host_port_of(base);
    struct weft_host_import *found = NULL;

    pthread_mutex_lock(&port->allocations_lock);
    for (struct weft_host_import **at = &port->imports; *at != NULL; at = &(*at)->next)
        if ((*at)->base == memory) {
            found = *at;
            *at = found->next;
            break;
        }
    pthread_mutex_unlock(&port->allocations_lock);
    weft_assert(found != NULL);
    munmap(found->mapped, found->mapped_bytes);
    free(found);
}
