/* Keys that are sealed with the secret of a tenant. */
#include <criterion/criterion.h>
#include <string.h>

#include "host/tenant.h"

#define SECRET "correct horse battery"

static struct weft_window_key sample(void)
{
    struct weft_window_key key;

    memset(&key, 0, sizeof(key));
    key.id = 7;
    key.size_bytes = 4096;
    key.epoch = 3;
    key.rights = WEFT_RIGHT_READ;
    memset(key.token, 0x5a, sizeof(key.token));
    memset(key.address, 0xa5, sizeof(key.address));
    return key;
}

Test(tenant, check__no_secret_or_a_long_one)
{
    cr_assert_null(weft_tenant_check(""));
    cr_assert_null(weft_tenant_check("0123456789abcdef"));
    cr_assert_not_null(strstr(weft_tenant_check("0123456789abcde"), "16 characters"));
}

Test(tenant, seal__hides_token_and_address_and_opens_again)
{
    struct weft_window_key key = sample();
    const struct weft_window_key before = sample();
    const char *why = "";

    cr_assert_eq(weft_tenant_seal(SECRET, &key), weftSuccess);
    cr_assert_eq(key.is_sealed, 1);
    cr_assert_neq(memcmp(key.token, before.token, sizeof(key.token)), 0);
    cr_assert_neq(memcmp(key.address, before.address, 8), 0);
    cr_assert_neq(memcmp(key.address + 152, before.address + 152, 8), 0);
    cr_assert_eq(weft_tenant_open(SECRET, &key, &why), weftSuccess);
    cr_assert_eq(key.is_sealed, 0);
    cr_assert_eq(memcmp(key.token, before.token, sizeof(key.token)), 0);
    cr_assert_eq(memcmp(key.address, before.address, sizeof(key.address)), 0);
}

Test(tenant, seal__twice_gives_other_bytes)
{
    struct weft_window_key first = sample();
    struct weft_window_key second = sample();

    cr_assert_eq(weft_tenant_seal(SECRET, &first), weftSuccess);
    cr_assert_eq(weft_tenant_seal(SECRET, &second), weftSuccess);
    cr_assert_neq(memcmp(first.token, second.token, sizeof(first.token)), 0);
}

Test(tenant, seal__without_a_tenant_leaves_the_key)
{
    struct weft_window_key key = sample();
    const struct weft_window_key before = sample();
    const char *why = "";

    cr_assert_eq(weft_tenant_seal("", &key), weftSuccess);
    cr_assert_eq(memcmp(&key, &before, sizeof(key)), 0);
    cr_assert_eq(weft_tenant_open("", &key, &why), weftSuccess);
    cr_assert_eq(memcmp(&key, &before, sizeof(key)), 0);
}

Test(tenant, open__refuses_other_tenants_and_none)
{
    struct weft_window_key key = sample();
    struct weft_window_key sealed;
    const char *why = "";

    cr_assert_eq(weft_tenant_open(SECRET, &key, &why), weftInvalidUsage);
    cr_assert_not_null(strstr(why, "without a tenant"));
    cr_assert_eq(weft_tenant_seal(SECRET, &key), weftSuccess);
    sealed = key;
    cr_assert_eq(weft_tenant_open("", &key, &why), weftInvalidUsage);
    cr_assert_not_null(strstr(why, "this comm has none"));
    cr_assert_eq(weft_tenant_open("correct horse batterz", &key, &why), weftInvalidUsage);
    cr_assert_not_null(strstr(why, "another tenant"));
    cr_assert_eq(memcmp(&key, &sealed, sizeof(key)), 0);
}

Test(tenant, open__refuses_a_key_that_was_changed)
{
    struct weft_window_key key = sample();
    const char *why = "";

    cr_assert_eq(weft_tenant_seal(SECRET, &key), weftSuccess);
    key.rights = WEFT_RIGHTS_ALL;
    cr_assert_eq(weft_tenant_open(SECRET, &key, &why), weftInvalidUsage);
    key.rights = WEFT_RIGHT_READ;
    key.epoch++;
    cr_assert_eq(weft_tenant_open(SECRET, &key, &why), weftInvalidUsage);
    key.epoch--;
    key.token[0] ^= 1;
    cr_assert_eq(weft_tenant_open(SECRET, &key, &why), weftInvalidUsage);
    key.token[0] ^= 1;
    key.tag[15] ^= 1;
    cr_assert_eq(weft_tenant_open(SECRET, &key, &why), weftInvalidUsage);
    key.tag[15] ^= 1;
    cr_assert_eq(weft_tenant_open(SECRET, &key, &why), weftSuccess);
}
