/* Streams, events, values: what waits for what. */
#include "fixture.h"

#include <stdatomic.h>
#include <string.h>

#define MIB      ((size_t)1 << 20)
#define DILATION 50

/* Stops and restores GPU 0's way to the host, so that a copy ends only when the test says so. */
static void hang(bool hung)
{
    char why[WEFT_EMU_WHY_BYTES];

    cr_assert_eq(cuda.link("gpu0-pcie", hung ? WEFT_EMU_LINK_HUNG : WEFT_EMU_LINK_UP, 1000, why), 0,
                 "%s", why);
}

static unsigned char *bytes_at(weft_cuda_ptr address)
{
    return (unsigned char *)(uintptr_t)address;
}

Test(order, event__is_ready_after_its_copy_only)
{
    weft_cuda_stream stream;
    weft_cuda_event event;
    weft_cuda_ptr device;
    unsigned char *host;

    open_machine("hgx-h100", DILATION);
    stream = new_stream(0);
    event = new_event(0);
    device = new_memory(0, 8 * MIB);
    host = new_host(8 * MIB, 0);
    OK(cuda.event_query(event)); /* never recorded */
    fill_pattern(host, 8 * MIB, 1);
    hang(true);
    OK(cuda.copy(device, address_of(host), 8 * MIB, stream));
    OK(cuda.event_record(event, stream));
    cr_expect_eq(cuda.event_query(event), WEFT_CUDA_NOT_READY);
    cr_expect_eq(cuda.stream_query(stream), WEFT_CUDA_NOT_READY);
    hang(false);
    cr_expect_eq(end_of(event), WEFT_CUDA_SUCCESS);
    cr_expect(is_pattern(bytes_at(device), 8 * MIB, 1));
    OK(cuda.stream_query(stream));
}

/* A relay: host to GPU 1, then GPU 1 to GPU 0, then to the host, chained by events alone. */
Test(order, wait_event__chains_hops_of_three_streams)
{
    enum { SIZE = 1 << 20, ROUNDS = 4 };
    weft_cuda_stream streams[3];
    weft_cuda_event events[2];
    weft_cuda_event end;
    weft_cuda_ptr relay;
    weft_cuda_ptr device;
    unsigned char *from;
    unsigned char *to;

    open_machine("hgx-h100", DILATION);
    enable_peers(0, 1);
    streams[0] = new_stream(1);
    streams[1] = new_stream(1);
    streams[2] = new_stream(0);
    events[0] = new_event(1);
    events[1] = new_event(1);
    end = new_event(0);
    relay = new_memory(1, SIZE);
    device = new_memory(0, SIZE);
    from = new_host(SIZE, 0);
    to = new_host(SIZE, 0);
    for (unsigned round = 0; round < ROUNDS; round++) {
        fill_pattern(from, SIZE, round);
        OK(cuda.copy(relay, address_of(from), SIZE, streams[0]));
        OK(cuda.event_record(events[0], streams[0]));
        OK(cuda.stream_wait_event(streams[1], events[0], 0));
        OK(cuda.copy(device, relay, SIZE, streams[1]));
        OK(cuda.event_record(events[1], streams[1]));
        OK(cuda.stream_wait_event(streams[2], events[1], 0));
        OK(cuda.copy(address_of(to), device, SIZE, streams[2]));
        OK(cuda.event_record(end, streams[2]));
        cr_expect_eq(end_of(end), WEFT_CUDA_SUCCESS);
        cr_expect(is_pattern(to, SIZE, round), "round %u", round);
    }
}

/* A wait means the record before it; recording the event again does not move it. */
Test(order, wait_event__keeps_to_the_record_at_its_call)
{
    weft_cuda_stream a;
    weft_cuda_stream b;
    weft_cuda_event event;
    unsigned char *word;

    open_machine("hgx-h100", DILATION);
    a = new_stream(0);
    b = new_stream(0);
    event = new_event(0);
    word = new_host(4096, 0);
    OK(cuda.event_record(event, a));
    OK(cuda.stream_wait_event(b, event, 0));
    OK(cuda.stream_wait_value(a, address_of(word), 1, 0));
    OK(cuda.event_record(event, a));
    OK(cuda.stream_synchronize(b));
    cr_expect_eq(cuda.event_query(event), WEFT_CUDA_NOT_READY);
    OK(cuda.stream_write_value(b, address_of(word), 1, 0));
    cr_expect_eq(end_of(event), WEFT_CUDA_SUCCESS);
}

Test(order, wait_value__host_opens_the_gate)
{
    weft_cuda_stream stream;
    weft_cuda_ptr device;
    unsigned char *host;
    _Atomic uint64_t *gate;

    open_machine("hgx-h100", DILATION);
    stream = new_stream(0);
    device = new_memory(0, MIB);
    host = new_host(MIB, 0);
    gate = (_Atomic uint64_t *)(void *)new_host(4096, 0);
    fill_pattern(host, MIB, 9);
    OK(cuda.stream_wait_value(stream, (weft_cuda_ptr)(uintptr_t)gate, 7,
                              WEFT_CUDA_STREAM_WAIT_GEQ));
    OK(cuda.copy(device, address_of(host), MIB, stream));
    atomic_store(gate, 6);
    pass(100000);
    cr_expect_eq(cuda.stream_query(stream), WEFT_CUDA_NOT_READY);
    cr_expect_eq(cuda.bytes("gpu0", 1), 0);
    atomic_store(gate, 8);
    OK(cuda.stream_synchronize(stream));
    cr_expect(is_pattern(bytes_at(device), MIB, 9));
}

