/* transports/secure: a cookie is good for its address and its time only. */
#include <criterion/criterion.h>

#include "secure/secure_cookie.h"

Test(secure_cookie, is_good__own_address_and_time)
{
    struct weft_secure_cookies cookies;
    struct weft_secure_cookies others;
    uint8_t cookie[WEFT_SECURE_COOKIE_BYTES];

    cr_assert(weft_secure_cookies_init(&cookies));
    cr_assert(weft_secure_cookies_init(&others));
    cr_assert(weft_secure_cookie_make(&cookies, "10.0.0.1:77", 11, 7900000000, cookie));
    cr_expect(weft_secure_cookie_is_good(&cookies, "10.0.0.1:77", 11, 7900000000, cookie));
    cr_expect(weft_secure_cookie_is_good(&cookies, "10.0.0.1:77", 11, 11900000000, cookie));
    cr_expect_not(weft_secure_cookie_is_good(&cookies, "10.0.0.1:77", 11, 12100000000, cookie));
    cr_expect_not(weft_secure_cookie_is_good(&cookies, "10.0.0.1:78", 11, 7900000000, cookie));
    cr_expect_not(weft_secure_cookie_is_good(&cookies, "10.0.0.1:7", 10, 7900000000, cookie));
    cr_expect_not(weft_secure_cookie_is_good(&others, "10.0.0.1:77", 11, 7900000000, cookie));
    cookie[15] ^= 1;
    cr_expect_not(weft_secure_cookie_is_good(&cookies, "10.0.0.1:77", 11, 7900000000, cookie));
}

/* Just after the start of time there is no period before the first. */
Test(secure_cookie, is_good__at_the_start)
{
    static const uint8_t zeros[WEFT_SECURE_COOKIE_BYTES];
    struct weft_secure_cookies cookies;
    uint8_t cookie[WEFT_SECURE_COOKIE_BYTES];

    cr_assert(weft_secure_cookies_init(&cookies));
    cr_assert(weft_secure_cookie_make(&cookies, "", 0, 0, cookie));
    cr_expect(weft_secure_cookie_is_good(&cookies, "", 0, 0, cookie));
    cr_expect_not(weft_secure_cookie_is_good(&cookies, "", 0, 0, zeros));
}
