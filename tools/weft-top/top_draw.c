/* Lays a view out in lines; see top_draw.h. */
#include "top_draw.h"

#include <stdio.h>
#include <string.h>

#include "common/units.h"
#include "top_line.h"

/* From these widths on a table of paths has further columns. */
#define WIDTH_PLAN   96
#define WIDTH_CHUNKS 112

#define NAME_COLUMNS_MAX 44
#define BAR_COLUMNS_MAX  40
#define PATHS_SHORT      16 /* the fastest */
#define LINKS_SHORT      12 /* the fullest */

/* "12.3G", "456M", "7.89K": of 5 columns at most, binary. */
static void write_bytes(double bytes, char text[WEFT_UNIT_BYTES])
{
    static const char units[] = "BKMGTPE";
    uint32_t unit = 0;

    for (; bytes >= 999.5 && unit + 2 < sizeof(units); unit++)
        bytes /= 1024;
    if (unit == 0)
        (void)snprintf(text, WEFT_UNIT_BYTES, "%.0fB", bytes);
    else
        (void)snprintf(text, WEFT_UNIT_BYTES, "%.*f%c",
                       bytes < 9.995   ? 2
                       : bytes < 99.95 ? 1
                                       : 0,
                       bytes, units[unit]);
}

static enum weft_top_ink ink_of(const char *state)
{
    static const struct {
        const char *state;
        enum weft_top_ink ink;
    } known[] = {
        {"used", WEFT_TOP_GOOD},  {"up", WEFT_TOP_GOOD},       {"ready", WEFT_TOP_GOOD},
        {"trial", WEFT_TOP_WARN}, {"suspect", WEFT_TOP_WARN},  {"down", WEFT_TOP_BAD},
        {"gone", WEFT_TOP_BAD},   {"reaching", WEFT_TOP_WARN}, {"greeted", WEFT_TOP_WARN},
        {"idle", WEFT_TOP_DIM},   {"spare", WEFT_TOP_DIM},
    };

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(known); i++)
        if (strcmp(known[i].state, state) == 0)
            return known[i].ink;
    return WEFT_TOP_PLAIN;
}

/* Counts that should be 0 are bad news where they are not. */
static void add_bad_count(struct weft_top_line *line, const char *words, uint64_t count)
{
    weft_top_line_add(line, count == 0 ? WEFT_TOP_PLAIN : WEFT_TOP_BAD, "%llu %s",
                      (unsigned long long)count, words);
}

/* ---- the head ---- */

static void draw_head(const struct weft_top_view *view, struct weft_top_line *line)
{
    char uptime[WEFT_UNIT_BYTES];

    weft_time_format((weft_ns)view->uptime_ns, uptime);
    weft_top_line_add(line, WEFT_TOP_BOLD, "%s", view->program);
    weft_top_line_add(line, WEFT_TOP_PLAIN, "  process %u, comm %u, server %s, up %s", view->pid,
                      view->comm, view->server, uptime);
    weft_top_line_end(line);
    if (view->dilation > 0)
        weft_top_line_add(line, WEFT_TOP_WARN, "EMULATED %s, dilation %llu", view->machine,
                          (unsigned long long)view->dilation);
    else
        weft_top_line_add(line, WEFT_TOP_PLAIN, "machine %s", view->machine);
    weft_top_line_add(line, WEFT_TOP_PLAIN, "  %u GPUs, %u NICs, Weft %s%s", view->gpus, view->nics,
                      view->version,
                      view->dilation > 0 ? "; times and rates are the machine's own" : "");
    weft_top_line_end(line);
    weft_top_line_add(line, WEFT_TOP_PLAIN, "transfers: %llu asked, %llu live, %llu queued, ",
                      (unsigned long long)view->transfers, (unsigned long long)view->transfers_live,
                      (unsigned long long)view->transfers_queued);
    add_bad_count(line, "failed", view->transfers_failed);
    weft_top_line_add(line, WEFT_TOP_PLAIN, "   copies: %llu, %llu out, %llu refused",
                      (unsigned long long)view->copies, (unsigned long long)view->copies_out,
                      (unsigned long long)view->refused);
    weft_top_line_end(line);
    if (view->async_error[0] != '\0') {
        weft_top_line_add(line, WEFT_TOP_BAD, "the comm has failed: %s", view->async_error);
        weft_top_line_end(line);
    }
    if (view->last_error[0] != '\0') {
        weft_top_line_add(line, WEFT_TOP_BAD, "last error: ");
        weft_top_line_add(line, WEFT_TOP_PLAIN, "%s", view->last_error);
        weft_top_line_end(line);
    }
}

