/* Weft: put and get between GPU and host memory, over every link of the machine at once.
 *
 * A device endpoint (GPU memory, host memory of one NUMA node) has one global name, its DevID. The
 * user says what to move, weftPut(dst, src, size); Weft splits the transfer over several routes,
 * goes through transit GPUs where that is faster, and reroutes around slow, busy and dead links.
 *
 * Conventions (those of NCCL): every call returns a weftResult_t; handles are opaque; outputs come
 * last and are set only on success; a stream comes last but one, the request last. A call may be
 * made from any thread. Sizes and offsets are bytes, times are nanoseconds of CLOCK_MONOTONIC
 * (on an emulated machine: of the machine's own, undilated time). No CUDA header is needed. A call
 * lists what it returns beyond weftSuccess; each that reaches a driver or the system may also
 * return weftUnhandledCudaError, weftSystemError or weftNoResource, and the end of a request or a
 * flush whatever its transfer ended with.
 *
 * What is promised of every transfer, whatever routes it took:
 *  - no late write: after a request has ended, well or badly, no byte of it lands, with one
 *    exception that is reported as such: weftUnknown says that a copy hangs inside the hardware,
 *    or that a peer that was to copy to another one is silent;
 *  - a signal is raised exactly once, after all bytes of its transfer are visible;
 *  - every request ends exactly once, at its deadline at the latest. */
#ifndef WEFT_H
#define WEFT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WEFT_MAJOR        0
#define WEFT_MINOR        1
#define WEFT_PATCH        0
#define WEFT_VERSION_CODE (WEFT_MAJOR * 10000 + WEFT_MINOR * 100 + WEFT_PATCH)

/* Values 0 to 8 are NCCL's. */
typedef enum {
    weftSuccess = 0,
    weftUnhandledCudaError = 1, /* the CUDA driver failed */
    weftSystemError = 2,        /* the operating system or a file failed */
    weftInternalError = 3,      /* Weft itself is wrong: please report it */
    weftInvalidArgument = 4,    /* a value that is never right */
    weftInvalidUsage = 5,       /* a value that is not right now: state, rights, order of calls */
    weftRemoteError = 6,        /* every route between the devices is down, or another process is
                                   gone or cannot be reached */
    weftInProgress = 7,         /* not ended yet */
    weftTimeout = 8,            /* the deadline passed; nothing of it can land any more */
    weftNoResource = 9,         /* a limit was reached (a setting names it): try again later */
    weftCancelled = 10,         /* ended by weftCancel, weftWindowRevoke or weftCommAbort */
    weftUnknown = 11,           /* the deadline passed while a copy hangs, or while a peer that
                                   copies to another does not answer: its bytes may yet land */
    weftNumResults = 12
} weftResult_t;

typedef struct weftComm *weftComm_t;
typedef struct weftWindow *weftWindow_t;
typedef struct weftRequest *weftRequest_t;
typedef struct weftConfig *weftConfig_t;
typedef void *weftStream_t; /* a CUstream / cudaStream_t; NULL: at once, and the request tells */

/* A device: the server that has it and its number there. Text: "11.1.1.1:3", alias
 * "11.1.1.1:gpu0". */
typedef struct {
    uint32_t server; /* four bytes, the first one highest: 11.1.1.1 is 0x0b010101 */
    uint32_t local;
} weftDevId_t;

#define WEFT_UNIQUE_ID_BYTES 128
typedef struct {
    char internal[WEFT_UNIQUE_ID_BYTES];
} weftUniqueId;

#define WEFT_WINDOW_KEY_BYTES 512
typedef struct {
    char internal[WEFT_WINDOW_KEY_BYTES]; /* versioned; opaque */
} weftWindowKey_t;

typedef enum {
    weftDeviceGpu = 0,
    weftDeviceDram = 1, /* host memory of one NUMA node */
    weftDeviceSsd = 2,
    weftDeviceNic = 3,
    weftDeviceSwitch = 4,
    weftDeviceCpu = 5,
    weftNumDeviceKinds = 6
} weftDeviceKind_t;

