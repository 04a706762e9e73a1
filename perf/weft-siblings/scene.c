/* The scenes of weft-siblings: their processes, and what each does. */
#include "scene.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "common/checksum.h"
#include "common/stats.h"
#include "common/testbed.h"

#define WAIT_MS_MAX 120000 /* real: for the other process */
#define IN_FLIGHT   2      /* puts of who is in the way */
#define TIMEOUT_MS  "60000"
#define SERVER      "127.0.0.1"

/* What both processes and the program see. */
struct page {
    struct weft_scene_settings settings;
    enum weft_scene_kind kind;
    char machine[64]; /* the emulated one's name, which no other scene has */
    weftWindowKey_t key;
    atomic_int first_step; /* how far each has come */
    atomic_int second_step;
    struct weft_scene_result result;
    char why[2][WEFT_WHY_BYTES];
};

/* A process's end of the scene. */
struct side {
    struct page *page;
    char *why;
    weftComm_t comm;
};

struct place {
    weftWindow_t window;
    void *memory; /* an emulated GPU's is plain memory, too */
};

static bool fail(const struct side *side, const char *what)
{
    (void)snprintf(side->why, WEFT_WHY_BYTES, "%s: %s", what, weftGetLastError(NULL));
    return false;
}

static bool await_step(const struct side *side, atomic_int *step, int wanted)
{
    struct timespec pause = {0, 1000000};

    for (unsigned ms = 0; ms < WAIT_MS_MAX; ms++) {
        if (atomic_load(step) >= wanted)
            return true;
        nanosleep(&pause, NULL);
    }
    (void)snprintf(side->why, WEFT_WHY_BYTES, "the other process did not come to step %d", wanted);
    return false;
}

/* ---- a process's machine and memory ---- */

static bool side_open(struct side *side, const char *routes)
{
    const struct weft_scene_settings *settings = &side->page->settings;
    const struct weft_testbed_setting list[] = {
        {"emu_machine", side->page->machine},
        {"net", "tcp"},
        {"timeout_ms", TIMEOUT_MS},
        {"routes", routes},
        {"loads", side->page->kind == WEFT_SCENE_OWNER_APART ? "own" : "shared"},
    };

    struct weft_testbed testbed = {.emulated = true, .dilation = (unsigned)settings->dilation};

    weft_text_copy(testbed.node, sizeof(testbed.node), settings->node);
    weft_text_copy(testbed.server_id, sizeof(testbed.server_id), SERVER);
    return weft_testbed_comm(&testbed, list, sizeof(list) / sizeof(list[0]), &side->comm,
                             side->why);
}

