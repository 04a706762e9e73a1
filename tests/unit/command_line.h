/* A command line as a program gets it, made of the words of a test. */
#ifndef WEFT_TESTS_COMMAND_LINE_H
#define WEFT_TESTS_COMMAND_LINE_H

#define COMMAND_LINE_WORDS_MAX 16
#define COMMAND_LINE_BYTES     96 /* of a word, with its end */

/* What options point to: lives as long as they do. */
struct command_line {
    int argc;
    char *argv[COMMAND_LINE_WORDS_MAX + 2];
    char texts[COMMAND_LINE_WORDS_MAX + 1][COMMAND_LINE_BYTES];
};

/* The program's name and the words, which end with NULL or with the array. */
void command_line_fill(struct command_line *line, const char *const words[COMMAND_LINE_WORDS_MAX]);

#endif