typedef struct {
    weftDevId_t id;
    weftDeviceKind_t kind;
    char name[32];      /* the alias: gpu0, dram1 */
    char model[64];     /* as the driver names it; empty where unknown */
    char bus[32];       /* PCI address; empty for host memory */
    int numaNode;       /* -1 where unknown */
    int holdsWindows;   /* 1 where windows may be registered: a transport serves it */
    size_t memoryBytes; /* 0 where unknown */
    int emulated;       /* 1 on an emulated machine */
} weftDeviceProps_t;

/* One piece of a list: `size` bytes from `srcOffset` of the source window to `dstOffset` of the
 * destination window. */
typedef struct {
    size_t dstOffset;
    size_t srcOffset;
    size_t size;
} weftExtent_t;

/* One side of a block transfer: block `ids[i]` lies at offset base + ids[i] * stride; with ids NULL
 * block i lies at base + i * stride. */
typedef struct {
    size_t base;
    size_t stride;
    const uint32_t *ids;
} weftBlocks_t;

/* Rights that a window gives to the holders of its key. */
#define WEFT_RIGHT_READ   0x1u
#define WEFT_RIGHT_WRITE  0x2u
#define WEFT_RIGHT_SIGNAL 0x4u
#define WEFT_RIGHTS_ALL   0x7u

#define WEFT_WIN_DEFAULT 0x0u

typedef enum {
    weftSignalSet = 0, /* the word becomes the value */
    weftSignalAdd = 1, /* the value is added to the word */
    weftNumSignalOps = 2
} weftSignalOp_t;

#define WEFT_TIMEOUT_DEFAULT (-1) /* the setting `timeout_ms` */

/* ---- results, version, errors -------------------------------------------------------------- */

/* The version of the library as WEFT_VERSION_CODE.
 * weftInvalidArgument  `version` is NULL */
weftResult_t weftGetVersion(int *version);

/* A few words for a result, in static memory; never NULL. */
const char *weftGetErrorString(weftResult_t result);

/* One sentence about the last error of this thread's calls, with cause and remedy; for `comm` not
 * NULL and no error in this thread, the last error of its transfers. Valid until this thread's next
 * call. Never NULL; empty when there was none. */
const char *weftGetLastError(weftComm_t comm);

/* ---- configuration -------------------------------------------------------------------------- */

/* A set of settings with their defaults; WEFT_* variables override them when a comm is made, unless
 * weftConfigSet was called for that name. `weft-info --settings` lists them all.
 * Owns:  the caller, until weftConfigDestroy; a comm copies what it needs.
 * weftInvalidArgument  `config` is NULL
 * weftSystemError      no memory */
weftResult_t weftConfigCreate(weftConfig_t *config);

/* Sets one setting by name from text: weftConfigSet(c, "emulate", "hgx-h100").
 * weftInvalidArgument  an argument is NULL, the name is unknown (the error names the nearest one),
 *                      or the value is not of the setting's type or outside its bounds */
weftResult_t weftConfigSet(weftConfig_t config, const char *name, const char *value);

/* Writes the setting's value as text, NUL-terminated, into `value` of `size` bytes.
 * weftInvalidArgument  an argument is NULL, the name is unknown, or `size` is too small */
weftResult_t weftConfigGet(weftConfig_t config, const char *name, char *value, size_t size);

/* NULL is allowed. */
weftResult_t weftConfigDestroy(weftConfig_t config);

/* ---- communicators -------------------------------------------------------------------------- */

/* An id that rank 0 makes and gives to the others by any channel, which must be a secret one: who
 * has the id may take part.
 *
 * With the setting `net` (in the environment: WEFT_NET=tcp) it is good for ranks of any process: it
 * names an address of this process, where a thread serves the meeting until all ranks have met and
 * destroyed their comms. This process must live as long as ranks call weftCommInitRank or
 * weftCommExchange. With `net` off it is good for ranks of this process.
 * weftInvalidArgument  `id` is NULL, or a WEFT_* variable is wrong
 * weftSystemError      no random numbers, or no address to listen on (setting net_address)
 * weftNoResource       64 ids of this process have ranks that have not met and left */
