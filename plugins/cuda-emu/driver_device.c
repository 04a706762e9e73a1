/* Devices: what the topology says about its GPUs, in CUDA's words. */
#include "driver.h"

#include "base/text.h"

/* The GPU of an ordinal, or NULL. */
static const struct weft_device *gpu_of(const struct weft_emu *emu, weft_cuda_device device)
{
    if (device < 0 || (uint32_t)device >= emu->machine.gpu_count)
        return NULL;
    return &emu->machine.topo.devices[emu->machine.gpus[device]];
}

weft_cuda_result cuDeviceGetCount(int *count)
{
    struct weft_emu *emu = weft_emu_enter();

    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    if (count != NULL)
        *count = (int)emu->machine.gpu_count;
    weft_emu_leave(emu);
    return count == NULL ? WEFT_CUDA_INVALID_VALUE : WEFT_CUDA_SUCCESS;
}

weft_cuda_result cuDeviceGet(weft_cuda_device *device, int ordinal)
{
    struct weft_emu *emu = weft_emu_enter();
    bool is_good;

    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    is_good = gpu_of(emu, ordinal) != NULL;
    weft_emu_leave(emu);
    if (device == NULL)
        return WEFT_CUDA_INVALID_VALUE;
    if (!is_good)
        return WEFT_CUDA_INVALID_DEVICE;
    *device = ordinal;
    return WEFT_CUDA_SUCCESS;
}

weft_cuda_result cuDeviceGetName(char *name, int size, weft_cuda_device device)
{
    struct weft_emu *emu = weft_emu_enter();
    weft_cuda_result result = WEFT_CUDA_INVALID_DEVICE;
    const struct weft_device *gpu;

    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    gpu = gpu_of(emu, device);
    if (name == NULL || size < 1) {
        result = WEFT_CUDA_INVALID_VALUE;
    } else if (gpu != NULL) {
        weft_text_copy(name, (size_t)size, gpu->model);
        result = WEFT_CUDA_SUCCESS;
    }
    weft_emu_leave(emu);
    return result;
}

weft_cuda_result cuDeviceTotalMem_v2(size_t *bytes, weft_cuda_device device)
{
    struct weft_emu *emu = weft_emu_enter();
    weft_cuda_result result = WEFT_CUDA_INVALID_DEVICE;
    const struct weft_device *gpu;

    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    gpu = gpu_of(emu, device);
    if (bytes == NULL) {
        result = WEFT_CUDA_INVALID_VALUE;
    } else if (gpu != NULL) {
        *bytes = gpu->memory_bytes;
        result = WEFT_CUDA_SUCCESS;
    }
    weft_emu_leave(emu);
    return result;
}

/* The hexadecimal number in `text` from character `at` on; 0 where there is none. */
static int hex_at(const char *text, uint32_t at)
{
    int number = 0;

    for (uint32_t i = 0; i < at; i++)
        if (text[i] == '\0')
            return 0;
    for (text += at;; text++) {
        if (*text >= '0' && *text <= '9')
            number = number * 16 + (*text - '0');
        else if (*text >= 'a' && *text <= 'f')
            number = number * 16 + (*text - 'a' + 10);
        else
            return number;
    }
}

struct fixed_attribute {
    int attribute;
    int value;
};

static const struct fixed_attribute fixed_attributes[] = {
    {WEFT_CUDA_DEVICE_ASYNC_ENGINE_COUNT, WEFT_EMU_ENGINE_KINDS},
    {WEFT_CUDA_DEVICE_UNIFIED_ADDRESSING, 1},
    {WEFT_CUDA_DEVICE_CAN_USE_64_BIT_STREAM_MEM_OPS, 1},
    {WEFT_EMU_DEVICE_STREAM_WAIT_NOR, 1},
    {WEFT_EMU_DEVICE_CAN_MAP_HOST_MEMORY, 1},
    {WEFT_EMU_DEVICE_HOST_REGISTER, 1},
    {WEFT_EMU_DEVICE_HOST_POINTER_FOR_REGISTERED, 1},
    {WEFT_EMU_DEVICE_CONCURRENT_KERNELS, 1},
    {WEFT_EMU_DEVICE_STREAM_PRIORITIES, 1},
    {WEFT_EMU_DEVICE_INTEGRATED, 0},
    {WEFT_EMU_DEVICE_COMPUTE_MODE, 0},
    {WEFT_EMU_DEVICE_MANAGED_MEMORY, 0},
    {WEFT_EMU_DEVICE_MULTI_GPU_BOARD, 0},
    {WEFT_EMU_DEVICE_GPU_DIRECT_RDMA, 0},
};

/* False for attributes that the emulator does not know. */
static bool attribute_of(const struct weft_device *gpu, int attribute, int *value)
{
    switch (attribute) {
    case WEFT_CUDA_DEVICE_COMPUTE_CAPABILITY_MAJOR:
        *value = (int)gpu->sm / 10;
        return true;
    case WEFT_CUDA_DEVICE_COMPUTE_CAPABILITY_MINOR:
        *value = (int)gpu->sm % 10;
        return true;
    case WEFT_CUDA_DEVICE_HOST_NUMA_ID:
        *value = gpu->numa_node;
        return true;
    case WEFT_EMU_DEVICE_PCI_DOMAIN_ID:
        *value = hex_at(gpu->bus, 0);
        return true;
    case WEFT_EMU_DEVICE_PCI_BUS_ID:
        *value = hex_at(gpu->bus, 5);
        return true;
    case WEFT_EMU_DEVICE_PCI_DEVICE_ID:
        *value = hex_at(gpu->bus, 8);
        return true;
    default:
        break;
    }
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(fixed_attributes); i++) {
        if (fixed_attributes[i].attribute == attribute) {
            *value = fixed_attributes[i].value;
            return true;
        }
    }
    return false;
}

