/* weftExplain and weftCommGetStats: what a comm would do, and what it has done. */
#include "device.h"
#include "error.h"

#include "../host/report.h"

static void (*const forms[])(const struct weft_loop *, const struct weft_command *,
                             struct weft_text *) = {
    [weftExplainText] = weft_report_explain_text,
    [weftExplainJson] = weft_report_explain_json,
};

static weftResult_t too_small(const char *call, size_t size)
{
    return weft_error(weftNoResource, "%s: the text does not fit into %zu bytes; give it more",
                      call, size);
}

static weftResult_t ask(const char *call, struct weft_comm *comm, struct weft_command *command)
{
    weftResult_t result;

    command->deadline_at =
        weft_clock_after(&comm->loop->clock, comm->loop->config.timeout_ms * WEFT_NS_PER_MS);
    result = weft_loop_call(comm->loop, command);
    if (result == weftSuccess)
        return weftSuccess;
    return weft_error(result, "%s: the progress thread of comm %u does not answer", call,
                      comm->number);
}

weftResult_t weftExplain(weftComm_t handle, weftDevId_t dst, weftDevId_t src, size_t size,
                         weftExplainForm_t form, char *text, size_t textSize)
{
    static const char call[] = "weftExplain";
    struct weft_comm *comm;
    struct weft_command command = {.run = weft_command_explain, .size_bytes = size};
    struct weft_text words;

    WEFT_TRY(weft_comm_get(call, handle, &comm));
    if (text == NULL || textSize == 0)
        return weft_error(weftInvalidArgument, "%s: text is NULL or textSize is 0", call);
    if ((unsigned)form >= WEFT_ARRAY_COUNT(forms))
        return weft_error(weftInvalidArgument,
                          "%s: the form %d is none; weftExplainText and weftExplainJson are", call,
                          (int)form);
    WEFT_TRY(weft_device_get(call, comm, dst, &command.dst_device));
    WEFT_TRY(weft_device_get(call, comm, src, &command.device));
    WEFT_TRY(ask(call, comm, &command));
    weft_text_init(&words, text, textSize);
    forms[form](comm->loop, &command, &words);
    return words.cut ? too_small(call, textSize) : weftSuccess;
}

weftResult_t weftCommGetStats(weftComm_t handle, char *text, size_t textSize)
{
    static const char call[] = "weftCommGetStats";
    struct weft_comm *comm;
    struct weft_command command = {.run = weft_command_stats, .text = text, .text_size = textSize};

    WEFT_TRY(weft_comm_get(call, handle, &comm));
    if (text == NULL || textSize == 0)
        return weft_error(weftInvalidArgument, "%s: text is NULL or textSize is 0", call);
    WEFT_TRY(ask(call, comm, &command));
    return command.text_cut ? too_small(call, textSize) : weftSuccess;
}
