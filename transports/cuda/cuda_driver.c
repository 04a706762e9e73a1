/* Loading the CUDA driver. What always holds: a driver in the table is complete and initialised,
 * and stays so until the process ends; the table only grows, under its lock. */
#include "cuda_driver.h"

#include <ctype.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define SYSTEM_DRIVER "libcuda.so.1"

static pthread_mutex_t drivers_lock = PTHREAD_MUTEX_INITIALIZER; /* guards the two below */
static struct weft_cuda_driver drivers[WEFT_CUDA_DRIVERS_MAX];
static uint32_t driver_count;

/* A thread that polls for Weft must not spoil a graph that another thread captures. */
static _Thread_local bool thread_is_relaxed;

static weft_cuda_result missing_copy_batch(weft_cuda_ptr *dsts, weft_cuda_ptr *srcs, size_t *sizes,
                                           size_t count,
                                           struct weft_cuda_copy_attributes *attributes,
                                           size_t *attribute_starts, size_t attribute_count,
                                           size_t *failed, weft_cuda_stream stream)
{
    (void)dsts, (void)srcs, (void)sizes, (void)count, (void)attributes, (void)attribute_starts;
    (void)attribute_count, (void)failed, (void)stream;
    return WEFT_CUDA_NOT_SUPPORTED;
}

static weft_cuda_result missing_copy_batch_v2(weft_cuda_ptr *dsts, weft_cuda_ptr *srcs,
                                              size_t *sizes, size_t count,
                                              struct weft_cuda_copy_attributes *attributes,
                                              size_t *attribute_starts, size_t attribute_count,
                                              weft_cuda_stream stream)
{
    (void)dsts, (void)srcs, (void)sizes, (void)count, (void)attributes, (void)attribute_starts;
    (void)attribute_count, (void)stream;
    return WEFT_CUDA_NOT_SUPPORTED;
}

static weft_cuda_result missing_stream_wait_value(weft_cuda_stream stream, weft_cuda_ptr address,
                                                  weft_cuda_word value, unsigned int flags)
{
    (void)stream, (void)address, (void)value, (void)flags;
    return WEFT_CUDA_NOT_SUPPORTED;
}

static weft_cuda_result missing_stream_write_value(weft_cuda_stream stream, weft_cuda_ptr address,
                                                   weft_cuda_word value, unsigned int flags)
{
    return missing_stream_wait_value(stream, address, value, flags);
}

static weft_cuda_result missing_stream_is_capturing(weft_cuda_stream stream,
                                                    weft_cuda_capture_status *status)
{
    (void)stream, (void)status;
    return WEFT_CUDA_NOT_SUPPORTED;
}

static weft_cuda_result missing_exchange_capture_mode(weft_cuda_capture_mode *mode)
{
    (void)mode;
    return WEFT_CUDA_NOT_SUPPORTED;
}

/* Sets a function pointer from dlsym's object pointer, which C has no cast for. */
static bool symbol_find(void *library, const char *name, void *field, size_t field_bytes)
{
    void *symbol = dlsym(library, name);

    weft_assert(field_bytes == sizeof(symbol));
    if (symbol == NULL)
        return false;
    memcpy(field, &symbol, sizeof(symbol));
    return true;
}

