/* The assertion's last words: apart from all else, so that a program may have its own. */
#include <stdlib.h>

#include "log.h"

_Noreturn void weft_assert_failed(const char *condition, const char *file, int line)
{
    /* Whatever the setting says: nothing follows. */
    weft_log_level_set(WEFT_LOG_ERROR);
    weft_log(WEFT_LOG_ERROR, "assert", "%s does not hold at %s:%d; please report it", condition,
             file, line);
    abort();
}
