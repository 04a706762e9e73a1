/* A peer that describes itself so that nobody understands it: a net without a comm behind it. */
#include <pthread.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/ring.h"
#include "host/registry.h"
#include "host/window_key.h"
#include "peers_server.h"

#define OLD_MS 1100 /* a comm remembers why a peer is gone for a second */

static const struct weft_net_ops *ops;
static struct weft_net *net;
static struct weft_flag stop;

static void no_log(int level, const char *text)
{
    (void)level;
    (void)text;
}

static void *turn(void *unused)
{
    struct weft_completion ended[1];
    struct weft_net_event event;

    (void)unused;
    while (weft_flag_get(&stop) == 0) {
        const struct timespec pause = {0, 100000};

        (void)ops->poll(net, ended, 1);
        while (ops->event(net, &event))
            ;
        (void)nanosleep(&pause, NULL);
    }
    return NULL;
}

/* Opens a net on 127.0.0.9 that says something of another version. */
static void strange_open(struct weft_window_key *key)
{
    static const char hello[] = "\2\0something else";
    const struct weft_net_nic nic = {"127.0.0.9"};
    struct weft_net_env env = {.cookies_max = 1,
                               .windows_max = 1,
                               .peers_max = 2,
                               .hello = hello,
                               .hello_size = sizeof(hello),
                               .silence_ns = 1000000000,
                               .dial_ns = 1000000000,
                               .log = no_log};
    char why[256] = "";

    ops = weft_registry_net(peers_net());
    cr_assert_eq(getrandom(&env.incarnation, sizeof(env.incarnation), 0), 8);
    cr_assert_eq(ops->open(&env, &nic, 1, &net, why), weftSuccess, "%s", why);
    memset(key->process, 1, sizeof(key->process));
    key->incarnation = env.incarnation;
    ops->address(net, key->address);
}

static uint64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Whoever imports its windows is told why not, however old his comm is. */
Test(peers_strange, import__says_what_is_wrong_with_the_peer, .timeout = 60)
{
    uint64_t begun_at = now_ms();
    weftComm_t comm = conform_comm("net", peers_net(), "server_id", "127.0.0.1", NULL);
    struct weft_window_key key;
    weftWindowKey_t bytes;
    weftWindow_t window;
    struct area area;
    pthread_t thread;

    conform_area(comm, "dram0", MIB(1), &area);
    SUCCEED(weftWindowGetKey(area.window, WEFT_RIGHTS_ALL, &bytes));
    cr_assert_null(weft_window_key_read(&bytes, &key));
    strange_open(&key);
    weft_window_key_write(&key, &bytes);
    cr_assert_eq(pthread_create(&thread, NULL, turn, NULL), 0);
    while (now_ms() - begun_at < OLD_MS)
        (void)nanosleep(&(struct timespec){0, 1000000}, NULL);
    EXPECT(weftWindowImport(comm, &bytes, &window), weftRemoteError);
    EXPECT_WORD("another version of Weft");
    weft_flag_set(&stop, 1);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    ops->close(net);
    conform_close(comm);
}
