/* A doubly linked list of table entries by index, so that entries hold no addresses.
 *
 * Each table that is listed has an array of links; an entry is in at most one list of that array.
 * WEFT_NONE ends a list. */
#ifndef WEFT_LIST_H
#define WEFT_LIST_H

#include "base.h"

struct weft_list_link {
    uint32_t next;
    uint32_t previous;
};

struct weft_list {
    uint32_t first;
    uint32_t last;
    uint32_t count;
};

static inline void weft_list_init(struct weft_list *list)
{
    list->first = WEFT_NONE;
    list->last = WEFT_NONE;
    list->count = 0;
}

static inline void weft_list_append(struct weft_list *list, struct weft_list_link *links,
                                    uint32_t entry)
{
    links[entry].next = WEFT_NONE;
    links[entry].previous = list->last;
    if (list->last == WEFT_NONE)
        list->first = entry;
    else
        links[list->last].next = entry;
    list->last = entry;
    list->count++;
}

static inline void weft_list_prepend(struct weft_list *list, struct weft_list_link *links,
                                     uint32_t entry)
{
    links[entry].previous = WEFT_NONE;
    links[entry].next = list->first;
    if (list->first == WEFT_NONE)
        list->last = entry;
    else
        links[list->first].previous = entry;
    list->first = entry;
    list->count++;
}

static inline void weft_list_remove(struct weft_list *list, struct weft_list_link *links,
                                    uint32_t entry)
{
    struct weft_list_link link = links[entry];

    weft_assert(list->count > 0);
    if (link.previous == WEFT_NONE)
        list->first = link.next;
    else
        links[link.previous].next = link.next;
    if (link.next == WEFT_NONE)
        list->last = link.previous;
    else
        links[link.next].previous = link.previous;
    list->count--;
}

#endif
