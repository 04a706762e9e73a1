/* Lists of streams and the loop that runs their heads. What an operation does is operation.c's. */
#include "stream.h"

#include <stdlib.h>

#include "emulator.h"

static void list_append(struct weft_emu_stream_list *list, struct weft_emu_stream *stream)
{
    if (stream->is_dirty)
        return;
    stream->is_dirty = true;
    stream->next_dirty = NULL;
    if (list->first == NULL)
        list->first = stream;
    else
        list->last->next_dirty = stream;
    list->last = stream;
}

static struct weft_emu_stream *list_take(struct weft_emu_stream_list *list)
{
    struct weft_emu_stream *stream = list->first;

    if (stream == NULL)
        return NULL;
    list->first = stream->next_dirty;
    stream->is_dirty = false;
    return stream;
}

void weft_emu_stream_touch(struct weft_emu *emu, struct weft_emu_stream *stream)
{
    list_append(&emu->dirty, stream);
}

void weft_emu_stream_watch(struct weft_emu *emu, struct weft_emu_stream *stream)
{
    if (stream->is_watching)
        return;
    stream->is_watching = true;
    stream->next_watching = NULL;
    if (emu->watching.first == NULL)
        emu->watching.first = stream;
    else
        emu->watching.last->next_watching = stream;
    emu->watching.last = stream;
}

void weft_emu_stream_append(struct weft_emu *emu, struct weft_emu_stream *stream,
                            struct weft_emu_operation *operation, weft_ns submitted_at)
{
    operation->stream = stream;
    operation->submitted_at = submitted_at;
    operation->next = NULL;
    if (stream->first == NULL)
        stream->first = operation;
    else
        stream->last->next = operation;
    stream->last = operation;
    if (stream->first != operation)
        return;
    list_append(&emu->fresh, stream);
    weft_emu_wake(emu);
}

void weft_emu_stream_close(struct weft_emu *emu, struct weft_emu_stream *stream)
{
    stream->is_closing = true;
    if (stream->first != NULL)
        return;
    list_append(&emu->fresh, stream);
    weft_emu_wake(emu);
}

/* Runs heads until one does not end. */
static void run(struct weft_emu *emu, struct weft_emu_stream *stream)
{
    struct weft_emu_operation *operation = stream->first;

    while (operation != NULL && operation->kind->run(emu, operation)) {
        stream->first = operation->next;
        weft_emu_operation_free(operation);
        emu->news_count++;
        operation = stream->first;
    }
    if (operation == NULL && stream->is_closing)
        free(stream);
}

void weft_emu_stream_admit(struct weft_emu *emu)
{
    struct weft_emu_stream *stream = emu->watching.first;

    emu->watching.first = NULL;
    for (; stream != NULL; stream = stream->next_watching) {
        stream->is_watching = false;
        weft_emu_stream_touch(emu, stream);
    }
    while ((stream = list_take(&emu->fresh)) != NULL)
        weft_emu_stream_touch(emu, stream);
}

void weft_emu_stream_settle(struct weft_emu *emu)
{
    struct weft_emu_stream *stream;

    while ((stream = list_take(&emu->dirty)) != NULL)
        run(emu, stream);
}
