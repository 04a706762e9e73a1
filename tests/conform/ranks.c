/* Ranks of several processes: they meet by an id, exchange keys, and reach each other's windows.
 *
 * A test forks its processes before it makes the id (a forked thread is none), hands it to them
 * through pipes, and reads how each rank fared. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host/boot_id.h"
#include "conform.h"
#include "strangers.h"

#define RANKS_MAX    6
#define SECONDS_MAX  100
#define SLOT_BYTES   KIB(256) /* of a window: what one rank writes there */
#define PATIENCE     "20000"  /* boot_timeout_ms of who is not to run into it */
#define ROOT_SERVER  91
#define FIRST_SERVER 92

/* What a process is asked for. */
struct task {
    int rank_count; /* that the ranks say */
    int first;
    int ranks;            /* threads, from `first` on */
    const char *patience; /* boot_timeout_ms */
    bool moves;           /* with all others, after they have met */
    const char *net;
    const char *connects; /* boot_connect; NULL: 0 */
};

struct outcome {
    weftResult_t result;
    char why[768];
};

struct process {
    pid_t pid;
    int to;
    int from;
    struct task task;
};

/* ---- in a process ---- */

struct rank {
    const struct task *task;
    unsigned server;
    int number;
    weftUniqueId id;
    pthread_t thread;
    struct outcome outcome;
};

static weftComm_t begin(struct rank *rank)
{
    weftConfig_t config;
    weftComm_t comm = NULL;
    char server[32];

    (void)snprintf(server, sizeof(server), "127.0.0.%u", rank->server);
    config = conform_config("net", rank->task->net, "server_id", server, "boot_timeout_ms",
                            rank->task->patience, "timeout_ms", "2000", "relay_slot_bytes",
                            "262144", "relay_slots", "2", "boot_connect",
                            rank->task->connects == NULL ? "0" : rank->task->connects, NULL);
    rank->outcome.result =
        weftCommInitRank(&comm, rank->task->rank_count, rank->id, rank->number, config);
    (void)snprintf(rank->outcome.why, sizeof(rank->outcome.why), "%s", weftGetLastError(NULL));
    SUCCEED(weftConfigDestroy(config));
    return comm;
}

/* Puts its pattern into its place of every other one's window, raises a signal there, waits for
 * those of all, and gets from the next one what it has put there. */
static void move(weftComm_t comm, int self, int count)
{
    weftWindowKey_t keys[RANKS_MAX];
    weftWindowKey_t mine;
    weftWindow_t far[RANKS_MAX] = {NULL};
    size_t words = SLOT_BYTES * (size_t)count;
    struct area window;
    struct area stage;
    weftRequest_t request;
    int next = (self + 1) % count;

    conform_area(comm, "dram0", words + 8, &window);
    conform_area(comm, "dram1", SLOT_BYTES, &stage);
    memset(window.base, 0, window.size);
    conform_fill(&stage, 0, SLOT_BYTES, (uint32_t)self);
    SUCCEED(weftWindowGetKey(window.window, WEFT_RIGHTS_ALL, &mine));
    SUCCEED(weftCommExchange(comm, &mine, keys, sizeof(mine)));
    cr_assert_eq(memcmp(&mine, &keys[self], sizeof(mine)), 0);
    for (int i = 0; i < count; i++) {
        if (i == self)
            continue;
        SUCCEED(weftWindowImport(comm, &keys[i], &far[i]));
        SUCCEED(weftPutSignal(far[i], SLOT_BYTES * (size_t)self, stage.window, 0, SLOT_BYTES,
                              far[i], words, 1, weftSignalAdd, comm, NULL, NULL));
    }
    SUCCEED(weftWaitSignal(window.window, words, (uint64_t)count - 1, comm, NULL,
                           WEFT_TIMEOUT_DEFAULT));
    for (int i = 0; i < count; i++)
        if (i != self) {
            struct area slot = window;

            slot.base += SLOT_BYTES * (size_t)i;
            cr_assert(conform_holds(&slot, 0, SLOT_BYTES, (uint32_t)i), "from rank %d", i);
        }
    SUCCEED(weftFlush(comm, WEFT_TIMEOUT_DEFAULT));
    SUCCEED(weftGet(stage.window, 0, far[next], SLOT_BYTES * (size_t)self, SLOT_BYTES, comm, NULL,
                    &request));
    SUCCEED(weftWait(&request, WEFT_TIMEOUT_DEFAULT));
    cr_assert(conform_holds(&stage, 0, SLOT_BYTES, (uint32_t)self));
    SUCCEED(weftCommExchange(comm, &self, far, sizeof(self))); /* nobody leaves early */
}

