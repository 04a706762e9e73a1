/* Loads of comms in shared memory; see loads.h. */
#include "loads.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../base/hash.h"
#include "../base/ring.h"
#include "log.h"

#define LAYOUT       3 /* of struct weft_loads_common, and its locks: part of its name */
#define LOCK_TRIES   1000
#define LOCK_WAIT_NS 1000000 /* real */

struct slot {
    struct weft_flag owner;   /* number of the process, which may have ended; 0: nobody's */
    uint64_t beat_at;         /* an atomic word, as `changes` */
    struct weft_flag version; /* odd while it is written */
    struct weft_flag is_loaded;
    struct weft_flag own[WEFT_LINKS_MAX];
    struct weft_flag lent[WEFT_LINKS_MAX];
};

struct weft_loads_common {
    uint64_t changes; /* of any slot */
    /* The number of the process, or 0, by slot: together, as they are read for every signal. */
    uint64_t sleepers[WEFT_LOADS_SLOTS];
    struct slot slots[WEFT_LOADS_SLOTS];
};

/* ---- the shared memory ---- */

/* A process that joins or leaves has the lock for microseconds; one that was stopped there, longer.
 */
static bool lock_file(int file)
{
    for (uint32_t i = 0; i < LOCK_TRIES; i++) {
        struct timespec wait = {0, LOCK_WAIT_NS};

        if (flock(file, LOCK_EX | LOCK_NB) == 0)
            return true;
        nanosleep(&wait, NULL);
    }
    return false;
}

/* Opens and locks the object; a new one is empty. -1: there is none. */
static int open_object(const char *object)
{
    for (;;) {
        int file = shm_open(object, O_RDWR | O_CREAT, S_IRUSR | S_IWUSR);
        struct stat facts;

        if (file < 0)
            return -1;
        if (!lock_file(file) || fstat(file, &facts) != 0 || facts.st_uid != geteuid()) {
            close(file);
            return -1;
        }
        if (facts.st_nlink > 0)
            return file;
        close(file); /* its last user has just removed it */
    }
}

/* Names are of each process: with one visible GPU each, all of them call theirs gpu0. */
static uint64_t digest_of(const struct weft_topo *topo)
{
    uint64_t hash = weft_hash_word(WEFT_HASH_SEED, LAYOUT);

    for (uint32_t i = 0; i < topo->device_count; i++) {
        const struct weft_device *device = &topo->devices[i];

        hash = weft_hash_bytes(hash, device->name, strlen(device->name) + 1);
        hash = weft_hash_bytes(hash, device->bus, strlen(device->bus) + 1);
    }
    for (uint32_t i = 0; i < topo->link_count; i++) {
        hash = weft_hash_word(hash, topo->links[i].from);
        hash = weft_hash_word(hash, topo->links[i].to);
        hash = weft_hash_word(hash, (uint64_t)topo->links[i].kind);
    }
    return hash;
}

static struct weft_loads_common *map_object(int file)
{
    const off_t size = (off_t)sizeof(struct weft_loads_common);
    void *common;

    /* Pages that there is no room for would be missed in the middle of a round. */
    if (posix_fallocate(file, 0, size) != 0)
        return NULL;
    common = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    return common == MAP_FAILED ? NULL : common;
}

/* A slot is its comm's for as long as that has the byte of its number locked, which ends with the
 * process, whichever PID namespace that is in. False: somebody else has it. */
static bool lock_slot(int file, uint32_t slot, short type)
{
    struct flock byte = {.l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)slot, .l_len = 1};

    return fcntl(file, F_OFD_SETLK, &byte) == 0;
}

static bool is_alone(int file)
{
    struct flock bytes = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = WEFT_LOADS_SLOTS};

    return fcntl(file, F_OFD_GETLK, &bytes) == 0 && bytes.l_type == F_UNLCK;
}

