/* The drawing: one canvas, rows from top to bottom. */
#include "draw.h"

#include <inttypes.h>
#include <string.h>

#include "canvas.h"
#include "core/result.h"

/* A fault and what ends it. */
struct span {
    const struct sim_fault *fault;
    weft_ns until;
};

struct canvas {
    const struct sim_run *run;
    const struct sim_record *record;
    struct sim_canvas on;
    struct span spans[SIM_FAULTS_MAX];
    uint32_t span_count;
    bool has_link_row[WEFT_LINKS_MAX];
    bool has_lane_row[WEFT_HOPS_MAX];
};

static const char *const fault_colours[SIM_FAULT_KINDS] = {
    [SIM_FAULT_DEGRADE] = "#fff0b8", [SIM_FAULT_CUT] = "#ffc9c2",    [SIM_FAULT_HANG] = "#ffd9a8",
    [SIM_FAULT_RESTORE] = "none",    [SIM_FAULT_ANNOUNCE] = "none",  [SIM_FAULT_STALL] = "#f3c6ff",
    [SIM_FAULT_RESUME] = "none",     [SIM_FAULT_REFUSE] = "#d5dcff", [SIM_FAULT_FAIL] = "#ffb3c8",
    [SIM_FAULT_ERROR] = "#ff9f9f",   [SIM_FAULT_DELAY] = "#d4eef2",  [SIM_FAULT_LOAD] = "#e2f0cb",
};

/* A fault passes when it is undone, when its time has passed, or, one that counts copies, with the
 * run: which copies it took is seen from their colours. */
static weft_ns span_end(const struct sim_faults *faults, uint32_t index)
{
    const struct sim_fault *fault = &faults->faults[index];
    const struct sim_fault_row *row = sim_fault_row(fault->kind);

    if (fault->kind == SIM_FAULT_REFUSE)
        return fault->at + fault->argument;
    for (uint32_t i = index + 1; i < faults->count; i++) {
        const struct sim_fault *other = &faults->faults[i];
        const struct sim_fault_row *undo = sim_fault_row(other->kind);

        if (row->is_of_link && other->kind == SIM_FAULT_RESTORE &&
            other->target / 2 == fault->target / 2)
            return other->at;
        if (!row->is_of_link && !undo->is_of_link && other->kind == SIM_FAULT_RESUME &&
            other->target == fault->target)
            return other->at;
    }
    return WEFT_NEVER;
}

static void find_rows(struct canvas *canvas)
{
    const struct sim_faults *faults = &canvas->run->schedule.faults;

    for (uint32_t i = 0; i < faults->count; i++) {
        const struct sim_fault *fault = &faults->faults[i];

        if (!sim_fault_row(fault->kind)->is_drawn)
            continue;
        canvas->spans[canvas->span_count++] = (struct span){fault, span_end(faults, i)};
        if (sim_fault_row(fault->kind)->is_of_link)
            canvas->has_link_row[fault->target / 2 * 2] = true;
        else
            canvas->has_lane_row[fault->target] = true;
    }
    for (uint32_t i = 0; i < canvas->record->count; i++)
        canvas->has_lane_row[canvas->record->copies[i].hop] = true;
}

/* Instants at which something is seen. */
static void find_instants(struct canvas *canvas)
{
    const struct sim_run *run = canvas->run;

    for (uint32_t i = 0; i < canvas->record->count; i++) {
        sim_timeline_add(&canvas->on.time, canvas->record->copies[i].issued_at);
        sim_timeline_add(&canvas->on.time, canvas->record->copies[i].started_at);
        sim_timeline_add(&canvas->on.time, canvas->record->copies[i].ended_at);
    }
    for (uint32_t i = 0; i < canvas->span_count; i++)
        if (canvas->spans[i].fault->at <= run->now)
            sim_timeline_add(&canvas->on.time, canvas->spans[i].fault->at);
    for (uint32_t i = 0; i < run->next_op; i++)
        sim_timeline_add(&canvas->on.time, run->ops[i].ended_at);
    sim_timeline_add(&canvas->on.time, run->now);
    sim_canvas_lay_out(&canvas->on);
}

static uint32_t count_rows(const struct canvas *canvas)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < canvas->run->next_op; i++)
        count += canvas->run->ops[i].state != SIM_OP_WAITING;
    for (uint32_t i = 0; i < WEFT_LINKS_MAX; i++)
        count += canvas->has_link_row[i];
    for (uint32_t i = 0; i < WEFT_HOPS_MAX; i++)
        count += canvas->has_lane_row[i];
    return count;
}

