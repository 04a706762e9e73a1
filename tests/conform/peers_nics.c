/* Real NICs: two processes, each in a network namespace of its own, which pairs of virtual Ethernet
 * interfaces join. Nothing is emulated, and no address is given: the comms find their interfaces.
 *
 * Needs root, and `ip` of iproute2; says so and is skipped without. The namespaces end with the
 * processes. */
#include <ifaddrs.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "peers_server.h"

#define NICS        4
#define SECONDS_MAX 60
#define WAIT_MS     10000
#define AREA        MIB(32)
#define PUTS        16       /* under way when a NIC is set down */
#define QUIET_BYTES KIB(256) /* what the kernel and dying connections say over a NIC */

/* A process had no namespace; the test is skipped then. */
#define EXIT_NO_NAMESPACE 40

/* Sockets of a process: to the test, and to the other one. */
struct ends {
    int test;
    int other;
};

/* ---- in a namespace ---- */

static void order(const char *format, uint32_t number, uint32_t other)
{
    char command[128];

    (void)snprintf(command, sizeof(command), format, number, other);
    cr_assert_eq(system(command), 0, "%s", command);
}

static void set_nic(uint32_t nic, bool is_up)
{
    order(is_up ? "ip link set wire%u up" : "ip link set wire%u down", nic, 0);
}

static void tell(int socket)
{
    cr_assert_eq(write(socket, "t", 1), 1);
}

static void await(int socket)
{
    char mark;

    cr_assert_eq(recv(socket, &mark, 1, MSG_WAITALL), 1);
}

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A namespace of its own, with its own view of sysfs. */
static void enter_namespace(const struct ends *ends)
{
    if (unshare(CLONE_NEWNET | CLONE_NEWNS) != 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("sysfs", "/sys", "sysfs", 0, NULL) != 0)
        _exit(EXIT_NO_NAMESPACE);
    tell(ends->test);
    await(ends->test);
}

static uint32_t running_count(void)
{
    struct ifaddrs *first = NULL;
    uint32_t count = 0;

    cr_assert_eq(getifaddrs(&first), 0);
    for (const struct ifaddrs *entry = first; entry != NULL; entry = entry->ifa_next)
        count += entry->ifa_addr != NULL && entry->ifa_addr->sa_family == AF_INET &&
                 strncmp(entry->ifa_name, "wire", 4) == 0 && (entry->ifa_flags & IFF_RUNNING) != 0;
    freeifaddrs(first);
    return count;
}

/* Its interfaces, wire0 and so on, are 10.77.<number>.<host>; carriers take a while. */
static void set_up(uint32_t host)
{
    int64_t until = now_ms() + WAIT_MS;

    order("ip link set lo up", 0, 0);
    for (uint32_t i = 0; i < NICS; i++) {
        order(host == 1 ? "ip address add 10.77.%u.1/24 dev wire%u"
                        : "ip address add 10.77.%u.2/24 dev wire%u",
              i, i);
        set_nic(i, true);
    }
    while (running_count() < NICS)
        cr_assert_lt(now_ms(), until, "not all interfaces have carriers");
}

static uint64_t sent_bytes(uint32_t nic)
{
    char path[96];
    unsigned long long bytes = 0;
    FILE *file;

    (void)snprintf(path, sizeof(path), "/sys/class/net/wire%u/statistics/tx_bytes", nic);
    file = fopen(path, "re");
    cr_assert_not_null(file, "%s", path);
    cr_assert_eq(fscanf(file, "%llu", &bytes), 1);
    (void)fclose(file);
    return bytes;
}

struct member {
    weftComm_t comm;
    struct area area;
    struct area stage;
    weftWindow_t far;
};

static struct member member_open(const struct ends *ends, const char *server)
{
    struct member member = {0};
    weftWindowKey_t key;

    /* They are processes of one server, which would open each other's memory. */
    member.comm =
        conform_comm("emulate", "", "net", peers_net(), "net_siblings", "net", "net_crypto", "off",
                     "server_id", server, "timeout_ms", "10000", NULL);
    conform_area(member.comm, "dram0", AREA, &member.area);
    conform_area(member.comm, "dram0", AREA, &member.stage);
    SUCCEED(weftWindowGetKey(member.area.window, WEFT_RIGHTS_ALL, &key));
    cr_assert_eq(write(ends->other, &key, sizeof(key)), (ssize_t)sizeof(key));
    cr_assert_eq(recv(ends->other, &key, sizeof(key), MSG_WAITALL), (ssize_t)sizeof(key));
    SUCCEED(weftWindowImport(member.comm, &key, &member.far));
    return member;
}

static void member_close(struct member *member)
{
    SUCCEED(weftWindowDeregister(member->far));
    conform_close(member->comm);
}

/* ---- what is shown ---- */

/* Puts new bytes, gets them back, and compares. */
static void move_and_check(const struct member *member, uint32_t seed)
{
    weftRequest_t request;

    conform_fill(&member->stage, 0, AREA, seed);
    SUCCEED(weftPut(member->far, 0, member->stage.window, 0, AREA, member->comm, NULL, &request));
    SUCCEED(weftWait(&request, WEFT_TIMEOUT_DEFAULT));
    memset(member->stage.base, 0, AREA);
    SUCCEED(weftGet(member->stage.window, 0, member->far, 0, AREA, member->comm, NULL, &request));
    SUCCEED(weftWait(&request, WEFT_TIMEOUT_DEFAULT));
    cr_assert(conform_holds(&member->stage, 0, AREA, seed), "wrong bytes");
}

