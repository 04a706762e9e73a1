/* Processes of this server; see process.h. */
#include "process.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/hash.h"
#include "log.h"
#include "share.h"

#define STAT_BYTES 1024
#define BOOT_ID    "/proc/sys/kernel/random/boot_id"
#define EXITING    0x4u /* PF_EXITING, of the flags */

/* Fields of /proc/<number>/stat, as proc(5) counts them. */
enum { FIELD_STATE = 3, FIELD_FLAGS = 9, FIELD_THREADS = 20, FIELD_STARTED = 22 };

static bool read_file(const char *path, char *text, size_t size)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = file < 0 ? -1 : read(file, text, size - 1);

    if (file >= 0)
        close(file);
    if (got <= 0)
        return false;
    text[got] = '\0';
    return true;
}

/* Where a field begins. The second one, a name, may hold anything: what counts comes behind its
 * last bracket. NULL: no such process, or no such field. */
static const char *find_field(char text[STAT_BYTES], uint32_t number, uint32_t field)
{
    char path[48];
    const char *at;

    weft_format(path, sizeof(path), "/proc/%u/stat", number);
    at = read_file(path, text, STAT_BYTES) ? strrchr(text, ')') : NULL;
    for (uint32_t i = 2; at != NULL && i < field; i++)
        at = strchr(at + 1, ' ');
    return at == NULL ? NULL : at + 1;
}

static uint64_t field_of(uint32_t number, uint32_t field)
{
    char text[STAT_BYTES];
    const char *at = find_field(text, number, field);

    return at == NULL ? 0 : strtoull(at, NULL, 10);
}

void weft_process_hide(struct weft_process *self)
{
    /* Without random numbers its own number and start tell it from others. */
    self->server[0] = self->started + 1;
    self->server[1] = self->number;
    (void)weft_random(self->server, sizeof(self->server));
}

void weft_process_self(const char *emulated, struct weft_process *self)
{
    char boot[64] = "";
    struct stat space;
    uint64_t kind = emulated == NULL ? 1 : 2;

    memset(self, 0, sizeof(*self));
    self->user = geteuid();
    self->number = (uint32_t)getpid();
    self->started = field_of(self->number, FIELD_STARTED);
    if (stat("/proc/self/ns/pid", &space) == 0)
        self->space = space.st_ino;
    if (!read_file(BOOT_ID, boot, sizeof(boot)) || self->started == 0 ||
        (emulated != NULL && emulated[0] == '\0')) {
        weft_process_hide(self);
        return;
    }
    for (uint32_t i = 0; i < 2; i++) {
        uint64_t hash = weft_hash_word(WEFT_HASH_SEED + i, kind);

        hash = weft_hash_bytes(hash, boot, strlen(boot));
        /* Names of emulated machines are each user's own. */
        if (emulated != NULL) {
            hash = weft_hash_word(hash, self->user);
            hash = weft_hash_bytes(hash, emulated, strlen(emulated));
        }
        self->server[i] = hash;
    }
}

void weft_process_write(const struct weft_process *process, struct weft_writer *writer)
{
    weft_writer_number(writer, process->server[0], 8);
    weft_writer_number(writer, process->server[1], 8);
    weft_writer_number(writer, process->space, 8);
    weft_writer_number(writer, process->started, 8);
    weft_writer_number(writer, process->user, 4);
    weft_writer_number(writer, process->number, 4);
}

void weft_process_read(struct weft_process *process, struct weft_reader *reader)
{
    process->server[0] = weft_reader_number(reader, 8);
    process->server[1] = weft_reader_number(reader, 8);
    process->space = weft_reader_number(reader, 8);
    process->started = weft_reader_number(reader, 8);
    process->user = (uint32_t)weft_reader_number(reader, 4);
    process->number = (uint32_t)weft_reader_number(reader, 4);
}

bool weft_process_same_server(const struct weft_process *a, const struct weft_process *b)
{
    return a->server[0] == b->server[0] && a->server[1] == b->server[1];
}

const char *weft_process_apart(const struct weft_process *a, const struct weft_process *b)
{
    if (a->user != b->user)
        return "it is another user's; run both as one user";
    if (a->space != b->space)
        return "it is in another PID namespace; run both containers in one (--pid)";
    return NULL;
}

enum weft_process_life weft_process_look(const struct weft_process *process)
{
    char text[STAT_BYTES];
    const char *state = find_field(text, process->number, FIELD_STATE);

    if (state == NULL || field_of(process->number, FIELD_STARTED) != process->started)
        return WEFT_PROCESS_OVER;
    /* A leader without its threads waits for nothing but its parent. */
    if (*state == 'Z' || *state == 'X')
        return field_of(process->number, FIELD_THREADS) > 1 ? WEFT_PROCESS_ENDS : WEFT_PROCESS_OVER;
    return (field_of(process->number, FIELD_FLAGS) & EXITING) != 0 ? WEFT_PROCESS_ENDS
                                                                   : WEFT_PROCESS_RUNS;
}
