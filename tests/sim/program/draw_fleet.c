/* The drawing of a fleet: its rows are listed first, then drawn one by one. */
#include "draw_fleet.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "canvas.h"
#include "core/result.h"

#define HALF (SIM_CANVAS_BAR / 2)

enum row_kind { ROW_HEADING, ROW_PROCESS, ROW_NIC, ROW_CALL, ROW_HOP, ROW_LANE, ROW_KINDS };

/* A row: of what, by number. */
struct row {
    enum row_kind kind;
    uint32_t of; /* a server, a link; of a heading: of all servers, it is that of the lanes */
    uint32_t number;
};

struct canvas {
    const struct sim_fleet *fleet;
    struct sim_canvas on;
    uint32_t row_count;
    struct row *rows;
};

static const char *const fault_colours[SIM_FAULT_ALL_KINDS] = {
    [SIM_FAULT_NIC_CUT] = "#ffc9c2",     [SIM_FAULT_NIC_SILENCE] = "#ffd9a8",
    [SIM_FAULT_NIC_DEGRADE] = "#fff0b8", [SIM_FAULT_NIC_REFUSE] = "#d5dcff",
    [SIM_FAULT_LANE_BREAK] = "#ffc9c2",  [SIM_FAULT_COPY_STALL] = "#f3c6ff",
    [SIM_FAULT_COPY_ERROR] = "#ff9f9f",  [SIM_FAULT_SERVER_STOP] = "#e2d4f5",
    [SIM_FAULT_SERVER_KILL] = "#c9c9c9",
};

#define CLOSED_COLOUR "#f6d5d0"
#define WORD_COLOUR   "#2f6fd0"

/* ---- rows ---- */

static void add_row(struct canvas *canvas, enum row_kind kind, uint32_t of, uint32_t number)
{
    canvas->rows = realloc(canvas->rows, (canvas->row_count + 1) * sizeof(canvas->rows[0]));
    weft_assert(canvas->rows != NULL);
    canvas->rows[canvas->row_count++] = (struct row){kind, of, number};
}

/* Which row a fault belongs to. */
static bool is_in_row(const struct canvas *canvas, const struct sim_fault *fault,
                      const struct row *row)
{
    const struct sim_fault_row *kind = sim_fault_row(fault->kind);
    uint32_t server = sim_fault_part(fault->target, 0);
    uint32_t number = sim_fault_part(fault->target, 1);
    const struct sim_link *link;

    if (!kind->is_drawn || kind->of == NULL || fault->at > canvas->fleet->now)
        return false;
    switch (row->kind) {
    case ROW_PROCESS:
        return kind->of[0] == 's' && server == row->of;
    case ROW_NIC:
        return kind->of[0] == 'n' && server == row->of && number == row->number;
    case ROW_HOP:
        return kind->of[0] == 'c' && server == row->of && number == row->number;
    case ROW_LANE:
        link = &canvas->fleet->links[row->of];
        return kind->of[0] == 'l' && sim_fault_part(fault->target, 2) == row->number &&
               ((link->server[0] == server && link->server[1] == number) ||
                (link->server[1] == server && link->server[0] == number));
    default:
        return false;
    }
}

static bool has_fault(const struct canvas *canvas, const struct row *row)
{
    const struct sim_faults *faults = &canvas->fleet->schedule.faults;

    for (uint32_t i = 0; i < faults->count; i++)
        if (is_in_row(canvas, &faults->faults[i], row))
            return true;
    return false;
}

static bool is_of_row(const struct sim_mark *mark, const struct row *row)
{
    if (row->kind == ROW_HOP)
        return mark->kind == SIM_ITEM_LOCAL && mark->server == row->of && mark->lane == row->number;
    return mark->kind != SIM_ITEM_LOCAL && mark->link == row->of && mark->lane == row->number;
}