/* With the file's lock held. */
static uint32_t take_slot(struct weft_loads_common *common, int file, uint32_t number)
{
    for (uint32_t i = 0; i < WEFT_LOADS_SLOTS; i++) {
        struct slot *slot = &common->slots[i];

        if (!lock_slot(file, i, F_WRLCK))
            continue;
        memset(slot, 0, sizeof(*slot));
        weft_word_set(&common->sleepers[i], 0);
        weft_flag_set(&slot->owner, number);
        return i;
    }
    return WEFT_NONE;
}

weftResult_t weft_loads_open(const struct weft_process *self, const struct weft_topo *topo,
                             struct weft_loads **loads, char why[WEFT_LOADS_WHY_BYTES])
{
    struct weft_loads *made = calloc(1, sizeof(*made));
    weftResult_t result = weftSystemError;

    weft_text_copy(why, WEFT_LOADS_WHY_BYTES, "no memory");
    if (made == NULL)
        return weftSystemError;
    made->link_count = topo->link_count;
    weft_format(made->object, sizeof(made->object), "/weft-loads.%u.%llx.%llx", self->user,
                (unsigned long long)(self->server[0] ^ self->server[1]),
                (unsigned long long)digest_of(topo));
    made->file = open_object(made->object);
    if (made->file < 0) {
        weft_format(why, WEFT_LOADS_WHY_BYTES, "the shared memory %s cannot be opened: %s",
                    made->object, strerror(errno));
        goto fail;
    }
    made->common = map_object(made->file);
    if (made->common == NULL) {
        weft_format(why, WEFT_LOADS_WHY_BYTES, "the shared memory %s has no room for %zu bytes",
                    made->object, sizeof(*made->common));
        goto fail;
    }
    made->slot = take_slot(made->common, made->file, self->number);
    if (made->slot == WEFT_NONE) {
        weft_format(why, WEFT_LOADS_WHY_BYTES, "%u comms of this server share their loads already",
                    WEFT_LOADS_SLOTS);
        result = weftNoResource;
        goto fail;
    }
    (void)flock(made->file, LOCK_UN);
    *loads = made;
    return weftSuccess;
fail:
    if (made->common != NULL)
        munmap(made->common, sizeof(*made->common));
    if (made->file >= 0)
        close(made->file);
    free(made);
    return result;
}

/* The last one out removes the object. */
void weft_loads_close(struct weft_loads *loads)
{
    struct slot *slot;
    bool is_locked;

    if (loads == NULL)
        return;
    slot = &loads->common->slots[loads->slot];
    is_locked = lock_file(loads->file);
    weft_loads_sleep(loads, false);
    weft_flag_set(&slot->is_loaded, 0);
    weft_flag_set(&slot->owner, 0);
    weft_word_add(&loads->common->changes, 1);
    if (is_locked && is_alone(loads->file))
        shm_unlink(loads->object);
    /* In a process that was forked the file stays open, and would keep both locked. */
    (void)lock_slot(loads->file, loads->slot, F_UNLCK);
    (void)flock(loads->file, LOCK_UN);
    munmap(loads->common, sizeof(*loads->common));
    close(loads->file);
    free(loads);
}

/* ---- telling ---- */

static uint32_t cut(uint64_t rate)
{
    return (uint32_t)weft_min(rate, UINT32_MAX);
}

void weft_loads_tell(struct weft_loads *loads, const struct weft_load *own)
{
    struct slot *slot = &loads->common->slots[loads->slot];
    uint32_t version = weft_flag_get(&slot->version);
    bool is_loaded = false;

    if (memcmp(loads->own, own, loads->link_count * sizeof(*own)) == 0)
        return;
    memcpy(loads->own, own, loads->link_count * sizeof(*own));
    /* Each flag is set after those before it: who reads a new number sees an odd version, too. */
    weft_flag_set(&slot->version, version + 1);
    for (uint32_t i = 0; i < loads->link_count; i++) {
        weft_flag_set(&slot->own[i], cut(own[i].own_bytes_per_us));
        weft_flag_set(&slot->lent[i], cut(own[i].lent_bytes_per_us));
        is_loaded = is_loaded || own[i].own_bytes_per_us > 0 || own[i].lent_bytes_per_us > 0;
    }
    weft_flag_set(&slot->is_loaded, is_loaded);
    weft_flag_set(&slot->version, version + 2);
    weft_word_add(&loads->common->changes, 1);
}

