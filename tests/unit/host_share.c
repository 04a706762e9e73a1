/* Host memory of one process opened by another: what a ticket opens, and what it does not. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"
#include "host/host.h"

#define SIZE   WEFT_MIB(1)
#define OFFSET 12345 /* of a window in its allocation: no page's begin */
#define BYTES  70000

#define SECONDS_MAX 50

static const struct weft_device_ref dram = {.kind = weftDeviceDram};

static void no_log(int level, const char *text)
{
    (void)level;
    (void)text;
}

static struct weft_port *open_port(bool shares)
{
    struct weft_transport_env env = {
        .cookies_max = 4, .windows_max = 4, .driver = "", .shares = shares, .log = no_log};
    struct weft_port *port;

    cr_assert_eq(weft_host_transport.open(&env, &dram, &port), weftSuccess);
    return port;
}

static char *alloc(struct weft_port *port)
{
    void *memory;

    cr_assert_eq(weft_host_transport.alloc(port, SIZE, &memory), weftSuccess);
    return memory;
}

static weftResult_t export_range(struct weft_port *port, void *base, size_t size,
                                 struct weft_ticket *ticket, char why[256])
{
    weftResult_t result;

    cr_assert_eq(weft_host_transport.window_add(port, 0, &dram, base, size, why), weftSuccess);
    result = weft_host_transport.window_export(port, 0, ticket, why);
    weft_host_transport.window_remove(port, 0);
    return result;
}

static bool holds(const char *bytes, char value)
{
    for (size_t i = 0; i < BYTES; i++)
        if (bytes[i] != value)
            return false;
    return true;
}

/* In another process: reads 1s there, writes 2s. */
static int use_ticket(int from)
{
    struct weft_ticket ticket;
    struct weft_port *port;
    char why[256] = "";
    void *base;
    int code = 0;

    (void)alarm(SECONDS_MAX); /* nobody waits for it for ever */
    if (read(from, &ticket, sizeof(ticket)) != (ssize_t)sizeof(ticket))
        return 3;
    port = open_port(true);
    if (weft_host_transport.window_import(port, &ticket, BYTES, &base, why) != weftSuccess)
        return 1;
    if (!holds(base, 1))
        code = 2;
    memset(base, 2, BYTES);
    weft_host_transport.import_end(port, base);
    weft_host_transport.close(port);
    return code;
}

Test(host_share, window_import__in_another_process, .timeout = 60)
{
    struct weft_port *port;
    struct weft_ticket ticket;
    char *memory;
    char why[256] = "";
    int status = 0;
    int ends[2];
    pid_t child;

    /* Before there are threads: a lock that one of them had would stay locked there. */
    cr_assert_eq(pipe(ends), 0);
    child = fork();
    cr_assert_geq(child, 0);
    if (child == 0)
        _exit(use_ticket(ends[0]));
    port = open_port(true);
    memory = alloc(port);
    memset(memory, 7, SIZE);
    memset(memory + OFFSET, 1, BYTES);
    cr_assert_eq(export_range(port, memory + OFFSET, BYTES, &ticket, why), weftSuccess, "%s", why);
    cr_assert_eq(write(ends[1], &ticket, sizeof(ticket)), (ssize_t)sizeof(ticket));
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status));
    cr_assert_eq(WEXITSTATUS(status), 0);
    cr_assert(holds(memory + OFFSET, 2));
    cr_assert_eq(memory[OFFSET - 1], 7);
    cr_assert_eq(memory[OFFSET + BYTES], 7);
    weft_host_transport.free(port, memory);
    weft_host_transport.close(port);
}

Test(host_share, window_import__outlives_the_owners_memory, .timeout = 60)
{
    struct weft_port *port = open_port(true);
    char *memory = alloc(port);
    struct weft_ticket ticket;
    char why[256] = "";
    void *base;

    memset(memory, 5, SIZE);
    cr_assert_eq(export_range(port, memory, SIZE, &ticket, why), weftSuccess);
    cr_assert_eq(weft_host_transport.window_import(port, &ticket, SIZE, &base, why), weftSuccess,
                 "%s", why);
    weft_host_transport.free(port, memory);
    cr_assert(holds(base, 5));
    cr_assert_eq(weft_host_transport.window_import(port, &ticket, SIZE, &base, why),
                 weftSystemError, "the ticket opens nothing any more");
    cr_assert_not_null(strstr(why, "cannot be opened"), "%s", why);
    weft_host_transport.import_end(port, base);
    weft_host_transport.close(port);
}

Test(host_share, window_export__only_of_memory_files)
{
    struct weft_port *shares = open_port(true);
    struct weft_port *keeps = open_port(false);
    char *own = alloc(keeps);
    char *plain = malloc(SIZE);
    struct weft_ticket ticket;
    char why[256] = "";

    cr_assert_eq(export_range(shares, plain, SIZE, &ticket, why), weftInvalidUsage);
    cr_assert_not_null(strstr(why, "weftMemAlloc"), "%s", why);
    cr_assert_eq(export_range(keeps, own, SIZE, &ticket, why), weftInvalidUsage);
    weft_host_transport.free(keeps, own);
    weft_host_transport.close(keeps);
    weft_host_transport.close(shares);
    free(plain);
}

/* A peer may say what it likes. Its ticket is laid out as host_share.c says. */
struct content {
    uint32_t magic;
    int32_t process;
    int32_t file;
    uint32_t spare;
    uint64_t number;
    uint64_t offset;
};

static weftResult_t import_as(struct weft_port *port, const struct weft_ticket *good,
                              const struct content *content, size_t size)
{
    struct weft_ticket ticket = *good;
    char why[256] = "";
    void *base;

    memcpy(ticket.bytes, content, sizeof(*content));
    return weft_host_transport.window_import(port, &ticket, size, &base, why);
}

Test(host_share, window_import__lies)
{
    struct weft_port *port = open_port(true);
    char *memory = alloc(port);
    struct weft_ticket ticket;
    struct content content;
    struct content lie;
    char path[] = "/tmp/weft-host-share-XXXXXX";
    char why[256] = "";
    int file = mkstemp(path);
    int loose = memfd_create("loose", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    cr_assert_geq(file, 0);
    unlink(path);
    cr_assert_eq(ftruncate(file, SIZE), 0);
    cr_assert_eq(ftruncate(loose, SIZE), 0);
    cr_assert_eq(export_range(port, memory, SIZE, &ticket, why), weftSuccess);
    memcpy(&content, ticket.bytes, sizeof(content));
    lie = content;
    lie.magic++;
    cr_assert_eq(import_as(port, &ticket, &lie, SIZE), weftInvalidArgument);
    lie = content;
    lie.number++;
    cr_assert_eq(import_as(port, &ticket, &lie, SIZE), weftInvalidArgument, "another file");
    lie = content;
    lie.offset = UINT64_MAX - 10;
    cr_assert_eq(import_as(port, &ticket, &lie, SIZE), weftInvalidArgument, "a sum that wraps");
    lie.offset = 1;
    cr_assert_eq(import_as(port, &ticket, &lie, SIZE), weftInvalidArgument, "past its end");
    lie = content;
    lie.file = file;
    cr_assert_eq(import_as(port, &ticket, &lie, SIZE), weftInvalidArgument, "a user's file");
    lie.file = loose;
    cr_assert_eq(import_as(port, &ticket, &lie, SIZE), weftInvalidArgument,
                 "whose pages may be taken away");
    cr_assert_eq(import_as(port, &ticket, &content, 0), weftInvalidArgument);
    close(file);
    close(loose);
    weft_host_transport.free(port, memory);
    weft_host_transport.close(port);
}
