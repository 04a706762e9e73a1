/* Places and lines of a picture: one pass over the CPUs from left to right. */
#include "layout.h"

#include <string.h>

#define MARGIN       36
#define SOCKET_GAP   84
#define COLUMN_GAP   14
#define MEMORY_WIDTH 190
#define MEMORY_SIZE  46
#define CPU_Y        206
#define CPU_SIZE     40
#define SWITCH_Y     316
#define SWITCH_SIZE  32
#define SWITCH_STEP  60 /* between a switch and one below it */
#define STACK_Y      24 /* below the switch */
#define STACK_STEP   34
#define STACK_SIZE   26
#define STACK_WIDTH  84
#define STACK_GAP    22 /* for the lines to it */
#define GPU_WIDTH    92
#define GPU_SIZE     58
#define GPU_GAP      10
#define GPU_Y_LEAST  450
#define BAND_GAP     74
#define BAND_SIZE    34
#define NET_STUB     14
#define ARC_STEP     15 /* between lines over CPUs */
#define BOW_STEP     15 /* between lines under GPUs, with their labels */
#define RANKS_MAX    4  /* heights between a CPU and its memory */
#define MEMORY_ASIDE 14

struct layouter {
    struct weft_layout *layout;
    const struct weft_topo *topo;
    int x;       /* where the next column begins */
    int stack_y; /* the lowest end of a stack */
};

/* The switch or CPU that a device hangs on; WEFT_NONE for CPUs and what has no such link. */
static uint32_t parent_of(const struct weft_topo *topo, uint32_t device)
{
    if (topo->devices[device].kind == weftDeviceCpu)
        return WEFT_NONE;
    for (uint32_t i = 0; i < topo->link_count; i++) {
        const struct weft_link *link = &topo->links[i];
        weftDeviceKind_t above = topo->devices[link->to].kind;

        if (link->from != device || (link->kind != WEFT_LINK_PCI && link->kind != WEFT_LINK_DISK &&
                                     link->kind != WEFT_LINK_C2C))
            continue;
        if (above == weftDeviceCpu)
            return link->to;
        if (above == weftDeviceSwitch &&
            (topo->devices[device].kind != weftDeviceSwitch || link->to < device))
            return link->to;
    }
    return WEFT_NONE;
}

static bool hangs_on(const struct weft_topo *topo, uint32_t device, weftDeviceKind_t kind,
                     uint32_t parent)
{
    return topo->devices[device].kind == kind && parent_of(topo, device) == parent;
}

static void put(struct weft_layout *layout, uint32_t device, int x, int y, int width, int height)
{
    layout->places[device] = (struct weft_place){x, y, width, height};
}

/* The GPUs, NICs and SSDs of a switch or CPU from `x` on; the width that they take. GPUs get their
 * height when all stacks are known. */
static int put_leaves(struct layouter *layouter, uint32_t parent, int x, int y)
{
    const struct weft_topo *topo = layouter->topo;
    int left = x;
    int stacked = 0;

    for (uint32_t i = 0; i < topo->device_count; i++)
        if (hangs_on(topo, i, weftDeviceGpu, parent)) {
            put(layouter->layout, i, x, 0, GPU_WIDTH, GPU_SIZE);
            x += GPU_WIDTH + GPU_GAP;
        }
    for (uint32_t i = 0; i < topo->device_count; i++) {
        if (!hangs_on(topo, i, weftDeviceNic, parent) && !hangs_on(topo, i, weftDeviceSsd, parent))
            continue;
        put(layouter->layout, i, x + STACK_GAP, y + STACK_Y + stacked * STACK_STEP, STACK_WIDTH,
            STACK_SIZE);
        stacked++;
    }
    if (y + STACK_Y + stacked * STACK_STEP > layouter->stack_y)
        layouter->stack_y = y + STACK_Y + stacked * STACK_STEP;
    if (stacked > 0)
        x += STACK_GAP + STACK_WIDTH + NET_STUB + GPU_GAP;
    return x > left ? x - GPU_GAP - left : 0;
}

static void put_switches(struct layouter *layouter, uint32_t parent, int y);

/* A switch over its leaves, then the switches below it to its right. */
static void put_switch(struct layouter *layouter, uint32_t device, int y)
{
    int width = put_leaves(layouter, device, layouter->x, y + SWITCH_SIZE);

    if (width < GPU_WIDTH)
        width = GPU_WIDTH;
    put(layouter->layout, device, layouter->x, y, width, SWITCH_SIZE);
    layouter->x += width + COLUMN_GAP;
    put_switches(layouter, device, y + SWITCH_STEP);
}