struct condition_row {
    uint32_t word;
    uint32_t value;
    unsigned condition;
    bool passes;
};

Test(order, wait_value__conditions)
{
    static const struct condition_row rows[] = {
        {5, 5, 0, true},           {4, 5, 0, false},         {2, 0xfffffff0, 0, true},
        {5, 5, 1, true},           {6, 5, 1, false},         {6, 2, 2, true},
        {6, 9, 2, false},          {0, 0xfffffffe, 3, true}, {1, 0xfffffffe, 3, false},
        {0xffffffff, 0, 0, false},
    };
    unsigned char *host;

    open_machine("hgx-h100", DILATION);
    host = new_host(4096, 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        weft_cuda_stream stream = new_stream(0);
        unsigned char *word = host + 8 * i;

        memcpy(word, &rows[i].word, 4);
        OK(cuda.stream_wait_value_32(stream, address_of(word), rows[i].value, rows[i].condition));
        if (rows[i].passes)
            OK(cuda.stream_synchronize(stream));
        pass(5000);
        cr_expect_eq(cuda.stream_query(stream) == WEFT_CUDA_SUCCESS, rows[i].passes, "row %zu", i);
    }
}

Test(order, write_value__follows_the_copy_before_it)
{
    weft_cuda_stream stream;
    weft_cuda_ptr device;
    unsigned char *host;
    _Atomic uint64_t *word;

    open_machine("hgx-h100", DILATION);
    stream = new_stream(0);
    device = new_memory(0, 4 * MIB);
    host = new_host(4 * MIB, 0);
    word = (_Atomic uint64_t *)(void *)new_host(4096, 0);
    fill_pattern(host, 4 * MIB, 3);
    hang(true);
    OK(cuda.copy(device, address_of(host), 4 * MIB, stream));
    OK(cuda.stream_write_value(stream, (weft_cuda_ptr)(uintptr_t)word, 0x123456789abcdef0, 0));
    pass(10000);
    cr_expect_eq(atomic_load(word), 0);
    hang(false);
    while (atomic_load(word) == 0)
        pass(1000);
    cr_expect_eq(atomic_load(word), 0x123456789abcdef0);
    cr_expect(is_pattern(bytes_at(device), 4 * MIB, 3));
}

static void raise_flag(void *argument)
{
    atomic_store((_Atomic int *)argument, 1);
}

Test(order, host_function__runs_in_its_turn)
{
    static _Atomic int flag;
    weft_cuda_stream stream;
    weft_cuda_ptr device;
    unsigned char *host;

    open_machine("hgx-h100", DILATION);
    stream = new_stream(0);
    device = new_memory(0, 4 * MIB);
    host = new_host(4 * MIB, 0);
    hang(true);
    OK(cuda.copy(device, address_of(host), 4 * MIB, stream));
    OK(cuda.host_function(stream, raise_flag, &flag));
    pass(10000);
    cr_expect_eq(atomic_load(&flag), 0);
    hang(false);
    OK(cuda.stream_synchronize(stream));
    cr_expect_eq(atomic_load(&flag), 1);
}

Test(order, stream_destroy__lets_its_work_end)
{
    weft_cuda_stream stream;
    weft_cuda_event event;
    weft_cuda_ptr device;
    unsigned char *host;

    open_machine("hgx-h100", DILATION);
    stream = new_stream(0);
    event = new_event(0);
    device = new_memory(0, 4 * MIB);
    host = new_host(4 * MIB, 0);
    fill_pattern(host, 4 * MIB, 4);
    OK(cuda.copy(device, address_of(host), 4 * MIB, stream));
    OK(cuda.event_record(event, stream));
    OK(cuda.stream_destroy(stream));
    cr_expect_eq(cuda.stream_query(stream), WEFT_CUDA_INVALID_HANDLE);
    cr_expect_eq(end_of(event), WEFT_CUDA_SUCCESS);
    cr_expect(is_pattern(bytes_at(device), 4 * MIB, 4));
}

Test(order, context_synchronize__waits_for_all_streams_of_the_device)
{
    weft_cuda_stream streams[2];
    weft_cuda_ptr device;
    unsigned char *host;

    open_machine("hgx-h100", DILATION);
    streams[0] = new_stream(0);
    streams[1] = new_stream(0);
    device = new_memory(0, 2 * MIB);
    host = new_host(2 * MIB, 0);
    fill_pattern(host, 2 * MIB, 5);
    OK(cuda.copy(device, address_of(host), MIB, streams[0]));
    OK(cuda.copy(device + MIB, address_of(host + MIB), MIB, streams[1]));
    OK(cuda.context_synchronize());
    OK(cuda.stream_query(streams[0]));
    OK(cuda.stream_query(streams[1]));
    cr_expect(is_pattern(bytes_at(device), 2 * MIB, 5));
}