static bool has_mark(const struct canvas *canvas, const struct row *row)
{
    const struct sim_fleet_record *record = canvas->fleet->record;

    for (uint32_t i = 0; i < record->count; i++)
        if (is_of_row(&record->marks[i], row))
            return true;
    for (uint32_t i = 0; row->kind == ROW_LANE && i < record->closure_count; i++)
        if (record->closures[i].link == row->of && record->closures[i].lane == row->number)
            return true;
    return false;
}

static bool is_begun(const struct sim_call *call)
{
    return call->state == SIM_CALL_ACTIVE || call->state == SIM_CALL_ENDED ||
           call->state == SIM_CALL_VOID;
}

static void find_rows_of_server(struct canvas *canvas, uint32_t index)
{
    const struct sim_fleet *fleet = canvas->fleet;
    const struct sim_server *server = &fleet->servers[index];

    add_row(canvas, ROW_HEADING, index, 0);
    if (has_fault(canvas, &(struct row){ROW_PROCESS, index, 0}))
        add_row(canvas, ROW_PROCESS, index, 0);
    for (uint32_t i = 0; i < server->nic_count; i++)
        if (has_fault(canvas, &(struct row){ROW_NIC, index, i}))
            add_row(canvas, ROW_NIC, index, i);
    for (uint32_t i = 0; i < fleet->call_count; i++)
        if (fleet->calls[i].server == index && is_begun(&fleet->calls[i]))
            add_row(canvas, ROW_CALL, index, i);
    for (uint32_t i = 0; i < server->world->hops.count; i++) {
        const struct row row = {ROW_HOP, index, i};

        if (has_mark(canvas, &row) || has_fault(canvas, &row))
            add_row(canvas, ROW_HOP, index, i);
    }
}

static void find_rows(struct canvas *canvas)
{
    const struct sim_fleet *fleet = canvas->fleet;

    for (uint32_t i = 0; i < fleet->server_count; i++)
        find_rows_of_server(canvas, i);
    add_row(canvas, ROW_HEADING, fleet->server_count, 0);
    for (uint32_t i = 0; i < fleet->link_count; i++)
        for (uint32_t lane = 0; lane < fleet->links[i].lane_count; lane++)
            if (has_mark(canvas, &(struct row){ROW_LANE, i, lane}))
                add_row(canvas, ROW_LANE, i, lane);
}

/* ---- time ---- */

/* A fault lasts until it is undone, until its time has passed, or until all is restored; one that
 * passes at once is an instant. */
static weft_ns fault_end(const struct sim_fleet *fleet, uint32_t index)
{
    const struct sim_faults *faults = &fleet->schedule.faults;
    const struct sim_fault *fault = &faults->faults[index];
    enum sim_fault_kind undo = sim_fault_row(fault->kind)->undo;

    if (fault->kind == SIM_FAULT_LANE_BREAK)
        return fault->at;
    if (fault->kind == SIM_FAULT_NIC_REFUSE)
        return fault->at + fault->argument;
    for (uint32_t i = index + 1; i < faults->count; i++)
        if (faults->faults[i].kind == undo && faults->faults[i].target == fault->target)
            return faults->faults[i].at;
    return fleet->healed_at;
}

static void find_instants(struct canvas *canvas)
{
    const struct sim_fleet *fleet = canvas->fleet;
    struct sim_timeline *time = &canvas->on.time;

    for (uint32_t i = 0; i < fleet->record->count; i++) {
        sim_timeline_add(time, fleet->record->marks[i].issued_at);
        sim_timeline_add(time, fleet->record->marks[i].started_at);
        sim_timeline_add(time, fleet->record->marks[i].ended_at);
    }
    for (uint32_t i = 0; i < fleet->record->closure_count; i++) {
        sim_timeline_add(time, fleet->record->closures[i].from);
        sim_timeline_add(time, fleet->record->closures[i].until);
    }
    for (uint32_t i = 0; i < fleet->schedule.faults.count; i++)
        if (fleet->schedule.faults.faults[i].at <= fleet->now)
            sim_timeline_add(time, fleet->schedule.faults.faults[i].at);
    for (uint32_t i = 0; i < fleet->call_count; i++)
        if (is_begun(&fleet->calls[i])) {
            sim_timeline_add(time, fleet->calls[i].submitted_at);
            if (fleet->calls[i].state != SIM_CALL_ACTIVE)
                sim_timeline_add(time, fleet->calls[i].ended_at);
        }
    sim_timeline_add(time, fleet->now);
    sim_canvas_lay_out(&canvas->on);
}

