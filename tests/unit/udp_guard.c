/* transports/udp: what strangers, and what is on its way twice or changed, must not do. */
#include "net_fixture.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/prng.h"
#include "net/net_address.h"
#include "udp/udp_datagram.h"

static struct net_end ends[2];

/* Every test of this suite is over UDP. */
static void begin(void)
{
    net_ops = &weft_udp_net;
}

static struct weft_net_counts counts_of(const struct net_end *end)
{
    struct weft_net_counts counts;

    net_ops->counts(end->net, &counts);
    return counts;
}

/* A socket that speaks to the first NIC of the net. */
static int stranger_open(const struct net_end *end)
{
    struct weft_wire_address address;
    struct sockaddr_storage to;
    socklen_t size;
    int fd;

    cr_assert(weft_wire_get_address(end->address, &address));
    size = weft_net_address_socket(&address.nics[0], &to);
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    cr_assert_geq(fd, 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)(void *)&to, size), 0);
    return fd;
}

static size_t first_write(uint8_t bytes[WEFT_UDP_FIRST_BYTES], struct weft_secure *secure,
                          uint64_t tag, const uint8_t cookie[WEFT_SECURE_COOKIE_BYTES])
{
    static struct weft_udp_first first;
    struct weft_writer writer = weft_writer_of(bytes, WEFT_UDP_FIRST_BYTES);
    struct weft_udp_head head = {.kind = WEFT_UDP_FIRST};

    first.tag = tag;
    if (weft_secure_state(secure) == WEFT_SECURE_FRESH)
        cr_assert_eq(weft_secure_first(secure, first.first), weftSuccess);
    memcpy(first.cookie, cookie, sizeof(first.cookie));
    weft_udp_put_head(&writer, &head);
    weft_udp_put_first(&writer, &first);
    cr_assert_not(writer.failed);
    return writer.used;
}

/* What the net answers, or 0 when it says nothing. */
static size_t answer(int fd, uint8_t *bytes, size_t size, struct weft_reader *body,
                     enum weft_udp_kind *kind)
{
    struct weft_udp_head head;
    ssize_t got;

    for (uint32_t turn = 0; turn < 10; turn++)
        net_turn(ends, 1);
    got = recv(fd, bytes, size, MSG_DONTWAIT);
    if (got <= 0)
        return 0;
    *body = weft_reader_of(bytes, (size_t)got);
    cr_assert(weft_udp_get_head(body, &head));
    *kind = head.kind;
    return (size_t)got;
}

/* Who shows no cookie gets one, and costs nothing; who shows it gets SECOND. No answer is larger
 * than the question. */
Test(udp_guard, first__a_cookie_before_anything)
{
    static const uint8_t none[WEFT_SECURE_COOKIE_BYTES];
    uint8_t secret[WEFT_SECURE_SECRET_BYTES] = {0};
    struct weft_secure *secure;
    uint8_t question[WEFT_UDP_FIRST_BYTES];
    uint8_t bytes[2048];
    uint8_t cookie[WEFT_SECURE_COOKIE_BYTES];
    struct weft_reader body;
    enum weft_udp_kind kind = WEFT_UDP_KINDS;
    int fd;
    int other;

    begin();
    net_open_end(&ends[0], 1, 1, WEFT_NET_CRYPTO_FULL);
    secure = weft_secure_new(true, WEFT_SECURE_FULL, secret);
    fd = stranger_open(&ends[0]);
    other = stranger_open(&ends[0]);
    cr_assert_eq(send(fd, question, first_write(question, secure, 7, none), 0), 1200);
    cr_assert_eq(answer(fd, bytes, sizeof(bytes), &body, &kind), 28);
    cr_assert_eq(kind, WEFT_UDP_RETRY);
    weft_reader_bytes(&body, cookie, sizeof(cookie));
    cr_assert_eq(counts_of(&ends[0]).accepted, 0);
    /* Another's cookie, or for another tag, is none. */
    cr_assert_eq(send(other, question, first_write(question, secure, 7, cookie), 0), 1200);
    cr_assert_eq(answer(other, bytes, sizeof(bytes), &body, &kind), 28);
    cr_assert_eq(send(fd, question, first_write(question, secure, 8, cookie), 0), 1200);
    cr_assert_eq(answer(fd, bytes, sizeof(bytes), &body, &kind), 28);
    cr_assert_eq(counts_of(&ends[0]).accepted, 0);
    /* A question that is too short is none. */
    cr_assert_eq(send(fd, question, 1199, 0), 1199);
    cr_assert_eq(answer(fd, bytes, sizeof(bytes), &body, &kind), 0);
    for (uint32_t again = 0; again < 3; again++) {
        cr_assert_eq(send(fd, question, first_write(question, secure, 7, cookie), 0), 1200);
        cr_assert_eq(answer(fd, bytes, sizeof(bytes), &body, &kind), 116);
        cr_assert_eq(kind, WEFT_UDP_SECOND);
        cr_assert_eq(counts_of(&ends[0]).accepted, 1, "one stranger, however often he asks");
    }
    weft_secure_free(secure);
    (void)close(fd);
    (void)close(other);
    net_close_end(&ends[0]);
}