/* Moves until the NIC has sent so much. */
static void move_until_used(const struct member *member, uint32_t nic, uint32_t seed)
{
    uint64_t before = sent_bytes(nic);
    int64_t until = now_ms() + WAIT_MS;

    while (sent_bytes(nic) < before + MIB(1)) {
        cr_assert_lt(now_ms(), until, "wire%u is not used", nic);
        move_and_check(member, seed++);
    }
}

/* Sets a NIC down while puts are on it, which all end well. */
static void cut_in_flight(const struct member *member, uint32_t nic, uint32_t seed)
{
    uint64_t before = sent_bytes(nic);
    int64_t until = now_ms() + WAIT_MS;
    weftRequest_t requests[PUTS];

    conform_fill(&member->stage, 0, AREA, seed);
    for (uint32_t i = 0; i < PUTS; i++)
        SUCCEED(weftPut(member->far, 0, member->stage.window, 0, AREA, member->comm, NULL,
                        &requests[i]));
    while (sent_bytes(nic) < before + MIB(1))
        cr_assert_lt(now_ms(), until, "wire%u is not used", nic);
    set_nic(nic, false);
    EXPECT(weftTest(&requests[PUTS - 1]), weftInProgress);
    for (uint32_t i = 0; i < PUTS; i++)
        SUCCEED(weftWait(&requests[i], WEFT_TIMEOUT_DEFAULT));
    memset(member->stage.base, 0, AREA);
}

static void check_far(const struct member *member, uint32_t seed)
{
    weftRequest_t request;

    SUCCEED(weftGet(member->stage.window, 0, member->far, 0, AREA, member->comm, NULL, &request));
    SUCCEED(weftWait(&request, WEFT_TIMEOUT_DEFAULT));
    cr_assert(conform_holds(&member->stage, 0, AREA, seed), "wrong bytes");
}

static void drive(const struct ends *ends)
{
    struct member member;
    uint64_t before;

    enter_namespace(ends);
    set_up(1);
    member = member_open(ends, "10.77.0.1");
    for (uint32_t i = 0; i < NICS; i++)
        move_until_used(&member, i, 1 + i);
    cut_in_flight(&member, 1, 50);
    check_far(&member, 50);
    before = sent_bytes(1);
    for (uint32_t i = 0; i < 4; i++)
        move_and_check(&member, 100 + i);
    cr_assert_lt(sent_bytes(1), before + QUIET_BYTES, "it is down");
    set_nic(1, true);
    move_until_used(&member, 1, 200);
    /* Two, one after the other. */
    cut_in_flight(&member, 0, 300);
    cut_in_flight(&member, 2, 301);
    check_far(&member, 301);
    set_nic(0, true);
    set_nic(2, true);
    move_until_used(&member, 0, 400);
    move_until_used(&member, 2, 500);
    /* One that has lost its address is as good as cut. */
    order("ip address del 10.77.%u.1/24 dev wire%u", 3, 3);
    move_and_check(&member, 600);
    order("ip address add 10.77.%u.1/24 dev wire%u", 3, 3);
    move_until_used(&member, 3, 700);
    tell(ends->other);
    await(ends->other);
    member_close(&member);
}

static void serve(const struct ends *ends)
{
    struct member member;

    enter_namespace(ends);
    set_up(2);
    member = member_open(ends, "10.77.0.2");
    await(ends->other);
    tell(ends->other);
    member_close(&member);
}

/* ---- in the test ---- */

static pid_t member_fork(void (*live)(const struct ends *), int test, int other)
{
    const struct ends ends = {test, other};
    pid_t process = fork();

    cr_assert_geq(process, 0);
    if (process != 0)
        return process;
    (void)alarm(SECONDS_MAX); /* a failed assertion leaves nothing behind */
    live(&ends);
    _exit(0);
}

/* False: it ended because it had no namespace. */
static bool is_there(int socket)
{
    char mark;

    return recv(socket, &mark, 1, MSG_WAITALL) == 1;
}

static void join_namespaces(const pid_t processes[2])
{
    for (uint32_t i = 0; i < NICS; i++) {
        char command[160];

        (void)snprintf(command, sizeof(command),
                       "ip link add wire%u netns %d type veth peer name wire%u netns %d", i,
                       (int)processes[0], i, (int)processes[1]);
        cr_assert_eq(system(command), 0, "%s", command);
    }
}

Test(peers_nics, put__over_interfaces_that_come_and_go, .timeout = 120)
{
    void (*const lives[2])(const struct ends *) = {drive, serve};
    pid_t processes[2];
    int across[2];
    int tests[2];

    if (geteuid() != 0)
        cr_skip_test("network namespaces need root");
    if (system("ip -Version >/dev/null 2>&1") != 0)
        cr_skip_test("there is no program ip; it is in the package iproute2");
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, across), 0);
    for (uint32_t i = 0; i < 2; i++) {
        int ends[2];

        cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        processes[i] = member_fork(lives[i], ends[1], across[i]);
        (void)close(ends[1]);
        tests[i] = ends[0];
    }
    (void)close(across[0]);
    (void)close(across[1]);
    if (!is_there(tests[0]) || !is_there(tests[1])) {
        (void)waitpid(processes[0], NULL, 0);
        (void)waitpid(processes[1], NULL, 0);
        cr_skip_test("this machine makes no network namespaces for root");
    }
    join_namespaces(processes);
    for (uint32_t i = 0; i < 2; i++)
        tell(tests[i]);
    for (uint32_t i = 0; i < 2; i++) {
        int status = 0;

        cr_assert_eq(waitpid(processes[i], &status, 0), processes[i]);
        cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "process %u ended with %d", i,
                  status);
    }
}
