/* The terminal: keys as they are pressed, a screen of its own, and everything as before at the end.
 *
 * One terminal per process. Signals that end the program are taken for the key q, and take their
 * course when the terminal is as it was. */
#ifndef WEFT_TOP_TERMINAL_H
#define WEFT_TOP_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum weft_top_key {
    WEFT_TOP_KEY_NONE, /* none was pressed, or one that means nothing; or the size has changed */
    WEFT_TOP_KEY_QUIT,
    WEFT_TOP_KEY_PAUSE,
    WEFT_TOP_KEY_NEXT,
    WEFT_TOP_KEY_PREVIOUS,
    WEFT_TOP_KEY_UP,
    WEFT_TOP_KEY_DOWN,
    WEFT_TOP_KEYS
};

/* False when standard output is no terminal. */
bool weft_top_terminal_open(void);

/* Only what open did is undone. A signal that came is raised again, and may end the program. */
void weft_top_terminal_close(void);

void weft_top_terminal_size(uint32_t *columns, uint32_t *rows);

/* Waits for a key, at most `wait_ms`. */
enum weft_top_key weft_top_terminal_key(uint32_t wait_ms);

/* The first key of what a terminal sent; `*used` of the `size` bytes, at least one, are its own. */
enum weft_top_key weft_top_key_read(const char *bytes, size_t size, size_t *used);

/* Shows a text from line `first` on, as far as there is room, and below it the line `foot`. */
void weft_top_terminal_show(const char *text, uint32_t first, const char *foot);

#endif
