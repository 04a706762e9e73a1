/* transports/tcp: what peers and strangers must not do. */
#include "tcp_fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/prng.h"
#include "core/wire.h"
#include "secure/secure.h"

static struct tcp_end ends[2];

static uint64_t refused_count(void)
{
    struct weft_net_counts counts;

    weft_tcp_net.counts(ends[1].net, &counts);
    return counts.refused_writes;
}

static void import_as(const struct weft_net_remote *remote)
{
    weft_tcp_net.forget(ends[0].net, TCP_THEIRS);
    cr_assert_eq(weft_tcp_net.import(ends[0].net, TCP_THEIRS, 0, remote), weftSuccess);
}

/* The sender believes in a window that the receiver sees otherwise: `frames` of what it sends are
 * refused. */
static void refuse(const struct weft_net_remote *believed, uint64_t offset, uint64_t size,
                   uint64_t frames)
{
    uint64_t before = refused_count();

    import_as(believed);
    memset(ends[1].memory, 0x11, TCP_BYTES);
    cr_assert_eq(tcp_copy(&ends[0], 0, offset, 0, size, 1), weftSuccess);
    cr_assert_eq(tcp_wait(ends, 2, &ends[0], 1), weftInvalidUsage);
    cr_assert_eq(refused_count(), before + frames);
    cr_assert(tcp_is_all(ends[1].memory, TCP_BYTES, 0x11));
}

static void refuse_all(enum weft_net_crypto crypto)
{
    static const struct {
        uint64_t size;
        uint64_t frames;
    } rows[] = {{0, 1}, {1, 1}, {100000, 1}, {3000000, 12}};
    struct weft_net_remote right = tcp_remote();
    struct weft_net_remote wrong;

    tcp_meet(ends, 2, crypto);
    tcp_fill(ends[0].memory, TCP_BYTES, 3);
    for (uint32_t i = 0; i < WEFT_ARRAY_COUNT(rows); i++) {
        wrong = right;
        wrong.window = TCP_WINDOWS;
        refuse(&wrong, 0, rows[i].size, rows[i].frames);
        wrong.window = UINT32_MAX;
        refuse(&wrong, 0, rows[i].size, rows[i].frames);
        wrong.window = TCP_LATER;
        refuse(&wrong, 0, rows[i].size, rows[i].frames);
        wrong = right;
        wrong.epoch++;
        refuse(&wrong, 0, rows[i].size, rows[i].frames);
        wrong = right;
        wrong.token[15] ^= 1;
        refuse(&wrong, 0, rows[i].size, rows[i].frames);
        wrong = right;
        wrong.size_bytes = UINT64_MAX;
        refuse(&wrong, TCP_BYTES + 1, rows[i].size, rows[i].frames);
        refuse(&wrong, UINT64_MAX - 3000000, rows[i].size, rows[i].frames);
        if (rows[i].size > 0 && rows[i].frames == 1)
            refuse(&wrong, TCP_BYTES + 1 - rows[i].size, rows[i].size, 1);
    }
    /* Of a copy that is cut, the frames that lie inside land. */
    import_as(&wrong);
    cr_assert_eq(tcp_copy(&ends[0], 0, TCP_BYTES + 1 - 3000000, 0, 3000000, 1), weftSuccess);
    cr_assert_eq(tcp_wait(ends, 2, &ends[0], 1), weftInvalidUsage);
    cr_assert_eq(memcmp(ends[1].memory + TCP_BYTES + 1 - 3000000, ends[0].memory, 2883584), 0);
    cr_assert(tcp_is_all(ends[1].memory + TCP_BYTES + 1 - 3000000 + 2883584, 3000000 - 2883584 - 1,
                         0x11));
    /* The lane has lived through it. */
    import_as(&right);
    cr_assert_eq(tcp_copy(&ends[0], 0, 7, 0, 100000, 2), weftSuccess);
    cr_assert_eq(tcp_wait(ends, 2, &ends[0], 2), weftSuccess);
    cr_assert_eq(memcmp(ends[1].memory + 7, ends[0].memory, 100000), 0);
    tcp_close_end(&ends[0]);
    tcp_close_end(&ends[1]);
}

