/* Draws a layout: links first, boxes over them, then what a reader needs to understand it.
 *
 * Without a plan each link has the colour of its kind and its rate. With one, the links are grey
 * and those that carry something have the colour of their route, as wide as what they carry. */
#include "picture.h"

#include <stdio.h>
#include <string.h>

#include "common/svg.h"
#include "common/units.h"
#include "layout.h"

#define INK         "#1f2933"
#define FAINT       "#6b7780"
#define IDLE        "#c3cad0"
#define SHARED      "#37414a" /* a link that several routes cross */
#define LABEL_SIZE  12
#define ROW_SIZE    20
#define LEGEND_LEFT 36
#define ARROW_SIZE  9
#define PATH_BYTES  256
#define LABEL_BYTES 32

static const char *const route_colours[] = {"#d1495b", "#2e7dd1", "#2a9d5c", "#e08e1b", "#8e5bc0",
                                            "#14929c", "#b5487f", "#7a8a1e", "#5560c9", "#a3612b"};

static const struct {
    const char *colour;
    const char *words;
} kinds[WEFT_LINK_KINDS] = {
    [WEFT_LINK_NVL] = {"#5f9e0f", "NVLink"}, [WEFT_LINK_C2C] = {"#14929c", "NVLink C2C"},
    [WEFT_LINK_PCI] = {"#3d78c4", "PCIe"},   [WEFT_LINK_SYS] = {"#a0549c", "between sockets"},
    [WEFT_LINK_MEM] = {"#d9822b", "memory"}, [WEFT_LINK_NET] = {"#8b6b4f", "network"},
    [WEFT_LINK_DISK] = {"#7c868e", "SSD"},
};

static const struct {
    const char *fill;
    const char *edge;
} boxes[weftNumDeviceKinds] = {
    [weftDeviceGpu] = {"#eaf4dc", "#5f9e0f"}, [weftDeviceDram] = {"#fdf0e0", "#d9822b"},
    [weftDeviceSsd] = {"#f1f3f4", "#9aa4ab"}, [weftDeviceNic] = {"#f5eee7", "#8b6b4f"},
    [weftDeviceCpu] = {"#f2e8f1", "#a0549c"}, [weftDeviceSwitch] = {"#e6eff9", "#3d78c4"},
};

struct picture {
    struct weft_svg svg;
    const struct weft_topo *topo;
    const struct weft_topo_plan *plan; /* NULL: none */
    struct weft_layout layout;
};

/* The width of a line in tenths: the root of its rate, so that 800 GB/s still fits. */
static int line_width(uint64_t rate_bytes_per_us)
{
    int width = 12;

    while (width < 160 && (uint64_t)width * (uint64_t)width * 40 < rate_bytes_per_us)
        width++;
    return width;
}

/* "55.4", "14/7" where the directions differ, "191". */
static void rate_label(const struct weft_topo *topo, uint32_t link, char label[LABEL_BYTES])
{
    uint64_t out = topo->links[link].rate_bytes_per_us;
    uint64_t in = topo->links[topo->links[link].reverse].rate_bytes_per_us;
    uint64_t high = weft_max(out, in);
    uint64_t low = weft_min(out, in);

    if (high - low > high / 20)
        (void)snprintf(label, LABEL_BYTES, "%.0f/%.0f", (double)out / 1000, (double)in / 1000);
    else if (high % 1000 == 0 || high >= 100000)
        (void)snprintf(label, LABEL_BYTES, "%.0f", (double)high / 1000);
    else
        (void)snprintf(label, LABEL_BYTES, "%.1f", (double)high / 1000);
}

static void path_of(const struct weft_line *line, char path[PATH_BYTES])
{
    int used = 0;

    for (uint32_t i = 0; i < line->corner_count && used < PATH_BYTES; i++)
        used += snprintf(path + used, (size_t)(PATH_BYTES - used), "%s%d %d", i == 0 ? "M " : " L ",
                         line->x[i], line->y[i]);
}