/* ---- looking ---- */

/* Adds what a slot holds to the sums; false when it is being written. */
static bool add_slot(struct weft_loads *loads, const struct slot *slot)
{
    struct weft_load held[WEFT_LINKS_MAX];
    uint32_t version = weft_flag_get(&slot->version);

    for (uint32_t i = 0; i < loads->link_count; i++)
        held[i] = (struct weft_load){weft_flag_get(&slot->own[i]), weft_flag_get(&slot->lent[i])};
    if (version % 2 != 0 || weft_flag_get(&slot->version) != version)
        return false;
    for (uint32_t i = 0; i < loads->link_count; i++) {
        loads->sums[i].own_bytes_per_us += held[i].own_bytes_per_us;
        loads->sums[i].lent_bytes_per_us += held[i].lent_bytes_per_us;
    }
    return true;
}

static void add_slots(struct weft_loads *loads, uint64_t real_now)
{
    memset(loads->sums, 0, loads->link_count * sizeof(loads->sums[0]));
    loads->is_stirred = false;
    loads->is_loaded = false;
    for (uint32_t i = 0; i < WEFT_LOADS_SLOTS; i++) {
        const struct slot *slot = &loads->common->slots[i];

        if (i == loads->slot || weft_flag_get(&slot->owner) == 0 ||
            weft_flag_get(&slot->is_loaded) == 0)
            continue;
        loads->is_loaded = true;
        if (weft_sub_sat(real_now, weft_word_get(&slot->beat_at)) > WEFT_LOADS_STALE_REAL_NS)
            continue;
        if (!add_slot(loads, slot))
            loads->is_stirred = true;
    }
}

/* A slot that was being written is read again in the next round, and until then as it was. */
static bool is_due(const struct weft_loads *loads, uint64_t changes, uint64_t real_now)
{
    return changes != loads->seen_changes || loads->is_stirred ||
           (loads->is_loaded && real_now - loads->looked_at >= WEFT_LOADS_LOOK_REAL_NS);
}

bool weft_loads_look(struct weft_loads *loads, uint64_t real_now, bool is_new[WEFT_LINKS_MAX])
{
    uint64_t changes = weft_word_get(&loads->common->changes);
    bool any = false;

    if (real_now - loads->beat_at >= WEFT_LOADS_BEAT_REAL_NS) {
        loads->beat_at = real_now;
        weft_word_set(&loads->common->slots[loads->slot].beat_at, real_now);
    }
    if (!is_due(loads, changes, real_now))
        return false;
    loads->looked_at = real_now;
    loads->seen_changes = changes;
    add_slots(loads, real_now);
    if (loads->is_stirred)
        return false;
    for (uint32_t i = 0; i < loads->link_count; i++) {
        is_new[i] = memcmp(&loads->sums[i], &loads->foreign[i], sizeof(loads->sums[i])) != 0;
        any = any || is_new[i];
    }
    if (any)
        memcpy(loads->foreign, loads->sums, loads->link_count * sizeof(loads->sums[0]));
    return any;
}

/* ---- sleepers ---- */

void weft_loads_sleep(struct weft_loads *loads, bool sleeps)
{
    struct weft_loads_common *common = loads->common;

    /* All words have one order: either the sleeper sees what was written or the writer sees that it
     * sleeps. */
    weft_word_set(&common->sleepers[loads->slot],
                  sleeps ? weft_flag_get(&common->slots[loads->slot].owner) : 0);
}

bool weft_loads_sleeps(const struct weft_loads *loads, const struct weft_process *process)
{
    for (uint32_t i = 0; i < WEFT_LOADS_SLOTS; i++)
        if (weft_word_get(&loads->common->sleepers[i]) == process->number)
            return true;
    return false;
}
