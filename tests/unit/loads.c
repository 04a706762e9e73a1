/* Loads of several comms in one shared memory: told, seen, forgotten. */
#include "host/loads.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "core/preset.h"

#define NOW UINT64_C(1000000000)

static struct weft_topo topo;
static bool is_new[WEFT_LINKS_MAX];

static struct weft_loads *join_as(uint32_t number)
{
    struct weft_process self;
    struct weft_loads *loads = NULL;
    char name[32];
    char why[WEFT_LOADS_WHY_BYTES] = "";

    /* Of the test's group: its children find the same one, other tests do not. */
    (void)snprintf(name, sizeof(name), "loads-%d", (int)getpgrp());
    if (topo.link_count == 0)
        cr_assert(weft_preset_fill("hgx-h100", &topo));
    weft_process_self(name, &self);
    self.number = number;
    cr_assert_eq(weft_loads_open(&self, &topo, &loads, why), weftSuccess, "%s", why);
    return loads;
}

static struct weft_loads *join(void)
{
    return join_as((uint32_t)getpid());
}

static void tell(struct weft_loads *loads, uint32_t link, uint64_t own, uint64_t lent)
{
    static struct weft_load told[WEFT_LINKS_MAX];

    memset(told, 0, sizeof(told));
    told[link] = (struct weft_load){own, lent};
    weft_loads_tell(loads, told);
}

static bool exists(const struct weft_loads *loads)
{
    int file = shm_open(loads->object, O_RDONLY, 0);

    if (file >= 0)
        close(file);
    return file >= 0;
}

static void group(void)
{
    (void)setpgid(0, 0);
}

TestSuite(loads, .init = group, .timeout = 60);

Test(loads, look__what_others_told)
{
    struct weft_loads *a = join();
    struct weft_loads *b = join();
    struct weft_loads *c = join();

    cr_assert(!weft_loads_look(a, NOW, is_new));
    (void)weft_loads_look(b, NOW, is_new);
    (void)weft_loads_look(c, NOW, is_new);
    tell(b, 3, 100, 20);
    tell(c, 3, 7, 5);
    cr_assert(weft_loads_look(a, NOW, is_new));
    cr_assert(is_new[3]);
    cr_assert(!is_new[2]);
    cr_assert_eq(a->foreign[3].own_bytes_per_us, 107);
    cr_assert_eq(a->foreign[3].lent_bytes_per_us, 25);
    cr_assert(!weft_loads_look(a, NOW, is_new), "nothing has changed");
    cr_assert(weft_loads_look(b, NOW, is_new));
    cr_assert_eq(b->foreign[3].own_bytes_per_us, 7, "not its own");
    tell(c, 3, 0, 0);
    cr_assert(weft_loads_look(a, NOW, is_new));
    cr_assert_eq(a->foreign[3].own_bytes_per_us, 100);
    weft_loads_close(b);
    cr_assert(weft_loads_look(a, NOW, is_new));
    cr_assert_eq(a->foreign[3].own_bytes_per_us, 0);
    weft_loads_close(c);
    weft_loads_close(a);
}

/* What has one name in two processes and is two devices has two tables. */
Test(loads, open__by_bus)
{
    struct weft_loads *a = join();
    uint32_t gpu = weft_topo_find(&topo, "gpu0");
    struct weft_loads *b;

    weft_text_copy(topo.devices[gpu].bus, sizeof(topo.devices[gpu].bus), "0000:b7:00.0");
    b = join();
    cr_expect_str_neq(a->object, b->object);
    (void)weft_loads_look(a, NOW, is_new);
    tell(b, 3, 100, 20);
    cr_expect(!weft_loads_look(a, NOW, is_new));
    cr_expect_eq(a->foreign[3].own_bytes_per_us, 0);
    weft_loads_close(b);
    weft_loads_close(a);
}

/* Of this process, which is all three comms here: while one of them sleeps. */
Test(loads, sleep__is_seen_by_the_others)
{
    struct weft_loads *a = join();
    struct weft_loads *b = join();
    struct weft_loads *c = join();
    struct weft_process here;
    struct weft_process other;

    weft_process_self(NULL, &here);
    other = here;
    other.number++;
    cr_assert(!weft_loads_sleeps(a, &here));
    weft_loads_sleep(b, true);
    weft_loads_sleep(c, true);
    cr_assert(weft_loads_sleeps(a, &here));
    cr_assert(!weft_loads_sleeps(a, &other));
    weft_loads_sleep(b, false);
    cr_assert(weft_loads_sleeps(a, &here));
    weft_loads_close(c);
    cr_assert(!weft_loads_sleeps(a, &here), "who left sleeps no more");
    weft_loads_close(b);
    weft_loads_close(a);
}

/* Numbers beyond what a slot holds are cut. */
Test(loads, tell__more_than_there_is)
{
    struct weft_loads *a = join();
    struct weft_loads *b = join();

    (void)weft_loads_look(b, NOW, is_new);
    tell(b, 0, UINT64_MAX, 1);
    cr_assert(weft_loads_look(a, NOW, is_new));
    cr_assert_eq(a->foreign[0].own_bytes_per_us, UINT32_MAX);
    weft_loads_close(b);
    weft_loads_close(a);
}