Test(tcp_guard, write__refused_without_records)
{
    refuse_all(WEFT_NET_CRYPTO_OFF);
}

Test(tcp_guard, write__refused_sealed)
{
    refuse_all(WEFT_NET_CRYPTO_FULL);
}

/* Rights of the exposure count, not those that the importer claims. */
/* Of a copy with its signal both must be allowed, or neither is done. */
Test(tcp_guard, expose__rights_of_a_copy_with_its_signal)
{
    static const unsigned rights[] = {WEFT_RIGHT_SIGNAL, WEFT_RIGHT_WRITE};
    struct weft_copy_signal signal = {TCP_THEIRS, 24, 1, weftSignalSet};
    struct weft_extent extent = {32, 0, 8};
    struct weft_copy copy = {.dst_window = TCP_THEIRS,
                             .src_window = TCP_OWN,
                             .extent_count = 1,
                             .extents = &extent,
                             .size_bytes = 8,
                             .cookie = 5,
                             .after = WEFT_COOKIE_NONE,
                             .signal = &signal};

    tcp_meet(ends, 1, WEFT_NET_CRYPTO_OFF);
    tcp_fill(ends[0].memory, 8, 9);
    for (uint32_t i = 0; i < 2; i++) {
        struct weft_net_remote some = tcp_remote();

        some.token[0] = (uint8_t)(i + 1);
        some.rights = rights[i];
        cr_assert_eq(weft_tcp_net.expose(ends[1].net, TCP_OWN, &some), weftSuccess);
        some.rights = WEFT_RIGHTS_ALL;
        import_as(&some);
        cr_assert_eq(weft_tcp_net.copy(ends[0].net, &copy), weftSuccess);
        cr_expect_eq(tcp_wait(ends, 2, &ends[0], 5), weftInvalidUsage);
        cr_expect_eq(*(uint64_t *)(void *)(ends[1].memory + 24), 0);
        cr_expect_eq(*(uint64_t *)(void *)(ends[1].memory + 32), 0);
    }
    tcp_close_end(&ends[0]);
    tcp_close_end(&ends[1]);
}

