/* The command line of weft-top: one table of options. */
#include "options.h"

#include <string.h>

#include "common/args.h"

#define PROGRAM "weft-top"

enum option_key { KEY_ONCE = 256, KEY_JSON, KEY_PID, KEY_PORT, KEY_INTERVAL };

/* The C library looks for this name, so it must not be hidden as the others are. */
__attribute__((visibility("default"))) const char *argp_program_version =
    PROGRAM " " WEFT_VERSION_TEXT;

static const char about[] =
    "Shows what the comms of this computer do now: paths, links, lanes and peers with their rates "
    "and health.\v"
    "A comm is shown that was made with the setting `status` (WEFT_STATUS=on). Rates are those of "
    "the last interval; of an emulated machine, in its own time.\n\n"
    "Keys: q quits, p pauses, Tab and the arrows left and right choose a comm, up and down scroll."
    "\n\n"
    "Exit status: 0 shown, 1 there is no comm to show, 2 usage.\n\n"
    "  WEFT_STATUS=on ./program &  weft-top\n"
    "  weft-top --once\n"
    "  weft-top --once --json -\n"
    "  WEFT_STATUS=9100 ./program &  curl 127.0.0.1:9100/json\n";

static const struct argp_option rows[] = {
    {"once", KEY_ONCE, NULL, 0, "print one view of each comm and end, as without a terminal", 0},
    {"json", KEY_JSON, "FILE", 0, "write what the comms say as JSON (-: standard output), and end",
     0},
    {"pid", KEY_PID, "PID", 0, "only comms of that process", 0},
    {"port", KEY_PORT, "PORT", 0, "the comm whose status port that is, also of another user", 0},
    {"interval", KEY_INTERVAL, "MS", 0, "time between two looks (1000)", 0},
    {0},
};

static uint32_t number(const char *text, const char *what, uint64_t least, uint64_t most)
{
    char why[WEFT_WHY_BYTES];
    uint64_t value;

    if (!weft_count_parse(text, what, least, most, &value, why))
        weft_args_fail(PROGRAM, why);
    return (uint32_t)value;
}

static error_t option_take(int key, char *argument, struct argp_state *state)
{
    struct weft_top_options *options = state->input;

    switch (key) {
    case KEY_ONCE:
        options->once = true;
        return 0;
    case KEY_JSON:
        options->json_path = argument;
        return 0;
    case KEY_PID:
        options->pid = number(argument, "process number", 1, INT32_MAX);
        return 0;
    case KEY_PORT:
        options->port = number(argument, "port", 1, 65535);
        return 0;
    case KEY_INTERVAL:
        options->interval_ms = number(argument, "interval in ms", 50, 60000);
        return 0;
    case ARGP_KEY_ARG:
        weft_args_fail(PROGRAM, "it takes options alone: --once, --json FILE, --pid PID, "
                                "--port PORT, --interval MS");
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

void weft_top_options_read(struct weft_top_options *options, int argc, char *argv[])
{
    static const struct argp argp = {.options = rows, .parser = option_take, .doc = about};
    char why[WEFT_WHY_BYTES * 4];

    memset(options, 0, sizeof(*options));
    options->interval_ms = 1000;
    argp_err_exit_status = WEFT_EXIT_USAGE;
    if (!weft_args_check(argc, argv, rows, why))
        weft_args_fail(PROGRAM, why);
    (void)argp_parse(&argp, argc, argv, 0, NULL, options);
    if (options->pid != 0 && options->port != 0)
        weft_args_fail(PROGRAM, "--port names one comm: leave --pid out");
}