/* ---- drawing ---- */

static void put_label(struct canvas *canvas, const char *text)
{
    weft_svg_text(&canvas->on.svg, SIM_CANVAS_LEFT - 8, canvas->on.y + SIM_CANVAS_ROW - 5,
                  &sim_canvas_label, "%s", text);
}

static void put_word(struct canvas *canvas, weft_ns at, const char *word, uint64_t argument)
{
    int x = sim_timeline_place(&canvas->on.time, at) + 3;
    int y = canvas->on.y + SIM_CANVAS_ROW - 5;

    if (argument > 0)
        weft_svg_text(&canvas->on.svg, x, y, &sim_canvas_small, "%s %" PRIu64, word, argument);
    else
        weft_svg_text(&canvas->on.svg, x, y, &sim_canvas_small, "%s", word);
}

/* The row's faults: first their colours, under all else, then their words, above it. */
static void draw_faults(struct canvas *canvas, const struct row *row, bool are_words)
{
    const struct sim_faults *faults = &canvas->fleet->schedule.faults;

    for (uint32_t i = 0; i < faults->count; i++) {
        const struct sim_fault *fault = &faults->faults[i];

        if (!is_in_row(canvas, fault, row))
            continue;
        if (are_words) {
            put_word(canvas, fault->at, sim_fault_row(fault->kind)->name, fault->argument);
            continue;
        }
        sim_canvas_bar(&canvas->on, fault->at, fault_end(canvas->fleet, i), SIM_CANVAS_ROW,
                       fault_colours[fault->kind]);
        sim_canvas_bar(&canvas->on, fault->at, fault->at, SIM_CANVAS_ROW, "#880000");
    }
}

/* In the upper half of the row, or the lower. */
static void draw_half(struct canvas *canvas, weft_ns from, weft_ns until, uint32_t side, int height,
                      const char *colour)
{
    int move = side == 0 ? -HALF / 2 - 1 : HALF / 2 + 1;

    canvas->on.y += move;
    sim_canvas_bar(&canvas->on, from, until, height, colour);
    canvas->on.y -= move;
}

static void draw_mark(struct canvas *canvas, const struct sim_mark *mark)
{
    weft_ns until = weft_min(mark->ended_at, canvas->fleet->now);
    weft_ns started_at = weft_min(mark->started_at, until);
    bool is_word = mark->kind == SIM_ITEM_STORE || mark->kind == SIM_ITEM_FORWARD;
    const char *colour = sim_canvas_result_colour(mark->result);

    if ((is_word || mark->is_probe) && mark->result == weftSuccess)
        colour = WORD_COLOUR;
    if (mark->kind == SIM_ITEM_LOCAL) {
        sim_canvas_bar(&canvas->on, mark->issued_at, started_at, 2, "#777777");
        sim_canvas_bar(&canvas->on, started_at, until, mark->is_probe ? HALF : SIM_CANVAS_BAR,
                       colour);
        return;
    }
    draw_half(canvas, mark->issued_at, is_word ? until : started_at, mark->side, 2,
              is_word ? colour : "#777777");
    if (!is_word)
        draw_half(canvas, started_at, until, mark->side, mark->is_probe ? 3 : HALF, colour);
}

static void draw_marks(struct canvas *canvas, const struct row *row)
{
    const struct sim_fleet_record *record = canvas->fleet->record;

    for (uint32_t i = 0; i < record->count; i++)
        if (is_of_row(&record->marks[i], row))
            draw_mark(canvas, &record->marks[i]);
}