static void draw_rate(const struct weft_top_view *view, const struct weft_top_history *history,
                      struct weft_top_line *line)
{
    if (!view->has_rates) {
        weft_top_line_add(line, WEFT_TOP_DIM, "rates come with the next look");
        weft_top_line_end(line);
        return;
    }
    weft_top_line_add(line, WEFT_TOP_BOLD, "%.1f GB/s", view->now_gb_per_s);
    weft_top_line_add(line, WEFT_TOP_PLAIN, "  progress thread %.0f %% of a CPU ",
                      view->busy_percent);
    if (history != NULL)
        weft_top_line_spark(line, history, WEFT_TOP_HISTORY_MAX);
    weft_top_line_end(line);
}

/* ---- tables ---- */

/* What is left of a line for a bar behind `columns` columns; 0 for too little. */
static uint32_t bar_columns(const struct weft_top_line *line, uint32_t columns)
{
    uint32_t left = (uint32_t)weft_sub_sat(line->style->width, columns);

    return left < 6 ? 0 : (uint32_t)weft_min(left, BAR_COLUMNS_MAX);
}

static void write_name(const char *name, bool has_twin, const char *nics, char *text, size_t size)
{
    (void)snprintf(text, size, has_twin && nics[0] != '\0' ? "%s (%s)" : "%s", name, nics);
}

static void draw_title(struct weft_top_line *line, const char *text)
{
    weft_top_line_end(line);
    weft_top_line_add(line, WEFT_TOP_BOLD, "%s", text);
    weft_top_line_end(line);
}

static bool is_unwell(const char *state)
{
    enum weft_top_ink ink = ink_of(state);

    return ink == WEFT_TOP_BAD || ink == WEFT_TOP_WARN;
}

static void draw_hidden(struct weft_top_line *line, uint32_t count, const char *words)
{
    if (count == 0)
        return;
    weft_top_line_add(line, WEFT_TOP_DIM, "and %u %s ones", count, words);
    weft_top_line_end(line);
}

static int path_columns(const struct weft_top_view *view, uint32_t width)
{
    size_t most = 16;

    for (uint32_t i = 0; i < view->path_count; i++) {
        char name[256];

        write_name(view->paths[i].route, view->paths[i].has_twin, view->paths[i].nics, name,
                   sizeof(name));
        most = strlen(name) > most ? strlen(name) : most;
    }
    return (int)weft_min(most, width < WIDTH_PLAN ? 30 : NAME_COLUMNS_MAX);
}

static void draw_path(const struct weft_top_path *path, int name_columns, double most,
                      struct weft_top_line *line)
{
    char name[256];
    char moved[WEFT_UNIT_BYTES];

    write_name(path->route, path->has_twin, path->nics, name, sizeof(name));
    write_bytes(path->moved_bytes, moved);
    weft_top_line_add(line, WEFT_TOP_PLAIN, "%-*.*s  ", name_columns, name_columns, name);
    weft_top_line_add(line, ink_of(path->state), "%-7s", path->state);
    weft_top_line_add(line, WEFT_TOP_PLAIN, " %5.1f%% %8.1f", path->share_percent,
                      path->now_gb_per_s);
    if (line->style->width >= WIDTH_PLAN)
        weft_top_line_add(line, WEFT_TOP_PLAIN, " %8.1f %8.1f", path->plan_gb_per_s,
                          path->learned_gb_per_s);
    weft_top_line_add(line, WEFT_TOP_PLAIN, " %7s %4u", moved, path->chunks_out);
    if (line->style->width >= WIDTH_CHUNKS)
        weft_top_line_add(line, WEFT_TOP_PLAIN, " %8llu", (unsigned long long)path->chunks);
    weft_top_line_add(line, WEFT_TOP_PLAIN, " ");
    weft_top_line_bar(line, most <= 0 ? 0 : path->now_gb_per_s / most,
                      bar_columns(line, line->columns));
    weft_top_line_end(line);
}

