/* Layouts of datagrams; see udp_datagram.h. */
#include "udp_datagram.h"

#include <string.h>

#include "core/mp.h"

#define TAG_BYTES 8

void weft_udp_put_head(struct weft_writer *writer, const struct weft_udp_head *head)
{
    const uint8_t bytes[4] = {'w', 'u', WEFT_UDP_VERSION, (uint8_t)head->kind};

    weft_writer_bytes(writer, bytes, sizeof(bytes));
    weft_writer_number(writer, head->tag, TAG_BYTES);
}

bool weft_udp_get_head(struct weft_reader *reader, struct weft_udp_head *head)
{
    const uint8_t *bytes = weft_reader_take(reader, 4);

    head->tag = weft_reader_number(reader, TAG_BYTES);
    if (reader->failed || bytes[0] != 'w' || bytes[1] != 'u' || bytes[2] != WEFT_UDP_VERSION ||
        bytes[3] >= WEFT_UDP_KINDS) {
        reader->failed = true;
        return false;
    }
    head->kind = (enum weft_udp_kind)bytes[3];
    return true;
}

void weft_udp_put_first(struct weft_writer *writer, const struct weft_udp_first *first)
{
    static const uint8_t zeros[WEFT_UDP_FIRST_BYTES];

    weft_writer_number(writer, first->tag, TAG_BYTES);
    weft_writer_bytes(writer, first->cookie, sizeof(first->cookie));
    weft_writer_bytes(writer, first->first, sizeof(first->first));
    weft_writer_bytes(writer, zeros, WEFT_UDP_FIRST_BYTES - writer->used);
}

bool weft_udp_get_first(struct weft_reader *reader, struct weft_udp_first *first)
{
    first->tag = weft_reader_number(reader, TAG_BYTES);
    weft_reader_bytes(reader, first->cookie, sizeof(first->cookie));
    weft_reader_bytes(reader, first->first, sizeof(first->first));
    reader->failed = reader->failed || reader->size != WEFT_UDP_FIRST_BYTES;
    return !reader->failed;
}

void weft_udp_put_second(struct weft_writer *writer, const struct weft_udp_second *second)
{
    weft_writer_number(writer, second->tag, TAG_BYTES);
    weft_writer_bytes(writer, second->second, sizeof(second->second));
}

bool weft_udp_get_second(struct weft_reader *reader, struct weft_udp_second *second)
{
    second->tag = weft_reader_number(reader, TAG_BYTES);
    weft_reader_bytes(reader, second->second, sizeof(second->second));
    reader->failed = reader->failed || reader->used != reader->size;
    return !reader->failed;
}

void weft_udp_put_place(struct weft_writer *writer, const struct weft_udp_place *place)
{
    weft_writer_bytes(writer, place->address, sizeof(place->address));
    weft_writer_number(writer, place->nic, 4);
    weft_writer_number(writer, place->peer_nic, 4);
}

bool weft_udp_get_place(struct weft_reader *reader, struct weft_udp_place *place)
{
    weft_reader_bytes(reader, place->address, sizeof(place->address));
    place->nic = (uint32_t)weft_reader_number(reader, 4);
    place->peer_nic = (uint32_t)weft_reader_number(reader, 4);
    reader->failed = reader->failed || reader->used != reader->size;
    return !reader->failed;
}

const uint8_t *weft_udp_packet_open(struct weft_secure_datagrams *keys, const uint8_t *bytes,
                                    size_t size, uint8_t *plain, size_t *packet_bytes)
{
    const uint8_t *packet = bytes + WEFT_UDP_HEAD_BYTES;
    size_t left = size - WEFT_UDP_HEAD_BYTES;
    uint64_t number = 0;
    size_t head = weft_mp_wire_peek(packet, left, &number);

    if (head == 0 || head > left)
        return NULL;
    if (keys == NULL) {
        *packet_bytes = left;
        return packet;
    }
    /* The first number was the place's. */
    if (number == WEFT_UDP_PLACE_NUMBER || left - head < WEFT_SECURE_TAG_BYTES ||
        weft_secure_datagram_open(keys, number, bytes, WEFT_UDP_HEAD_BYTES + head, packet + head,
                                  left - head, plain + head) != weftSuccess)
        return NULL;
    memcpy(plain, packet, head);
    *packet_bytes = left - WEFT_SECURE_TAG_BYTES;
    return plain;
}
