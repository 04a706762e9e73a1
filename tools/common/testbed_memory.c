/* Device memory as test data: patterns written and checked without Weft.
 *
 * An emulated GPU's memory is ordinary memory of this process. A real one's is reached through the
 * driver's synchronous copies and a staging buffer, from a thread that may have no context yet. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "common/checksum.h"
#include "common/testbed.h"

#define STAGING_BYTES ((size_t)16 << 20)

typedef int copy_to_fn(unsigned long long to, const void *from, size_t size);
typedef int copy_from_fn(void *to, unsigned long long from, size_t size);
typedef int retain_fn(void **context, int device);
typedef int set_fn(void *context);

/* What is needed of the real driver; the same primary context serves every GPU's addresses. */
struct real_driver {
    copy_to_fn *copy_to;
    copy_from_fn *copy_from;
};

static void *driver_symbol(void *library, const char *name)
{
    return library == NULL ? NULL : dlsym(library, name);
}

static bool driver_enter(struct real_driver *driver)
{
    static _Thread_local bool entered;
    void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
    void *symbols[4] = {driver_symbol(library, "cuMemcpyHtoD_v2"),
                        driver_symbol(library, "cuMemcpyDtoH_v2"),
                        driver_symbol(library, "cuDevicePrimaryCtxRetain"),
                        driver_symbol(library, "cuCtxSetCurrent")};
    retain_fn *retain;
    set_fn *set;
    void *context = NULL;

    for (int i = 0; i < 4; i++)
        if (symbols[i] == NULL)
            return false;
    memcpy(&driver->copy_to, &symbols[0], sizeof(void *));
    memcpy(&driver->copy_from, &symbols[1], sizeof(void *));
    memcpy(&retain, &symbols[2], sizeof(void *));
    memcpy(&set, &symbols[3], sizeof(void *));
    if (!entered)
        entered = retain(&context, 0) == 0 && set(context) == 0;
    return entered;
}

bool weft_testbed_fill(const struct weft_testbed *testbed, bool is_gpu, void *memory, size_t size,
                       uint64_t seed, uint64_t position)
{
    struct real_driver driver;
    size_t room = weft_min(STAGING_BYTES, size);
    char *staging;
    bool good;

    if (!is_gpu || testbed->emulated) {
        weft_pattern_fill(memory, size, seed, position);
        return true;
    }
    staging = malloc(room);
    good = staging != NULL && driver_enter(&driver);
    for (size_t done = 0; good && done < size; done += room) {
        size_t piece = weft_min(room, size - done);

        weft_pattern_fill(staging, piece, seed, position + done);
        good = driver.copy_to((uintptr_t)memory + done, staging, piece) == 0;
    }
    free(staging);
    return good;
}

const void *weft_testbed_view(const struct weft_testbed *testbed, bool is_gpu, const void *memory,
                              size_t size, void *staging)
{
    struct real_driver driver;

    if (!is_gpu || testbed->emulated)
        return memory;
    if (!driver_enter(&driver) || driver.copy_from(staging, (uintptr_t)memory, size) != 0)
        return NULL;
    return staging;
}

bool weft_testbed_wrong(const struct weft_testbed *testbed, bool is_gpu, const void *memory,
                        size_t size, uint64_t seed, uint64_t position, uint64_t *wrong)
{
    size_t room = weft_min(STAGING_BYTES, size);
    uint64_t count = 0;
    char *staging;
    bool good;

    if (!is_gpu || testbed->emulated) {
        *wrong = weft_pattern_wrong(memory, size, seed, position);
        return true;
    }
    staging = malloc(room);
    good = staging != NULL;
    for (size_t done = 0; good && done < size; done += room) {
        size_t piece = weft_min(room, size - done);
        const void *bytes =
            weft_testbed_view(testbed, is_gpu, (const char *)memory + done, piece, staging);

        good = bytes != NULL;
        if (good)
            count += weft_pattern_wrong(bytes, piece, seed, position + done);
    }
    free(staging);
    if (good)
        *wrong = count;
    return good;
}