/* The place of a line's label: the middle of its longest piece. On a line around others it is the
 * first quarter, since their middles lie on one another. */
static void label_place(const struct weft_line *line, int width_tenths, int *x, int *y)
{
    int beside = 5 + width_tenths / 14;
    int longest = -1;

    for (uint32_t i = 0; i + 1 < line->corner_count; i++) {
        int across = line->x[i + 1] - line->x[i];
        int down = line->y[i + 1] - line->y[i];
        int length = (across < 0 ? -across : across) + (down < 0 ? -down : down);

        if (length <= longest)
            continue;
        longest = length;
        *x = line->x[i] + across / (line->corner_count == WEFT_CORNERS_MAX ? 4 : 2) +
             (across == 0 ? beside : 0);
        *y = line->y[i] + down / 2 + (across == 0 ? 4 : -beside);
    }
}

static void draw_label(struct picture *picture, const struct weft_line *line, int width_tenths,
                       const char *label, const char *colour, bool bold)
{
    const struct weft_svg_text style = {LABEL_SIZE, WEFT_SVG_START, bold, true, colour};
    const struct weft_svg_text centred = {LABEL_SIZE, WEFT_SVG_MIDDLE, bold, true, colour};
    bool level = line->y[0] == line->y[line->corner_count - 1] && line->corner_count == 2;
    int x = 0;
    int y = 0;

    label_place(line, width_tenths, &x, &y);
    /* The lower half of a memory's line is where lines between CPUs cross it. */
    if (line->y[0] == WEFT_MEMORY_END || line->y[line->corner_count - 1] == WEFT_MEMORY_END)
        y = WEFT_MEMORY_END + LABEL_SIZE + 2;
    weft_svg_text(&picture->svg, x, y, level ? &centred : &style, "%s", label);
}

/* A head at the end of a line. */
static void draw_arrow(struct picture *picture, const struct weft_line *line, int width_tenths,
                       const char *colour)
{
    uint32_t last = line->corner_count - 1;
    int size = ARROW_SIZE + width_tenths / 8;
    int x = line->x[last];
    int y = line->y[last];
    int across = (x > line->x[last - 1]) - (x < line->x[last - 1]);
    int down = (y > line->y[last - 1]) - (y < line->y[last - 1]);
    char path[PATH_BYTES];

    (void)snprintf(path, sizeof(path), "M %d %d L %d %d L %d %d Z", x, y,
                   x - across * size - down * size / 2, y - down * size - across * size / 2,
                   x - across * size + down * size / 2, y - down * size + across * size / 2);
    weft_svg_fill(&picture->svg, path, colour);
}

static const char *route_colour(uint32_t row)
{
    return row == WEFT_NONE ? SHARED : route_colours[row % WEFT_ARRAY_COUNT(route_colours)];
}

/* True for NICs and SSDs: they have their rate in their box. */
static bool in_stack(const struct weft_topo *topo, uint32_t link)
{
    weftDeviceKind_t kind = topo->devices[topo->links[link].from].kind;

    return kind == weftDeviceNic || kind == weftDeviceSsd;
}

/* One direction of each link is drawn, for both. */
static bool is_drawn(const struct picture *picture, uint32_t link, struct weft_line *line)
{
    char name[80];

    weft_topo_link_name(picture->topo, link, name, sizeof(name));
    if (weft_topo_link_find(picture->topo, name) != link)
        return false;
    weft_layout_line(&picture->layout, picture->topo, link, line);
    return line->corner_count > 0;
}

static uint64_t rate_of(const struct picture *picture, uint32_t link)
{
    const struct weft_link *links = picture->topo->links;

    return weft_max(links[link].rate_bytes_per_us, links[links[link].reverse].rate_bytes_per_us);
}

