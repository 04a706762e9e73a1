/* JSON files for reports; every error names the file and the cause. */
#include "common/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_BYTES 4096

static FILE *alone; /* standard output, where nothing else goes there */

static bool text_write(FILE *file, const char *text)
{
    return fputs(text, file) >= 0 && fputc('\n', file) != EOF && fflush(file) == 0;
}

static bool file_write(const char *text, const char *path, char why[WEFT_WHY_BYTES])
{
    char partial[PATH_BYTES];
    FILE *file = NULL;
    bool written = false;

    if (snprintf(partial, sizeof(partial), "%s.%d.part", path, (int)getpid()) >=
        (int)sizeof(partial)) {
        (void)snprintf(why, WEFT_WHY_BYTES, "the path is longer than %d bytes", PATH_BYTES - 16);
        return false;
    }
    file = fopen(partial, "w");
    if (file != NULL) {
        written = text_write(file, text);
        written = fclose(file) == 0 && written;
        written = written && rename(partial, path) == 0;
    }
    if (!written) {
        (void)snprintf(why, WEFT_WHY_BYTES, "cannot write '%.200s': %s", path, strerror(errno));
        (void)unlink(partial);
    }
    return written;
}

void weft_json_alone(const char *path)
{
    int fd;

    if (path == NULL || strcmp(path, "-") != 0 || alone != NULL)
        return;
    fd = dup(STDOUT_FILENO);
    alone = fd < 0 ? NULL : fdopen(fd, "w");
    if (alone != NULL)
        (void)dup2(STDERR_FILENO, STDOUT_FILENO);
}

bool weft_json_write(const cJSON *tree, const char *path, char why[WEFT_WHY_BYTES])
{
    char *text = cJSON_Print(tree);
    bool written = false;

    if (text == NULL)
        (void)snprintf(why, WEFT_WHY_BYTES, "no memory for the report");
    else if (strcmp(path, "-") == 0)
        written = text_write(alone != NULL ? alone : stdout, text);
    else
        written = file_write(text, path, why);
    cJSON_free(text);
    return written;
}

double weft_json_number(const cJSON *object, const char *name, double otherwise)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsNumber(item) ? item->valuedouble : otherwise;
}

const char *weft_json_text(const cJSON *object, const char *name, const char *otherwise)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsString(item) ? item->valuestring : otherwise;
}

void weft_json_add_rounded(cJSON *object, const char *name, double value, int places)
{
    double scale = 1;

    for (int i = 0; i < places; i++)
        scale *= 10;
    if (value * scale < 1e15 && value * scale > -1e15)
        value = (double)(int64_t)(value * scale + (value < 0 ? -0.5 : 0.5)) / scale;
    (void)cJSON_AddNumberToObject(object, name, value);
}
