/* Ranks in processes of their own: they meet by a unique id, tell each other the keys of their
 * windows, and each puts its bytes into the window of the next one.
 *
 * Here one program starts all ranks and a pipe carries the id; on several machines a launcher does
 * both. Each rank is a server of its own, so that every machine can run it:
 *     cc ranks.c $(pkg-config --cflags --libs weft) -o ranks && WEFT_EMULATE=hgx-h100 ./ranks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <weft.h>

#define RANKS 3
#define SIZE  ((size_t)4 << 20)

static weftComm_t comm;

/* Every call returns a result, and weftGetLastError says in a sentence what was wrong. */
static void check(weftResult_t result)
{
    if (result == weftSuccess)
        return;
    fprintf(stderr, "%s: %s\n", weftGetErrorString(result), weftGetLastError(comm));
    exit(1);
}

/* Rank 0 makes the id, in its own process: the others meet there. */
static weftUniqueId share_id(int rank, const int ends[2])
{
    weftUniqueId id;

    if (rank == 0)
        check(weftGetUniqueId(&id));
    for (int i = 1; rank == 0 && i < RANKS; i++)
        if (write(ends[1], &id, sizeof(id)) != (ssize_t)sizeof(id))
            exit(1);
    if (rank != 0 && read(ends[0], &id, sizeof(id)) != (ssize_t)sizeof(id))
        exit(1);
    return id;
}

static weftWindow_t make_window(char **bytes)
{
    weftDevId_t dram;
    weftWindow_t window;
    void *memory;

    check(weftDevIdParse(comm, "dram0", &dram));
    check(weftMemAlloc(comm, dram, SIZE + 8, &memory));
    memset(memory, 0, SIZE + 8);
    check(weftWindowRegister(comm, dram, memory, SIZE + 8, WEFT_WIN_DEFAULT, &window));
    *bytes = memory;
    return window;
}

static int run(int rank, const int ends[2])
{
    weftUniqueId id;
    weftWindowKey_t key, keys[RANKS];
    weftWindow_t mine, from, next;
    weftRequest_t request;
    char server[16], *bytes, *source;
    int equal = 1, all[RANKS];

    /* A config could say the same; the environment is for the id, too. */
    snprintf(server, sizeof(server), "127.0.0.%d", rank + 21);
    setenv("WEFT_NET", "tcp", 1);
    setenv("WEFT_SERVER_ID", server, 1);
    id = share_id(rank, ends);
    check(weftCommInitRank(&comm, RANKS, id, rank, NULL));

    /* Behind the bytes of each window lies a word that says that they have come. */
    mine = make_window(&bytes);
    from = make_window(&source);
    memset(source, 'a' + rank, SIZE);
    check(weftWindowGetKey(mine, WEFT_RIGHTS_ALL, &key));
    check(weftCommExchange(comm, &key, keys, sizeof(key)));
    check(weftWindowImport(comm, &keys[(rank + 1) % RANKS], &next));
    check(
        weftPutSignal(next, 0, from, 0, SIZE, next, SIZE, 1, weftSignalAdd, comm, NULL, &request));
    check(weftWaitSignal(mine, SIZE, 1, comm, NULL, WEFT_TIMEOUT_DEFAULT));
    check(weftWait(&request, WEFT_TIMEOUT_DEFAULT));
    for (size_t i = 0; i < SIZE; i++)
        equal = equal && bytes[i] == 'a' + (rank + RANKS - 1) % RANKS;
    printf("rank %d: %s from the rank before\n", rank, equal ? "4 MiB came" : "WRONG BYTES");

    /* A window goes when nobody writes into it any more: all tell that they are done. */
    check(weftCommExchange(comm, &equal, all, sizeof(equal)));
    check(weftCommDestroy(comm));
    return equal ? 0 : 1;
}

int main(void)
{
    int ends[2], failed = 0;

    if (pipe(ends) != 0)
        return 1;
    for (int rank = 0; rank < RANKS; rank++) {
        pid_t child = fork();

        if (child < 0)
            return 1;
        if (child == 0)
            exit(run(rank, ends));
    }
    for (int i = 0; i < RANKS; i++) {
        int status = 1;

        wait(&status);
        failed |= status;
    }
    return failed != 0;
}