/* Strangers with good cookies who go no further take 64 places, and no more. */
Test(udp_guard, first__half_open_ones_are_few)
{
    static const uint8_t none[WEFT_SECURE_COOKIE_BYTES];
    uint8_t secret[WEFT_SECURE_SECRET_BYTES] = {0};
    struct weft_secure *secure;
    uint8_t question[WEFT_UDP_FIRST_BYTES];
    uint8_t bytes[2048];
    uint8_t cookie[WEFT_SECURE_COOKIE_BYTES];
    struct weft_reader body;
    enum weft_udp_kind kind = WEFT_UDP_KINDS;
    uint32_t peer;
    int fd;

    begin();
    net_open_end(&ends[0], 1, 1, WEFT_NET_CRYPTO_FULL);
    secure = weft_secure_new(true, WEFT_SECURE_FULL, secret);
    fd = stranger_open(&ends[0]);
    for (uint64_t tag = 1; tag <= 100; tag++) {
        (void)send(fd, question, first_write(question, secure, tag, none), 0);
        cr_assert_eq(answer(fd, bytes, sizeof(bytes), &body, &kind), 28);
        weft_reader_bytes(&body, cookie, sizeof(cookie));
        (void)send(fd, question, first_write(question, secure, tag, cookie), 0);
        cr_assert_eq(answer(fd, bytes, sizeof(bytes), &body, &kind), 116);
    }
    cr_assert_eq(counts_of(&ends[0]).accepted, 100);
    cr_assert_geq(counts_of(&ends[0]).slow, 36);
    /* Who belongs here comes in all the same. */
    net_open_end(&ends[1], 2, 1, WEFT_NET_CRYPTO_FULL);
    cr_assert_eq(net_ops->peer_open(ends[1].net, ends[0].address, &peer), weftSuccess);
    (void)net_wait_event(ends, 2, &ends[1], WEFT_NET_PEER_UP, 0);
    /* The others are sent away in time. */
    NET_WHILE(ends, 2, counts_of(&ends[0]).slow < 100);
    weft_secure_free(secure);
    (void)close(fd);
    net_close_end(&ends[0]);
    net_close_end(&ends[1]);
}

/* A cookie for each tag, and work for the keys of few. */
Test(udp_guard, first__no_more_than_an_address_may)
{
    static const uint8_t none[WEFT_SECURE_COOKIE_BYTES];
    uint8_t secret[WEFT_SECURE_SECRET_BYTES] = {0};
    struct weft_secure *secure;
    uint8_t question[WEFT_UDP_FIRST_BYTES];
    uint8_t bytes[2048];
    uint8_t cookie[WEFT_SECURE_COOKIE_BYTES];
    struct weft_reader body;
    enum weft_udp_kind kind = WEFT_UDP_KINDS;
    uint32_t answered = 0;
    int fd;

    begin();
    net_guests_per_s = 1;
    net_open_end(&ends[0], 1, 1, WEFT_NET_CRYPTO_FULL);
    secure = weft_secure_new(true, WEFT_SECURE_FULL, secret);
    fd = stranger_open(&ends[0]);
    for (uint64_t tag = 1; tag <= 100; tag++) {
        (void)send(fd, question, first_write(question, secure, tag, none), 0);
        cr_assert_eq(answer(fd, bytes, sizeof(bytes), &body, &kind), 28);
        weft_reader_bytes(&body, cookie, sizeof(cookie));
        (void)send(fd, question, first_write(question, secure, tag, cookie), 0);
        answered += answer(fd, bytes, sizeof(bytes), &body, &kind) == 116;
    }
    cr_assert_geq(answered, 1);
    cr_assert_leq(answered, 50, "it may one in a second");
    cr_assert_eq(counts_of(&ends[0]).accepted, answered);
    cr_assert_eq(counts_of(&ends[0]).too_many, 100 - answered);
    weft_secure_free(secure);
    (void)close(fd);
    net_close_end(&ends[0]);
}