static void *run_rank(void *argument)
{
    struct rank *rank = argument;
    weftComm_t comm = begin(rank);

    if (comm == NULL)
        return NULL;
    if (rank->task->moves)
        move(comm, rank->number, rank->task->rank_count);
    conform_close(comm);
    return NULL;
}

static void work(struct process *process, unsigned server)
{
    struct rank ranks[RANKS_MAX];
    weftUniqueId id;

    (void)alarm(SECONDS_MAX); /* a failed assertion leaves nothing behind */
    if (read(process->to, &id, sizeof(id)) != (ssize_t)sizeof(id))
        _exit(0);
    for (int i = 0; i < process->task.ranks; i++) {
        ranks[i] = (struct rank){
            .task = &process->task, .server = server, .number = process->task.first + i, .id = id};
        cr_assert_eq(pthread_create(&ranks[i].thread, NULL, run_rank, &ranks[i]), 0);
    }
    for (int i = 0; i < process->task.ranks; i++) {
        pthread_join(ranks[i].thread, NULL);
        if (write(process->from, &ranks[i].outcome, sizeof(ranks[i].outcome)) < 0)
            _exit(1);
    }
    _exit(0);
}

/* ---- in the test ---- */

static struct process fork_process(const struct task *task, unsigned server)
{
    struct process process = {.task = *task};
    int to[2];
    int from[2];

    cr_assert_eq(pipe(to) + pipe(from), 0);
    process.pid = fork();
    cr_assert_geq(process.pid, 0);
    process.to = process.pid == 0 ? to[0] : to[1];
    process.from = process.pid == 0 ? from[1] : from[0];
    close(process.pid == 0 ? to[1] : to[0]);
    close(process.pid == 0 ? from[0] : from[1]);
    if (process.pid == 0)
        work(&process, server);
    return process;
}

static void give(const struct process *process, const weftUniqueId *id)
{
    cr_assert_eq(write(process->to, id, sizeof(*id)), (ssize_t)sizeof(*id));
}

static struct outcome take(const struct process *process)
{
    struct outcome outcome;

    cr_assert_eq(read(process->from, &outcome, sizeof(outcome)), (ssize_t)sizeof(outcome),
                 "rank %d ended without a word", process->task.first);
    return outcome;
}

static void end(struct process *process)
{
    int status = 0;

    close(process->to);
    close(process->from);
    cr_expect_eq(waitpid(process->pid, &status, 0), process->pid);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "process of rank %d ended with %d",
              process->task.first, status);
}

/* The root listens on an address of its own, where strangers find it. */
static weftUniqueId make_id(void)
{
    weftUniqueId id;

    cr_assert_eq(setenv("WEFT_NET", "tcp", 1), 0);
    cr_assert_eq(setenv("WEFT_NET_ADDRESS", "127.91.0.1,127.91.0.2", 1), 0);
    SUCCEED(weftGetUniqueId(&id));
    return id;
}

static void expect(const struct process *process, weftResult_t result, const char *word)
{
    struct outcome outcome = take(process);

    cr_assert_eq(outcome.result, result, "rank %d: %s: %s", process->task.first,
                 weftGetErrorString(outcome.result), outcome.why);
    cr_assert_not_null(strstr(outcome.why, word), "no \"%s\" in: %s", word, outcome.why);
}

/* Processes with the tasks, all of them with one id. */
static void run_all(struct process *processes, const struct task *tasks, uint32_t count)
{
    weftUniqueId id;

    for (uint32_t i = 0; i < count; i++)
        processes[i] = fork_process(&tasks[i], FIRST_SERVER + i);
    id = make_id();
    for (uint32_t i = 0; i < count; i++)
        give(&processes[i], &id);
}

Test(ranks, exchange__four_processes_reach_each_other, .timeout = 120)
{
    static const struct task tasks[] = {{5, 0, 1, PATIENCE, true, "tcp", NULL},
                                        {5, 1, 2, PATIENCE, true, "tcp", NULL},
                                        {5, 3, 1, PATIENCE, true, "tcp", NULL},
                                        {5, 4, 1, PATIENCE, true, "tcp", NULL}};
    static const unsigned servers[] = {ROOT_SERVER, FIRST_SERVER, FIRST_SERVER + 1, 0};
    static struct strangers strangers;
    struct process processes[4];
    weftUniqueId id;

    for (uint32_t i = 0; i < 4; i++)
        processes[i] = fork_process(&tasks[i], FIRST_SERVER + i);
    id = make_id();
    strangers_begin(&strangers, servers);
    cr_assert_geq(strangers.port_count, 2, "the root listens on two NICs");
    for (uint32_t i = 0; i < 4; i++)
        give(&processes[i], &id);
    for (uint32_t i = 0; i < 4; i++)
        for (int rank = 0; rank < tasks[i].ranks; rank++)
            expect(&processes[i], weftSuccess, "");
    cr_assert_geq(atomic_load(&strangers.connected), 20);
    strangers_end(&strangers);
    for (uint32_t i = 0; i < 4; i++)
        end(&processes[i]);
}

