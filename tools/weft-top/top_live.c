/* Looks, draws, and waits for keys in turn; see top_live.h. */
#include "top_live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/clock.h"
#include "top_ask.h"
#include "top_terminal.h"

#define ASK_MS 700

struct live {
    const struct weft_top_options *options;
    struct weft_top_style style;
    struct weft_top_comm comms[WEFT_TOP_COMMS_MAX];
    uint32_t comm_count;
    struct weft_top_comm chosen;
    uint32_t chosen_index; /* in comms */
    bool is_pinned;        /* by a key; else one that has done nothing gives way to one that has */
    bool has_view;
    bool is_paused;
    uint32_t scroll;
    cJSON *last; /* what the chosen comm said last */
    char why[WEFT_WHY_BYTES];
    struct weft_top_view view;
    struct weft_top_history history;
    char text[WEFT_TOP_DRAW_BYTES];
};

const char *weft_top_nobody(const struct weft_top_options *options)
{
    static char text[256];

    if (options->port != 0)
        (void)snprintf(text, sizeof(text),
                       "nothing answers on port %u of 127.0.0.1; start the program with "
                       "WEFT_STATUS=%u",
                       options->port, options->port);
    else if (options->pid != 0)
        (void)snprintf(text, sizeof(text),
                       "process %u has no comm that shows its status to you; start it with "
                       "WEFT_STATUS=on",
                       options->pid);
    else
        (void)snprintf(text, sizeof(text),
                       "no comm on this computer shows its status to you; start the program with "
                       "WEFT_STATUS=on, or set the setting status of its config");
    return text;
}

static void forget(struct live *live)
{
    cJSON_Delete(live->last);
    live->last = NULL;
    live->history.count = 0;
    live->scroll = 0;
}

/* The chosen comm by the table of now; the first one, or the one that stands in its place, where it
 * is gone. */
static void choose(struct live *live, uint32_t index)
{
    if (live->comm_count == 0)
        return;
    live->chosen_index = index % live->comm_count;
    if (strcmp(live->chosen.name, live->comms[live->chosen_index].name) == 0 && live->has_view)
        return;
    forget(live);
    live->chosen = live->comms[live->chosen_index];
}

static void find(struct live *live)
{
    if (live->options->port != 0) {
        live->comms[0].port = live->options->port;
        live->comm_count = 1;
        live->chosen = live->comms[0];
        return;
    }
    live->comm_count = weft_top_find_here(live->options->pid, live->comms);
    for (uint32_t i = 0; i < live->comm_count; i++) {
        if (strcmp(live->comms[i].name, live->chosen.name) == 0) {
            live->chosen_index = i;
            return;
        }
    }
    choose(live, live->chosen_index);
}

/* Many programs have comms that only look: the one that has done most is shown. */
static void choose_busiest(struct live *live)
{
    double most = -1;
    uint32_t busiest = 0;

    for (uint32_t i = 0; i < live->comm_count && live->comm_count > 1; i++) {
        cJSON *tree = weft_top_ask(&live->comms[i], ASK_MS, live->why);
        double copies = weft_json_number(tree, "copies", -1);

        cJSON_Delete(tree);
        if (copies > most || (copies == most && i == live->chosen_index)) {
            most = copies;
            busiest = i;
        }
    }
    choose(live, busiest);
}

static void look(struct live *live)
{
    cJSON *tree;

    find(live);
    if (!live->has_view || (!live->is_pinned && live->view.copies == 0))
        choose_busiest(live);
    if (live->comm_count == 0) {
        (void)snprintf(live->why, sizeof(live->why), "%s", weft_top_nobody(live->options));
        return;
    }
    tree = weft_top_ask(&live->chosen, ASK_MS, live->why);
    if (tree == NULL)
        return;
    live->why[0] = '\0';
    weft_top_view_read(&live->view, live->last, tree);
    if (live->view.has_rates)
        weft_top_history_add(&live->history, live->view.now_gb_per_s);
    cJSON_Delete(live->last);
    live->last = tree;
    live->has_view = true;
}

static uint32_t count_lines(const char *text)
{
    uint32_t count = 0;

    for (; *text != '\0'; text++)
        count += *text == '\n';
    return count;
}

static void draw(struct live *live)
{
    struct weft_text text;
    char foot[WEFT_TOP_WIDTH_MAX];
    char which[64] = "";
    uint32_t rows;
    uint32_t lines;

    weft_top_terminal_size(&live->style.width, &rows);
    live->style.width =
        (uint32_t)weft_min(weft_max(live->style.width, WEFT_TOP_WIDTH_MIN), WEFT_TOP_WIDTH_MAX);
    weft_text_init(&text, live->text, sizeof(live->text));
    if (live->has_view)
        weft_top_draw(&live->view, &live->history, &live->style, &text);
    else
        weft_text_add(&text, live->why[0] == '\0' ? "looking ...\n" : live->why);
    lines = count_lines(live->text);
    live->scroll = (uint32_t)weft_min(live->scroll, weft_sub_sat(lines + 1, rows));
    if (live->comm_count > 1)
        (void)snprintf(which, sizeof(which), "comm %u of %u (Tab)  ", live->chosen_index + 1,
                       live->comm_count);
    (void)snprintf(foot, sizeof(foot), " %s%sq quit  p pause%s  %s%.200s", which,
                   live->is_paused ? "PAUSED  " : "", lines >= rows ? "  up/down scroll" : "",
                   live->has_view && live->why[0] != '\0' ? "not live: " : "",
                   live->has_view ? live->why : "");
    weft_top_terminal_show(live->text, live->scroll, foot);
}

/* True for what ends the wait. */
static bool act(struct live *live, enum weft_top_key key)
{
    switch (key) {
    case WEFT_TOP_KEY_PAUSE:
        live->is_paused = !live->is_paused;
        return !live->is_paused;
    case WEFT_TOP_KEY_NEXT:
        live->is_pinned = true;
        choose(live, live->chosen_index + 1);
        return true;
    case WEFT_TOP_KEY_PREVIOUS:
        live->is_pinned = true;
        choose(live, live->chosen_index + live->comm_count - 1);
        return true;
    case WEFT_TOP_KEY_UP:
        live->scroll -= live->scroll > 0;
        return false;
    case WEFT_TOP_KEY_DOWN:
        live->scroll++;
        return false;
    default:
        return false;
    }
}

void weft_top_live(const struct weft_top_options *options, struct weft_top_style style)
{
    static struct live live;
    enum weft_top_key key = WEFT_TOP_KEY_NONE;
    struct weft_clock clock;

    live.options = options;
    live.style = style;
    while (key != WEFT_TOP_KEY_QUIT) {
        bool done = false;

        weft_clock_init(&clock, 1);
        if (!live.is_paused || !live.has_view)
            look(&live);
        draw(&live);
        while (!done && key != WEFT_TOP_KEY_QUIT) {
            uint64_t passed_ms = weft_clock_now(&clock) / WEFT_NS_PER_MS;

            if (passed_ms >= options->interval_ms)
                break;
            key = weft_top_terminal_key((uint32_t)(options->interval_ms - passed_ms));
            done = act(&live, key);
            draw(&live);
        }
    }
    forget(&live);
}