/* Noise of all kinds while two nets meet and work. */
Test(udp_guard, receive__scanners_at_work)
{
    struct weft_prng prng;
    uint8_t noise[3000];
    uint32_t peer;
    int fd;

    begin();
    weft_prng_init(&prng, 5);
    net_open_end(&ends[0], 1, 1, WEFT_NET_CRYPTO_FULL);
    net_open_end(&ends[1], 2, 1, WEFT_NET_CRYPTO_FULL);
    fd = stranger_open(&ends[1]);
    cr_assert_eq(net_ops->peer_open(ends[0].net, ends[1].address, &peer), weftSuccess);
    for (uint32_t i = 0; i < 3000; i++) {
        size_t size = weft_prng_below(&prng, sizeof(noise));

        for (size_t k = 0; k < size; k++)
            noise[k] = (uint8_t)(weft_prng_next(&prng) >> 8);
        /* Many begin like one of ours, of each kind, some with a small tag. */
        if (size > 12 && i % 4 != 0) {
            memcpy(noise, "wu\x01", 3);
            noise[3] = (uint8_t)weft_prng_below(&prng, WEFT_UDP_KINDS);
            if (i % 2 != 0)
                memset(noise + 5, 0, 7);
        }
        (void)send(fd, noise, size, 0);
        if (i % 10 == 0)
            net_turn(ends, 2);
    }
    (void)net_wait_event(ends, 2, &ends[0], WEFT_NET_PEER_UP, 0);
    net_import(&ends[0], peer);
    net_fill(ends[0].memory, 100000, 3);
    net_copy_surely(ends, 2, &ends[0], 0, 0, 0, 100000, 1);
    cr_assert_eq(net_wait(ends, 2, &ends[0], 1), weftSuccess);
    cr_assert_eq(memcmp(ends[0].memory, ends[1].memory, 100000), 0);
    cr_assert_gt(counts_of(&ends[1]).strangers, 500);
    (void)close(fd);
    net_close_end(&ends[0]);
    net_close_end(&ends[1]);
}

/* ---- a network that does what it likes ---- */

#define NET_KEPT 64

/* Between the two nets: takes what comes from the first and hands it on to the second, late, twice,
 * or with a bit changed. The other way round the nets speak straight to each other. */
struct middle {
    int hears;
    int speaks;
    size_t sizes[NET_KEPT];
    uint8_t kept[NET_KEPT][65536];
    struct sockaddr_storage dialler;
};

static void middle_open(struct middle *middle, struct net_end *to)
{
    struct weft_wire_nic here = {.ip = {127, 0, 7, 7}};
    struct weft_wire_address address;
    struct sockaddr_storage at;
    socklen_t size = weft_net_address_socket(&here, &at);

    middle->speaks = stranger_open(to);
    middle->hears = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(middle->hears, (struct sockaddr *)(void *)&at, size), 0);
    size = sizeof(at);
    cr_assert_eq(getsockname(middle->hears, (struct sockaddr *)(void *)&at, &size), 0);
    cr_assert(weft_wire_get_address(to->address, &address));
    here.port = weft_net_address_port(&at);
    address.nics[0] = here;
    cr_assert(weft_wire_put_address(to->address, &address));
}

/* Hands on all that came, and the answers to FIRST. */
static void middle_work(struct middle *middle, struct weft_prng *prng)
{
    static uint8_t bytes[65536];
    struct sockaddr_storage from;
    socklen_t size = sizeof(from);
    ssize_t got;

    while ((got = recvfrom(middle->hears, bytes, sizeof(bytes), 0, (struct sockaddr *)(void *)&from,
                           &size)) > 0) {
        uint32_t place = (uint32_t)weft_prng_below(prng, NET_KEPT);

        if (bytes[3] == WEFT_UDP_FIRST)
            middle->dialler = from;
        (void)send(middle->speaks, bytes, (size_t)got, 0);
        if (middle->sizes[place] > 0) {
            (void)send(middle->speaks, middle->kept[place], middle->sizes[place], 0);
            middle->kept[place][weft_prng_below(prng, middle->sizes[place])] ^= 4;
            (void)send(middle->speaks, middle->kept[place], middle->sizes[place], 0);
        }
        memcpy(middle->kept[place], bytes, (size_t)got);
        middle->sizes[place] = (size_t)got;
        size = sizeof(from);
    }
    while ((got = recv(middle->speaks, bytes, sizeof(bytes), 0)) > 0)
        (void)sendto(middle->hears, bytes, (size_t)got, 0,
                     (struct sockaddr *)(void *)&middle->dialler, sizeof(struct sockaddr_in));
}

