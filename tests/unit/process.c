/* Processes of a server: who is on it, and who has ended. */
#include "host/process.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void expect_round_trip(const struct weft_process *process)
{
    uint8_t bytes[WEFT_PROCESS_BYTES];
    struct weft_writer writer = weft_writer_of(bytes, sizeof(bytes));
    struct weft_reader reader = weft_reader_of(bytes, sizeof(bytes));
    struct weft_process read;

    weft_process_write(process, &writer);
    cr_assert(!writer.failed);
    cr_assert_eq(writer.used, WEFT_PROCESS_BYTES);
    weft_process_read(&read, &reader);
    cr_assert(!reader.failed);
    cr_assert_eq(memcmp(&read, process, sizeof(read)), 0);
}

Test(process, self__two_looks_are_alike)
{
    struct weft_process a;
    struct weft_process b;

    weft_process_self(NULL, &a);
    weft_process_self(NULL, &b);
    cr_assert(weft_process_same_server(&a, &b));
    cr_assert_null(weft_process_apart(&a, &b));
    cr_assert_eq(a.number, (uint32_t)getpid());
    cr_assert_gt(a.started, 0);
    cr_assert_eq(weft_process_look(&a), WEFT_PROCESS_RUNS);
    expect_round_trip(&a);
}

Test(process, server__an_emulated_one_by_its_name)
{
    struct weft_process real;
    struct weft_process one;
    struct weft_process same;
    struct weft_process two;
    struct weft_process own;
    struct weft_process other;

    weft_process_self(NULL, &real);
    weft_process_self("one", &one);
    weft_process_self("one", &same);
    weft_process_self("two", &two);
    weft_process_self("", &own);
    weft_process_self("", &other);
    cr_assert(weft_process_same_server(&one, &same));
    cr_assert(!weft_process_same_server(&one, &two));
    cr_assert(!weft_process_same_server(&one, &real));
    cr_assert(!weft_process_same_server(&own, &other), "a machine of one's own is nobody else's");
    weft_process_hide(&same);
    cr_assert(!weft_process_same_server(&one, &same));
}

Test(process, apart__users_and_namespaces)
{
    struct weft_process a;
    struct weft_process b;

    weft_process_self("one", &a);
    b = a;
    b.user++;
    cr_assert_not_null(weft_process_apart(&a, &b));
    b = a;
    b.space++;
    cr_assert_not_null(weft_process_apart(&a, &b));
}

/* A process of the test that waits until it is killed. */
static struct weft_process start_child(void)
{
    struct weft_process self = {.number = 0};
    int ends[2];
    pid_t child;

    cr_assert_eq(pipe(ends), 0);
    child = fork();
    cr_assert_geq(child, 0);
    if (child == 0) {
        weft_process_self(NULL, &self);
        if (write(ends[1], &self, sizeof(self)) == sizeof(self))
            pause();
        _exit(0);
    }
    cr_assert_eq(read(ends[0], &self, sizeof(self)), (ssize_t)sizeof(self));
    close(ends[0]);
    close(ends[1]);
    return self;
}

Test(process, look__a_zombie_holds_nothing)
{
    struct weft_process child = start_child();
    struct weft_process earlier = child;
    siginfo_t info;

    earlier.started--;
    cr_assert_eq(weft_process_look(&child), WEFT_PROCESS_RUNS);
    cr_assert_eq(weft_process_look(&earlier), WEFT_PROCESS_OVER, "another of that number");
    kill((pid_t)child.number, SIGSTOP);
    cr_assert_eq(waitid(P_PID, child.number, &info, WSTOPPED | WNOWAIT), 0);
    cr_assert_eq(weft_process_look(&child), WEFT_PROCESS_RUNS, "it may go on");
    kill((pid_t)child.number, SIGKILL);
    cr_assert_eq(waitid(P_PID, child.number, &info, WEXITED | WNOWAIT), 0);
    cr_assert_eq(weft_process_look(&child), WEFT_PROCESS_OVER);
    cr_assert_eq(waitpid((pid_t)child.number, NULL, 0), (pid_t)child.number);
    cr_assert_eq(weft_process_look(&child), WEFT_PROCESS_OVER);
}
