/* What the tests of the API share: a comm on the emulated machine, windows with known bytes, and
 * the machine's own controls.
 *
 * The same tests run again with the variable WEFT_FAULT set, over transports that fail: what they
 * assert holds then too. */
#ifndef CONFORM_H
#define CONFORM_H

#include <criterion/criterion.h>

#include "../../plugins/cuda-emu/emu.h"
#include "weft.h"

#define KIB(n) ((size_t)(n) << 10)
#define MIB(n) ((size_t)(n) << 20)

#define MS(n) ((int64_t)(n)*1000000)

/* Asserts that a call gives a result; says the library's sentence when it does not. */
#define EXPECT(call, wanted)                                                                       \
    do {                                                                                           \
        weftResult_t got_ = (call);                                                                \
        cr_assert_eq(got_, (wanted), "%s gave %s: %s", #call, weftGetErrorString(got_),            \
                     weftGetLastError(NULL));                                                      \
    } while (0)

#define SUCCEED(call) EXPECT(call, weftSuccess)

/* Asserts that this thread's last error has a word in it. */
#define EXPECT_WORD(word)                                                                          \
    cr_assert_not_null(strstr(weftGetLastError(NULL), (word)), "no \"%s\" in: %s", (word),         \
                       weftGetLastError(NULL))

/* A config of the emulated machine hgx-h100 with short deadlines, and more settings as pairs of
 * name and value that NULL ends. */
weftConfig_t conform_config(const char *name, ...);

/* A comm of one with such a config. */
weftComm_t conform_comm(const char *name, ...);

void conform_close(weftComm_t comm);

weftDevId_t conform_device(weftComm_t comm, const char *name);

/* Memory of a device with a window over it. */
struct area {
    weftComm_t comm;
    weftWindow_t window;
    unsigned char *base; /* readable for host memory alone */
    size_t size;
};

void conform_area(weftComm_t comm, const char *device, size_t size, struct area *area);

/* Byte `i` of the pattern `seed`. */
unsigned char conform_byte(uint32_t seed, size_t i);

/* Host memory: writes and checks. `conform_holds` says where the first difference is. */
void conform_fill(const struct area *area, size_t offset, size_t size, uint32_t seed);
bool conform_holds(const struct area *area, size_t offset, size_t size, uint32_t seed);

/* The same for any device, through the host memory `stage` (at its offset 0). */
void conform_fill_by(const struct area *area, const struct area *stage, size_t size, uint32_t seed);
bool conform_holds_by(const struct area *area, const struct area *stage, size_t size,
                      uint32_t seed);

/* Moves what a link that came back lets through: a lane that was down is in use again only when a
 * probe has seen it, until then transfers say weftRemoteError. The test's own timeout ends it. */
void conform_move_when_up(const struct area *dst, const struct area *src, size_t size);

/* A function of the emulated driver: its controls, and CUDA's own. */
void *conform_driver(weftComm_t comm, const char *name);

/* Sets both directions of a link. */
void conform_link(weftComm_t comm, const char *link, enum weft_emu_link_state state,
                  unsigned permille);

#endif