weftResult_t weftGetUniqueId(weftUniqueId *id);

/* Makes this thread's member of a comm of `nranks` ranks and waits for the others, in whatever
 * process they are, until the setting `boot_timeout_ms`. Ranks reach each other when they import
 * each other's keys, or here, with the setting `boot_connect`.
 * Needs: every rank calls it with the same `id` and `nranks`; `config` may be NULL.
 * Owns:  the caller, until weftCommDestroy.
 * weftInvalidArgument  `comm` is NULL, `nranks` < 1 or > 256, `rank` outside 0 .. nranks-1, or `id`
 *                      is none
 * weftInvalidUsage     the rank is taken, the ranks disagree about nranks, or `net` is off here or
 *                      where the id was made while ranks are in several processes
 * weftSystemError      no machine description, no driver where one was asked for, no memory; or
 *                      another rank could not start
 * weftRemoteError      the process that made the id is gone, or cannot be reached
 * weftTimeout          not all ranks came; the error names those that did not */
weftResult_t weftCommInitRank(weftComm_t *comm, int nranks, weftUniqueId id, int rank,
                              weftConfig_t config);

/* A comm of one; others reach its windows by their keys. Results as weftCommInitRank. */
weftResult_t weftCommInit(weftComm_t *comm, weftConfig_t config);

/* How many ranks the comm has, and which one this member is.
 * weftInvalidArgument  an argument is NULL or no comm */
weftResult_t weftCommCount(weftComm_t comm, int *count);
weftResult_t weftCommUserRank(weftComm_t comm, int *rank);

/* Gives every rank what all ranks bring, `each` bytes (1 to 16384) of every one: `all` becomes
 * `mine` of rank 0, of rank 1, and so on. For window keys and other small things; it is a barrier
 * too. A comm of one gets its own bytes.
 * Needs: every rank calls it, with the same `each`, once for every time that the others do; `all`
 *        has room for the bytes of all ranks; the process that made the id lives.
 * Done:  when it returns. It waits for the others until the setting `boot_timeout_ms`.
 * weftInvalidArgument  a pointer is NULL or `each` out of bounds
 * weftInvalidUsage     the ranks disagree about `each`, this rank is in the call already, or the
 *                      comm is finalized or aborted
 * weftRemoteError      the process that made the id is gone, or cannot be reached
 * weftTimeout          not all ranks came; the error names those that did not */
weftResult_t weftCommExchange(weftComm_t comm, const void *mine, void *all, size_t each);

/* The first error that the comm met outside of a call (a progress thread that had to stop);
 * weftSuccess when there was none.
 * weftInvalidArgument  an argument is NULL or no comm */
weftResult_t weftCommGetAsyncError(weftComm_t comm, weftResult_t *error);

/* Ends every request with weftCancelled and stops the comm. Always returns, within the setting
 * `abort_ms`. It is a fence: when it returns weftSuccess no byte of this comm can land any more.
 * The comm must still be destroyed.
 * weftUnknown          a copy hangs in the hardware; weftGetLastError names device and path */
weftResult_t weftCommAbort(weftComm_t comm);

/* Waits until every transfer of the comm has ended; it takes no new ones.
 * weftTimeout          not within the setting `timeout_ms`: abort it */
weftResult_t weftCommFinalize(weftComm_t comm);

/* Frees the comm, its windows and its requests; aborts it first if it was not finalized. NULL is
 * allowed.
 * weftUnknown          as weftCommAbort; the comm's memory is then kept, not freed */
weftResult_t weftCommDestroy(weftComm_t comm);

/* ---- devices and memory --------------------------------------------------------------------- */

/* The devices of this server. `*count` says how many `ids` can hold and becomes how many there are;
 * with `ids` NULL it is only set.
 * weftInvalidArgument  `comm` or `count` is NULL
 * weftNoResource       `ids` is too small; `*count` is set nevertheless */
