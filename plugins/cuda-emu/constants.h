/* The CUDA driver's numbers that its programs use and Weft does not (those are in cuda_abi.h).
 *
 * The values are those of the driver's own header. */
#ifndef WEFT_EMU_CONSTANTS_H
#define WEFT_EMU_CONSTANTS_H

/* CUresult */
#define WEFT_CUDA_LAUNCH_TIMEOUT ((weft_cuda_result)702)

enum weft_emu_constants {
    /* CUdevice_attribute */
    WEFT_EMU_DEVICE_PCI_BUS_ID = 33,
    WEFT_EMU_DEVICE_PCI_DEVICE_ID = 34,
    WEFT_EMU_DEVICE_PCI_DOMAIN_ID = 50,
    WEFT_EMU_DEVICE_CAN_MAP_HOST_MEMORY = 19,
    WEFT_EMU_DEVICE_COMPUTE_MODE = 20,
    WEFT_EMU_DEVICE_CONCURRENT_KERNELS = 31,
    WEFT_EMU_DEVICE_INTEGRATED = 18,
    WEFT_EMU_DEVICE_STREAM_PRIORITIES = 78,
    WEFT_EMU_DEVICE_MANAGED_MEMORY = 83,
    WEFT_EMU_DEVICE_MULTI_GPU_BOARD = 84,
    WEFT_EMU_DEVICE_HOST_REGISTER = 99,
    WEFT_EMU_DEVICE_HOST_POINTER_FOR_REGISTERED = 91,
    WEFT_EMU_DEVICE_GPU_DIRECT_RDMA = 116,
    WEFT_EMU_DEVICE_STREAM_WAIT_NOR = 123,

    /* CUpointer_attribute */
    WEFT_EMU_POINTER_CONTEXT = 1,
    WEFT_EMU_POINTER_DEVICE_POINTER = 3,
    WEFT_EMU_POINTER_HOST_POINTER = 4,
    WEFT_EMU_POINTER_SYNC_MEMOPS = 6,
    WEFT_EMU_POINTER_RANGE_START = 11,
    WEFT_EMU_POINTER_RANGE_SIZE = 12,
    WEFT_EMU_POINTER_MAPPED = 13,

    /* CUdevice_P2PAttribute */
    WEFT_EMU_P2P_PERFORMANCE_RANK = 1,
    WEFT_EMU_P2P_ACCESS = 2,
    WEFT_EMU_P2P_NATIVE_ATOMIC = 3,

    /* CUstream: the default streams */
    WEFT_EMU_STREAM_LEGACY = 1,
    WEFT_EMU_STREAM_PER_THREAD = 2,

    /* CUdriverProcAddressQueryResult */
    WEFT_EMU_PROC_FOUND = 0,
    WEFT_EMU_PROC_NOT_FOUND = 1,

    WEFT_EMU_DRIVER_VERSION = 13000, /* the driver that costs.h was measured on */
};

#endif