/* Of the machine's time. */
static weft_ns now(const struct side *side)
{
    struct timespec at;

    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return ((uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec) /
           side->page->settings.dilation;
}

static bool place_open(const struct side *side, const char *device, struct place *place)
{
    weftDevId_t id;

    if (weftDevIdParse(side->comm, device, &id) != weftSuccess ||
        weftMemAlloc(side->comm, id, side->page->settings.size, &place->memory) != weftSuccess ||
        weftWindowRegister(side->comm, id, place->memory, side->page->settings.size,
                           WEFT_WIN_DEFAULT, &place->window) != weftSuccess)
        return fail(side, device);
    return true;
}

static void fill(const struct side *side, const struct place *place, uint64_t seed)
{
    weft_pattern_fill(place->memory, side->page->settings.size, seed, 0);
}

static bool check(const struct side *side, const struct place *place, uint64_t seed)
{
    uint64_t wrong = weft_pattern_wrong(place->memory, side->page->settings.size, seed, 0);

    if (wrong > 0)
        (void)snprintf(side->why, WEFT_WHY_BYTES, "%llu bytes are wrong",
                       (unsigned long long)wrong);
    return wrong == 0;
}

static bool put(const struct side *side, weftWindow_t dst, weftWindow_t src, weft_ns *time_ns)
{
    weft_ns begun = now(side);
    weftRequest_t request;

    if (weftPut(dst, 0, src, 0, side->page->settings.size, side->comm, NULL, &request) !=
            weftSuccess ||
        weftWait(&request, WEFT_TIMEOUT_DEFAULT) != weftSuccess)
        return fail(side, "put");
    *time_ns = now(side) - begun;
    return true;
}

/* ---- putting into gpu1: one's own, or the sibling's ---- */

/* The last put's pattern is what whoever has the memory checks. */
static bool put_many(const struct side *side, weftWindow_t dst, const struct place *src)
{
    uint64_t times[WEFT_SCENE_REPEATS_MAX + 1];
    uint64_t repeats = side->page->settings.repeats;

    for (uint64_t i = 0; i <= repeats; i++) {
        fill(side, src, i);
        if (!put(side, dst, src->window, &times[i]))
            return false;
    }
    side->page->result.first_gb_per_s = weft_rate_gb_per_s(
        side->page->settings.size, weft_stats_median(times + 1, (size_t)repeats));
    return true;
}

static bool inside_first(struct side *side)
{
    struct place src;
    struct place dst;

    return side_open(side, "all") && place_open(side, "gpu0", &src) &&
           place_open(side, "gpu1", &dst) && put_many(side, dst.window, &src) &&
           check(side, &dst, side->page->settings.repeats);
}

static bool sibling_first(struct side *side)
{
    struct place src;
    weftWindow_t dst;

    if (!side_open(side, "all") || !place_open(side, "gpu0", &src) ||
        !await_step(side, &side->page->second_step, 1))
        return false;
    if (weftWindowImport(side->comm, &side->page->key, &dst) != weftSuccess)
        return fail(side, "import");
    if (!put_many(side, dst, &src))
        return false;
    atomic_store(&side->page->first_step, 1);
    return await_step(side, &side->page->second_step, 2);
}

static bool sibling_second(struct side *side)
{
    struct place dst;

    if (!side_open(side, "all") || !place_open(side, "gpu1", &dst))
        return false;
    if (weftWindowGetKey(dst.window, WEFT_RIGHT_WRITE, &side->page->key) != weftSuccess)
        return fail(side, "key");
    atomic_store(&side->page->second_step, 1);
    if (!await_step(side, &side->page->first_step, 1) ||
        !check(side, &dst, side->page->settings.repeats))
        return false;
    atomic_store(&side->page->second_step, 2);
    return true;
}

/* ---- the owner of gpu1, and who borrows its link ---- */

/* The first one's puts follow each other until the second has measured its own. */
static bool borrow_first(struct side *side)
{
    const struct page *page = side->page;
    struct place src;
    struct place dst;
    weftRequest_t requests[IN_FLIGHT] = {NULL};
    uint64_t ended = 0;
    weft_ns begun;

    if (!side_open(side, "all") || !place_open(side, "gpu0", &src) ||
        !place_open(side, "dram0", &dst))
        return false;
    fill(side, &src, 1);
    if (!await_step(side, &side->page->second_step, 1))
        return false;
    begun = now(side);
    for (uint32_t i = 0; atomic_load(&side->page->second_step) < 2; i = (i + 1) % IN_FLIGHT) {
        if (requests[i] != NULL) {
            if (weftWait(&requests[i], WEFT_TIMEOUT_DEFAULT) != weftSuccess)
                return fail(side, "put");
            ended++;
        }
        if (weftPut(dst.window, 0, src.window, 0, page->settings.size, side->comm, NULL,
                    &requests[i]) != weftSuccess)
            return fail(side, "put");
        atomic_store(&side->page->first_step, 1);
    }
    side->page->result.first_gb_per_s =
        weft_rate_gb_per_s(ended * page->settings.size, now(side) - begun);
    for (uint32_t i = 0; i < IN_FLIGHT; i++)
        if (requests[i] != NULL && weftWait(&requests[i], WEFT_TIMEOUT_DEFAULT) != weftSuccess)
            return fail(side, "put");
    return check(side, &dst, 1);
}

static bool own_second(struct side *side)
{
    const struct weft_scene_settings *settings = &side->page->settings;
    bool is_alone = side->page->kind == WEFT_SCENE_OWNER_ALONE;
    uint64_t times[WEFT_SCENE_REPEATS_MAX + 1];
    struct place src;
    struct place dst;

    if (!side_open(side, "direct") || !place_open(side, "gpu1", &src) ||
        !place_open(side, "dram0", &dst))
        return false;
    fill(side, &src, 2);
    atomic_store(&side->page->second_step, 1);
    if (!is_alone && !await_step(side, &side->page->first_step, 1))
        return false;
    for (uint64_t i = 0; i <= settings->repeats; i++)
        if (!put(side, dst.window, src.window, &times[i]))
            return false;
    side->page->result.second_gb_per_s =
        weft_rate_gb_per_s(settings->size, weft_stats_median(times + 1, (size_t)settings->repeats));
    atomic_store(&side->page->second_step, 2);
    return check(side, &dst, 2);
}

/* ---- the scenes ---- */

typedef bool part_fn(struct side *side);

static bool nothing(struct side *side)
{
    (void)side;
    return true;
}

static part_fn *const parts[WEFT_SCENES][2] = {
    [WEFT_SCENE_INSIDE] = {inside_first, nothing},
    [WEFT_SCENE_SIBLING] = {sibling_first, sibling_second},
    [WEFT_SCENE_OWNER_ALONE] = {nothing, own_second},
    [WEFT_SCENE_OWNER_SHARED] = {borrow_first, own_second},
    [WEFT_SCENE_OWNER_APART] = {borrow_first, own_second},
};

static _Noreturn void process_run(struct page *page, uint32_t which, pid_t parent)
{
    struct side side = {.page = page, .why = page->why[which]};
    bool good;

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
        _exit(EXIT_FAILURE);
    good = parts[page->kind][which](&side);
    if (good && side.comm != NULL)
        (void)weftCommDestroy(side.comm);
    exit(good ? EXIT_SUCCESS : EXIT_FAILURE); /* not _exit: the emulated machine is to be left */
}

static bool process_ended(pid_t process)
{
    int status = 0;

    return waitpid(process, &status, 0) == process && WIFEXITED(status) &&
           WEXITSTATUS(status) == EXIT_SUCCESS;
}

/* Both, one after the other; the one that waits for one that failed gives up in time. */
static bool processes_run(struct page *page, char why[WEFT_WHY_BYTES])
{
    pid_t parent = getpid();
    pid_t processes[2];
    bool good = true;

    (void)fflush(NULL);
    for (uint32_t i = 0; i < 2; i++) {
        processes[i] = fork();
        if (processes[i] == 0)
            process_run(page, i, parent);
    }
    for (uint32_t i = 0; i < 2; i++) {
        if (processes[i] >= 0 && process_ended(processes[i]))
            continue;
        if (good)
            (void)snprintf(why, WEFT_WHY_BYTES, "process %u: %s", i + 1,
                           page->why[i][0] != '\0' ? page->why[i] : "it did not end well");
        good = false;
    }
    return good;
}

bool weft_scene_run(enum weft_scene_kind kind, const struct weft_scene_settings *settings,
                    struct weft_scene_result *result, char why[WEFT_WHY_BYTES])
{
    struct page *page =
        mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    bool good;

    if (page == MAP_FAILED) {
        weft_text_copy(why, WEFT_WHY_BYTES, "no memory that processes share");
        return false;
    }
    page->settings = *settings;
    page->kind = kind;
    (void)snprintf(page->machine, sizeof(page->machine), "weft-siblings-%d-%d", (int)getpid(),
                   (int)kind);
    good = processes_run(page, why);
    *result = page->result;
    (void)munmap(page, sizeof(*page));
    return good;
}
