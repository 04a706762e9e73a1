/* transports/tcp: what strangers, and a peer that lost its mind, must not do. */
#include "net_fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/prng.h"
#include "core/wire.h"
#include "secure/secure.h"

static struct net_end ends[2];

/* ---- strangers ---- */

static int stranger_connect(const struct net_end *end)
{
    struct weft_wire_address address;
    struct sockaddr_in at = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    cr_assert_geq(fd, 0);
    cr_assert(weft_wire_get_address(end->address, &address));
    at.sin_port = htons(address.nics[0].port);
    memcpy(&at.sin_addr, address.nics[0].ip, 4);
    (void)connect(fd, (struct sockaddr *)(void *)&at, sizeof(at));
    return fd;
}

#define STRANGERS 100

/* Some say nothing, some talk nonsense, some begin like a peer; meanwhile two nets meet and work.
 * */
Test(tcp_guard, accept__scanners_at_work)
{
    static char noise[8192];
    struct weft_net_counts counts;
    int fds[STRANGERS];
    uint32_t peer;

    net_open_end(&ends[0], 1, 1, WEFT_NET_CRYPTO_FULL);
    net_open_end(&ends[1], 2, 1, WEFT_NET_CRYPTO_FULL);
    net_fill(noise, sizeof(noise), 4);
    for (uint32_t i = 0; i < STRANGERS; i++)
        fds[i] = stranger_connect(&ends[1]);
    for (uint32_t turn = 0; turn < 20; turn++)
        net_turn(ends, 2);
    for (uint32_t i = 0; i < STRANGERS; i++) {
        if (i % 4 == 1)
            (void)send(fds[i], noise, 1 + i * 80, MSG_NOSIGNAL);
        else if (i % 4 == 2)
            (void)send(fds[i], "weft\x01\0\0\0", 8, MSG_NOSIGNAL);
        else if (i % 4 == 3)
            close(fds[i]);
    }
    cr_assert_eq(net_ops->peer_open(ends[0].net, ends[1].address, &peer), weftSuccess);
    (void)net_wait_event(ends, 2, &ends[0], WEFT_NET_PEER_UP, 0);
    net_import(&ends[0], peer);
    for (uint32_t i = 0; i < 200; i++) {
        cr_assert_eq(net_copy(&ends[0], 0, i, i, 4096, 1), weftSuccess);
        cr_assert_eq(net_wait(ends, 2, &ends[0], 1), weftSuccess);
        (void)close(stranger_connect(&ends[1]));
    }
    /* Those who say nothing are sent away in time. */
    do {
        net_turn(ends, 2);
        net_ops->counts(ends[1].net, &counts);
    } while (counts.strangers + counts.slow + counts.wrong_secrets < STRANGERS + 200);
    cr_assert_geq(counts.accepted, STRANGERS + 200);
    cr_assert_gt(counts.slow, 0);
    cr_assert_gt(counts.strangers, 0);
    cr_assert_eq(ends[1].seen_count, 1, "the one peer that there is");
    for (uint32_t i = 0; i < STRANGERS; i++)
        if (i % 4 != 3)
            close(fds[i]);
    net_close_end(&ends[0]);
    net_close_end(&ends[1]);
}

/* ---- a peer that lost its mind ---- */

#define MAD_INCARNATION 4711

/* Moves all of `size` bytes, while the net goes on; false: the net has closed. */
static bool mad_move(int fd, uint8_t *bytes, size_t size, bool sends)
{
    uint64_t deadline_ns = net_clock() + NET_WAIT_S * UINT64_C(1000000000);

    for (size_t done = 0; done < size;) {
        ssize_t got = sends ? send(fd, bytes + done, size - done, MSG_NOSIGNAL)
                            : recv(fd, bytes + done, size - done, 0);

        cr_assert_lt(net_clock(), deadline_ns);
        net_turn(ends, 2);
        if (got > 0)
            done += (size_t)got;
        else if (got == 0 || (errno != EAGAIN && errno != ENOTCONN))
            return false;
    }
    return true;
}

/* Connects like a peer, up to the WELCOME. */
static int mad_connect(uint64_t session, uint64_t generation)
{
    uint8_t bytes[WEFT_WIRE_HEAD_BYTES + WEFT_WIRE_BODY_MAX];
    struct weft_writer writer = weft_writer_of(bytes, sizeof(bytes));
    struct weft_wire_address address = {.incarnation = MAD_INCARNATION, .nic_count = 1};
    struct weft_wire_hello hello = {.incarnation = MAD_INCARNATION,
                                    .session = session,
                                    .target_incarnation = ends[1].env.incarnation,
                                    .generation = generation,
                                    .nic_count = 1};
    struct weft_wire_head head = {.kind = WEFT_WIRE_HELLO,
                                  .body_bytes = WEFT_WIRE_HELLO_BYTES + WEFT_WIRE_ADDRESS_BYTES};
    struct weft_secure *secure = weft_secure_new(true, WEFT_SECURE_OFF, ends[1].env.secret);
    struct weft_reader reader;
    int fd = stranger_connect(&ends[1]);

    cr_assert(weft_wire_put_address(hello.address, &address));
    cr_assert_eq(weft_secure_first(secure, bytes), weftSuccess);
    cr_assert(mad_move(fd, bytes, WEFT_SECURE_FIRST_BYTES, true));
    cr_assert(mad_move(fd, bytes, WEFT_SECURE_SECOND_BYTES, false));
    cr_assert_eq(weft_secure_third(secure, bytes, bytes), weftSuccess);
    cr_assert(mad_move(fd, bytes, WEFT_SECURE_THIRD_BYTES, true));
    weft_secure_free(secure);
    weft_wire_put_head(&writer, &head);
    weft_wire_put_hello(&writer, &hello);
    cr_assert(mad_move(fd, bytes, writer.used, true));
    cr_assert(mad_move(fd, bytes, WEFT_WIRE_HEAD_BYTES, false));
    reader = weft_reader_of(bytes, WEFT_WIRE_HEAD_BYTES);
    cr_assert(weft_wire_get_head(&reader, &head));
    cr_assert_eq(head.kind, WEFT_WIRE_WELCOME);
    cr_assert(mad_move(fd, bytes, head.body_bytes, false));
    reader = weft_reader_of(bytes, head.body_bytes);
    cr_assert(weft_wire_get_hello(&reader, &hello));
    if (hello.verdict == WEFT_WIRE_ACCEPTED)
        return fd;
    close(fd);
    return -1;
}

