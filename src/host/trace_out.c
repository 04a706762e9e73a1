/* Writes the trace file; see trace_out.h. */
#include "trace_out.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "report.h"

#define BUFFER_BYTES    65536
#define EVENT_BYTES_MAX 1024

struct out {
    int file;
    bool failed;
    struct weft_text text;
};

static void flush(struct out *out)
{
    size_t done = 0;

    while (!out->failed && done < out->text.used) {
        ssize_t wrote = write(out->file, out->text.at + done, out->text.used - done);

        if (wrote > 0)
            done += (size_t)wrote;
        else if (errno != EINTR)
            out->failed = true;
    }
    weft_text_init(&out->text, out->text.at, out->text.size);
}

static void add_hop_arguments(struct weft_text *text, const struct weft_loop *loop,
                              const char *name, uint64_t value)
{
    const struct weft_hop *hop;

    if (!weft_text_equal(name, "hop") || value >= loop->hops->count)
        return;
    hop = &loop->hops->hops[value];
    weft_text_add(text, ",\"route\":");
    weft_text_char(text, '"');
    weft_text_add(text, loop->topo->devices[hop->src_device].name);
    weft_text_char(text, '>');
    weft_text_add(text, loop->topo->devices[hop->dst_device].name);
    weft_text_char(text, '"');
}

/* An instant event; those that say how long something took become a span that ends there. */
static void add_record(struct weft_text *text, const struct weft_loop *loop,
                       const struct weft_trace_record *record)
{
    const struct weft_trace_row *row = weft_trace_row(record->event);
    bool span = weft_text_equal(row->arguments[1], "took_ns");
    weft_ns took = span ? weft_min(record->arguments[1], record->at) : 0;

    weft_text_add(text, ",\n{\"name\":");
    weft_report_string(text, row->name);
    weft_text_add(text, span ? ",\"ph\":\"X\",\"dur\":" : ",\"ph\":\"i\",\"s\":\"t\"");
    if (span)
        weft_text_fixed(text, took, 3);
    weft_text_add(text, ",\"pid\":1,\"tid\":");
    weft_text_number(text, record->event + 1);
    weft_text_add(text, ",\"ts\":");
    weft_text_fixed(text, record->at - took, 3);
    weft_text_add(text, ",\"args\":{");
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(record->arguments); i++) {
        if (i > 0)
            weft_text_char(text, ',');
        weft_report_string(text, row->arguments[i]);
        weft_text_char(text, ':');
        weft_text_number(text, record->arguments[i]);
    }
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(record->arguments); i++)
        add_hop_arguments(text, loop, row->arguments[i], record->arguments[i]);
    weft_text_add(text, "}}");
}

static void add_head(struct weft_text *text, const struct weft_loop *loop)
{
    weft_text_add(text, "{\"displayTimeUnit\":\"ns\",\"otherData\":{\"machine\":");
    weft_report_string(text, loop->machine->topo.name);
    weft_text_add(text, ",\"emulated\":");
    weft_text_add(text, loop->machine->emulation.on ? "true" : "false");
    weft_text_add(text, ",\"dilation\":");
    weft_text_number(text, loop->machine->emulation.dilation);
    weft_text_add(text, "},\"traceEvents\":[\n{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":1,"
                        "\"args\":{\"name\":\"weft\"}}");
    for (uint32_t i = 0; i < WEFT_TRACE_EVENTS; i++) {
        weft_text_add(text, ",\n{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":1,\"tid\":");
        weft_text_number(text, i + 1);
        weft_text_add(text, ",\"args\":{\"name\":");
        weft_report_string(text, weft_trace_row(i)->name);
        weft_text_add(text, "}}");
    }
}

weftResult_t weft_trace_out_write(const char *path, const struct weft_trace *trace,
                                  const struct weft_loop *loop, char why[WEFT_MACHINE_WHY_BYTES])
{
    struct out out = {.file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)};
    char *buffer = malloc(BUFFER_BYTES);
    uint64_t first = weft_sub_sat(trace->written, trace->record_count);

    if (out.file < 0 || buffer == NULL)
        goto fail;
    weft_text_init(&out.text, buffer, BUFFER_BYTES);
    add_head(&out.text, loop);
    for (uint64_t i = first; i < trace->written; i++) {
        if (out.text.size - out.text.used < EVENT_BYTES_MAX)
            flush(&out);
        add_record(&out.text, loop, &trace->records[i % trace->record_count]);
    }
    weft_text_add(&out.text, "\n]}\n");
    flush(&out);
    if (out.failed)
        goto fail;
    free(buffer);
    (void)close(out.file);
    return weftSuccess;
fail:
    weft_format(why, WEFT_MACHINE_WHY_BYTES, "the trace cannot be written to %s: %s", path,
                strerror(errno));
    free(buffer);
    if (out.file >= 0)
        (void)close(out.file);
    return weftSystemError;
}
