/* The smallest whole program: bytes from host memory to GPU 0 and back, over whatever routes there
 * are. Every machine can run it:
 *     cc put.c $(pkg-config --cflags --libs weft) -o put && WEFT_EMULATE=hgx-h100 ./put
 * Without WEFT_EMULATE it uses the GPUs of this machine. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weft.h>

#define SIZE ((size_t)16 << 20)

static weftComm_t comm;

/* Every call returns a result, and weftGetLastError says in a sentence what was wrong. */
static void check(weftResult_t result)
{
    if (result == weftSuccess)
        return;
    fprintf(stderr, "%s: %s\n", weftGetErrorString(result), weftGetLastError(comm));
    exit(1);
}

int main(void)
{
    weftDevId_t gpu, dram;
    weftWindow_t on_gpu, on_host;
    weftRequest_t request;
    void *gpu_memory, *memory;
    char *bytes, why[16384];
    int equal;

    check(weftCommInit(&comm, NULL));
    check(weftDevIdParse(comm, "gpu0", &gpu));
    check(weftDevIdParse(comm, "dram0", &dram));

    /* A window is memory that transfers may touch; the host's holds the bytes and their copy. */
    check(weftMemAlloc(comm, gpu, SIZE, &gpu_memory));
    check(weftMemAlloc(comm, dram, 2 * SIZE, &memory));
    check(weftWindowRegister(comm, gpu, gpu_memory, SIZE, WEFT_WIN_DEFAULT, &on_gpu));
    check(weftWindowRegister(comm, dram, memory, 2 * SIZE, WEFT_WIN_DEFAULT, &on_host));

    bytes = memory;
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (char)(i * 31 + i / 4096);
    check(weftPut(on_gpu, 0, on_host, 0, SIZE, comm, NULL, &request));
    check(weftWait(&request, WEFT_TIMEOUT_DEFAULT));
    check(weftGet(on_host, SIZE, on_gpu, 0, SIZE, comm, NULL, &request));
    check(weftWait(&request, WEFT_TIMEOUT_DEFAULT));

    check(weftExplain(comm, dram, gpu, SIZE, weftExplainText, why, sizeof(why)));
    equal = memcmp(bytes, bytes + SIZE, SIZE) == 0;
    printf("%s\n%s\n", why, equal ? "the bytes came back" : "THE BYTES DIFFER");

    check(weftWindowDeregister(on_gpu));
    check(weftWindowDeregister(on_host));
    check(weftMemFree(comm, gpu_memory));
    check(weftMemFree(comm, memory));
    check(weftCommDestroy(comm));
    return equal ? 0 : 1;
}