static void draw_closures(struct canvas *canvas, const struct row *row)
{
    const struct sim_fleet_record *record = canvas->fleet->record;

    for (uint32_t i = 0; i < record->closure_count; i++) {
        const struct sim_closure *closure = &record->closures[i];

        if (closure->link == row->of && closure->lane == row->number)
            draw_half(canvas, closure->from, weft_min(closure->until, canvas->fleet->now),
                      closure->side, HALF + 2, CLOSED_COLOUR);
    }
}

/* Where the caller's bytes lie: holder `number` of a server. */
static const char *holder_name(const struct canvas *canvas, uint32_t server, uint32_t number)
{
    const struct sim_server *entry = &canvas->fleet->servers[server];

    return entry->world->topo.devices[entry->holders[number]].name;
}

static void draw_call(struct canvas *canvas, uint32_t number)
{
    static const char *const kinds[SIM_CALL_KINDS] = {[SIM_CALL_PUT] = "put",
                                                      [SIM_CALL_GET] = "get",
                                                      [SIM_CALL_LOCAL] = "put inside",
                                                      [SIM_CALL_COPY] = "copy"};
    const struct sim_call *call = &canvas->fleet->calls[number];
    bool is_pulled = call->kind == SIM_CALL_GET || call->kind == SIM_CALL_COPY;
    bool is_pushed = call->kind == SIM_CALL_PUT || call->kind == SIM_CALL_COPY;
    uint32_t from = is_pulled ? call->peer : call->server;
    uint32_t to = is_pushed ? call->to : call->server;
    weftResult_t result = call->state == SIM_CALL_ENDED  ? call->result
                          : call->state == SIM_CALL_VOID ? weftCancelled
                                                         : weftInProgress;
    weft_ns until = call->state == SIM_CALL_ACTIVE ? canvas->fleet->now : call->ended_at;
    char size[WEFT_UNIT_BYTES];
    char text[128];

    weft_size_format(call->size_bytes, size);
    (void)snprintf(text, sizeof(text), "call %u  %s  %u:%s > %u:%s  %s%s", number,
                   kinds[call->kind], from, holder_name(canvas, from, call->src), to,
                   holder_name(canvas, to, call->dst), size, call->is_fenced ? "  fenced" : "");
    put_label(canvas, text);
    sim_canvas_bar(&canvas->on, call->submitted_at, until, SIM_CANVAS_BAR,
                   sim_canvas_result_colour(result));
    if (call->deadline_at <= until)
        sim_canvas_line(&canvas->on, sim_timeline_place(&canvas->on.time, call->deadline_at),
                        canvas->on.y, canvas->on.y + SIM_CANVAS_ROW, "#000000", false);
    if (call->state == SIM_CALL_VOID)
        put_word(canvas, until, "its process ended", 0);
    else if (result != weftSuccess)
        put_word(canvas, until, weft_result_name(result), 0);
}

static void draw_heading(struct canvas *canvas, uint32_t server)
{
    const struct sim_fleet *fleet = canvas->fleet;
    char text[128] = "lanes: the first server's sending above, the other's below";

    if (server < fleet->server_count)
        (void)snprintf(text, sizeof(text), "server %u: %.40s, %u NICs, life %u", server,
                       fleet->servers[server].world->topo.name, fleet->servers[server].nic_count,
                       fleet->servers[server].life);
    sim_canvas_heading(&canvas->on, text);
}

