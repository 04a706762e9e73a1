/* Runs a fuzz target over files and folders of files, in the order of their names: what was found
 * once is tested for ever, with any compiler. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "fuzz.h"

#define FILE_BYTES_MAX WEFT_MIB(4)
#define PATH_BYTES_MAX 4096

static bool run_file(const char *path)
{
    static uint8_t bytes[FILE_BYTES_MAX];
    FILE *file = fopen(path, "rb");
    uint8_t *exact = NULL;
    size_t size;

    if (file == NULL) {
        (void)fprintf(stderr, "%s cannot be opened\n", path);
        return false;
    }
    size = fread(bytes, 1, sizeof(bytes), file);
    (void)fclose(file);
    /* Memory of just that size, so that a sanitizer sees a read past its end. */
    exact = malloc(size > 0 ? size : 1);
    if (exact == NULL)
        return false;
    for (size_t i = 0; i < size; i++)
        exact[i] = bytes[i];
    (void)LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    return true;
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static bool run_folder(const char *path, unsigned *count)
{
    struct dirent **entries = NULL;
    int found = scandir(path, &entries, is_visible, alphasort);
    bool good = found >= 0;

    for (int i = 0; i < found; i++) {
        char name[PATH_BYTES_MAX];

        (void)snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
        good = run_file(name) && good;
        free(entries[i]);
        ++*count;
    }
    free(entries);
    return good;
}

int main(int argc, char *argv[])
{
    unsigned count = 0;
    bool good = true;

    for (int i = 1; i < argc; i++) {
        struct stat what;

        if (stat(argv[i], &what) == 0 && S_ISDIR(what.st_mode)) {
            good = run_folder(argv[i], &count) && good;
        } else {
            good = run_file(argv[i]) && good;
            count++;
        }
    }
    printf("%u inputs\n", count);
    return good && count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
