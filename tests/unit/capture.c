/* Keeps standard error for a while; see capture.h. */
#include "capture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <unistd.h>

static int before = -1;
static FILE *kept;

void capture_begin(void)
{
    (void)fflush(stderr);
    before = dup(STDERR_FILENO);
    kept = tmpfile();
    cr_assert(before >= 0 && kept != NULL);
    cr_assert(dup2(fileno(kept), STDERR_FILENO) >= 0);
}

void capture_end(char *text, size_t size)
{
    size_t got;

    (void)fflush(stderr);
    cr_assert(dup2(before, STDERR_FILENO) >= 0);
    (void)close(before);
    rewind(kept);
    got = fread(text, 1, size - 1, kept);
    text[got] = '\0';
    (void)fclose(kept);
}
