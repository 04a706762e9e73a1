/* Processes of one emulated server, and the page that they share with the test.
 *
 * The test itself loads no driver: it forks the processes, tells them how far they may go, and
 * looks at what they have written on the page. A process that fails, or waits for more than
 * WAIT_SECONDS, ends with a code that is not 0. None outlives the test. */
#ifndef WEFT_TESTS_EMU_PEERS_H
#define WEFT_TESTS_EMU_PEERS_H

#include <stdatomic.h>
#include <sys/types.h>

#include "lane.h"

#define PEERS_MAX    3
#define WAIT_SECONDS 30

struct page {
    char machine[64];           /* a name that no other test has */
    atomic_int step;            /* how far the processes may go */
    atomic_int done[PEERS_MAX]; /* how far each has come */
    double us[PEERS_MAX];       /* what each has measured */
    uint64_t bytes;
    struct weft_cuda_ipc_handle handle;
};

/* The page: zeros, but for the machine's name. */
struct page *new_page(void);

/* Starts process number `index`; it ends when `body` returns. */
pid_t start_peer(struct page *page, int index, void (*body)(struct page *page, int index));

/* A process says that it has come to `step`; the test, that they may go on to it. */
void come_to(struct page *page, int index, int step);
void allow(struct page *page, int step);

/* Waits until the test allows a step, and until a process has come to one. */
void await_step(struct page *page, int step);
void await_peer(struct page *page, int index, int step);

/* Its end must be good. */
void expect_end(pid_t peer);

/* Ends it by SIGKILL, and waits until it is gone. */
void kill_peer(pid_t peer);

/* True when the machine's object is there. */
bool has_object(const struct page *page);

/* Puts a copy onto a link that hangs, and another one of a few bytes in the other direction: both
 * have had their set-up when this returns, and go on at the same instant as all others there. */
struct hung_copy {
    struct lane lane;
    struct lane marker;
};
struct hung_copy hang_copy(const struct lane *lane, size_t size, int gpu);

/* From then on, how long it took; the marker is of no account. */
double hung_copy_us(const struct hung_copy *copy);

/* Copies behind a gate, with all submitted when it opens: only the set-up of 2.0 us comes before
 * the bytes. */
double gated_copy_us(const struct lane *lane, size_t size);

/* Within 0.1 %: what the model computed. */
void expect_exact_us(const char *what, double us, double expected_us);

#endif
