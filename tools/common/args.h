/* What the programs share of their command lines: a table of options, and errors that list what is
 * valid.
 *
 * A program whose options set fields of one struct each names them in a `struct weft_args`, and
 * what each takes is a function. Others use argp themselves, behind weft_args_check. */
#ifndef WEFT_TOOLS_ARGS_H
#define WEFT_TOOLS_ARGS_H

#include <argp.h>

#include "common/units.h"

/* The exit status for a command line or environment that is wrong. */
#define WEFT_EXIT_USAGE 2

#define WEFT_ARGS_WHY_BYTES   (WEFT_WHY_BYTES * 4)
#define WEFT_ARGS_OPTIONS_MAX 16
#define WEFT_DILATION_MAX     100000 /* of an emulated machine, as config.def has it */

struct weft_args_option;

/* Takes what was given for an option into `values`. False with a sentence that says what is
 * valid. */
typedef bool weft_args_take_fn(const struct weft_args_option *option, const char *text,
                               void *values, char why[WEFT_WHY_BYTES]);

struct weft_args_option {
    const char *name;  /* long, without dashes; NULL ends the table */
    int letter;        /* the short one; 0: none */
    const char *value; /* what the manual calls what is given; NULL: it stands alone */
    const char *about;
    weft_args_take_fn *take;
    size_t place; /* offset in the values of what it sets */
    uint64_t least;
    uint64_t most;
};

struct weft_args {
    const char *about; /* the manual's text; what follows a \v stands behind the options */
    const char *words; /* the manual's names of words that are no options; NULL: none are taken */
    const struct weft_args_option *options;
    bool (*word_take)(const char *word, void *values, char why[WEFT_WHY_BYTES]); /* with `words` */
};

/* Fill a `const char *`; a `bool`, true where the option is given; and a `uint64_t` from `least` to
 * `most`: a count, or bytes as weft_size_parse reads them. */
weft_args_take_fn weft_args_text;
weft_args_take_fn weft_args_flag;
weft_args_take_fn weft_args_count;
weft_args_take_fn weft_args_size;

/* Reads a command line into `values`, which hold the defaults before. False with a sentence; what
 * was in front of the error is set then. --help prints the manual and ends the program. */
bool weft_args_read(const struct weft_args *args, int argc, char *argv[], void *values,
                    char why[WEFT_ARGS_WHY_BYTES]);

/* True when every long option on the command line is one of `options` (or a unique beginning of
 * one), --help, --usage or --version. Else `why` names the wrong one and lists them all. Options'
 * values that begin with two dashes are not expected. */
bool weft_args_check(int argc, char *const argv[], const struct argp_option *options,
                     char why[WEFT_ARGS_WHY_BYTES]);

/* True unless a dilation (0: none is given) is asked for without an emulated machine. */
bool weft_args_dilation_check(const char *node, uint64_t dilation, char why[WEFT_WHY_BYTES]);

/* Ends the program with the sentence on standard error and WEFT_EXIT_USAGE. */
_Noreturn void weft_args_fail(const char *program, const char *why);

#endif