/* The name of the first function that the library lacks, or NULL. */
static const char *functions_find(struct weft_cuda_driver *driver)
{
#define CUDA_FUNCTION(result, field, symbol, arguments)                                            \
    if (!symbol_find(driver->library, #symbol, &driver->field, sizeof(driver->field)))             \
        return #symbol;
#define CUDA_FUNCTION_OPTIONAL(result, field, symbol, arguments)                                   \
    if (!symbol_find(driver->library, #symbol, &driver->field, sizeof(driver->field)))             \
        driver->field = missing_##field;
#include "cuda_functions.def"
#undef CUDA_FUNCTION
#undef CUDA_FUNCTION_OPTIONAL
    return NULL;
}

/* Takes hexadecimal digits, at most `digits_max`, and then the character `end`. */
static bool hex_take(const char **at, uint32_t digits_max, char end, uint32_t *value)
{
    uint32_t digits = 0;

    for (*value = 0; isxdigit((unsigned char)**at) && digits < digits_max; digits++, ++*at) {
        int digit = tolower((unsigned char)**at);

        *value = *value * 16 + (uint32_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
    }
    if (digits == 0 || **at != end)
        return false;
    if (end != '\0')
        ++*at;
    return true;
}

bool weft_cuda_bus_normalise(const char *bus, char text[WEFT_CUDA_BUS_BYTES])
{
    uint32_t domain;
    uint32_t number;
    uint32_t slot;
    uint32_t function;

    text[0] = '\0';
    if (!hex_take(&bus, 8, ':', &domain) || !hex_take(&bus, 2, ':', &number) ||
        !hex_take(&bus, 2, '.', &slot) || !hex_take(&bus, 1, '\0', &function))
        return false;
    snprintf(text, WEFT_CUDA_BUS_BYTES, "%04x:%02x:%02x.%x", domain, number, slot, function);
    return true;
}

uint32_t weft_cuda_driver_find(const struct weft_cuda_driver *driver, const char *bus)
{
    char wanted[WEFT_CUDA_BUS_BYTES];

    if (!weft_cuda_bus_normalise(bus, wanted))
        return WEFT_NONE;
    for (uint32_t i = 0; i < driver->bus_count; i++)
        if (weft_text_equal(driver->buses[i], wanted))
            return i;
    return WEFT_NONE;
}

void weft_cuda_error_text(const struct weft_cuda_driver *driver, weft_cuda_result error,
                          char text[WEFT_CUDA_ERROR_TEXT_BYTES])
{
    const char *name = NULL;
    const char *words = NULL;

    if (driver->error_name(error, &name) != WEFT_CUDA_SUCCESS || name == NULL)
        name = "CUDA error";
    if (driver->error_string(error, &words) != WEFT_CUDA_SUCCESS || words == NULL)
        words = "no description";
    snprintf(text, WEFT_CUDA_ERROR_TEXT_BYTES, "%s %d (%s)", name, (int)error, words);
}

static weftResult_t driver_failed(const struct weft_cuda_driver *driver, const char *call,
                                  weft_cuda_result error, char why[256])
{
    char text[WEFT_CUDA_ERROR_TEXT_BYTES];

    weft_cuda_error_text(driver, error, text);
    snprintf(why, 256, "the CUDA driver %.64s failed in %s: %s", driver->path, call, text);
    return weftUnhandledCudaError;
}

static weftResult_t devices_list(struct weft_cuda_driver *driver, char why[256])
{
    int count = 0;
    weft_cuda_result error = driver->init(0);

    if (error == WEFT_CUDA_SUCCESS)
        error = driver->device_count(&count);
    if (error == WEFT_CUDA_NO_DEVICE || (error == WEFT_CUDA_SUCCESS && count == 0)) {
        snprintf(why, 256, "the CUDA driver %.128s finds no GPU", driver->path);
        return weftInvalidUsage;
    }
    if (error != WEFT_CUDA_SUCCESS)
        return driver_failed(driver, "cuInit", error, why);
    if (driver->driver_version(&driver->version) != WEFT_CUDA_SUCCESS)
        driver->version = 0;
    for (int i = 0; i < count && i < WEFT_CUDA_DEVICES_MAX; i++) {
        weft_cuda_device device;
        char bus[WEFT_CUDA_BUS_BYTES];

        error = driver->device_get(&device, i);
        if (error == WEFT_CUDA_SUCCESS)
            error = driver->device_bus(bus, sizeof(bus), device);
        if (error != WEFT_CUDA_SUCCESS)
            return driver_failed(driver, "cuDeviceGetPCIBusId", error, why);
        weft_cuda_bus_normalise(bus, driver->buses[i]);
        driver->bus_count = (uint32_t)i + 1;
    }
    return weftSuccess;
}

static weftResult_t driver_open(struct weft_cuda_driver *driver, char why[256])
{
    const char *lacking;
    weftResult_t result;

    driver->library = dlopen(driver->path, RTLD_NOW | RTLD_LOCAL);
    if (driver->library == NULL) {
        snprintf(why, 256, "no CUDA driver: %.180s; the setting cuda_driver names another file",
                 dlerror());
        return weftInvalidUsage;
    }
    lacking = functions_find(driver);
    if (lacking != NULL) {
        snprintf(why, 256, "the CUDA driver %.96s has no function %.64s: 11.4 or newer is needed",
                 driver->path, lacking);
        result = weftUnhandledCudaError;
    } else {
        result = devices_list(driver, why);
    }
    if (result != weftSuccess)
        dlclose(driver->library);
    return result;
}

weftResult_t weft_cuda_driver_load(const char *path, const struct weft_cuda_driver **driver,
                                   char why[256])
{
    const char *file = path == NULL || path[0] == '\0' ? SYSTEM_DRIVER : path;
    struct weft_cuda_driver *found = NULL;
    weftResult_t result = weftSuccess;

    pthread_mutex_lock(&drivers_lock);
    for (uint32_t i = 0; i < driver_count; i++)
        if (weft_text_equal(drivers[i].path, file))
            found = &drivers[i];
    if (found == NULL && driver_count == WEFT_CUDA_DRIVERS_MAX) {
        snprintf(why, 256, "more than %d CUDA driver files in one process", WEFT_CUDA_DRIVERS_MAX);
        result = weftNoResource;
    } else if (found == NULL) {
        found = &drivers[driver_count];
        memset(found, 0, sizeof(*found));
        weft_text_copy(found->path, sizeof(found->path), file);
        result = driver_open(found, why);
        if (result == weftSuccess)
            driver_count++;
    }
    pthread_mutex_unlock(&drivers_lock);
    if (result == weftSuccess)
        *driver = found;
    return result;
}

void weft_cuda_use(const struct weft_cuda_driver *driver, weft_cuda_context context)
{
    weft_cuda_capture_mode mode = WEFT_CUDA_CAPTURE_MODE_RELAXED;

    if (!thread_is_relaxed) {
        driver->exchange_capture_mode(&mode);
        thread_is_relaxed = true;
    }
    driver->context_set(context);
}

void weft_cuda_enter(const struct weft_cuda_driver *driver, weft_cuda_context context,
                     struct weft_cuda_scope *scope)
{
    scope->context = NULL;
    scope->capture_mode = WEFT_CUDA_CAPTURE_MODE_RELAXED;
    driver->exchange_capture_mode(&scope->capture_mode);
    driver->context_get(&scope->context);
    driver->context_set(context);
}

void weft_cuda_leave(const struct weft_cuda_driver *driver, const struct weft_cuda_scope *scope)
{
    weft_cuda_capture_mode mode = scope->capture_mode;

    driver->context_set(scope->context);
    driver->exchange_capture_mode(&mode);
}
