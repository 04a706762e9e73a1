/* Writes explanations and statistics; see report.h. */
#include "report.h"

#include "../core/trace.h"
#include "peer_agent.h"

void weft_report_string(struct weft_text *text, const char *string)
{
    static const char digits[] = "0123456789abcdef";

    weft_text_char(text, '"');
    for (; *string != '\0'; string++) {
        unsigned char byte = (unsigned char)*string;

        if (byte == '"' || byte == '\\')
            weft_text_char(text, '\\');
        if (byte >= 0x20) {
            weft_text_char(text, (char)byte);
            continue;
        }
        weft_text_add(text, "\\u00");
        weft_text_char(text, digits[byte >> 4]);
        weft_text_char(text, digits[byte & 15]);
    }
    weft_text_char(text, '"');
}

void weft_report_key(struct weft_text *text, const char *key)
{
    weft_report_string(text, key);
    weft_text_char(text, ':');
}

void weft_report_number(struct weft_text *text, const char *key, uint64_t number)
{
    weft_report_key(text, key);
    weft_text_number(text, number);
}

void weft_report_bool(struct weft_text *text, const char *key, bool value)
{
    weft_report_key(text, key);
    weft_text_add(text, value ? "true" : "false");
}

void weft_report_head(struct weft_text *text, const struct weft_loop *loop)
{
    const struct weft_emulation *emulation = &loop->machine->emulation;

    weft_report_key(text, "version");
    weft_report_string(text, WEFT_VERSION_TEXT);
    weft_text_char(text, ',');
    weft_report_key(text, "machine");
    weft_report_string(text, loop->machine->topo.name);
    weft_text_char(text, ',');
    weft_report_key(text, "emulated");
    if (!emulation->on) {
        weft_text_add(text, "null");
        return;
    }
    weft_text_char(text, '{');
    weft_report_key(text, "node");
    weft_report_string(text, emulation->node);
    weft_text_char(text, ',');
    weft_report_number(text, "dilation", emulation->dilation);
    weft_text_char(text, '}');
}

static void add_route(struct weft_text *text, const struct weft_route_report *row)
{
    weft_report_key(text, "route");
    weft_report_string(text, row->name);
    weft_text_char(text, ',');
    weft_report_number(text, "rate_bytes_per_us", row->rate_bytes_per_us);
    weft_text_char(text, ',');
    weft_report_number(text, "nominal_bytes_per_us", row->nominal_bytes_per_us);
    weft_text_char(text, ',');
    weft_report_number(text, "chunk_bytes", row->chunk_bytes);
    weft_text_char(text, ',');
    weft_report_number(text, "moved_bytes", row->moved_bytes);
    weft_text_char(text, ',');
    weft_report_number(text, "chunk_count", row->chunk_count);
    weft_text_char(text, ',');
    weft_report_bool(text, "admitted", row->admitted);
    weft_text_char(text, ',');
    weft_report_bool(text, "down", row->down);
}

/* The routes of one pair that have moved something. */
static void add_pair(struct weft_text *text, const struct weft_loop *loop, uint32_t src,
                     uint32_t dst, bool *first)
{
    const struct weft_topo *topo = loop->topo;
    struct weft_route_report rows[WEFT_LOOP_ROUTES_MAX];
    uint32_t count = weft_engine_routes(loop->engine, src, dst, rows, WEFT_LOOP_ROUTES_MAX);

    for (uint32_t i = 0; i < count; i++) {
        if (rows[i].moved_bytes == 0)
            continue;
        weft_text_add(text, *first ? "{" : ",{");
        *first = false;
        weft_report_key(text, "src");
        weft_report_string(text, topo->devices[src].name);
        weft_text_char(text, ',');
        weft_report_key(text, "dst");
        weft_report_string(text, topo->devices[dst].name);
        weft_text_char(text, ',');
        add_route(text, &rows[i]);
        weft_text_char(text, '}');
    }
}

static void add_events(struct weft_text *text, const struct weft_trace *trace)
{
    weft_report_key(text, "events");
    weft_text_char(text, '{');
    for (uint32_t i = 0; i < WEFT_TRACE_EVENTS; i++) {
        if (i > 0)
            weft_text_char(text, ',');
        weft_report_key(text, weft_trace_row(i)->name);
        weft_text_char(text, '{');
        weft_report_number(text, "count", trace->counts[i]);
        weft_text_char(text, ',');
        weft_report_number(text, "sum", trace->sums[i]);
        weft_text_char(text, '}');
    }
    weft_text_char(text, '}');
}

