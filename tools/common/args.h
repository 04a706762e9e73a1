/* The command lines of all programs: a table of options, and errors that say what is valid.
 *
 * A program whose options set fields of one struct names them in a `struct weft_args`; what each
 * takes is a function, one of those here or the program's own. Long options may be cut to what is
 * unique (--dil 50), letters may be joined (-vn5), words and options stand in any order, and words
 * alone follow "--". Every program has --help, --usage and --version. */
#ifndef WEFT_TOOLS_ARGS_H
#define WEFT_TOOLS_ARGS_H

#include "common/units.h"

/* The exit status for a command line or environment that is wrong. */
#define WEFT_EXIT_USAGE 2

#define WEFT_ARGS_WHY_BYTES   (WEFT_WHY_BYTES * 4)
#define WEFT_ARGS_OPTIONS_MAX 40
#define WEFT_ARGS_VALUE_BYTES 64     /* what the manual calls a value, with its end */
#define WEFT_ARGS_WORDS_MAX   8      /* of an option that takes one of them */
#define WEFT_DILATION_MAX     100000 /* of an emulated machine, as config.def has it */

struct weft_args_option;

/* Takes what was given for an option into `values`; `text` stays valid until the program ends, and
 * is NULL where nothing was given. False with a sentence that says what is valid. */
typedef bool weft_args_take_fn(const struct weft_args_option *option, const char *text,
                               void *values, char why[WEFT_WHY_BYTES]);

struct weft_args_option {
    const char *name;  /* long, without dashes; NULL ends the table */
    int letter;        /* the short one; 0: none */
    const char *value; /* what the manual calls what is given, [NAME]: may be left out (then it is
                        * given behind a "="); NULL: it stands alone */
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
    /* Takes each of the words. NULL: `words` are those that are valid, as "put|get"; one must be
     * given, and its number is set. */
    bool (*word_take)(const char *word, void *values, char why[WEFT_WHY_BYTES]);
    size_t word_place; /* offset of that number, an enum or `unsigned` */
};

/* Fills a `const char *` with the name of a file that can be written, or "-": what is measured for
 * minutes must not be lost for want of a folder. */
weft_args_take_fn weft_args_file;

/* Fill a `const char *`; a `bool`, true or false where the option is given; and a number from
 * `least` to `most`: a count, as `uint64_t` or as `uint32_t`, or bytes as weft_size_parse reads
 * them, a `uint64_t`. */
weft_args_take_fn weft_args_text;
weft_args_take_fn weft_args_flag;
weft_args_take_fn weft_args_unset;
weft_args_take_fn weft_args_count;
weft_args_take_fn weft_args_count32;
weft_args_take_fn weft_args_size;

/* A part in (0, 1], as a `uint32_t` of millionths. */
weft_args_take_fn weft_args_part;

/* Take one of the words in `value`, as "tcp|udp": fill a `const char *` with it; an enum or
 * `unsigned` with its number, from 0; and a `bool`, true for the last of them. */
weft_args_take_fn weft_args_word;
weft_args_take_fn weft_args_choice;
weft_args_take_fn weft_args_switch;

/* Reads a command line into `values`, which hold the defaults before. False with a sentence; what
 * was in front of the error is set then. --help, --usage and --version print and end the
 * program. */
bool weft_args_read(const struct weft_args *args, int argc, char *argv[], void *values,
                    char why[WEFT_ARGS_WHY_BYTES]);

/* The number of a word among `words`, as "tcp|udp"; `what` names it in the reason. */
bool weft_args_word_find(const char *words, const char *text, const char *what, uint32_t *index,
                         char why[WEFT_WHY_BYTES]);

/* True unless a dilation (0: none is given) is asked for without an emulated machine. */
bool weft_args_dilation_check(const char *node, uint64_t dilation, char why[WEFT_WHY_BYTES]);

/* Ends the program with the sentence on standard error and WEFT_EXIT_USAGE. */
_Noreturn void weft_args_fail(const char *program, const char *why);

#endif