static void draw_paths(const struct weft_top_view *view, struct weft_top_line *line)
{
    int name_columns = path_columns(view, line->style->width);
    char title[WEFT_TOP_WIDTH_MAX];
    uint32_t hidden = 0;

    if (view->path_count == 0)
        return;
    (void)snprintf(title, sizeof(title), "%-*s  %-7s %6s %8s%s %7s %4s%s", name_columns, "PATH",
                   "STATE", "SHARE", "GB/s",
                   line->style->width >= WIDTH_PLAN ? "     PLAN  LEARNED" : "", "MOVED", "OUT",
                   line->style->width >= WIDTH_CHUNKS ? "   CHUNKS" : "");
    draw_title(line, title);
    /* They are in order: the first is the fastest. */
    for (uint32_t i = 0; i < view->path_count; i++) {
        if (line->style->is_long || i < PATHS_SHORT || is_unwell(view->paths[i].state))
            draw_path(&view->paths[i], name_columns, view->paths[0].now_gb_per_s, line);
        else
            hidden++;
    }
    draw_hidden(line, hidden, "slower");
}

static void draw_links(const struct weft_top_view *view, struct weft_top_line *line)
{
    char title[WEFT_TOP_WIDTH_MAX];
    uint32_t shown =
        line->style->is_long ? view->link_count : (uint32_t)weft_min(view->link_count, LINKS_SHORT);

    if (view->link_count == 0)
        return;
    (void)snprintf(title, sizeof(title), "%-28s %8s %8s %5s", "LINK", "GB/s", "OF", "FULL");
    draw_title(line, title);
    for (uint32_t i = 0; i < shown; i++) {
        const struct weft_top_link *link = &view->links[i];
        double part = link->nominal_gb_per_s <= 0 ? 0 : link->now_gb_per_s / link->nominal_gb_per_s;
        char name[2 * WEFT_TOP_TEXT + 2];

        (void)snprintf(name, sizeof(name), "%s>%s", link->src, link->dst);
        weft_top_line_add(line, WEFT_TOP_PLAIN, "%-28.28s %8.1f %8.1f %4.0f%% ", name,
                          link->now_gb_per_s, link->nominal_gb_per_s, 100 * part);
        weft_top_line_bar(line, part, bar_columns(line, line->columns));
        weft_top_line_end(line);
    }
    draw_hidden(line, view->link_count - shown, "less full");
}

static void draw_lanes(const struct weft_top_view *view, struct weft_top_line *line)
{
    char title[WEFT_TOP_WIDTH_MAX];

    if (view->lane_count == 0)
        return;
    (void)snprintf(title, sizeof(title), "%-30s  %-7s %8s %8s %8s %4s", "LANE", "HEALTH", "GB/s",
                   "LEARNED", "NOMINAL", "OUT");
    draw_title(line, title);
    for (uint32_t i = 0; i < view->lane_count; i++) {
        const struct weft_top_lane *lane = &view->lanes[i];
        char name[256];

        write_name(lane->name, lane->has_twin, lane->nics, name, sizeof(name));
        weft_top_line_add(line, WEFT_TOP_PLAIN, "%-30.30s  ", name);
        weft_top_line_add(line, ink_of(lane->state), "%-7s", lane->state);
        weft_top_line_add(line, WEFT_TOP_PLAIN, " %8.1f %8.1f %8.1f %4u", lane->now_gb_per_s,
                          lane->learned_gb_per_s, lane->nominal_gb_per_s, lane->copies_out);
        if (lane->hangs)
            weft_top_line_add(line, WEFT_TOP_BAD, " hangs");
        if (strcmp(lane->state, "up") != 0) {
            char since[WEFT_UNIT_BYTES];

            weft_time_format((weft_ns)lane->since_ns, since);
            weft_top_line_add(line, WEFT_TOP_PLAIN, " for %s", since);
        }
        weft_top_line_end(line);
    }
}