/* A frame with a right head, often with the right sequence, and a body of noise. */
static size_t mad_frame(struct weft_prng *prng, uint64_t *sequence, uint8_t *bytes, size_t size)
{
    static const uint32_t bodies[WEFT_WIRE_KINDS] = {
        [WEFT_WIRE_FENCE] = 64, [WEFT_WIRE_FENCED] = 64,   [WEFT_WIRE_REFUSED] = 16,
        [WEFT_WIRE_WRITE] = 48, [WEFT_WIRE_STORE] = 48,    [WEFT_WIRE_FORWARD] = 80,
        [WEFT_WIRE_ANSWER] = 8, [WEFT_WIRE_MESSAGE] = 100, [WEFT_WIRE_WRITE_STORE] = 96,
        [WEFT_WIRE_LANES] = 16};
    struct weft_wire_head head = {.kind =
                                      (enum weft_wire_kind)weft_prng_below(prng, WEFT_WIRE_KINDS)};
    struct weft_writer writer = weft_writer_of(bytes, size);

    /* A BYE ends it all: seldom. */
    if (head.kind == WEFT_WIRE_BYE && weft_prng_chance(prng, 95))
        head.kind = WEFT_WIRE_PING;
    if (weft_wire_has_sequence(head.kind))
        head.sequence = ++*sequence + weft_prng_chance(prng, 2);
    if (head.kind == WEFT_WIRE_WRITE || head.kind == WEFT_WIRE_WRITE_STORE)
        head.payload_bytes = weft_prng_below(prng, 200);
    if (weft_prng_chance(prng, 5))
        head.ack = weft_prng_below(prng, 3);
    head.body_bytes = bodies[head.kind];
    weft_wire_put_head(&writer, &head);
    for (uint64_t i = 0; i < head.body_bytes + head.payload_bytes; i++) {
        uint8_t byte = weft_prng_chance(prng, 70) ? 0 : (uint8_t)weft_prng_next(prng);

        weft_writer_bytes(&writer, &byte, 1);
    }
    return writer.used;
}

Test(tcp_guard, receive__noise_of_a_peer)
{
    static uint8_t bytes[1024];
    struct weft_prng prng;
    uint32_t accepted = 0;
    uint32_t frames = 0;

    net_open_end(&ends[0], 1, 1, WEFT_NET_CRYPTO_OFF);
    net_open_end(&ends[1], 2, 1, WEFT_NET_CRYPTO_OFF);
    weft_prng_init(&prng, 8);
    memset(ends[1].memory, 0x11, NET_BYTES);
    for (uint32_t life = 1; life <= 100; life++) {
        uint64_t sequence = 0;
        int fd = mad_connect(life, life);

        if (fd >= 0) {
            accepted++;
            while (mad_move(fd, bytes, mad_frame(&prng, &sequence, bytes, sizeof(bytes)), true))
                frames++;
            close(fd);
        }
        for (uint32_t i = 0; i < 4 && ends[1].seen_count > 0; i++)
            net_turn(ends, 2);
        if (ends[1].seen_count > 0 && fd >= 0)
            net_ops->peer_close(ends[1].net, 0);
        ends[1].seen_count = 0;
    }
    cr_assert(net_is_all(ends[1].memory, NET_BYTES, 0x11));
    cr_assert_gt(accepted, 60);
    cr_assert_gt(frames, 300);
    net_close_end(&ends[0]);
    net_close_end(&ends[1]);
}

/* Who has not said yet who he is loses his connection as lanes do. */
Test(tcp_guard, shape__a_nic_that_is_cut_has_no_guests)
{
    struct weft_net_counts counts;
    struct pollfd wait = {.events = POLLIN};
    char byte;

    net_open_end(&ends[0], 1, 1, WEFT_NET_CRYPTO_OFF);
    wait.fd = stranger_connect(&ends[0]);
    do {
        net_turn(ends, 1);
        net_ops->counts(ends[0].net, &counts);
    } while (counts.accepted == 0);
    net_shape(&ends[0], 0, WEFT_NET_SHAPE_CUT);
    cr_assert_eq(poll(&wait, 1, 2000), 1, "it is told nothing");
    cr_assert_leq(recv(wait.fd, &byte, 1, 0), 0);
    (void)close(wait.fd);
    net_close_end(&ends[0]);
}