Test(tcp_guard, expose__rights_and_several_tokens)
{
    struct weft_net_remote all = tcp_remote();
    struct weft_net_remote signal_only = tcp_remote();
    struct weft_net_remote read_only = tcp_remote();
    struct weft_copy copy = {
        .dst_window = TCP_THEIRS, .src_window = TCP_THEIRS, .cookie = 4, .after = WEFT_COOKIE_NONE};

    tcp_meet(ends, 1, WEFT_NET_CRYPTO_OFF);
    signal_only.token[0] = 1;
    signal_only.rights = WEFT_RIGHT_SIGNAL;
    read_only.token[0] = 2;
    read_only.rights = WEFT_RIGHT_READ;
    cr_assert_eq(weft_tcp_net.expose(ends[1].net, TCP_OWN, &signal_only), weftSuccess);
    cr_assert_eq(weft_tcp_net.expose(ends[1].net, TCP_OWN, &read_only), weftSuccess);
    signal_only.rights = WEFT_RIGHTS_ALL;
    read_only.rights = WEFT_RIGHTS_ALL;

    import_as(&signal_only);
    cr_assert_eq(tcp_copy(&ends[0], 0, 0, 0, 8, 1), weftSuccess);
    cr_expect_eq(tcp_wait(ends, 2, &ends[0], 1), weftInvalidUsage);
    cr_assert_eq(weft_tcp_net.store(ends[0].net, TCP_THEIRS, 8, 5, weftSignalSet, 2), weftSuccess);
    cr_expect_eq(tcp_wait(ends, 2, &ends[0], 2), weftSuccess);

    import_as(&read_only);
    cr_assert_eq(tcp_copy(&ends[0], 0, 0, 0, 8, 1), weftSuccess);
    cr_expect_eq(tcp_wait(ends, 2, &ends[0], 1), weftInvalidUsage);
    cr_assert_eq(weft_tcp_net.store(ends[0].net, TCP_THEIRS, 8, 6, weftSignalSet, 2), weftSuccess);
    cr_expect_eq(tcp_wait(ends, 2, &ends[0], 2), weftInvalidUsage);
    cr_assert_eq(weft_tcp_net.forward(ends[0].net, &copy), weftSuccess);
    cr_expect_eq(tcp_wait(ends, 2, &ends[0], 4), weftInvalidUsage);

    import_as(&all);
    cr_assert_eq(tcp_copy(&ends[0], 0, 16, 0, 8, 1), weftSuccess);
    cr_expect_eq(tcp_wait(ends, 2, &ends[0], 1), weftSuccess);
    cr_expect_eq(*(uint64_t *)(void *)(ends[1].memory + 8), 5);

    /* conceal ends all of them. */
    weft_tcp_net.conceal(ends[1].net, TCP_OWN);
    cr_assert_eq(tcp_copy(&ends[0], 0, 16, 0, 8, 1), weftSuccess);
    cr_expect_eq(tcp_wait(ends, 2, &ends[0], 1), weftInvalidUsage);
    for (uint32_t i = 0; i < 16; i++)
        cr_expect_eq(weft_tcp_net.expose(ends[1].net, TCP_OWN, &all), weftSuccess);
    cr_expect_eq(weft_tcp_net.expose(ends[1].net, TCP_OWN, &all), weftNoResource);
    all.size_bytes++;
    cr_expect_eq(weft_tcp_net.expose(ends[1].net, TCP_OWN, &all), weftInvalidArgument);
    tcp_close_end(&ends[0]);
    tcp_close_end(&ends[1]);
}

/* A window is concealed at any point of a payload: not one byte more comes, and the lane lives. */
static void conceal_midway(enum weft_net_crypto crypto)
{
    struct weft_net_remote remote = tcp_remote();
    uint32_t midway = 0;

    tcp_meet(ends, 1, crypto);
    memset(ends[0].memory, 0x22, TCP_BYTES);
    for (uint32_t round = 0; round < 40; round++) {
        uint32_t landed;
        weftResult_t result;

        memset(ends[1].memory, 0x11, TCP_BYTES);
        cr_assert_eq(tcp_copy(&ends[0], 0, 0, 0, TCP_BYTES, round), weftSuccess);
        for (uint32_t turn = 0; turn < round % 8; turn++)
            tcp_turn(ends, 2);
        weft_tcp_net.conceal(ends[1].net, TCP_OWN);
        for (landed = 0; landed < TCP_BYTES && ends[1].memory[landed] == 0x22; landed++)
            ;
        memset(ends[1].memory, 0x33, TCP_BYTES);
        result = tcp_wait(ends, 2, &ends[0], round);
        cr_assert_eq(result, landed == TCP_BYTES ? weftSuccess : weftInvalidUsage);
        midway += landed > 0 && landed < TCP_BYTES;
        cr_assert(tcp_is_all(ends[1].memory, TCP_BYTES, 0x33), "something came late");
        cr_assert_eq(weft_tcp_net.expose(ends[1].net, TCP_OWN, &remote), weftSuccess);
    }
    cr_assert_gt(midway, 0, "no payload was under way");
    tcp_close_end(&ends[0]);
    tcp_close_end(&ends[1]);
}

Test(tcp_guard, conceal__midway_without_records)
{
    conceal_midway(WEFT_NET_CRYPTO_OFF);
}

Test(tcp_guard, conceal__midway_sealed)
{
    conceal_midway(WEFT_NET_CRYPTO_FULL);
}

/* ---- strangers ---- */

