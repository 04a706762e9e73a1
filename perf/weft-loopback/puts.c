/* A comm and a window in each of two processes; see puts.h. */
#include "puts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "common/checksum.h"
#include "latency.h"
#include "weft.h"

#define PATTERN       UINT64_C(0x5eed)
#define POISON        UINT64_C(0xdead)
#define SIGNAL_ALIGN  64u
#define WARMUP_ROUNDS 4u

/* One process's part: its memory as a window, and the other one's. */
struct member {
    weftComm_t comm;
    weftWindow_t own;
    weftWindow_t other;
    uint8_t *memory; /* the bytes, then the signal's word */
    uint64_t signal_at;
};

static bool fail(const struct member *member, struct weft_loopback_figures *figures)
{
    weft_text_copy(figures->why, sizeof(figures->why), weftGetLastError(member->comm));
    if (figures->why[0] == '\0')
        weft_text_copy(figures->why, sizeof(figures->why), "Weft gave no reason");
    return false;
}

static bool comm_open(struct member *member, const struct weft_loopback_ask *ask,
                      const char *crypto)
{
    /* Two processes of one server open each other's memory, where they are let. */
    bool is_ipc = weft_text_equal(ask->transport, "ipc");
    weftConfig_t config = NULL;
    bool good = weftConfigCreate(&config) == weftSuccess &&
                weftConfigSet(config, "net", is_ipc ? "tcp" : ask->transport) == weftSuccess &&
                weftConfigSet(config, "net_siblings", is_ipc ? "ipc" : "net") == weftSuccess &&
                weftConfigSet(config, "net_address", "127.0.0.1") == weftSuccess &&
                weftConfigSet(config, "net_crypto", crypto) == weftSuccess &&
                weftConfigSet(config, "log", "error") == weftSuccess &&
                weftCommInit(&member->comm, config) == weftSuccess;

    (void)weftConfigDestroy(config);
    return good;
}

/* Opens its part and exchanges keys. */
static bool member_open(struct member *member, int control, const struct weft_loopback_ask *ask,
                        const char *crypto, struct weft_loopback_figures *figures)
{
    weftWindowKey_t key;
    weftDevId_t device;
    void *memory;

    memset(member, 0, sizeof(*member));
    member->signal_at = (ask->size_bytes + SIGNAL_ALIGN - 1) / SIGNAL_ALIGN * SIGNAL_ALIGN;
    if (!comm_open(member, ask, crypto) ||
        weftDevIdParse(member->comm, "dram0", &device) != weftSuccess ||
        weftMemAlloc(member->comm, device, member->signal_at + SIGNAL_ALIGN, &memory) !=
            weftSuccess)
        return fail(member, figures);
    memset(memory, 0, member->signal_at + SIGNAL_ALIGN);
    member->memory = memory;
    if (weftWindowRegister(member->comm, device, memory, member->signal_at + SIGNAL_ALIGN,
                           WEFT_WIN_DEFAULT, &member->own) != weftSuccess ||
        weftWindowGetKey(member->own, WEFT_RIGHT_WRITE | WEFT_RIGHT_SIGNAL, &key) != weftSuccess)
        return fail(member, figures);
    if (!weft_loopback_say(control, &key, sizeof(key)) ||
        !weft_loopback_hear(control, &key, sizeof(key)))
        return false;
    if (weftWindowImport(member->comm, &key, &member->other) != weftSuccess)
        return fail(member, figures);
    return true;
}

/* Neither closes what the other one still uses. */
static bool member_close(struct member *member, int control)
{
    bool good = weft_loopback_meet(control);

    (void)weftWindowDeregister(member->other);
    (void)weftWindowDeregister(member->own);
    (void)weftMemFree(member->comm, member->memory);
    (void)weftCommDestroy(member->comm);
    return good;
}

/* ---- streams ---- */

