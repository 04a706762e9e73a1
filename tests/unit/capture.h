/* What a test's process writes to standard error, as text. */
#ifndef UNIT_CAPTURE_H
#define UNIT_CAPTURE_H

#include <stddef.h>

/* From now on standard error goes into a file without a name. */
void capture_begin(void);

/* Standard error is as before; `text` is what was written. */
void capture_end(char *text, size_t size);

#endif