/* A switch hangs on an earlier one, so this ends. */
static void put_switches(struct layouter *layouter, uint32_t parent, int y)
{
    for (uint32_t i = 0; i < layouter->topo->device_count; i++)
        if (hangs_on(layouter->topo, i, weftDeviceSwitch, parent))
            put_switch(layouter, i, y);
}

static void put_memory(struct layouter *layouter, uint32_t cpu)
{
    const struct weft_topo *topo = layouter->topo;
    const struct weft_place *below = &layouter->layout->places[cpu];

    for (uint32_t i = 0; i < topo->link_count; i++)
        if (topo->links[i].kind == WEFT_LINK_MEM && topo->links[i].to == cpu)
            put(layouter->layout, topo->links[i].from, below->x + (below->width - MEMORY_WIDTH) / 2,
                WEFT_MEMORY_END - MEMORY_SIZE, MEMORY_WIDTH, MEMORY_SIZE);
}

static void put_cpu(struct layouter *layouter, uint32_t cpu)
{
    int left = layouter->x;
    int direct;

    put_switches(layouter, cpu, SWITCH_Y);
    direct = put_leaves(layouter, cpu, layouter->x, CPU_Y + CPU_SIZE + STACK_Y);
    layouter->x += direct > 0 ? direct + COLUMN_GAP : 0;
    if (layouter->x < left + MEMORY_WIDTH + COLUMN_GAP)
        layouter->x = left + MEMORY_WIDTH + COLUMN_GAP;
    put(layouter->layout, cpu, left, CPU_Y, layouter->x - COLUMN_GAP - left, CPU_SIZE);
    put_memory(layouter, cpu);
    layouter->x += SOCKET_GAP - COLUMN_GAP;
}

/* How many pairs of GPUs are joined without a switch. */
static int direct_count(const struct weft_topo *topo)
{
    int count = 0;

    for (uint32_t i = 0; i < topo->link_count; i++) {
        const struct weft_link *link = &topo->links[i];

        count += link->kind == WEFT_LINK_NVL && link->from < link->to &&
                 topo->devices[link->from].kind == topo->devices[link->to].kind;
    }
    return count;
}

void weft_layout_make(struct weft_layout *layout, const struct weft_topo *topo)
{
    struct layouter layouter = {.layout = layout, .topo = topo, .x = MARGIN};
    uint32_t nvswitch = weft_topo_find(topo, "nvswitch0");
    int gpu_y;

    memset(layout, 0, sizeof(*layout));
    for (uint32_t i = 0; i < topo->device_count; i++)
        if (topo->devices[i].kind == weftDeviceCpu)
            put_cpu(&layouter, i);
    layout->width = layouter.x - SOCKET_GAP + MARGIN;
    gpu_y = layouter.stack_y + STACK_Y;
    if (gpu_y < GPU_Y_LEAST)
        gpu_y = GPU_Y_LEAST;
    for (uint32_t i = 0; i < topo->device_count; i++)
        if (topo->devices[i].kind == weftDeviceGpu)
            layout->places[i].y = gpu_y;
    layout->height = gpu_y + GPU_SIZE + direct_count(topo) * BOW_STEP + STACK_Y;
    if (nvswitch != WEFT_NONE) {
        put(layout, nvswitch, MARGIN, layout->height - STACK_Y + BAND_GAP,
            layout->width - 2 * MARGIN, BAND_SIZE);
        layout->height += BAND_GAP + BAND_SIZE;
    }
}

static void corner(struct weft_line *line, int x, int y)
{
    line->x[line->corner_count] = x;
    line->y[line->corner_count] = y;
    line->corner_count++;
}

static int middle_of(const struct weft_place *place)
{
    return place->x + place->width / 2;
}

static bool runs_around(const struct weft_topo *topo, uint32_t link)
{
    const struct weft_link *l = &topo->links[link];
    uint32_t apart = l->from > l->to ? l->from - l->to : l->to - l->from;
    weftDeviceKind_t kind = topo->devices[l->from].kind;

    return kind == topo->devices[l->to].kind && (kind != weftDeviceCpu || apart > 1);
}