/* ---- peers ---- */

static void draw_peer(const struct weft_top_peer *peer, struct weft_top_line *line)
{
    bool whole = peer->lanes_up == peer->lane_count;

    weft_top_line_add(line, WEFT_TOP_PLAIN, "%s ", peer->name);
    weft_top_line_add(line, ink_of(peer->state), "%s", peer->state);
    weft_top_line_add(line, whole ? WEFT_TOP_PLAIN : WEFT_TOP_WARN, ", %u of %u lanes up",
                      peer->lanes_up, peer->lane_count);
    weft_top_line_add(line, WEFT_TOP_PLAIN, ", %u relay slots lent on each device",
                      peer->lent_slots);
    if (peer->why[0] != '\0')
        weft_top_line_add(line, WEFT_TOP_WARN, ": %s", peer->why);
    weft_top_line_end(line);
    for (uint32_t i = 0; i < peer->lane_count; i++) {
        const struct weft_top_nic_pair *pair = &peer->lanes[i];
        char name[64];
        char sent[WEFT_UNIT_BYTES];
        char received[WEFT_UNIT_BYTES];

        (void)snprintf(name, sizeof(name), "nic%u to its nic%u", pair->nic, pair->peer_nic);
        write_bytes(pair->sent_bytes, sent);
        write_bytes(pair->received_bytes, received);
        weft_top_line_add(line, WEFT_TOP_PLAIN, "  %-22s ", name);
        weft_top_line_add(line, pair->is_up ? WEFT_TOP_GOOD : WEFT_TOP_BAD, "%-4s",
                          pair->is_up ? "up" : "down");
        weft_top_line_add(line, WEFT_TOP_PLAIN, " out %7.2f GB/s %7s   in %7.2f GB/s %7s",
                          pair->sent_gb_per_s, sent, pair->received_gb_per_s, received);
        weft_top_line_end(line);
    }
}

static void draw_net(const struct weft_top_view *view, struct weft_top_line *line)
{
    if (!view->has_net)
        return;
    draw_title(line, "PEERS");
    weft_top_line_add(line, WEFT_TOP_PLAIN, "%s: %llu connections accepted, ", view->transport,
                      (unsigned long long)view->accepted);
    add_bad_count(line, "strangers, ", view->strangers);
    add_bad_count(line, "wrong secrets, ", view->wrong_secrets);
    add_bad_count(line, "too slow, ", view->slow);
    add_bad_count(line, "writes refused, ", view->refused_writes);
    add_bad_count(line, "fences", view->fences);
    weft_top_line_end(line);
    for (uint32_t i = 0; i < view->peer_count; i++)
        draw_peer(&view->peers[i], line);
}

/* ---- all of it ---- */

void weft_top_draw(const struct weft_top_view *view, const struct weft_top_history *history,
                   const struct weft_top_style *style, struct weft_text *text)
{
    struct weft_top_line line = {.text = text, .style = style};

    draw_head(view, &line);
    draw_rate(view, history, &line);
    draw_paths(view, &line);
    draw_links(view, &line);
    draw_net(view, &line);
    draw_lanes(view, &line);
    if (view->relays[0] != '\0') {
        draw_title(&line, "RELAYS");
        weft_top_line_add(&line, WEFT_TOP_PLAIN, "slots used: %s", view->relays);
        weft_top_line_end(&line);
    }
}

void weft_top_history_add(struct weft_top_history *history, double gb_per_s)
{
    if (history->count == WEFT_TOP_HISTORY_MAX) {
        memmove(history->gb_per_s, history->gb_per_s + 1,
                (WEFT_TOP_HISTORY_MAX - 1) * sizeof(history->gb_per_s[0]));
        history->count--;
    }
    history->gb_per_s[history->count++] = gb_per_s;
}