weftResult_t weftDeviceList(weftComm_t comm, weftDevId_t *ids, int *count);

/* weftInvalidArgument  a pointer is NULL or the device is unknown */
weftResult_t weftDeviceGetProps(weftComm_t comm, weftDevId_t id, weftDeviceProps_t *props);

/* Reads "server:number", "server:alias" or, for this server, "alias" alone ("gpu0").
 * weftInvalidArgument  a pointer is NULL, or the text names no device; the error lists them */
weftResult_t weftDevIdParse(weftComm_t comm, const char *text, weftDevId_t *id);

/* Writes "11.1.1.1:3", NUL-terminated.
 * weftInvalidArgument  `text` is NULL or `size` too small (24 always fit) */
weftResult_t weftDevIdFormat(weftDevId_t id, char *text, size_t size);

/* Memory on a device, page-aligned; for host memory on that NUMA node and registered with every
 * GPU, until weftMemFree.
 * Owns:  the caller, until weftMemFree; not while a window covers it.
 * weftInvalidArgument  a NULL pointer, size 0, or the device holds no memory
 * weftNoResource       the device has no room, or host memory cannot be registered; the error says
 *                      which */
weftResult_t weftMemAlloc(weftComm_t comm, weftDevId_t device, size_t size, void **memory);
weftResult_t weftMemFree(weftComm_t comm, void *memory);

/* ---- windows -------------------------------------------------------------------------------- */

/* Makes `size` bytes at `base` on `device` readable and writable by transfers of this comm, and by
 * others through keys. Host memory is pinned if it is not yet.
 * Needs: the memory stays allocated until the window is deregistered.
 * weftInvalidArgument  a NULL pointer, size 0, base + size wraps, the device is unknown or holds no
 *                      windows, unknown flags, or `base` is not memory of that device
 * weftNoResource       too many windows (setting windows_max) */
weftResult_t weftWindowRegister(weftComm_t comm, weftDevId_t device, void *base, size_t size,
                                unsigned flags, weftWindow_t *window);

/* A key that gives `rights` to whoever imports it, until the window is revoked.
 * weftInvalidArgument  a NULL pointer, rights 0 or unknown
 * weftInvalidUsage     rights that this handle does not have, or a revoked window */
weftResult_t weftWindowGetKey(weftWindow_t window, unsigned rights, weftWindowKey_t *key);

/* Opens a window by its key. One of another process of this server is opened itself (CUDA IPC,
 * shared memory), any other is reached over the network: both comms need the setting `net`, and a
 * key of such a comm gives who holds it the right to connect to it. Host memory can be opened by
 * others when it is weftMemAlloc's; GPU memory when the driver gives an IPC handle for it. What
 * cannot is reached over the network, too. Both comms need the same setting `tenant_secret`, or
 * none: else the key opens nothing.
 * weftInvalidArgument  a NULL pointer, or bytes that are no key of this version
 * weftInvalidUsage     the key is of another tenant; the window was revoked or deregistered, or is
 *                      of a machine in this process that is not this comm's, or of another process
 *                      while `net` is off
 * weftRemoteError      the other process cannot be reached
 * weftTimeout          it did not answer within the setting timeout_ms */
weftResult_t weftWindowImport(weftComm_t comm, const weftWindowKey_t *key, weftWindow_t *window);

/* Ends all keys of the window: transfers of others that use it end with weftCancelled, and when it
 * returns weftSuccess none of their bytes lands any more. Own transfers go on.
 * weftInvalidUsage     called on an imported window
 * weftUnknown          a copy hangs inside the window (after the setting `abort_ms`), or another
 *                      process of this server that has it open does not answer */
weftResult_t weftWindowRevoke(weftWindow_t window);

/* Frees the handle; for an own window, revokes it first and waits for own transfers that use it.
 * weftInvalidUsage     own transfers still use it after the setting `timeout_ms`
 * weftUnknown          a copy hangs inside it; the window stays, its memory must not be freed */
