/* The shared-memory object of a named machine: who makes it, who finds it, who removes it.
 *
 * Coming and going are serialised by a lock on the object's file, which the system takes back from
 * the dead. An object in which nobody lives is one that crashed processes have left: it is made
 * anew. A removed object is told by its link count. */
#include "board.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "clock.h"

#define NAME_MAX_BYTES 64
#define OPEN_NS        5000000000ull /* real: how long others may take to come or go */
#define LOOK_NS        1000000       /* real: between two looks at that */
#define FOREIGN        " is of another build of Weft; end the processes that use it and remove it"

static int refuse(char why[WEFT_EMU_WHY_BYTES], const char *object, const char *sentence)
{
    struct weft_text text;

    weft_text_init(&text, why, WEFT_EMU_WHY_BYTES);
    weft_text_add(&text, "the shared object /dev/shm");
    weft_text_add(&text, object);
    weft_text_add(&text, sentence);
    return -1;
}

static bool is_name(const char *name)
{
    size_t length = strlen(name);

    return length > 0 && length <= NAME_MAX_BYTES &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
               length;
}

static void name_object(char object[WEFT_EMU_OBJECT_BYTES], const char *machine_name)
{
    struct weft_text text;

    weft_text_init(&text, object, WEFT_EMU_OBJECT_BYTES);
    weft_text_add(&text, "/weft-emu.");
    weft_text_number(&text, (uint64_t)geteuid());
    weft_text_char(&text, '.');
    weft_text_add(&text, machine_name);
}

/* False when others hold it for OPEN_NS: somebody is stopped in there. */
static bool lock_file(int descriptor)
{
    uint64_t until_ns = weft_emu_clock_real_now() + OPEN_NS;

    while (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        struct timespec wait = {0, LOOK_NS};

        if (weft_emu_clock_real_now() > until_ns)
            return false;
        nanosleep(&wait, NULL);
    }
    return true;
}

/* Opens and locks the object of that name; a new one is empty. -1 with `why`. */
static int open_object(const char *object, char why[WEFT_EMU_WHY_BYTES])
{
    for (;;) {
        int descriptor = shm_open(object, O_RDWR | O_CREAT, S_IRUSR | S_IWUSR);
        struct stat facts;

        if (descriptor < 0)
            return refuse(why, object,
                          errno == EACCES ? " is another user's; take another name"
                                          : " cannot be made");
        if (!lock_file(descriptor)) {
            close(descriptor);
            return refuse(why, object,
                          " is held by a process that does not go on; continue or end it");
        }
        if (fstat(descriptor, &facts) == 0 && facts.st_nlink > 0) {
            if (facts.st_uid == geteuid())
                return descriptor;
            close(descriptor);
            return refuse(why, object, " is another user's; take another name");
        }
        close(descriptor); /* its last process has just removed it */
    }
}

static int refuse_other(const struct weft_emu_common *common, const char *machine_name,
                        const struct weft_emu_machine *machine, unsigned dilation,
                        char why[WEFT_EMU_WHY_BYTES])
{
    struct weft_text text;

    weft_text_init(&text, why, WEFT_EMU_WHY_BYTES);
    weft_text_add(&text, "the machine named '");
    weft_text_add(&text, machine_name);
    weft_text_add(&text, "' is '");
    weft_text_add(&text, common->node);
    weft_text_add(&text, "' with dilation ");
    weft_text_number(&text, common->dilation);
    weft_text_add(&text, ", not '");
    weft_text_add(&text, machine->node);
    weft_text_add(&text, "' with dilation ");
    weft_text_number(&text, dilation);
    weft_text_add(&text, "; give the same, or another machine name");
    return -1;
}

/* Makes what is in the object, or checks what is there. */
static int settle(struct weft_emu_common *common, const char *object, const char *machine_name,
                  const struct weft_emu_machine *machine, unsigned dilation,
                  char why[WEFT_EMU_WHY_BYTES])
{
    if (common->layout != 0 && !weft_emu_common_is_ours(common))
        return refuse(why, object, FOREIGN);
    if (common->layout != 0 && weft_emu_common_is_inhabited(common)) {
        if (common->hash == weft_emu_machine_hash(machine) && common->dilation == dilation)
            return 0;
        return refuse_other(common, machine_name, machine, dilation, why);
    }
    memset(common, 0, sizeof(*common));
    weft_emu_state_init(&common->seats[0].states[0], machine);
    if (!weft_emu_common_init(common, machine, dilation))
        return refuse(why, object, " cannot hold a lock");
    return 0;
}

/* The object's memory, or NULL with `why`. */
static struct weft_emu_common *map_object(int file, const char *object,
                                          char why[WEFT_EMU_WHY_BYTES])
{
    const off_t size = (off_t)sizeof(struct weft_emu_common);
    struct stat facts;
    void *common;

    if (fstat(file, &facts) == 0 && facts.st_size != 0 && facts.st_size != size) {
        refuse(why, object, FOREIGN);
        return NULL;
    }
    /* Pages that /dev/shm has no room for would be missed in the middle of a copy. */
    if (posix_fallocate(file, 0, size) == 0) {
        common = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (common != MAP_FAILED)
            return common;
    }
    refuse(why, object, " cannot be mapped; is there room in /dev/shm?");
    return NULL;
}

int weft_emu_board_open(struct weft_emu_board *board, const char *machine_name,
                        const struct weft_emu_machine *machine, unsigned dilation,
                        char why[WEFT_EMU_WHY_BYTES])
{
    struct weft_emu_common *common;
    int file;

    board->file = -1;
    board->seat = WEFT_NONE;
    if (!is_name(machine_name)) {
        weft_text_copy(why, WEFT_EMU_WHY_BYTES, WEFT_EMU_NAMES);
        return -1;
    }
    name_object(board->object, machine_name);
    file = open_object(board->object, why);
    if (file < 0)
        return -1;
    common = map_object(file, board->object, why);
    if (common == NULL ||
        settle(common, board->object, machine_name, machine, dilation, why) != 0) {
        if (common != NULL)
            munmap(common, sizeof(*common));
        close(file);
        return -1;
    }
    board->file = file;
    board->common = common;
    board->is_shared = true;
    weft_emu_state_init(&board->state, machine);
    return 0;
}

void weft_emu_board_opened(struct weft_emu_board *board)
{
    if (board->is_shared)
        flock(board->file, LOCK_UN);
}

void weft_emu_board_leave(struct weft_emu_board *board)
{
    struct stat facts;

    if (!board->is_shared)
        return;
    if (lock_file(board->file) && fstat(board->file, &facts) == 0 && facts.st_nlink > 0 &&
        !weft_emu_common_is_inhabited(board->common))
        shm_unlink(board->object);
    close(board->file);
}
