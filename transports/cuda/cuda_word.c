/* Single 64-bit words of windows: signals.
 *
 * A word in host memory is an atomic of the processor. A word in GPU memory goes by a stream of its
 * own, so that it waits for no bulk copy's stream; the wait for it is bounded. After a wait that
 * was not enough the stream is left alone until it has drained: what hangs in it may still land. */
#include "cuda_port.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WORD_OF_STORE, WORD_OF_LOAD, WORD_COUNT };

static weft_ns now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (weft_ns)now.tv_sec * 1000000000u + (weft_ns)now.tv_nsec;
}

weftResult_t weft_cuda_words_open(struct weft_cuda_port *port)
{
    const struct weft_cuda_driver *driver = port->driver;
    size_t size = (WORD_COUNT + WEFT_CUDA_GATES_MAX) * sizeof(uint64_t);
    void *words = NULL;
    weft_cuda_result error =
        driver->stream_create(&port->store_stream, WEFT_CUDA_STREAM_NON_BLOCKING, 0);

    if (error == WEFT_CUDA_SUCCESS)
        error = driver->stream_create(&port->load_stream, WEFT_CUDA_STREAM_NON_BLOCKING, 0);
    if (error == WEFT_CUDA_SUCCESS)
        error = driver->host_alloc(&words, size,
                                   WEFT_CUDA_HOST_ALLOC_PORTABLE | WEFT_CUDA_HOST_ALLOC_DEVICEMAP);
    if (error != WEFT_CUDA_SUCCESS)
        return weft_cuda_port_failed(port, "making streams and pinned words", error);
    memset(words, 0, size);
    port->words = words;
    port->gate_words = port->words + WORD_COUNT;
    return weftSuccess;
}

void weft_cuda_words_close(struct weft_cuda_port *port)
{
    if (port->store_stream != NULL)
        port->driver->stream_destroy(port->store_stream);
    if (port->load_stream != NULL)
        port->driver->stream_destroy(port->load_stream);
    if (port->words != NULL)
        port->driver->host_free(port->words);
}

/* Waits until the stream has drained. */
static weftResult_t stream_drain(struct weft_cuda_port *port, weft_cuda_stream stream)
{
    weft_ns deadline_at = now_ns() + WEFT_CUDA_WORD_NS;

    for (;;) {
        weft_cuda_result error = port->driver->stream_query(stream);

        if (error == WEFT_CUDA_SUCCESS)
            return weftSuccess;
        if (error != WEFT_CUDA_NOT_READY)
            return weft_cuda_port_failed(port, "moving a word", error);
        if (now_ns() >= deadline_at)
            return weftUnknown;
        sched_yield();
    }
}

/* The last wait on the stream was not enough: is it by now? */
static weftResult_t stream_recover(struct weft_cuda_port *port, weft_cuda_stream stream, bool *hung)
{
    weft_cuda_result error;

    if (!*hung)
        return weftSuccess;
    error = port->driver->stream_query(stream);
    if (error == WEFT_CUDA_NOT_READY)
        return weftTimeout;
    *hung = false;
    return weftSuccess;
}

/* Moves a word between GPU memory and pinned host memory on `stream`. */
static weftResult_t word_move(struct weft_cuda_port *port, weft_cuda_ptr dst, weft_cuda_ptr src,
                              weft_cuda_stream stream, bool *hung)
{
    weft_cuda_result error = port->driver->copy(dst, src, sizeof(uint64_t), stream);
    weftResult_t result;

    if (error != WEFT_CUDA_SUCCESS)
        return weft_cuda_port_failed(port, "moving a word", error);
    result = stream_drain(port, stream);
    *hung = result == weftUnknown;
    return result;
}

