/* Reads the kernel's list of Unix sockets; see top_find.h. */
#include "top_find.h"

#include <stdlib.h>
#include <string.h>

#define LIST_PATH "/proc/net/unix"
#define LISTENING 0x10000u /* the flag of a socket that listens, not of its connections */

/* "123." is 123; moves `*at` behind it. */
static bool read_number(const char **at, char end, uint32_t *number)
{
    char *behind;
    unsigned long value;

    if (**at < '0' || **at > '9')
        return false;
    value = strtoul(*at, &behind, 10);
    if (*behind != end || value > INT32_MAX)
        return false;
    *at = behind + (end != '\0');
    *number = (uint32_t)value;
    return true;
}

/* "...: 00000002 00000000 00010000 0001 01 12345 @weft-status.123.0.0" and the line's end; the line
 * is cut into its words. */
static bool read_line(char *line, struct weft_top_comm *comm)
{
    char *words[8] = {NULL};
    char *left = NULL;
    const char *at;
    uint32_t k;

    for (size_t i = 0; i < WEFT_ARRAY_COUNT(words); i++) {
        words[i] = strtok_r(i == 0 ? line : NULL, " \n", &left);
        if (words[i] == NULL)
            return false;
    }
    if ((strtoul(words[3], NULL, 16) & LISTENING) == 0 ||
        strlen(words[7]) > WEFT_STATUS_NAME_BYTES ||
        !weft_text_starts(words[7], "@" WEFT_STATUS_PREFIX))
        return false;
    at = words[7] + 1 + strlen(WEFT_STATUS_PREFIX);
    memset(comm, 0, sizeof(*comm));
    weft_text_copy(comm->name, sizeof(comm->name), words[7] + 1);
    return read_number(&at, '.', &comm->pid) && read_number(&at, '.', &comm->number) &&
           read_number(&at, '\0', &k);
}

static int order(const void *one, const void *other)
{
    const struct weft_top_comm *a = one;
    const struct weft_top_comm *b = other;

    if (a->pid != b->pid)
        return a->pid < b->pid ? -1 : 1;
    if (a->number != b->number)
        return a->number < b->number ? -1 : 1;
    return strcmp(a->name, b->name);
}

uint32_t weft_top_find(FILE *list, uint32_t pid, struct weft_top_comm comms[WEFT_TOP_COMMS_MAX])
{
    uint32_t count = 0;
    char *line = NULL;
    size_t size = 0;

    while (count < WEFT_TOP_COMMS_MAX && getline(&line, &size, list) >= 0)
        if (read_line(line, &comms[count]) && (pid == 0 || comms[count].pid == pid))
            count++;
    free(line);
    qsort(comms, count, sizeof(comms[0]), order);
    return count;
}

uint32_t weft_top_find_here(uint32_t pid, struct weft_top_comm comms[WEFT_TOP_COMMS_MAX])
{
    FILE *list = fopen(LIST_PATH, "re");
    uint32_t count;

    if (list == NULL)
        return 0;
    count = weft_top_find(list, pid, comms);
    (void)fclose(list);
    return count;
}
