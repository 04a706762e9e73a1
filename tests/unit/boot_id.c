/* Unique ids as bytes. */
#include <criterion/criterion.h>
#include <string.h>

#include "host/boot_id.h"

static struct weft_boot_id sample(void)
{
    struct weft_boot_id id = {.process = {1, 2, 3}, .has_address = true, .address = {9, 8, 7}};

    id.address[WEFT_BOOT_ADDRESS_BYTES - 1] = 6;
    return id;
}

Test(boot_id, write__reads_back)
{
    struct weft_boot_id id = sample();
    struct weft_boot_id read;
    weftUniqueId bytes;

    cr_assert(weft_boot_id_write(&id, &bytes));
    cr_assert_null(weft_boot_id_read(&bytes, &read));
    cr_assert_eq(memcmp(read.process, id.process, sizeof(id.process)), 0);
    cr_assert_eq(memcmp(read.address, id.address, sizeof(id.address)), 0);
    cr_assert(read.has_address);
    id.has_address = false;
    cr_assert(weft_boot_id_write(&id, &bytes));
    cr_assert_null(weft_boot_id_read(&bytes, &read));
    cr_assert_not(read.has_address);
}

Test(boot_id, write__layout_is_fixed)
{
    struct weft_boot_id id = sample();
    weftUniqueId bytes;

    cr_assert(weft_boot_id_write(&id, &bytes));
    cr_assert_arr_eq(bytes.internal, "WUID\x02\x00\x01\x00\x01\x02\x03", 11);
    cr_assert_arr_eq(&bytes.internal[24], "\x09\x08\x07", 3);
    cr_assert_eq(bytes.internal[119], 6);
}

Test(boot_id, write__an_address_that_is_too_long)
{
    struct weft_boot_id id = sample();
    weftUniqueId bytes;

    id.address[WEFT_BOOT_ADDRESS_BYTES] = 1;
    cr_assert_not(weft_boot_id_write(&id, &bytes));
}

Test(boot_id, read__other_bytes_other_versions_and_damage)
{
    struct weft_boot_id id = sample();
    struct weft_boot_id read;
    weftUniqueId bytes;

    memset(&bytes, 0, sizeof(bytes));
    cr_assert_not_null(strstr(weft_boot_id_read(&bytes, &read), "weftGetUniqueId"));
    cr_assert(weft_boot_id_write(&id, &bytes));
    bytes.internal[4] = 3;
    cr_assert_not_null(strstr(weft_boot_id_read(&bytes, &read), "another version"));
    for (size_t i = 6; i < sizeof(bytes); i++) {
        cr_assert(weft_boot_id_write(&id, &bytes));
        bytes.internal[i] = (char)(bytes.internal[i] ^ 1);
        cr_assert_not_null(strstr(weft_boot_id_read(&bytes, &read), "damaged"), "byte %zu", i);
    }
}
