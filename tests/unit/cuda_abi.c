/* Our declarations of the CUDA driver's interface against the driver's own header.
 *
 * The comparison is made by the compiler: this file does not compile when a value, a layout or a
 * signature differs. Where no <cuda.h> is found there is nothing to compare with. */
#include <criterion/criterion.h>

#include "cuda/cuda_abi.h"

/* Declares every version of every function, under its exported name. */
#define __CUDA_API_VERSION_INTERNAL 1
#if __has_include(<cuda.h>)
#include <cuda.h>
#elif __has_include("/usr/local/cuda/include/cuda.h")
#include "/usr/local/cuda/include/cuda.h"
#endif

#ifdef CUDA_VERSION

#define SAME_VALUE(ours, theirs)                                                                   \
    _Static_assert((int)(ours) == (int)(theirs), #ours " differs from " #theirs)
#define SAME_PLACE(ours, our_field, theirs, their_field)                                           \
    _Static_assert(offsetof(ours, our_field) == offsetof(theirs, their_field) &&                   \
                       sizeof(((ours *)0)->our_field) == sizeof(((theirs *)0)->their_field),       \
                   #our_field " lies elsewhere")
#define SAME_TYPE(ours, theirs)                                                                    \
    _Static_assert(__builtin_types_compatible_p(ours, theirs), #ours " differs from " #theirs)

SAME_TYPE(weft_cuda_device, CUdevice);
SAME_TYPE(weft_cuda_ptr, CUdeviceptr);
SAME_TYPE(weft_cuda_context, CUcontext);
SAME_TYPE(weft_cuda_stream, CUstream);
SAME_TYPE(weft_cuda_event, CUevent);
SAME_TYPE(weft_cuda_word, cuuint64_t);
_Static_assert(sizeof(weft_cuda_result) == sizeof(CUresult), "result");
_Static_assert(sizeof(weft_cuda_device_attribute) == sizeof(CUdevice_attribute), "attribute");
_Static_assert(sizeof(weft_cuda_pointer_attribute) == sizeof(CUpointer_attribute), "attribute");
_Static_assert(sizeof(weft_cuda_capture_status) == sizeof(CUstreamCaptureStatus), "status");
_Static_assert(sizeof(weft_cuda_capture_mode) == sizeof(CUstreamCaptureMode), "mode");
_Static_assert(sizeof(enum weft_cuda_memory_type) == sizeof(CUmemorytype), "memory type");

SAME_VALUE(WEFT_CUDA_SUCCESS, CUDA_SUCCESS);
SAME_VALUE(WEFT_CUDA_INVALID_VALUE, CUDA_ERROR_INVALID_VALUE);
SAME_VALUE(WEFT_CUDA_OUT_OF_MEMORY, CUDA_ERROR_OUT_OF_MEMORY);
SAME_VALUE(WEFT_CUDA_NOT_INITIALIZED, CUDA_ERROR_NOT_INITIALIZED);
SAME_VALUE(WEFT_CUDA_DEINITIALIZED, CUDA_ERROR_DEINITIALIZED);
SAME_VALUE(WEFT_CUDA_STUB_LIBRARY, CUDA_ERROR_STUB_LIBRARY);
SAME_VALUE(WEFT_CUDA_NO_DEVICE, CUDA_ERROR_NO_DEVICE);
SAME_VALUE(WEFT_CUDA_INVALID_DEVICE, CUDA_ERROR_INVALID_DEVICE);
SAME_VALUE(WEFT_CUDA_INVALID_CONTEXT, CUDA_ERROR_INVALID_CONTEXT);
SAME_VALUE(WEFT_CUDA_ECC_UNCORRECTABLE, CUDA_ERROR_ECC_UNCORRECTABLE);
SAME_VALUE(WEFT_CUDA_PEER_ACCESS_UNSUPPORTED, CUDA_ERROR_PEER_ACCESS_UNSUPPORTED);
SAME_VALUE(WEFT_CUDA_NVLINK_UNCORRECTABLE, CUDA_ERROR_NVLINK_UNCORRECTABLE);
SAME_VALUE(WEFT_CUDA_OPERATING_SYSTEM, CUDA_ERROR_OPERATING_SYSTEM);
SAME_VALUE(WEFT_CUDA_INVALID_HANDLE, CUDA_ERROR_INVALID_HANDLE);
SAME_VALUE(WEFT_CUDA_NOT_FOUND, CUDA_ERROR_NOT_FOUND);
SAME_VALUE(WEFT_CUDA_NOT_READY, CUDA_ERROR_NOT_READY);
SAME_VALUE(WEFT_CUDA_ILLEGAL_ADDRESS, CUDA_ERROR_ILLEGAL_ADDRESS);
SAME_VALUE(WEFT_CUDA_PEER_ACCESS_ALREADY_ENABLED, CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED);
SAME_VALUE(WEFT_CUDA_PEER_ACCESS_NOT_ENABLED, CUDA_ERROR_PEER_ACCESS_NOT_ENABLED);
SAME_VALUE(WEFT_CUDA_HOST_MEMORY_ALREADY_REGISTERED, CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED);
SAME_VALUE(WEFT_CUDA_HOST_MEMORY_NOT_REGISTERED, CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED);
SAME_VALUE(WEFT_CUDA_NOT_PERMITTED, CUDA_ERROR_NOT_PERMITTED);
SAME_VALUE(WEFT_CUDA_NOT_SUPPORTED, CUDA_ERROR_NOT_SUPPORTED);
SAME_VALUE(WEFT_CUDA_UNKNOWN, CUDA_ERROR_UNKNOWN);

SAME_VALUE(WEFT_CUDA_DEVICE_ASYNC_ENGINE_COUNT, CU_DEVICE_ATTRIBUTE_ASYNC_ENGINE_COUNT);
SAME_VALUE(WEFT_CUDA_DEVICE_UNIFIED_ADDRESSING, CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING);
SAME_VALUE(WEFT_CUDA_DEVICE_COMPUTE_CAPABILITY_MAJOR, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
SAME_VALUE(WEFT_CUDA_DEVICE_COMPUTE_CAPABILITY_MINOR, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
SAME_VALUE(WEFT_CUDA_DEVICE_CAN_USE_64_BIT_STREAM_MEM_OPS,
           CU_DEVICE_ATTRIBUTE_CAN_USE_64_BIT_STREAM_MEM_OPS);
#if CUDA_VERSION >= 12020
SAME_VALUE(WEFT_CUDA_DEVICE_HOST_NUMA_ID, CU_DEVICE_ATTRIBUTE_HOST_NUMA_ID);
#endif

SAME_VALUE(WEFT_CUDA_POINTER_MEMORY_TYPE, CU_POINTER_ATTRIBUTE_MEMORY_TYPE);
SAME_VALUE(WEFT_CUDA_POINTER_IS_MANAGED, CU_POINTER_ATTRIBUTE_IS_MANAGED);
SAME_VALUE(WEFT_CUDA_POINTER_DEVICE_ORDINAL, CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL);
SAME_VALUE(WEFT_CUDA_MEMORY_HOST, CU_MEMORYTYPE_HOST);
SAME_VALUE(WEFT_CUDA_MEMORY_DEVICE, CU_MEMORYTYPE_DEVICE);

SAME_VALUE(WEFT_CUDA_STREAM_NON_BLOCKING, CU_STREAM_NON_BLOCKING);
SAME_VALUE(WEFT_CUDA_STREAM_WAIT_GEQ, CU_STREAM_WAIT_VALUE_GEQ);
SAME_VALUE(WEFT_CUDA_STREAM_WRITE_DEFAULT, CU_STREAM_WRITE_VALUE_DEFAULT);
SAME_VALUE(WEFT_CUDA_EVENT_DISABLE_TIMING, CU_EVENT_DISABLE_TIMING);
SAME_VALUE(WEFT_CUDA_EVENT_WAIT_DEFAULT, CU_EVENT_WAIT_DEFAULT);
SAME_VALUE(WEFT_CUDA_HOST_ALLOC_PORTABLE, CU_MEMHOSTALLOC_PORTABLE);
SAME_VALUE(WEFT_CUDA_HOST_ALLOC_DEVICEMAP, CU_MEMHOSTALLOC_DEVICEMAP);
SAME_VALUE(WEFT_CUDA_HOST_REGISTER_PORTABLE, CU_MEMHOSTREGISTER_PORTABLE);
SAME_VALUE(WEFT_CUDA_HOST_REGISTER_DEVICEMAP, CU_MEMHOSTREGISTER_DEVICEMAP);
SAME_VALUE(WEFT_CUDA_CAPTURE_STATUS_NONE, CU_STREAM_CAPTURE_STATUS_NONE);
SAME_VALUE(WEFT_CUDA_CAPTURE_STATUS_ACTIVE, CU_STREAM_CAPTURE_STATUS_ACTIVE);
SAME_VALUE(WEFT_CUDA_CAPTURE_STATUS_INVALIDATED, CU_STREAM_CAPTURE_STATUS_INVALIDATED);
SAME_VALUE(WEFT_CUDA_CAPTURE_MODE_GLOBAL, CU_STREAM_CAPTURE_MODE_GLOBAL);
SAME_VALUE(WEFT_CUDA_CAPTURE_MODE_THREAD_LOCAL, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL);
SAME_VALUE(WEFT_CUDA_CAPTURE_MODE_RELAXED, CU_STREAM_CAPTURE_MODE_RELAXED);

#if CUDA_VERSION >= 12080
SAME_VALUE(WEFT_CUDA_ACCESS_ORDER_STREAM, CU_MEMCPY_SRC_ACCESS_ORDER_STREAM);
SAME_VALUE(WEFT_CUDA_ACCESS_ORDER_ANY, CU_MEMCPY_SRC_ACCESS_ORDER_ANY);
_Static_assert(sizeof(struct weft_cuda_copy_attributes) == sizeof(CUmemcpyAttributes), "size");
SAME_PLACE(struct weft_cuda_copy_attributes, order, CUmemcpyAttributes, srcAccessOrder);
SAME_PLACE(struct weft_cuda_copy_attributes, src_hint, CUmemcpyAttributes, srcLocHint);
SAME_PLACE(struct weft_cuda_copy_attributes, dst_hint, CUmemcpyAttributes, dstLocHint);
SAME_PLACE(struct weft_cuda_copy_attributes, flags, CUmemcpyAttributes, flags);
SAME_PLACE(struct weft_cuda_location, type, CUmemLocation, type);
SAME_PLACE(struct weft_cuda_location, id, CUmemLocation, id);
#endif

/* Read with their type names, our list of functions must give their signatures. */
#define weft_cuda_result            CUresult
#define weft_cuda_device_attribute  CUdevice_attribute
#define weft_cuda_pointer_attribute CUpointer_attribute
#define weft_cuda_capture_status    CUstreamCaptureStatus
#define weft_cuda_capture_mode      CUstreamCaptureMode
#define weft_cuda_copy_attributes   CUmemcpyAttributes_st
#define weft_cuda_ipc_handle        CUipcMemHandle_st
#define CUDA_FUNCTION(result, field, symbol, arguments)                                            \
    SAME_TYPE(__typeof__(&symbol), result(*) arguments);
#if CUDA_VERSION >= 13000
#define CUDA_FUNCTION_OPTIONAL CUDA_FUNCTION
#else
#define CUDA_FUNCTION_OPTIONAL(...)
#endif
#include "cuda/cuda_functions.def"
#undef CUDA_FUNCTION
#undef CUDA_FUNCTION_OPTIONAL

Test(cuda_abi, compared__at_compile_time)
{
    cr_assert_geq(CUDA_VERSION, 12000, "an older header than 12.0: %d", CUDA_VERSION);
}

#else

Test(cuda_abi, compared__at_compile_time)
{
    cr_skip("skipped: no <cuda.h> to compare with");
}

#endif
