/* Forks, waits with a deadline, and looks into the folder of shared memory. */
#include "peers.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

#define PAGE_BYTES   4096
#define MARKER_BYTES 16

struct page *new_page(void)
{
    struct page *page =
        mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct weft_text text;

    MUST(page != MAP_FAILED);
    weft_text_init(&text, page->machine, sizeof(page->machine));
    weft_text_add(&text, "test-");
    weft_text_number(&text, (uint64_t)getpid());
    return page;
}

pid_t start_peer(struct page *page, int index, void (*body)(struct page *page, int index))
{
    pid_t parent = getpid();
    pid_t peer = fork();

    MUST(peer >= 0);
    if (peer > 0)
        return peer;
    is_peer = true;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    body(page, index);
    exit(0);
}

static void await(atomic_int *word, int value)
{
    for (int i = 0; atomic_load(word) < value; i++) {
        struct timespec wait = {0, 100000};

        MUST(i < WAIT_SECONDS * 10000);
        nanosleep(&wait, NULL);
    }
}

void come_to(struct page *page, int index, int step)
{
    atomic_store(&page->done[index], step);
}

void allow(struct page *page, int step)
{
    atomic_store(&page->step, step);
}

void await_step(struct page *page, int step)
{
    await(&page->step, step);
}

void await_peer(struct page *page, int index, int step)
{
    await(&page->done[index], step);
}

void expect_end(pid_t peer)
{
    int status = -1;

    MUST(waitpid(peer, &status, 0) == peer);
    cr_expect_eq(status, 0, "a process ended with status %#x", (unsigned)status);
}

void kill_peer(pid_t peer)
{
    MUST(kill(peer, SIGKILL) == 0);
    MUST(waitpid(peer, NULL, 0) == peer);
}

bool has_object(const struct page *page)
{
    char path[160];
    struct weft_text text;

    weft_text_init(&text, path, sizeof(path));
    weft_text_add(&text, "/dev/shm/weft-emu.");
    weft_text_number(&text, (uint64_t)geteuid());
    weft_text_char(&text, '.');
    weft_text_add(&text, page->machine);
    return access(path, F_OK) == 0;
}

/* Appends what lane and size say, and waits until it has had its set-up. */
static void submit(const struct lane *lane, size_t size)
{
    _Atomic uint64_t *word = (_Atomic uint64_t *)(void *)new_host(PAGE_BYTES, 0);
    weft_cuda_stream later = new_stream(0);

    OK(cuda.copy(lane->dst, lane->src, size, lane->stream));
    OK(cuda.event_record(lane->end, lane->stream));
    /* Streams begin in the order of their first calls: when the word comes, the copy has begun. */
    OK(cuda.stream_write_value(later, address_of((const void *)word), 1, 0));
    while (atomic_load(word) == 0)
        pass(1000);
    pass(10000); /* longer than its latency and set-up */
}

struct hung_copy hang_copy(const struct lane *lane, size_t size, int gpu)
{
    struct hung_copy copy = {*lane, to_host(gpu, PAGE_BYTES, 0)};

    submit(&copy.lane, size);
    submit(&copy.marker, MARKER_BYTES);
    return copy;
}

double hung_copy_us(const struct hung_copy *copy)
{
    struct lane between = {.start = copy->marker.end, .end = copy->lane.end};

    OK(cuda.event_synchronize(between.start));
    OK(cuda.event_synchronize(between.end));
    return elapsed_us(&between);
}

double gated_copy_us(const struct lane *lane, size_t size)
{
    _Atomic uint64_t *gate = (_Atomic uint64_t *)(void *)new_host(PAGE_BYTES, 0);

    OK(cuda.stream_wait_value(lane->stream, address_of((const void *)gate), 1,
                              WEFT_CUDA_STREAM_WAIT_GEQ));
    OK(cuda.event_record(lane->start, lane->stream));
    OK(cuda.copy(lane->dst, lane->src, size, lane->stream));
    OK(cuda.event_record(lane->end, lane->stream));
    pass(10000); /* longer than the latency of what was submitted last */
    atomic_store(gate, 1);
    OK(cuda.event_synchronize(lane->end));
    return elapsed_us(lane);
}

void expect_exact_us(const char *what, double us, double expected_us)
{
    cr_expect(fabs(us - expected_us) <= 0.001 * expected_us, "%s took %.3f us, not %.3f", what, us,
              expected_us);
}
