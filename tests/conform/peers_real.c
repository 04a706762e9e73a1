/* GPU windows of peers on machines that are not emulated: a net cannot address them, so that bytes
 * go by relays in host memory, and words are raised by their owner.
 *
 * The CUDA driver is the emulated one, of which the library does not know. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "host/plugin.h"
#include "peers_server.h"

#define BYTES       MIB(8)
#define LANDING     BYTES /* what the other's puts, and gets, are written into */
#define WORD        (2 * BYTES)
#define AREA        (2 * BYTES + KIB(4))
#define SECONDS_MAX 100

/* Both processes do the same in step, each with its own windows and those of the other. */
struct member {
    int socket;
    uint32_t rank;
    weftComm_t comm;
    struct area gpu;
    struct area dram;
    struct area stage;
    weftWindow_t far_gpu;
    weftWindow_t far_dram;
};

static void swap(int socket, const void *ours, void *theirs, size_t size)
{
    cr_assert_eq(write(socket, ours, size), (ssize_t)size);
    cr_assert_eq(recv(socket, theirs, size, MSG_WAITALL), (ssize_t)size);
}

static void meet(const struct member *member)
{
    char mark = 0;

    swap(member->socket, &mark, &mark, 1);
}

static void driver_open(const char *machine, struct weft_emulation *emulation)
{
    struct weft_config config;
    char why[WEFT_PLUGIN_WHY_BYTES] = "";

    weft_config_init(&config);
    config.dilation = 1;
    weft_text_copy(config.emulate, sizeof(config.emulate), "hgx-h100");
    weft_text_copy(config.emu_machine, sizeof(config.emu_machine), machine);
    cr_assert_eq(weft_emulation_open(&config, emulation, why), weftSuccess, "%s", why);
}

static struct member member_open(int socket, uint32_t rank, const char *machine,
                                 const char *siblings)
{
    struct member member = {.socket = socket, .rank = rank};
    struct weft_emulation emulation;
    struct keys ours;
    struct keys theirs;

    driver_open(machine, &emulation);
    member.comm = conform_comm("emulate", "", "cuda_driver", emulation.driver, "net", peers_net(),
                               "net_siblings", siblings, "timeout_ms", "30000", NULL);
    conform_area(member.comm, "gpu1", AREA, &member.gpu);
    conform_area(member.comm, "dram0", AREA, &member.dram);
    conform_area(member.comm, "dram0", AREA, &member.stage);
    memset(member.dram.base, 0, AREA);
    SUCCEED(weftWindowGetKey(member.gpu.window, WEFT_RIGHTS_ALL, &ours.gpu));
    SUCCEED(weftWindowGetKey(member.dram.window, WEFT_RIGHTS_ALL, &ours.dram));
    swap(socket, &ours, &theirs, sizeof(ours));
    SUCCEED(weftWindowImport(member.comm, &theirs.gpu, &member.far_gpu));
    SUCCEED(weftWindowImport(member.comm, &theirs.dram, &member.far_dram));
    return member;
}

static void member_close(struct member *member)
{
    meet(member);
    SUCCEED(weftWindowDeregister(member->far_gpu));
    SUCCEED(weftWindowDeregister(member->far_dram));
    meet(member);
    conform_close(member->comm);
}

/* ---- what is shown ---- */

/* The landing, or a part of it, as host memory. */
static const unsigned char *look(const struct member *member, size_t offset, size_t size)
{
    weftRequest_t request;

    memset(member->stage.base, 0, size);
    SUCCEED(weftCopy(member->stage.window, 0, member->gpu.window, offset, size, member->comm, NULL,
                     &request));
    peers_wait(&request);
    return member->stage.base;
}

static uint32_t seed_of(uint32_t seed, uint32_t rank)
{
    return 2 * seed + rank;
}

/* Both have filled their windows when this returns. */
static void fill(const struct member *member, size_t size, uint32_t seed)
{
    conform_fill_by(&member->gpu, &member->stage, size, seed_of(seed, member->rank));
    meet(member);
}

static void move(const struct member *member, size_t size, uint32_t seed)
{
    weftRequest_t request;

    fill(member, size, seed);
    SUCCEED(weftPut(member->far_gpu, LANDING, member->gpu.window, 0, size, member->comm, NULL,
                    &request));
    peers_wait(&request);
    meet(member);
    (void)look(member, LANDING, size);
    cr_assert(conform_holds(&member->stage, 0, size, seed_of(seed, 1 - member->rank)),
              "a put of %zu bytes", size);
    fill(member, size, seed + 1);
    SUCCEED(weftGet(member->gpu.window, LANDING, member->far_gpu, 0, size, member->comm, NULL,
                    &request));
    peers_wait(&request);
    (void)look(member, LANDING, size);
    cr_assert(conform_holds(&member->stage, 0, size, seed_of(seed + 1, 1 - member->rank)),
              "a get of %zu bytes", size);
    meet(member);
}