void weft_report_stats(struct weft_loop *loop, weft_ns now, struct weft_text *text)
{
    bool first = true;

    weft_text_char(text, '{');
    weft_report_head(text, loop);
    weft_text_char(text, ',');
    weft_report_number(text, "uptime_ns", now);
    weft_text_char(text, ',');
    weft_report_number(text, "progress_cpu_ns", weft_clock_thread_cpu(loop->thread));
    weft_text_char(text, ',');
    weft_report_number(text, "transfers", weft_counter_get(&loop->sequence));
    weft_text_char(text, ',');
    weft_report_number(text, "copies", loop->copy_count);
    weft_text_char(text, ',');
    weft_report_number(text, "refused", loop->refused_count);
    weft_text_char(text, ',');
    weft_report_number(text, "copies_in_flight", loop->in_flight_total);
    weft_text_char(text, ',');
    weft_report_key(text, "routes");
    weft_text_char(text, '[');
    for (uint32_t src = 0; src < loop->topo->device_count; src++)
        for (uint32_t dst = 0; dst < loop->topo->device_count; dst++)
            if (weft_engine_pair_used(loop->engine, src, dst))
                add_pair(text, loop, src, dst, &first);
    weft_text_add(text, "],");
    if (loop->peers != NULL) {
        weft_peers_report(loop, text);
        weft_text_char(text, ',');
    }
    add_events(text, weft_engine_trace(loop->engine));
    weft_text_char(text, '}');
}

static uint32_t admitted_count(const struct weft_command *command)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < command->row_count; i++)
        count += command->rows[i].admitted;
    return count;
}

static uint64_t total_rate(const struct weft_command *command)
{
    uint64_t rate = 0;

    for (uint32_t i = 0; i < command->row_count; i++)
        if (command->rows[i].admitted)
            rate += command->rows[i].rate_bytes_per_us;
    return rate;
}

static uint64_t share_permille(const struct weft_route_report *row, uint64_t total)
{
    return total == 0 || !row->admitted ? 0 : row->rate_bytes_per_us * 1000 / total;
}

void weft_report_explain_text(const struct weft_loop *loop, const struct weft_command *command,
                              struct weft_text *text)
{
    const struct weft_emulation *emulation = &loop->machine->emulation;
    uint64_t total = total_rate(command);

    weft_blame_size(text, command->size_bytes);
    weft_text_add(text, " from ");
    weft_text_add(text, loop->topo->devices[command->device].name);
    weft_text_add(text, " to ");
    weft_text_add(text, loop->topo->devices[command->dst_device].name);
    if (admitted_count(command) == 0) {
        weft_text_add(text, ": no route\n");
        return;
    }
    weft_text_add(text, ", alone: ");
    weft_text_fixed(text, command->expected_ns, 3);
    weft_text_add(text, " us over ");
    weft_text_number(text, admitted_count(command));
    weft_text_add(text, " of ");
    weft_text_number(text, command->row_count);
    weft_text_add(text, " routes");
    if (emulation->on) {
        weft_text_add(text, " (emulated ");
        weft_text_add(text, emulation->node);
        weft_text_add(text, ", dilation ");
        weft_text_number(text, emulation->dilation);
        weft_text_add(text, "; times are the machine's own)");
    }
    weft_text_char(text, '\n');
    for (uint32_t i = 0; i < command->row_count; i++) {
        const struct weft_route_report *row = &command->rows[i];

        weft_text_add(text, row->admitted ? "  + " : "  - ");
        weft_text_add(text, row->name);
        weft_text_add(text, ": ");
        weft_text_fixed(text, row->admitted ? row->rate_bytes_per_us : row->nominal_bytes_per_us,
                        3);
        weft_text_add(text, row->admitted ? " GB/s, " : " GB/s nominal, not used");
        if (row->admitted) {
            weft_text_fixed(text, share_permille(row, total), 1);
            weft_text_add(text, " %, chunks of ");
            weft_blame_size(text, row->chunk_bytes);
        }
        weft_text_add(text, row->down ? ", down\n" : "\n");
    }
}

void weft_report_explain_json(const struct weft_loop *loop, const struct weft_command *command,
                              struct weft_text *text)
{
    uint64_t total = total_rate(command);

    weft_text_char(text, '{');
    weft_report_head(text, loop);
    weft_text_char(text, ',');
    weft_report_key(text, "src");
    weft_report_string(text, loop->topo->devices[command->device].name);
    weft_text_char(text, ',');
    weft_report_key(text, "dst");
    weft_report_string(text, loop->topo->devices[command->dst_device].name);
    weft_text_char(text, ',');
    weft_report_number(text, "size_bytes", command->size_bytes);
    weft_text_char(text, ',');
    weft_report_number(text, "expected_ns", command->expected_ns);
    weft_text_char(text, ',');
    weft_report_key(text, "routes");
    weft_text_char(text, '[');
    for (uint32_t i = 0; i < command->row_count; i++) {
        weft_text_add(text, i == 0 ? "{" : ",{");
        add_route(text, &command->rows[i]);
        weft_text_char(text, ',');
        weft_report_number(text, "share_permille", share_permille(&command->rows[i], total));
        weft_text_char(text, '}');
    }
    weft_text_add(text, "]}");
}
