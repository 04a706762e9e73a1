/* Real NICs: two processes, each in a network namespace of its own, which pairs of virtual Ethernet
 * interfaces join. Nothing is emulated, and no address is given: the comms find their interfaces.
 *
 * Needs root, and `ip` of iproute2; says so and is skipped without. The namespaces end with the
 * processes. */
#include <ifaddrs.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "peers_server.h"

#define NICS        4
#define SECONDS_MAX 100
#define WAIT_MS     20000
#define AREA        MIB(16)
#define PUTS        8 /* under way when a NIC is set down */
#define TRIES_MAX   5
#define QUIET_BYTES KIB(256) /* what the kernel and dying connections say over a NIC */

/* A process had no namespace; the test is skipped then. */
#define EXIT_NO_NAMESPACE 40

/* Sockets of a process: to the test, and to the other one. */
struct ends {
    int test;
    int other;
};

/* ---- in a namespace ---- */

/* Criterion does not hear processes that a test forks: what fails there is said, and ends it. */
static void must(bool holds, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void must(bool holds, const char *format, ...)
{
    va_list arguments;

    if (holds)
        return;
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fprintf(stderr, "\n");
    _exit(1);
}

static void good(weftResult_t result)
{
    must(result == weftSuccess, "%s: %s", weftGetErrorString(result), weftGetLastError(NULL));
}

static void order(const char *format, uint32_t number, uint32_t other)
{
    char command[128];

    (void)snprintf(command, sizeof(command), format, number, other);
    must(system(command) == 0, "%s", command);
}

/* At once: a program that does it would have to be started first. */
static void set_nic(uint32_t nic, bool is_up)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq request = {0};

    (void)snprintf(request.ifr_name, sizeof(request.ifr_name), "wire%u", nic);
    must(ioctl(fd, SIOCGIFFLAGS, &request) == 0, "wire%u is not there", nic);
    request.ifr_flags = (short)(is_up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
    must(ioctl(fd, SIOCSIFFLAGS, &request) == 0, "wire%u is not set", nic);
    (void)close(fd);
}

static void tell(int socket)
{
    must(write(socket, "t", 1) == 1, "the other end is gone");
}

static void await(int socket)
{
    char mark;

    must(recv(socket, &mark, 1, MSG_WAITALL) == 1, "the other end is gone");
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

    must(getifaddrs(&first) == 0, "no interfaces are listed");
    for (const struct ifaddrs *entry = first; entry != NULL; entry = entry->ifa_next)
        count += entry->ifa_addr != NULL && entry->ifa_addr->sa_family == AF_INET &&
                 strncmp(entry->ifa_name, "wire", 4) == 0 && (entry->ifa_flags & IFF_RUNNING) != 0;
    freeifaddrs(first);
    return count;
}

/* Its interfaces, wire0 and so on, are 10.77.<number>.<host>; carriers take a while. Both ends see
 * all of them before one sets any down. */
static void set_up(const struct ends *ends, uint32_t host)
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
        must(now_ms() < until, "not all interfaces have carriers");
    tell(ends->other);
    await(ends->other);
}

static uint64_t sent_bytes(uint32_t nic)
{
    char path[96];
    unsigned long long bytes = 0;
    FILE *file;

    (void)snprintf(path, sizeof(path), "/sys/class/net/wire%u/statistics/tx_bytes", nic);
    file = fopen(path, "re");
    must(file != NULL, "%s", path);
    must(fscanf(file, "%llu", &bytes) == 1, "%s", path);
    (void)fclose(file);
    return bytes;
}

struct member {
    weftComm_t comm;
    struct area area;
    struct area stage;
    weftWindow_t far;
};

/* `late`: a NIC that is down when the two meet; NICS: none is. */
static struct member member_open(const struct ends *ends, const char *server, uint32_t late)
{
    struct member member = {0};
    weftWindowKey_t key;

    /* They are processes of one server, which would open each other's memory. */
    member.comm =
        conform_comm("emulate", "", "net", peers_net(), "net_siblings", "net", "net_crypto", "off",
                     "server_id", server, "timeout_ms", "30000", NULL);
    conform_area(member.comm, "dram0", AREA, &member.area);
    conform_area(member.comm, "dram0", AREA, &member.stage);
    good(weftWindowGetKey(member.area.window, WEFT_RIGHTS_ALL, &key));
    if (late < NICS)
        set_nic(late, false);
    must(write(ends->other, &key, sizeof(key)) == (ssize_t)sizeof(key), "no key is taken");
    must(recv(ends->other, &key, sizeof(key), MSG_WAITALL) == (ssize_t)sizeof(key), "no key came");
    good(weftWindowImport(member.comm, &key, &member.far));
    return member;
}

static void member_close(struct member *member)
{
    good(weftWindowDeregister(member->far));
    conform_close(member->comm);
}

/* ---- what is shown ---- */

/* Puts new bytes, gets them back, and compares. */
static void move_and_check(const struct member *member, uint32_t seed)
{
    weftRequest_t request;

    conform_fill(&member->stage, 0, AREA, seed);
    good(weftPut(member->far, 0, member->stage.window, 0, AREA, member->comm, NULL, &request));
    good(weftWait(&request, WEFT_TIMEOUT_DEFAULT));
    memset(member->stage.base, 0, AREA);
    good(weftGet(member->stage.window, 0, member->far, 0, AREA, member->comm, NULL, &request));
    good(weftWait(&request, WEFT_TIMEOUT_DEFAULT));
    must(conform_holds(&member->stage, 0, AREA, seed), "wrong bytes");
}

