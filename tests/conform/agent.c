/* Agents: what a server learns of others, of those that it has not met too, and of changes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peers_server.h"

#define TEXT_BYTES MIB(1)

static const struct server_settings second = {"127.0.0.82", "off", AREA_BYTES, NULL, NULL};
static const struct server_settings third = {"127.0.0.83", "off", AREA_BYTES, NULL, NULL};
static const struct server_settings here = {"127.0.0.81", "off", AREA_BYTES, NULL, NULL};

static char text[TEXT_BYTES];

/* The number behind a key of the statistics, behind the first `behind`; UINT64_MAX: it is not
 * there. */
static uint64_t number(weftComm_t comm, const char *behind, const char *key)
{
    const char *at;

    SUCCEED(weftCommGetStats(comm, text, sizeof(text)));
    at = strstr(text, behind);
    if (at != NULL)
        at = strstr(at, key);
    return at == NULL ? UINT64_MAX : strtoull(at + strlen(key), NULL, 10);
}

/* The test's timeout ends it. */
static void await(weftComm_t comm, const char *behind, const char *key, uint64_t wanted)
{
    while (number(comm, behind, key) != wanted)
        ;
}

static uint64_t count(weftComm_t comm, const char *event)
{
    char key[64];

    (void)snprintf(key, sizeof(key), "\"%s\":", event);
    return number(comm, key, "\"count\":");
}

Test(agent, hear__of_a_server_through_another, .timeout = 60)
{
    struct server b = peers_server_start(&second);
    struct server c = peers_server_start(&third);
    struct server c_again = peers_server_fork(&third);
    struct first first = peers_first_open(&b, &here);
    weftWindow_t window;

    /* Both are peers of the one between them, and nothing else. */
    peers_give_key(&b, &c.keys.dram);
    await(first.comm, "\"server\":\"127.0.0.83\"", "\"links_changed\":", 0);
    cr_assert_not_null(strstr(text, "\"server\":\"127.0.0.83\",\"is_self\":false,"
                                    "\"is_peer\":false"),
                       "%s", text);
    cr_assert_not_null(strstr(text, "\"127.83.1.1:"), "its addresses are known: %s", text);
    cr_assert_not_null(strstr(text, "\"server\":\"127.0.0.82\",\"is_self\":false,"
                                    "\"is_peer\":true"));
    cr_assert_not_null(strstr(text, "\"server\":\"127.0.0.81\",\"is_self\":true"));
    /* What happens there is known here, too. */
    peers_tell(&c, 'n', 0, 250, 3);
    /* In both directions: it receives no faster than it sends. */
    await(first.comm, "\"server\":\"127.0.0.83\"", "\"links_changed\":", 2);
    /* It is another incarnation that is met, and takes its place. */
    peers_server_kill(&c);
    peers_server_begin(&c_again);
    SUCCEED(weftWindowImport(first.comm, &c_again.keys.dram, &window));
    await(first.comm, "\"server\":\"127.0.0.83\"", "\"links_changed\":", 0);
    text[0] = '\0';
    SUCCEED(weftCommGetStats(first.comm, text, sizeof(text)));
    cr_assert_null(strstr(strstr(text, "127.0.0.83\"") + 1, "127.0.0.83\""), "it is known once");
    conform_close(first.comm);
    peers_server_stop(&b);
    peers_server_stop(&c_again);
}

Test(agent, plan__avoids_a_cut_nic_before_a_copy_fails, .timeout = 60)
{
    struct server b = peers_server_start(&second);
    struct first first = peers_first_open(&b, &here);
    weftRequest_t request;

    await(first.comm, "\"server\":\"127.0.0.82\"", "\"links_changed\":", 0);
    cr_assert_eq(count(first.comm, "lane_state"), 0);
    peers_tell(&b, 'n', 0, 0, 1);
    await(first.comm, "\"server\":\"127.0.0.82\"", "\"links_changed\":", 2);
    cr_assert_gt(count(first.comm, "lane_state"), 0, "the lanes to it are down");
    conform_fill(&first.dram, 0, AREA_BYTES, 1);
    SUCCEED(
        weftPut(first.far_dram, 0, first.dram.window, 0, AREA_BYTES, first.comm, NULL, &request));
    peers_wait(&request);
    cr_assert_eq(count(first.comm, "chunk_failed"), 0);
    cr_assert(peers_tell(&b, 'd', 0, AREA_BYTES, 1));
    /* And is used again when it says that it is well. */
    peers_tell(&b, 'n', 0, 1000, 1);
    await(first.comm, "\"server\":\"127.0.0.82\"", "\"links_changed\":", 0);
    SUCCEED(
        weftPut(first.far_dram, 0, first.dram.window, 0, AREA_BYTES, first.comm, NULL, &request));
    peers_wait(&request);
    conform_close(first.comm);
    peers_server_stop(&b);
}
