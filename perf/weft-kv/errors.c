/* What the library said. */
#include "errors.h"

#include "base/text.h"
#include "core/result.h"

void weft_kv_errors_note(struct weft_kv_errors *errors, weftComm_t comm, weftResult_t result)
{
    const char *sentence = weftGetLastError(comm);

    errors->count++;
    weft_text_copy(errors->sentence, sizeof(errors->sentence),
                   sentence[0] != '\0' ? sentence : weft_result_text(result));
}
