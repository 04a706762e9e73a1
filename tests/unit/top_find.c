/* tools/weft-top/top_find: which lines of the kernel's list are comms. */
#include <criterion/criterion.h>

#include <string.h>

#include "../../tools/weft-top/top_find.h"

static struct weft_top_comm comms[WEFT_TOP_COMMS_MAX];

static const char list[] =
    "Num       RefCount Protocol Flags    Type St Inode Path\n"
    "00000000bd79d67b: 00000002 00000000 00010000 0001 01 4416110 @weft-status.200.1.0\n"
    "00000000bd79d67c: 00000003 00000000 00000000 0001 03 4416111 @weft-status.200.1.0\n"
    "00000000bd79d67d: 00000002 00000000 00010000 0001 01 4416112 @weft-status.200.0.0\n"
    "00000000bd79d67e: 00000002 00000000 00010000 0001 01 4416113 @weft-status.31.0.0\n"
    "00000000bd79d67f: 00000002 00000000 00010000 0001 01 4416114 /run/weft-status.5.0.0\n"
    "00000000bd79d680: 00000002 00000000 00010000 0001 01 4416115\n"
    "00000000bd79d681: 00000002 00000000 00010000 0001 01 4416116 @weft-status.x\n"
    "00000000bd79d682: 00000002 00000000 00010000 0001 01 4416117 @/tmp/dbus-weft-status.1.1.1\n"
    "garbage";

static uint32_t find(const char *text, uint32_t pid)
{
    FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    uint32_t count;

    cr_assert_not_null(file);
    count = weft_top_find(file, pid, comms);
    cr_assert_eq(fclose(file), 0);
    return count;
}

Test(top_find, find__listening_comms_in_order)
{
    cr_assert_eq(find(list, 0), 3);
    cr_expect_str_eq(comms[0].name, "weft-status.31.0.0");
    cr_expect_eq(comms[0].pid, 31);
    cr_expect_str_eq(comms[1].name, "weft-status.200.0.0");
    cr_expect_str_eq(comms[2].name, "weft-status.200.1.0");
    cr_expect_eq(comms[2].number, 1);
}

Test(top_find, find__one_process)
{
    cr_assert_eq(find(list, 31), 1);
    cr_expect_eq(comms[0].pid, 31);
    cr_expect_eq(find(list, 5), 0);
}

Test(top_find, find__more_than_are_shown)
{
    static char many[100 * 100];
    size_t used = 0;

    for (int i = 1; i <= 100; i++)
        used +=
            (size_t)snprintf(many + used, sizeof(many) - used,
                             "0: 00000002 00000000 00010000 0001 01 1 @weft-status.%d.0.0\n", i);
    cr_expect_eq(find(many, 0), WEFT_TOP_COMMS_MAX);
}