weftResult_t weftWindowDeregister(weftWindow_t window);

/* ---- transfers ------------------------------------------------------------------------------ */

/* Moves `size` bytes from `src` at `srcOffset` to `dst` at `dstOffset`.
 *
 * Needs: read right on `src`, write right on `dst`; weftPut: `src` is an own window; weftGet: `dst`
 *        is; weftCopy: neither need be. The bytes are not changed until the transfer has ended.
 *        Source and destination do not overlap.
 * Order: after all work already in `stream`; with NULL, at once. Two transfers are not ordered with
 *        each other: weftFence orders them.
 * Done:  when `*request` tests complete the bytes are visible at the destination and the source may
 *        be reused. Later work in `stream` waits for it. With `request` NULL weftFlush covers it.
 * Owns:  the caller owns `*request` until weftTest or weftWait says that it ended.
 *
 * A weftCopy between windows of one other process is that process's own copy, also on one device.
 * A weftCopy between windows of two other processes goes from the one to the other: the owner of
 * `src` carries it out, which must reach the owner of `dst` (its setting peers_max counts it), and
 * which is told this comm's key to `dst` for that. So: copy from whom you trust with that key, and
 * with the setting net_crypto full, else others on the network can read it. A caller who ends it
 * early waits until the owner of `src` has stopped; where that owner, or of one whose process has
 * ended the owner of `dst`, does not answer by the deadline, it is weftUnknown.
 *
 * weftSuccess          it is queued (size 0: it ends at once)
 * weftInvalidArgument  a NULL or foreign handle, or a range past the end of a window
 * weftInvalidUsage     rights are missing, the window is revoked, the comm is finalized or aborted,
 *                      or `stream` is given and the machine has no CUDA driver
 * weftNoResource       too many transfers under way (setting transfers_max): try again */
weftResult_t weftPut(weftWindow_t dst, size_t dstOffset, weftWindow_t src, size_t srcOffset,
                     size_t size, weftComm_t comm, weftStream_t stream, weftRequest_t *request);
weftResult_t weftGet(weftWindow_t dst, size_t dstOffset, weftWindow_t src, size_t srcOffset,
                     size_t size, weftComm_t comm, weftStream_t stream, weftRequest_t *request);
weftResult_t weftCopy(weftWindow_t dst, size_t dstOffset, weftWindow_t src, size_t srcOffset,
                      size_t size, weftComm_t comm, weftStream_t stream, weftRequest_t *request);

/* The same for `count` extents as one transfer. The list is copied: it may be reused at once.
 * Neighbours that touch on both sides are merged. Extents must not overlap in the destination.
 * weftNoResource       also: more extents than the setting extents_max has room for now */
weftResult_t weftPutList(const weftExtent_t *extents, size_t count, weftWindow_t dst,
                         weftWindow_t src, weftComm_t comm, weftStream_t stream,
                         weftRequest_t *request);
weftResult_t weftGetList(const weftExtent_t *extents, size_t count, weftWindow_t dst,
                         weftWindow_t src, weftComm_t comm, weftStream_t stream,
                         weftRequest_t *request);

/* The same for `count` blocks of `blockSize` bytes, the KV-page case. */
weftResult_t weftPutBlocks(weftWindow_t dst, const weftBlocks_t *dstBlocks, weftWindow_t src,
                           const weftBlocks_t *srcBlocks, size_t blockSize, size_t count,
                           weftComm_t comm, weftStream_t stream, weftRequest_t *request);
weftResult_t weftGetBlocks(weftWindow_t dst, const weftBlocks_t *dstBlocks, weftWindow_t src,
                           const weftBlocks_t *srcBlocks, size_t blockSize, size_t count,
                           weftComm_t comm, weftStream_t stream, weftRequest_t *request);

/* weftPut or weftCopy, and then, once, the 64-bit word at `signalOffset` of `signal` is set or
 * raised. Needs: signal right on `signal`; the offset is a multiple of 8. */