static void draw_link(struct picture *picture, uint32_t link)
{
    bool quiet = picture->plan != NULL;
    struct weft_line line;
    char path[PATH_BYTES];

    if (!is_drawn(picture, link, &line))
        return;
    path_of(&line, path);
    weft_svg_path(&picture->svg, path, line_width(rate_of(picture, link)),
                  quiet ? IDLE : kinds[picture->topo->links[link].kind].colour, quiet ? 60 : 85,
                  false);
}

static void draw_rate(struct picture *picture, uint32_t link)
{
    struct weft_line line;
    char label[LABEL_BYTES];

    if (in_stack(picture->topo, link) || !is_drawn(picture, link, &line))
        return;
    rate_label(picture->topo, link, label);
    draw_label(picture, &line, line_width(rate_of(picture, link)), label,
               kinds[picture->topo->links[link].kind].colour, false);
}

/* What the plan puts on a link, in the direction in which it goes; with `label`, only how much. */
static void draw_load(struct picture *picture, uint32_t link, bool label)
{
    struct weft_line line;
    char text[PATH_BYTES];
    uint32_t row;
    uint64_t load = weft_topo_plan_load(picture->plan, link, &row);

    if (load == 0)
        return;
    weft_layout_line(&picture->layout, picture->topo, link, &line);
    if (line.corner_count == 0)
        return;
    if (label) {
        (void)snprintf(text, sizeof(text), "%.1f", (double)load / 1000);
        draw_label(picture, &line, line_width(load), text, route_colour(row), true);
        return;
    }
    path_of(&line, text);
    weft_svg_path(&picture->svg, text, line_width(load), route_colour(row), 100, false);
    draw_arrow(picture, &line, line_width(load), route_colour(row));
}

/* Labels last: their white edges keep them readable where lines cross. */
static void draw_links(struct picture *picture)
{
    uint32_t count = picture->topo->link_count;

    for (uint32_t i = 0; i < count; i++)
        draw_link(picture, i);
    for (uint32_t i = 0; picture->plan != NULL && i < count; i++)
        draw_load(picture, i, false);
    for (uint32_t i = 0; i < count; i++) {
        if (picture->plan != NULL)
            draw_load(picture, i, true);
        else
            draw_rate(picture, i);
    }
}

/* The second line in a box: what is worth knowing of the device. */
static void describe(const struct picture *picture, uint32_t device, char text[LABEL_BYTES])
{
    const struct weft_device *d = &picture->topo->devices[device];
    char size[WEFT_UNIT_BYTES] = "";

    text[0] = '\0';
    if (d->memory_bytes > 0)
        (void)snprintf(size, sizeof(size), "%.0f %s",
                       d->memory_bytes >> 30 < 2048 ? (double)d->memory_bytes / (1 << 30)
                                                    : (double)d->memory_bytes / 1e12,
                       d->memory_bytes >> 30 < 2048 ? "GiB" : "TB");
    if (d->kind == weftDeviceGpu && d->sm > 0)
        (void)snprintf(text, LABEL_BYTES, "sm_%u%s%s", d->sm, size[0] == '\0' ? "" : ", ", size);
    else if (d->kind == weftDeviceDram)
        (void)snprintf(text, LABEL_BYTES, "NUMA %d%s%s", d->numa_node, size[0] == '\0' ? "" : ", ",
                       size);
}

/* The rate that stands in the box of a NIC or SSD. */
static void describe_stacked(const struct picture *picture, uint32_t device, char text[LABEL_BYTES])
{
    text[0] = '\0';
    for (uint32_t i = 0; i < picture->topo->link_count; i++) {
        const struct weft_link *link = &picture->topo->links[i];

        if (link->from == device && (link->kind == WEFT_LINK_NET || link->kind == WEFT_LINK_DISK))
            rate_label(picture->topo, i, text);
    }
}

static bool is_end(const struct picture *picture, uint32_t device)
{
    return picture->plan != NULL &&
           (device == picture->plan->src_device || device == picture->plan->dst_device);
}

