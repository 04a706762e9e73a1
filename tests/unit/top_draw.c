/* tools/weft-top/top_draw: a view that is written down here, as the text that people see. */
#include <criterion/criterion.h>

#include <string.h>

#include "../../tools/weft-top/top_draw.h"
#include "../../tools/weft-top/top_line.h"

static struct weft_top_view view;
static char drawn[WEFT_TOP_DRAW_BYTES];

static const char *draw(struct weft_top_style style, const struct weft_top_history *history)
{
    struct weft_text text;

    weft_text_init(&text, drawn, sizeof(drawn));
    weft_top_draw(&view, history, &style, &text);
    cr_assert_not(text.cut);
    return drawn;
}

static void make(void)
{
    view = (struct weft_top_view){
        .version = "0.1.0",
        .program = "weft-perf",
        .pid = 4711,
        .comm = 1,
        .server = "127.0.0.1",
        .machine = "hgx-h100",
        .dilation = 100,
        .gpus = 8,
        .nics = 8,
        .uptime_ns = 1500000,
        .has_rates = true,
        .now_gb_per_s = 75,
        .busy_percent = 33.3,
        .transfers = 3,
        .transfers_live = 1,
        .copies = 2399,
        .copies_out = 10,
        .path_count = 2,
        .link_count = 1,
        .lane_count = 2,
    };
    view.paths[0] = (struct weft_top_path){.route = "gpu0>dram0",
                                           .state = "used",
                                           .share_percent = 28.9,
                                           .plan_gb_per_s = 55.2,
                                           .learned_gb_per_s = 46.8,
                                           .now_gb_per_s = 50,
                                           .moved_bytes = 741343232,
                                           .chunks = 339,
                                           .chunks_out = 2};
    view.paths[1] = view.paths[0];
    view.paths[1].now_gb_per_s = 25;
    view.paths[1].moved_bytes = 1536;
    memcpy(view.paths[1].route, "gpu0>gpu1>dram0", sizeof("gpu0>gpu1>dram0"));
    memcpy(view.paths[1].state, "down", sizeof("down"));
    view.links[0] = (struct weft_top_link){.name = "gpu0-pcie",
                                           .src = "gpu0",
                                           .dst = "switch0",
                                           .nominal_gb_per_s = 100,
                                           .now_gb_per_s = 50};
    view.lanes[0] = (struct weft_top_lane){.name = "gpu1>dram0",
                                           .state = "down",
                                           .hangs = true,
                                           .since_ns = 2000000,
                                           .nominal_gb_per_s = 55.2,
                                           .learned_gb_per_s = 51.2,
                                           .copies_out = 1};
    view.lanes[1] = view.lanes[0];
    view.lanes[1].hangs = false;
    memcpy(view.lanes[1].state, "up", sizeof("up"));
}

TestSuite(top_draw, .init = make);

Test(top_draw, draw__plain)
{
    cr_expect_str_eq(
        draw((struct weft_top_style){.width = 80, .is_long = true}, NULL),
        "weft-perf  process 4711, comm 1, server 127.0.0.1, up 1.50 ms\n"
        "EMULATED hgx-h100, dilation 100  8 GPUs, 8 NICs, Weft 0.1.0; times and rates are\n"
        "transfers: 3 asked, 1 live, 0 queued, 0 failed   copies: 2399, 10 out, 0 refused\n"
        "75.0 GB/s  progress thread 33 % of a CPU \n"
        "\n"
        "PATH              STATE    SHARE     GB/s   MOVED  OUT\n"
        "gpu0>dram0        used     28.9%     50.0    707M    2 #########################\n"
        "gpu0>gpu1>dram0   down     28.9%     25.0   1.50K    2 #############............\n"
        "\n"
        "LINK                             GB/s       OF  FULL\n"
        "gpu0>switch0                     50.0    100.0   50% ##############.............\n"
        "\n"
        "LANE                            HEALTH      GB/s  LEARNED  NOMINAL  OUT\n"
        "gpu1>dram0                      down         0.0     51.2     55.2    1 hangs fo\n"
        "gpu1>dram0                      up           0.0     51.2     55.2    1\n");
}

