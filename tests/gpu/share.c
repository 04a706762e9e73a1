/* GPU memory of one process opened by another, by a ticket. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"

#define SIZE   WEFT_MIB(1)
#define OFFSET 4096 /* of the window in its allocation */
#define BYTES  (SIZE / 2)
#define SEED   3

static struct machine machine;

struct owner {
    pid_t process;
    int words;  /* to be read: its ticket */
    int answer; /* to be closed: it may end */
};

static void no_log(int level, const char *text)
{
    (void)level;
    (void)text;
}

/* A driver that was loaded before a fork is of no use after it: others look first. */
static bool has_gpu(void)
{
    static struct weft_device_found found[WEFT_CUDA_DEVICES_MAX];
    const char *driver = getenv("WEFT_CUDA_DRIVER");
    struct weft_transport_env env = {
        .cookies_max = 1, .windows_max = 1, .driver = driver == NULL ? "" : driver, .log = no_log};
    char why[256];
    uint32_t count = 0;
    int status = 1;
    pid_t child = fork();

    cr_assert_geq(child, 0);
    if (child == 0)
        _exit(weft_cuda_transport.probe(&env, found, WEFT_CUDA_DEVICES_MAX, &count, why) !=
              weftSuccess);
    cr_assert_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* A window in the middle of an allocation, with known bytes, until the other process has ended. */
static void own_window(int words, int answer)
{
    struct weft_ticket ticket;
    char why[256] = "";
    char byte;
    char *memory;
    void *host;

    machine_open(&machine, 1, 1);
    memory = machine_window(&machine, 0, 0, SIZE);
    host = machine_window(&machine, 1, machine.dram, SIZE);
    machine_fill(host, SIZE, SEED);
    machine_move(&machine, machine.dram, 1, 0, 0, 0, OFFSET, BYTES);
    if (machine_window_add(&machine, 2, 0, memory + OFFSET, BYTES, why) != weftSuccess ||
        weft_cuda_transport.window_export(machine.gpus[0], 2, &ticket, why) != weftSuccess ||
        write(words, &ticket, sizeof(ticket)) != sizeof(ticket))
        _exit(1);
    (void)!read(answer, &byte, 1);
    /* What the other process wrote is there, and what is around it as it was. */
    memset(host, 0, SIZE);
    machine_move(&machine, 0, 0, OFFSET, machine.dram, 1, 0, BYTES);
    for (size_t i = 0; i < BYTES; i++)
        if (((const char *)host)[i] != 9)
            _exit(2);
    _exit(0);
}

static struct owner start_owner(void)
{
    struct owner owner;
    int words[2];
    int answer[2];

    cr_assert_eq(pipe(words), 0);
    cr_assert_eq(pipe(answer), 0);
    owner.process = fork();
    cr_assert_geq(owner.process, 0);
    if (owner.process == 0) {
        (void)alarm(60);
        close(answer[1]);
        own_window(words[1], answer[0]);
    }
    close(words[1]);
    close(answer[0]);
    owner.words = words[0];
    owner.answer = answer[1];
    return owner;
}

Test(share, weft_cuda_window_import__of_another_process, .timeout = 90)
{
    char *expected = malloc(SIZE);
    struct weft_ticket ticket;
    struct owner owner;
    char machine_name[64];
    char why[256] = "";
    void *first;
    void *second;
    void *host;
    int status = 0;

    if (getenv("WEFT_EMULATE") != NULL) {
        snprintf(machine_name, sizeof(machine_name), "gpu-share-%d", (int)getpid());
        setenv("WEFT_EMU_MACHINE", machine_name, 1);
    }
    if (!has_gpu())
        cr_skip("skipped: no CUDA driver with a GPU");
    owner = start_owner();
    cr_assert_eq(read(owner.words, &ticket, sizeof(ticket)), (ssize_t)sizeof(ticket));
    machine_open(&machine, 1, 1);
    host = machine_window(&machine, 0, machine.dram, SIZE);
    cr_assert_eq(weft_cuda_transport.window_import(machine.gpus[0], &ticket, BYTES, &first, why),
                 weftSuccess, "%s", why);
    cr_assert_eq(weft_cuda_transport.window_import(machine.gpus[0], &ticket, BYTES, &second, why),
                 weftSuccess, "%s", why);
    cr_assert_eq(first, second, "opened twice, it has one address");
    weft_cuda_transport.import_end(machine.gpus[0], second);
    cr_assert_eq(machine_window_add(&machine, 1, 0, first, BYTES, why), weftSuccess, "%s", why);
    machine_move(&machine, 0, 1, 0, machine.dram, 0, 0, BYTES);
    machine_fill(expected, SIZE, SEED);
    cr_assert_eq(memcmp(host, expected, BYTES), 0);
    memset(host, 9, SIZE);
    machine_move(&machine, machine.dram, 0, 0, 0, 1, 0, BYTES);
    weft_cuda_transport.window_remove(machine.gpus[0], 1);
    weft_cuda_transport.import_end(machine.gpus[0], first);
    cr_assert_eq(weft_cuda_transport.window_import(machine.gpus[0], &ticket, 2 * SIZE, &first, why),
                 weftInvalidArgument, "more than there is");
    close(owner.answer);
    cr_assert_eq(waitpid(owner.process, &status, 0), owner.process);
    cr_assert(WIFEXITED(status));
    cr_assert_eq(WEXITSTATUS(status), 0);
    machine_close(&machine);
    free(expected);
}

/* The driver opens no handle in the process that made it. */
Test(share, weft_cuda_window_import__of_this_process, .timeout = 60)
{
    struct weft_ticket ticket;
    char why[256] = "";
    void *base;

    machine_open(&machine, 1, 1);
    (void)machine_window(&machine, 0, 0, SIZE);
    cr_assert_eq(weft_cuda_transport.window_export(machine.gpus[0], 0, &ticket, why), weftSuccess,
                 "%s", why);
    cr_assert_neq(weft_cuda_transport.window_import(machine.gpus[0], &ticket, SIZE, &base, why),
                  weftSuccess);
    cr_assert_not_null(strstr(why, "IPC handle"), "%s", why);
    machine_close(&machine);
}