/* The number of a link among those of its kind that run around others: each has its own height. */
static int rank_across(const struct weft_topo *topo, uint32_t link)
{
    uint32_t first = (uint32_t)weft_min(link, topo->links[link].reverse);
    int rank = 0;

    for (uint32_t i = 0; i < first; i++)
        rank += topo->links[i].kind == topo->links[link].kind && topo->links[i].reverse > i &&
                runs_around(topo, i);
    return rank;
}

/* Two of the same row: straight between neighbouring CPUs, else over the CPUs or under the GPUs. */
static void line_across(const struct weft_layout *layout, const struct weft_topo *topo,
                        uint32_t link, struct weft_line *line)
{
    const struct weft_place *from = &layout->places[topo->links[link].from];
    const struct weft_place *to = &layout->places[topo->links[link].to];
    bool cpus = topo->devices[topo->links[link].from].kind == weftDeviceCpu;
    bool rightwards = to->x > from->x;
    int rank = rank_across(topo, link);
    int aside = cpus ? -MEMORY_ASIDE - rank % RANKS_MAX * ARC_STEP
                     : (rank % RANKS_MAX - RANKS_MAX / 2) * ARC_STEP;
    int edge = cpus ? from->y : from->y + from->height;
    int y = cpus ? edge - (1 + rank % RANKS_MAX) * ARC_STEP : edge + (1 + rank) * BOW_STEP;

    if (!runs_around(topo, link)) {
        corner(line, rightwards ? from->x + from->width : from->x, from->y + CPU_SIZE / 2);
        corner(line, rightwards ? to->x : to->x + to->width, to->y + CPU_SIZE / 2);
        return;
    }
    corner(line, middle_of(from) + aside, edge);
    corner(line, middle_of(from) + aside, y);
    corner(line, middle_of(to) + aside, y);
    corner(line, middle_of(to) + aside, edge);
}

/* From a device up to what it hangs on. */
static void line_up(const struct weft_layout *layout, const struct weft_topo *topo, uint32_t device,
                    uint32_t parent, struct weft_line *line)
{
    const struct weft_place *below = &layout->places[device];
    const struct weft_place *above = &layout->places[parent];
    weftDeviceKind_t kind = topo->devices[device].kind;
    int x = middle_of(below);

    if (kind == weftDeviceNic || kind == weftDeviceSsd) {
        corner(line, below->x, below->y + below->height / 2);
        corner(line, below->x - STACK_GAP / 2, below->y + below->height / 2);
        corner(line, below->x - STACK_GAP / 2, above->y + above->height);
        return;
    }
    corner(line, x, below->y);
    if (x >= above->x && x <= above->x + above->width) {
        corner(line, x, above->y + above->height);
        return;
    }
    /* A switch below a switch stands to its right. */
    corner(line, x, above->y + above->height / 2);
    corner(line, above->x + above->width, above->y + above->height / 2);
}

static void turn(struct weft_line *line)
{
    for (uint32_t i = 0; i < line->corner_count / 2; i++) {
        uint32_t other = line->corner_count - 1 - i;
        int x = line->x[i];
        int y = line->y[i];

        line->x[i] = line->x[other];
        line->y[i] = line->y[other];
        line->x[other] = x;
        line->y[other] = y;
    }
}

void weft_layout_line(const struct weft_layout *layout, const struct weft_topo *topo, uint32_t link,
                      struct weft_line *line)
{
    const struct weft_link *l = &topo->links[link];
    const struct weft_place *from = &layout->places[l->from];
    const struct weft_place *to = &layout->places[l->to];

    memset(line, 0, sizeof(*line));
    if (from->width == 0 || to->width == 0) {
        /* The network is no box: its links are stubs. */
        if (l->kind != WEFT_LINK_NET || from->width == 0)
            return;
        corner(line, from->x + from->width, from->y + from->height / 2);
        corner(line, from->x + from->width + NET_STUB, from->y + from->height / 2);
        return;
    }
    if (from->y == to->y) {
        line_across(layout, topo, link, line);
        return;
    }
    if (from->y < to->y) {
        weft_layout_line(layout, topo, l->reverse, line);
        turn(line);
        return;
    }
    if (topo->devices[l->from].kind == weftDeviceSwitch && l->kind == WEFT_LINK_NVL) {
        corner(line, middle_of(to), from->y);
        corner(line, middle_of(to), to->y + to->height);
        return;
    }
    line_up(layout, topo, l->from, l->to, line);
}