/* Moves until the NIC has sent so much. */
static void move_until_used(const struct member *member, uint32_t nic, uint32_t seed)
{
    uint64_t before = sent_bytes(nic);
    int64_t until = now_ms() + WAIT_MS;

    while (sent_bytes(nic) < before + MIB(1)) {
        must(now_ms() < until, "wire%u is not used", nic);
        move_and_check(member, seed++);
    }
}

/* Sets a NIC down while puts are on it, which all end well. False: they had ended before. */
static bool cut_under_puts(const struct member *member, uint32_t nic, uint32_t seed)
{
    uint64_t before = sent_bytes(nic);
    int64_t until = now_ms() + WAIT_MS;
    weftRequest_t requests[PUTS];
    bool are_under_way;

    conform_fill(&member->stage, 0, AREA, seed);
    for (uint32_t i = 0; i < PUTS; i++)
        good(weftPut(member->far, 0, member->stage.window, 0, AREA, member->comm, NULL,
                     &requests[i]));
    while (sent_bytes(nic) < before + MIB(1))
        must(now_ms() < until, "wire%u is not used", nic);
    set_nic(nic, false);
    are_under_way = weftTest(&requests[PUTS - 1]) == weftInProgress;
    for (uint32_t i = 0; i < PUTS; i++)
        good(weftWait(&requests[i], WEFT_TIMEOUT_DEFAULT));
    memset(member->stage.base, 0, AREA);
    return are_under_way;
}

static void cut_in_flight(const struct member *member, uint32_t nic, uint32_t seed)
{
    for (uint32_t i = 0; !cut_under_puts(member, nic, seed); i++) {
        must(i < TRIES_MAX, "puts are never under way when wire%u is set down", nic);
        set_nic(nic, true);
        move_until_used(member, nic, seed + 1 + i);
    }
}

static void check_far(const struct member *member, uint32_t seed)
{
    weftRequest_t request;

    good(weftGet(member->stage.window, 0, member->far, 0, AREA, member->comm, NULL, &request));
    good(weftWait(&request, WEFT_TIMEOUT_DEFAULT));
    must(conform_holds(&member->stage, 0, AREA, seed), "wrong bytes");
}

/* Waits until the server is known to have so many links that are not as described: nothing is
 * moved, so only the one whose interface it is can have told. */
static void await_changed(const struct member *member, const char *server, uint32_t count)
{
    static char text[MIB(1)];
    int64_t until = now_ms() + WAIT_MS;
    char head[64];
    char wanted[64];
    const char *at;

    (void)snprintf(head, sizeof(head), "\"server\":\"%s\"", server);
    (void)snprintf(wanted, sizeof(wanted), "\"links_changed\":%u,", count);
    do {
        must(now_ms() < until, "%s has not told of %u links", server, count);
        good(weftCommGetStats(member->comm, text, sizeof(text)));
        at = strstr(text, head);
        at = at == NULL ? NULL : strstr(at, "\"links_changed\":");
    } while (at == NULL || strncmp(at, wanted, strlen(wanted)) != 0);
}

static void drive(const struct ends *ends)
{
    struct member member;
    uint64_t before;

    enter_namespace(ends);
    set_up(ends, 1);
    member = member_open(ends, "10.77.0.1", 3);
    move_and_check(&member, 1);
    set_nic(3, true);
    for (uint32_t i = 0; i < NICS; i++)
        move_until_used(&member, i, 1 + i);
    cut_in_flight(&member, 1, 50);
    check_far(&member, 50);
    before = sent_bytes(1);
    for (uint32_t i = 0; i < 4; i++)
        move_and_check(&member, 100 + i);
    must(sent_bytes(1) < before + QUIET_BYTES, "wire1 is used, and is down");
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
    /* Both ends of a wire are cut when one is; each tells the other. */
    await_changed(&member, "10.77.0.2", 0);
    set_nic(3, false);
    await_changed(&member, "10.77.0.2", 2);
    tell(ends->other);
    await(ends->other);
    set_nic(3, true);
    await_changed(&member, "10.77.0.2", 0);
    tell(ends->other);
    await(ends->other);
    member_close(&member);
}

static void serve(const struct ends *ends)
{
    struct member member;

    enter_namespace(ends);
    set_up(ends, 2);
    member = member_open(ends, "10.77.0.2", NICS);
    await(ends->other);
    await_changed(&member, "10.77.0.1", 2);
    tell(ends->other);
    await(ends->other);
    await_changed(&member, "10.77.0.1", 0);
    tell(ends->other);
    member_close(&member);
}

/* ---- in the test ---- */

static pid_t member_fork(void (*live)(const struct ends *), int test, int other, int not_its)
{
    const struct ends ends = {test, other};
    pid_t process = fork();

    cr_assert_geq(process, 0);
    if (process != 0)
        return process;
    (void)alarm(SECONDS_MAX); /* a failed assertion leaves nothing behind */
    (void)close(not_its);
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
        processes[i] = member_fork(lives[i], ends[1], across[i], across[1 - i]);
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
