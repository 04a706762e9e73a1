/* The CUDA driver as loaded: its functions, its devices, its errors in words.
 *
 * A driver is loaded once per file and process and never unloaded (CUDA cannot be). Its devices are
 * known by the PCI address, in one spelling: lower case, a domain of four digits at least.
 * Which context is current belongs to the thread: the progress thread says weft_cuda_use, a
 * caller's thread gets back what it had with weft_cuda_enter and weft_cuda_leave. */
#ifndef WEFT_CUDA_DRIVER_H
#define WEFT_CUDA_DRIVER_H

#include "base/base.h"
#include "cuda_abi.h"
#include "weft_transport.h"

#define WEFT_CUDA_DRIVERS_MAX      4 /* driver files of one process */
#define WEFT_CUDA_DEVICES_MAX      64
#define WEFT_CUDA_BUS_BYTES        32
#define WEFT_CUDA_PATH_BYTES       256
#define WEFT_CUDA_ERROR_TEXT_BYTES 128

struct weft_cuda_driver {
    char path[WEFT_CUDA_PATH_BYTES];
    void *library;
    int version;        /* 13000 is 13.0 */
    uint32_t bus_count; /* devices; their addresses by ordinal follow */
    char buses[WEFT_CUDA_DEVICES_MAX][WEFT_CUDA_BUS_BYTES];
#define CUDA_FUNCTION(result, field, symbol, arguments) result(*field) arguments;
#define CUDA_FUNCTION_OPTIONAL                          CUDA_FUNCTION
#include "cuda_functions.def"
#undef CUDA_FUNCTION
#undef CUDA_FUNCTION_OPTIONAL
};

/* What a caller's thread had before weft_cuda_enter. */
struct weft_cuda_scope {
    weft_cuda_context context;
    weft_cuda_capture_mode capture_mode;
};

/* The driver in the file `path` (empty: the system's), loaded and initialised. Any thread.
 * weftInvalidUsage        there is no such file, or no device; `why` says so
 * weftUnhandledCudaError  it is there, and does not work; `why` says how */
weftResult_t weft_cuda_driver_load(const char *path, const struct weft_cuda_driver **driver,
                                   char why[256]);

/* The ordinal of the device at a PCI address in any spelling; WEFT_NONE when there is none. */
uint32_t weft_cuda_driver_find(const struct weft_cuda_driver *driver, const char *bus);

/* Writes a PCI address in the one spelling; false, and an empty text, when it is none. */
bool weft_cuda_bus_normalise(const char *bus, char text[WEFT_CUDA_BUS_BYTES]);

/* "CUDA_ERROR_OUT_OF_MEMORY (out of memory)". */
void weft_cuda_error_text(const struct weft_cuda_driver *driver, weft_cuda_result error,
                          char text[WEFT_CUDA_ERROR_TEXT_BYTES]);

/* Makes `context` current in the progress thread. */
void weft_cuda_use(const struct weft_cuda_driver *driver, weft_cuda_context context);

/* Makes `context` current in a caller's thread, whatever it captures, until weft_cuda_leave. */
void weft_cuda_enter(const struct weft_cuda_driver *driver, weft_cuda_context context,
                     struct weft_cuda_scope *scope);
void weft_cuda_leave(const struct weft_cuda_driver *driver, const struct weft_cuda_scope *scope);

#endif
