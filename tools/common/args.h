/* What the programs share of their command lines: errors that list what is valid. */
#ifndef WEFT_TOOLS_ARGS_H
#define WEFT_TOOLS_ARGS_H

#include <argp.h>

#include "common/units.h"

/* The exit status for a command line or environment that is wrong. */
#define WEFT_EXIT_USAGE 2

/* True when every long option on the command line is one of `options` (or a unique beginning of
 * one), --help, --usage or --version. Else `why` names the wrong one and lists them all. Options'
 * values that begin with two dashes are not expected. */
bool weft_args_check(int argc, char *const argv[], const struct argp_option *options,
                     char why[WEFT_WHY_BYTES * 4]);

/* Ends the program with the sentence on standard error and WEFT_EXIT_USAGE. */
_Noreturn void weft_args_fail(const char *program, const char *why);

#endif
