/* Loads the emulated CUDA driver; see plugin.h. */
#include "plugin.h"

#include <dlfcn.h>
#include <string.h>
#include <unistd.h>

#include "../../plugins/cuda-emu/emu.h"
#include "log.h"

#define DRIVER_NAME "libweft-cuda-emu.so"

/* Cuts a path after its last slash; false without one. */
static bool cut_to_folder(char *path)
{
    char *slash = strrchr(path, '/');

    if (slash == NULL)
        return false;
    slash[1] = '\0';
    return true;
}

/* The folder of the object that holds this code: libweft.so, or a program it is linked into. That
 * program may have been found by PATH, and then says its bare name: no folder, least of all the
 * current one. */
static bool folder_of_library(char *path)
{
    Dl_info info;

    if (dladdr((const void *)DRIVER_NAME, &info) == 0 || info.dli_fname == NULL)
        return false;
    weft_text_copy(path, WEFT_PLUGIN_PATH_BYTES, info.dli_fname);
    return cut_to_folder(path);
}

static bool folder_of_program(char *path)
{
    ssize_t length = readlink("/proc/self/exe", path, WEFT_PLUGIN_PATH_BYTES - 1);

    if (length <= 0)
        return false;
    path[length] = '\0';
    return cut_to_folder(path);
}

/* The places where a build or an installation has the driver, nearest first. WEFT_LIBRARY_FOLDER is
 * where this build installs libraries, as seen from its programs. */
static bool find_driver(char *path)
{
    static bool (*const folders[])(char *) = {folder_of_library, folder_of_program};
    static const char *const below[] = {"", "../lib/", "../lib/" WEFT_MULTIARCH "/",
                                        WEFT_LIBRARY_FOLDER "/", "lib/"};

    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(folders); i++) {
        char folder[WEFT_PLUGIN_PATH_BYTES];

        if (!folders[i](folder))
            continue;
        for (uint32_t j = 0; j < WEFT_ARRAY_COUNT(below); j++) {
            struct weft_text text;

            weft_text_init(&text, path, WEFT_PLUGIN_PATH_BYTES);
            weft_text_add(&text, folder);
            weft_text_add(&text, below[j]);
            weft_text_add(&text, DRIVER_NAME);
            if (!text.cut && access(path, R_OK) == 0)
                return true;
        }
    }
    return false;
}

/* dlsym gives a pointer to data; POSIX says that it may hold a function. */
static void find_function(void *library, const char *name, void *function, size_t size)
{
    void *symbol = dlsym(library, name);

    memcpy(function, &symbol, size);
}

weftResult_t weft_emulation_open(const struct weft_config *config, struct weft_emulation *emulation,
                                 char why[WEFT_PLUGIN_WHY_BYTES])
{
    struct weft_emulation found = {.dilation = 1};
    weft_emu_open_fn *start;
    weft_emu_join_fn *join;
    void *library;

    if (config->emulate[0] == '\0') {
        *emulation = found;
        return weftSuccess;
    }
    if (!find_driver(found.driver)) {
        weft_format(why, WEFT_PLUGIN_WHY_BYTES,
                    "the setting emulate is \"%s\", but " DRIVER_NAME
                    " lies neither beside libweft nor in ../lib or " WEFT_LIBRARY_FOLDER
                    " of the program; install it there or unset emulate",
                    config->emulate);
        return weftSystemError;
    }
    library = dlopen(found.driver, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        weft_format(why, WEFT_PLUGIN_WHY_BYTES, "%s cannot be loaded: %s", found.driver, dlerror());
        return weftSystemError;
    }
    find_function(library, WEFT_EMU_OPEN, &start, sizeof(start));
    find_function(library, WEFT_EMU_JOIN, &join, sizeof(join));
    find_function(library, WEFT_EMU_PLACE, &found.place, sizeof(found.place));
    find_function(library, WEFT_EMU_LINK_LOOK, &found.link_look, sizeof(found.link_look));
    if (start == NULL || join == NULL || found.place == NULL || found.link_look == NULL) {
        weft_format(why, WEFT_PLUGIN_WHY_BYTES,
                    "%s is of another version: it has no " WEFT_EMU_OPEN ", " WEFT_EMU_JOIN
                    ", " WEFT_EMU_PLACE " or " WEFT_EMU_LINK_LOOK,
                    found.driver);
        return weftSystemError;
    }
    if (config->emu_machine[0] == '\0'
            ? start(config->emulate, (unsigned)config->dilation, why) != 0
            : join(config->emulate, (unsigned)config->dilation, config->emu_machine, why) != 0)
        return weftSystemError;
    found.on = true;
    found.dilation = config->dilation;
    weft_text_copy(found.node, sizeof(found.node), config->emulate);
    *emulation = found;
    return weftSuccess;
}