/* Stores come once each and bytes come right, whatever is replayed or changed. */
static void replay(enum weft_net_crypto crypto)
{
    static struct middle middle;
    struct weft_prng prng;
    uint64_t deadline_ns = net_clock() + NET_WAIT_S * UINT64_C(1000000000);
    uint32_t peer;
    uint64_t word;

    weft_prng_init(&prng, 9);
    memset(&middle, 0, sizeof(middle));
    net_open_end(&ends[0], 1, 1, crypto);
    net_open_end(&ends[1], 2, 1, crypto);
    middle_open(&middle, &ends[1]);
    cr_assert_eq(net_ops->peer_open(ends[0].net, ends[1].address, &peer), weftSuccess);
    while (ends[0].seen_count == 0) {
        cr_assert_lt(net_clock(), deadline_ns);
        middle_work(&middle, &prng);
        net_turn(ends, 2);
    }
    net_import(&ends[0], peer);
    net_fill(ends[0].memory, NET_BYTES, 3);
    for (uint32_t i = 0; i < 100; i++) {
        cr_assert_eq(net_ops->store(ends[0].net, NET_THEIRS, NET_BYTES - 8, 1, weftSignalAdd, i),
                     weftSuccess);
        cr_assert_eq(net_copy(&ends[0], 0, i * 20000, i * 20000, 20000, 100 + i), weftSuccess);
        while (!net_is_ended(&ends[0], i) || !net_is_ended(&ends[0], 100 + i)) {
            cr_assert_lt(net_clock(), deadline_ns);
            middle_work(&middle, &prng);
            net_turn(ends, 2);
        }
        cr_assert_eq(ends[0].results[i], weftSuccess);
        cr_assert_eq(ends[0].results[100 + i], weftSuccess);
    }
    memcpy(&word, ends[1].memory + NET_BYTES - 8, sizeof(word));
    cr_assert_eq(word, 100);
    cr_assert_eq(memcmp(ends[0].memory, ends[1].memory, 2000000), 0);
    cr_assert_gt(counts_of(&ends[1]).strangers, 100);
    (void)close(middle.hears);
    (void)close(middle.speaks);
    net_close_end(&ends[0]);
    net_close_end(&ends[1]);
}

Test(udp_guard, receive__replayed_and_changed_sealed)
{
    begin();
    replay(WEFT_NET_CRYPTO_FULL);
}

Test(udp_guard, receive__replayed_and_changed_with_tags)
{
    begin();
    replay(WEFT_NET_CRYPTO_INTEGRITY);
}

/* One packet in five is lost, both ways: all comes all the same, and once. */
static void lose(enum weft_net_crypto crypto)
{
    const struct weft_net_shape lossy = {.state = WEFT_NET_SHAPE_UP, .loss_one_in = 5};
    uint64_t word;

    net_meet(ends, 2, crypto);
    for (uint32_t i = 0; i < 4; i++)
        net_ops->shape(ends[i / 2].net, i % 2, &lossy);
    net_fill(ends[0].memory, NET_BYTES, 3);
    for (uint32_t i = 0; i < 100; i++) {
        cr_assert_eq(net_ops->store(ends[0].net, NET_THEIRS, NET_BYTES - 8, 1, weftSignalAdd, i),
                     weftSuccess);
        net_copy_surely(ends, 2, &ends[0], i % 2, i * 40000, i * 40000, 40000, 100 + i);
    }
    for (uint32_t i = 0; i < 200; i++)
        cr_assert_eq(net_wait(ends, 2, &ends[0], i), weftSuccess);
    memcpy(&word, ends[1].memory + NET_BYTES - 8, sizeof(word));
    cr_assert_eq(word, 100);
    cr_assert_eq(memcmp(ends[0].memory, ends[1].memory, 4000000), 0);
    net_close_end(&ends[0]);
    net_close_end(&ends[1]);
}

Test(udp_guard, loss__one_in_five)
{
    begin();
    lose(WEFT_NET_CRYPTO_OFF);
}

Test(udp_guard, loss__one_in_five_sealed)
{
    begin();
    lose(WEFT_NET_CRYPTO_FULL);
}
