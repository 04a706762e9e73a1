/* Counts columns, and draws with eighths of a character; see top_line.h. */
#include "top_line.h"

#include <stdarg.h>
#include <stdio.h>

#define PIECE_BYTES 1024
#define EIGHTHS     8

static const char *const inks[WEFT_TOP_INKS] = {
    [WEFT_TOP_PLAIN] = "",        [WEFT_TOP_BOLD] = "\033[1m",  [WEFT_TOP_DIM] = "\033[2m",
    [WEFT_TOP_GOOD] = "\033[32m", [WEFT_TOP_WARN] = "\033[33m", [WEFT_TOP_BAD] = "\033[1;31m",
    [WEFT_TOP_BAR] = "\033[36m",
};

static const char *const across[EIGHTHS + 1] = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};
static const char *const upward[EIGHTHS + 1] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
static const char ascii[EIGHTHS + 1] = {' ', '.', '.', ':', ':', '-', '=', '+', '#'};

static void begin(struct weft_top_line *line, enum weft_top_ink ink)
{
    if (line->style->colour)
        weft_text_add(line->text, inks[ink]);
}

static void end(struct weft_top_line *line, enum weft_top_ink ink)
{
    if (line->style->colour && ink != WEFT_TOP_PLAIN)
        weft_text_add(line->text, "\033[0m");
}

/* One character of one column. */
static void add_cell(struct weft_top_line *line, const char *character)
{
    if (line->columns == line->style->width)
        return;
    line->columns++;
    weft_text_add(line->text, character);
}

void weft_top_line_add(struct weft_top_line *line, enum weft_top_ink ink, const char *format, ...)
{
    char piece[PIECE_BYTES];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(piece, sizeof(piece), format, arguments);
    va_end(arguments);
    begin(line, ink);
    for (const char *at = piece; *at != '\0'; at++)
        add_cell(line, (const char[]){*at, '\0'});
    end(line, ink);
}

static uint32_t eighths_of(double part, uint32_t cells)
{
    double eighths = part * (double)(cells * EIGHTHS) + 0.5;

    if (!(eighths > 0))
        return 0;
    return eighths >= (double)(cells * EIGHTHS) ? cells * EIGHTHS : (uint32_t)eighths;
}

void weft_top_line_bar(struct weft_top_line *line, double part, uint32_t columns)
{
    uint32_t eighths = eighths_of(part, columns);

    begin(line, WEFT_TOP_BAR);
    for (uint32_t i = 0; i < columns; i++) {
        uint32_t filled = (uint32_t)weft_min(weft_sub_sat(eighths, (uint64_t)i * EIGHTHS), EIGHTHS);

        if (line->style->utf8)
            add_cell(line, filled == 0 ? "·" : across[filled]);
        else
            add_cell(line, filled >= EIGHTHS / 2 ? "#" : ".");
    }
    end(line, WEFT_TOP_BAR);
}

void weft_top_line_spark(struct weft_top_line *line, const struct weft_top_history *history,
                         uint32_t columns)
{
    uint32_t count = (uint32_t)weft_min(history->count, columns);
    double most = 0;

    for (uint32_t i = history->count - count; i < history->count; i++)
        most = history->gb_per_s[i] > most ? history->gb_per_s[i] : most;
    begin(line, WEFT_TOP_BAR);
    for (uint32_t i = history->count - count; i < history->count; i++) {
        uint32_t height = most <= 0 ? 0 : eighths_of(history->gb_per_s[i] / most, 1);

        /* What is little is told from nothing. */
        if (height == 0 && history->gb_per_s[i] > 0)
            height = 1;
        add_cell(line, line->style->utf8 ? upward[height] : (const char[]){ascii[height], '\0'});
    }
    end(line, WEFT_TOP_BAR);
}

void weft_top_line_end(struct weft_top_line *line)
{
    weft_text_char(line->text, '\n');
    line->columns = 0;
}