static bool put_all(const struct member *member, const struct weft_loopback_ask *ask,
                    weft_ns duration_ns, uint64_t least, uint64_t *bytes)
{
    weftRequest_t requests[WEFT_LOOPBACK_DEPTH_MAX] = {NULL};
    weft_ns begun_at = weft_loopback_now();
    bool good = true;
    uint64_t i = 0;

    for (; good && (i < least || weft_loopback_now() - begun_at < duration_ns); i++) {
        weftRequest_t *request = &requests[i % ask->depth];

        good = (*request == NULL || weftWait(request, WEFT_TIMEOUT_DEFAULT) == weftSuccess) &&
               weftPut(member->other, 0, member->own, 0, ask->size_bytes, member->comm, NULL,
                       request) == weftSuccess;
    }
    for (uint32_t k = 0; good && k < ask->depth; k++)
        good = requests[k] == NULL || weftWait(&requests[k], WEFT_TIMEOUT_DEFAULT) == weftSuccess;
    *bytes = i * ask->size_bytes;
    return good;
}

static bool stream_near(int control, const struct weft_loopback_ask *ask, const char *crypto,
                        struct weft_loopback_figures *figures)
{
    struct member member;
    uint64_t warm_bytes;
    weft_ns begun_at;
    weft_ns cpu_ns;

    if (!member_open(&member, control, ask, crypto, figures))
        return false;
    weft_pattern_fill(member.memory, ask->size_bytes, PATTERN, 0);
    if (!weft_loopback_meet(control))
        return false;
    if (!put_all(&member, ask, 0, (uint64_t)ask->depth * WARMUP_ROUNDS, &warm_bytes))
        return fail(&member, figures);
    if (!weft_loopback_meet(control))
        return false;
    cpu_ns = weft_loopback_cpu();
    begun_at = weft_loopback_now();
    if (!put_all(&member, ask, ask->duration_ns, 1, &figures->bytes))
        return fail(&member, figures);
    figures->time_ns = weft_loopback_now() - begun_at;
    figures->near_cpu_ns = weft_loopback_cpu() - cpu_ns;
    return weft_loopback_meet(control) && member_close(&member, control);
}

static bool stream_far(int control, const struct weft_loopback_ask *ask, const char *crypto,
                       struct weft_loopback_figures *figures)
{
    struct member member;
    weft_ns cpu_ns;

    if (!member_open(&member, control, ask, crypto, figures))
        return false;
    weft_pattern_fill(member.memory, ask->size_bytes, POISON, 0);
    if (!weft_loopback_meet(control) || !weft_loopback_meet(control))
        return false;
    cpu_ns = weft_loopback_cpu();
    if (!weft_loopback_meet(control))
        return false;
    figures->far_cpu_ns = weft_loopback_cpu() - cpu_ns;
    figures->wrong_bytes = weft_pattern_wrong(member.memory, ask->size_bytes, PATTERN, 0);
    return member_close(&member, control);
}

static bool plain_near(int control, const struct weft_loopback_ask *ask,
                       struct weft_loopback_figures *figures)
{
    return stream_near(control, ask, "off", figures);
}

static bool plain_far(int control, const struct weft_loopback_ask *ask,
                      struct weft_loopback_figures *figures)
{
    return stream_far(control, ask, "off", figures);
}

static bool sealed_near(int control, const struct weft_loopback_ask *ask,
                        struct weft_loopback_figures *figures)
{
    return stream_near(control, ask, "full", figures);
}

static bool sealed_far(int control, const struct weft_loopback_ask *ask,
                       struct weft_loopback_figures *figures)
{
    return stream_far(control, ask, "full", figures);
}

bool weft_loopback_put_plain(const struct weft_loopback_ask *ask,
                             struct weft_loopback_figures *figures)
{
    return weft_loopback_pair_run(plain_near, plain_far, ask, figures);
}

bool weft_loopback_put_sealed(const struct weft_loopback_ask *ask,
                              struct weft_loopback_figures *figures)
{
    return weft_loopback_pair_run(sealed_near, sealed_far, ask, figures);
}

/* ---- latencies ---- */

static bool wait_near(int control, const struct weft_loopback_ask *ask,
                      struct weft_loopback_figures *figures)
{
    uint64_t *times = weft_loopback_times(ask);
    struct member member;
    weft_ns cpu_ns = 0;

