/* Last errors, results as words, and the version; see error.h. */
#include "error.h"

#include <stdarg.h>

#include "../base/text.h"
#include "../core/result.h"
#include "../host/log.h"
#include "comm.h"

static _Thread_local char last_error[WEFT_ERROR_BYTES];

/* What weftGetLastError gives out for a comm's transfers: a copy that nobody else writes. */
static _Thread_local char comm_error[WEFT_BLAME_BYTES];

void weft_error_keep(weftResult_t result, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    weft_format_list(last_error, sizeof(last_error), format, arguments);
    va_end(arguments);
    weft_log(WEFT_LOG_INFO, "api", "%s: %s", weft_result_name(result), last_error);
}

weftResult_t weftGetVersion(int *version)
{
    if (version == NULL)
        return weft_error(weftInvalidArgument, "weftGetVersion: version is NULL");
    *version = WEFT_VERSION_CODE;
    return weftSuccess;
}

const char *weftGetErrorString(weftResult_t result)
{
    return weft_result_text(result);
}

const char *weftGetLastError(weftComm_t handle)
{
    struct weft_comm *comm = weft_comm_find(handle);

    if (last_error[0] != '\0' || comm == NULL)
        return last_error;
    pthread_mutex_lock(&comm->loop->error_lock);
    weft_text_copy(comm_error, sizeof(comm_error), comm->loop->last_error);
    pthread_mutex_unlock(&comm->loop->error_lock);
    return comm_error;
}
