/* What a run tells the process that started it, through memory that both see: how far it came, and
 * what was wrong. It is there even when the run has crashed or hangs. */
#ifndef SWEEP_REPORT_H
#define SWEEP_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "wrap.h"

#define SWEEP_COMPLAINT_BYTES 1024

struct sweep_report {
    char step[64]; /* the call under way, or the last one */
    char complaint[SWEEP_COMPLAINT_BYTES];
    bool is_clean; /* it is the clean run that follows */
    bool reached;  /* the fault was injected */
    bool kept;     /* a comm was kept because a copy hangs: so is its memory */
    struct sweep_had had;
};

/* Where this process writes. */
extern struct sweep_report *sweep_report;

/* Notes what is wrong and ends the process. */
_Noreturn void sweep_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