/* Who reaches all at the beginning has nobody to reach later. */
Test(ranks, init_rank__ranks_that_connect_at_once, .timeout = 60)
{
    static const struct task tasks[] = {{4, 0, 1, PATIENCE, true, "tcp", "1"},
                                        {4, 1, 2, PATIENCE, true, "tcp", "1"},
                                        {4, 3, 1, PATIENCE, true, "tcp", "1"}};
    struct process processes[3];

    run_all(processes, tasks, 3);
    for (uint32_t i = 0; i < 3; i++)
        for (int rank = 0; rank < tasks[i].ranks; rank++)
            expect(&processes[i], weftSuccess, "");
    for (uint32_t i = 0; i < 3; i++)
        end(&processes[i]);
}

Test(ranks, init_rank__missing_ranks_are_named, .timeout = 60)
{
    static const struct task tasks[] = {{4, 1, 1, "700", false, "tcp", NULL},
                                        {4, 3, 1, PATIENCE, false, "tcp", NULL}};
    struct process processes[2];

    run_all(processes, tasks, 2);
    expect(&processes[0], weftTimeout, "2 of 4 ranks came, missing: 0, 2");
    expect(&processes[1], weftTimeout, "rank 1 has waited for boot_timeout_ms");
    end(&processes[0]);
    end(&processes[1]);
}

Test(ranks, init_rank__a_rank_twice, .timeout = 60)
{
    static const struct task tasks[] = {{3, 0, 1, PATIENCE, false, "tcp", NULL},
                                        {3, 0, 1, PATIENCE, false, "tcp", NULL},
                                        {3, 1, 1, PATIENCE, false, "tcp", NULL},
                                        {3, 2, 1, PATIENCE, false, "tcp", NULL}};
    struct process processes[4];
    struct outcome first;
    weftUniqueId id;

    for (uint32_t i = 0; i < 4; i++)
        processes[i] = fork_process(&tasks[i], FIRST_SERVER + i);
    id = make_id();
    /* One of the two is turned away at once, whichever comes second. */
    give(&processes[0], &id);
    give(&processes[1], &id);
    {
        fd_set both;

        FD_ZERO(&both);
        FD_SET(processes[0].from, &both);
        FD_SET(processes[1].from, &both);
        cr_assert_eq(select(processes[0].from + processes[1].from + 1, &both, NULL, NULL, NULL), 1);
        first = take(FD_ISSET(processes[0].from, &both) ? &processes[0] : &processes[1]);
        cr_assert_eq(first.result, weftInvalidUsage, "%s", first.why);
        cr_assert_not_null(strstr(first.why, "rank 0 of this id is taken"), "%s", first.why);
        give(&processes[2], &id);
        give(&processes[3], &id);
        expect(FD_ISSET(processes[0].from, &both) ? &processes[1] : &processes[0], weftSuccess, "");
    }
    expect(&processes[2], weftSuccess, "");
    expect(&processes[3], weftSuccess, "");
    for (uint32_t i = 0; i < 4; i++)
        end(&processes[i]);
}

Test(ranks, init_rank__counts_that_differ, .timeout = 60)
{
    static const struct task tasks[] = {{2, 0, 1, "3000", false, "tcp", NULL},
                                        {3, 1, 1, "3000", false, "tcp", NULL}};
    struct process processes[2];
    struct outcome outcomes[2];

    run_all(processes, tasks, 2);
    for (uint32_t i = 0; i < 2; i++)
        outcomes[i] = take(&processes[i]);
    /* Who comes second is turned away, and the first is told of it when nobody else comes. */
    cr_assert(outcomes[0].result == weftInvalidUsage || outcomes[1].result == weftInvalidUsage);
    for (uint32_t i = 0; i < 2; i++)
        cr_assert_not_null(strstr(outcomes[i].why, "says nranks is"), "%s", outcomes[i].why);
    end(&processes[0]);
    end(&processes[1]);
}

Test(ranks, init_rank__a_process_that_dies_may_come_again, .timeout = 60)
{
    static const struct task tasks[] = {{2, 1, 1, PATIENCE, false, "tcp", NULL},
                                        {2, 1, 1, PATIENCE, false, "tcp", NULL},
                                        {2, 0, 1, PATIENCE, false, "tcp", NULL}};
    static const struct timespec a_while = {1, 0};
    struct process processes[3];
    weftUniqueId id;

    for (uint32_t i = 0; i < 3; i++)
        processes[i] = fork_process(&tasks[i], FIRST_SERVER + i);
    id = make_id();
    give(&processes[0], &id);
    nanosleep(&a_while, NULL); /* for it to meet; where it has not, its death changes nothing */
    kill(processes[0].pid, SIGKILL);
    waitpid(processes[0].pid, NULL, 0);
    give(&processes[1], &id);
    give(&processes[2], &id);
    expect(&processes[2], weftSuccess, "");
    expect(&processes[1], weftSuccess, "");
    end(&processes[1]);
    end(&processes[2]);
}