/* By the stream's own write where the driver has it: it waits for no copy engine. */
static weftResult_t word_write(struct weft_cuda_port *port, weft_cuda_ptr dst, uint64_t value)
{
    weft_cuda_result error = port->driver->stream_write_value(port->store_stream, dst, value,
                                                              WEFT_CUDA_STREAM_WRITE_DEFAULT);
    weftResult_t result;

    if (error == WEFT_CUDA_NOT_SUPPORTED) {
        port->words[WORD_OF_STORE] = value;
        return word_move(port, dst, (uintptr_t)&port->words[WORD_OF_STORE], port->store_stream,
                         &port->store_hung);
    }
    if (error != WEFT_CUDA_SUCCESS)
        return weft_cuda_port_failed(port, "cuStreamWriteValue64", error);
    result = stream_drain(port, port->store_stream);
    port->store_hung = result == weftUnknown;
    return result;
}

static weftResult_t gpu_store(struct weft_cuda_port *port, weft_cuda_ptr dst, uint64_t value,
                              weftSignalOp_t op)
{
    WEFT_TRY(stream_recover(port, port->store_stream, &port->store_hung));
    if (op == weftSignalAdd) {
        WEFT_TRY(word_move(port, (uintptr_t)&port->words[WORD_OF_STORE], dst, port->store_stream,
                           &port->store_hung));
        value += port->words[WORD_OF_STORE];
    }
    return word_write(port, dst, value);
}

/* The window that has a whole, aligned word at `offset`, or NULL. */
static const struct weft_cuda_window *window_of_word(const struct weft_cuda_port *port,
                                                     uint32_t window, uint64_t offset)
{
    const struct weft_cuda_window *entry = weft_cuda_window_get(port, window);

    if (entry == NULL || !weft_range_inside(offset, sizeof(uint64_t), entry->size_bytes) ||
        (entry->base + offset) % sizeof(uint64_t) != 0)
        return NULL;
    return entry;
}

weftResult_t weft_cuda_store(struct weft_port *base, uint32_t window, uint64_t offset,
                             uint64_t value, weftSignalOp_t op)
{
    struct weft_cuda_port *port = weft_cuda_port_of(base);
    const struct weft_cuda_window *entry = window_of_word(port, window, offset);
    void *word;

    if (entry == NULL)
        return weftInvalidArgument;
    if (entry->kind == weftDeviceGpu) {
        weft_cuda_use(port->driver, port->context);
        return gpu_store(port, entry->base + offset, value, op);
    }
    word = (void *)(uintptr_t)(entry->base + offset);
    if (op == weftSignalAdd)
        weft_word_add(word, value);
    else
        weft_word_set(word, value);
    return weftSuccess;
}

static weftResult_t gpu_load(struct weft_cuda_port *port, weft_cuda_ptr src, uint64_t *value)
{
    weftResult_t result;

    pthread_mutex_lock(&port->load_lock);
    result = stream_recover(port, port->load_stream, &port->load_hung);
    if (result == weftSuccess)
        result = word_move(port, (uintptr_t)&port->words[WORD_OF_LOAD], src, port->load_stream,
                           &port->load_hung);
    if (result == weftSuccess)
        *value = port->words[WORD_OF_LOAD];
    pthread_mutex_unlock(&port->load_lock);
    return result;
}

weftResult_t weft_cuda_load(struct weft_port *base, uint32_t window, uint64_t offset,
                            uint64_t *value)
{
    struct weft_cuda_port *port = weft_cuda_port_of(base);
    const struct weft_cuda_window *entry = window_of_word(port, window, offset);
    struct weft_cuda_scope scope;
    weftResult_t result;

    if (entry == NULL)
        return weftInvalidArgument;
    if (entry->kind != weftDeviceGpu) {
        *value = weft_word_get((const void *)(uintptr_t)(entry->base + offset));
        return weftSuccess;
    }
    weft_cuda_enter(port->driver, port->context, &scope);
    result = gpu_load(port, entry->base + offset, value);
    weft_cuda_leave(port->driver, &scope);
    return result == weftUnknown ? weftTimeout : result;
}