weft_cuda_result cuDeviceGetAttribute(int *value, weft_cuda_device_attribute attribute,
                                      weft_cuda_device device)
{
    struct weft_emu *emu = weft_emu_enter();
    weft_cuda_result result = WEFT_CUDA_INVALID_DEVICE;
    const struct weft_device *gpu;

    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    gpu = gpu_of(emu, device);
    if (value == NULL)
        result = WEFT_CUDA_INVALID_VALUE;
    else if (gpu != NULL)
        result =
            attribute_of(gpu, (int)attribute, value) ? WEFT_CUDA_SUCCESS : WEFT_CUDA_INVALID_VALUE;
    weft_emu_leave(emu);
    return result;
}

/* The driver writes addresses with capitals, the topology without. */
static char upper(char character)
{
    return character >= 'a' && character <= 'f' ? (char)(character - 'a' + 'A') : character;
}

weft_cuda_result cuDeviceGetPCIBusId(char *bus, int size, weft_cuda_device device)
{
    struct weft_emu *emu = weft_emu_enter();
    weft_cuda_result result = WEFT_CUDA_INVALID_DEVICE;
    const struct weft_device *gpu;

    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    gpu = gpu_of(emu, device);
    if (bus == NULL || size < 1) {
        result = WEFT_CUDA_INVALID_VALUE;
    } else if (gpu != NULL) {
        weft_text_copy(bus, (size_t)size, gpu->bus);
        for (char *c = bus; *c != '\0'; c++)
            *c = upper(*c);
        result = WEFT_CUDA_SUCCESS;
    }
    weft_emu_leave(emu);
    return result;
}

/* Equal but for the case of letters. */
static bool is_same_bus(const char *a, const char *b)
{
    for (; upper(*a) == upper(*b); a++, b++)
        if (*a == '\0')
            return true;
    return false;
}

weft_cuda_result cuDeviceGetByPCIBusId(weft_cuda_device *device, const char *bus)
{
    struct weft_emu *emu = weft_emu_enter();
    weft_cuda_result result = WEFT_CUDA_INVALID_DEVICE;

    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    if (device == NULL || bus == NULL)
        result = WEFT_CUDA_INVALID_VALUE;
    for (uint32_t i = 0; result == WEFT_CUDA_INVALID_DEVICE && i < emu->machine.gpu_count; i++) {
        if (is_same_bus(gpu_of(emu, (int)i)->bus, bus)) {
            *device = (weft_cuda_device)i;
            result = WEFT_CUDA_SUCCESS;
        }
    }
    weft_emu_leave(emu);
    return result;
}

weft_cuda_result cuDeviceGetUuid_v2(unsigned char *uuid, weft_cuda_device device)
{
    static const unsigned char base[16] = "weft emulated 0";
    struct weft_emu *emu = weft_emu_enter();
    bool is_good;

    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    is_good = gpu_of(emu, device) != NULL;
    weft_emu_leave(emu);
    if (uuid == NULL)
        return WEFT_CUDA_INVALID_VALUE;
    if (!is_good)
        return WEFT_CUDA_INVALID_DEVICE;
    for (uint32_t i = 0; i < sizeof(base); i++)
        uuid[i] = base[i];
    uuid[15] = (unsigned char)device;
    return WEFT_CUDA_SUCCESS;
}

weft_cuda_result cuDeviceCanAccessPeer(int *can, weft_cuda_device device, weft_cuda_device peer)
{
    struct weft_emu *emu = weft_emu_enter();
    weft_cuda_result result = WEFT_CUDA_INVALID_DEVICE;
    struct weft_emu_path path;

    if (emu == NULL)
        return WEFT_CUDA_NOT_INITIALIZED;
    if (can == NULL) {
        result = WEFT_CUDA_INVALID_VALUE;
    } else if (gpu_of(emu, device) != NULL && gpu_of(emu, peer) != NULL) {
        weft_emu_machine_path(&emu->machine, emu->machine.gpus[device], emu->machine.gpus[peer],
                              true, &path);
        *can = path.count > 0;
        result = WEFT_CUDA_SUCCESS;
    }
    weft_emu_leave(emu);
    return result;
}

weft_cuda_result cuDeviceGetP2PAttribute(int *value, int attribute, weft_cuda_device device,
                                         weft_cuda_device peer)
{
    int can;
    weft_cuda_result result = cuDeviceCanAccessPeer(&can, device, peer);

    if (result != WEFT_CUDA_SUCCESS)
        return result;
    if (value == NULL || attribute < WEFT_EMU_P2P_PERFORMANCE_RANK ||
        attribute > WEFT_EMU_P2P_NATIVE_ATOMIC)
        return WEFT_CUDA_INVALID_VALUE;
    *value = attribute == WEFT_EMU_P2P_PERFORMANCE_RANK ? 0 : can;
    return WEFT_CUDA_SUCCESS;
}
