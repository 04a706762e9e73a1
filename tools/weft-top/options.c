/* The command line of weft-top: one table of options. */
#include "options.h"

#include <stdio.h>

#define INTERVAL_MS     1000
#define INTERVAL_MS_MIN 50
#define INTERVAL_MS_MAX 60000
#define PORT_MAX        65535

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

#define AT(member) offsetof(struct weft_top_options, member)

static const struct weft_args_option rows[] = {
    {"once", 0, NULL, "print one view of each comm and end, as without a terminal", weft_args_flag,
     AT(once), 0, 0},
    {"json", 0, "FILE", "write what the comms say as JSON (-: standard output), and end",
     weft_args_file, AT(json_path), 0, 0},
    {"pid", 0, "PID", "only comms of that process", weft_args_count32, AT(pid), 1, INT32_MAX},
    {"port", 0, "PORT", "the comm whose status port that is, also of another user",
     weft_args_count32, AT(port), 1, PORT_MAX},
    {"interval", 0, "MS", "time between two looks (1000)", weft_args_count32, AT(interval_ms),
     INTERVAL_MS_MIN, INTERVAL_MS_MAX},
    {0},
};

bool weft_top_options_read(struct weft_top_options *options, int argc, char *argv[],
                           char why[WEFT_ARGS_WHY_BYTES])
{
    static const struct weft_args args = {.about = about, .options = rows};

    *options = (struct weft_top_options){.interval_ms = INTERVAL_MS};
    if (!weft_args_read(&args, argc, argv, options, why))
        return false;
    if (options->pid != 0 && options->port != 0) {
        (void)snprintf(why, WEFT_ARGS_WHY_BYTES, "--port names one comm: leave --pid out");
        return false;
    }
    return true;
}