static void draw_device(struct picture *picture, uint32_t device)
{
    const struct weft_device *d = &picture->topo->devices[device];
    const struct weft_place *place = &picture->layout.places[device];
    const struct weft_svg_text name = {13, WEFT_SVG_MIDDLE, true, false, INK};
    const struct weft_svg_text more = {10, WEFT_SVG_MIDDLE, false, false, FAINT};
    const struct weft_svg_text small = {11, WEFT_SVG_START, false, false, INK};
    const struct weft_svg_text rate = {10, WEFT_SVG_END, false, false, FAINT};
    bool nvswitch = strncmp(d->name, "nvswitch", strlen("nvswitch")) == 0;
    int x = place->x + place->width / 2;
    int y = place->y + place->height / 2;
    char text[LABEL_BYTES];

    if (place->width == 0)
        return;
    weft_svg_box(&picture->svg, place->x, place->y, place->width, place->height, 6,
                 is_end(picture, device) ? "#fff3b0"
                                         : boxes[nvswitch ? weftDeviceGpu : d->kind].fill,
                 boxes[nvswitch ? weftDeviceGpu : d->kind].edge);
    if (d->kind == weftDeviceNic || d->kind == weftDeviceSsd) {
        describe_stacked(picture, device, text);
        weft_svg_text(&picture->svg, place->x + 6, y + 4, &small, "%s", d->name);
        weft_svg_text(&picture->svg, place->x + place->width - 6, y + 4, &rate, "%s", text);
        return;
    }
    describe(picture, device, text);
    if (d->kind == weftDeviceCpu && d->model[0] != '\0')
        weft_svg_text(&picture->svg, x, y + 5, &name, "%s: %s", d->name, d->model);
    else
        weft_svg_text(&picture->svg, x, text[0] == '\0' ? y + 5 : y - 3, &name, "%s", d->name);
    weft_svg_text(&picture->svg, x, y + 14, &more, "%s", text);
}

static void draw_title(struct picture *picture)
{
    const struct weft_svg_text title = {20, WEFT_SVG_START, true, false, INK};
    const struct weft_svg_text below = {12, WEFT_SVG_START, false, false, FAINT};
    uint32_t gpu = weft_topo_nth(picture->topo, weftDeviceGpu, 0);
    char size[WEFT_UNIT_BYTES];
    char time[WEFT_UNIT_BYTES];

    weft_svg_text(&picture->svg, LEGEND_LEFT, 36, &title, "%s",
                  picture->topo->name[0] == '\0' ? "this machine" : picture->topo->name);
    if (picture->plan == NULL) {
        weft_svg_text(&picture->svg, LEGEND_LEFT, 58, &below,
                      "%s%snumbers at links: GB/s per direction, sustained (from/to the lower "
                      "device where they differ)",
                      gpu == WEFT_NONE ? "" : picture->topo->devices[gpu].model,
                      gpu == WEFT_NONE || picture->topo->devices[gpu].model[0] == '\0' ? "" : "; ");
        return;
    }
    weft_size_format(picture->plan->size_bytes, size);
    weft_time_format(picture->plan->expected_ns, time);
    weft_svg_text(&picture->svg, LEGEND_LEFT, 58, &below,
                  "%s from %s to %s, alone: %s expected, %.1f GB/s; numbers at links: GB/s that "
                  "the plan puts there",
                  size, picture->topo->devices[picture->plan->src_device].name,
                  picture->topo->devices[picture->plan->dst_device].name, time,
                  weft_rate_gb_per_s(picture->plan->size_bytes, picture->plan->expected_ns));
}

