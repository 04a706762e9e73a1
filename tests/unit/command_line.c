/* Fills command lines; see command_line.h. */
#include "command_line.h"

#include "base/text.h"

void command_line_fill(struct command_line *line, const char *const words[COMMAND_LINE_WORDS_MAX])
{
    *line = (struct command_line){.argc = 1};
    weft_text_copy(line->texts[0], COMMAND_LINE_BYTES, "test");
    line->argv[0] = line->texts[0];
    for (int i = 0; i < COMMAND_LINE_WORDS_MAX && words[i] != NULL; i++) {
        char *text = line->texts[line->argc];

        weft_text_copy(text, COMMAND_LINE_BYTES, words[i]);
        line->argv[line->argc++] = text;
    }
}