static void draw_op(struct canvas *canvas, uint32_t number)
{
    const struct sim_run *run = canvas->run;
    const struct sim_op *op = &run->workload.ops[number];
    const struct sim_op_run *state = &run->ops[number];
    bool has_ended = state->state == SIM_OP_ENDED;
    weftResult_t result = has_ended ? state->result : weftInProgress;
    weft_ns until = has_ended ? state->ended_at : run->now;
    weft_ns active_at = weft_min(state->active_at, until);
    char size[WEFT_UNIT_BYTES];

    weft_size_format(op->size_bytes, size);
    weft_svg_text(&canvas->on.svg, SIM_CANVAS_LEFT - 8, canvas->on.y + SIM_CANVAS_ROW - 5,
                  &sim_canvas_label, "op %u  %s > %s  %s", number,
                  run->world.topo.devices[sim_run_device(run, op->src_window)].name,
                  run->world.topo.devices[sim_run_device(run, op->dst_window)].name, size);
    if (active_at > state->submitted_at)
        sim_canvas_bar(&canvas->on, state->submitted_at, active_at, SIM_CANVAS_BAR / 3, "#9db4d0");
    sim_canvas_bar(&canvas->on, active_at, until, SIM_CANVAS_BAR, sim_canvas_result_colour(result));
    if (state->deadline_at <= run->now)
        sim_canvas_line(&canvas->on, sim_timeline_place(&canvas->on.time, state->deadline_at),
                        canvas->on.y, canvas->on.y + SIM_CANVAS_ROW, "#000000", false);
    if (result != weftSuccess)
        weft_svg_text(&canvas->on.svg, sim_timeline_place(&canvas->on.time, until) + 4,
                      canvas->on.y + SIM_CANVAS_ROW - 5, &sim_canvas_small, "%s",
                      weft_result_name(result));
    canvas->on.y += SIM_CANVAS_ROW;
}

static void draw_span(struct canvas *canvas, const struct span *span, int height)
{
    sim_canvas_bar(&canvas->on, span->fault->at, span->until, height,
                   fault_colours[span->fault->kind]);
}

static void draw_link(struct canvas *canvas, uint32_t link)
{
    const struct weft_topo *topo = &canvas->run->world.topo;

    weft_svg_text(&canvas->on.svg, SIM_CANVAS_LEFT - 8, canvas->on.y + SIM_CANVAS_ROW - 5,
                  &sim_canvas_label, "link:%u  %s - %s", link,
                  topo->devices[topo->links[link].from].name,
                  topo->devices[topo->links[link].to].name);
    for (uint32_t i = 0; i < canvas->span_count; i++) {
        const struct span *span = &canvas->spans[i];

        if (!sim_fault_row(span->fault->kind)->is_of_link || span->fault->target / 2 * 2 != link)
            continue;
        draw_span(canvas, span, SIM_CANVAS_ROW);
        sim_canvas_bar(&canvas->on, span->fault->at, span->fault->at, SIM_CANVAS_ROW, "#880000");
        weft_svg_text(&canvas->on.svg, sim_timeline_place(&canvas->on.time, span->fault->at) + 3,
                      canvas->on.y + SIM_CANVAS_ROW - 5, &sim_canvas_small, "%s %" PRIu64,
                      sim_fault_row(span->fault->kind)->name, span->fault->argument);
    }
    canvas->on.y += SIM_CANVAS_ROW;
}

static bool is_of_hop(const struct sim_run *run, const struct sim_fault *fault, uint32_t hop)
{
    const struct weft_hop *h = sim_run_hop(run, hop);

    if (!sim_fault_row(fault->kind)->is_of_link)
        return fault->target == hop;
    for (uint32_t i = 0; i < h->link_count; i++)
        if (h->links[i] / 2 == fault->target / 2)
            return true;
    return false;
}

static void draw_copy(struct canvas *canvas, const struct sim_record_copy *copy)
{
    weft_ns until = copy->ended_at == WEFT_NEVER ? canvas->run->now : copy->ended_at;
    weft_ns started_at = copy->started_at == WEFT_NEVER ? until : copy->started_at;
    const char *colour = sim_canvas_result_colour(copy->result);

    sim_canvas_bar(&canvas->on, copy->issued_at, started_at, 2, "#777777");
    if (copy->is_probe && copy->result == weftSuccess)
        colour = "#2f6fd0";
    sim_canvas_bar(&canvas->on, started_at, until,
                   copy->is_probe ? SIM_CANVAS_BAR / 2 : SIM_CANVAS_BAR, colour);
}

