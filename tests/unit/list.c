/* Lists by index. */
#include <criterion/criterion.h>

#include "base/list.h"

/* Checks both directions against the entries that are expected. */
static void expect(const struct weft_list *list, const struct weft_list_link *links,
                   const uint32_t *entries, uint32_t count)
{
    uint32_t at = list->first;

    cr_assert_eq(list->count, count);
    for (uint32_t i = 0; i < count; i++, at = links[at].next)
        cr_assert_eq(at, entries[i]);
    cr_assert_eq(at, WEFT_NONE);
    at = list->last;
    for (uint32_t i = count; i > 0; i--, at = links[at].previous)
        cr_assert_eq(at, entries[i - 1]);
    cr_assert_eq(at, WEFT_NONE);
}

Test(list, append_and_prepend__order)
{
    struct weft_list_link links[8] = {{0}};
    struct weft_list list;

    weft_list_init(&list);
    expect(&list, links, NULL, 0);
    weft_list_append(&list, links, 3);
    weft_list_append(&list, links, 1);
    weft_list_prepend(&list, links, 7);
    expect(&list, links, (uint32_t[]){7, 3, 1}, 3);
}

Test(list, remove__first_last_middle_only)
{
    struct weft_list_link links[8] = {{0}};
    struct weft_list list;

    weft_list_init(&list);
    for (uint32_t i = 0; i < 5; i++)
        weft_list_append(&list, links, i);
    weft_list_remove(&list, links, 2);
    expect(&list, links, (uint32_t[]){0, 1, 3, 4}, 4);
    weft_list_remove(&list, links, 0);
    expect(&list, links, (uint32_t[]){1, 3, 4}, 3);
    weft_list_remove(&list, links, 4);
    expect(&list, links, (uint32_t[]){1, 3}, 2);
    weft_list_remove(&list, links, 1);
    weft_list_remove(&list, links, 3);
    expect(&list, links, NULL, 0);
    weft_list_prepend(&list, links, 6);
    expect(&list, links, (uint32_t[]){6}, 1);
}
