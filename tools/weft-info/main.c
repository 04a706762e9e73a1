/* weft-info: what this Weft is and what it finds here: version, settings, transports, devices,
 * network interfaces.
 *
 * Opens the transports as a comm would, and moves no byte. Without a GPU it says so, names the
 * machines that can be emulated, and succeeds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/args.h"
#include "common/json.h"
#include "core/preset.h"
#include "host/env.h"
#include "host/log.h"
#include "host/machine.h"
#include "show.h"

#define PROGRAM "weft-info"

/* Numbers of windows that a machine is opened for: none is made. */
#define WINDOWS_MAX 16

struct options {
    const char *node;
    const char *json;
    bool settings;
};

static const char about[] =
    "Says what this Weft is and what it finds on this server: version, transports (or why not), "
    "devices, network interfaces, settings.\v"
    "The WEFT_* variables count. Presets to emulate: hgx-h100, hgx-h20, dgx-a100, nvl72-tray.\n\n"
    "Exit status: 0 shown, 1 the machine cannot be described, 2 usage.\n\n"
    "  weft-info\n"
    "  weft-info --settings\n"
    "  weft-info --node hgx-h100 --json -\n";

static const struct weft_args_option rows[] = {
    {"node", 0, "NAME", "an emulated machine: a preset or a topology file", weft_args_text,
     offsetof(struct options, node), 0, 0},
    {"settings", 0, NULL, "list the settings with value and origin", weft_args_flag,
     offsetof(struct options, settings), 0, 0},
    {"json", 0, "FILE", "write all of it as JSON (-: standard output)", weft_args_file,
     offsetof(struct options, json), 0, 0},
    {0},
};

static void take_options(int argc, char *argv[], struct options *options)
{
    static const struct weft_args args = {.about = about, .options = rows};
    char why[WEFT_ARGS_WHY_BYTES];

    if (!weft_args_read(&args, argc, argv, options, why))
        weft_args_fail(PROGRAM, why);
}

static void take_settings(const struct options *options, struct weft_config *config)
{
    char why[WEFT_ENV_WHY_BYTES];
    const char *reason = NULL;

    weft_config_init(config);
    if (options->node != NULL)
        reason = weft_config_set(config, WEFT_SETTING_emulate, options->node, WEFT_CONFIG_CALL);
    if (reason != NULL)
        weft_args_fail(PROGRAM, reason);
    if (weft_env_read(config, why) != weftSuccess)
        weft_args_fail(PROGRAM, why);
    if (weft_log_level_find(config->log) == WEFT_LOG_LEVELS)
        weft_args_fail(PROGRAM, "the setting log must be none, error, warn, info or trace");
    weft_log_level_set(weft_log_level_find(config->log));
}

int main(int argc, char *argv[])
{
    struct options options = {0};
    struct weft_config config;
    struct weft_info info = {.config = &config};
    struct weft_machine *machine = NULL;
    char why[WEFT_MACHINE_WHY_BYTES] = "";
    bool written = true;

    take_options(argc, argv, &options);
    take_settings(&options, &config);
    if (weft_machine_open(&config, WINDOWS_MAX, &machine, why) == weftSuccess)
        info.machine = machine;
    info.why = why;
    if (options.json == NULL || strcmp(options.json, "-") != 0)
        weft_info_print(&info, options.settings);
    if (options.json != NULL) {
        cJSON *tree = weft_info_json(&info);
        char reason[WEFT_WHY_BYTES];

        written = weft_json_write(tree, options.json, reason);
        if (!written)
            (void)fprintf(stderr, "%s: %s\n", PROGRAM, reason);
        cJSON_Delete(tree);
    }
    weft_machine_close(machine);
    return info.machine != NULL && written ? EXIT_SUCCESS : EXIT_FAILURE;
}
