/* The wrapped functions; see wrap.h. */
#include "wrap.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/types.h>

#include "base/base.h"

/* What the linker calls them: __wrap_x is called for x, __real_x is the C library's. */
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void __wrap_free(void *memory);
void *__wrap_mmap(void *address, size_t size, int protection, int flags, int file, off_t offset);
int __wrap_munmap(void *address, size_t size);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument);
int __wrap_pthread_join(pthread_t thread, void **result);
ssize_t __wrap_getrandom(void *bytes, size_t size, unsigned flags);
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void __real_free(void *memory);
void *__real_mmap(void *address, size_t size, int protection, int flags, int file, off_t offset);
int __real_munmap(void *address, size_t size);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument);
int __real_pthread_join(pthread_t thread, void **result);
ssize_t __real_getrandom(void *bytes, size_t size, unsigned flags);

struct block {
    const void *memory; /* NULL: this place is free */
    size_t size_bytes;
    uint32_t call;
    const void *caller;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards all below */
static struct block blocks[SWEEP_BLOCKS_MAX];
static struct sweep_had had;
static uint32_t call_count;
static struct {
    bool on;
    enum sweep_wrap wrap;
    uint32_t nth;
    bool onwards;
    uint32_t seen;
    uint32_t failed;
} armed;

void sweep_wrap_arm(enum sweep_wrap wrap, uint32_t nth, bool onwards)
{
    pthread_mutex_lock(&lock);
    armed.on = true;
    armed.wrap = wrap;
    armed.nth = nth;
    armed.onwards = onwards;
    armed.seen = 0;
    armed.failed = 0;
    pthread_mutex_unlock(&lock);
}

uint32_t sweep_wrap_disarm(void)
{
    uint32_t failed;

    pthread_mutex_lock(&lock);
    failed = armed.failed;
    armed.on = false;
    pthread_mutex_unlock(&lock);
    return failed;
}

struct sweep_had sweep_wrap_had(void)
{
    struct sweep_had now;

    pthread_mutex_lock(&lock);
    now = had;
    pthread_mutex_unlock(&lock);
    return now;
}

uint32_t sweep_wrap_calls(void)
{
    uint32_t calls;

    pthread_mutex_lock(&lock);
    calls = call_count;
    pthread_mutex_unlock(&lock);
    return calls;
}

void sweep_wrap_tell(uint32_t calls, char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    pthread_mutex_lock(&lock);
    for (uint32_t i = 0; i < SWEEP_BLOCKS_MAX && used < size; i++)
        if (blocks[i].memory != NULL && blocks[i].call > calls)
            used += (size_t)snprintf(text + used, size - used, " %zu bytes by call %u at %p",
                                     blocks[i].size_bytes, blocks[i].call, blocks[i].caller);
    pthread_mutex_unlock(&lock);
}

/* Whether this call is one that fails. Needs the lock. */
static bool fails_locked(enum sweep_wrap wrap)
{
    bool fails;

    if (!armed.on || armed.wrap != wrap)
        return false;
    armed.seen++;
    fails = armed.seen == armed.nth || (armed.onwards && armed.seen > armed.nth);
    armed.failed += fails;
    return fails;
}

bool sweep_wrap_fails(enum sweep_wrap wrap)
{
    bool result;

    pthread_mutex_lock(&lock);
    call_count += wrap == SWEEP_WRAP_ALLOCATION;
    result = fails_locked(wrap);
    pthread_mutex_unlock(&lock);
    if (result)
        errno = wrap == SWEEP_WRAP_ALLOCATION ? ENOMEM : EAGAIN;
    return result;
}

void sweep_wrap_count_driver(int more)
{
    pthread_mutex_lock(&lock);
    had.driver += (uint32_t)more;
    pthread_mutex_unlock(&lock);
}

/* Notes a block that was given, or none. */
static void *note(void *memory, size_t size, const void *caller)
{
    uint32_t i = 0;

    if (memory == NULL)
        return NULL;
    pthread_mutex_lock(&lock);
    while (i < SWEEP_BLOCKS_MAX && blocks[i].memory != NULL)
        i++;
    weft_assert(i < SWEEP_BLOCKS_MAX);
    blocks[i] = (struct block){memory, size, call_count, caller};
    had.blocks++;
    pthread_mutex_unlock(&lock);
    return memory;
}

/* Forgets a block that is given back; one that the C library had made itself was never noted. */
static void forget(const void *memory)
{
    pthread_mutex_lock(&lock);
    for (uint32_t i = 0; memory != NULL && i < SWEEP_BLOCKS_MAX; i++)
        if (blocks[i].memory == memory) {
            blocks[i].memory = NULL;
            had.blocks--;
            break;
        }
    pthread_mutex_unlock(&lock);
}

void *__wrap_malloc(size_t size)
{
    if (sweep_wrap_fails(SWEEP_WRAP_ALLOCATION))
        return NULL;
    return note(__real_malloc(size), size, __builtin_return_address(0));
}

void *__wrap_calloc(size_t count, size_t size)
{
    if (sweep_wrap_fails(SWEEP_WRAP_ALLOCATION))
        return NULL;
    return note(__real_calloc(count, size), count * size, __builtin_return_address(0));
}

void *__wrap_realloc(void *memory, size_t size)
{
    void *moved;

    if (sweep_wrap_fails(SWEEP_WRAP_ALLOCATION))
        return NULL;
    moved = __real_realloc(memory, size);
    if (moved == NULL)
        return NULL;
    forget(memory);
    return note(moved, size, __builtin_return_address(0));
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    if (sweep_wrap_fails(SWEEP_WRAP_ALLOCATION))
        return NULL;
    return note(__real_aligned_alloc(alignment, size), size, __builtin_return_address(0));
}

void __wrap_free(void *memory)
{
    forget(memory);
    __real_free(memory);
}

void *__wrap_mmap(void *address, size_t size, int protection, int flags, int file, off_t offset)
{
    void *mapped;

    if (sweep_wrap_fails(SWEEP_WRAP_ALLOCATION))
        return MAP_FAILED;
    mapped = __real_mmap(address, size, protection, flags, file, offset);
    pthread_mutex_lock(&lock);
    had.mappings += mapped != MAP_FAILED;
    pthread_mutex_unlock(&lock);
    return mapped;
}

int __wrap_munmap(void *address, size_t size)
{
    pthread_mutex_lock(&lock);
    had.mappings--;
    pthread_mutex_unlock(&lock);
    return __real_munmap(address, size);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument)
{
    int error;

    if (sweep_wrap_fails(SWEEP_WRAP_THREAD))
        return EAGAIN;
    error = __real_pthread_create(thread, attributes, run, argument);
    pthread_mutex_lock(&lock);
    had.threads += error == 0;
    pthread_mutex_unlock(&lock);
    return error;
}

int __wrap_pthread_join(pthread_t thread, void **result)
{
    int error = __real_pthread_join(thread, result);

    pthread_mutex_lock(&lock);
    had.threads -= error == 0;
    pthread_mutex_unlock(&lock);
    return error;
}

ssize_t __wrap_getrandom(void *bytes, size_t size, unsigned flags)
{
    if (sweep_wrap_fails(SWEEP_WRAP_RANDOM))
        return -1;
    return __real_getrandom(bytes, size, flags);
}