/* Who does not beat takes nothing; who goes on is counted again. */
Test(loads, look__one_that_stands_still)
{
    struct weft_loads *a = join();
    struct weft_loads *b = join();
    uint64_t later = NOW + WEFT_LOADS_STALE_REAL_NS + 1;

    (void)weft_loads_look(b, NOW, is_new);
    tell(b, 1, 50, 0);
    cr_assert(weft_loads_look(a, NOW, is_new));
    cr_assert(!weft_loads_look(a, NOW + WEFT_LOADS_STALE_REAL_NS, is_new), "not so soon");
    cr_assert(weft_loads_look(a, later + WEFT_LOADS_LOOK_REAL_NS, is_new));
    cr_assert_eq(a->foreign[1].own_bytes_per_us, 0);
    (void)weft_loads_look(b, later + WEFT_LOADS_LOOK_REAL_NS, is_new);
    cr_assert(weft_loads_look(a, later + 2 * WEFT_LOADS_LOOK_REAL_NS, is_new));
    cr_assert_eq(a->foreign[1].own_bytes_per_us, 50);
    weft_loads_close(b);
    weft_loads_close(a);
}

static void run_and_die(int out)
{
    struct weft_loads *loads = join();
    uint32_t slot = loads->slot;

    (void)weft_loads_look(loads, NOW, is_new);
    tell(loads, 1, 50, 0);
    if (write(out, &slot, sizeof(slot)) == sizeof(slot))
        kill(getpid(), SIGKILL);
    _exit(1);
}

/* The slot of a process that was killed serves the next one. */
Test(loads, open__a_slot_of_the_dead)
{
    struct weft_loads *a = join();
    struct weft_loads *b;
    uint32_t slot = WEFT_NONE;
    int ends[2];
    pid_t child;

    cr_assert_eq(pipe(ends), 0);
    child = fork();
    cr_assert_geq(child, 0);
    if (child == 0)
        run_and_die(ends[1]);
    cr_assert_eq(read(ends[0], &slot, sizeof(slot)), (ssize_t)sizeof(slot));
    cr_assert_eq(waitpid(child, NULL, 0), child);
    cr_assert_eq(slot, 1);
    cr_assert(weft_loads_look(a, NOW, is_new));
    cr_assert_eq(a->foreign[1].own_bytes_per_us, 50, "it was alive just now");
    b = join();
    cr_assert_eq(b->slot, slot);
    cr_assert(weft_loads_look(a, NOW + WEFT_LOADS_LOOK_REAL_NS, is_new));
    cr_assert_eq(a->foreign[1].own_bytes_per_us, 0);
    weft_loads_close(b);
    weft_loads_close(a);
}

/* Who shares the memory from another PID namespace has a number that is nobody's here. */
Test(loads, open__a_slot_of_another_namespace)
{
    struct weft_loads *a = join_as(UINT32_MAX);
    struct weft_loads *b = join();
    struct weft_loads names = *a;

    cr_assert_neq(a->slot, b->slot);
    (void)weft_loads_look(a, NOW, is_new);
    tell(a, 1, 50, 0);
    cr_assert(weft_loads_look(b, NOW, is_new));
    cr_assert_eq(b->foreign[1].own_bytes_per_us, 50);
    weft_loads_close(b);
    cr_assert(exists(&names), "the other one is still here");
    weft_loads_close(a);
    cr_assert(!exists(&names));
}

/* A process that was forked has the file open for longer. */
Test(loads, close__leaves_no_lock_behind)
{
    struct weft_loads *a = join();
    struct weft_loads *b = join();
    struct weft_loads *c;
    int file = dup(a->file);

    cr_assert_geq(file, 0);
    weft_loads_close(a);
    c = join();
    cr_assert_eq(c->slot, 0);
    weft_loads_close(c);
    weft_loads_close(b);
    (void)close(file);
}

Test(loads, close__the_last_one_leaves_nothing)
{
    struct weft_loads *a = join();
    struct weft_loads *b = join();
    struct weft_loads names = *a;

    cr_assert(exists(&names));
    weft_loads_close(a);
    cr_assert(exists(&names));
    weft_loads_close(b);
    cr_assert(!exists(&names));
}

Test(loads, open__no_more_slots)
{
    struct weft_loads *all[WEFT_LOADS_SLOTS];
    struct weft_loads *more = NULL;
    struct weft_process self;
    char name[32];
    char why[WEFT_LOADS_WHY_BYTES] = "";

    for (uint32_t i = 0; i < WEFT_LOADS_SLOTS; i++)
        all[i] = join();
    (void)snprintf(name, sizeof(name), "loads-%d", (int)getpgrp());
    weft_process_self(name, &self);
    cr_assert_eq(weft_loads_open(&self, &topo, &more, why), weftNoResource);
    cr_assert_not_null(strstr(why, "64 comms"), "%s", why);
    for (uint32_t i = 0; i < WEFT_LOADS_SLOTS; i++)
        weft_loads_close(all[i]);
}
