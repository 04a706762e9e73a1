/* Limits of connections by address; see net_guests.h. */
#include "net_guests.h"

#include <netinet/in.h>
#include <string.h>

static void name(const struct sockaddr_storage *from, uint8_t address[16])
{
    memset(address, 0, 16);
    address[15] = (uint8_t)from->ss_family;
    if (from->ss_family == AF_INET6)
        memcpy(address, &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr, 8);
    else if (from->ss_family == AF_INET)
        memcpy(address, &((const struct sockaddr_in *)(const void *)from)->sin_addr, 4);
}

/* The row of the address; else one that has paid off all its address took. */
static struct weft_net_guests_row *row_of(struct weft_net_guests *guests, const uint8_t address[16],
                                          weft_ns now)
{
    struct weft_net_guests_row *room = NULL;

    for (uint32_t i = 0; i < WEFT_NET_GUESTS_ROWS; i++) {
        struct weft_net_guests_row *row = &guests->rows[i];
        bool is_idle = row->bucket.paid_at <= weft_sub_sat(now, WEFT_NET_GUESTS_BURST_NS);

        if (memcmp(row->address, address, sizeof(row->address)) == 0)
            return row;
        if (is_idle && room == NULL)
            room = row;
    }
    if (room == NULL)
        return &guests->rows[WEFT_NET_GUESTS_ROWS - 1];
    memcpy(room->address, address, sizeof(room->address));
    room->bucket =
        (struct weft_bucket){.rate_per_s = guests->per_s, .burst_ns = WEFT_NET_GUESTS_BURST_NS};
    return room;
}

bool weft_net_guests_admit(struct weft_net_guests *guests, const struct sockaddr_storage *from,
                           weft_ns now)
{
    struct weft_net_guests_row *row;
    uint8_t address[16];

    if (guests->per_s == 0)
        return true;
    name(from, address);
    row = row_of(guests, address, now);
    if (!weft_bucket_is_open(&row->bucket, now))
        return false;
    weft_bucket_take(&row->bucket, 1, now);
    return true;
}