weftResult_t weftPutSignal(weftWindow_t dst, size_t dstOffset, weftWindow_t src, size_t srcOffset,
                           size_t size, weftWindow_t signal, size_t signalOffset, uint64_t value,
                           weftSignalOp_t op, weftComm_t comm, weftStream_t stream,
                           weftRequest_t *request);
weftResult_t weftCopySignal(weftWindow_t dst, size_t dstOffset, weftWindow_t src, size_t srcOffset,
                            size_t size, weftWindow_t signal, size_t signalOffset, uint64_t value,
                            weftSignalOp_t op, weftComm_t comm, weftStream_t stream,
                            weftRequest_t *request);

/* The signal alone. */
weftResult_t weftSignal(weftWindow_t signal, size_t signalOffset, uint64_t value, weftSignalOp_t op,
                        weftComm_t comm, weftStream_t stream, weftRequest_t *request);

/* Waits until the word is at least `value`. With `stream` NULL the calling thread waits, at most
 * `timeoutNs` (WEFT_TIMEOUT_DEFAULT: the setting); else later work in the stream waits, and
 * `timeoutNs` is not used. Values of one word differ by less than 2^63: streams compare them so.
 * weftInvalidArgument  no window, an offset outside of it or not a multiple of 8, a bad timeout
 * weftInvalidUsage     the window is revoked, or a peer's: only who has the memory can wait on it
 * weftTimeout          it stayed lower */
weftResult_t weftWaitSignal(weftWindow_t signal, size_t signalOffset, uint64_t value,
                            weftComm_t comm, weftStream_t stream, int64_t timeoutNs);

/* Transfers called after it start when all called before it have ended. */
weftResult_t weftFence(weftComm_t comm);

/* Waits until all transfers called before it have ended, at most `timeoutNs`.
 * weftTimeout          not all have ended
 * other                the first error among the transfers without a request since the last
 * flush */
weftResult_t weftFlush(weftComm_t comm, int64_t timeoutNs);

/* ---- requests ------------------------------------------------------------------------------- */

/* weftInProgress while the transfer goes on; else its result, `*request` is freed and becomes NULL.
 * weftInvalidArgument  `request` or `*request` is NULL or was freed */
weftResult_t weftTest(weftRequest_t *request);

/* As weftTest, but waits for the end, at most `timeoutNs` (WEFT_TIMEOUT_DEFAULT: until the
 * transfer's own deadline).
 * weftInProgress       the wait timed out; the transfer goes on and the request stays */
weftResult_t weftWait(weftRequest_t *request, int64_t timeoutNs);

/* Asks the transfer to end with weftCancelled; it ends when no byte of it can land any more, or as
 * it would have. The request stays to be tested. */
weftResult_t weftCancel(weftRequest_t request);

/* Calls of this thread between the two are checked at once and handed over together at the outer
 * end. Groups nest.
 * weftInvalidUsage     weftGroupEnd without a start */
weftResult_t weftGroupStart(void);
weftResult_t weftGroupEnd(void);

/* ---- explanation ---------------------------------------------------------------------------- */

typedef enum { weftExplainText = 0, weftExplainJson = 1 } weftExplainForm_t;

/* Says how a transfer of `size` bytes from `src` to `dst` would go now: routes, shares, chunk
 * sizes, expected time. Writes NUL-terminated text into `text` of `textSize` bytes.
 * weftInvalidArgument  a NULL pointer, an unknown device or form
 * weftNoResource       `textSize` is too small (16 KiB always fit) */
weftResult_t weftExplain(weftComm_t comm, weftDevId_t dst, weftDevId_t src, size_t size,
                         weftExplainForm_t form, char *text, size_t textSize);

/* What the comm has counted since it began: bytes per route and events, as JSON. Results as
 * weftExplain. */
weftResult_t weftCommGetStats(weftComm_t comm, char *text, size_t textSize);

#ifdef __cplusplus
}
#endif

#endif
