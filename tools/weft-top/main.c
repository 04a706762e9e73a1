/* weft-top: shows what the comms of this computer do, live on a terminal or once as text or JSON.
 *
 * Only reads what comms show of themselves; it changes nothing of them. */
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/clock.h"
#include "top_ask.h"
#include "top_live.h"
#include "top_terminal.h"

#define PROGRAM    "weft-top"
#define ASK_MS     2500 /* longer than a comm waits for its progress thread */
#define WIDTH_PIPE 120

static struct weft_top_comm comms[WEFT_TOP_COMMS_MAX];
static uint32_t comm_count;
static cJSON *answers[2][WEFT_TOP_COMMS_MAX]; /* of two looks */

static void find(const struct weft_top_options *options)
{
    if (options->port != 0) {
        comms[0].port = options->port;
        comm_count = 1;
        return;
    }
    comm_count = weft_top_find_here(options->pid, comms);
}

/* Asks all; says of those that do not answer why, where `says` is set. Returns how many did. */
static uint32_t look(uint32_t turn, bool says)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < comm_count; i++) {
        char why[WEFT_WHY_BYTES];

        answers[turn][i] = weft_top_ask(&comms[i], ASK_MS, why);
        count += answers[turn][i] != NULL;
        if (answers[turn][i] == NULL && says && comms[i].port == 0)
            (void)fprintf(stderr, "%s: comm %u of process %u is left out: %s\n", PROGRAM,
                          comms[i].number, comms[i].pid, why);
        else if (answers[turn][i] == NULL && says)
            (void)fprintf(stderr, "%s: port %u: %s\n", PROGRAM, comms[i].port, why);
    }
    return count;
}

static int print_json(const char *path)
{
    cJSON *tree = cJSON_CreateObject();
    cJSON *list = cJSON_AddArrayToObject(tree, "comms");
    char why[WEFT_WHY_BYTES];
    bool written;

    for (uint32_t i = 0; i < comm_count; i++)
        if (answers[0][i] != NULL) {
            (void)cJSON_AddItemToArray(list, answers[0][i]);
            answers[0][i] = NULL;
        }
    written = weft_json_write(tree, path, why);
    if (!written)
        (void)fprintf(stderr, "%s: %s\n", PROGRAM, why);
    cJSON_Delete(tree);
    return written ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void print_views(const struct weft_top_options *options, struct weft_top_style style)
{
    static struct weft_top_view view;
    static char drawn[WEFT_TOP_DRAW_BYTES];
    struct weft_clock clock;
    bool first = true;

    weft_clock_init(&clock, 1);
    weft_clock_sleep(&clock, (weft_ns)options->interval_ms * WEFT_NS_PER_MS);
    (void)look(1, false);
    for (uint32_t i = 0; i < comm_count; i++) {
        const cJSON *before = answers[0][i];
        const cJSON *after = answers[1][i];
        struct weft_text text;

        if (before == NULL)
            continue;
        /* One that has ended since is shown as it was. */
        weft_top_view_read(&view, after == NULL ? NULL : before, after == NULL ? before : after);
        weft_text_init(&text, drawn, sizeof(drawn));
        weft_top_draw(&view, NULL, &style, &text);
        (void)printf("%s%s", first ? "" : "\n", drawn);
        first = false;
    }
}

static int show_once(const struct weft_top_options *options, struct weft_top_style style)
{
    int status = EXIT_SUCCESS;

    find(options);
    if (look(0, true) == 0) {
        /* Of comms that are there, and do not answer, all is said. */
        if (comm_count == 0 || options->port != 0)
            (void)fprintf(stderr, "%s: %s\n", PROGRAM, weft_top_nobody(options));
        return EXIT_FAILURE;
    }
    if (options->json_path != NULL)
        status = print_json(options->json_path);
    else
        print_views(options, style);
    for (uint32_t i = 0; i < comm_count; i++) {
        cJSON_Delete(answers[0][i]);
        cJSON_Delete(answers[1][i]);
    }
    return fflush(stdout) == 0 ? status : EXIT_FAILURE;
}

int main(int argc, char *argv[])
{
    struct weft_top_options options;
    struct weft_top_style style = {.width = WIDTH_PIPE};
    char why[WEFT_ARGS_WHY_BYTES];
    uint32_t rows;

    if (!weft_top_options_read(&options, argc, argv, why))
        weft_args_fail(PROGRAM, why);
    (void)setlocale(LC_CTYPE, "");
    style.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    style.colour = isatty(STDOUT_FILENO) != 0;
    if (style.colour)
        weft_top_terminal_size(&style.width, &rows);
    if (options.once || options.json_path != NULL || !weft_top_terminal_open()) {
        style.is_long = true;
        return show_once(&options, style);
    }
    weft_top_live(&options, style);
    weft_top_terminal_close();
    return EXIT_SUCCESS;
}
