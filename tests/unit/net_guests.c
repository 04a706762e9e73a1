/* transports/net: limits of connections by address. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <string.h>

#include "net/net_guests.h"

#define SECOND UINT64_C(1000000000)

static struct weft_net_guests guests;

static struct sockaddr_storage v4(uint32_t ip)
{
    struct sockaddr_storage from;
    struct sockaddr_in *at = (struct sockaddr_in *)(void *)&from;

    memset(&from, 0, sizeof(from));
    at->sin_family = AF_INET;
    at->sin_addr.s_addr = htonl(ip);
    return from;
}

static struct sockaddr_storage v6(const char *text)
{
    struct sockaddr_storage from;
    struct sockaddr_in6 *at = (struct sockaddr_in6 *)(void *)&from;

    memset(&from, 0, sizeof(from));
    at->sin6_family = AF_INET6;
    cr_assert_eq(inet_pton(AF_INET6, text, &at->sin6_addr), 1);
    return from;
}

static uint32_t admitted(const struct sockaddr_storage *from, uint32_t tries, weft_ns now)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < tries; i++)
        count += weft_net_guests_admit(&guests, from, now);
    return count;
}

Test(net_guests, admit__without_a_limit)
{
    struct sockaddr_storage from = v4(1);

    guests = (struct weft_net_guests){0};
    cr_assert_eq(admitted(&from, 5000, SECOND), 5000);
}

Test(net_guests, admit__each_address_has_its_own)
{
    struct sockaddr_storage one = v4(0x7f000001);
    struct sockaddr_storage other = v4(0x7f000002);

    guests = (struct weft_net_guests){.per_s = 10};
    cr_assert_eq(admitted(&one, 100, 100 * SECOND), 11);
    cr_assert_eq(admitted(&other, 100, 100 * SECOND), 11);
    cr_assert_eq(admitted(&one, 100, 101 * SECOND), 10);
    cr_assert_eq(admitted(&one, 100, 200 * SECOND), 11);
}

Test(net_guests, admit__a_network_of_ipv6_is_one)
{
    struct sockaddr_storage one = v6("2001:db8:1:2::1");
    struct sockaddr_storage near = v6("2001:db8:1:2:ffff::7");
    struct sockaddr_storage far = v6("2001:db8:1:3::1");

    guests = (struct weft_net_guests){.per_s = 10};
    cr_assert_eq(admitted(&one, 100, 100 * SECOND), 11);
    cr_assert_eq(admitted(&near, 100, 100 * SECOND), 0);
    cr_assert_eq(admitted(&far, 100, 100 * SECOND), 11);
}

/* More addresses than rows: those too many share one, and who comes later has a row again. */
Test(net_guests, admit__from_everywhere)
{
    uint32_t count = 0;
    struct sockaddr_storage from;

    guests = (struct weft_net_guests){.per_s = 10};
    for (uint32_t i = 0; i < 1000; i++) {
        from = v4(0x0a000000 + i);
        count += admitted(&from, 100, 100 * SECOND);
    }
    cr_assert_eq(count, 64 * 11);
    from = v4(0x0b000000);
    cr_assert_eq(admitted(&from, 100, 103 * SECOND), 11);
}
