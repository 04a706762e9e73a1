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

enum option_key { KEY_NODE = 256, KEY_SETTINGS, KEY_JSON };

struct options {
    const char *node;
    const char *json;
    bool settings;
};

/* The C library looks for this name, so it must not be hidden as the others are. */
__attribute__((visibility("default"))) const char *argp_program_version =
    PROGRAM " " WEFT_VERSION_TEXT;

static const char about[] =
    "Says what this Weft is and what it finds on this server: version, transports (or why not), "
    "devices, network interfaces, settings.\v"
    "The WEFT_* variables count. Presets to emulate: hgx-h100, hgx-h20, dgx-a100, nvl72-tray.\n\n"
    "Exit status: 0 shown, 1 the machine cannot be described, 2 usage.\n\n"
    "  weft-info\n"
    "  weft-info --settings\n"
    "  weft-info --node hgx-h100 --json -\n";

static const struct argp_option rows[] = {
    {"node", KEY_NODE, "NAME", 0, "an emulated machine: a preset or a topology file", 0},
    {"settings", KEY_SETTINGS, NULL, 0, "list the settings with value and origin", 0},
    {"json", KEY_JSON, "FILE", 0, "write all of it as JSON (-: standard output)", 0},
    {0},
};

static error_t option_take(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;

    switch (key) {
    case KEY_NODE:
        options->node = argument;
        return 0;
    case KEY_SETTINGS:
        options->settings = true;
        return 0;
    case KEY_JSON:
        options->json = argument;
        return 0;
    case ARGP_KEY_ARG:
        weft_args_fail(PROGRAM, "it takes options alone: --node NAME, --settings, --json FILE");
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void take_options(int argc, char *argv[], struct options *options)
{
    static const struct argp parser = {rows, option_take, NULL, about, NULL, NULL, NULL};
    char why[WEFT_WHY_BYTES * 4];

    if (!weft_args_check(argc, argv, rows, why))
        weft_args_fail(PROGRAM, why);
    (void)argp_parse(&parser, argc, argv, 0, NULL, options);
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
    if (weft_log_level_find(config->log) < WEFT_LOG_LEVELS)
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