static void draw_lane(struct canvas *canvas, uint32_t hop)
{
    const struct sim_run *run = canvas->run;
    const struct weft_hop *h = sim_run_hop(run, hop);

    weft_svg_text(&canvas->on.svg, SIM_CANVAS_LEFT - 8, canvas->on.y + SIM_CANVAS_ROW - 5,
                  &sim_canvas_label, "hop:%u  %s > %s", hop,
                  run->world.topo.devices[h->src_device].name,
                  run->world.topo.devices[h->dst_device].name);
    for (uint32_t i = 0; i < canvas->span_count; i++)
        if (is_of_hop(run, canvas->spans[i].fault, hop))
            draw_span(canvas, &canvas->spans[i], SIM_CANVAS_ROW);
    for (uint32_t i = 0; i < canvas->record->count; i++)
        if (canvas->record->copies[i].hop == hop)
            draw_copy(canvas, &canvas->record->copies[i]);
    for (uint32_t i = 0; i < canvas->span_count; i++)
        if (!sim_fault_row(canvas->spans[i].fault->kind)->is_of_link &&
            canvas->spans[i].fault->target == hop)
            weft_svg_text(&canvas->on.svg,
                          sim_timeline_place(&canvas->on.time, canvas->spans[i].fault->at) + 3,
                          canvas->on.y + SIM_CANVAS_ROW - 5, &sim_canvas_small, "%s %" PRIu64,
                          sim_fault_row(canvas->spans[i].fault->kind)->name,
                          canvas->spans[i].fault->argument);
    canvas->on.y += SIM_CANVAS_ROW;
}

static void draw_legend(struct canvas *canvas)
{
    int x = 20;

    weft_svg_text(&canvas->on.svg, 20, 26, &sim_canvas_title, "seed %" PRIu64 " on %s, %u copies%s",
                  canvas->run->schedule.seed, canvas->run->world.topo.name, canvas->record->count,
                  canvas->run->world.is_quiet ? ", undisturbed" : "");
    x = sim_canvas_samples_of_ends(&canvas->on, x);
    x = sim_canvas_sample(&canvas->on, x, "#2f6fd0", "probe");
    for (uint32_t i = 0; i < SIM_FAULT_KINDS; i++)
        if (sim_fault_row((enum sim_fault_kind)i)->is_drawn)
            x = sim_canvas_sample(&canvas->on, x, fault_colours[i],
                                  sim_fault_row((enum sim_fault_kind)i)->name);
}

static void draw_rows(struct canvas *canvas)
{
    sim_canvas_heading(&canvas->on, "transfers (black: deadline)");
    for (uint32_t i = 0; i < canvas->run->next_op; i++)
        if (canvas->run->ops[i].state != SIM_OP_WAITING &&
            !canvas->run->workload.ops[i].is_left_out)
            draw_op(canvas, i);
    sim_canvas_heading(&canvas->on, "faults of links");
    for (uint32_t i = 0; i < WEFT_LINKS_MAX; i++)
        if (canvas->has_link_row[i])
            draw_link(canvas, i);
    sim_canvas_heading(&canvas->on, "lanes and their copies (thin: queued)");
    for (uint32_t i = 0; i < WEFT_HOPS_MAX; i++)
        if (canvas->has_lane_row[i])
            draw_lane(canvas, i);
}

bool sim_draw(const struct sim_run *run, const struct sim_record *record, const char *path,
              char why[WEFT_WHY_BYTES])
{
    static struct canvas canvas;
    int height;

    memset(&canvas, 0, sizeof(canvas));
    canvas.run = run;
    canvas.record = record;
    canvas.on.y = SIM_CANVAS_TOP;
    find_rows(&canvas);
    find_instants(&canvas);
    height = SIM_CANVAS_TOP + 3 * SIM_CANVAS_SECTION + (int)count_rows(&canvas) * SIM_CANVAS_ROW +
             SIM_CANVAS_ROW;
    if (!weft_svg_open(&canvas.on.svg, path, SIM_CANVAS_WIDTH, height, why)) {
        sim_timeline_fini(&canvas.on.time);
        return false;
    }
    draw_legend(&canvas);
    sim_canvas_axis(&canvas.on, height - SIM_CANVAS_ROW / 2);
    draw_rows(&canvas);
    sim_timeline_fini(&canvas.on.time);
    return weft_svg_close(&canvas.on.svg, why);
}