static void label_row(struct canvas *canvas, const struct row *row)
{
    char text[128] = "";

    if (row->kind == ROW_PROCESS) {
        (void)snprintf(text, sizeof(text), "server:%u  its process", row->of);
    } else if (row->kind == ROW_NIC) {
        (void)snprintf(text, sizeof(text), "nic:%u.%u", row->of, row->number);
    } else if (row->kind == ROW_HOP) {
        const struct sim_world *world = canvas->fleet->servers[row->of].world;
        const struct weft_hop *hop = &world->hops.hops[row->number];

        (void)snprintf(text, sizeof(text), "copy:%u.%u  %s > %s", row->of, row->number,
                       world->topo.devices[hop->src_device].name,
                       world->topo.devices[hop->dst_device].name);
    } else {
        const struct sim_link *link = &canvas->fleet->links[row->of];

        (void)snprintf(text, sizeof(text), "lane:%u.%u.%u  lives %u and %u", link->server[0],
                       link->server[1], row->number, link->life[0], link->life[1]);
    }
    put_label(canvas, text);
}

static void draw_row(struct canvas *canvas, const struct row *row)
{
    if (row->kind == ROW_HEADING) {
        draw_heading(canvas, row->of);
        return;
    }
    if (row->kind == ROW_CALL) {
        draw_call(canvas, row->number);
    } else {
        label_row(canvas, row);
        draw_faults(canvas, row, false);
        if (row->kind == ROW_LANE)
            draw_closures(canvas, row);
        if (row->kind == ROW_LANE || row->kind == ROW_HOP)
            draw_marks(canvas, row);
        draw_faults(canvas, row, true);
    }
    canvas->on.y += SIM_CANVAS_ROW;
}

static void draw_legend(struct canvas *canvas, int bottom)
{
    const struct sim_fleet *fleet = canvas->fleet;
    int x;

    weft_svg_text(&canvas->on.svg, 20, 26, &sim_canvas_title,
                  "seed %" PRIu64 ", %u servers, %u copies and words", fleet->schedule.seed,
                  fleet->server_count, fleet->record->count);
    x = sim_canvas_samples_of_ends(&canvas->on, 20);
    x = sim_canvas_sample(&canvas->on, x, WORD_COLOUR, "word, request, probe");
    x = sim_canvas_sample(&canvas->on, x, CLOSED_COLOUR, "given up");
    for (uint32_t i = SIM_FAULT_KINDS; i < SIM_FAULT_ALL_KINDS; i++)
        if (fault_colours[i] != NULL && i != SIM_FAULT_LANE_BREAK)
            x = sim_canvas_sample(&canvas->on, x, fault_colours[i],
                                  sim_fault_row((enum sim_fault_kind)i)->name);
    if (fleet->healed_at != WEFT_NEVER) {
        x = sim_timeline_place(&canvas->on.time, fleet->healed_at);
        sim_canvas_line(&canvas->on, x, SIM_CANVAS_TOP - 8, bottom, "#3a9d5d", true);
        weft_svg_text(&canvas->on.svg, x + 3, bottom, &sim_canvas_small, "all is restored");
    }
}

bool sim_draw_fleet(const struct sim_fleet *fleet, const char *path, char why[WEFT_WHY_BYTES])
{
    static struct canvas canvas;
    int height = SIM_CANVAS_TOP + SIM_CANVAS_ROW;
    bool is_good;

    memset(&canvas, 0, sizeof(canvas));
    canvas.fleet = fleet;
    canvas.on.y = SIM_CANVAS_TOP;
    find_rows(&canvas);
    find_instants(&canvas);
    for (uint32_t i = 0; i < canvas.row_count; i++)
        height += canvas.rows[i].kind == ROW_HEADING ? SIM_CANVAS_SECTION : SIM_CANVAS_ROW;
    is_good = weft_svg_open(&canvas.on.svg, path, SIM_CANVAS_WIDTH, height, why);
    if (is_good) {
        draw_legend(&canvas, height - SIM_CANVAS_ROW / 2);
        sim_canvas_axis(&canvas.on, height - SIM_CANVAS_ROW / 2);
        for (uint32_t i = 0; i < canvas.row_count; i++)
            draw_row(&canvas, &canvas.rows[i]);
        is_good = weft_svg_close(&canvas.on.svg, why);
    }
    sim_timeline_fini(&canvas.on.time);
    free(canvas.rows);
    return is_good;
}