Test(top_draw, draw__errors_and_peers)
{
    static const char *const lines[] = {
        "\nmachine hgx-h100  8 GPUs",
        ", 2 failed ",
        "\nthe comm has failed: weftInternalError\n",
        "\nlast error: put of 1 MiB\n",
        "\nrates come with the next look\n",
        "\ntcp: 9 connections accepted, 1 strangers, 2 wrong secrets, 0 too slow, 0 writes "
        "refused, "
        "0 fences\n",
        "\n10.0.0.2 ready, 1 of 2 lanes up, 3 relay slots lent on each device\n",
        "\n  nic0 to its nic0       up   out    1.50 GB/s   2.00K   in    0.00 GB/s      0B\n",
        "\n  nic1 to its nic0       down out    0.00 GB/s      0B   in    0.00 GB/s      0B\n",
        "\nslots used: gpu1 2/8\n",
    };

    view.dilation = 0;
    view.has_rates = false;
    view.transfers_failed = 2;
    view.has_net = true;
    view.accepted = 9;
    view.strangers = 1;
    view.wrong_secrets = 2;
    view.peer_count = 1;
    view.peers[0] =
        (struct weft_top_peer){.name = "10.0.0.2",
                               .state = "ready",
                               .lent_slots = 3,
                               .lane_count = 2,
                               .lanes_up = 1,
                               .lanes = {{true, 0, 0, 2048, 0, 1.5, 0}, {false, 1, 0, 0, 0, 0, 0}}};
    memcpy(view.transport, "tcp", sizeof("tcp"));
    memcpy(view.async_error, "weftInternalError", sizeof("weftInternalError"));
    memcpy(view.last_error, "put of 1 MiB", sizeof("put of 1 MiB"));
    memcpy(view.relays, "gpu1 2/8", sizeof("gpu1 2/8"));
    (void)draw((struct weft_top_style){.width = 120}, NULL);
    for (size_t i = 0; i < WEFT_ARRAY_COUNT(lines); i++)
        cr_expect_not_null(strstr(drawn, lines[i]), "no \"%s\" in:\n%s", lines[i], drawn);
}

/* The columns of the widest line, without escapes and with a column for a UTF-8 character. */
static uint32_t widest(const char *text)
{
    uint32_t most = 0;
    uint32_t columns = 0;

    for (; *text != '\0'; text++) {
        if (*text == '\033')
            text = strchr(text, 'm');
        else if (*text == '\n')
            columns = 0;
        else if (((unsigned char)*text & 0xc0) != 0x80)
            columns++;
        most = columns > most ? columns : most;
    }
    return most;
}

Test(top_draw, draw__no_line_is_wider_than_the_terminal)
{
    static struct weft_top_history history;

    view.has_net = true;
    for (int i = 1; i <= 100; i++)
        weft_top_history_add(&history, i);
    for (uint32_t width = WEFT_TOP_WIDTH_MIN; width <= 200; width++) {
        struct weft_top_style style = {.width = width, .colour = true, .utf8 = true};

        cr_assert_leq(widest(draw(style, &history)), width, "at %u:\n%s", width, drawn);
    }
}

Test(top_draw, draw__short_hides_what_is_slow_and_well)
{
    view.path_count = 40;
    for (uint32_t i = 0; i < 40; i++)
        view.paths[i] = view.paths[0];
    memcpy(view.paths[39].state, "suspect", sizeof("suspect"));
    (void)draw((struct weft_top_style){.width = 100}, NULL);
    cr_expect_not_null(strstr(drawn, "suspect"));
    cr_expect_not_null(strstr(drawn, "\nand 23 slower ones\n"));
    (void)draw((struct weft_top_style){.width = 100, .is_long = true}, NULL);
    cr_expect_null(strstr(drawn, "slower"));
}

Test(top_draw, draw__colours_by_health)
{
    (void)draw((struct weft_top_style){.width = 100, .colour = true}, NULL);
    cr_expect_not_null(strstr(drawn, "\033[32mused   \033[0m"));
    cr_expect_not_null(strstr(drawn, "\033[1;31mdown   \033[0m"));
}

Test(top_draw, history__keeps_the_last)
{
    struct weft_top_history history = {0};

    for (int i = 0; i < WEFT_TOP_HISTORY_MAX + 5; i++)
        weft_top_history_add(&history, i);
    cr_expect_eq(history.count, WEFT_TOP_HISTORY_MAX);
    cr_expect_eq(history.gb_per_s[0], 5);
    cr_expect_eq(history.gb_per_s[WEFT_TOP_HISTORY_MAX - 1], 64);
}

Test(top_draw, line__bars_and_sparks)
{
    struct weft_top_history history = {.count = 4, .gb_per_s = {0, 1, 50, 100}};
    struct weft_top_style style = {.width = 30, .utf8 = true};
    struct weft_top_line line = {.style = &style};
    char buffer[256];
    struct weft_text text;

    line.text = &text;
    weft_text_init(&text, buffer, sizeof(buffer));
    weft_top_line_bar(&line, 0.5, 3);
    weft_top_line_bar(&line, 7, 2);
    weft_top_line_bar(&line, -1, 1);
    weft_top_line_spark(&line, &history, 10);
    weft_top_line_spark(&line, &history, 2);
    cr_expect_str_eq(buffer, "█▌·██· ▁▄█▄█");
    cr_expect_eq(line.columns, 12);
}