static const weftExtent_t extents[] = {
    {LANDING + 1, 5, 1000}, {LANDING + 5000, 20000, 65537}, {LANDING + MIB(1), MIB(2) + 3, MIB(1)}};

static void expect_extents(const struct member *member, uint32_t seed)
{
    for (uint32_t i = 0; i < 3; i++) {
        const unsigned char *bytes = look(member, extents[i].dstOffset, extents[i].size);

        for (size_t at = 0; at < extents[i].size; at++)
            cr_assert_eq(bytes[at], conform_byte(seed, extents[i].srcOffset + at),
                         "extent %u, byte %zu", i, at);
    }
}

static void move_lists(const struct member *member)
{
    weftRequest_t request;

    fill(member, MIB(4), 51);
    SUCCEED(
        weftPutList(extents, 3, member->far_gpu, member->gpu.window, member->comm, NULL, &request));
    peers_wait(&request);
    meet(member);
    expect_extents(member, seed_of(51, 1 - member->rank));
    fill(member, MIB(4), 52);
    SUCCEED(
        weftGetList(extents, 3, member->gpu.window, member->far_gpu, member->comm, NULL, &request));
    peers_wait(&request);
    expect_extents(member, seed_of(52, 1 - member->rank));
    meet(member);
}

/* A word of the other's GPU: alone, behind a copy that could carry it, and behind a larger one. */
static void raise_words(const struct member *member)
{
    uint64_t word;
    weftRequest_t request;

    SUCCEED(weftSignal(member->far_gpu, WORD, 40, weftSignalSet, member->comm, NULL, &request));
    peers_wait(&request);
    SUCCEED(weftPutSignal(member->far_dram, 0, member->dram.window, 0, 64, member->far_gpu, WORD, 2,
                          weftSignalAdd, member->comm, NULL, &request));
    peers_wait(&request);
    SUCCEED(weftPutSignal(member->far_gpu, LANDING, member->gpu.window, 0, MIB(1), member->far_gpu,
                          WORD, 1, weftSignalAdd, member->comm, NULL, &request));
    peers_wait(&request);
    SUCCEED(weftWaitSignal(member->gpu.window, WORD, 43, member->comm, NULL, WEFT_TIMEOUT_DEFAULT));
    memcpy(&word, look(member, WORD, sizeof(word)), sizeof(word));
    cr_assert_eq(word, 43);
    meet(member);
}

/* The first takes its window back: nothing is raised in it, or written into it, any more. */
static void take_back(const struct member *member)
{
    weftRequest_t request;

    if (member->rank == 0)
        SUCCEED(weftWindowRevoke(member->gpu.window));
    meet(member);
    if (member->rank == 0)
        return;
    SUCCEED(weftSignal(member->far_gpu, WORD, 1, weftSignalAdd, member->comm, NULL, &request));
    EXPECT(weftWait(&request, WEFT_TIMEOUT_DEFAULT), weftCancelled);
    SUCCEED(weftPut(member->far_gpu, 0, member->gpu.window, 0, 8, member->comm, NULL, &request));
    EXPECT(weftWait(&request, WEFT_TIMEOUT_DEFAULT), weftCancelled);
}

static void play(int socket, uint32_t rank, const char *machine, const char *siblings)
{
    static const size_t sizes[] = {1, 7, 4096, 100001, MIB(1) + 3, BYTES};
    struct member member = member_open(socket, rank, machine, siblings);

    for (uint32_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        move(&member, sizes[i], 2 * i + 1);
    move_lists(&member);
    raise_words(&member);
    take_back(&member);
    member_close(&member);
}

static void play_both(const char *siblings)
{
    char machine[32];
    int ends[2];
    int status = 0;
    pid_t process;

    snprintf(machine, sizeof(machine), "real-%d", (int)getpid());
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    process = fork();
    cr_assert_geq(process, 0);
    if (process == 0) {
        (void)alarm(SECONDS_MAX); /* a failed assertion leaves nothing behind */
        close(ends[0]);
        play(ends[1], 1, machine, siblings);
        _exit(0);
    }
    close(ends[1]);
    play(ends[0], 0, machine, siblings);
    close(ends[0]);
    cr_expect_eq(waitpid(process, &status, 0), process);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the other one ended with %d", status);
}

Test(peers_real, gpu_windows__over_the_network, .timeout = 120)
{
    play_both("net");
}

Test(peers_real, gpu_windows__of_siblings, .timeout = 120)
{
    play_both("ipc");
}