static int stranger_connect(const struct tcp_end *end)
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

    tcp_open_end(&ends[0], 1, 1, WEFT_NET_CRYPTO_FULL);
    tcp_open_end(&ends[1], 2, 1, WEFT_NET_CRYPTO_FULL);
    tcp_fill(noise, sizeof(noise), 4);
    for (uint32_t i = 0; i < STRANGERS; i++)
        fds[i] = stranger_connect(&ends[1]);
    for (uint32_t turn = 0; turn < 20; turn++)
        tcp_turn(ends, 2);
    for (uint32_t i = 0; i < STRANGERS; i++) {
        if (i % 4 == 1)
            (void)send(fds[i], noise, 1 + i * 80, MSG_NOSIGNAL);
        else if (i % 4 == 2)
            (void)send(fds[i], "weft\x01\0\0\0", 8, MSG_NOSIGNAL);
        else if (i % 4 == 3)
            close(fds[i]);
    }
    cr_assert_eq(weft_tcp_net.peer_open(ends[0].net, ends[1].address, &peer), weftSuccess);
    (void)tcp_wait_event(ends, 2, &ends[0], WEFT_NET_PEER_UP, 0);
    tcp_import(&ends[0], peer);
    for (uint32_t i = 0; i < 200; i++) {
        cr_assert_eq(tcp_copy(&ends[0], 0, i, i, 4096, 1), weftSuccess);
        cr_assert_eq(tcp_wait(ends, 2, &ends[0], 1), weftSuccess);
        (void)close(stranger_connect(&ends[1]));
    }
    /* Those who say nothing are sent away in time. */
    do {
        tcp_turn(ends, 2);
        weft_tcp_net.counts(ends[1].net, &counts);
    } while (counts.strangers + counts.slow + counts.wrong_secrets < STRANGERS + 200);
    cr_assert_geq(counts.accepted, STRANGERS + 200);
    cr_assert_gt(counts.slow, 0);
    cr_assert_gt(counts.strangers, 0);
    cr_assert_eq(ends[1].seen_count, 1, "the one peer that there is");
    for (uint32_t i = 0; i < STRANGERS; i++)
        if (i % 4 != 3)
            close(fds[i]);
    tcp_close_end(&ends[0]);
    tcp_close_end(&ends[1]);
}

/* ---- a peer that lost its mind ---- */

#define MAD_INCARNATION 4711

/* Moves all of `size` bytes, while the net goes on; false: the net has closed. */
static bool mad_move(int fd, uint8_t *bytes, size_t size, bool sends)
{
    uint64_t deadline_ns = tcp_clock() + TCP_WAIT_S * UINT64_C(1000000000);

    for (size_t done = 0; done < size;) {
        ssize_t got = sends ? send(fd, bytes + done, size - done, MSG_NOSIGNAL)
                            : recv(fd, bytes + done, size - done, 0);

        cr_assert_lt(tcp_clock(), deadline_ns);
        tcp_turn(ends, 2);
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
        [WEFT_WIRE_ANSWER] = 8, [WEFT_WIRE_MESSAGE] = 100, [WEFT_WIRE_WRITE_STORE] = 96};
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

    tcp_open_end(&ends[0], 1, 1, WEFT_NET_CRYPTO_OFF);
    tcp_open_end(&ends[1], 2, 1, WEFT_NET_CRYPTO_OFF);
    weft_prng_init(&prng, 8);
    memset(ends[1].memory, 0x11, TCP_BYTES);
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
            tcp_turn(ends, 2);
        if (ends[1].seen_count > 0 && fd >= 0)
            weft_tcp_net.peer_close(ends[1].net, 0);
        ends[1].seen_count = 0;
    }
    cr_assert(tcp_is_all(ends[1].memory, TCP_BYTES, 0x11));
    cr_assert_gt(accepted, 60);
    cr_assert_gt(frames, 300);
    tcp_close_end(&ends[0]);
    tcp_close_end(&ends[1]);
}