Test(ranks, init_rank__a_wrong_secret_reaches_nobody, .timeout = 60)
{
    static const struct task tasks[] = {{2, 1, 1, "1500", false, "tcp", NULL},
                                        {2, 1, 1, PATIENCE, false, "tcp", NULL},
                                        {2, 0, 1, PATIENCE, false, "tcp", NULL}};
    struct process processes[3];
    struct weft_boot_id parts;
    weftUniqueId wrong;
    weftUniqueId id;

    for (uint32_t i = 0; i < 3; i++)
        processes[i] = fork_process(&tasks[i], FIRST_SERVER + i);
    id = make_id();
    cr_assert_null(weft_boot_id_read(&id, &parts));
    parts.address[20] ^= 1; /* of the secret, bytes 12 to 43 */
    cr_assert(weft_boot_id_write(&parts, &wrong));
    give(&processes[0], &wrong);
    expect(&processes[0], weftRemoteError, "cannot be reached");
    give(&processes[1], &id);
    give(&processes[2], &id);
    expect(&processes[1], weftSuccess, "");
    expect(&processes[2], weftSuccess, "");
    for (uint32_t i = 0; i < 3; i++)
        end(&processes[i]);
}

/* The remedy is said where the network is off, on either side. */
Test(ranks, init_rank__net_off, .timeout = 60)
{
    static const struct task tasks[] = {{1, 0, 1, PATIENCE, false, "off", NULL},
                                        {1, 0, 1, PATIENCE, false, "tcp", NULL}};
    struct process processes[2];
    weftUniqueId off;
    weftUniqueId id;

    for (uint32_t i = 0; i < 2; i++)
        processes[i] = fork_process(&tasks[i], FIRST_SERVER + i);
    SUCCEED(weftGetUniqueId(&off));
    id = make_id();
    give(&processes[0], &id);
    expect(&processes[0], weftInvalidUsage, "set it to tcp (WEFT_NET=tcp)");
    give(&processes[1], &off);
    expect(&processes[1], weftInvalidUsage, "set WEFT_NET=tcp");
    end(&processes[0]);
    end(&processes[1]);
}

/* Without a network, and with threads for processes. */
struct pair {
    weftUniqueId id;
    int rank;
    pthread_t thread;
};

static void *run_pair(void *argument)
{
    struct pair *self = argument;
    weftConfig_t config = conform_config("boot_timeout_ms", PATIENCE, NULL);
    uint64_t mine = 100 + (uint64_t)self->rank;
    uint64_t all[2] = {0};
    weftComm_t comm;

    SUCCEED(weftCommInitRank(&comm, 2, self->id, self->rank, config));
    for (uint64_t i = 0; i < 50; i++, mine += 1000) {
        SUCCEED(weftCommExchange(comm, &mine, all, sizeof(mine)));
        cr_assert(all[0] == 100 + i * 1000 && all[1] == 101 + i * 1000);
    }
    conform_close(comm);
    SUCCEED(weftConfigDestroy(config));
    return NULL;
}

Test(ranks, exchange__in_one_process, .timeout = 60)
{
    struct pair pairs[2] = {{.rank = 0}, {.rank = 1}};

    SUCCEED(weftGetUniqueId(&pairs[0].id));
    pairs[1].id = pairs[0].id;
    for (int i = 0; i < 2; i++)
        cr_assert_eq(pthread_create(&pairs[i].thread, NULL, run_pair, &pairs[i]), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(pairs[i].thread, NULL);
}

Test(ranks, exchange__of_one_and_wrong_arguments, .timeout = 60)
{
    weftComm_t comm = conform_comm(NULL);
    uint64_t mine = 5;
    uint64_t all = 0;

    SUCCEED(weftCommExchange(comm, &mine, &all, sizeof(mine)));
    cr_assert_eq(all, 5);
    EXPECT(weftCommExchange(comm, NULL, &all, 8), weftInvalidArgument);
    EXPECT(weftCommExchange(comm, &mine, NULL, 8), weftInvalidArgument);
    EXPECT(weftCommExchange(comm, &mine, &all, 0), weftInvalidArgument);
    EXPECT(weftCommExchange(comm, &mine, &all, 16385), weftInvalidArgument);
    EXPECT_WORD("16384");
    SUCCEED(weftCommFinalize(comm));
    EXPECT(weftCommExchange(comm, &mine, &all, 8), weftInvalidUsage);
    SUCCEED(weftCommDestroy(comm));
}
