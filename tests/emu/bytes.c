/* Copies bring the right bytes to the right place, in every direction and in batches. */
#include "fixture.h"

#include <stdlib.h>
#include <string.h>

#define SIZE     ((size_t)3 << 20)
#define DILATION 20

static void *memory_at(weft_cuda_ptr address)
{
    return (void *)(uintptr_t)address;
}

Test(bytes, copy__host_to_device_and_back)
{
    weft_cuda_stream stream;
    weft_cuda_ptr device;
    unsigned char *from;
    unsigned char *to;

    open_machine("hgx-h100", DILATION);
    stream = new_stream(0);
    device = new_memory(0, SIZE);
    from = new_host(SIZE, 0);
    to = new_host(SIZE, 1);
    fill_pattern(from, SIZE, 1);
    OK(cuda.copy(device, address_of(from), SIZE, stream));
    OK(cuda.copy(address_of(to), device, SIZE, stream));
    OK(cuda.stream_synchronize(stream));
    cr_expect(is_pattern(to, SIZE, 1));
    cr_expect_eq(cuda.bytes("gpu0", 0), SIZE);
    cr_expect_eq(cuda.bytes("gpu0", 1), SIZE);
    cr_expect_eq(cuda.bytes("dram0", 0), SIZE);
    cr_expect_eq(cuda.bytes("dram1", 1), SIZE);
    cr_expect_eq(cuda.bytes("dram0", 1), 0);
    cr_expect_eq(cuda.bytes("gpu1", 1), 0);
}

Test(bytes, copy__odd_sizes_and_places)
{
    static const size_t sizes[] = {1, 7, 4095, 4097, 65537};
    weft_cuda_stream stream;
    weft_cuda_ptr device;
    unsigned char *from;
    unsigned char *to;

    open_machine("hgx-h100", DILATION);
    stream = new_stream(0);
    device = new_memory(0, SIZE);
    from = new_host(SIZE, 0);
    to = new_host(SIZE, 0);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        memset(to, 0xee, SIZE);
        fill_pattern(from + 3, sizes[i], 2);
        OK(cuda.copy(device + 5, address_of(from + 3), sizes[i], stream));
        OK(cuda.copy(address_of(to + 9), device + 5, sizes[i], stream));
        OK(cuda.stream_synchronize(stream));
        cr_expect(is_pattern(to + 9, sizes[i], 2), "%zu bytes", sizes[i]);
        cr_expect_eq(to[8], 0xee);
        cr_expect_eq(to[9 + sizes[i]], 0xee);
    }
}

Test(bytes, copy__device_to_peer_and_inside)
{
    weft_cuda_stream stream;
    weft_cuda_ptr a;
    weft_cuda_ptr b;
    weft_cuda_ptr c;

    open_machine("hgx-h100", DILATION);
    enable_peers(0, 5);
    stream = new_stream(0);
    a = new_memory(0, SIZE);
    b = new_memory(5, SIZE);
    c = new_memory(5, SIZE);
    fill_pattern(memory_at(a), SIZE, 3);
    OK(cuda.copy_peer(b, contexts[5], a, contexts[0], SIZE, stream));
    OK(cuda.copy(c, b, SIZE, stream));
    OK(cuda.stream_synchronize(stream));
    cr_expect(is_pattern(memory_at(c), SIZE, 3));
    OK(cuda.fill(c, 0x5a, SIZE, stream));
    OK(cuda.stream_synchronize(stream));
    cr_expect_eq(((unsigned char *)memory_at(c))[0], 0x5a);
    cr_expect_eq(((unsigned char *)memory_at(c))[SIZE - 1], 0x5a);
}

Test(bytes, copy__unregistered_host_memory)
{
    unsigned char *from = malloc(SIZE);
    unsigned char *to = malloc(SIZE);
    weft_cuda_ptr device;

    open_machine("dgx-a100", DILATION);
    device = new_memory(0, SIZE);
    fill_pattern(from, SIZE, 4);
    OK(cuda.copy_to_device_now(device, from, SIZE));
    OK(cuda.copy_to_host_now(to, device, SIZE));
    cr_expect(is_pattern(to, SIZE, 4));
    free(from);
    free(to);
}

Test(bytes, batch__pages_both_ways)
{
    enum { PAGES = 200, PAGE = 12288 };
    static weft_cuda_ptr there[PAGES];
    static weft_cuda_ptr here[PAGES];
    static weft_cuda_ptr back[PAGES];
    static size_t sizes[PAGES];
    struct weft_cuda_copy_attributes attributes = {.order = WEFT_CUDA_ACCESS_ORDER_STREAM};
    size_t first = 0;
    size_t failed = 0;
    weft_cuda_stream stream;
    weft_cuda_ptr device;
    unsigned char *from;
    unsigned char *to;

    open_machine("hgx-h100", DILATION);
    stream = new_stream(2);
    device = new_memory(2, PAGES * PAGE);
    from = new_host(PAGES * PAGE, 0);
    to = new_host(PAGES * PAGE, 0);
    fill_pattern(from, PAGES * PAGE, 5);
    for (size_t i = 0; i < PAGES; i++) {
        there[i] = device + (PAGES - 1 - i) * PAGE;
        here[i] = address_of(from + i * PAGE);
        back[i] = address_of(to + i * PAGE);
        sizes[i] = PAGE;
    }
    OK(cuda.copy_batch_v2(there, here, sizes, PAGES, &attributes, &first, 1, stream));
    OK(cuda.copy_batch(back, there, sizes, PAGES, &attributes, &first, 1, &failed, stream));
    OK(cuda.stream_synchronize(stream));
    cr_expect(is_pattern(to, PAGES * PAGE, 5));
    cr_expect_eq(cuda.bytes("gpu2", 0), PAGES * PAGE);
}

Test(bytes, batch__several_directions)
{
    weft_cuda_ptr to[3];
    weft_cuda_ptr from[3];
    size_t sizes[3] = {SIZE, SIZE, SIZE};
    struct weft_cuda_copy_attributes attributes = {.order = WEFT_CUDA_ACCESS_ORDER_STREAM};
    size_t first = 0;
    weft_cuda_stream stream;
    unsigned char *host;

    open_machine("hgx-h100", DILATION);
    enable_peers(0, 1);
    stream = new_stream(0);
    host = new_host(2 * SIZE, 0);
    fill_pattern(host, SIZE, 6);
    from[0] = address_of(host);
    to[0] = new_memory(0, SIZE);
    from[1] = new_memory(0, SIZE);
    to[1] = new_memory(1, SIZE);
    from[2] = new_memory(1, SIZE);
    to[2] = address_of(host + SIZE);
    fill_pattern(memory_at(from[1]), SIZE, 7);
    fill_pattern(memory_at(from[2]), SIZE, 8);
    OK(cuda.copy_batch_v2(to, from, sizes, 3, &attributes, &first, 1, stream));
    OK(cuda.stream_synchronize(stream));
    cr_expect(is_pattern(memory_at(to[0]), SIZE, 6));
    cr_expect(is_pattern(memory_at(to[1]), SIZE, 7));
    cr_expect(is_pattern(host + SIZE, SIZE, 8));
}