    if (times == NULL || !member_open(&member, control, ask, "off", figures) ||
        !weft_loopback_meet(control))
        return false;
    for (uint32_t i = 0; i < weft_loopback_turns(ask); i++) {
        weft_ns begun_at = weft_loopback_now();
        weftRequest_t request;

        if (i == WEFT_LOOPBACK_WARMUP)
            cpu_ns = weft_loopback_cpu();
        if (weftPut(member.other, 0, member.own, 0, ask->size_bytes, member.comm, NULL, &request) !=
                weftSuccess ||
            weftWait(&request, WEFT_TIMEOUT_DEFAULT) != weftSuccess)
            return fail(&member, figures);
        times[i] = weft_loopback_now() - begun_at;
    }
    figures->near_cpu_ns = weft_loopback_cpu() - cpu_ns;
    weft_loopback_latency(ask, times, figures);
    return weft_loopback_meet(control) && member_close(&member, control);
}

static bool wait_far(int control, const struct weft_loopback_ask *ask,
                     struct weft_loopback_figures *figures)
{
    struct member member;
    weft_ns cpu_ns;

    if (!member_open(&member, control, ask, "off", figures) || !weft_loopback_meet(control))
        return false;
    cpu_ns = weft_loopback_cpu();
    if (!weft_loopback_meet(control))
        return false;
    figures->far_cpu_ns = weft_loopback_cpu() - cpu_ns;
    return member_close(&member, control);
}

bool weft_loopback_put_wait(const struct weft_loopback_ask *ask,
                            struct weft_loopback_figures *figures)
{
    return weft_loopback_pair_run(wait_near, wait_far, ask, figures);
}

/* The bytes, then `value` in the other one's word. */
static bool signal_send(const struct member *member, const struct weft_loopback_ask *ask,
                        uint64_t value)
{
    return weftPutSignal(member->other, 0, member->own, 0, ask->size_bytes, member->other,
                         member->signal_at, value, weftSignalSet, member->comm, NULL,
                         NULL) == weftSuccess;
}

static bool signal_await(const struct member *member, uint64_t value)
{
    return weftWaitSignal(member->own, member->signal_at, value, member->comm, NULL,
                          WEFT_TIMEOUT_DEFAULT) == weftSuccess;
}

static bool signal_near(int control, const struct weft_loopback_ask *ask,
                        struct weft_loopback_figures *figures)
{
    uint64_t *times = weft_loopback_times(ask);
    struct member member;
    weft_ns cpu_ns = 0;

    if (times == NULL || !member_open(&member, control, ask, "off", figures) ||
        !weft_loopback_meet(control))
        return false;
    for (uint32_t i = 0; i < weft_loopback_turns(ask); i++) {
        weft_ns begun_at = weft_loopback_now();

        if (i == WEFT_LOOPBACK_WARMUP)
            cpu_ns = weft_loopback_cpu();
        if (!signal_send(&member, ask, i + 1) || !signal_await(&member, i + 1))
            return fail(&member, figures);
        times[i] = weft_loopback_now() - begun_at;
    }
    figures->near_cpu_ns = weft_loopback_cpu() - cpu_ns;
    weft_loopback_latency(ask, times, figures);
    if (weftFlush(member.comm, WEFT_TIMEOUT_DEFAULT) != weftSuccess)
        return fail(&member, figures);
    return member_close(&member, control);
}

static bool signal_far(int control, const struct weft_loopback_ask *ask,
                       struct weft_loopback_figures *figures)
{
    struct member member;
    weft_ns cpu_ns;

    if (!member_open(&member, control, ask, "off", figures) || !weft_loopback_meet(control))
        return false;
    cpu_ns = weft_loopback_cpu();
    for (uint32_t i = 0; i < weft_loopback_turns(ask); i++)
        if (!signal_await(&member, i + 1) || !signal_send(&member, ask, i + 1))
            return fail(&member, figures);
    figures->far_cpu_ns = weft_loopback_cpu() - cpu_ns;
    if (weftFlush(member.comm, WEFT_TIMEOUT_DEFAULT) != weftSuccess)
        return fail(&member, figures);
    return member_close(&member, control);
}

bool weft_loopback_put_signal(const struct weft_loopback_ask *ask,
                              struct weft_loopback_figures *figures)
{
    return weft_loopback_pair_run(signal_near, signal_far, ask, figures);
}