static void draw_kinds(struct picture *picture, int y)
{
    const struct weft_svg_text words = {12, WEFT_SVG_START, false, false, INK};
    int x = LEGEND_LEFT;

    for (uint32_t kind = 0; kind < WEFT_LINK_KINDS; kind++) {
        char path[PATH_BYTES];
        uint32_t i = 0;

        while (i < picture->topo->link_count && picture->topo->links[i].kind != kind)
            i++;
        if (i == picture->topo->link_count)
            continue;
        (void)snprintf(path, sizeof(path), "M %d %d L %d %d", x, y - 4, x + 30, y - 4);
        weft_svg_path(&picture->svg, path, 50, kinds[kind].colour, 85, false);
        weft_svg_text(&picture->svg, x + 38, y, &words, "%s", kinds[kind].words);
        x += 60 + 8 * (int)strlen(kinds[kind].words);
    }
}

static void draw_routes(struct picture *picture, int y)
{
    const struct weft_svg_text words = {12, WEFT_SVG_START, false, false, INK};
    const struct weft_svg_text numbers = {12, WEFT_SVG_END, false, false, INK};
    const struct weft_svg_text quiet = {12, WEFT_SVG_START, false, false, FAINT};

    for (uint32_t i = 0; i < picture->plan->row_count; i++, y += ROW_SIZE) {
        const struct weft_route_report *row = &picture->plan->rows[i];
        uint32_t share = weft_topo_plan_share(picture->plan, i);

        weft_svg_box(&picture->svg, LEGEND_LEFT, y - 11, 22, 12, 3,
                     row->admitted ? route_colour(i) : "none", row->admitted ? "none" : IDLE);
        weft_svg_text(&picture->svg, LEGEND_LEFT + 32, y, row->admitted ? &words : &quiet, "%s",
                      row->name);
        if (row->admitted) {
            weft_svg_text(&picture->svg, LEGEND_LEFT + 330, y, &numbers, "%.1f GB/s",
                          (double)row->rate_bytes_per_us / 1000);
            weft_svg_text(&picture->svg, LEGEND_LEFT + 400, y, &numbers, "%u.%u %%", share / 10,
                          share % 10);
        } else {
            weft_svg_text(&picture->svg, LEGEND_LEFT + 270, y, &quiet, "not used");
        }
    }
    weft_svg_box(&picture->svg, LEGEND_LEFT, y - 11, 22, 12, 3, SHARED, "none");
    weft_svg_text(&picture->svg, LEGEND_LEFT + 32, y, &words, "several of these routes");
}

/* What was assumed, beside the routes or below the legend. */
static void draw_notes(struct picture *picture, int x, int y)
{
    const struct weft_svg_text words = {11, WEFT_SVG_START, false, false, FAINT};

    for (uint32_t i = 0; i < picture->topo->note_count; i++)
        weft_svg_text(&picture->svg, x, y + (int)i * ROW_SIZE, &words, "Assumed: %s",
                      picture->topo->notes[i]);
}

bool weft_picture_write(const struct weft_topo *topo, const struct weft_topo_plan *plan,
                        const char *path, char why[WEFT_WHY_BYTES])
{
    static struct picture picture;
    int rows = (int)topo->note_count + (plan == NULL ? 2 : 0);
    int width;

    picture.topo = topo;
    picture.plan = plan;
    weft_layout_make(&picture.layout, topo);
    if (plan != NULL && (int)plan->row_count + 1 > rows)
        rows = (int)plan->row_count + 1;
    width = picture.layout.width < 1180 ? 1180 : picture.layout.width;
    if (!weft_svg_open(&picture.svg, path, width, picture.layout.height + 40 + rows * ROW_SIZE,
                       why))
        return false;
    draw_links(&picture);
    for (uint32_t i = 0; i < topo->device_count; i++)
        draw_device(&picture, i);
    draw_title(&picture);
    if (plan != NULL)
        draw_routes(&picture, picture.layout.height + 30);
    else
        draw_kinds(&picture, picture.layout.height + 30);
    draw_notes(&picture, plan != NULL ? LEGEND_LEFT + 460 : LEGEND_LEFT,
               picture.layout.height + 30 + (plan != NULL ? 0 : 2 * ROW_SIZE));
    return weft_svg_close(&picture.svg, why);
}
