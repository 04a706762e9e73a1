/* What weft.h promises of each call; see call.h. */
#include "call.h"

#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "core/result.h"
#include "report.h"

#define SENTENCE_BYTES_MIN 20

/* What begins the sentence that every call begins with, so that an old one is told from its own. */
#define OLD "weftGetVersion:"

/* weftResult_t itself names these two for whatever goes to the system or the driver. */
#define SYSTEM (RESULT(UnhandledCudaError) | RESULT(SystemError))

/* How a transfer may end, and with it what says so. */
#define ENDS                                                                                       \
    (SYSTEM | RESULT(RemoteError) | RESULT(Timeout) | RESULT(NoResource) | RESULT(Cancelled) |     \
     RESULT(Unknown) | RESULT(InvalidUsage) | RESULT(InvalidArgument))
#define MOVES (SYSTEM | RESULT(InvalidArgument) | RESULT(InvalidUsage) | RESULT(NoResource))

/* The results beside weftSuccess that a call may give to the arguments that the scenario passes. */
static const struct {
    const char *name;
    unsigned results;
} promises[] = {
    {"weftConfigCreate", RESULT(SystemError)},
    {"weftConfigSet", 0},
    {"weftConfigDestroy", 0},
    {"weftGetUniqueId", RESULT(SystemError)},
    {"weftCommInit", RESULT(SystemError)},
    {"weftCommInitRank", RESULT(SystemError) | RESULT(Timeout)},
    {"weftCommExchange", RESULT(SystemError)},
    {"weftCommGetAsyncError", 0},
    {"weftCommAbort", RESULT(Unknown)},
    {"weftCommFinalize", RESULT(Timeout)},
    {"weftCommDestroy", RESULT(Unknown)},
    {"weftDevIdParse", 0},
    {"weftMemAlloc", SYSTEM | RESULT(InvalidArgument) | RESULT(NoResource)},
    {"weftMemFree", 0},
    {"weftWindowRegister", SYSTEM | RESULT(InvalidArgument) | RESULT(NoResource)},
    {"weftWindowGetKey", 0},
    {"weftWindowImport",
     SYSTEM | RESULT(InvalidArgument) | RESULT(InvalidUsage) | RESULT(NoResource)},
    {"weftWindowRevoke", RESULT(Unknown)},
    {"weftWindowDeregister", RESULT(InvalidUsage) | RESULT(Unknown)},
    {"weftPut", MOVES},
    {"weftGet", MOVES},
    {"weftCopy", MOVES},
    {"weftPutList", MOVES},
    {"weftGetBlocks", MOVES},
    {"weftPutSignal", MOVES},
    {"weftSignal", MOVES},
    {"weftGroupStart", 0},
    {"weftGroupEnd", MOVES},
    {"weftWaitSignal", MOVES | RESULT(Timeout)},
    {"weftFence", 0},
    {"weftFlush", ENDS},
    {"weftTest", ENDS},
    {"weftWait", ENDS},
    {"weftCancel", 0},
    {"weftExplain", 0},
    {"weftCommGetStats", 0},
};

void sweep_call_begin(const char *name)
{
    snprintf(sweep_report->step, sizeof(sweep_report->step), "%s", name);
    (void)weftGetVersion(NULL);
}

static unsigned promised(const char *name)
{
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(promises); i++)
        if (strcmp(promises[i].name, name) == 0)
            return promises[i].results;
    sweep_complain("%s has no row in call.c", name);
}

static void check_sentence(const char *name, weftResult_t result)
{
    const char *sentence = weftGetLastError(NULL);

    if (strncmp(sentence, OLD, sizeof(OLD) - 1) == 0)
        sweep_complain("%s gave %s and no sentence", name, weft_result_name(result));
    if (strlen(sentence) < SENTENCE_BYTES_MIN || strchr(sentence, ' ') == NULL)
        sweep_complain("%s gave %s, and \"%s\" is no sentence", name, weft_result_name(result),
                       sentence);
}

weftResult_t sweep_call_end(const char *name, weftResult_t result, unsigned may)
{
    if (result == weftSuccess)
        return result;
    if (result != weftInProgress)
        check_sentence(name, result);
    if (((promised(name) | may) & 1u << result) == 0)
        sweep_complain("%s gave %s, which weft.h does not name for it: %s", name,
                       weft_result_name(result), weftGetLastError(NULL));
    if (sweep_report->is_clean && (may & 1u << result) == 0)
        sweep_complain("%s gave %s in the clean run that followed: %s", name,
                       weft_result_name(result), weftGetLastError(NULL));
    return result;
}
