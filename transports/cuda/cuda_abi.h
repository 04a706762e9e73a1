/* The CUDA driver's interface as far as Weft uses it: types, constants, structs, in our own names.
 *
 * Weft builds without a CUDA toolkit and loads the driver with dlopen, so it declares here what it
 * needs. Every value, size and signature is what the driver's own header says:
 * tests/unit/cuda_abi.c compares them wherever that header is found. The functions are in
 * cuda_functions.def. */
#ifndef WEFT_CUDA_ABI_H
#define WEFT_CUDA_ABI_H

#include <stddef.h>
#include <stdint.h>

typedef int weft_cuda_device;               /* CUdevice: an ordinal */
typedef unsigned long long weft_cuda_ptr;   /* CUdeviceptr: an address, host memory's too */
typedef struct CUctx_st *weft_cuda_context; /* CUcontext */
typedef struct CUstream_st *weft_cuda_stream;
typedef struct CUevent_st *weft_cuda_event;
typedef uint64_t weft_cuda_word; /* cuuint64_t */

/* CUresult: what Weft tells apart. Others come too. */
typedef enum weft_cuda_result {
    WEFT_CUDA_SUCCESS = 0,
    WEFT_CUDA_INVALID_VALUE = 1,
    WEFT_CUDA_OUT_OF_MEMORY = 2,
    WEFT_CUDA_NOT_INITIALIZED = 3,
    WEFT_CUDA_DEINITIALIZED = 4,
    WEFT_CUDA_STUB_LIBRARY = 34,
    WEFT_CUDA_NO_DEVICE = 100,
    WEFT_CUDA_INVALID_DEVICE = 101,
    WEFT_CUDA_INVALID_CONTEXT = 201,
    WEFT_CUDA_MAP_FAILED = 205,
    WEFT_CUDA_ECC_UNCORRECTABLE = 214,
    WEFT_CUDA_PEER_ACCESS_UNSUPPORTED = 217,
    WEFT_CUDA_NVLINK_UNCORRECTABLE = 220,
    WEFT_CUDA_OPERATING_SYSTEM = 304,
    WEFT_CUDA_INVALID_HANDLE = 400,
    WEFT_CUDA_NOT_FOUND = 500,
    WEFT_CUDA_NOT_READY = 600,
    WEFT_CUDA_ILLEGAL_ADDRESS = 700,
    WEFT_CUDA_PEER_ACCESS_ALREADY_ENABLED = 704,
    WEFT_CUDA_PEER_ACCESS_NOT_ENABLED = 705,
    WEFT_CUDA_HOST_MEMORY_ALREADY_REGISTERED = 712,
    WEFT_CUDA_HOST_MEMORY_NOT_REGISTERED = 713,
    WEFT_CUDA_NOT_PERMITTED = 800,
    WEFT_CUDA_NOT_SUPPORTED = 801,
    WEFT_CUDA_UNKNOWN = 999,
} weft_cuda_result;

/* CUdevice_attribute */
typedef enum weft_cuda_device_attribute {
    WEFT_CUDA_DEVICE_ASYNC_ENGINE_COUNT = 40,
    WEFT_CUDA_DEVICE_UNIFIED_ADDRESSING = 41,
    WEFT_CUDA_DEVICE_COMPUTE_CAPABILITY_MAJOR = 75,
    WEFT_CUDA_DEVICE_COMPUTE_CAPABILITY_MINOR = 76,
    WEFT_CUDA_DEVICE_CAN_USE_64_BIT_STREAM_MEM_OPS = 122,
    WEFT_CUDA_DEVICE_HOST_NUMA_ID = 134,
} weft_cuda_device_attribute;

/* CUpointer_attribute, with the type of the answer. */
typedef enum weft_cuda_pointer_attribute {
    WEFT_CUDA_POINTER_MEMORY_TYPE = 2,    /* unsigned: a weft_cuda_memory_type */
    WEFT_CUDA_POINTER_IS_MANAGED = 8,     /* unsigned */
    WEFT_CUDA_POINTER_DEVICE_ORDINAL = 9, /* int */
} weft_cuda_pointer_attribute;

/* CUmemorytype */
enum weft_cuda_memory_type {
    WEFT_CUDA_MEMORY_HOST = 1,
    WEFT_CUDA_MEMORY_DEVICE = 2,
};

/* Flags of calls. */
enum {
    WEFT_CUDA_STREAM_NON_BLOCKING = 0x1,      /* cuStreamCreateWithPriority */
    WEFT_CUDA_STREAM_WAIT_GEQ = 0x0,          /* cuStreamWaitValue64 */
    WEFT_CUDA_STREAM_WRITE_DEFAULT = 0x0,     /* cuStreamWriteValue64 */
    WEFT_CUDA_EVENT_DISABLE_TIMING = 0x2,     /* cuEventCreate */
    WEFT_CUDA_EVENT_WAIT_DEFAULT = 0x0,       /* cuStreamWaitEvent */
    WEFT_CUDA_HOST_ALLOC_PORTABLE = 0x01,     /* cuMemHostAlloc */
    WEFT_CUDA_HOST_ALLOC_DEVICEMAP = 0x02,    /* cuMemHostAlloc */
    WEFT_CUDA_HOST_REGISTER_PORTABLE = 0x01,  /* cuMemHostRegister */
    WEFT_CUDA_HOST_REGISTER_DEVICEMAP = 0x02, /* cuMemHostRegister */
    WEFT_CUDA_IPC_LAZY_PEER_ACCESS = 0x1      /* cuIpcOpenMemHandle */
};

/* CUipcMemHandle, which calls take by value; it may travel between processes of a server. */
struct weft_cuda_ipc_handle {
    unsigned char bytes[64];
};

/* CUstreamCaptureStatus */
typedef enum weft_cuda_capture_status {
    WEFT_CUDA_CAPTURE_STATUS_NONE = 0,
    WEFT_CUDA_CAPTURE_STATUS_ACTIVE = 1,
    WEFT_CUDA_CAPTURE_STATUS_INVALIDATED = 2,
} weft_cuda_capture_status;

/* CUstreamCaptureMode */
typedef enum weft_cuda_capture_mode {
    WEFT_CUDA_CAPTURE_MODE_GLOBAL = 0,
    WEFT_CUDA_CAPTURE_MODE_THREAD_LOCAL = 1,
    WEFT_CUDA_CAPTURE_MODE_RELAXED = 2,
} weft_cuda_capture_mode;

/* CUmemcpySrcAccessOrder */
enum weft_cuda_access_order {
    WEFT_CUDA_ACCESS_ORDER_STREAM = 1, /* the source is read in stream order */
    WEFT_CUDA_ACCESS_ORDER_ANY = 3,    /* it may be read before earlier work of the stream ended */
};

/* CUmemLocation; zero: no hint */
struct weft_cuda_location {
    int type;
    int id;
};

/* CUmemcpyAttributes: of the copies of a batch from one index on */
struct weft_cuda_copy_attributes {
    enum weft_cuda_access_order order;
    struct weft_cuda_location src_hint;
    struct weft_cuda_location dst_hint;
    unsigned int flags;
};

#endif
